/* Events: each task's in order, counts that add up, and callbacks that do what callbacks may. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

enum { VERB_NOTHING, VERB_FAIL, VERB_CRASH, VERB_EXIT, VERB_CRASH_TWICE, VERB_POLITE, VERB_DEAF, VERB_SLOW };

static int
act(struct ord_task *task, void *user)
{
	(void)user;
	switch (INPUT_AS(char, task)) {
	case VERB_FAIL: return ord_task_fail(task, "as it was asked to");
	case VERB_CRASH: abort();
	case VERB_EXIT: _exit(3);
	case VERB_CRASH_TWICE:
		if (ord_task_attempt(task) < 2)
			kill(getpid(), SIGKILL);
		break;
	case VERB_POLITE:
		while (!ord_task_canceled(task))
			scene_pause_ms(1);
		break;
	case VERB_DEAF:
		for (;;)
			pause();
	case VERB_SLOW: scene_pause_ms(20);
	}
	return 0;
}

static void
submit(struct watch *watch, char verb)
{
	CHECK_OK(watch->tally.pool, ord_pool_submit_wait(watch->tally.pool, &verb, 1, NULL));
}

static void
run(struct watch *watch)
{
	CHECK_OK(watch->tally.pool, ord_pool_run(watch->tally.pool));
}

static void
compare_result(struct watch *watch, const struct ord_result *result)
{
	const struct watched *task = &watch->tasks[ord_result_sequence(result)];

	CHECK_EQ(task->started_ns, ord_result_started_ns(result));
	CHECK(ord_result_ended_ns(result) >= task->started_ns);
}

SCENE(events, one_start_and_one_end_of_each_task)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .on_result = compare_result };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
		for (int i = 0; i < 2000; i++)
			submit(&watch, i % 10 == 0 ? VERB_FAIL : VERB_NOTHING);
		watch_close(&watch, 2000);
		WATCHED(&watch, ORD_TASK_STARTED, 2000);
		WATCHED(&watch, ORD_TASK_RETRIED, 0);
		CHECK_EQ(watch.kinds[ORD_WORKER_STARTED] != 0, start != ORD_START_INLINE);
	}
}

SCENE(events, a_hundred_thousand_tasks)
{
	struct watch watch = { .start = ORD_START_EXEC };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
	for (int i = 0; i < 100000; i++)
		submit(&watch, VERB_NOTHING);
	watch_close(&watch, 100000);
	WATCHED(&watch, ORD_TASK_STARTED, 100000);
}

SCENE(events, in_other_orders)
{
	for (int messages = ORD_LIVE; messages <= ORD_ORDERED; messages++)
		for (int order = ORD_SUBMISSION; order <= ORD_COMPLETION; order++) {
			struct watch watch = { .start = ORD_START_FORK, .tally = { .completion = order == ORD_COMPLETION } };

			watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .window = 50,
						  .order = (uint32_t)order, .messages = (uint32_t)messages));
			for (int i = 0; i < 2000; i++)
				submit(&watch, VERB_NOTHING);
			watch_close(&watch, 2000);
		}
}

/* It is canceled because its start was told, so starts are told while tasks run. */
static void
cancel_what_starts(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) != ORD_TASK_STARTED)
		return;
	CHECK(ord_event_running(event) >= 1);
	CHECK_OK(watch->tally.pool, ord_pool_cancel(watch->tally.pool, ord_event_sequence(event)));
}

static void
cancel_running(char verb, uint64_t tasks)
{
	for EACH_START (start) {
		struct watch watch = { .start = start, .on_event = cancel_what_starts };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .grace_ms = 50));
		for (uint64_t i = 0; i < tasks; i++)
			submit(&watch, verb);
		watch_close(&watch, tasks);
		CHECK_EQ(watch.tally.states[ORD_CANCELED], tasks);
		WATCHED(&watch, ORD_TASK_STARTED, tasks);
		WATCHED(&watch, ORD_TASK_RETRIED, 0);
	}
}

SCENE(events, a_start_is_told_while_the_task_runs)
{
	cancel_running(VERB_POLITE, 50);
	cancel_running(VERB_DEAF, 4);
}

