/*
 * The outbox: a ring in the region where a worker writes its records, and from
 * where the master takes them: when the worker rings the bell, when the shared
 * timer fires, or when the worker has died.  Positions count bytes since the
 * incarnation began.  docs/protocol.md has the rules and the fences.
 */
#ifndef SHARED_OUTBOX_H
#define SHARED_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/region.h"

/* The worker's side. */
struct outbox {
	struct region *region;
	int timer;         /* the shared flush timer, -1: none (INLINE) */
	int bell;          /* the eventfd that wakes the master, -1: none (INLINE) */
	uint64_t position; /* end of what is committed */
	uint64_t told;     /* end of what the bell was rung for */
	uint64_t seen;     /* acknowledged, when it was looked at last */
};

void outbox_init(struct outbox *outbox, struct region *region, int timer, int bell);

/* As outbox_reserve, with a look at what the master has acknowledged meanwhile. */
char *outbox_look_for_room(struct outbox *outbox, size_t size);

/*
 * Room for size bytes (at most half the ring) behind what is committed, or
 * NULL: full; then outbox_ring, outbox_wait and ask again.
 */
static inline char *
outbox_reserve(struct outbox *outbox, size_t size)
{
	if (outbox->position - outbox->seen + size > REGION_RING_SIZE)
		return outbox_look_for_room(outbox, size);
	return outbox->region->ring + (outbox->position & (REGION_RING_SIZE - 1));
}

/* The reserved size bytes are whole.  urgent 0: outbox_ring follows at once, so that the timer need not be armed. */
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
 * See to it that what is committed and not told of will be looked for.  Only
 * behind an atomic read-modify-write, which is the fence between the store of
 * `committed` and the look at `armed`.
 */
static inline void
outbox_remind(struct outbox *outbox)
{
#if !defined(__x86_64__)
	atomic_thread_fence(memory_order_seq_cst);
#endif
	if (outbox->told != outbox->position && outbox->timer >= 0 &&
		atomic_load_explicit(&outbox->region->page->armed, memory_order_relaxed) == 0)
		outbox_arm(outbox);
}

/* Is a quarter of the ring full of what the master was not told of? */
static inline bool
outbox_is_worth_a_ring(const struct outbox *outbox)
{
	return outbox->position - outbox->told >= REGION_RING_SIZE / 4;
}

/* Wake the master, unless it has been told of all that is committed, or has taken it. */
void outbox_ring(struct outbox *outbox);

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
