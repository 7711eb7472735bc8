/* How long the rest will take, from what was seen lately. */
#ifndef TOOL_ESTIMATE_H
#define TOOL_ESTIMATE_H

#include <stddef.h>
#include <stdint.h>

#define ESTIMATE_RECENT 64
#define ESTIMATE_UNKNOWN UINT64_MAX

struct estimate {
	uint64_t durations[ESTIMATE_RECENT]; /* of the last tasks, in nanoseconds */
	size_t n_durations;                  /* ever seen */
	uint64_t times[ESTIMATE_RECENT];     /* the last looks at the clock … */
	uint64_t done[ESTIMATE_RECENT];      /* … and how many tasks were done then */
	size_t n_looks;                      /* ever taken */
};

void estimate_task(struct estimate *estimate, uint64_t duration_ns);

void estimate_look(struct estimate *estimate, uint64_t now_ns, uint64_t done);

/* Tasks per second over the last looks; 0 if there is nothing to go by. */
double estimate_rate(const struct estimate *estimate);

/* Nanoseconds for so many tasks, with so many at once; ESTIMATE_UNKNOWN if there is nothing to go by. */
uint64_t estimate_rest(const struct estimate *estimate, uint64_t tasks, uint32_t jobs);

#endif
