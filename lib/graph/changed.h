/* What a running proc may ask about what it depends on: which deps are new to it, and what its inputs are. */
#ifndef GRAPH_CHANGED_H
#define GRAPH_CHANGED_H

#include <stdint.h>

struct ord_graph;
struct ord_proc;
struct buffer;

#define CHANGED_FINGERPRINT 33 /* hexadecimal digits, and a NUL */

/*
 * Append the names of its deps whose version is not the one that its last
 * success consumed, each with `behind`; all of them if there was none.  Their
 * number, or UINT32_MAX without memory.
 */
uint32_t changed_deps(
	struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to, char behind);

/* Of the paths and contents of its inputs as they were before its start; a status with graph->error. */
int changed_fingerprint(
	struct ord_graph *graph, const struct ord_proc *proc, char text[CHANGED_FINGERPRINT]);

/* The two variables of a command; -1 without memory. */
int changed_environment(
	struct ord_graph *graph, const struct ord_proc *proc, struct buffer *env, uint32_t *count);

#endif
