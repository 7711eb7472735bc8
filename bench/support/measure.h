/*
 * What every benchmark needs: clocks, the processor time and the memory of a
 * whole process tree, series of interleaved rounds, and the line of JSON that
 * a figure becomes.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { ROUNDS_MAX = 99, TREE_MAX = 512 };

/* One value per round; rounds of two series with the same index ran next to each other. */
struct series {
	double at[ROUNDS_MAX];
	size_t n;
};

/* What is said about a figure beside its numbers; NULL: nothing. */
struct figure {
	const char *name;
	const char *unit;
	const char *against; /* what the reference is */
	const char *goal;    /* what must be: "ratio >= 0.5", or "<= 6" about the value */
	const char *stretch; /* what would be fine, in the same form */
};

/* A child's cost from its start to its end, with all descendants that were waited for. */
struct cost {
	double wall_s;
	double cpu_s;
};

/* Ends the program with a sentence; benchmarks have nothing to save. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

uint64_t now_ns(void);

/* How many rounds a benchmark runs: BENCH_PAIRS, else 9. */
size_t rounds(void);

void series_add(struct series *series, double value);

/* Sorts what it is given. */
double median(double *values, size_t n);

double series_median(const struct series *series);

/* The median of ours / theirs, round by round. */
double series_ratio(const struct series *ours, const struct series *theirs);

/* The ratio, round by round, that a fraction of the rounds stay below: 0.25 for the lower quartile. */
double series_ratio_at(const struct series *ours, const struct series *theirs, double fraction);

/* Prints a figure, with the load of the machine at this moment; theirs may be NULL. */
void figure_print(
	const struct figure *figure, const struct series *ours, const struct series *theirs);

/* Prints a figure that was not measured, and why; against may be NULL. */
void figure_skip(const char *name, const char *against, const char *why);

/* root and its living descendants, root first; at most TREE_MAX. Returns their number. */
size_t tree(pid_t root, pid_t pids[TREE_MAX]);

/* User and system time so far of a process that lives. */
uint64_t cpu_ns(pid_t pid);

/* User and system time so far of this process and its living descendants. */
uint64_t tree_cpu_ns(void);

/* A number of /proc/PID/status, in its own unit (kB). */
uint64_t status_number(pid_t pid, const char *field);

/* Voluntary and involuntary context switches of all threads of a process. */
uint64_t switches(pid_t pid);

/* The name of a process. */
void process_name(pid_t pid, char *name, size_t size);

/* Runs argv with stdin from a file and stdout to another, and waits for it. Fails the program unless it exits with 0. */
struct cost run(const char *const argv[], const char *input, const char *output);

/* Whether a program is in PATH. */
bool installed(const char *program);

#endif
