/* Slots that wait lie in a list sorted by sequence, so that a task that comes back takes its old place. */
#include "core/lists.h"

void
waiting_insert(struct core *core, struct slot *slot)
{
	struct slot *after = core->waiting_last;
	struct slot *before = NULL;

	if (core->waiting != NULL && sequence_before(slot->sequence, core->waiting->sequence))
		after = NULL;
	while (after != NULL && sequence_before(slot->sequence, after->sequence))
		after = after->previous;
	before = after != NULL ? after->next : core->waiting;
	slot->previous = after;
	slot->next = before;
	if (after != NULL)
		after->next = slot;
	else
		core->waiting = slot;
	if (before != NULL)
		before->previous = slot;
	else
		core->waiting_last = slot;
	slot->state = SLOT_WAITING;
	core->n_waiting++;
}

void
waiting_remove(struct core *core, struct slot *slot)
{
	if (slot->previous != NULL)
		slot->previous->next = slot->next;
	else
		core->waiting = slot->next;
	if (slot->next != NULL)
		slot->next->previous = slot->previous;
	else
		core->waiting_last = slot->previous;
	slot->next = slot->previous = NULL;
	core->n_waiting--;
}

void
settled_append(struct core *core, struct slot *slot)
{
	slot->next = NULL;
	slot->previous = core->settled_last;
	if (core->settled_last != NULL)
		core->settled_last->next = slot;
	else
		core->settled = slot;
	core->settled_last = slot;
}

void
settled_remove_first(struct core *core)
{
	struct slot *slot = core->settled;

	core->settled = slot->next;
	if (slot->next != NULL)
		slot->next->previous = NULL;
	else
		core->settled_last = NULL;
	slot->next = slot->previous = NULL;
}

void
news_insert(struct core *core, struct slot *slot)
{
	slot->has_news = true;
	slot->rest->next_news = NULL;
	if (core->news != NULL)
		core->news_last->rest->next_news = slot;
	else
		core->news = slot;
	core->news_last = slot;
}

void
bulky_push(struct core *core, struct slot *slot)
{
	slot->burdens |= BURDEN_BULKY;
	slot->rest->bulky_previous = NULL;
	slot->rest->bulky_next = core->bulky;
	if (core->bulky != NULL)
		core->bulky->rest->bulky_previous = slot;
	core->bulky = slot;
}

void
bulky_remove(struct core *core, struct slot *slot)
{
	struct rest *rest = slot->rest;

	if ((slot->burdens & BURDEN_BULKY) == 0)
		return;
	if (rest->bulky_previous != NULL)
		rest->bulky_previous->rest->bulky_next = rest->bulky_next;
	else
		core->bulky = rest->bulky_next;
	if (rest->bulky_next != NULL)
		rest->bulky_next->rest->bulky_previous = rest->bulky_previous;
	slot->burdens &= (uint8_t)~BURDEN_BULKY;
}
