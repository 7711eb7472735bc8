/*
 * A file per attempt of a proc: commands write it themselves, what functions
 * say is written by the graph.  A log that cannot be made or written is said
 * once (ord_graph_warning), and the graph goes on without it.
 */
#ifndef GRAPH_LOGS_H
#define GRAPH_LOGS_H

#include <stdint.h>

#include <orderly/message.h>

#include "graph/logs/runs.h"

struct ord_graph;
struct ord_proc;

/* Of a proc. */
struct log {
	char *path;    /* of its last attempt; NULL: it has none */
	uint64_t size; /* what the graph has written */
	int fd; /* while a function runs that has said something; 0: none yet, -1: none to be had */
	uint32_t number; /* of logs that it had */
};

#define LOGS_SPARE 64

enum logs_state { LOGS_UNASKED, LOGS_OPEN, LOGS_NONE };

struct logs {
	struct log_run run;
	int state; /* an enum logs_state */
	char *spare
		[LOGS_SPARE]; /* [n_spare] empty files that nobody has open, for the next attempts */
	uint32_t n_spare;
	int warned; /* the first trouble was said, and explains the others */
};

/* A command is about to start: the path of its log, which is there; NULL: its words are messages. */
const char *logs_begin(struct ord_graph *graph, struct ord_proc *proc);

/* Whether what is said goes anywhere. */
int logs_wants_messages(const struct ord_graph *graph);

/* A proc that runs has said something; NULL: nobody that is known. */
void logs_take(struct ord_graph *graph, struct ord_proc *proc, const struct ord_message *message);

/* An attempt has ended, or did not begin. */
void logs_end(struct ord_graph *graph, struct ord_proc *proc);

/* It has no log any more. */
void logs_forget(struct ord_proc *proc);

void logs_finish(struct ord_graph *graph);

#endif
