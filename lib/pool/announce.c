/*
 * Events to the user.  What happens to tasks comes from the core, in the order
 * that it keeps; progress comes straight from the worker's record; workers are
 * told of where they are taken in and taken out.  Nothing of this is called
 * from ord_pool_submit or ord_pool_cancel: what they cause is told by the call
 * that moves the pool next.
 */
#include <orderly/message.h>

#include "base/clock.h"
#include "deliver/event.h"
#include "pool/pool.h"

/* Was it asked for?  What workers were told stays so, also when the pool is taken down. */
static bool
wanted(const struct ord_pool *pool, enum ord_event_kind kind)
{
	return pool->core.options.announce && (pool->options.events & ORD_EVENT_BIT(kind)) != 0;
}

uint32_t
pool_wants(const struct ord_pool *pool)
{
	return (wanted(pool, ORD_TASK_STARTED) ? WANTS_STARTS : 0u) |
		(wanted(pool, ORD_TASK_PROGRESS) ? WANTS_PROGRESS : 0u);
}

bool
pool_wants_processes(const struct ord_pool *pool)
{
	return wanted(pool, ORD_TASK_PROCESS);
}

/* The three add up to what was submitted.  Who runs is known exactly only if workers say so. */
static void
count(const struct ord_pool *pool, struct ord_event *event)
{
	const struct core *core = &pool->core;

	event->running = wanted(pool, ORD_TASK_STARTED) ? core->n_told_running : core->n_sent;
	event->completed = core->n_told_ended;
	event->queued = core->next_sequence - event->running - event->completed;
}

static void
tell(struct ord_pool *pool, struct ord_event *event)
{
	if (pool->destroy || pool->options.on_event == NULL ||
		!wanted(pool, (enum ord_event_kind)event->kind))
		return;
	count(pool, event);
	if (event->time_ns == 0)
		event->time_ns = clock_now_ns();
	pool->callbacks++;
	pool->options.on_event(event, pool->options.on_event_user);
	pool->callbacks--;
}

/* What runs now is at its slot's place; what has ended says in its result where it ran. */
static void
tell_start(struct ord_pool *pool, struct ord_event *event, const struct slot *slot)
{
	bool now = slot->begun && event->attempt == slot->attempt;

	event->kind = ORD_TASK_STARTED;
	event->time_ns = now ? slot->result.started_ns : 0;
	if (now && slot->state == SLOT_SENT) {
		event->worker = slot->place;
		event->pid = slot->task.command ? 0 : pool->incarnations[slot->place].pid;
	}
	tell(pool, event);
}

static void
tell_end(struct ord_pool *pool, struct ord_event *event, const struct slot *slot)
{
	event->kind = ORD_TASK_ENDED;
	event->state = (int)slot->result.state;
	event->time_ns = slot->started ? slot->result.ended_ns : 0;
	tell(pool, event);
}

static void
tell_task(struct ord_pool *pool, const struct announcement *news)
{
	const struct slot *slot = news->slot;
	struct ord_event event = {
		.sequence = slot->sequence,
		.attempt = news->attempt,
		.user = slot->task.user,
		.worker = slot_worker(slot),
		.pid = slot->result.pid,
	};

	switch (news->kind) {
	case ANNOUNCE_STARTED: tell_start(pool, &event, slot); break;
	case ANNOUNCE_RETRIED:
		event.kind = ORD_TASK_RETRIED;
		tell(pool, &event);
		break;
	case ANNOUNCE_ENDED: tell_end(pool, &event, slot); break;
	case ANNOUNCE_NOTHING: break;
	}
}

void
pool_announce_news(struct ord_pool *pool)
{
	struct announcement news;

	while (!pool->destroy && (news = core_announcement(&pool->core)).kind != ANNOUNCE_NOTHING)
		tell_task(pool, &news);
}

/* Behind its start, which may not have been told yet. */
void
pool_announce_process(struct ord_pool *pool, const struct slot *slot, int32_t pid)
{
	struct ord_event event = { .kind = ORD_TASK_PROCESS,
		.sequence = slot->sequence,
		.attempt = slot->attempt,
		.user = slot->task.user,
		.worker = slot->place,
		.pid = pid };

	pool_announce_news(pool);
	tell(pool, &event);
}

void
pool_announce_worker(struct ord_pool *pool, enum ord_event_kind kind, uint32_t place, int32_t pid)
{
	struct ord_event event = {
		.kind = (int)kind, .sequence = ORD_NO_SEQUENCE, .worker = place, .pid = pid
	};

	tell(pool, &event);
}

void
pool_announce_gone(struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++) {
		const struct incarnation *incarnation = &pool->incarnations[i];

		if (incarnation->id != 0 && incarnation->tasks != NULL)
			pool_announce_worker(pool, ORD_WORKER_ENDED, i, incarnation->pid);
	}
}

int
pool_take_start(struct incarnation *incarnation, const struct record *record, struct slot *slot)
{
	struct ord_pool *pool = incarnation->pool;

	if (!wanted(pool, ORD_TASK_STARTED) || record->size != RECORD_START_SIZE ||
		(slot != NULL && slot->begun))
		return -1;
	if (slot == NULL)
		return 0;
	core_begun(&pool->core, slot, incarnation->place, wire_get64(record->payload));
	pool_announce(pool);
	return 0;
}

int
pool_take_progress(struct incarnation *incarnation, const struct record *record, struct slot *slot)
{
	struct ord_pool *pool = incarnation->pool;

	if (!wanted(pool, ORD_TASK_PROGRESS) || record->size != RECORD_PROGRESS_SIZE ||
		(slot != NULL && wanted(pool, ORD_TASK_STARTED) && !slot->begun))
		return -1;
	if (slot != NULL)
		tell(pool,
			&(struct ord_event){ .kind = ORD_TASK_PROGRESS,
				.sequence = slot->sequence,
				.attempt = slot->attempt,
				.user = slot->task.user,
				.worker = incarnation->place,
				.pid = incarnation->pid,
				.done = wire_get64(record->payload),
				.total = wire_get64(record->payload + 8) });
	return 0;
}
