/*
 * Ends: of a task that is asked to stop, of a pool that failed, was
 * interrupted or is done.  In every case what is left is settled, so that each
 * task has exactly one result.
 */
#define _GNU_SOURCE /* syscall */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "pool/pool.h"
#include "spawn/sweep.h"

#define GONE_MS 2000 /* the kernel kills orphaned workers at once; this only bounds the wait */

static void
stop_now(struct ord_pool *pool, const struct slot *slot, bool kill)
{
	uint32_t place = core_runner(&pool->core, slot);

	if (place == UINT32_MAX || pool->inline_worker != NULL)
		return;
	if (slot->task.command)
		launch_stop(&pool->launch, pool->commands[place].id, 0, slot->task.limits.grace_ms,
			kill);
	else
		launch_stop(&pool->launch, pool->incarnations[place].id,
			RUN_WORD(slot->sequence, slot->attempt, RUN_RUNNING),
			slot->task.limits.grace_ms, kill);
}

void
pool_signal_command(struct ord_pool *pool, const struct slot *slot, int number)
{
	uint32_t place = core_runner(&pool->core, slot);

	if (place != UINT32_MAX)
		launch_signal(&pool->launch, pool->commands[place].id, number);
}

/*
 * A worker that holds several tasks may have answered this one, and the answer
 * lies in its outbox: a stop for it would take the place of one for the task
 * that runs now.  So the loop looks there first.
 */
void
pool_stop_task(struct ord_pool *pool, struct slot *slot, bool kill)
{
	uint32_t place = core_runner(&pool->core, slot);

	pool_stop_asking(pool, slot);
	if (slot->task.command || (place != UINT32_MAX && pool->core.places[place].count == 1))
		stop_now(pool, slot, kill);
	else
		pool->stops = true;
}

/* If records are left, the task that seems to run may be over: the next look finds the one that does. */
static void
take_stop(struct ord_pool *pool, uint32_t place, bool kill)
{
	struct incarnation *incarnation = &pool->incarnations[place];
	struct slot *slot;

	receive_outbox(incarnation);
	if (incarnation->left) {
		pool->stops = true;
		return;
	}
	slot = core_running(&pool->core, place);
	if (slot != NULL && slot->cancel)
		stop_now(pool, slot, kill);
}

void
pool_take_stops(struct ord_pool *pool)
{
	bool kill = pool->ended || pool->interrupts_taken > 1;

	pool->stops = false;
	for (uint32_t i = 0; i < pool->core.n_places && !pool->destroy; i++)
		if (pool->incarnations != NULL && pool->core.places[i].count != 0)
			take_stop(pool, i, kill);
}

static void
kill_running(struct ord_pool *pool)
{
	for (uint32_t i = 0; i < pool->core.n_slots; i++) {
		struct slot *slot = &pool->core.slots[i];

		if (slot->state == SLOT_SENT && core_cancel(&pool->core, slot))
			pool_stop_task(pool, slot, true);
	}
}

void
pool_take_interrupts(struct ord_pool *pool)
{
	uint32_t asked = atomic_load(&pool->interrupts);

	if (asked == pool->interrupts_taken)
		return;
	if (pool->interrupts_taken == 0) {
		pool_close(pool);
		if (pool->failure.status == 0)
			error_set(&pool->failure, ORD_EINTERRUPTED,
				"interrupted: tasks that had not started were canceled");
		core_stop(&pool->core, "canceled: the pool was interrupted");
	}
	if (asked > 1)
		kill_running(pool);
	pool->interrupts_taken = asked;
}

void
pool_fail(struct ord_pool *pool, int status, const char *format, ...)
{
	char text[sizeof pool->failure.text];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (pool->failure.status == 0)
		error_set(&pool->failure, status, "%s", text);
	error_set(&pool->error, status, "%s", text);
	pool->ended = true;
	pool_close(pool);
	core_stop(&pool->core, text);
	kill_running(pool);
}

/* It names the first task that waits: what is in its way is often its function, or what it needs. */
void
pool_fail_crash_loop(struct ord_pool *pool)
{
	const struct core *core = &pool->core;
	char task[48] = "";

	if (core->waiting != NULL)
		snprintf(task, sizeof task, "; the first task that waits is %llu",
			(unsigned long long)core->waiting->sequence);
	pool_fail(pool, ORD_ECRASHLOOP,
		"%u workers in a row ended without having started a task; the last: %s%s",
		core->fruitless,
		pool->start_error.text[0] != '\0' ? pool->start_error.text : "it ended while idle",
		task);
}

/* Wait until a process that is not our child has ended: only then nothing of it can still write. */
static void
await_gone(int32_t pid)
{
	struct pollfd gone = { .fd = -1, .events = POLLIN };

	if (pid > 0)
		gone.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (gone.fd >= 0)
		poll(&gone, 1, GONE_MS);
	fd_close(&gone.fd);
}

/*
 * Workers die with their spawner, but not what their tasks had started: their
 * groups are killed at once, while the numbers cannot be another's yet.
 */
static void
kill_groups(const struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->incarnations[i].id != 0 && pool->incarnations[i].pid > 0)
			kill(-pool->incarnations[i].pid, SIGKILL);
}

