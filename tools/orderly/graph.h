/* `orderly graph`: what is in a graph's file, without running it. */
#ifndef TOOL_GRAPH_H
#define TOOL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>

#include <orderly/definition.h>
#include <orderly/graph.h>

#include "text.h"

/* Exit statuses. */
#define GRAPH_FAILED 1  /* names that cannot be planned, or a check that did not hold */
#define GRAPH_USAGE 2   /* arguments */
#define GRAPH_TROUBLE 3 /* the command itself failed */
#define GRAPH_FILE 4    /* the graph's file is not there, or something in it is wrong */

/* One call of the command. */
struct graph_call {
	const char *file, *directory; /* of -f and -C; NULL */
	const char **params;          /* params[n_params] of -p, NAME=VALUE */
	size_t n_params;
	const char **variables; /* variables[n_variables] of -e, NAME=VALUE */
	size_t n_variables;
	char **arguments; /* arguments[n_arguments] behind the action */
	size_t n_arguments;
	bool protos, names, plan, all;
	bool remembers;          /* the graph has its history */
	bool looks;              /* at that only */
	const char *database;    /* of --db; NULL */
	struct ord_graph *graph; /* NULL for actions that need none */
};

int graph_main(int argc, char **argv);

/* Actions: what they print goes to stdout, the result is the exit status. */
int graph_list(struct graph_call *call);
int graph_dot(struct graph_call *call);
int graph_mermaid(struct graph_call *call);
int graph_json(struct graph_call *call);
int graph_env(struct graph_call *call);
int graph_why(struct graph_call *call);
int graph_stats(struct graph_call *call);
int graph_touch(struct graph_call *call);
int graph_forget(struct graph_call *call);

/* Say what the graph would have us know. */
void graph_warnings(const struct graph_call *call);

/* Want the procs of the arguments, or all whose args are known; GRAPH_FAILED: it has been said of which that failed. */
int graph_plan(struct graph_call *call);

/*
 * The name of a definition with `*` for its placeholders; ORD_EINVAL: one of
 * them may be anything; ORD_EFAILED: its choices could not be asked for.
 */
int graph_all_of(
	struct graph_call *call, const struct ord_definition *definition, struct text *name);

/* Whether a pattern of `*` and `?` matches. */
bool graph_matches(const char *pattern, const char *name);

#endif