/* The first task occupies the worker; the others never start. */
SCENE(events, canceled_before_they_start)
{
	for EACH_START (start) {
		struct watch watch = { .start = start };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1));
		submit(&watch, VERB_POLITE);
		while (watch.kinds[ORD_TASK_STARTED] == 0)
			CHECK_OK(watch.tally.pool, ord_pool_step(watch.tally.pool, 1000));
		for (uint64_t i = 1; i <= 100; i++)
			submit(&watch, VERB_NOTHING);
		watch.moving = 0;
		CHECK_OK(watch.tally.pool, ord_pool_cancel_all(watch.tally.pool));
		watch.moving = -1;
		watch_close(&watch, 101);
		CHECK_EQ(watch.tally.states[ORD_CANCELED], 101);
		WATCHED(&watch, ORD_TASK_STARTED, 1);
	}
}

/* What events say, word by word. */
static void
expect_words(const struct ord_pool_options *extra, char verb, const char *words)
{
	for EACH_START (start) {
		struct watch watch = { .start = start,
			.tell = 1,
			.on_result = compare_result,
			.events = ORD_EVENT_BIT(ORD_TASK_STARTED) | ORD_EVENT_BIT(ORD_TASK_RETRIED) |
				ORD_EVENT_BIT(ORD_TASK_ENDED) };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1, .retries = extra->retries,
					  .timeout_ms = extra->timeout_ms, .quarantine = extra->quarantine, .grace_ms = 50));
		submit(&watch, verb);
		run(&watch);
		if (strcmp(watch.said, words) != 0)
			CHECK_EQ(strcmp(watch.said, words), (fprintf(stderr, "said: %s\n", watch.said), 0));
		watch_close(&watch, 1);
	}
}

SCENE(events, retries)
{
	expect_words(&ORD_POOL_OPTIONS(.retries = 2), VERB_CRASH_TWICE, "S0 R0 S0 R0 S0 E0:1 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 1), VERB_CRASH_TWICE, "S0 R0 S0 E0:5 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 1), VERB_FAIL, "S0 E0:3 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 1, .timeout_ms = 20), VERB_POLITE, "S0 R0 S0 E0:6 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 1, .timeout_ms = 20), VERB_DEAF, "S0 R0 S0 E0:6 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 9, .quarantine = 2), VERB_CRASH, "S0 R0 S0 E0:8 result0 ");
}

SCENE(events, crashes)
{
	expect_words(&ORD_POOL_OPTIONS(.retries = 0), VERB_CRASH, "S0 E0:5 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 0), VERB_EXIT, "S0 E0:4 result0 ");
	expect_words(&ORD_POOL_OPTIONS(.retries = 0, .timeout_ms = 20), VERB_DEAF, "S0 E0:6 result0 ");
}

SCENE(events, workers_that_die)
{
	for EACH_START (start) {
		struct watch watch = { .start = start, .on_result = compare_result };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .retries = 3, .quarantine = 9));
		for (int i = 0; i < 300; i++)
			submit(&watch, i % 30 == 7 ? VERB_CRASH_TWICE : VERB_NOTHING);
		watch_close(&watch, 300);
		CHECK_EQ(watch.tally.states[ORD_DONE], 300);
		WATCHED(&watch, ORD_TASK_STARTED, 300 + 2 * 10);
		WATCHED(&watch, ORD_TASK_RETRIED, 2 * 10);
		CHECK(watch.kinds[ORD_WORKER_ENDED] >= 2 * 10);
	}
}

/* --- commands --- */

static void
command_says(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_STARTED)
		CHECK_EQ(ord_event_pid(event), 0);
	if (ord_event_kind(event) == ORD_TASK_ENDED && ord_event_state(event) == ORD_DONE)
		CHECK(ord_event_pid(event) > 0);
	CHECK(*(int *)ord_event_user(event) == (int)ord_event_sequence(event));
	(void)watch;
}

