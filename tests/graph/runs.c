/* Runs of a graph with a database: runs.h. */
#include "runs.h"

#include <stdio.h>
#include <string.h>

struct ord_graph *
runs_open(void)
{
	return graphs_new(&ORD_GRAPH_OPTIONS(.database = DATABASE, .parallel = 2));
}

static const char *
ending(const struct ord_proc *proc)
{
	switch (ord_proc_state(proc)) {
	case ORD_PROC_SUCCEEDED: return "ran";
	case ORD_PROC_UP_TO_DATE: return "kept";
	case ORD_PROC_SKIPPED: return "skipped";
	case ORD_PROC_FAILED: return "failed";
	case ORD_PROC_FAILED_DEP: return "canceled";
	default: return "idle";
	}
}

static char *
write_endings(struct ord_graph *graph, char *text, size_t size)
{
	*text = '\0';
	for (const struct ord_proc *proc = ord_graph_next(graph, NULL); proc != NULL;
		proc = ord_graph_next(graph, proc))
		snprintf(text + strlen(text), size - strlen(text), "%s%s=%s", *text != '\0' ? " " : "",
			ord_proc_name(proc), ending(proc));
	return text;
}

void
runs_says(struct ord_graph *graph, const char *name, const char *wanted, const char *file, int line)
{
	char text[1000];
	int status = ord_graph_run(graph, ORD_NAMES(name));

	write_endings(graph, text, sizeof text);
	if (strcmp(text, wanted) != 0) {
		fprintf(stderr, "%s:%d: %s, not %s (%d: %s)\n", file, line, text, wanted, status, ord_graph_error(graph));
		for (const struct ord_proc *proc = ord_graph_next(graph, NULL); proc != NULL;
			proc = ord_graph_next(graph, proc))
			for (uint32_t i = 0; ord_proc_reason(proc, i) != NULL; i++)
				fprintf(stderr, "  %s: %s\n", ord_proc_name(proc), ord_proc_reason(proc, i));
	}
	scene_check(strcmp(text, wanted) == 0, wanted, file, line);
}

void
runs_fresh(void (*define)(struct ord_graph *graph), const char *name, const char *wanted, const char *why,
	const char *file, int line)
{
	struct ord_graph *graph = runs_open();
	const struct ord_proc *proc;
	const char *reason;

	define(graph);
	runs_says(graph, name, wanted, file, line);
	if (why != NULL) {
		proc = graphs_proc(graph, name);
		reason = ord_proc_reason(proc, 0);
		if (reason == NULL || strstr(reason, why) == NULL)
			fprintf(stderr, "%s:%d: the reason is '%s', not '%s'\n", file, line, reason != NULL ? reason : "none", why);
		scene_check(reason != NULL && strstr(reason, why) != NULL, why, file, line);
	}
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	ord_graph_destroy(&graph);
}
