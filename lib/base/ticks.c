/* Measured once per spawner, because processors and kernels differ by far. */
#include "base/ticks.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define TRIES 32
#define WINDOW_NS 100000 /* how long a reading of the clock is good */
#define MEASURED_NS \
	20000 /* how long the counter is measured: then it is a thousandth off at most */
#define STEP_BACK_NS \
	10000 /* by so little a clock goes back because ticks were measured, not because it was set */

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

/* Both at one time: of several tries the one that nothing came between. */
static uint64_t
read_both(uint64_t *ns)
{
	uint64_t shortest = UINT64_MAX, ticks = 0, before, now, took;

	for (int i = 0; i < 4; i++) {
		before = ticks_now();
		now = clock_now_ns();
		took = ticks_now() - before;
		if (took >= shortest)
			continue;
		shortest = took;
		ticks = before + took / 2;
		*ns = now;
	}
	return ticks;
}

static void
measure(struct ticks_clock *clock)
{
	uint64_t began_ns = 0, ended_ns = 0, began, ended;

	if (!counter_is_steady())
		return;
	began = read_both(&began_ns);
	do
		ended = read_both(&ended_ns);
	while (ended_ns - began_ns < MEASURED_NS);
	if (ended <= began)
		return;
	clock->scale =
		(uint64_t)((double)(ended_ns - began_ns) / (double)(ended - began) * 4294967296.0);
	clock->window =
		(uint64_t)((double)(ended - began) / (double)(ended_ns - began_ns) * WINDOW_NS);
}

uint64_t
ticks_wall_again(struct ticks_clock *clock)
{
	uint64_t before, ticks, wall_ns, since, said;
	int tries = 0;

	if (clock->wall_ns == 0)
		measure(clock);
	/* Who is interrupted between the two has read two times, and would be wrong by that for as long as this is good. */
	do {
		before = ticks_now();
		wall_ns = clock_wall_ns();
		ticks = ticks_now();
	} while (clock->window != 0 && ticks - before > clock->window / 32 && ++tries < 4);
	since = before - clock->base;

	/* What the last reading had come to before this one; only a recent one tells something. */
	if (clock->wall_ns != 0 && since < 16 * clock->window) {
		said = clock->wall_ns + (since * clock->scale >> 32);
		if (said > wall_ns && said - wall_ns < STEP_BACK_NS)
			wall_ns = said;
	}
	clock->base = ticks;
	clock->wall_ns = wall_ns;
	return wall_ns;
}
