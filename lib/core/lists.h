/* The lists that slots are in; each function keeps head, tail and both links right. */
#ifndef CORE_LISTS_H
#define CORE_LISTS_H

#include "core/core.h"

/* Put a slot into the waiting list at the place of its sequence: O(1) at the end and at the front. */
void waiting_insert(struct core *core, struct slot *slot);
void waiting_remove(struct core *core, struct slot *slot);

/* The same for a sequence behind all others, and for the first. */
static inline void
waiting_append(struct core *core, struct slot *slot)
{
	slot->next = NULL;
	slot->previous = core->waiting_last;
	*(core->waiting_last != NULL ? &core->waiting_last->next : &core->waiting) = slot;
	core->waiting_last = slot;
	slot->state = SLOT_WAITING;
	core->n_waiting++;
}

static inline void
waiting_remove_first(struct core *core)
{
	struct slot *next = core->waiting->next;

	*(next != NULL ? &next->previous : &core->waiting_last) = NULL;
	core->waiting = next;
	core->n_waiting--;
}

/* Completion order: the settled list. */
void settled_append(struct core *core, struct slot *slot);
void settled_remove_first(struct core *core);

/* Something about this task is to be announced; nothing happens if nobody wants to know. */
void news_insert(struct core *core, struct slot *slot);
static inline void
news_append(struct core *core, struct slot *slot)
{
	if (core->options.announce && !slot->has_news)
		news_insert(core, slot);
}

/* Settled slots with a large output. */
void bulky_push(struct core *core, struct slot *slot);
void bulky_remove(struct core *core, struct slot *slot);

/* Is a before b?  Sequences may wrap. */
static inline bool
sequence_before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

#endif
