/* Measured once per spawner, because processors and kernels differ by far. */
#include "base/ticks.h"

#include <unistd.h>

#include "base/fd.h"

#define TRIES 32

#if defined(__x86_64__)
#include <cpuid.h>

#define INVARIANT (1u << 8) /* the counter runs at one rate in all power states */

static int
counter_is_steady(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & INVARIANT) != 0;
}
#else
static int
counter_is_steady(void)
{
	return 0;
}
#endif

uint64_t
ticks_of_half_a_write(void)
{
	uint64_t shortest = UINT64_MAX, before, ticks;
	int reader, writer;

	if (!counter_is_steady() || fd_pipe(&reader, &writer) != 0)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		before = ticks_now();
		if (write(writer, "", 1) != 1)
			break;
		ticks = ticks_now() - before;
		if (ticks < shortest)
			shortest = ticks;
	}
	fd_close(&reader);
	fd_close(&writer);
	return shortest != UINT64_MAX ? shortest / 2 : 0;
}
