/*
 * From a save to the start of what reads the file, beside the quiet period
 * that is waited for: in a graph of BENCH_PROCS (1000) procs with inputs, of
 * which one has changed, with a database; with BENCH_GLOB the files are all
 * those of one proc.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/graph.h>
#include <orderly/orderly.h>

#include "support/measure.h"

enum { DEBOUNCE_MS = 300 };

struct seen {
	uint64_t started_ns;
	int watching;
};

static void
hear(int kind, const struct ord_proc *proc, void *user)
{
	struct seen *seen = user;

	(void)proc;
	if (kind == ORD_PROC_EVENT_STARTED)
		seen->started_ns = now_ns();
	seen->watching = kind == ORD_GRAPH_EVENT_WATCHING;
}

static void
must(struct ord_graph *graph, int status)
{
	if (status != 0)
		fail("%s", ord_graph_error(graph));
}

static void
save(unsigned long i, unsigned long round)
{
	char path[40];
	FILE *file;

	snprintf(path, sizeof path, "in%lu.txt", i);
	file = fopen(path, "w");
	if (file == NULL)
		fail("cannot write %s", path);
	fprintf(file, "%lu\n", round);
	fclose(file);
}

static void
until_watching(struct ord_graph *graph, struct seen *seen)
{
	seen->watching = 0;
	while (!seen->watching)
		must(graph, ord_graph_step(graph, 10000));
}

static void
measure(struct ord_graph *graph, struct seen *seen, unsigned long procs)
{
	struct series series = { .n = 0 };

	for (size_t round = 0; round < rounds(); round++) {
		uint64_t saved_ns;

		save(round * 7 % procs, round + 1);
		saved_ns = now_ns();
		until_watching(graph, seen);
		series_add(&series, (double)(seen->started_ns - saved_ns) / 1e6 - DEBOUNCE_MS);
	}
	figure_print(&(struct figure){ .name = "watch: from save to start, beside the quiet period",
			     .unit = "ms",
			     .goal = "<= 20" },
		&series, NULL);
}

int
main(int argc, char **argv)
{
	const char *text = getenv("BENCH_PROCS");
	unsigned long procs = text ? strtoul(text, NULL, 10) : 1000;
	char place[] = "/tmp/bench-watch-XXXXXX", command[64], name[32], input[40];
	struct seen seen = { 0 };
	int glob = getenv("BENCH_GLOB") != NULL;
	struct ord_graph *graph;

	ord_worker_main(argc, argv);
	if (!mkdtemp(place) || chdir(place) != 0)
		fail("cannot make %s", place);
	if (ord_graph_new(&graph,
		    &ORD_GRAPH_OPTIONS(.on_event = hear, .on_event_user = &seen, .database = "db",
			    .debounce_ms = DEBOUNCE_MS)) != 0)
		fail("no graph");
	for (unsigned long i = 0; i < procs; i++) {
		snprintf(name, sizeof name, "p%lu", i);
		snprintf(input, sizeof input, glob ? "in*.txt" : "in%lu.txt", i);
		save(i, 0);
		if (glob && i + 1 < procs)
			continue;
		must(graph,
			ord_graph_add(graph,
				&ORD_PROC(.name = name, .shell = "true",
					.inputs = ORD_NAMES(input))));
		must(graph, ord_graph_start(graph, name));
	}
	must(graph, ord_graph_watch_start(graph));
	until_watching(graph, &seen);
	measure(graph, &seen, procs);
	ord_graph_destroy(&graph);
	snprintf(command, sizeof command, "rm -rf %s", place);
	return chdir("/") != 0 || system(command) != 0;
}
