/* See watch.h. */
#include "watch.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
say(struct watch *watch, const char *format, ...)
{
	size_t used = strlen(watch->said);
	va_list arguments;

	if (!watch->tell)
		return;
	va_start(arguments, format);
	vsnprintf(watch->said + used, sizeof watch->said - used, format, arguments);
	va_end(arguments);
}

static int
wants(const struct watch *watch, enum ord_event_kind kind)
{
	return watch->events == 0 || (watch->events & ORD_EVENT_BIT(kind)) != 0;
}

/* A start, unless starts are not wanted: then only what is wanted comes, in the same order. */
static void
must_run(const struct watch *watch, const struct watched *task, const struct ord_event *event)
{
	if (wants(watch, ORD_TASK_STARTED)) {
		CHECK_EQ(task->phase, WATCH_RUNS);
		CHECK_EQ(ord_event_worker(event), task->worker);
		if (task->pid != 0)
			CHECK_EQ(ord_event_pid(event), task->pid);
	}
}

static void
see_start(struct watch *watch, struct watched *task, const struct ord_event *event)
{
	if (wants(watch, ORD_TASK_RETRIED))
		CHECK(task->phase == WATCH_SILENT || task->phase == WATCH_RETRIED);
	CHECK(ord_event_worker(event) != UINT32_MAX);
	task->phase = WATCH_RUNS;
	task->starts++;
	task->started_ns = ord_event_time_ns(event);
	task->worker = ord_event_worker(event);
	task->pid = ord_event_pid(event);
	watch->running++;
	say(watch, "S%d ", (int)ord_event_sequence(event));
}

/* The same as in the end. */
static void
see_process(struct watch *watch, struct watched *task, const struct ord_event *event)
{
	must_run(watch, task, event);
	CHECK_EQ(task->pid, 0);
	CHECK(ord_event_pid(event) > 0);
	task->pid = ord_event_pid(event);
	say(watch, "C%d ", (int)ord_event_sequence(event));
}

static void
see_progress(struct watch *watch, struct watched *task, const struct ord_event *event)
{
	must_run(watch, task, event);
	say(watch, "P%d:%lld/%lld ", (int)ord_event_sequence(event),
		(long long)ord_event_done(event), (long long)ord_event_total(event));
}

static void
see_retry(struct watch *watch, struct watched *task, const struct ord_event *event)
{
	must_run(watch, task, event);
	watch->running -= wants(watch, ORD_TASK_STARTED) ? 1 : 0;
	task->phase = WATCH_RETRIED;
	task->attempt++;
	say(watch, "R%d ", (int)ord_event_sequence(event));
}

/* One that never started, or was canceled before it started again, ends from there. */
static void
see_end(struct watch *watch, struct watched *task, const struct ord_event *event)
{
	int state = ord_event_state(event);

	CHECK(state > 0 && state < TALLY_STATES);
	if (state != ORD_CANCELED && state != ORD_PASSED && wants(watch, ORD_TASK_RETRIED))
		must_run(watch, task, event);
	if (task->phase == WATCH_SILENT && wants(watch, ORD_TASK_STARTED)) {
		CHECK_EQ(ord_event_worker(event), UINT32_MAX);
		CHECK_EQ(ord_event_pid(event), 0);
	}
	CHECK(ord_event_time_ns(event) >= task->started_ns);
	watch->running -= task->phase == WATCH_RUNS;
	watch->completed++;
	task->phase = WATCH_ENDED;
	task->state = (uint8_t)state;
	task->worker = ord_event_worker(event);
	task->pid = ord_event_pid(event);
	say(watch, "E%d:%d ", (int)ord_event_sequence(event), state);
}

static void
see_worker(struct watch *watch, const struct ord_event *event)
{
	int began = ord_event_kind(event) == ORD_WORKER_STARTED;

	CHECK(ord_event_pid(event) > 0);
	CHECK(ord_event_worker(event) != UINT32_MAX);
	CHECK(ord_event_user(event) == NULL);
	CHECK_EQ(ord_event_attempt(event), 0);
	if (wants(watch, ORD_WORKER_STARTED) && wants(watch, ORD_WORKER_ENDED))
		CHECK(began || watch->workers > 0);
	watch->workers += began ? 1 : -(uint64_t)1;
	say(watch, began ? "W " : "w ");
}

