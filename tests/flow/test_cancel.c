/* Tasks that are canceled: waiting, running and polite, running and deaf, again and again. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { VERB_NOTHING, VERB_POLITE, VERB_DEAF, VERB_STUBBORN, VERB_FAMILY, VERB_GIVES_VALUE };

enum { GRACE_MS = 100 };

/* A child, and one that has left its group and session behind. */
static void
raise_family(void)
{
	if (fork() != 0)
		return;
	if (fork() == 0) {
		setsid();
		if (fork() != 0)
			_exit(0);
	}
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static int
act(struct ord_task *task, void *user)
{
	char verb = INPUT_AS(char, task);

	(void)user;
	if (verb == VERB_NOTHING)
		return 0;
	if (verb == VERB_STUBBORN)
		signal(SIGTERM, SIG_IGN);
	if (verb == VERB_FAMILY)
		raise_family();
	ord_log(ORD_INFO, "running");
	while ((verb != VERB_POLITE && verb != VERB_GIVES_VALUE) || !ord_task_canceled(task))
		scene_pause_ms(1);
	return ord_task_return(task, "value", 6);
}

/* A task that runs says so; then it is canceled. */
static void
cancel_it(struct tally *tally, const struct ord_message *message)
{
	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_message_sequence(message)));
	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_message_sequence(message)));
}

static void
check_canceled(struct tally *tally, const struct ord_result *result)
{
	char verb = *(const char *)tally->user;
	size_t size;

	if (ord_result_sequence(result) % 3 != 1) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		return;
	}
	ord_result_output(result, &size);
	CHECK_EQ(size, 0);
	CHECK_EQ(ord_result_state(result), ORD_CANCELED);
	CHECK_EQ(ord_result_attempts(result), 1);
	if (verb == VERB_POLITE)
		CHECK_EQ(ord_result_signal(result), 0);
	else
		CHECK_EQ(ord_result_signal(result), verb == VERB_STUBBORN ? SIGKILL : SIGTERM);
}

static void
cancel_running(char verb, int tasks)
{
	for EACH_START (start) {
		struct tally tally = { .on_message = cancel_it, .on_result = check_canceled, .user = &verb };
		struct ord_statistics statistics = ORD_STATISTICS;

		tally_open(&tally,
			&TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start,
				.grace_ms = verb == VERB_POLITE ? SCENE_LONG_MS : GRACE_MS));
		for (int i = 0; i < tasks; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, i % 3 == 1 ? &verb : "", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
		CHECK_EQ(statistics.deaths, verb == VERB_POLITE ? 0 : (uint64_t)tasks / 3);
		CHECK_EQ(statistics.retried, 0);
		tally_close(&tally, (uint64_t)tasks);
	}
}

SCENE(cancel, a_polite_task)
{
	cancel_running(VERB_POLITE, 300);
}

SCENE(cancel, a_deaf_task)
{
	cancel_running(VERB_DEAF, 6);
}

SCENE(cancel, a_worker_that_ignores_sigterm)
{
	cancel_running(VERB_STUBBORN, 6);
}

/* Children outlive a task that is canceled only until the pool has ended. */
SCENE(cancel, a_task_with_descendants)
{
	cancel_running(VERB_FAMILY, 6);
}

static void
check_waiting(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_state(result) == ORD_DONE)
		return;
	CHECK_EQ(ord_result_state(result), ORD_CANCELED);
	CHECK_EQ(ord_result_attempts(result), 0);
	CHECK_EQ(ord_result_pid(result), 0);
	CHECK_EQ(ord_result_worker(result), UINT32_MAX);
	CHECK_EQ(ord_result_started_ns(result), 0);
}

SCENE(cancel, waiting_tasks)
{
	struct tally tally = { .on_result = check_waiting };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2));
	for (uint64_t i = 0; i < 2000; i++) {
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL));
		if (i % 2 == 0)
			CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, i / 2));
	}
	CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, 1999));
	tally_close(&tally, 2000);
	CHECK(tally.states[ORD_CANCELED] > 100);
	CHECK_EQ(tally.states[ORD_CANCELED] + tally.states[ORD_DONE], 2000);
}

static void
cancel_everything(struct tally *tally, const struct ord_message *message)
{
	(void)message;
	if (tally->messages % 2 == 0)
		CHECK_OK(tally->pool, ord_pool_cancel_all(tally->pool));
}

/* Nobody is lost over it: after each round all workers work. */
SCENE(cancel, everything_a_hundred_times)
{
	struct tally tally = { .on_message = cancel_everything };
	char verb = VERB_POLITE;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2));
	for (uint64_t round = 1; round <= 100; round++) {
		for (int i = 0; i < 10; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &verb, 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(tally.states[ORD_CANCELED], 10 * round);
	}
	tally_close(&tally, 1000);
	CHECK_EQ(tally.messages, 200);
}

SCENE(cancel, commands)
{
	static const char *const waits[] = { "sh", "-c", "echo started; exec sleep 1000", NULL };
	static const char *const stubborn[] = { "sh", "-c", "trap '' TERM; echo started; sleep 1000 & sleep 1000; sleep 1000",
		NULL };
	struct tally tally = { .on_message = cancel_it };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2, .grace_ms = GRACE_MS));
	for (int i = 0; i < 6; i++)
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = i % 2 == 0 ? waits : stubborn, .output = ORD_OUTPUT_LINES), NULL));
	tally_close(&tally, 6);
	CHECK_EQ(tally.states[ORD_CANCELED], 6);
}
