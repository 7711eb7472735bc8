/*
 * What running procs ask, whoever carries it: a function asks by its task
 * (ord_task_ask), a command's clients by the socket (socket.h).
 */
#ifndef GRAPH_ASK_H
#define GRAPH_ASK_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/ask.h>

struct ord_graph;
struct ord_proc;
struct client;

/* Who asks for a proc.  Each asks one question at a time. */
struct speaker {
	struct ord_proc *proc;
	struct client *client; /* of the socket; NULL: the proc's function */
};

/* A question of a function: on_ask of the pool. */
void ask_take(const struct ord_ask *ask, void *graph);

/* Any question; its answer goes to the speaker, now or later.  kind: an enum context_ask; at … end: its words, each with its NUL. */
void ask_question(struct ord_graph *graph, const struct speaker *speaker, uint32_t kind,
	const char *at, const char *end);

/* One that makes no sense, so that it has no kind. */
void ask_refuse(struct ord_graph *graph, const struct speaker *speaker);

/* An answer: bytes[size], with what is behind a status of ORD_OK. */
void ask_answer(struct ord_graph *graph, const struct speaker *speaker, int status,
	const void *bytes, size_t size);

/* An answer without bytes, or with the sentence that is the graph's error, which is cleared. */
void ask_answer_status(struct ord_graph *graph, const struct speaker *speaker, int status);

#endif
