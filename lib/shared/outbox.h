/*
 * The outbox: a ring in the region where a worker writes its records and from
 * where it sends them; the master takes from it directly when a timer fires or
 * the worker has died.  Positions count bytes since the incarnation began.
 * docs/protocol.md has the rules and the fences.
 */
#ifndef SHARED_OUTBOX_H
#define SHARED_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "shared/region.h"

/* The worker's side. */
struct outbox {
	struct region *region;
	int timer;         /* the shared flush timer, -1: none (INLINE) */
	uint64_t position; /* end of what is committed */
	uint64_t sent;
	uint64_t seen; /* acknowledged, when outbox_reserve looked last */
};

void outbox_init(struct outbox *outbox, struct region *region, int timer);

/*
 * Room for size bytes (at most half the ring) behind what is committed, or
 * NULL: full; then send what is unsent, outbox_wait and ask again.
 */
char *outbox_reserve(struct outbox *outbox, size_t size);

/* The reserved size bytes are whole.  urgent 0: a send follows at once, so that the timer need not be armed. */
void outbox_commit(struct outbox *outbox, size_t size, int urgent);

/* What is committed and neither sent nor acknowledged: its size, where it lies and its position. */
size_t outbox_unsent(struct outbox *outbox, const char **from, uint64_t *position);

/* So much of it was sent. */
void outbox_sent(struct outbox *outbox, size_t size);

/* Sleep until more is acknowledged than outbox_reserve saw. */
void outbox_wait(struct outbox *outbox);

/* The master's side. */

/* How many bytes lie between taken and what is committed; -1 if the page says nonsense. */
int64_t outbox_left(const struct region *region, uint64_t taken);

/* Where they begin. */
const char *outbox_at(const struct region *region, uint64_t position);

/* Records below are taken: their space is free, and a worker that waits is woken. */
void outbox_acknowledge(const struct region *region, uint64_t taken);

/* Clear the armed flag before looking at committed; 1 if it was set. */
int outbox_disarm(const struct region *region);

#endif
