/*
 * Which places may work.  There are as many active places as the owner asked
 * for; others are parked: what they have is finished, nothing is given there.  A
 * task that waits for something may yield: its place is no longer active, and
 * another is instead, so that more processes may live than tasks run.
 */
#include "core/core.h"

#include "core/lists.h"
#include "core/roster.h"
#include "core/sets.h"

static void
park(struct core *core, struct place *place, bool parked)
{
	place_out(core, place);
	place->parked = parked;
	place_in(core, place);
}

static uint64_t
first_sequence(const struct place *place)
{
	return place->sent[place->first & (place->capacity - 1)].sequence;
}

/* Of the tasks that want a slot again the one that was submitted first. */
static struct place *
first_wish(const struct core *core)
{
	struct place *first = NULL;

	for (uint32_t i = 0; i < core->n_places && core->n_wishes != 0; i++) {
		struct place *place = &core->places[i];

		if (place->wish &&
			(first == NULL ||
				sequence_before(first_sequence(place), first_sequence(first))))
			first = place;
	}
	return first;
}

void
balance_unpick(struct core *core)
{
	uint32_t place;

	while ((place = set_next(core, SET_PICKED, 0)) != NO_PLACE) {
		place_out(core, &core->places[place]);
		core->places[place].picked = false;
		place_in(core, &core->places[place]);
	}
}

/* What lies behind a task that has yielded is not come to until it ends. */
static void
hold_up(struct core *core, struct place *place, bool yielded)
{
	for (uint32_t i = 1; i < place->count; i++) {
		struct slot *slot =
			sent_slot(core, &place->sent[(place->first + i) & (place->capacity - 1)]);

		if (slot != NULL)
			slot->behind = (uint16_t)(yielded ? slot->behind + 1 : slot->behind - 1);
	}
}

static void
grant(struct core *core, struct place *place)
{
	hold_up(core, place, false);
	place_out(core, place);
	place->yielded = place->wish = place->parked = false;
	place->granted = true;
	place_in(core, place);
}

/* One that still works is no more than before; one with a worker costs less than a new one. */
static unsigned
reason_to_return(const struct place *place)
{
	static const unsigned reasons[] = {
		[PLACE_STOPPED] = 0, [PLACE_EMPTY] = 1, [PLACE_STARTING] = 2, [PLACE_READY] = 3
	};

	return reasons[place->state] + (place->count != 0 ? 4u : 0u);
}

static struct place *
parked_place(const struct core *core)
{
	struct place *best = NULL;

	for (uint32_t i = 0; i < core->n_places; i++) {
		struct place *place = &core->places[i];

		if (place->parked && !place->yielded &&
			(best == NULL || reason_to_return(place) > reason_to_return(best)))
			best = place;
	}
	return best;
}

static bool
add_place(struct core *core)
{
	if (core->n_places == core->options.places)
		return false;
	place_in(core, &core->places[core->n_places]);
	core->n_places++;
	return true;
}

static bool
use_one_more(struct core *core)
{
	struct place *place = first_wish(core);

	if (place != NULL)
		grant(core, place);
	else if ((place = parked_place(core)) != NULL)
		park(core, place, false);
	else
		return add_place(core);
	return true;
}

/* The less a place has to do with, the sooner it is parked; of equals the last. */
static unsigned
reason_to_stay(const struct place *place)
{
	return (place->state != PLACE_EMPTY ? 1u : 0u) + (place->count != 0 ? 2u : 0u);
}

static struct place *
least_needed(const struct core *core)
{
	struct place *least = NULL;

	for (uint32_t i = core->n_places; i-- > 0;) {
		struct place *place = &core->places[i];

		if (place_active(place) &&
			(least == NULL || reason_to_stay(place) < reason_to_stay(least)))
			least = place;
	}
	return least;
}

void
balance_exchange(struct core *core)
{
	while (core->n_spare != 0 && core->n_used_up != 0) {
		uint32_t fresh = set_next(core, SET_SPARE, 0);

		park(core, &core->places[set_next(core, SET_USED_UP, 0)], true);
		park(core, &core->places[fresh], false);
	}
}

uint32_t
balance_ahead(const struct core *core)
{
	return core->options.recycle != 0 ? 1 + core->target / 2 : 0;
}

uint32_t
balance_room(struct core *core)
{
	uint32_t place = set_next(core, SET_ROOM, 0);

	/* Where a worker could not live, none is started ahead for a while. */
	if (place != NO_PLACE)
		return core->places[place].not_before_ns <= core->now_ns ? place : NO_PLACE;
	if (core->n_places == core->options.places)
		return NO_PLACE;
	place = core->n_places++;
	core->places[place].parked = true;
	place_in(core, &core->places[place]);
	return place;
}

void
balance(struct core *core)
{
	while (core->n_active < core->target && use_one_more(core))
		;
	while (core->n_active > core->target)
		park(core, least_needed(core), true);
}

void
balance_wishes(struct core *core)
{
	struct place *idle = least_needed(core);

	while (core->n_wishes != 0 && idle != NULL && idle->count == 0) {
		park(core, idle, true);
		balance(core);
		idle = least_needed(core);
	}
	/* After the end nothing new is given out, and what still runs may do so. */
	while (core->stopped && core->n_wishes != 0)
		grant(core, first_wish(core));
	balance(core);
}

void
balance_forget(struct core *core, struct place *place)
{
	if (place->yielded)
		hold_up(core, place, false);
	place_out(core, place);
	place->yielded = place->wish = place->granted = false;
	place_in(core, place);
}

void
core_grant(struct core *core, uint32_t place)
{
	if (!core->places[place].wish)
		return;
	grant(core, &core->places[place]);
	balance(core);
}

void
core_resize(struct core *core, uint32_t workers)
{
	core->target = workers;
	core->spares = core->n_yielded;
	balance(core);
}

void
core_yield(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	if (at->yielded || at->count == 0 || at->command)
		return;
	hold_up(core, at, true);
	place_out(core, at);
	at->yielded = true;
	at->granted = false;
	place_in(core, at);
	balance_unpick(core);
	if (core->spares < core->n_yielded)
		core->spares = core->n_yielded;
	balance(core);
}

/* Answered by a GRANT in any case, so that a worker that asks never waits for nothing. */
void
core_wish(struct core *core, uint32_t place)
{
	struct place *at = &core->places[place];

	place_out(core, at);
	at->wish = at->yielded;
	at->granted = !at->yielded;
	place_in(core, at);
	balance(core);
}
