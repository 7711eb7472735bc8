/* Runs of a graph with a database, which is made anew for each as a new process would. */
#ifndef GRAPH_RUNS_H
#define GRAPH_RUNS_H

#include "ground.h"

#define DATABASE "db/graph"
#define AGE 100 /* seconds; older than any later write could look */

/* RUN(define, "all", "a=ran b=kept"): in a new graph that `define` fills; how all its procs end. */
#define RUN(define, name, wanted) runs_fresh((define), (name), (wanted), NULL, __FILE__, __LINE__)
/* The same, and the first reason of the proc holds `why`. */
#define RUN_WHY(define, name, wanted, why) runs_fresh((define), (name), (wanted), (why), __FILE__, __LINE__)
/* In a graph that is there. */
#define RUN_IN(graph, name, wanted) runs_says((graph), (name), (wanted), __FILE__, __LINE__)

struct ord_graph *runs_open(void);
void runs_says(struct ord_graph *graph, const char *name, const char *wanted, const char *file, int line);
void runs_fresh(void (*define)(struct ord_graph *graph), const char *name, const char *wanted, const char *why,
	const char *file, int line);

#endif
