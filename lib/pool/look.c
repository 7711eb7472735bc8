/*
 * Does anything move?  While tasks are there the pool looks once a second;
 * while only commands run, of which there is nothing to see, the looks become
 * rare: ten seconds later, twenty, up to ten minutes.
 *
 * A place that was given tasks and has been silent for a second is looked at:
 * what lies in its outbox is taken, whether somebody told of it or not, and a
 * worker that sleeps on space that is free is woken.  If its worker then runs no
 * task, it has lost something, or is slow.  A worker says in its page how far
 * in the stream of tasks it has done all.  If that is everything and the ledger
 * still waits for an answer, the ledger has lost one.  Else it is sent an
 * empty frame: if one before that was lost, the worker sees the gap and leaves;
 * if it is only slow, nothing comes of it.  One that has not heard it after
 * ten seconds, though it is not stopped, is replaced.  Its tasks are withdrawn
 * first (core/withdraw.c), so none is blamed for that or run twice.  A task
 * that waits for an answer that was sent is asked in the same way, by a word
 * in its page; there it is the task that ends, for it has started.
 *
 * Of a worker or command that owes something for ten seconds the spawner is
 * asked whether it is still there, and tells its end if it is not.
 *
 * Nothing can move any more if in a whole second no event came and nobody is
 * left who owes one: no task runs but such as wait for an answer and have no
 * deadline, no command runs, no worker starts or leaves (both have deadlines),
 * none is to be started, and replacing workers has not helped three times.
 */
#include <poll.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/process.h"
#include "pool/pool.h"
#include "worker/server.h"

#define LOOK_NS CLOCK_NS_PER_S
#define REPLACE_NS (10 * CLOCK_NS_PER_S)
#define DOUBT_NS (10 * CLOCK_NS_PER_S)
#define REST_DOUBLINGS 6
#define STILL_LOOKS 2 /* the first of them may have come at any time after the last event */
#define VAIN_LOOKS 3

static bool
only_commands_run(const struct ord_pool *pool)
{
	return pool->n_commands != 0 && pool->core.n_sent == pool->n_commands;
}

uint64_t
pool_look_time(struct ord_pool *pool)
{
	if (pool->core.live == 0 || pool->inline_worker != NULL)
		return UINT64_MAX;
	if (pool->look.rests && (pool->look.still == 0 || !only_commands_run(pool))) {
		pool->look.rests = false;
		pool->look.at_ns = 0;
	}
	if (pool->look.at_ns == 0)
		pool->look.at_ns = clock_now_ns() + LOOK_NS;
	return pool->look.at_ns;
}

/* --- repairs --- */

static bool
is_stopped(const struct incarnation *incarnation)
{
	char state = process_state(incarnation->pid);

	return state == 'T' || state == 't';
}

static void
replace(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;

	if (!core_withdraw(&pool->core, incarnation->place))
		return;
	incarnation->repaired = true;
	incarnation_spoil(incarnation);
}

/* Without memory for it another look tries again. */
static void
probe(struct incarnation *incarnation, uint64_t now_ns)
{
	struct channel_message message;

	if (incarnation_frame(incarnation, &message, 0) == NULL)
		return;
	incarnation->probe = incarnation->task_position;
	incarnation->probe_ns = now_ns;
	incarnation_post(incarnation, &message);
}

/* What a worker may sleep on, or have told of in vain. */
static void
take_unnoticed(struct incarnation *incarnation)
{
	outbox_disarm(&incarnation->region);
	receive_outbox(incarnation);
	if (incarnation->pool->destroy || incarnation->owed != 0)
		return;
	outbox_acknowledge(&incarnation->region, incarnation->taken);
}

/* Its task waits for an answer that was sent. */
static bool
waits_in_vain(const struct incarnation *incarnation)
{
	uint64_t awaits = atomic_load(&incarnation->region.page->awaits);

	return awaits != 0 && awaits == incarnation->replied;
}

/* Its task ends as if it had died: only that one, and only if it still runs. */
static void
end_task(struct incarnation *incarnation)
{
	struct ord_pool *pool = incarnation->pool;
	const struct slot *slot = core_running(&pool->core, incarnation->place);

	if (slot == NULL)
		return;
	incarnation->repaired = true;
	launch_stop(&pool->launch, incarnation->id,
		RUN_WORD(slot->sequence, slot->attempt, RUN_RUNNING), 0, 1);
}

/*
 * The answer is not kept, for it may be as large as any input, and so it
 * cannot be sent again.  A frame behind it shows that it was lost.
 */
