/* What tests of graphs have in common: graphs.h. */
#include "graphs.h"

#include <stdio.h>
#include <string.h>

void
graphs_says(struct ord_graph *graph, int status, int wanted, const char *word, const char *what, const char *file, int line)
{
	if (status != wanted || strstr(ord_graph_error(graph), word) == NULL)
		fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, what, ord_status_name(status), ord_graph_error(graph));
	scene_check_equal(status, wanted, what, file, line);
	scene_check(strstr(ord_graph_error(graph), word) != NULL, word, file, line);
}

const struct ord_proc *
graphs_proc(struct ord_graph *graph, const char *name)
{
	const struct ord_proc *proc = ord_graph_proc(graph, name);

	scene_check(proc != NULL, name, __FILE__, __LINE__);
	return proc;
}

struct ord_graph *
graphs_new(const struct ord_graph_options *options)
{
	struct ord_graph *graph;

	CHECK_EQ(ord_graph_new(&graph, options), 0);
	return graph;
}

const char *
graphs_output(struct ord_graph *graph, const char *name)
{
	return ord_proc_output(graphs_proc(graph, name), NULL);
}

int
graphs_return(struct ord_task *task, const char *text)
{
	return ord_task_return(task, text, strlen(text));
}
