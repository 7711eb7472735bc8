/*
 * A worker process beside what INLINE shares with it (worker.h): its sockets,
 * its stream of tasks, and what of that it has put aside.
 */
#ifndef WORKER_SERVER_H
#define WORKER_SERVER_H

#include "wire/channel.h"
#include "worker/worker.h"

struct server {
	struct worker worker;
	struct channel_ends ends;
	struct buffer aligned; /* a copy of a message that lies unaligned */
	uint64_t position;     /* in the stream of tasks */
	uint64_t sequence;     /* that the next CALL belongs to */
	uint32_t index;
	uint32_t attempt;
	bool leaving;
	uint64_t looked_ns;        /* when this process's size was looked at last */
	uint64_t asked;            /* questions so far; an answer names its own */
	struct aside *aside;       /* frames that came before an answer, oldest first */
	struct aside **aside_last; /* where the next one goes */
};

/* A frame's records, for later. */
struct aside {
	struct aside *next;
	size_t size;
	char records[];
};

/* --- calls.c: what the master says --- */

/* Take a frame apart; frames come in the order of the stream.  False: it is not the master's, and is dropped. */
bool server_open(struct server *server, const char *bytes, size_t size, struct frame *frame);

/* Do what its records say, and send what came of it. */
void server_run(struct server *server, const struct frame *frame);

/* Is this record the answer to the last question? */
bool server_is_answer(const struct server *server, const struct record *record);

/* End this process, in good order. */
_Noreturn void server_leave(struct server *server);

#endif
