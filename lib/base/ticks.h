/*
 * The processor's time stamp counter: a fraction of the cost of a clock.  Good
 * for telling that very little time has passed, and what time it is shortly
 * after a clock was read.
 */
#ifndef BASE_TICKS_H
#define BASE_TICKS_H

#include <stdint.h>
#if defined(__x86_64__)
#include <x86intrin.h>
#endif

/* Ticks, at a constant rate; meaningless if ticks_of_half_a_write is 0. */
static inline uint64_t
ticks_now(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#else
	return 0;
#endif
}

/*
 * Half of what the shortest write(2) to a pipe takes: a task that was faster
 * cannot have written anything itself.  0: no such counter, or no pipe.
 */
uint64_t ticks_of_half_a_write(void);

/* The wall clock, read from the system only when the last reading is old.  All zeros to begin with. */
struct ticks_clock {
	uint64_t window;  /* a reading is good for so many ticks; 0: for none */
	uint64_t scale;   /* nanoseconds per tick, times 2^32 */
	uint64_t base;    /* the last reading: when, */
	uint64_t wall_ns; /* and what it said */
};

/* Read the clock anew; for the first time, after some 20 us in which the counter is measured. */
uint64_t ticks_wall_again(struct ticks_clock *clock);

/* CLOCK_REALTIME in nanoseconds, to within 20 us; readings do not go back unless the clock was set. */
static inline uint64_t
ticks_wall_ns(struct ticks_clock *clock)
{
	uint64_t since = ticks_now() - clock->base;

	return since < clock->window ? clock->wall_ns + (since * clock->scale >> 32)
				     : ticks_wall_again(clock);
}

#endif