static void
see_task(struct watch *watch, const struct ord_event *event)
{
	uint64_t sequence = ord_event_sequence(event);
	struct watched *task = &watch->tasks[sequence];

	CHECK(sequence < WATCH_TASKS);
	CHECK(task->phase != WATCH_ENDED);
	if (!wants(watch, ORD_TASK_RETRIED)) {
		CHECK(ord_event_attempt(event) >= task->attempt);
		task->attempt = ord_event_attempt(event);
	}
	CHECK_EQ(ord_event_attempt(event), task->attempt);
	switch (ord_event_kind(event)) {
	case ORD_TASK_STARTED: see_start(watch, task, event); break;
	case ORD_TASK_PROGRESS: see_progress(watch, task, event); break;
	case ORD_TASK_RETRIED: see_retry(watch, task, event); break;
	case ORD_TASK_PROCESS: see_process(watch, task, event); break;
	default: see_end(watch, task, event);
	}
}

/* The three numbers are those of the model, and add up. */
static void
check_counts(const struct watch *watch, const struct ord_event *event)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	CHECK_OK(watch->tally.pool, ord_pool_statistics(watch->tally.pool, &statistics));
	CHECK_EQ(ord_event_running(event) + ord_event_queued(event) + ord_event_completed(event),
		statistics.submitted);
	CHECK(ord_event_queued(event) <= statistics.submitted);
	if (!wants(watch, ORD_TASK_STARTED))
		CHECK_EQ(ord_event_running(event), statistics.running);
	else if (wants(watch, ORD_TASK_RETRIED) && wants(watch, ORD_TASK_ENDED))
		CHECK_EQ(ord_event_running(event), watch->running);
	if (wants(watch, ORD_TASK_ENDED))
		CHECK_EQ(ord_event_completed(event), watch->completed);
}

void
watch_event(const struct ord_event *event, void *user)
{
	struct watch *watch = user;
	int kind = ord_event_kind(event);

	CHECK(watch->moving != 0);
	CHECK(kind > 0 && kind < WATCH_KINDS && wants(watch, (enum ord_event_kind)kind));
	watch->kinds[kind]++;
	CHECK(ord_event_time_ns(event) != 0);
	CHECK(kind == ORD_TASK_ENDED || ord_event_state(event) == 0);
	CHECK(kind == ORD_TASK_PROGRESS ||
		(ord_event_done(event) == 0 && ord_event_total(event) == 0));
	if (ord_event_sequence(event) == ORD_NO_SEQUENCE)
		see_worker(watch, event);
	else
		see_task(watch, event);
	check_counts(watch, event);
	if (watch->on_event != NULL)
		watch->on_event(watch, event);
}

/* Each result was announced before, with the same words. */
void
watch_result(struct tally *tally, const struct ord_result *result)
{
	struct watch *watch = tally->user;
	const struct watched *task = &watch->tasks[ord_result_sequence(result)];

	if (wants(watch, ORD_TASK_ENDED)) {
		CHECK_EQ(task->phase, WATCH_ENDED);
		CHECK_EQ(task->state, ord_result_state(result));
		CHECK_EQ(task->worker, ord_result_worker(result));
		CHECK_EQ(task->pid, ord_result_pid(result));
	}
	if (wants(watch, ORD_TASK_STARTED))
		CHECK_EQ(task->starts, ord_result_attempts(result));
	say(watch, "result%d ", (int)ord_result_sequence(result));
	if (watch->on_result != NULL)
		watch->on_result(watch, result);
}

void
watch_open(struct watch *watch, const struct ord_pool_options *options)
{
	watch->tasks = calloc(WATCH_TASKS, sizeof *watch->tasks);
	CHECK(watch->tasks != NULL);
	watch->moving = -1;
	watch->tally.user = watch;
	watch->tally.on_result = watch_result;
	tally_open(&watch->tally, options);
}

void
watch_forget(struct watch *watch)
{
	free(watch->tasks);
	watch->tasks = NULL;
}

void
watch_close(struct watch *watch, uint64_t results)
{
	tally_close(&watch->tally, results);
	if (wants(watch, ORD_TASK_ENDED))
		WATCHED(watch, ORD_TASK_ENDED, results);
	if (wants(watch, ORD_TASK_STARTED) && wants(watch, ORD_TASK_ENDED))
		CHECK_EQ(watch->running, 0);
	if (wants(watch, ORD_WORKER_STARTED) && wants(watch, ORD_WORKER_ENDED))
		CHECK_EQ(watch->workers, 0);
	watch_forget(watch);
}
