/*
 * Places: each holds one worker at a time, or one command.  What was sent to a
 * place is a queue, because a worker answers in order.
 */
#include "core/core.h"

#include "core/roster.h"

bool
place_idle(const struct place *place)
{
	return place->state == PLACE_READY && place->count == 0;
}

int
place_reserve(struct place *place)
{
	uint32_t capacity = place->capacity != 0 ? place->capacity * 2 : 4;
	struct sent *sent;

	if (place->count < place->capacity)
		return 0;
	sent = memory_new(capacity, sizeof *sent);
	if (sent == NULL)
		return -1;
	for (uint32_t i = 0; i < place->count; i++)
		sent[i] = place->sent[(place->first + i) & (place->capacity - 1)];
	memory_free(place->sent);
	place->sent = sent;
	place->capacity = capacity;
	place->first = 0;
	return 0;
}

void
core_spawning(struct core *core, uint32_t place)
{
	core->n_empty--;
	core->places[place].state = PLACE_STARTING;
	core->places[place].fed = false;
}

void
core_ready(struct core *core, uint32_t place)
{
	if (core->places[place].state != PLACE_STARTING)
		return;
	core->places[place].state = PLACE_READY;
	if (place_idle(&core->places[place]))
		core->n_idle++;
}

void
core_leaving(struct core *core, uint32_t place)
{
	if (place_idle(&core->places[place]))
		core->n_idle--;
	core->places[place].state = PLACE_STOPPED;
}

const struct sent *
core_expected(const struct core *core, uint32_t place, struct slot **slot)
{
	const struct place *at = &core->places[place];
	const struct sent *sent;

	*slot = NULL;
	if (at->count == 0)
		return NULL;
	sent = &at->sent[at->first & (at->capacity - 1)];
	*slot = sent_slot(core, place, sent);
	return sent;
}

struct slot *
sent_slot(const struct core *core, uint32_t place, const struct sent *sent)
{
	struct slot *slot = &core->slots[sent->index];

	if (slot->state == SLOT_SENT && slot->sequence == sent->sequence && slot->attempt == sent->attempt &&
	    slot->place == place)
		return slot;
	return NULL;
}

void
core_answered(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	if (at->count == 0)
		return;
	at->first++;
	at->count--;
	at->command = false;
	if (place_idle(at))
		core->n_idle++;
}
