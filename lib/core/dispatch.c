/*
 * What to do next: start workers where they are missing, give the first
 * waiting task to an idle place.  Over the byte bound only the first
 * undelivered task is given out, so that memory cannot grow and the one task
 * that would free it never waits.
 */
#include "core/core.h"

#include "core/lists.h"
#include "core/plain.h"
#include "core/roster.h"
#include "core/sets.h"
#include "shared/region.h"

#define BATCH_NS UINT64_C(10000000) /* of work in one message, by the mean of recent tasks */
#define MANY_PLACES 8u
#define SHORT_NS UINT64_C(100) /* about what a task costs the master */
#define LATE_MOST_NS UINT64_C(1000000000)
#define LATE_WEIGHT 8
#define AHEAD_TASKS 4u /* that wait for each place, or nothing is sent ahead */
#define ANSWER_BYTES \
	(REGION_RING_SIZE / 2) /* by the mean of outputs: while one is sent, the next has room */
#define RETRY_NS UINT64_C(10000000) /* without memory */
#define AHEAD_NS \
	UINT64_C(100000000) /* tasks that take longer can wait for the start of their worker */
#define MEAN_WEIGHT 4 /* a sample counts for a quarter, but one that is longer counts at once */

static const struct dispatch nothing = { .kind = DISPATCH_NOTHING };

static bool
over(const struct core *core)
{
	return core->bytes >= core->options.window_bytes;
}

static struct dispatch
spawn_one(struct core *core, uint64_t now_ns)
{
	uint32_t place = set_next(core, SET_EMPTY, 0);

	while (place != NO_PLACE && core->places[place].not_before_ns > now_ns)
		place = set_next(core, SET_EMPTY, place + 1);
	if (place == NO_PLACE)
		return nothing;
	return (struct dispatch){ .kind = DISPATCH_SPAWN, .place = place };
}

/*
 * The next worker starts while one works on its last tasks: else nobody would
 * work while it starts.  Only as many as tasks wait, and not if workers die.
 */
static struct dispatch
spawn_ahead(struct core *core)
{
	uint32_t place = NO_PLACE;

	if (core->n_ahead < balance_ahead(core) && core->n_ahead < core->n_worn &&
		core->n_ahead < core->n_waiting && core->fruitless == 0 && core->mean_ns < AHEAD_NS)
		place = balance_room(core);
	if (place == NO_PLACE)
		return nothing;
	return (struct dispatch){ .kind = DISPATCH_SPAWN, .place = place };
}

/* They take turns. */
static uint32_t
next_idle(struct core *core)
{
	uint32_t place = set_next(core, SET_IDLE, core->cursor);

	if (place == NO_PLACE)
		place = set_next(core, SET_IDLE, 0);
	core->cursor = place + 1;
	return place;
}

/* Of the places that work on their last message one with as little left as any, but for a factor of two. */
static uint32_t
next_hungry(const struct core *core)
{
	uint32_t place = NO_PLACE;

	for (unsigned set = SET_HUNGRY; set < SETS && place == NO_PLACE; set++)
		place = set_next(core, (enum place_set)set, 0);
	return place;
}

static uint32_t
least(uint64_t a, uint64_t b)
{
	return (uint32_t)(a < b ? a : b);
}

/* Work for one message: the one behind it must last until an answer is taken, by an owner that is late too. */
static uint64_t
budget(const struct core *core)
{
	return core->late_ns > BATCH_NS / 2 ? 2 * core->late_ns : BATCH_NS;
}

/*
 * A place has one message that it works on and one ahead.  Tasks so short that
 * the master could not keep so many places busy come in one: what they cost is
 * messages, and while one is under way the others work.
 */
static uint32_t
share_of_window(const struct core *core)
{
	bool short_tasks = core->target >= MANY_PLACES && core->mean_ns != 0 &&
		core->mean_ns < SHORT_NS * core->target;

	return core->options.window / (short_tasks ? 1 : 2) / core->target;
}

/* How many tasks a full message for this place would have: twice the largest so far, within the time, the window and the bytes. */
static uint32_t
full_batch(const struct core *core, const struct place *place)
{
	uint32_t n = least(place->chunk != 0 ? (uint64_t)place->chunk * 2 : 1u, BATCH_TASKS);

	n = least(n, share_of_window(core));
	if (core->options.recycle != 0)
		n = least(n, core->options.recycle - place->given);
	if (core->mean_ns != 0)
		n = least(n, budget(core) / core->mean_ns);
	if (core->mean_bytes != 0)
		n = least(n, ANSWER_BYTES / core->mean_bytes);
	return core->options.batches && n != 0 ? n : 1;
}

/*
 * A message ahead hides the way there and back, but what lies in it waits
 * behind the worker's own task: so only full ones, and none when there are no
 * more tasks than workers.
 */