/* What workers had committed before counts. */
void
pool_lost(struct ord_pool *pool)
{
	kill_groups(pool);
	group_end(pool->group);
	for (uint32_t i = 0; i < pool->core.n_places; i++) {
		struct life_packet end = { .place = i, .status = 9 };

		if (pool->incarnations != NULL && pool->incarnations[i].id != 0) {
			await_gone(pool->incarnations[i].pid);
			end.id = pool->incarnations[i].id;
			end.pid = pool->incarnations[i].pid;
			incarnation_ended(pool, &end, "");
		}
		if (pool->commands[i].id != 0) {
			end.id = pool->commands[i].id;
			end.pid = 0; /* only the spawner knew it */
			pool_command_ended(pool, &end);
		}
	}
	fd_close(&pool->launch.life);
	core_lost(&pool->core, "canceled: the spawner is gone");
	pool_fail(pool, ORD_ELOST,
		"the spawner of this pool was killed, and its workers with it: make a new pool");
}

static bool
workers_live(const struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->incarnations[i].id != 0)
			return true;
	return false;
}

static void
bye_to_ready(struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->core.places[i].state == PLACE_READY)
			incarnation_bye(pool, i);
}

/*
 * Idle workers leave by themselves when they are told; one that does not within
 * the grace, or before a second interrupt, is ended by the spawner.
 */
static void
say_bye(struct ord_pool *pool)
{
	uint64_t until_ns = clock_now_ns() + pool->options.grace_ms * CLOCK_NS_PER_MS;
	bool moved;

	core_stop(&pool->core, NULL);
	if (pool->core.suspended && pool_go_on(pool) != 0)
		return;
	bye_to_ready(pool);
	while (pool->launch.life >= 0 && pool->workers_ready != 0 && !pool->destroy &&
		pool->interrupts_taken < 2 && clock_now_ns() < until_ns) {
		pool_round(pool, clock_left_ms(clock_now_ns(), until_ns), &moved);
		bye_to_ready(pool);
	}
}

static void
close_all(struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		incarnation_close(&pool->incarnations[i]);
	for (uint32_t i = 0; pool->commands != NULL && i < pool->core.n_places; i++)
		pool_command_close(&pool->commands[i]);
	incarnation_drop_spare(pool);
	channel_close(&pool->context);
	sweep_directory(pool->directory);
	group_end(pool->group);
	pool->directory[0] = pool->group[0] = '\0';
}

/* Workers that were ended by the spawner while a hook of theirs ran, or before they were ready, have said things too. */
static void
take_rest(struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		if (pool->incarnations[i].id != 0 && !pool->destroy)
			incarnation_take_rest(&pool->incarnations[i]);
}

void
pool_shut_down(struct ord_pool *pool, bool orderly)
{
	if (pool->finished)
		return;
	if (orderly && pool->inline_worker == NULL && workers_live(pool))
		say_bye(pool);
	inline_stop(pool, !orderly);
	launch_finish(&pool->launch, pool->options.grace_ms);
	if (orderly && pool->inline_worker == NULL)
		take_rest(pool);
	if (orderly)
		pool_announce_gone(pool);
	close_all(pool);
	pool_close(pool);
	pool->finished = true;
}

/* In a child that the owner forked nothing is ours but memory. */
static void
abandon(struct ord_pool *pool)
{
	launch_abandon(&pool->launch);
	fd_close(
		&pool->epoll); /* what is taken out of it would leave the owner's, too: it is one */
	pool->context = NULL;
	pool->directory[0] = pool->group[0] = '\0';
	for (uint32_t i = 0; pool->incarnations != NULL && i < pool->core.n_places; i++)
		pool->incarnations[i].tasks = NULL;
}

static void
drop_held(struct ord_pool *pool)
{
	for (uint32_t i = 0; pool->core.rests != NULL && i < pool->core.n_slots; i++) {
		struct message *held = pool->core.rests[i].messages;

		for (struct message *next; held != NULL; held = next) {
			next = held->next;
			memory_free(held);
		}
	}
}

void
pool_free(struct ord_pool *pool)
{
	int wake = atomic_exchange(&pool->wake, -1);

	if (pool->alive != NULL && *pool->alive == 0)
		abandon(pool);
	pool->destroy = false;
	pool->options.on_event = NULL; /* a pool that is taken down says nothing more */
	if (pool->started || pool->launch.life >= 0)
		pool_shut_down(pool, false);
	close_all(pool);
	inline_finish(pool);
	drop_held(pool);
	result_finish(&pool->current);
	for (uint32_t i = 0; pool->tails != NULL && i < pool->core.n_places; i++)
		tail_finish(&pool->tails[i]);
	core_finish(&pool->core);
	slabs_finish(pool);
	if (pool->claims != NULL)
		claims_unmap(pool->claims, core_slots(pool->options.window));
	pool_functions_finish(&pool->functions);
	spill_finish(&pool->spill);
	fd_close(&pool->claims_fd);
	fd_close(&pool->shared_fd);
	fd_close(&pool->epoll);
	fd_close(&wake);
	fd_close(&pool->timer);
	buffer_finish(&pool->text);
	buffer_finish(&pool->scratch);
	memory_free(pool->incarnations);
	memory_free(pool->tails);
	memory_free(pool->commands);
	memory_free(pool->program);
	memory_free(pool->function_name);
	memory_free(pool->spill_directory);
	memory_free(pool->keep_fds);
	alive_destroy(pool->alive);
	memory_free(pool);
}
