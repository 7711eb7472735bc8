/*
 * Tokens that several programs share, as make's jobserver: bytes in a pipe.
 * Who runs one thing needs none, for each more one byte is taken from the
 * pipe, and the same byte is put back.  As a client we take from a pipe or
 * FIFO that $MAKEFLAGS offers, as a server from our own, which commands find
 * in theirs.
 *
 * The pipe's description is shared with others, so it is never made
 * non-blocking: it is opened again.  Both its ends stay open here, so that
 * neither an end nor a SIGPIPE can come from it.
 */
#ifndef GRAPH_JOBSERVER_H
#define GRAPH_JOBSERVER_H

#include <stdint.h>

#include "base/error.h"
#include "graph/jobserver/fifo.h"

struct jobserver {
	int reader,
		writer; /* descriptions of our own that do not block; -1: there is no jobserver */
	int lent[2];    /* what commands get: the pipe's ends; -1: nothing */
	char *makeflags; /* what they find in their environment, MAKEFLAGS=…; NULL: what is there stays */
	char *tokens; /* tokens[n_tokens], those that were taken */
	uint32_t n_tokens, capacity;
	uint32_t jobs;    /* how many run at once in all; 0: not said */
	struct fifo fifo; /* of a server */
};

struct jobserver_options {
	uint32_t mode;         /* an enum ord_jobserver */
	uint32_t jobs;         /* of a server: tokens and one */
	int own_jobs;          /* how many was said: what is offered is not taken */
	const char *makeflags; /* $MAKEFLAGS, or NULL */
	const char *directory; /* for the FIFO; NULL: where endpoints lie, too */
};

void jobserver_init(struct jobserver *jobserver);

/*
 * 0, with or without a jobserver, or ORD_ENOMEM.  If one was wanted that cannot
 * be had, error has the sentence, with the status of why, and it is gone on
 * without.
 */
int jobserver_open(
	struct jobserver *jobserver, const struct jobserver_options *options, struct error *error);

static inline int
jobserver_is_open(const struct jobserver *jobserver)
{
	return jobserver->reader >= 0;
}

/* Whether a token was there and is ours now. */
int jobserver_take(struct jobserver *jobserver);

/* Put tokens back until there are no more than `keep`. */
void jobserver_give_back(struct jobserver *jobserver, uint32_t keep);

/* All tokens go back. */
void jobserver_close(struct jobserver *jobserver);

/* As jobserver_close in a forked child: the tokens are the other process's. */
void jobserver_leave(struct jobserver *jobserver);

#endif
