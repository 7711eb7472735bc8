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
	uint64_t seen; /* acknowledged, when it was looked at last */
};

void outbox_init(struct outbox *outbox, struct region *region, int timer);

/* As outbox_reserve, with a look at what the master has acknowledged meanwhile. */
char *outbox_look_for_room(struct outbox *outbox, size_t size);

/*
 * Room for size bytes (at most half the ring) behind what is committed, or
 * NULL: full; then send what is unsent, outbox_wait and ask again.
 */
static inline char *
outbox_reserve(struct outbox *outbox, size_t size)
{
	if (outbox->position - outbox->seen + size > REGION_RING_SIZE)
		return outbox_look_for_room(outbox, size);
	return outbox->region->ring + (outbox->position & (REGION_RING_SIZE - 1));
}

/* The reserved size bytes are whole.  urgent 0: a send follows at once, so that the timer need not be armed. */
void outbox_commit(struct outbox *outbox, size_t size, int urgent);

/* As outbox_commit with urgent 0; outbox_remind follows before the next task may take long. */
static inline void
outbox_put(struct outbox *outbox, size_t size)
{
	outbox->position += size;
	atomic_store_explicit(
		&outbox->region->page->committed, outbox->position, memory_order_release);
}

/* The timer fires soon, and the master looks. */
void outbox_arm(struct outbox *outbox);

/*
 * See to it that what is committed and not sent will be looked for.  Only
 * behind an atomic read-modify-write, which is the fence between the store of
 * `committed` and the look at `armed`.
 */
static inline void
outbox_remind(struct outbox *outbox)
{
#if !defined(__x86_64__)
	atomic_thread_fence(memory_order_seq_cst);
#endif
	if (outbox->sent != outbox->position && outbox->timer >= 0 &&
		atomic_load_explicit(&outbox->region->page->armed, memory_order_relaxed) == 0)
		outbox_arm(outbox);
}

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
