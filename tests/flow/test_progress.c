/* ord_task_progress: which calls come through, and when. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "watch.h"

enum { VERB_MANY, VERB_SLOWLY, VERB_ONE, VERB_TWO, VERB_CRASH, VERB_FORK, VERB_UNTIL_CANCELED, VERB_WITH_WORDS };
enum { MANY = 2000000, SLOWLY = 8 };

static int
say_in_a_child(struct ord_task *task)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(ord_task_progress(task, 1, 2) == ORD_ENOTSUP ? 7 : 1);
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status) == 7 ? 0 : -1;
}

static void
crash_at_first(struct ord_task *task)
{
	CHECK_EQ(ord_task_progress(task, 1, 9), 0);
	CHECK_EQ(ord_task_progress(task, 2, 9), 0);
	if (ord_task_attempt(task) == 0)
		kill(getpid(), SIGKILL);
}

static int
act(struct ord_task *task, void *user)
{
	(void)user;
	switch (INPUT_AS(char, task)) {
	case VERB_MANY:
		for (uint64_t i = 1; i <= MANY; i++)
			CHECK_EQ(ord_task_progress(task, i, MANY), 0);
		break;
	case VERB_SLOWLY:
		for (uint64_t i = 1; i <= SLOWLY; i++) {
			CHECK_EQ(ord_task_progress(task, i, SLOWLY), 0);
			scene_pause_ms(11);
		}
		break;
	case VERB_ONE: CHECK_EQ(ord_task_progress(task, UINT64_MAX, 0), 0); break;
	case VERB_TWO:
		CHECK_EQ(ord_task_progress(task, 5, 9), 0);
		CHECK_EQ(ord_task_progress(task, 4, UINT64_MAX), 0);
		break;
	case VERB_CRASH: crash_at_first(task); break;
	case VERB_FORK: return say_in_a_child(task);
	case VERB_UNTIL_CANCELED:
		CHECK_EQ(ord_task_progress(task, 1, 2), 0);
		while (!ord_task_canceled(task))
			scene_pause_ms(1);
		break;
	case VERB_WITH_WORDS:
		for (uint64_t i = 1; i <= 3; i++) {
			CHECK_EQ(ord_task_progress(task, i, 3), 0);
			ord_log(ORD_INFO, "%d", (int)i);
		}
	}
	return 0;
}

static void
submit(struct watch *watch, char verb)
{
	CHECK_OK(watch->tally.pool, ord_pool_submit(watch->tally.pool, &verb, 1, NULL));
}

#define TASKS (ORD_EVENT_BIT(ORD_TASK_STARTED) | ORD_EVENT_BIT(ORD_TASK_PROGRESS) | \
	ORD_EVENT_BIT(ORD_TASK_RETRIED) | ORD_EVENT_BIT(ORD_TASK_ENDED))

/* One task, and what events say of it. */
static void
expect_words(uint32_t events, char verb, const char *words)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .tell = 1, .events = events };

		if (start == ORD_START_INLINE && (verb == VERB_CRASH || verb == VERB_FORK))
			continue;
		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1, .retries = 1));
		submit(&watch, verb);
		CHECK_OK(watch.tally.pool, ord_pool_run(watch.tally.pool));
		if (strcmp(watch.said, words) != 0)
			CHECK_EQ(strcmp(watch.said, words), (fprintf(stderr, "said: %s\n", watch.said), 0));
		watch_close(&watch, 1);
	}
}

SCENE(progress, the_first_and_the_last)
{
	expect_words(TASKS, VERB_ONE, "S0 P0:-1/0 E0:1 result0 ");
	expect_words(TASKS, VERB_TWO, "S0 P0:5/9 P0:4/-1 E0:1 result0 ");
	expect_words(ORD_EVENT_BIT(ORD_TASK_PROGRESS), VERB_TWO, "P0:5/9 P0:4/-1 result0 ");
}

/* What was held back dies with its attempt; the next one begins anew. */
SCENE(progress, of_each_attempt)
{
	expect_words(TASKS, VERB_CRASH, "S0 P0:1/9 R0 S0 P0:1/9 P0:2/9 E0:1 result0 ");
}

SCENE(progress, not_in_a_child)
{
	expect_words(TASKS, VERB_FORK, "S0 E0:1 result0 ");
	expect_words(ORD_EVENT_BIT(ORD_TASK_ENDED), VERB_FORK, "E0:1 result0 ");
}

SCENE(progress, only_if_it_is_wanted)
{
	expect_words(TASKS & ~ORD_EVENT_BIT(ORD_TASK_PROGRESS), VERB_MANY, "S0 E0:1 result0 ");
}

