/* Time in nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_NS_PER_MS UINT64_C(1000000)
#define CLOCK_NS_PER_S UINT64_C(1000000000)

/* CLOCK_MONOTONIC: for deadlines and durations. */
uint64_t clock_now_ns(void);

/* CLOCK_REALTIME: for people. */
uint64_t clock_wall_ns(void);

/* Milliseconds from now until then, rounded up, at least 0, at most INT32_MAX. */
int clock_left_ms(uint64_t now_ns, uint64_t then_ns);

#endif
