/*
 * Nothing that a pool waits for is slept over. A loop of the host's that steps only when the descriptor is
 * readable would hang, and its deadline says so: with the smallest windows, floods that use up what one step
 * takes, workers that die and are replaced while the others answer, and a pool that is suspended.
 * ORD_TEST_ROUNDS: so many times as many tasks.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../flow/tally.h"

#define FLOOD 600u

enum { TASKS = 3000 };

static uint64_t
rounds(void)
{
	const char *text = getenv("ORD_TEST_ROUNDS");

	return text != NULL && atoi(text) > 0 ? (uint64_t)atoi(text) : 1;
}

/* Polls, and steps once. */
static void
step_when_due(struct ord_pool *pool)
{
	struct pollfd loop = { .fd = ord_pool_fd(pool), .events = POLLIN };

	CHECK(loop.fd >= 0);
	CHECK_EQ(poll(&loop, 1, SCENE_LONG_MS / 2), 1);
	CHECK_OK(pool, ord_pool_step(pool, 0));
}

static int
act(struct ord_task *task, void *user)
{
	uint64_t kind = ord_task_sequence(task) * 2654435761u >> 7;

	(void)user;
	if (kind % 97 == 0)
		raise(SIGKILL);
	if (kind % 61 == 0)
		for (unsigned i = 0; i < FLOOD; i++)
			ord_log(ORD_INFO, "record %u of a flood", i);
	if (kind % 13 == 0)
		printf("a line\n");
	if (kind % 41 == 0)
		scene_pause_ms(1);
	return ord_task_return(task, &kind, kind % 5 == 0 ? sizeof kind : 0);
}

static void
check_messages(struct tally *tally)
{
	uint64_t wanted = 0;

	for (uint64_t i = 0; i < tally->results; i++) {
		uint64_t kind = i * 2654435761u >> 7;

		if (kind % 97 != 0)
			wanted += (kind % 61 == 0 ? FLOOD : 0u) + (kind % 13 == 0 ? 1u : 0u);
	}
	CHECK_EQ(tally->messages, wanted);
}

/* As many in the window as fit, and never a step that the descriptor did not ask for. */
static void
run_rounds(const struct ord_pool_options *options, struct tally *tally, uint64_t tasks)
{
	uint64_t given = 0;

	tally_open(tally, options);
	while (tally->results < tasks) {
		while (given < tasks) {
			int status = ord_pool_submit(tally->pool, "x", 1, NULL);

			if (status == ORD_EAGAIN)
				break;
			CHECK_OK(tally->pool, status);
			given++;
		}
		step_when_due(tally->pool);
	}
	check_messages(tally);
	tally_close(tally, tasks);
}

static void
run_windows(uint32_t start, uint32_t order)
{
	static const uint32_t windows[] = { 1, 2, 3, 7, 64 };

	for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
		struct tally tally = { .completion = order == ORD_COMPLETION };

		run_rounds(&TALLY_OPTIONS(&tally, .function = act, .workers = 1 + (uint32_t)i % 4, .start = start,
				   .window = windows[i], .order = order, .max_deaths = 1000),
			&tally, TASKS / 5 * rounds());
	}
}

SCENE(wakeups, small_windows_floods_and_deaths)
{
	for EACH_START (start)
		run_windows(start, ORD_SUBMISSION);
}

SCENE(wakeups, in_the_order_of_completion)
{
	run_windows(ORD_START_FORK, ORD_COMPLETION);
}

/* A process for each task: connections come and go while others' answers lie there. */
SCENE(wakeups, workers_that_are_replaced_all_the_time)
{
	struct tally tally = { 0 };

	run_rounds(&TALLY_OPTIONS(&tally, .function = act, .workers = 3, .window = 8, .recycle_tasks = 1, .max_deaths = 1000),
		&tally, TASKS / 10 * rounds());
}

/* Nobody delivers but ord_pool_next_within: it is called until it has no more, as the page says. */
SCENE(wakeups, an_iterator)
{
	uint64_t tasks = TASKS / 3 * rounds(), given = 0, got = 0;
	const struct ord_result *result;
	struct ord_pool *pool;
	int status;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 3, .window = 5, .max_deaths = 1000)));
	CHECK_OK(pool, ord_pool_start(pool));
	while (got < tasks) {
		struct pollfd loop = { .fd = ord_pool_fd(pool), .events = POLLIN };

		while (given < tasks && ord_pool_submit(pool, "x", 1, NULL) == 0)
			given++;
		CHECK_EQ(poll(&loop, 1, SCENE_LONG_MS / 2), 1);
		while ((status = ord_pool_next_within(pool, 0, &result)) == 0 && result != NULL)
			CHECK_EQ(ord_result_sequence(result), got++);
		CHECK(status == 0 || status == ORD_EAGAIN);
	}
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* Tasks that are submitted while the pool is halted start when it goes on, without a step in between. */
static void
suspend_and_resume(uint32_t start)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .start = start, .window = 32, .max_deaths = 1000));
	for (uint64_t round = 0; round < 20 * rounds(); round++) {
		struct pollfd loop = { .fd = ord_pool_fd(tally.pool), .events = POLLIN };

		CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		for (uint64_t i = 0; i < 1 + round % 3; i++) {
			/* What was due before is done, and the descriptor tells of nothing. */
			while (poll(&loop, 1, round % 4 == 0 ? 2 : 0) == 1)
				CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
			CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.input = "x", .input_size = 1, .pass = i == 2), NULL));
		}
		while (poll(&loop, 1, 0) == 1)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		for (uint64_t wanted = tally.pool != NULL ? tally.results : 0; tally.results < wanted + 1;)
			step_when_due(tally.pool);
	}
	for (struct ord_statistics now = ORD_STATISTICS; now.submitted == 0 || tally.results < now.submitted;) {
		CHECK_EQ(ord_pool_statistics(tally.pool, &now), 0);
		if (tally.results < now.submitted)
			step_when_due(tally.pool);
	}
	tally_close(&tally, tally.results);
}

SCENE(wakeups, suspended_with_workers)
{
	suspend_and_resume(ORD_START_FORK);
}

static int
quiet(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_return(task, "y", 1);
}

SCENE(wakeups, suspended_inline)
{
	for (int waiting = 1; waiting < 4; waiting++) {
		struct tally tally = { 0 };
		struct pollfd loop;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = quiet, .start = ORD_START_INLINE));
		loop = (struct pollfd){ .fd = ord_pool_fd(tally.pool), .events = POLLIN };
		CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		for (int i = 0; i < waiting; i++) {
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
			while (poll(&loop, 1, 0) == 1)
				CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		}
		CHECK_EQ(tally.results, 0);
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		while (tally.results < (uint64_t)waiting)
			step_when_due(tally.pool);
		/* And behind a cancel of the first that waits the second is the first. */
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, (uint64_t)waiting));
		while (tally.results < (uint64_t)waiting + 2)
			step_when_due(tally.pool);
		tally_close(&tally, (uint64_t)waiting + 2);
	}
}