static void
look_at_waiting(struct incarnation *incarnation, uint64_t now_ns)
{
	if (incarnation->probe != incarnation->task_position)
		probe(incarnation, now_ns);
	else if (now_ns - incarnation->probe_ns >= REPLACE_NS && !is_stopped(incarnation))
		end_task(incarnation);
}

static void
look_at_silent(struct incarnation *incarnation, uint64_t now_ns)
{
	const struct status_page *page = incarnation->region.page;
	const struct place *place = &incarnation->pool->core.places[incarnation->place];
	/* Before the outbox: the records of what it says is done are there then. */
	uint64_t heard = atomic_load(&page->heard);

	take_unnoticed(incarnation);
	if (incarnation->pool->destroy || incarnation->left || incarnation->spoiled ||
		place->count == 0 || atomic_load(&page->waiting) != 0)
		return;
	if (waits_in_vain(incarnation))
		look_at_waiting(incarnation, now_ns);
	if (RUN_PHASE(atomic_load(&page->run)) != RUN_IDLE)
		return;
	if (heard == incarnation->task_position)
		replace(incarnation);
	else if (incarnation->probe != incarnation->task_position)
		probe(incarnation, now_ns);
	else if (now_ns - incarnation->probe_ns >= REPLACE_NS && !is_stopped(incarnation))
		replace(incarnation);
}

/* What it does behind its last task may hang as anything else may. */
static void
look_at_leaving(struct incarnation *incarnation, uint64_t now_ns)
{
	if (incarnation->leave_by_ns == 0)
		incarnation->leave_by_ns =
			now_ns + incarnation->pool->options.start_timeout_ms * CLOCK_NS_PER_MS;
	else if (now_ns >= incarnation->leave_by_ns && !is_stopped(incarnation))
		incarnation_spoil(incarnation);
}

static bool
was_told_to_leave(const struct core *core, const struct place *place)
{
	return place->state == PLACE_STOPPED ||
		(place->state == PLACE_READY && place->count == 0 && core->options.recycle != 0 &&
			place->given >= core->options.recycle);
}

/* Whoever owes a word for long may have ended, and that was not heard: the spawner is asked. */
static void
doubt(struct ord_pool *pool, uint64_t id, uint64_t *doubt_ns, uint64_t now_ns)
{
	if (*doubt_ns != 0 && now_ns >= *doubt_ns)
		launch_doubt(&pool->launch, id, PLACE_OF(id));
	if (*doubt_ns == 0 || now_ns >= *doubt_ns)
		*doubt_ns = now_ns + DOUBT_NS;
}

static void
doubt_worker(struct incarnation *incarnation, uint64_t now_ns)
{
	const struct core *core = &incarnation->pool->core;
	const struct place *place = &core->places[incarnation->place];
	bool owes = incarnation->spoiled || place->state != PLACE_READY ||
		(place->count != 0 && !place->command && place->moved_ns + LOOK_NS <= now_ns) ||
		was_told_to_leave(core, place);

	if (owes)
		doubt(incarnation->pool, incarnation->id, &incarnation->doubt_ns, now_ns);
	else
		incarnation->doubt_ns = 0;
}

static void
look_at(struct incarnation *incarnation, uint64_t now_ns)
{
	const struct core *core;
	const struct place *place;

	/* At a place that was never used not even the pool is known. */
	if (incarnation->id == 0)
		return;
	doubt_worker(incarnation, now_ns);
	if (incarnation->tasks == NULL || incarnation->spoiled)
		return;
	core = &incarnation->pool->core;
	place = &core->places[incarnation->place];
	if (was_told_to_leave(core, place))
		look_at_leaving(incarnation, now_ns);
	else if (place->state == PLACE_READY && place->count != 0 && !place->command &&
		place->moved_ns + LOOK_NS <= now_ns)
		look_at_silent(incarnation, now_ns);
}

static uint64_t
tasks_settled(const struct core *core)
{
	return core->next_sequence - core->n_waiting - core->n_sent;
}

static void
forget_repairs_that_helped(struct ord_pool *pool)
{
	if (tasks_settled(&pool->core) == pool->look.settled)
		return;
	pool->look.settled = tasks_settled(&pool->core);
	pool->look.in_vain = 0;
	pool->look.repaired_then = pool->look.repaired;
}

/* The next look, if nobody owes anything but commands, from whom nothing comes before their ends. */
static void
rest(struct ord_pool *pool, uint64_t now_ns)
{
	uint32_t doublings = pool->look.still < REST_DOUBLINGS ? pool->look.still : REST_DOUBLINGS;

	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->incarnations[i].id != 0 && pool->incarnations[i].doubt_ns != 0)
			return;
	if (!only_commands_run(pool))
		return;
	pool->look.rests = true;
	pool->look.at_ns = now_ns + (DOUBT_NS << (doublings - 1));
}

