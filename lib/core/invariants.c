/* What must hold between any two events; the model test asks after every step. */
#include "core/core.h"

#include "core/lists.h"
#include "core/roster.h"
#include "core/sets.h"

static const char *
check_waiting(const struct core *core)
{
	uint32_t n = 0;

	for (const struct slot *slot = core->waiting; slot != NULL; slot = slot->next) {
		n++;
		if (slot->state != SLOT_WAITING)
			return "a slot in the waiting list does not wait";
		if (slot->next != NULL && !sequence_before(slot->sequence, slot->next->sequence))
			return "the waiting list is not sorted";
		if ((slot->next != NULL ? slot->next->previous : core->waiting_last) != slot)
			return "the waiting list's links do not agree";
	}
	return n == core->n_waiting ? NULL : "n_waiting is wrong";
}

static const char *
check_counts(const struct core *core)
{
	uint32_t live = 0, sent = 0, settled = 0;
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < core->n_slots; i++) {
		const struct slot *slot = &core->slots[i];

		live += slot->state != SLOT_FREE;
		sent += slot->state == SLOT_SENT;
		settled += slot->state == SLOT_SETTLED;
		bytes += slot->state != SLOT_FREE ? slot->bytes : 0;
		if (slot->state == SLOT_FREE && slot->burdens != 0)
			return "a free slot has burdens";
	}
	if (live != core->live || live > core->options.window)
		return "the number of live slots is wrong";
	if (sent != core->n_sent)
		return "n_sent is wrong";
	if (settled != core->n_settled)
		return "n_settled is wrong";
	return bytes == core->bytes ? NULL : "the bytes do not add up";
}

static const char *
check_behind(const struct core *core)
{
	uint32_t behind = 0;

	for (uint32_t i = 0; i < core->n_slots; i++)
		behind += core->slots[i].state == SLOT_SENT ? core->slots[i].behind : 0;
	for (uint32_t i = 0; i < core->n_places; i++) {
		const struct place *place = &core->places[i];

		for (uint32_t k = 1; k < place->count && place->yielded; k++)
			behind -=
				sent_slot(core,
					&place->sent[(place->first + k) & (place->capacity - 1)]) !=
				NULL;
	}
	return behind == 0 ? NULL : "what lies behind tasks that have yielded does not add up";
}

static const char *
check_balance(const struct core *core)
{
	uint32_t active = 0, yielded = 0, wishes = 0, granted = 0, spare = 0;

	for (uint32_t i = 0; i < core->n_places; i++) {
		const struct place *place = &core->places[i];

		active += place_active(place);
		yielded += place->yielded;
		wishes += place->wish;
		granted += place->granted;
		spare += place_spare(core, place);
		if (place->wish && !place->yielded)
			return "a place wants a slot and has one";
		if (place->yielded && place->count == 0)
			return "a place without a task has yielded";
	}
	if (active != core->n_active || yielded != core->n_yielded || wishes != core->n_wishes ||
		granted != core->n_granted || spare != core->n_spare)
		return "the counts of places do not add up";
	if (active > core->target)
		return "more places are active than may be";
	if (active < core->target && core->n_places < core->options.places)
		return "fewer places are active than may be";
	return NULL;
}

static const char *
check_places(const struct core *core)
{
	uint32_t idle = 0, hungry = 0, loaded = 0, empty = 0, copies = 0;

	for (uint32_t i = 0; i < core->n_places; i++) {
		const struct place *place = &core->places[i];

		idle += place_idle(core, place);
		hungry += place_hungry(core, place);
		loaded += place_loaded(core, place);
		if (!place->command && place->count != place->batch + place->prefetched)
			return "a place's messages do not add up to what was sent there";
		empty += place_empty(core, place);
		for (uint32_t k = 0; k < place->count; k++)
			copies +=
				sent_slot(core,
					&place->sent[(place->first + k) & (place->capacity - 1)]) !=
				NULL;
	}
	if (idle != core->n_idle)
		return "n_idle is wrong";
	if (loaded != core->n_loaded)
		return "n_loaded is wrong";
	if (hungry != core->n_hungry)
		return "n_hungry is wrong";
	if (empty != core->n_empty)
		return "n_empty is wrong";
	for (uint32_t i = 0; i < core->n_slots; i++) {
		const struct slot *slot = &core->slots[i];

		if (slot->state == SLOT_SENT && slot->copies == 0)
			return "a sent task is with no place";
		copies -= slot->state == SLOT_SENT ? slot->copies : 0;
	}
	return copies == 0 ? NULL : "the copies of sent tasks do not add up";
}