SCENE(events, commands)
{
	static const char *const scripts[] = { "true", "exit 3", "kill -9 $$", "echo out" };
	static const char *const nothing[] = { "/no/such/program", NULL };
	struct watch watch = { .on_event = command_says, .events = ~(ORD_EVENT_BIT(ORD_WORKER_STARTED) | ORD_EVENT_BIT(ORD_WORKER_ENDED)) & 0x7e };
	int users[41];

	watch_open(&watch, &WATCH_OPTIONS(&watch, .workers = 3));
	for (int i = 0; i < 41; i++) {
		struct ord_command command = ORD_COMMAND(.argv = SH(scripts[i % 4]), .user = &users[i], .retries = 1);

		users[i] = i;
		if (i == 40) {
			command.argv = nothing;
			command.retries = 0;
		}
		watch.moving = 0; /* events do not come from inside submit */
		CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool, &command, NULL));
		watch.moving = -1;
	}
	run(&watch);
	WATCHED(&watch, ORD_TASK_STARTED, 41 + 20);
	WATCHED(&watch, ORD_TASK_RETRIED, 20);
	CHECK_EQ(watch.tally.states[ORD_FAILED] + watch.tally.states[ORD_EXITED], 11);
	watch_close(&watch, 41);
	WATCHED(&watch, ORD_WORKER_STARTED, 0);
}

static void
kill_the_process(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_PROCESS && watch->mode)
		CHECK_EQ(kill(ord_event_pid(event), SIGKILL), 0);
}

/* It is told while the command runs, once for each attempt, behind its start. */
SCENE(events, processes_of_commands)
{
	static const char *const nothing[] = { "/no/such/program", NULL };
	struct watch watch = { .on_event = kill_the_process, .mode = 1,
		.events = ORD_EVENT_BIT(ORD_TASK_STARTED) | ORD_EVENT_BIT(ORD_TASK_RETRIED) |
			ORD_EVENT_BIT(ORD_TASK_ENDED) | ORD_EVENT_BIT(ORD_TASK_PROCESS) };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .workers = 3));
	for (int i = 0; i < 10; i++)
		CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool,
						   &ORD_COMMAND(.argv = SH("exec sleep 1000"), .retries = 1), NULL));
	CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool, &ORD_COMMAND(.argv = nothing), NULL));
	watch_close(&watch, 11);
	WATCHED(&watch, ORD_TASK_PROCESS, 20);
	CHECK_EQ(watch.tally.states[ORD_SIGNALED], 10);

	/* Nobody who asks for all kinds pays for it. */
	watch = (struct watch){ .on_event = kill_the_process };
	watch_open(&watch, &WATCH_OPTIONS(&watch, .workers = 3));
	CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool, &ORD_COMMAND(.argv = SH("true")), NULL));
	watch_close(&watch, 1);
	WATCHED(&watch, ORD_TASK_PROCESS, 0);
}

SCENE(events, commands_that_are_canceled)
{
	struct watch watch = { .on_event = cancel_what_starts };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .workers = 2, .grace_ms = 50));
	for (int i = 0; i < 6; i++)
		CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool, &ORD_COMMAND(.argv = SH("exec sleep 1000")), NULL));
	watch_close(&watch, 6);
	CHECK_EQ(watch.tally.states[ORD_CANCELED], 6);
	WATCHED(&watch, ORD_TASK_STARTED, 6);
}

/* What submit and cancel cause is told by the next step, and the pool's descriptor says that there is something. */
SCENE(events, a_foreign_loop_is_woken)
{
	struct watch watch = { .tell = 1 };
	struct pollfd poller = { .events = POLLIN };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .workers = 1));
	poller.fd = ord_pool_fd(watch.tally.pool);
	watch.moving = 0;
	CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool, &ORD_COMMAND(.argv = SH("exec sleep 1000")), NULL));
	CHECK_EQ(poll(&poller, 1, SCENE_LONG_MS), 1);
	watch.moving = -1;
	CHECK_OK(watch.tally.pool, ord_pool_step(watch.tally.pool, 0));
	CHECK(strcmp(watch.said, "S0 ") == 0);
	CHECK_OK(watch.tally.pool, ord_pool_submit_task(watch.tally.pool, &ORD_TASK(.pass = 1), NULL));
	CHECK_EQ(poll(&poller, 1, SCENE_LONG_MS), 1);
	CHECK_OK(watch.tally.pool, ord_pool_step(watch.tally.pool, 0));
	CHECK(strcmp(watch.said, "S0 E1:2 ") == 0);
	CHECK_OK(watch.tally.pool, ord_pool_cancel_all(watch.tally.pool));
	watch_close(&watch, 2);
}

