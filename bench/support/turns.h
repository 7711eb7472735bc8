/*
 * Sides that take turns: each does the same kind of task, in each round every
 * side runs once, next to the others, and what is said about two of them is
 * the median of the ratios of the rounds.
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include <stddef.h>
#include <stdint.h>

#include "measure.h"

struct turn {
	const char *name;
	void (*run)(void *user, uint64_t tasks); /* NULL: not installed, left out */
	void *user;
	uint64_t tasks; /* of one round; 0: as many as take about a third of a second */
	struct series rate;
	struct series cpu_ns; /* per task, of all processes */
};

/* What two sides must reach; NULL: nothing. */
struct goals {
	const char *rate;
	const char *rate_stretch;
	const char *cpu;
	const char *cpu_stretch;
};

/* Warms up and runs all rounds. Every second round has the opposite order. */
void turns_take(struct turn *turns, size_t n);

/* Prints "WHAT, NAME" in tasks/s and "CPU per WHAT, NAME", each against theirs. */
void turns_compare(const char *what, const struct turn *ours, const struct turn *theirs,
	const struct goals *goals);

#endif
