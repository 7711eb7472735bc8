/* The two clocks, as one number each. */
#include "base/clock.h"

#include <time.h>

static uint64_t
read_clock(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t
clock_now_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t
clock_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

int
clock_left_ms(uint64_t now_ns, uint64_t then_ns)
{
	uint64_t left;

	if (then_ns <= now_ns)
		return 0;
	left = (then_ns - now_ns + CLOCK_NS_PER_MS - 1) / CLOCK_NS_PER_MS;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}