/* Every place is in the sets that it belongs to, and in no other. */
static const char *
check_sets(const struct core *core)
{
	for (unsigned set = 0; set < SETS; set++) {
		uint32_t next = set_next(core, (enum place_set)set, 0), last = NO_PLACE;

		for (uint32_t i = 0; i < core->n_places; i++) {
			uint32_t sets = place_sets(core, &core->places[i]);

			/* What is left of a message may have become less since the class was chosen. */
			if (set >= SET_HUNGRY ? (core->places[i].sets >> SET_HUNGRY != 0) !=
						(sets >> SET_HUNGRY != 0)
					      : (sets >> set & 1) != (next == i))
				return "a place is in a wrong set";
			if (set_has(core, (enum place_set)set, i) != (next == i))
				return "a set and what its places know of it do not agree";
			if (next == i) {
				last = i;
				next = set_next(core, (enum place_set)set, i + 1);
			}
		}
		if (next != NO_PLACE || set_last(core, (enum place_set)set) != last)
			return "a set has a member that is no place";
	}
	return NULL;
}

static const char *
check_news(const struct core *core)
{
	uint64_t told = 0, listed = 0;

	for (uint32_t i = 0; i < core->n_slots; i++) {
		const struct slot *slot = &core->slots[i];

		told += slot->state != SLOT_FREE && slot->told;
		listed += slot->state != SLOT_FREE && slot->has_news;
	}
	for (const struct slot *slot = core->news; slot != NULL; slot = slot->rest->next_news) {
		if (slot->state == SLOT_FREE || !slot->has_news)
			return "a task that is gone has news";
		if (slot->rest->next_news == NULL && slot != core->news_last)
			return "the last of the news is not the last";
		listed--;
	}
	if (listed != 0)
		return "a task has news that nobody will see";
	return told == core->n_told_running ? NULL : "n_told_running is wrong";
}

static const char *
check_bulky(const struct core *core)
{
	const struct slot *before = NULL;
	uint32_t listed = 0;

	for (const struct slot *slot = core->bulky; slot != NULL; slot = slot->rest->bulky_next) {
		if (slot->state != SLOT_SETTLED ||
			(slot->burdens & (BURDEN_SPILLED | BURDEN_BULKY)) != BURDEN_BULKY ||
			slot->result.output.size < core->options.bulky_from)
			return "a slot with no large output is listed as one";
		if (slot->rest->bulky_previous != before)
			return "the links of large outputs do not agree";
		before = slot;
		listed++;
	}
	for (uint32_t i = 0; i < core->n_slots && core->options.bulky_from != 0; i++)
		listed -= core->slots[i].state == SLOT_SETTLED &&
			core->slots[i].result.output.size >= core->options.bulky_from;
	return listed == 0 ? NULL : "a large output is not listed";
}

const char *
core_check(const struct core *core)
{
	const char *broken = check_waiting(core);

	if (broken == NULL)
		broken = check_counts(core);
	if (broken == NULL)
		broken = check_places(core);
	if (broken == NULL)
		broken = check_sets(core);
	if (broken == NULL)
		broken = check_bulky(core);
	if (broken == NULL)
		broken = check_balance(core);
	if (broken == NULL)
		broken = check_news(core);
	if (broken == NULL)
		broken = check_behind(core);
	return broken;
}