static uint32_t
may_prefetch(struct core *core)
{
	uint32_t place;

	if (core->n_waiting < core->prefetch_floor || over(core) || core->n_wishes != 0)
		return UINT32_MAX;
	place = next_hungry(core);
	core->prefetch_floor = AHEAD_TASKS * core->target + 1;
	if (full_batch(core, &core->places[place]) > core->prefetch_floor)
		core->prefetch_floor = full_batch(core, &core->places[place]);
	return core->n_waiting >= core->prefetch_floor ? place : UINT32_MAX;
}

/* At the end of the work the rest is shared out in ever smaller parts, so that all workers end together; but what is done in no time is not divided further. */
static uint32_t
share_of_rest(const struct core *core)
{
	uint32_t share = core->n_waiting / 2 / core->target;
	uint64_t least_n = core->mean_ns != 0 ? SHARE_NS / core->mean_ns : 0;

	if (share < least_n)
		share = least(least_n, core->n_waiting / core->target);
	return share != 0 ? share : 1;
}

static uint32_t
batch_size(const struct core *core, const struct place *place)
{
	uint32_t n = full_batch(core, place);

	if (core->draining)
		n = least(n, share_of_rest(core));
	return over(core) || core->held ? 1 : n;
}

/* A first task that waits for something may wait for a later one, and so may what it lies behind. */
static bool
head_yielded(const struct core *core, const struct slot *head)
{
	uint32_t place = core->n_yielded != 0 ? core_runner(core, head) : UINT32_MAX;

	if (core->n_yielded != 0 && place == UINT32_MAX)
		return head->state == SLOT_SENT && head->copies == head->behind;
	return place != UINT32_MAX && core->places[place].yielded;
}

static struct slot *
next_waiting(const struct core *core)
{
	struct slot *slot = core->waiting, *head;

	if (slot == NULL || !over(core))
		return slot;
	head = core_head(core);
	return slot == head || head_yielded(core, head) ? slot : NULL;
}

/* The first that waits, and there is room for it in sent. */
static inline void
give_one(struct core *core, struct slot *slot, uint32_t place)
{
	waiting_remove_first(core);
	place_note(&core->places[place], slot);
	slot->state = SLOT_SENT;
	slot->place = place;
	slot->copies = 1;
	slot->behind = 0;
}

/* The plain ones that come first; the last of them, NULL: there are none. */
static struct slot *
give_plain(struct core *core, uint32_t most, struct dispatch *dispatch)
{
	struct slot *first = core->waiting;

	if (most > core->n_waiting)
		most = core->n_waiting;
	if (!first->task.plain || place_reserve(&core->places[dispatch->place], most) != 0)
		return NULL;
	dispatch->slot = first;
	dispatch->n = plain_give(core, dispatch->place, most, &dispatch->input_bytes);
	dispatch->plain = true;
	return &core->slots[(first->index + dispatch->n - 1) & (core->n_slots - 1)];
}

static void
give_batch(struct core *core, uint32_t most, struct dispatch *dispatch)
{
	struct place *at = &core->places[dispatch->place];
	struct slot *slot, *before = give_plain(core, most, dispatch);
	size_t bytes = dispatch->input_bytes;

	while (dispatch->n < most && (slot = core->waiting) != NULL && !slot->task.command) {
		bytes += slot->task.input.size;
		if ((before != NULL && bytes > BATCH_BYTES) || place_reserve(at, 1) != 0)
			break;
		give_one(core, slot, dispatch->place);
		dispatch_weigh(core, dispatch, before, slot);
		before = slot;
	}
	*(at->batch == 0 ? &at->batch : &at->prefetched) = dispatch->n;
	if (dispatch->n > at->chunk)
		at->chunk = dispatch->n;
	at->given += dispatch->n;
	dispatch->last = place_is_last(core, at);
}

static void
give_command(struct core *core, struct slot *slot, struct dispatch *dispatch)
{
	struct place *at = &core->places[dispatch->place];

	if (place_reserve(at, 1) != 0)
		return;
	give_one(core, slot, dispatch->place);
	at->command = true;
	dispatch->kind = DISPATCH_COMMAND;
	dispatch->slot = slot;
	dispatch->n = 1;
}

static struct dispatch
give(struct core *core, struct slot *slot, uint32_t place)
{
	struct dispatch dispatch = { .kind = DISPATCH_SEND, .place = place };
	struct place *at = &core->places[place];
	uint32_t most = batch_size(core, at);

	place_out(core, at);
	if (at->count == 0) {
		at->moved_ns = core->now_ns;
		at->command = false;
	}
	if (slot->task.command)
		give_command(core, slot, &dispatch);
	else
		give_batch(core, most, &dispatch);
	place_in(core, at);
	core->n_sent += dispatch.n;
	if (dispatch.n != 0)
		return dispatch;
	core->retry_ns = core->now_ns + RETRY_NS;
	return nothing;
}

/* What was known may be too soon: an answer in the middle of a message puts it off. */
static struct dispatch
take_if_time(struct core *core, uint64_t now_ns)
{
	if (core->take_ns <= now_ns)
		core->take_ns = 0;
	core->take_ns = take_over_time(core);
	return core->take_ns <= now_ns ? take_over(core, next_idle(core), now_ns) : nothing;
}