/* --- which --- */

SCENE(events, only_what_is_wanted)
{
	for EACH_FUNCTION_START (start)
		for (uint32_t kind = ORD_TASK_STARTED; kind <= ORD_WORKER_ENDED; kind++) {
			struct watch watch = { .start = start, .events = ORD_EVENT_BIT(kind) };
			uint32_t retries = start == ORD_START_INLINE ? 0 : 2;

			watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .retries = 2));
			for (int i = 0; i < 200; i++)
				submit(&watch, i == 9 && retries != 0 ? VERB_CRASH_TWICE : VERB_NOTHING);
			watch_close(&watch, 200);
			if (kind == ORD_TASK_STARTED)
				WATCHED(&watch, kind, 200 + retries);
			if (kind == ORD_TASK_RETRIED)
				WATCHED(&watch, kind, retries);
		}
}

SCENE(events, kinds_that_do_not_exist)
{
	struct ord_pool *pool;

	for (uint32_t bit = 0; bit < 32; bit++) {
		int valid = bit >= ORD_TASK_STARTED && bit <= ORD_TASK_PROCESS;

		CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .events = UINT32_C(1) << bit)),
			valid ? 0 : ORD_EINVAL);
		ord_pool_destroy(&pool);
	}
	for (int kind = -1; kind <= 8; kind++)
		CHECK_EQ(strcmp(ord_event_name(kind), "unknown") == 0, kind < ORD_TASK_STARTED || kind > ORD_TASK_PROCESS);
	CHECK(strcmp(ord_event_name(ORD_TASK_RETRIED), "task retried") == 0);
}

SCENE(events, of_values_and_users)
{
	struct watch watch = { .start = ORD_START_FORK };
	char value = VERB_NOTHING;

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
	for (int i = 0; i < 100; i++)
		CHECK_OK(watch.tally.pool, ord_pool_submit_task(watch.tally.pool,
					     &ORD_TASK(.input = &value, .input_size = 1, .pass = 1, .user = &watch), NULL));
	CHECK_OK(watch.tally.pool, ord_pool_finish(watch.tally.pool));
	CHECK_EQ(watch.tally.states[ORD_PASSED], 100);
	WATCHED(&watch, ORD_TASK_STARTED, 0);
	WATCHED(&watch, ORD_TASK_ENDED, 100);
	ord_pool_destroy(&watch.tally.pool);
	watch_forget(&watch);
}

/* --- callbacks that do something --- */

static void
try_what_waits(struct watch *watch, const struct ord_event *event)
{
	struct ord_pool *pool = watch->tally.pool;
	const struct ord_result *next;

	(void)event;
	CHECK_FAILS(pool, ord_pool_submit_wait(pool, "x", 1, NULL), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_step(pool, 0), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_run(pool), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_next(pool, &next), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_finish(pool), ORD_EBUSY, "callback");
}

SCENE(events, what_waits_is_refused)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .on_event = try_what_waits };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
		for (int i = 0; i < 20; i++)
			submit(&watch, VERB_NOTHING);
		watch_close(&watch, 20);
	}
}

enum { CHAIN = 3000 };

/* Each end gives two new tasks and cancels one of them, until there have been enough. */
static void
submit_more(struct watch *watch, const struct ord_event *event)
{
	struct ord_pool *pool = watch->tally.pool;
	struct ord_statistics statistics = ORD_STATISTICS;
	char verb = VERB_NOTHING;
	uint64_t sequence;

	if (ord_event_kind(event) != watch->mode)
		return;
	CHECK_OK(pool, ord_pool_statistics(pool, &statistics));
	for (int i = 0; i < 2 && statistics.submitted < CHAIN; i++) {
		int status = ord_pool_submit(pool, &verb, 1, &sequence);

		CHECK(status == 0 || status == ORD_EAGAIN);
		if (status == 0 && i == 1)
			CHECK_OK(pool, ord_pool_cancel(pool, sequence));
	}
}

