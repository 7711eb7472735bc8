/*
 * Places: each holds one worker at a time, or one command.  What was sent to a
 * place is a queue, because a worker answers in order.
 */
#include "core/core.h"

#include "core/roster.h"
#include "core/sets.h"

/* Its worker has been sent its last task. */
static bool
place_worn(const struct core *core, const struct place *place)
{
	return core->options.recycle != 0 && place->given >= core->options.recycle &&
		place->state == PLACE_READY;
}

bool
place_usable(const struct core *core, const struct place *place)
{
	return place->state == PLACE_READY && !place->parked && !place_worn(core, place);
}

bool
place_idle(const struct core *core, const struct place *place)
{
	return place_usable(core, place) && place->count == 0;
}

bool
place_empty(const struct core *core, const struct place *place)
{
	return core->options.functions && place->state == PLACE_EMPTY && !place->parked;
}

bool
place_active(const struct place *place)
{
	return !place->parked && !place->yielded;
}

bool
place_spare(const struct core *core, const struct place *place)
{
	return core->options.functions && place->state == PLACE_READY && place->parked &&
		place->count == 0 && !place_worn(core, place);
}

/* Only where workers are replaced again and again is another started ahead. */
static uint32_t
ahead_sets(const struct core *core, const struct place *place)
{
	bool parked = place->parked && !place->yielded, active = place_active(place);
	bool used_up = false;

	if (core->options.recycle == 0)
		return 0;
	/* What the ledger still has there of a worker that has ended is taken away just now. */
	if (active && !place_usable(core, place))
		used_up = place->count == 0 || (place->state == PLACE_EMPTY && !place->command);
	return (uint32_t)(active && place_worn(core, place)) << SET_WORN |
		(uint32_t)used_up << SET_USED_UP |
		(uint32_t)(parked && place->state != PLACE_EMPTY) << SET_AHEAD |
		(uint32_t)(parked && place->state == PLACE_EMPTY) << SET_ROOM;
}

bool
place_hungry(const struct core *core, const struct place *place)
{
	return core->options.batches && place_usable(core, place) && place->count != 0 &&
		place->prefetched == 0 && !place->command && !place->yielded;
}

bool
place_loaded(const struct core *core, const struct place *place)
{
	return core->options.batches && (place->state == PLACE_READY || place->yielded) &&
		place->count > 1 && !place->picked;
}

static uint32_t
hungry_class(const struct place *place)
{
	uint32_t class = 31u - (uint32_t)__builtin_clz(place->count);

	return class < HUNGRY_CLASSES ? class : HUNGRY_CLASSES - 1;
}

uint32_t
place_sets(const struct core *core, const struct place *place)
{
	uint32_t sets = (uint32_t)place_idle(core, place) << SET_IDLE |
		(uint32_t)place_empty(core, place) << SET_EMPTY |
		(uint32_t)place_spare(core, place) << SET_SPARE |
		(uint32_t)place->granted << SET_GRANTED |
		(uint32_t)place_loaded(core, place) << SET_LOADED |
		(uint32_t)place->picked << SET_PICKED | ahead_sets(core, place);

	return place_hungry(core, place) ? sets | 1u << (SET_HUNGRY + hungry_class(place)) : sets;
}

/* Counts by the sets that it is in, whatever has changed since. */
static void
count_sets(struct core *core, uint32_t sets, uint32_t one)
{
	core->n_idle += sets >> SET_IDLE & 1 ? one : 0;
	core->n_empty += sets >> SET_EMPTY & 1 ? one : 0;
	core->n_spare += sets >> SET_SPARE & 1 ? one : 0;
	core->n_granted += sets >> SET_GRANTED & 1 ? one : 0;
	core->n_loaded += sets >> SET_LOADED & 1 ? one : 0;
	core->n_worn += sets >> SET_WORN & 1 ? one : 0;
	core->n_used_up += sets >> SET_USED_UP & 1 ? one : 0;
	core->n_ahead += sets >> SET_AHEAD & 1 ? one : 0;
	core->n_hungry += sets >> SET_HUNGRY != 0 ? one : 0;
}

