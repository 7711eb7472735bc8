/*
 * What makes a graph incremental: the steps around the start and the end of a
 * proc.  A proc that has a record and against which nothing speaks does not
 * run; what ends well leaves a record.  A graph without a database has only
 * its outputs checked.
 *
 *   increment_plan     wanted: who makes which output, how long will it take
 *   increment_before   about to start: look, judge, say that there is an attempt
 *   increment_after    ended: outputs are there, and the record
 */
#ifndef GRAPH_INCREMENT_H
#define GRAPH_INCREMENT_H

#include "graph/graph.h"
#include "graph/history/history.h"
#include "graph/history/stale.h"
#include "graph/inputs/inputs.h"
#include "graph/names/texts.h"

/* What is known of a proc from the look at it before its start until its end. */
struct increment {
	struct increment *next; /* of those that are not in use */
	struct texts parts;     /* name, value, name, value … */
	struct part *items;     /* the same, sorted */
	uint32_t n_items, items_capacity;
	struct texts patterns, ignore, outputs;
	const struct special_output **special; /* of each word of outputs, or NULL */
	uint32_t special_capacity;
	struct file_list inputs;  /* before the start */
	struct file_list found;   /* as the record's, now */
	struct file_list results; /* the record's outputs, now; later those that were made */
	struct file_list before;  /* outputs that a run must write, before it */
	uint64_t *max_ages_ns;    /* of results, or not set */
	uint32_t max_ages_capacity;
	int has_max_ages;
	struct dep *deps; /* and the versions that are consumed */
	uint32_t n_deps, deps_capacity;
	struct record *record; /* NULL: none */
	struct reasons reasons;
	const char
		*asked; /* the first proc that it asked for, without depending on it; NULL: none */
	int begun;      /* that there is an attempt is written */
};

enum increment_answer {
	INCREMENT_RUN,
	INCREMENT_DONE,  /* nothing is to be done: it has ended well */
	INCREMENT_FAILED /* it cannot be said: its cause and sentence are set */
};

/* Open the database, if there is to be one; a status with graph->error. */
int increment_open(struct ord_graph *graph);
void increment_close(struct ord_graph *graph);

/* A proc becomes wanted; a status with graph->error. */
int increment_plan(struct ord_graph *graph, struct ord_proc *proc);

/* Nothing was wanted before: what files are is looked at anew. */
void increment_pass(struct ord_graph *graph);

int increment_before(struct ord_graph *graph, struct ord_proc *proc);

/* It has been given to the pool. */
void increment_started(struct ord_graph *graph, struct ord_proc *proc);

/* It ended as NODE_DONE or NODE_FAILED; returns as which of the two it counts. */
int increment_after(struct ord_graph *graph, struct ord_proc *proc, int state);

/* It will not run, or never end: what is known from the look is not needed. */
void increment_drop(struct ord_graph *graph, struct ord_proc *proc);

/* As before it was wanted. */
void increment_clear(struct ord_graph *graph, struct ord_proc *proc);

/* It asks for another proc while it runs. */
void increment_asked(struct ord_proc *proc, const struct ord_proc *other);

/* An enum fingerprint. */
uint32_t increment_fingerprint(const struct ord_graph *graph, const struct ord_proc *proc);

/* If the history says that something could not be written, the user is to know. */
void increment_warn(struct ord_graph *graph, int status);

/* --- touch.c --- */

int touch_is_forced(const struct ord_graph *graph, const struct ord_proc *proc);

/* --- remember.c --- */

/* It counts as if it had run, and what is there as what it made; a status with graph->error. */
int remember_touched(struct ord_graph *graph, struct ord_proc *proc, struct increment *now);

/* A group that stands for something new gets a new version; a status with graph->error. */
int increment_group(struct ord_graph *graph, struct ord_proc *proc, struct increment *now);

/* Before the start: hash inputs that could be written again unseen; a status with graph->error. */
int remember_racy(struct ord_graph *graph, struct increment *now);

/* --- gather.c: what is there now; 0, or a status with graph->error --- */

int gather_parts(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);
int gather_patterns(struct ord_graph *graph, const struct ord_proc *proc,
	struct increment *now); /* of inputs, and of what is ignored */

/* What callbacks say that a proc reads. */
int gather_said(struct ord_graph *graph, const struct ord_proc *proc, struct texts *said);

/* Regular expressions of inputs, in place of the patterns. */
int gather_regexes(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);

int gather_files(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);
int gather_deps(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);

/* The record's outputs, and what its depfile named, as they are now. */
int gather_known(struct ord_graph *graph, struct increment *now);

/* The words of outputs, with those that callbacks say. */
int gather_outputs(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);

/* --- outputs.c --- */

/* Look at what a run must write, before it does. */
int outputs_before(struct ord_graph *graph, struct increment *now);

/* All outputs after it, into now->results; 1 with graph->error: one was not made. */
int outputs_after(struct ord_graph *graph, struct increment *now);

/* A proc that has failed wrote to its outputs all the same: its sentence says that they do not count. */
void outputs_say(struct ord_graph *graph, struct ord_proc *proc, const struct increment *now);

/* Nobody else makes the outputs of a proc; a status with graph->error. */
int outputs_claim(struct ord_graph *graph, struct ord_proc *proc);
void outputs_unclaim(struct ord_graph *graph);

/* --- found.c --- */

/* What the depfile of a proc that ran names, into now->found; as outputs_after. */
int found_read(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now);

/* --- expect.c --- */

/* The weight of a proc in the schedule. */
void expect_weigh(struct ord_graph *graph, struct ord_proc *proc);

/* What it weighs as long as no history says more. */
uint64_t expect_stated(const struct definition *definition);

/* How long a proc should take in nanoseconds; 0: not known. */
uint64_t expect_ns(const struct ord_graph *graph, const struct ord_proc *proc);

#endif
