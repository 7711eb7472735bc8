/*
 * What a graph was told, for those who show it: definitions with their args and
 * choices, what a proc depends on, where variables come from.  A definition
 * lives as long as its graph.  Link with liborderly-graph.
 */
#ifndef ORDERLY_DEFINITION_H
#define ORDERLY_DEFINITION_H

#include <stdint.h>

#include <orderly/export.h>
#include <orderly/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_definition;

/* Who says what a variable of a command is, the strongest first. */
enum ord_variable_source {
	ORD_FROM_PROC = 1,    /* the proc's env */
	ORD_FROM_ORDERLY = 2, /* ORDERLY_…, TERM and NO_COLOR */
	ORD_FROM_PROCESS = 3, /* the environment of this process */
	ORD_FROM_DOTENV = 4,  /* a dotenv file */
	ORD_FROM_FILE = 5     /* env of a graph's file */
};

/*
 * A variable that a command finds.
 *
 * source  an enum ord_variable_source
 * where   "file:line" of the last two; else ""
 *
 * All texts are valid during the call.  Returns 0, or anything else: that was enough.
 */
typedef int (*ord_variable_fn)(
	const char *name, const char *value, int source, const char *where, void *user);

/*
 * What was added, each description once, in its order; previous NULL: the
 * first; NULL: no more.  Valid as long as the graph.  Since 0.1.  Source: lib/graph/describe.c.
 */
ORD_API const struct ord_definition *
ord_graph_next_definition(const struct ord_graph *graph, const struct ord_definition *previous);

/* Its name, with placeholders if it has some.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const char *
ord_definition_name(const struct ord_definition *definition);

/* What it is for, "" if that was not said.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const char *
ord_definition_description(const struct ord_definition *definition);

/* The name of its index-th arg, from 0 on; those of its name come first; NULL: there are no more.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const char *
ord_definition_arg(const struct ord_definition *definition, uint32_t index);

/* What a value of this arg must be: "text", "int", "float" or "bool"; NULL: there is none.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const char *
ord_definition_type(const struct ord_definition *definition, uint32_t index);

/* The value of this arg where the name says none, NULL if there is none.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const char *
ord_definition_default(const struct ord_definition *definition, uint32_t index);

/*
 * The values that an arg may take; a callback or command that says them is
 * asked if it was not yet.
 *
 * choices  out: NULL-terminated, valid as long as the graph, or if a callback
 *          says them until files that are watched change; NULL: any value
 *
 * Returns 0, or ORD_EINVAL (there is no such arg), ORD_EFAILED (the callback failed), ORD_EBUSY, ORD_ENOMEM.
 * Since 0.1.  Source: lib/graph/describe.c.
 */
ORD_API int
ord_graph_choices(struct ord_graph *graph, const struct ord_definition *definition, uint32_t index,
	const char *const **choices);

/* What it is an instance of.  Since 0.1.  Source: lib/graph/describe.c. */
ORD_API const struct ord_definition *
ord_proc_definition(const struct ord_proc *proc);

/*
 * What it depends on; known from when it was wanted.
 *
 * deps  out: deps[room], of the first ones; may be NULL if room is 0
 *
 * Returns how many there are.  Since 0.1.  Source: lib/graph/describe.c.
 */
ORD_API uint32_t
ord_proc_deps(const struct ord_proc *proc, const struct ord_proc **deps, uint32_t room);

/*
 * Tell which variables a command of this proc finds, each once, and where it
 * has them from.
 *
 * Returns 0, or ORD_EINVAL (a placeholder without a value), ORD_EBUSY, ORD_ENOMEM.
 * Since 0.1.  Source: lib/graph/describe.c.
 */
ORD_API int
ord_graph_environment(struct ord_graph *graph, const struct ord_proc *proc, ord_variable_fn fn, void *user);

/*
 * The form of a graph's file as a JSON Schema (draft 7), for editors.
 *
 * schema  out: text, valid until the next call on the graph
 *
 * Returns 0, or ORD_EINVAL, ORD_EBUSY, ORD_ENOMEM.  Since 0.1.  Source: lib/graph/describe.c.
 */
ORD_API int
ord_graph_schema(struct ord_graph *graph, const char **schema);

#ifdef __cplusplus
}
#endif
#endif
