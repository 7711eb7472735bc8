/*
 * Who waits for whom, for locks, or for a person.  A proc that waits has given
 * its slot back, however many of its clients wait.
 */
#ifndef GRAPH_WAITING_H
#define GRAPH_WAITING_H

#include <stdint.h>

#include "graph/ask.h"

/* The procs in graph->found from `from` on: those that have not ended are waited for.  ORD_EAGAIN: the answer comes later, or came. */
int waiting_for_procs(struct ord_graph *graph, const struct speaker *speaker, uint32_t from);

/* The same for locks, whose names lie at … end. */
int waiting_for_locks(
	struct ord_graph *graph, const struct speaker *speaker, const char *at, const char *end);

/* The same for a person's answer to a question of this number. */
int waiting_for_input(struct ord_graph *graph, const struct speaker *speaker, uint64_t question);

/* That answer: bytes[size], with what is behind a status of ORD_OK.  0, or -1: nobody waits for it. */
int waiting_answer_input(
	struct ord_graph *graph, uint64_t question, int status, const void *bytes, size_t size);

/* Those that come back take what slots are free: before anything starts. */
void waiting_return(struct ord_graph *graph);

/* Whether this speaker waits. */
int waiting_is_on(const struct speaker *speaker);

/* A proc has ended: those who waited for it may go on. */
void waiting_ended(struct ord_graph *graph, struct ord_proc *proc);

/* A proc's attempt is over: it waits for nothing any more, and its clients are told. */
void waiting_forget(struct ord_graph *graph, struct ord_proc *proc);

/* This speaker is no more. */
void waiting_drop(struct ord_graph *graph, const struct speaker *speaker);

/* Locks have been given back. */
void waiting_locks(struct ord_graph *graph);

/* Nothing can move any more but by an answer: one that waits is told so.  1 if there was one. */
int waiting_break(struct ord_graph *graph);

/* The next of names that lie one behind the other, each with its NUL; NULL: no more. */
const char *waiting_next_name(const char **at, const char *end);

#endif