static struct dispatch
grant_one(struct core *core)
{
	uint32_t place = set_next(core, SET_GRANTED, 0);

	place_out(core, &core->places[place]);
	core->places[place].granted = false;
	place_in(core, &core->places[place]);
	return (struct dispatch){ .kind = DISPATCH_GRANT, .place = place };
}

/* The last of the spare places. */
static struct dispatch
dismiss_one(const struct core *core)
{
	return (struct dispatch){ .kind = DISPATCH_BYE, .place = set_last(core, SET_SPARE) };
}

/* Does any task run that does not only wait?  Something must move, however little is left. */
static bool
works(const struct core *core)
{
	for (uint32_t i = 0; i < core->n_places; i++)
		if (core->places[i].count != 0 && !core->places[i].yielded)
			return true;
	return false;
}

struct dispatch
core_dispatch(struct core *core, uint64_t now_ns)
{
	struct dispatch spawn;
	struct slot *slot;
	uint32_t place;

	if (core->n_wishes != 0)
		balance_wishes(core);
	if (core->n_granted != 0)
		return grant_one(core);
	if (core->stopped || core->suspended)
		return nothing;
	core->retry_ns = 0;
	if (core->fruitless >= core->options.max_deaths)
		return (struct dispatch){ .kind = DISPATCH_FAIL };
	if (core->n_used_up != 0)
		balance_exchange(core);
	if (core->n_spare > core->spares + balance_ahead(core))
		return dismiss_one(core);
	if (core->n_empty != 0 && (spawn = spawn_one(core, now_ns)).kind != DISPATCH_NOTHING)
		return spawn;
	if (core->n_worn != 0 && core->n_idle == 0 &&
		(spawn = spawn_ahead(core)).kind != DISPATCH_NOTHING)
		return spawn;
	if (core->held && works(core))
		return nothing;
	if (take_over_possible(core))
		return take_if_time(core, now_ns);
	if (core->n_idle + core->n_hungry == 0)
		core->prefetch_floor = UINT32_MAX;
	if (core->prefetch_floor == UINT32_MAX || (slot = next_waiting(core)) == NULL)
		return nothing;
	if (slot->task.command && core->crowded_ns > now_ns && core->n_sent != 0) {
		core->retry_ns = core->crowded_ns;
		return nothing;
	}
	if (core->n_idle != 0)
		return give(core, slot, next_idle(core));
	if (slot->task.command || (place = may_prefetch(core)) == UINT32_MAX)
		return nothing;
	return give(core, slot, place);
}

void
core_measured(struct core *core, uint64_t elapsed_ns, uint32_t n)
{
	uint64_t sample = elapsed_ns / n + 1;

	if (core->mean_ns == 0 || sample > core->mean_ns)
		core->mean_ns = sample;
	else
		core->mean_ns -= (core->mean_ns - sample) / MEAN_WEIGHT;
	core->take_ns = 0;
}

void
core_late(struct core *core, uint64_t late_ns)
{
	if (late_ns > LATE_MOST_NS)
		late_ns = LATE_MOST_NS;
	if (late_ns > core->late_ns)
		core->late_ns = late_ns;
	else
		core->late_ns -= (core->late_ns - late_ns) / LATE_WEIGHT;
}

bool
core_has_time(const struct core *core)
{
	return !core->stopped && !core->suspended &&
		(core->n_empty != 0 || core->retry_ns != 0 || take_over_possible(core));
}

uint64_t
core_next_time(const struct core *core)
{
	uint64_t soonest = core->retry_ns != 0 && !core->suspended ? core->retry_ns : UINT64_MAX;
	uint32_t place = core_has_time(core) ? set_next(core, SET_EMPTY, 0) : NO_PLACE;

	for (; place != NO_PLACE; place = set_next(core, SET_EMPTY, place + 1))
		if (core->places[place].not_before_ns < soonest)
			soonest = core->places[place].not_before_ns;
	if (core_has_time(core) && take_over_possible(core) && take_over_time(core) < soonest)
		soonest = take_over_time(core);
	return soonest;
}

static uint64_t
front_of(const struct place *place)
{
	return place->sent[place->first & (place->capacity - 1)].sequence;
}

/*
 * Over the bound only one place may go on (and those whose task only waits):
 * the one that holds the lowest sequence.  If the first undelivered task is with a worker, that is its
 * worker; if it still waits, that is the worker that will be free for it
 * first.  Without the second half, workers asleep on full outboxes would wait
 * for a task that waits for one of them.
 */
bool
core_may_take(const struct core *core, uint32_t place)
{
	const struct place *at = &core->places[place];

	if (!over(core) || at->count == 0 || at->yielded)
		return true;
	for (uint32_t i = 0; i < core->n_places; i++) {
		const struct place *other = &core->places[i];
		bool counts = other->count != 0 && !other->yielded;

		if (counts &&
			(sequence_before(front_of(other), front_of(at)) ||
				(front_of(other) == front_of(at) && i < place)))
			return false;
	}
	return true;
}
