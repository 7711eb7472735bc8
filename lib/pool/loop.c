/*
 * THE loop.  A task travels submit -> dispatch -> wire -> worker -> wire ->
 * reorder -> deliver; this file calls the master's steps in that order, and no
 * step calls the next.  One round takes what is there, carries it on, and
 * sleeps only if nothing was there.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/memory.h"
#include "core/plain.h"
#include "pool/pool.h"

#define EVENTS_PER_ROUND 64

static void
carry_out(struct ord_pool *pool, const struct dispatch *dispatch)
{
	switch (dispatch->kind) {
	case DISPATCH_SPAWN: incarnation_spawn(pool, dispatch->place); break;
	case DISPATCH_SEND:
		if (pool->inline_worker != NULL)
			inline_run(pool, dispatch->slot);
		else
			batch_send(pool, dispatch);
		break;
	case DISPATCH_GRANT: pool_grant(pool, dispatch->place); break;
	case DISPATCH_BYE: incarnation_bye(pool, dispatch->place); break;
	case DISPATCH_COMMAND: pool_command_start(pool, dispatch->place, dispatch->slot); break;
	case DISPATCH_FAIL: pool_fail_crash_loop(pool); break;
	case DISPATCH_NOTHING: break;
	}
}

void
pool_dispatch(struct ord_pool *pool)
{
	struct dispatch dispatch;
	uint64_t now_ns = core_has_time(&pool->core) ? clock_now_ns() : 0;

	if (pool->admission.asked)
		admission_look(pool);
	while (!launch_blocked(&pool->launch) && !pool->destroy &&
		(dispatch = core_dispatch(&pool->core, now_ns)).kind != DISPATCH_NOTHING)
		carry_out(pool, &dispatch);
}

static inline void
hand_result(struct ord_pool *pool)
{
	pool->callbacks++;
	pool->options.on_result(&pool->current, pool->options.on_result_user);
	pool->callbacks--;
	result_finish(&pool->current);
}

/* Deliver plain results while one is the first; whether there were any. */
static bool
deliver_plain(struct ord_pool *pool)
{
	struct core *core = &pool->core;
	bool delivered = false;

	if (pool->options.on_result == NULL || core->options.completion)
		return false;
	while (core->n_settled != 0 && core->news == NULL && !pool->destroy) {
		struct slot *slot = &core->slots[core->next_delivery & (core->n_slots - 1)];

		if (slot->state != SLOT_SETTLED || !plain_can_leave(slot))
			break;
		slot_prefetch(slot + SLOTS_AHEAD);
		plain_release(core, slot, &pool->current);
		hand_result(pool);
		delivered = true;
	}
	return delivered;
}

/* What the first task has said is told before its result is there.  The slot of the next result; NULL: it is not there yet. */
static struct slot *
next_result(struct ord_pool *pool)
{
	if (pool->options.messages == ORD_ORDERED && pool->options.order == ORD_SUBMISSION)
		pool_say_held(pool, core_head(&pool->core));
	return core_deliverable(&pool->core);
}

/* Take it out of the window, into pool->current. */
static void
take_result(struct ord_pool *pool, struct slot *slot)
{
	pool_say_held(pool, slot);
	if ((slot->burdens & BURDEN_SPILLED) != 0)
		pool_unspill(pool, slot);
	core_release(&pool->core, slot, &pool->current);
	pool->core.failed += pool->current.state != ORD_DONE && pool->current.state != ORD_PASSED;
}

/* The slot is free before the callback runs, so that a window of 1 can submit again. */
bool
pool_deliver(struct ord_pool *pool, bool once)
{
	bool delivered = false;
	struct slot *slot;

	while (delivered |= !once && deliver_plain(pool), pool_announce(pool),
		!pool->destroy && pool->core.live != 0) {
		slot = next_result(pool);
		if (slot == NULL || (pool->options.on_result == NULL && !once))
			break;
		take_result(pool, slot);
		delivered = true;
		if (once)
			return true;
		hand_result(pool);
	}
	return delivered;
}

