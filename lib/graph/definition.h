/*
 * What ord_graph_add was given, checked, copied and compiled: one proc, or with
 * placeholders in its name the description of many.
 */
#ifndef GRAPH_DEFINITION_H
#define GRAPH_DEFINITION_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/graph.h>

#include "base/error.h"
#include "base/table.h"
#include "graph/logs/triage.h"
#include "graph/names/index.h"
#include "graph/names/pattern.h"
#include "graph/names/shell.h"
#include "graph/schedule/schedule.h"
#include "graph/tracked.h"

#define DEFINITION_NONE UINT32_MAX
#define PLACEHOLDERS_MAX 32 /* in one name */
#define STDOUT_JSON 2       /* of stdout_result */

/* An arg of a proc: the placeholders of the name come first, in their order. */
struct arg {
	char *name;
	char *otherwise;    /* the value of procs whose name does not say it; NULL: none */
	uint32_t kind;      /* an enum value_kind */
	char **choices;     /* NULL-terminated, or NULL: any value */
	struct table known; /* the same, to look for one */
	ord_names_fn
		list; /* instead: asked when they are first needed; NULL: not to be asked (any more) */
	void *list_user;
	uint32_t asked_in; /* the graph's acts, when it was asked last */
};

/* A dependency: names from a pattern, or from a callback. */
struct need {
	struct pattern name; /* no text: names */
	ord_names_fn names;
	void *user;
	int soft;
};

enum rdep_kind { RDEP_TARGET, RDEP_DECLARER }; /* whose being wanted makes it hold */

struct definition;

struct rdep {
	struct pattern pattern; /* of targets */
	struct definition *owner;
	struct entry entry; /* of those that hold when the target is wanted */
	int kind;           /* an enum rdep_kind */
};

/* There may be very many of these: what fits into a byte has one. */
struct definition {
	struct pattern name;
	struct entry entry;       /* of those with placeholders */
	struct definition *after; /* in the order in which they were added */
	struct arg *args;
	struct need *needs;
	struct rdep *rdeps;
	struct use *uses; /* of locks, sorted, each once */
	uint32_t n_args;
	uint32_t n_needs;
	uint32_t n_rdeps;
	uint32_t n_uses;
	ord_task_fn function;
	char *function_name;
	struct command_text command; /* no words: no command */
	char *description;           /* NULL: "" */
	struct tracked tracked;      /* files */
	uint64_t median_ns; /* how long its procs take, of those that are known; 0: none is */
	char **retry_on;    /* NULL: everything */
	struct triage_ignore *log_ignore;
	uint32_t n_log_ignore;
	uint32_t flags; /* of enum node_flag */
	/* as in struct ord_proc_options */
	int32_t wave;
	uint32_t timeout_ms, grace_ms, retries, retry_delay_ms, retry_backoff, expected_ms;
	uint32_t log_tail;
	uint8_t stdout_result, skip_exit, no_change_exit, output_mode, color, log_on_failure;
	uint8_t stop_signal, terminal, on_busy, busy_signal;
};

/* What a definition is checked against. */
struct definition_context {
	const char *separator;
	struct error *error;
	void *user;
	uint32_t (*lock)(void *user, const char *name,
		size_t size); /* the number of a lock, or SCHEDULE_NONE without memory */
};

/* Make one; NULL after an error, which is in context->error. */
struct definition *definition_new(
	const struct ord_proc_options *options, const struct definition_context *context);

void definition_destroy(struct definition *definition);

/* The arg of this name, or DEFINITION_NONE. */
uint32_t definition_arg(const struct definition *definition, struct span name);

/* Copy the choices of an arg; names NULL: none; -1 without memory, nothing changed. */
int definition_set_choices(struct arg *arg, const char *const *names);

/* Whether procs of it are commands, or functions; else they only group what they depend on. */
int definition_is_command(const struct definition *definition);
int definition_is_function(const struct definition *definition);

#endif
