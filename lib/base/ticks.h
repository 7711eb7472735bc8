/*
 * The processor's time stamp counter: a hundredth of the cost of a clock, good
 * only for telling that very little time has passed.
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

#endif
