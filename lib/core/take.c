/*
 * Take-over.  When nothing waits and a worker has nothing to do, it gets
 * second copies of what another holds and has not started; whoever comes to a
 * task first claims it, the other skips it.  So nothing waits behind a long
 * task, and all workers end together.
 */
#include "core/core.h"

#include "core/roster.h"
#include "core/sets.h"
#include "shared/region.h"

#define WORTH_NS \
	UINT64_C( \
		500000) /* of work that others hold, by the mean of recent tasks: then it is worth a message at once */
#define LATE_NS \
	UINT64_C( \
		3000000) /* without an answer from a place that should be done: its task may be a long one */
#define PAUSE_NS \
	UINT64_C(300000) /* so long an idle place waits for new tasks first, if there may be any */
#define COPIES_MOST 2u

bool
take_over_possible(const struct core *core)
{
	return core->n_idle != 0 && core->n_loaded != 0 && core->n_waiting == 0;
}

/* When what a place holds is worth taking; in the past if it is. */
static uint64_t
worth_from(const struct core *core, uint32_t place)
{
	const struct place *at = &core->places[place];

	return at->moved_ns + (at->count * core->mean_ns >= WORTH_NS ? 0 : LATE_NS);
}

static bool
may_copy(const struct core *core, const struct slot *slot)
{
	return slot != NULL && (slot->copies < COPIES_MOST || slot->copies == slot->behind) &&
		!slot->task.command &&
		CLAIM_STATE(atomic_load_explicit(
			&core->options.claims[slot->index], memory_order_relaxed)) == CLAIM_ARMED;
}

/* All idle places get the same, and what holds it keeps as much. */
static uint32_t
share_of(const struct core *core, uint32_t n)
{
	uint32_t share = (n + core->n_idle) / (core->n_idle + 1), half = (n + 1) / 2;
	uint64_t least = core->mean_ns != 0 ? SHARE_NS / core->mean_ns : 1;

	if (share < least)
		share = (uint32_t)(least < half ? least : half);
	return share;
}

/* How far from the end the hindmost share of what can be copied begins; 0: nothing can. */
static uint32_t
tail_of(const struct core *core, uint32_t from)
{
	const struct place *source = &core->places[from];
	uint32_t n = 0, share, back;

	for (back = 1; back < source->count; back++)
		n += may_copy(core, core_sent(core, from, back));
	share = share_of(core, n);
	for (back = 1; back < source->count && share != 0; back++)
		share -= may_copy(core, core_sent(core, from, back));
	return n != 0 ? back - 1 : 0;
}

static void
copy_tail(struct core *core, uint32_t from, uint32_t tail, struct dispatch *dispatch)
{
	struct place *target = &core->places[dispatch->place];
	const struct slot *before = NULL;
	size_t bytes = 0;

	for (uint32_t back = tail; back > 0 && dispatch->n < BATCH_TASKS; back--) {
		struct slot *slot = core_sent(core, from, back);

		if (!may_copy(core, slot))
			continue;
		bytes += slot->task.input.size;
		if (place_is_last(core, target) || (before != NULL && bytes > BATCH_BYTES) ||
			place_reserve(target, 1) != 0)
			break;
		place_note(target, slot);
		target->given++;
		slot->copies++;
		dispatch_weigh(core, dispatch, before, slot);
		before = slot;
	}
}

static struct dispatch
copy_for(struct core *core, uint32_t from, uint32_t to, uint64_t now_ns)
{
	struct place *source = &core->places[from], *target = &core->places[to];
	struct dispatch dispatch = { .kind = DISPATCH_SEND, .place = to };
	uint32_t tail = tail_of(core, from);

	place_out(core, target);
	copy_tail(core, from, tail, &dispatch);
	target->batch = dispatch.n;
	if (dispatch.n != 0)
		target->moved_ns = now_ns;
	place_in(core, target);
	place_out(core, source);
	source->picked = dispatch.n == 0;
	place_in(core, source);
	dispatch.last = place_is_last(core, target);
	return dispatch.n != 0 ? dispatch : (struct dispatch){ .kind = DISPATCH_NOTHING };
}

/* Of the places from which it is time to take the one that holds most. */
static uint32_t
fullest(const struct core *core, uint64_t now_ns)
{
	uint32_t place = set_next(core, SET_LOADED, 0), best = NO_PLACE;

	for (; place != NO_PLACE; place = set_next(core, SET_LOADED, place + 1))
		if (worth_from(core, place) <= now_ns &&
			(best == NO_PLACE || core->places[place].count > core->places[best].count))
			best = place;
	return best;
}

struct dispatch
take_over(struct core *core, uint32_t idle, uint64_t now_ns)
{
	struct dispatch dispatch = { .kind = DISPATCH_NOTHING };
	uint32_t from;

	while (dispatch.kind == DISPATCH_NOTHING && (from = fullest(core, now_ns)) != NO_PLACE)
		dispatch = copy_for(core, from, idle, now_ns);
	return dispatch;
}

uint64_t
take_over_time(const struct core *core)
{
	uint64_t idle_ns = core->draining ? 0 : core->idle_ns + PAUSE_NS, soonest = UINT64_MAX;
	uint32_t place = set_next(core, SET_LOADED, 0);

	if (core->take_ns != 0)
		return core->take_ns;
	for (; place != NO_PLACE; place = set_next(core, SET_LOADED, place + 1))
		if (worth_from(core, place) < soonest)
			soonest = worth_from(core, place);
	return soonest > idle_ns ? soonest : idle_ns;
}
