/*
 * Work of uneven sizes for plain_sharing.c, and how long it would take if
 * sharing it out cost nothing.
 */
#ifndef CORE_UNEVEN_H
#define CORE_UNEVEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORKERS_MAX = 64 };

enum shape { IS_LOGNORMAL, IS_STEP, IS_BIMODAL };
enum feed { KNOWN_END, NO_END };

struct workload {
	const char *name;
	enum shape shape;
	double first, second, share;
	enum feed feed;
	uint32_t tasks, window, workers;
	double median, worst; /* bounds in percent; 0: none */
	uint64_t gap_ns;      /* the owner steps once in so long; 0: always */
};

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Below 1. */
static double
uniform(uint64_t *state)
{
	return (double)(next_random(state) >> 11) / 9007199254740992.0;
}

/* Near enough, and the same everywhere. */
static double
normal(uint64_t *state)
{
	double sum = -6;

	for (int i = 0; i < 12; i++)
		sum += uniform(state);
	return sum;
}

static double
exponential(double x)
{
	double y = x / 1024, power = 1 + y + y * y / 2;

	for (int i = 0; i < 10; i++)
		power *= power;
	return power;
}

static uint64_t
duration(const struct workload *workload, uint32_t i, uint64_t *state)
{
	double sigma = workload->second, from = (1 - workload->share) * workload->tasks;

	switch (workload->shape) {
	case IS_LOGNORMAL:
		return (uint64_t)(workload->first *
			exponential(sigma * normal(state) - sigma * sigma / 2));
	case IS_STEP: return (uint64_t)(i < from ? workload->first : workload->second);
	default:
		return (uint64_t)(uniform(state) >= workload->share ? workload->first
								    : workload->second);
	}
}

static void
must(bool holds, const char *promise)
{
	if (holds)
		return;
	printf("broken: %s\n", promise);
	exit(1);
}

static void *
new_array(size_t n, size_t size)
{
	void *array = calloc(n, size);

	must(array != NULL, "memory");
	return array;
}

/* The list schedule. */
static uint64_t
ideal_ns(const struct workload *workload, const uint64_t *durations)
{
	uint64_t *over_ns = new_array(workload->tasks + 1, sizeof *over_ns);
	uint64_t free_ns[WORKERS_MAX] = { 0 }, ideal;

	for (uint32_t i = 0; i < workload->tasks; i++) {
		uint64_t room_ns = i >= workload->window ? over_ns[i + 1 - workload->window] : 0;
		uint32_t first = 0;

		for (uint32_t k = 1; k < workload->workers; k++)
			if (free_ns[k] < free_ns[first])
				first = k;
		if (free_ns[first] < room_ns)
			free_ns[first] = room_ns;
		free_ns[first] += durations[i];
		over_ns[i + 1] = over_ns[i] > free_ns[first] ? over_ns[i] : free_ns[first];
	}
	ideal = over_ns[workload->tasks];
	free(over_ns);
	return ideal;
}

#endif