static void
take_life(struct ord_pool *pool)
{
	struct life_event event;
	int there;

	while (!pool->destroy && (there = launch_receive(&pool->launch, &event)) == 1) {
		switch (event.packet.type) {
		case LIFE_READY: incarnation_ready(pool, &event.packet); break;
		case LIFE_ENDED:
			incarnation_ended(pool, &event.packet, event.text);
			pool_command_ended(pool, &event.packet);
			break;
		case LIFE_BEGUN: pool_command_begun(pool, &event.packet); break;
		case LIFE_FAILED:
			incarnation_failed(pool, &event);
			pool_command_failed(pool, &event);
			break;
		default: break;
		}
	}
	if (!pool->destroy && (there < 0 || launch_flush(&pool->launch) != 0))
		pool_lost(pool);
}

static void
drain_counter(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return; /* another round took it */
}

/* A worker's timer fired: records wait that it has not sent. */
static void
take_flush(struct incarnation *incarnation)
{
	if (incarnation->id == 0)
		return;
	drain_counter(incarnation->timer);
	if (outbox_disarm(&incarnation->region))
		receive_outbox(incarnation);
}

static void
take_words(struct ord_pool *pool, uint32_t place)
{
	struct incarnation *incarnation = &pool->incarnations[place];

	if (incarnation->id == 0)
		return;
	words_read(incarnation);
	if (!core_may_take(&pool->core, place))
		intake_pause(pool, &incarnation->pipe);
}

static void
take_event(struct ord_pool *pool, uint64_t what)
{
	uint32_t place = (uint32_t)(what >> 8);

	switch ((enum source)(what & 0xff)) {
	case SOURCE_LIFE: take_life(pool); break;
	case SOURCE_WAKE: drain_counter(pool->wake); break;
	case SOURCE_TIMER:
		drain_counter(pool->timer);
		pool->timer_at = 0;
		pool->look.due = true;
		break;
	case SOURCE_WORDS: take_words(pool, place); break;
	case SOURCE_FLUSH: take_flush(&pool->incarnations[place]); break;
	case SOURCE_BELL: receive_outbox(&pool->incarnations[place]); break;
	case SOURCE_STDOUT: pool_command_read(&pool->commands[place], false); break;
	case SOURCE_STDERR: pool_command_read(&pool->commands[place], true); break;
	}
}

static bool
take_events(struct ord_pool *pool, int timeout_ms)
{
	struct epoll_event events[EVENTS_PER_ROUND];
	int n = epoll_wait(pool->epoll, events, EVENTS_PER_ROUND, timeout_ms);

	for (int i = 0; i < n && !pool->destroy; i++)
		take_event(pool, events[i].data.u64);
	if (n > 1 || (n == 1 && !pool->look.due))
		pool_moved(pool);
	return n > 0;
}

/* Workers that should have been ready by now are killed; their end is told like any other. */
static uint64_t
check_starts(struct ord_pool *pool)
{
	uint64_t soonest = core_next_time(&pool->core), now_ns = clock_now_ns();

	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++) {
		struct incarnation *incarnation = &pool->incarnations[i];

		if (incarnation->id == 0 || incarnation->ready_by_ns == 0)
			continue;
		if (incarnation->ready_by_ns <= now_ns)
			incarnation_spoil(incarnation);
		else if (incarnation->ready_by_ns < soonest)
			soonest = incarnation->ready_by_ns;
	}
	return soonest;
}

static void
set_timer_at(struct ord_pool *pool, uint64_t at)
{
	struct itimerspec when = { .it_value = { (time_t)(at / CLOCK_NS_PER_S),
					   (long)(at % CLOCK_NS_PER_S) } };

	if (at == UINT64_MAX || (pool->timer_at != 0 && pool->timer_at <= at))
		return;
	if (at == 0)
		when.it_value.tv_nsec = 1;
	timerfd_settime(pool->timer, TFD_TIMER_ABSTIME, &when, NULL);
	pool->timer_at = at;
}

