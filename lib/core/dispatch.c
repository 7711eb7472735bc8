/*
 * What to do next: start workers where they are missing, give the first
 * waiting task to an idle place.  Over the byte bound only the first
 * undelivered task is given out, so that memory cannot grow and the one task
 * that would free it never waits.
 */
#include "core/core.h"

#include "core/lists.h"
#include "core/roster.h"
#include "shared/region.h"

static const struct dispatch nothing = { DISPATCH_NOTHING, 0, NULL };

static bool
over(const struct core *core)
{
	return core->bytes >= core->options.window_bytes;
}

static struct dispatch
spawn_one(struct core *core, uint64_t now_ns)
{
	for (uint32_t i = 0; i < core->options.workers; i++) {
		const struct place *place = &core->places[i];

		if (place->state == PLACE_EMPTY && place->not_before_ns <= now_ns)
			return (struct dispatch){ DISPATCH_SPAWN, i, NULL };
	}
	return nothing;
}

static uint32_t
next_idle(struct core *core)
{
	for (uint32_t i = 0; i < core->options.workers; i++) {
		uint32_t place = core->cursor++ % core->options.workers;

		if (place_idle(&core->places[place]))
			return place;
	}
	return UINT32_MAX;
}

static struct slot *
next_waiting(const struct core *core)
{
	struct slot *slot = core->waiting;

	if (slot == NULL || !over(core))
		return slot;
	return slot == core_head(core) ? slot : NULL;
}

static struct dispatch
give(struct core *core, struct slot *slot, uint32_t place)
{
	struct place *at = &core->places[place];

	if (place_reserve(at) != 0)
		return nothing;
	waiting_remove(core, slot);
	at->sent[(at->first + at->count) & (at->capacity - 1)] =
		(struct sent){ slot->sequence, slot->index, slot->attempt };
	at->count++;
	core->n_idle--;
	slot->state = SLOT_SENT;
	slot->place = place;
	core->n_sent++;
	at->command = slot->task.command;
	if (slot->task.command)
		return (struct dispatch){ DISPATCH_COMMAND, place, slot };
	return (struct dispatch){ DISPATCH_SEND, place, slot };
}

struct dispatch
core_dispatch(struct core *core, uint64_t now_ns)
{
	struct dispatch spawn;
	struct slot *slot;

	if (core->stopped)
		return nothing;
	if (core->fruitless >= core->options.max_deaths)
		return (struct dispatch){ DISPATCH_FAIL, 0, NULL };
	if (core->n_empty != 0 && (spawn = spawn_one(core, now_ns)).kind != DISPATCH_NOTHING)
		return spawn;
	if (core->n_idle == 0 || (slot = next_waiting(core)) == NULL)
		return nothing;
	return give(core, slot, next_idle(core));
}

uint64_t
core_next_time(const struct core *core)
{
	uint64_t soonest = UINT64_MAX;

	for (uint32_t i = 0; i < core->options.workers && core->n_empty != 0 && !core->stopped; i++) {
		const struct place *place = &core->places[i];

		if (place->state == PLACE_EMPTY && place->not_before_ns < soonest)
			soonest = place->not_before_ns;
	}
	return soonest;
}

/*
 * Over the bound only one place may go on: the one that holds the lowest
 * sequence.  If the first undelivered task is with a worker, that is its
 * worker; if it still waits, that is the worker that will be free for it
 * first.  Without the second half, workers asleep on full outboxes would wait
 * for a task that waits for one of them.
 */
bool
core_may_take(const struct core *core, uint32_t place)
{
	uint32_t lowest = UINT32_MAX;
	uint64_t sequence = 0;

	if (!over(core))
		return true;
	for (uint32_t i = 0; i < core->options.workers; i++) {
		const struct place *at = &core->places[i];
		uint64_t front;

		if (at->count == 0)
			continue;
		front = at->sent[at->first & (at->capacity - 1)].sequence;
		if (lowest == UINT32_MAX || sequence_before(front, sequence)) {
			lowest = i;
			sequence = front;
		}
	}
	return place == lowest || core->places[place].count == 0;
}
