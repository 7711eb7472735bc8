/* What tests of graphs have in common: calls whose sentence is shown when they say something else. */
#ifndef GRAPH_GRAPHS_H
#define GRAPH_GRAPHS_H

#include "../flow/scene.h"

#include <orderly/graph.h>

/* A call on a graph that must return `status`, with a sentence that holds `word`. */
#define GRAPH_SAYS(graph, call, status, word) graphs_says((graph), (call), (status), (word), #call, __FILE__, __LINE__)
#define GRAPH_OK(graph, call) GRAPH_SAYS(graph, call, 0, "")
#define STATE_OF(graph, name) ord_proc_state(graphs_proc((graph), (name)))
#define CAUSE_OF(graph, name) ord_proc_cause(graphs_proc((graph), (name)))
#define ERROR_OF(graph, name) ord_proc_error(graphs_proc((graph), (name)))

/* Add a proc that must be right. */
#define ADD(graph, ...) GRAPH_OK(graph, ord_graph_add((graph), &ORD_PROC(__VA_ARGS__)))

void graphs_says(struct ord_graph *graph, int status, int wanted, const char *word, const char *what, const char *file,
	int line);

/* A proc that is there. */
const struct ord_proc *graphs_proc(struct ord_graph *graph, const char *name);

struct ord_graph *graphs_new(const struct ord_graph_options *options);

/* The result of a proc, as text. */
const char *graphs_output(struct ord_graph *graph, const char *name);

/* From a function: text as its result. */
int graphs_return(struct ord_task *task, const char *text);

#endif
