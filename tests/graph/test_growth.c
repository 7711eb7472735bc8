/*
 * What many files and many procs cost, in looks and comparisons, which are
 * counted: four times as many take four times as many, not sixteen times.
 */
#define _GNU_SOURCE /* SYS_newfstatat */
#include "runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__has_feature)
#define FEW 100 /* nothing can be counted there: it is only run */
#else
#define FEW 1000
#define COUNTS
#endif
#define MANY (4 * FEW)

struct counted {
	unsigned long comparisons, looks;
};

static struct counted counted;

#ifdef COUNTS
#undef strcmp
int strcmp(const char *a, const char *b);

/* In place of the library's: those of this program and of what is linked into it. */
__attribute__((noinline)) int
strcmp(const char *a, const char *b)
{
	counted.comparisons++;
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int
fstatat(int directory, const char *path, struct stat *to, int flags)
{
	counted.looks++;
	return (int)syscall(SYS_newfstatat, directory, path, to, flags);
}
#endif

/* --- one proc with many files --- */

static char (*names)[32]; /* in/N, d/N … */
static const char **inputs, **outputs;
static int n_files;

/* Its outputs are found by a glob of its inputs, too, and may not be too old. */
static void
has_many(struct ord_graph *graph)
{
	char line[64];
	struct ord_output_file last = ORD_OUTPUT_FILE(.path = "d/*", .max_age_ms = 1000000000);

	snprintf(line, sizeof line, "cd d && seq 0 %d | xargs touch", n_files - 1);
	ADD(graph, .name = "p", .shell = line, .inputs = inputs, .outputs = outputs,
		.special_outputs = (const struct ord_output_file *const[]){ &last, NULL });
}

static void
name_files(int n)
{
	n_files = n;
	names = calloc(2 * (size_t)n, sizeof *names);
	inputs = calloc((size_t)n + 2, sizeof *inputs);
	outputs = calloc((size_t)n + 1, sizeof *outputs);
	for (int i = 0; i < n; i++) {
		snprintf(names[i], sizeof *names, "in/%d", i);
		snprintf(names[n + i], sizeof *names, "d/%d", i);
		inputs[i] = names[i];
		outputs[i] = names[n + i];
		ground_write(inputs[i], "x");
	}
	inputs[n] = "{in,d}/*";
}

static struct counted
count_run(void (*define)(struct ord_graph *graph), const char *wanted)
{
	struct counted before = counted;

	RUN(define, "p", wanted);
	return (struct counted){ counted.comparisons - before.comparisons, counted.looks - before.looks };
}

/* A run in which everything is done, and one in which nothing is. */
static void
count_files(int n, struct counted *full, struct counted *null)
{
	ground_enter();
	CHECK_EQ(mkdir("d", 0700), 0);
	name_files(n);
	*full = count_run(has_many, "p=ran");
	*null = count_run(has_many, "p=kept");
	free(names);
	free(inputs);
	free(outputs);
	ground_leave();
}

static void
check_growth(const char *what, struct counted few, struct counted many)
{
	fprintf(stderr, "%s: %lu comparisons and %lu looks, of four times as many %lu and %lu\n", what,
		few.comparisons, few.looks, many.comparisons, many.looks);
	CHECK(many.comparisons <= 6 * few.comparisons); /* a search takes two steps more */
	CHECK(many.looks <= 5 * few.looks);
}

SCENE(growth, files_of_one_proc)
{
	struct counted full[2], null[2];

	count_files(FEW, &full[0], &null[0]);
	count_files(MANY, &full[1], &null[1]);
	check_growth("done", full[0], full[1]);
	check_growth("nothing to do", null[0], null[1]);
#ifdef COUNTS
	CHECK(null[1].looks >= 2 * MANY && null[1].looks < 3 * MANY);
#endif
}

/* --- many procs with one file --- */

static int
do_nothing(struct ord_task *task, void *user)
{
	(void)task, (void)user;
	return 0;
}

static struct counted
count_procs(int n, int state)
{
	struct ord_graph *graph = runs_open();
	struct counted before = counted;
	char name[32];

	ADD(graph, .name = "p::[x]", .function = do_nothing, .inputs = ORD_NAMES("shared"));
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "p::%d", i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
	}
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "p::%d", i);
		CHECK_EQ(STATE_OF(graph, name), state);
	}
	ord_graph_destroy(&graph);
	return (struct counted){ counted.comparisons - before.comparisons, counted.looks - before.looks };
}

SCENE(growth, one_file_of_many_procs)
{
	struct counted full[2], null[2];

	for (int i = 0; i < 2; i++) {
		int n = i == 0 ? FEW : MANY;

		ground_enter();
		ground_write("shared", "x");
		full[i] = count_procs(n, ORD_PROC_SUCCEEDED);
		null[i] = count_procs(n, ORD_PROC_UP_TO_DATE);
		ground_leave();
	}
	check_growth("done", full[0], full[1]);
	CHECK(null[1].comparisons <= 6 * null[0].comparisons);
	/* it is looked at once */
	CHECK(null[1].looks < 20);
}
