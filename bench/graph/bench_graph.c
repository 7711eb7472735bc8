/*
 * Graphs of many small procs against ninja and make: commands through the
 * shell, commands that need none, a chain, functions, and whether more procs
 * make each one dearer. Each run is a process of its own with all that it
 * starts. BENCH_PROCS (10000) is their number, a tenth of it in a chain.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/graph.h>
#include <orderly/orderly.h>

#include "support/measure.h"

enum { SHAPES = 4 };

enum shape { SHELL, SIMPLE, CHAIN, FUNCTIONS };

static const struct {
	const char *name;
	const char *line; /* NULL: a function */
} shapes[SHAPES] = {
	[SHELL] = { "shell", ": && :" },
	[SIMPLE] = { "simple", "true" },
	[CHAIN] = { "chain", ": && :" },
	[FUNCTIONS] = { "functions", NULL },
};

/* --- a graph, in a process of its own: PROGRAM graph SHAPE NUMBER --- */

static int
answer(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "ok", 2);
}

static void
must(struct ord_graph *graph, int status)
{
	if (status != 0)
		fail("%s", ord_graph_error(graph));
}

static void
add(struct ord_graph *graph, int shape, unsigned long i)
{
	char name[32], before[32];
	const char *deps[] = { before, NULL };
	struct ord_proc_options proc = ORD_PROC(.name = name, .shell = shapes[shape].line);

	snprintf(name, sizeof name, "p%lu", i);
	snprintf(before, sizeof before, "p%lu", i - 1);
	if (shape == FUNCTIONS)
		proc.function = answer;
	if (shape == CHAIN && i != 0)
		proc.deps = deps;
	must(graph, ord_graph_add(graph, &proc));
}

static void
run_graph(int shape, unsigned long procs)
{
	char(*names)[32] = calloc(procs, sizeof *names);
	const char **deps = calloc(procs + 1, sizeof *deps);
	struct ord_graph *graph;

	if (ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.parallel = 2)) != 0 || !names || !deps)
		fail("no graph");
	for (unsigned long i = 0; i < procs; i++) {
		add(graph, shape, i);
		snprintf(names[i], sizeof names[i], "p%lu", i);
		deps[i] = names[i];
	}
	must(graph, ord_graph_add(graph, &ORD_PROC(.name = "all", .deps = deps)));
	must(graph, ord_graph_run(graph, ORD_NAMES("all")));
	ord_graph_destroy(&graph);
	free(names);
	free(deps);
}

static int
shape_of(const char *name)
{
	for (int shape = 0; shape < SHAPES; shape++)
		if (strcmp(shapes[shape].name, name) == 0)
			return shape;
	fail("there is no shape %s", name);
}

/* --- the same for ninja and make --- */

static char place[] = "/tmp/bench-graph-XXXXXX";

static FILE *
create(const char *name)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", place, name);
	file = fopen(path, "we");
	if (!file)
		fail("cannot write %s", path);
	return file;
}

static void
write_ninja(int shape, unsigned long procs)
{
	FILE *file = create("build.ninja");

	fprintf(file, "rule r\n  command = %s\n", shapes[shape].line);
	for (unsigned long i = 0; i < procs; i++)
		if (shape == CHAIN && i != 0)
			fprintf(file, "build p%lu: r p%lu\n", i, i - 1);
		else
			fprintf(file, "build p%lu: r\n", i);
	fprintf(file, "build all: phony");
	for (unsigned long i = 0; i < procs; i++)
		fprintf(file, " p%lu", i);
	fprintf(file, "\n");
	fclose(file);
}

static void
write_make(int shape, unsigned long procs)
{
	FILE *file = create("Makefile");

	fprintf(file, "all:");
	for (unsigned long i = 0; i < procs; i++)
		fprintf(file, " p%lu", i);
	fprintf(file, "\n.PHONY: all");
	for (unsigned long i = 0; i < procs; i++)
		fprintf(file, " p%lu", i);
	fprintf(file, "\n");
	for (unsigned long i = 0; i < procs; i++)
		if (shape == CHAIN && i != 0)
			fprintf(file, "p%lu: p%lu\n\t@%s\n", i, i - 1, shapes[shape].line);
		else
			fprintf(file, "p%lu:\n\t@%s\n", i, shapes[shape].line);
	fclose(file);
}

static void
sweep(void)
{
	static const char *const files[] = { "build.ninja", "Makefile", ".ninja_log", ".ninja_deps" };
	char path[128];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", place, files[i]);
		unlink(path);
	}
}

/* --- sides --- */

struct side {
	const char *name;
	struct series cpu_us; /* of one proc, with all that was started */
	struct series wall_us;
};

