/* Random durations that repeat, and the schedule that nobody can have; see workload.h. */
#include "workload.h"

#include <math.h>
#include <stdlib.h>

#include "support/measure.h"

enum { WORKERS_MAX = 64 };

static uint64_t
next_random(uint64_t *state)
{
	uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);

	mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
	return mixed ^ mixed >> 31;
}

/* Above 0, at most 1. */
static double
uniform(uint64_t *state)
{
	return ((double)(next_random(state) >> 11) + 1) / 9007199254740992.0;
}

static double
normal(uint64_t *state)
{
	double radius = sqrt(-2 * log(uniform(state)));

	return radius * cos(6.283185307179586 * uniform(state));
}

static double
duration(const struct workload *workload, size_t i, uint64_t *state)
{
	double sigma = workload->second;

	if (workload->shape == LOGNORMAL)
		return workload->first * exp(sigma * normal(state) - sigma * sigma / 2);
	if (workload->shape == STEP)
		return (double)i < (1 - workload->share) * (double)workload->tasks
			? workload->first
			: workload->second;
	return uniform(state) > workload->share ? workload->first : workload->second;
}

void
workload_make(const struct workload *workload, uint64_t seed, uint64_t *to)
{
	uint64_t state = seed;

	for (size_t i = 0; i < workload->tasks; i++)
		to[i] = (uint64_t)duration(workload, i, &state);
}

static unsigned
first_free(const uint64_t *free_ns, unsigned workers)
{
	unsigned first = 0;

	for (unsigned i = 1; i < workers; i++)
		if (free_ns[i] < free_ns[first])
			first = i;
	return first;
}

uint64_t
workload_ideal_ns(const uint64_t *durations, size_t n, uint32_t window, unsigned workers)
{
	uint64_t *over_ns = calloc(n + 1, sizeof *over_ns); /* all before i are over */
	uint64_t free_ns[WORKERS_MAX] = { 0 };
	uint64_t ideal_ns;

	if (!over_ns || workers > WORKERS_MAX)
		fail("cannot schedule %zu tasks", n);
	for (size_t i = 0; i < n; i++) {
		unsigned worker = first_free(free_ns, workers);
		uint64_t room_ns = i >= window ? over_ns[i + 1 - window] : 0;
		uint64_t begin_ns = free_ns[worker] > room_ns ? free_ns[worker] : room_ns;

		free_ns[worker] = begin_ns + durations[i];
		over_ns[i + 1] = free_ns[worker] > over_ns[i] ? free_ns[worker] : over_ns[i];
	}
	ideal_ns = over_ns[n];
	free(over_ns);
	return ideal_ns;
}
