/*
 * Work of uneven sizes, and the time that it would take if sharing it out cost
 * nothing: the list schedule.
 */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

enum shape_of_work { LOGNORMAL, STEP, BIMODAL };

/* How tasks come into the pool. */
enum feed {
	FEED_RUN,    /* all that fit are submitted, then ord_pool_run */
	FEED_FINISH, /* ord_pool_submit_wait, then ord_pool_finish: the end is known when it is near */
	FEED_NEXT    /* ord_pool_next after each refusal: nobody says that the end comes */
};

struct workload {
	const char *name;
	const char *goal;
	enum shape_of_work shape;
	double first, second; /* LOGNORMAL: mean in ns, sigma; else the two durations in ns */
	double share;         /* STEP, BIMODAL: of the second */
	int spin;             /* keeps the processor busy instead of sleeping */
	enum feed feed;
	size_t tasks;
	uint32_t window;
};

/* Durations in ns for a seed; to[workload->tasks]. */
void workload_make(const struct workload *workload, uint64_t seed, uint64_t *to);

/*
 * The end of the last of n tasks if each begins as soon as a worker is free
 * and all but window - 1 tasks before it are over.
 */
uint64_t workload_ideal_ns(const uint64_t *durations, size_t n, uint32_t window, unsigned workers);

#endif