static void
take(struct side *side, const char *const argv[], unsigned long procs)
{
	struct cost cost = run(argv, "/dev/null", "/dev/null");

	series_add(&side->cpu_us, cost.cpu_s * 1e6 / (double)procs);
	series_add(&side->wall_us, cost.wall_s * 1e6 / (double)procs);
}

static void
take_ours(struct side *side, int shape, unsigned long procs)
{
	char number[24];
	const char *const argv[] = { "/proc/self/exe", "graph", shapes[shape].name, number, NULL };

	snprintf(number, sizeof number, "%lu", procs);
	take(side, argv, procs);
}

static void
print(const char *what, unsigned long procs, const struct side *ours, const struct side *theirs,
	const char *goal)
{
	char name[128];

	snprintf(name, sizeof name, "CPU per proc, graph of %lu %s", procs, what);
	figure_print(
		&(struct figure){ .name = name, .unit = "us", .against = theirs->name, .goal = goal },
		&ours->cpu_us, &theirs->cpu_us);
	snprintf(name, sizeof name, "time per proc, graph of %lu %s", procs, what);
	figure_print(&(struct figure){ .name = name, .unit = "us", .against = theirs->name },
		&ours->wall_us, &theirs->wall_us);
}

static void
compare(int shape, unsigned long procs, const char *what, const char *goal)
{
	struct side ours = { .name = "orderly" }, ninja = { .name = "ninja" }, make = { .name = "make" };
	const char *const ninja_argv[] = { "ninja", "-C", place, "-j2", "--quiet", "all", NULL };
	const char *const make_argv[] = { "make", "-C", place, "-j2", "-s", "all", NULL };
	int has_ninja = installed("ninja"), has_make = installed("make");

	write_ninja(shape, procs);
	write_make(shape, procs);
	for (size_t round = 0; round < rounds(); round++) {
		take_ours(&ours, shape, procs);
		if (has_ninja)
			take(&ninja, ninja_argv, procs);
		if (has_make)
			take(&make, make_argv, procs);
	}
	sweep();
	if (has_ninja)
		print(what, procs, &ours, &ninja, goal);
	else
		figure_skip(what, "ninja", "not installed");
	if (has_make)
		print(what, procs, &ours, &make, NULL);
	else
		figure_skip(what, "make", "not installed");
}

/* --- ours alone --- */

/* What the document of parproc and its source were measured with, once, on such a machine: a fifth of a tenth of a second at best. */
static void
functions(unsigned long procs)
{
	struct side ours = { .name = "orderly" }, parproc = { .name = "parproc 0.6.1, measured once" };

	for (size_t round = 0; round < rounds(); round++) {
		take_ours(&ours, FUNCTIONS, procs);
		series_add(&parproc.wall_us, 14000);
	}
	figure_print(&(struct figure){ .name = "time per proc, graph of functions",
			     .unit = "us",
			     .against = parproc.name,
			     .goal = "<= 100" },
		&ours.wall_us, &parproc.wall_us);
	figure_print(&(struct figure){ .name = "CPU per proc, graph of functions", .unit = "us" },
		&ours.cpu_us, NULL);
}

static void
growth(int shape, unsigned long procs, const char *what)
{
	struct side many = { .name = "many" }, few = { .name = "a tenth as many" };
	char name[128];

	for (size_t round = 0; round < rounds(); round++) {
		take_ours(&many, shape, procs);
		take_ours(&few, shape, procs / 10);
	}
	snprintf(name, sizeof name, "growth: CPU per proc, graph of %lu %s", procs, what);
	figure_print(&(struct figure){ .name = name,
			     .unit = "us",
			     .against = few.name,
			     .goal = "ratio <= 1.15" },
		&many.cpu_us, &few.cpu_us);
}

int
main(int argc, char **argv)
{
	const char *text = getenv("BENCH_PROCS"), *only = getenv("BENCH_ONLY");
	unsigned long procs = text ? strtoul(text, NULL, 10) : 10000;

	ord_worker_main(argc, argv);
	if (argc == 4 && strcmp(argv[1], "graph") == 0) {
		run_graph(shape_of(argv[2]), strtoul(argv[3], NULL, 10));
		return 0;
	}
	if (!mkdtemp(place))
		fail("cannot make %s", place);
	if (!only || strstr(only, "shell"))
		compare(SHELL, procs, "lines of shell", "ratio <= 1.1");
	if (!only || strstr(only, "simple"))
		compare(SIMPLE, procs, "simple commands", "ratio <= 0.9");
	if (!only || strstr(only, "chain"))
		compare(CHAIN, procs / 10, "in a chain", "ratio <= 1.1");
	if (!only || strstr(only, "growth")) {
		growth(SHELL, procs, "lines of shell");
		growth(FUNCTIONS, procs, "functions");
	}
	if (!only || strstr(only, "functions"))
		functions(procs);
	rmdir(place);
	return 0;
}