/* --- many calls --- */

static uint64_t last_done, last_total, progresses; /* of the task that runs */

static void
grows(struct watch *watch, const struct ord_event *event)
{
	(void)watch;
	if (ord_event_kind(event) != ORD_TASK_PROGRESS)
		return;
	CHECK(ord_event_done(event) > last_done);
	CHECK(progresses != 0 || ord_event_done(event) == 1);
	last_done = ord_event_done(event);
	last_total = ord_event_total(event);
	progresses++;
}

/* The first, the last, and between them no more than one each 10 ms. */
static void
not_too_many(struct watch *watch, const struct ord_result *result)
{
	uint64_t elapsed_ns = ord_result_ended_ns(result) - ord_result_started_ns(result);

	(void)watch;
	CHECK(last_done == last_total);
	CHECK(progresses >= 2 && progresses <= 2 + elapsed_ns / 10000000);
	last_done = progresses = 0;
}

SCENE(progress, of_many_calls_few_are_sent)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .on_event = grows, .on_result = not_too_many };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1));
		for (int i = 0; i < 3; i++) {
			submit(&watch, VERB_MANY);
			CHECK_OK(watch.tally.pool, ord_pool_run(watch.tally.pool));
		}
		watch_close(&watch, 3);
	}
}

static void
all_of_them(struct watch *watch, const struct ord_result *result)
{
	(void)result;
	WATCHED(watch, ORD_TASK_PROGRESS, SLOWLY);
}

SCENE(progress, calls_with_time_between_them_all_come)
{
	struct watch watch = { .start = ORD_START_FORK, .on_event = grows, .on_result = all_of_them };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1));
	submit(&watch, VERB_SLOWLY);
	watch_close(&watch, 1);
}

static void
cancel_it(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_PROGRESS)
		CHECK_OK(watch->tally.pool, ord_pool_cancel(watch->tally.pool, ord_event_sequence(event)));
}

SCENE(progress, comes_while_the_task_runs)
{
	for EACH_START (start) {
		struct watch watch = { .start = start, .on_event = cancel_it };

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
		for (int i = 0; i < 50; i++)
			submit(&watch, VERB_UNTIL_CANCELED);
		watch_close(&watch, 50);
		CHECK_EQ(watch.tally.states[ORD_CANCELED], 50);
		WATCHED(&watch, ORD_TASK_PROGRESS, 50);
	}
}

/* Records of one task keep their order: the last progress was held back until its end. */
static void
said(struct tally *tally, const struct ord_message *message)
{
	struct watch *watch = tally->user;

	strcat(watch->said, ord_message_text(message, NULL));
	strcat(watch->said, " ");
}

SCENE(progress, among_messages)
{
	struct watch watch = { .start = ORD_START_EXEC, .tell = 1, .events = TASKS, .tally = { .on_message = said } };

	watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 1));
	submit(&watch, VERB_WITH_WORDS);
	watch_close(&watch, 1);
	if (strcmp(watch.said, "S0 P0:1/3 1 2 3 P0:3/3 E0:1 result0 ") != 0)
		CHECK_EQ((fprintf(stderr, "said: %s\n", watch.said), 0), 1);
}

static void
destroy_it(struct watch *watch, const struct ord_event *event)
{
	if (ord_event_kind(event) == ORD_TASK_PROGRESS)
		ord_pool_destroy(&watch->tally.pool);
}

SCENE(progress, a_callback_that_destroys)
{
	for EACH_FUNCTION_START (start) {
		struct watch watch = { .start = start, .on_event = destroy_it };
		struct ord_pool *pool;

		watch_open(&watch, &WATCH_OPTIONS(&watch, .function = act, .workers = 2));
		pool = watch.tally.pool;
		for (int i = 0; i < 10; i++)
			submit(&watch, VERB_TWO);
		CHECK_EQ(ord_pool_finish(pool), 0);
		WATCHED(&watch, ORD_TASK_PROGRESS, 1);
		CHECK_EQ(watch.tally.results, 0);
		watch_forget(&watch);
		scene_await_alone();
	}
}

/* Without anybody who listens nothing is sent, and the calls say that all is well. */
SCENE(progress, without_on_event)
{
	for EACH_FUNCTION_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start));
		for (char verb = VERB_MANY; verb <= VERB_TWO; verb++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &verb, 1, NULL));
		tally_close(&tally, 4);
		CHECK_EQ(tally.states[ORD_DONE], 4);
	}
}