void
pool_look(struct ord_pool *pool)
{
	uint64_t now_ns = pool->core.now_ns;

	pool->look.due = false;
	if (pool->look.at_ns == 0 || now_ns < pool->look.at_ns) {
		pool_moved(pool);
		return;
	}
	pool->look.at_ns = 0;
	pool->look.still++;
	for (uint32_t i = 0; i < pool->core.n_places && !pool->destroy; i++) {
		if (pool->commands[i].id != 0)
			doubt(pool, pool->commands[i].id, &pool->commands[i].doubt_ns, now_ns);
		if (pool->incarnations != NULL)
			look_at(&pool->incarnations[i], now_ns);
	}
	forget_repairs_that_helped(pool);
	pool->look.in_vain += pool->look.repaired != pool->look.repaired_then;
	pool->look.repaired_then = pool->look.repaired;
	if (!pool->destroy)
		rest(pool, now_ns);
}

/* The gap that a probe has shown is a worker's reason to leave, and no fault of its own. */
void
pool_look_at_end(struct incarnation *incarnation, int wait_status)
{
	struct ord_pool *pool = incarnation->pool;

	if ((incarnation->probe != 0 || waits_in_vain(incarnation)) && WIFEXITED(wait_status) &&
		WEXITSTATUS(wait_status) == LEAVE_PROTOCOL)
		incarnation->repaired = true;
	core_restore(&pool->core, incarnation->place);
	if (!incarnation->repaired)
		return;
	pool->look.repaired++;
	if (pool->core.places[incarnation->place].state == PLACE_READY)
		core_leaving(&pool->core, incarnation->place);
}

/* --- is anybody left who owes an event? --- */

/* One that waits for its owner moves when its owner does, or at its deadline. */
static bool
task_moves(const struct incarnation *incarnation, bool forever)
{
	const struct core *core = &incarnation->pool->core;
	const struct slot *slot = core_running(core, incarnation->place);
	bool waits = core->places[incarnation->place].wish ||
		(forever && slot != NULL && slot->asking && !slot->cancel);

	return !waits || atomic_load(&incarnation->region.page->deadline_ns) != 0;
}

static bool
worker_moves(const struct incarnation *incarnation, bool forever)
{
	const struct ord_pool *pool = incarnation->pool;
	const struct status_page *page = incarnation->region.page;

	if (incarnation->spoiled)
		return true;
	if (atomic_load(&page->waiting) != 0)
		return core_may_take(&pool->core, incarnation->place);
	if (RUN_PHASE(atomic_load(&page->run)) != RUN_IDLE)
		return task_moves(incarnation, forever);
	return pool->look.in_vain < VAIN_LOOKS;
}

static bool
place_moves(const struct ord_pool *pool, uint32_t place, bool forever)
{
	const struct core *core = &pool->core;
	const struct place *at = &core->places[place];
	const struct incarnation *incarnation =
		pool->incarnations != NULL ? &pool->incarnations[place] : NULL;
	bool lives = incarnation != NULL && incarnation->id != 0;

	if (at->command && pool->commands[place].id != 0)
		return true;
	if (at->state == PLACE_EMPTY)
		return core->options.functions && !at->parked && !core->stopped;
	if (at->state != PLACE_READY || was_told_to_leave(core, at))
		return lives;
	if (at->count != 0)
		return lives && worker_moves(incarnation, forever);
	return core->n_waiting != 0 &&
		(launch_blocked(&pool->launch) || core->retry_ns != 0 || core->held);
}

static bool
event_is_there(const struct ord_pool *pool)
{
	/* Not epoll_wait: what that tells of a bell it does not tell again. */
	struct pollfd events = { .fd = pool->epoll, .events = POLLIN };

	return pool->left || pool->stops || core_deliverable(&pool->core) != NULL ||
		poll(&events, 1, 0) > 0;
}

bool
pool_stalled(const struct ord_pool *pool, bool forever)
{
	const struct core *core = &pool->core;

	if (core->suspended)
		return pool->quiet && pool_halted(pool) && core_deliverable(core) == NULL;
	if (pool->look.still < STILL_LOOKS || core->live == 0 || event_is_there(pool))
		return false;
	for (uint32_t i = 0; i < core->n_places; i++)
		if (place_moves(pool, i, forever))
			return false;
	return true;
}