/* The pool's own deadlines are a descriptor too, so that a foreign loop wakes for them. */
static void
set_timer(struct ord_pool *pool)
{
	if (pool->core.suspended)
		return;
	if (pool->core.held)
		set_timer_at(pool, admission_next(pool));
	if (pool->workers_starting != 0)
		set_timer_at(pool, check_starts(pool));
	else if (core_has_time(&pool->core))
		set_timer_at(pool, core_next_time(&pool->core));
	set_timer_at(pool, pool_look_time(pool));
}

static void
watch_life(struct ord_pool *pool)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = SOURCE_LIFE };
	bool writing = launch_blocked(&pool->launch);

	if (writing == pool->life_writing || pool->launch.life < 0)
		return;
	event.events = writing ? EPOLLIN | EPOLLOUT : EPOLLIN;
	epoll_ctl(pool->epoll, EPOLL_CTL_MOD, pool->launch.life, &event);
	pool->life_writing = writing;
}

/* Before this loop waits, and before a foreign one does. */
static void
watch(struct ord_pool *pool)
{
	set_timer(pool);
	watch_life(pool);
}

/* What no descriptor would tell: a foreign loop must not sleep over it. */
static bool
more_to_do(const struct ord_pool *pool)
{
	return pool->left ||
		(pool->inline_worker != NULL && pool->core.n_waiting != 0 &&
			!pool->core.suspended) ||
		(pool->options.on_result != NULL && core_deliverable(&pool->core) != NULL);
}

void
pool_wake(struct ord_pool *pool)
{
	int wake = atomic_load(&pool->wake);
	uint64_t one = 1;

	if (wake >= 0 && write(wake, &one, sizeof one) < 0)
		return; /* the counter is full: the loop will wake */
}

/* Everything that can be done without waiting. */
static void
carry_on(struct ord_pool *pool, bool *moved)
{
	pool_announce(pool);
	if (pool->stops)
		pool_take_stops(pool);
	if (pool->left)
		receive_left(pool);
	pool_dispatch(pool);
	*moved |= pool_deliver(pool, false);
	if (pool->spill.fd >= 0)
		pool_spill(pool);
	if (!pool->destroy && pool->n_paused != 0)
		receive_resume(pool);
	if (!pool->destroy)
		pool_dispatch(pool);
	pool_announce(pool);
}

int
pool_round(struct ord_pool *pool, int timeout_ms, bool *moved)
{
	*moved = false;
	pool_take_interrupts(pool);
	carry_on(pool, moved);
	if (pool->destroy)
		return ORD_OK;
	watch(pool);
	if (*moved || pool->left || core_deliverable(&pool->core) != NULL ||
		(pool->inline_worker != NULL && !pool->core.suspended) ||
		(timeout_ms < 0 && pool_halted(pool)))
		timeout_ms = 0;
	*moved |= take_events(pool, timeout_ms);
	pool->core.now_ns = clock_now_ns();
	pool_take_interrupts(pool);
	if (pool->look.due && !pool->destroy)
		pool_look(pool);
	if (!pool->destroy)
		carry_on(pool, moved);
	if (!pool->destroy && more_to_do(pool))
		pool_wake(pool);
	if (!pool->destroy)
		watch(pool);
	pool->quiet = !*moved;
	return pool->ended ? pool->failure.status : ORD_OK;
}

int
ord_pool_step(struct ord_pool *pool, int timeout_ms)
{
	bool moved;
	int status = pool_enter(pool);

	if (status != 0)
		return status;
	if (pool_stalled(pool, timeout_ms < 0)) {
		pool_explain_stall(pool, &pool->error);
		return pool->error.status;
	}
	status = pool_round(pool, timeout_ms, &moved);
	if (status == 0 && timeout_ms < 0 && !pool->destroy && pool_stalled(pool, true)) {
		pool_explain_stall(pool, &pool->error);
		status = ORD_ESTALLED;
	}
	return pool_leave(pool, status);
}