bool
place_is_last(const struct core *core, const struct place *place)
{
	return core->options.recycle != 0 && place->given >= core->options.recycle;
}

void
place_out(struct core *core, const struct place *place)
{
	count_sets(core, place->sets, UINT32_MAX);
	core->n_active -= place_active(place);
	core->n_yielded -= place->yielded;
	core->n_wishes -= place->wish;
}

void
place_in(struct core *core, const struct place *place)
{
	uint32_t sets = place_sets(core, place);

	sets_put(core, (uint32_t)(place - core->places), sets);
	count_sets(core, sets, 1);
	core->n_active += place_active(place);
	core->n_yielded += place->yielded;
	core->n_wishes += place->wish;
	core->prefetch_floor = 0;
	core->take_ns = 0;
}

int
place_reserve(struct place *place, uint32_t more)
{
	uint32_t capacity = place->capacity != 0 ? place->capacity : 4;
	struct sent *sent;

	if (place->capacity - place->count >= more)
		return 0;
	while (capacity - place->count < more)
		capacity *= 2;
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

static void
set_state(struct core *core, uint32_t place, enum place_state state)
{
	struct place *at = &core->places[place];

	place_out(core, at);
	at->state = (uint8_t)state;
	place_in(core, at);
}

void
core_spawning(struct core *core, uint32_t place)
{
	core->places[place].fed = false;
	core->places[place].chunk = 0;
	core->places[place].given = 0;
	core->places[place].retiring = false;
	set_state(core, place, PLACE_STARTING);
}

void
core_ready(struct core *core, uint32_t place)
{
	if (core->places[place].state == PLACE_STARTING)
		set_state(core, place, PLACE_READY);
}

void
core_leaving(struct core *core, uint32_t place)
{
	set_state(core, place, PLACE_STOPPED);
}

void
core_retiring(struct core *core, uint32_t place)
{
	core_leaving(core, place);
	core->places[place].retiring = true;
}

struct slot *
core_sent(const struct core *core, uint32_t place, uint32_t back)
{
	const struct place *at = &core->places[place];

	return sent_slot(core, &at->sent[(at->first + at->count - back) & (at->capacity - 1)]);
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
	*slot = sent_slot(core, sent);
	return sent;
}

struct slot *
sent_slot(const struct core *core, const struct sent *sent)
{
	struct slot *slot = &core->slots[sent->index];

	if (slot->state == SLOT_SENT && slot->sequence == sent->sequence &&
		slot->attempt == sent->attempt)
		return slot;
	return NULL;
}

void
place_pop(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];
	struct slot *slot = sent_slot(core, &at->sent[at->first & (at->capacity - 1)]);

	if (slot != NULL)
		slot->copies--;
	at->first++;
	at->count--;
}

/* In the middle of a message nothing changes that is counted over all places. */
static bool
in_the_middle(const struct place *place)
{
	return place->batch > 1 && place->count > 2 && !place->picked && !place->yielded &&
		!place->granted;
}

static void
end_of_message(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];
	bool yielded = at->yielded;

	if (yielded || at->granted)
		balance_forget(core, at);
	place_out(core, at);
	place_pop(core, place);
	at->command = false;
	at->picked = false;
	if (at->batch != 0 && --at->batch == 0) {
		at->batch = at->prefetched;
		at->prefetched = 0;
	}
	place_in(core, at);
	if (at->count == 0 && core->n_idle == 1)
		core->idle_ns = core->now_ns;
	if (yielded)
		balance(core);
}

void
core_answered(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	if (at->count == 0)
		return;
	at->moved_ns = core->now_ns;
	if (!in_the_middle(at)) {
		end_of_message(core, place);
		return;
	}
	place_pop(core, place);
	at->batch--;
}