SCENE(events, a_callback_that_submits_and_cancels)
{
	for EACH_FUNCTION_START (start)
		for (int kind = ORD_TASK_STARTED; kind <= ORD_TASK_ENDED; kind += ORD_TASK_ENDED - ORD_TASK_STARTED)
			for (uint32_t window = 3; window <= 4096; window += 4093) {
				struct watch watch = { .start = start, .on_event = submit_more, .mode = kind };
				uint64_t results;

				watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .window = window));
				for (int i = 0; i < 3; i++)
					submit(&watch, VERB_NOTHING);
				run(&watch);
				results = watch.tally.results;
				CHECK(results >= 3 && (window == 3 || results == CHAIN || results == CHAIN + 1));
				watch_close(&watch, results);
			}
}

static void
destroy_at(struct watch *watch, const struct ord_event *event)
{
	CHECK(watch->tally.pool != NULL);
	if (ord_event_kind(event) == watch->mode && watch->kinds[watch->mode] == (watch->mode > ORD_TASK_ENDED ? 1 : 3))
		ord_pool_destroy(&watch->tally.pool);
}

SCENE(events, a_callback_that_destroys)
{
	for EACH_FUNCTION_START (start)
		for (int kind = ORD_TASK_STARTED; kind <= ORD_WORKER_ENDED; kind++) {
			struct watch watch = { .start = start, .on_event = destroy_at, .mode = kind };
			struct ord_pool *pool;

			if (start == ORD_START_INLINE && kind != ORD_TASK_STARTED && kind != ORD_TASK_ENDED)
				continue;
			if (kind == ORD_TASK_PROGRESS)
				continue;
			watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .retries = 9, .quarantine = 99));
			pool = watch.tally.pool;
			for (int i = 0; i < 30; i++)
				submit(&watch, i == 5 && start != ORD_START_INLINE ? VERB_CRASH : VERB_NOTHING);
			if (ord_pool_finish(pool) != 0 || watch.tally.pool != NULL)
				CHECK_EQ(kind, -1);
			watch_forget(&watch);
			scene_await_alone();
		}
}

static void
interrupt_at_tenth(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_ENDED && watch->kinds[ORD_TASK_ENDED] == 10)
		CHECK_OK(watch->tally.pool, ord_pool_interrupt(watch->tally.pool));
}

SCENE(events, a_callback_that_interrupts)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .on_event = interrupt_at_tenth };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
		for (int i = 0; i < 1000; i++)
			submit(&watch, VERB_NOTHING);
		CHECK_EQ(ord_pool_finish(watch.tally.pool), ORD_EINTERRUPTED);
		CHECK_EQ(watch.tally.results, 1000);
		WATCHED(&watch, ORD_TASK_ENDED, 1000);
		CHECK_EQ(watch.running, 0);
		CHECK_EQ(watch.workers, 0);
		ord_pool_destroy(&watch.tally.pool);
		watch_forget(&watch);
	}
}

/* --- other ways to take results --- */

SCENE(events, with_the_iterator)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start };
		const struct ord_result *result;
		uint64_t n = 0;
		char verb = VERB_NOTHING;

		watch_open(&watch, &ORD_POOL_OPTIONS(.function = act, .workers = 2, .on_event = watch_event,
					   .on_event_user = &watch, .start = start));
		for (int i = 0; i < 500; i++)
			CHECK_OK(watch.tally.pool, ord_pool_submit(watch.tally.pool, &verb, 1, NULL));
		for (; ord_pool_next(watch.tally.pool, &result) == 0 && result != NULL; n++)
			CHECK_EQ(watch.tasks[ord_result_sequence(result)].phase, WATCH_ENDED);
		CHECK_EQ(n, 500);
		watch.tally.results = n;
		watch_close(&watch, 500);
	}
}

/* --- ends from outside --- */

static void
kill_a_worker(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_ENDED && watch->completed % 50 == 0 && ord_event_pid(event) > 0)
		kill(ord_event_pid(event), SIGKILL);
}

/* At any instant, also between a claim and the word that a task began. */
SCENE(events, workers_that_are_killed)
{
	for EACH_START (start) {
		struct watch watch = { .start = start, .on_event = kill_a_worker };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 3, .retries = 200, .quarantine = 200));
		for (int i = 0; i < 4000; i++)
			submit(&watch, VERB_NOTHING);
		watch_close(&watch, 4000);
		CHECK_EQ(watch.tally.states[ORD_DONE], 4000);
		CHECK_EQ(watch.kinds[ORD_TASK_STARTED], 4000 + watch.kinds[ORD_TASK_RETRIED]);
	}
}

static int
kill_the_spawner(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) == 20)
		kill(getppid(), SIGKILL);
	return 0;
}

SCENE(events, a_spawner_that_is_killed)
{
	struct watch watch = { .start = ORD_START_EXEC };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = kill_the_spawner, .workers = 2));
	for (int i = 0; i < 1000; i++)
		CHECK_OK(watch.tally.pool, ord_pool_submit(watch.tally.pool, "x", 1, NULL));
	CHECK_EQ(ord_pool_finish(watch.tally.pool), ORD_ELOST);
	CHECK_EQ(watch.tally.results, 1000);
	WATCHED(&watch, ORD_TASK_ENDED, 1000);
	CHECK_EQ(watch.running, 0);
	CHECK_EQ(watch.workers, 0);
	ord_pool_destroy(&watch.tally.pool);
	watch_forget(&watch);
}

/* --- workers that come and go in good order --- */

SCENE(events, workers_that_are_replaced)
{
	for EACH_START (start) {
		struct watch watch = { .start = start };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .recycle_tasks = 10));
		for (int i = 0; i < 60; i++)
			submit(&watch, VERB_NOTHING);
		watch_close(&watch, 60);
		WATCHED(&watch, ORD_TASK_STARTED, 60);
		WATCHED(&watch, ORD_TASK_RETRIED, 0);
		CHECK(watch.kinds[ORD_WORKER_STARTED] >= 6);
	}
}

static void
resize_now_and_then(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_ENDED && watch->completed % 100 == 0 && watch->completed < 1000)
		CHECK_OK(watch->tally.pool, ord_pool_resize(watch->tally.pool, (uint32_t)(watch->completed / 100 % 3 + 1)));
}

SCENE(events, a_callback_that_resizes)
{
	for EACH_START (start) {
		struct watch watch = { .start = start, .on_event = resize_now_and_then };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1));
		for (int i = 0; i < 1000; i++)
			submit(&watch, VERB_NOTHING);
		watch_close(&watch, 1000);
		CHECK_EQ(watch.tally.states[ORD_DONE], 1000);
	}
}

static int
yield(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) % 4 == 0) {
		ord_task_yield(task);
		ord_task_progress(task, 1, 2);
		ord_task_resume(task);
	}
	return 0;
}

SCENE(events, of_tasks_that_yield)
{
	struct watch watch = { .start = ORD_START_EXEC };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = yield, .workers = 2));
	for (int i = 0; i < 400; i++)
		submit(&watch, VERB_NOTHING);
	watch_close(&watch, 400);
	WATCHED(&watch, ORD_TASK_STARTED, 400);
	WATCHED(&watch, ORD_TASK_PROGRESS, 100);
}

/* Functions and commands share the places. */
SCENE(events, functions_and_commands)
{
	struct watch watch = { .start = ORD_START_EXEC };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2, .retries = 1));
	for (int i = 0; i < 300; i++)
		if (i % 10 == 0)
			CHECK_OK(watch.tally.pool, ord_pool_submit_command(watch.tally.pool,
				&ORD_COMMAND(.argv = SH(i % 20 == 0 ? "exit 1" : "true")), NULL));
		else
			submit(&watch, i % 50 == 7 ? VERB_CRASH : VERB_NOTHING);
	watch_close(&watch, 300);
	CHECK_EQ(watch.kinds[ORD_TASK_STARTED], 300 + watch.kinds[ORD_TASK_RETRIED]);
	WATCHED(&watch, ORD_TASK_RETRIED, 15 + 6);
}
