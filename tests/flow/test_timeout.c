/* A task whose time is up ends, politely or not, and with it what it has started. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { VERB_NOTHING, VERB_POLITE, VERB_DEAF, VERB_STUBBORN, VERB_FAMILY, VERB_FIRST_ONLY };

enum { GRACE_MS = 60, TIMEOUT_MS = 150 };

struct descendant {
	pid_t pid;
	int left; /* the group and the session of its worker */
};

static void
raise_family(int words)
{
	struct descendant self = { 0, 0 };

	if (fork() != 0)
		return;
	if (fork() == 0) {
		self.left = 1;
		setsid();
		if (fork() != 0)
			_exit(0);
	}
	signal(SIGTERM, SIG_IGN);
	self.pid = getpid();
	CHECK_EQ(write(words, &self, sizeof self), sizeof self);
	for (;;)
		pause();
}

static int
act(struct ord_task *task, void *user)
{
	const char *input = ord_task_input(task, NULL);
	char verb = input[0];
	int words;

	(void)user;
	if (verb == VERB_NOTHING || (verb == VERB_FIRST_ONLY && ord_task_attempt(task) > 0))
		return ord_task_return(task, "value", 6);
	if (verb == VERB_STUBBORN)
		signal(SIGTERM, SIG_IGN);
	if (verb == VERB_FAMILY) {
		memcpy(&words, input + 1, sizeof words);
		raise_family(words);
	}
	while (verb != VERB_POLITE || !ord_task_canceled(task))
		scene_pause_ms(1);
	return ord_task_return(task, "value", 6);
}

static void
check_timed_out(struct tally *tally, const struct ord_result *result)
{
	char verb = *(const char *)tally->user;

	if (ord_result_sequence(result) % 4 != 2) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		CHECK_EQ(ord_result_attempts(result), 1);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_TIMED_OUT);
	CHECK(ord_result_ended_ns(result) - ord_result_started_ns(result) >= (TIMEOUT_MS - 10) * UINT64_C(1000000));
	if (verb == VERB_POLITE)
		CHECK_EQ(ord_result_signal(result), 0);
	else
		CHECK_EQ(ord_result_signal(result), verb == VERB_STUBBORN ? SIGKILL : SIGTERM);
}

static void
time_out(char verb, int tasks)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = check_timed_out, .user = &verb };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start, .grace_ms = GRACE_MS,
					   .timeout_ms = TIMEOUT_MS));
		for (int i = 0; i < tasks; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, i % 4 == 2 ? &verb : "", 1, NULL));
		tally_close(&tally, (uint64_t)tasks);
		CHECK_EQ(tally.states[ORD_TIMED_OUT], (tasks + 1) / 4);
	}
}

SCENE(timeout, a_polite_task)
{
	time_out(VERB_POLITE, 10);
}

SCENE(timeout, a_deaf_task)
{
	time_out(VERB_DEAF, 10);
}

SCENE(timeout, a_worker_that_ignores_sigterm)
{
	time_out(VERB_STUBBORN, 10);
}

static void
await_gone(struct ord_pool *pool, pid_t pid)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS / 4; kill(pid, 0) == 0; scene_pause_ms(2)) {
		CHECK_OK(pool, ord_pool_step(pool, 0));
		CHECK(scene_now_ms() < end);
	}
}

/* What stayed in the worker's group is gone before the pool ends, what left it goes with the pool. */
SCENE(timeout, descendants_are_gone)
{
	char input[1 + sizeof(int)] = { VERB_FAMILY };
	struct descendant descendant;
	struct tally tally = { 0 };
	int ends[2];

	CHECK(pipe(ends) == 0);
	memcpy(input + 1, &ends[1], sizeof(int));
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .grace_ms = GRACE_MS, .start = ORD_START_FORK,
				   .timeout_ms = TIMEOUT_MS, .keep_fds = &ends[1], .n_keep_fds = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, sizeof input, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.states[ORD_TIMED_OUT], 1);
	close(ends[1]);
	for (int i = 0; i < 2; i++) {
		CHECK_EQ(read(ends[0], &descendant, sizeof descendant), sizeof descendant);
		if (!descendant.left)
			await_gone(tally.pool, descendant.pid);
	}
	tally_close(&tally, 1);
	CHECK_EQ(read(ends[0], &descendant, 1), 0);
	close(ends[0]);
}

/* The owner does nothing meanwhile: deadlines hold all the same. */
SCENE(timeout, while_the_owner_is_busy)
{
	struct tally tally = { .on_result = check_timed_out, .user = (char[]){ VERB_DEAF } };
	char verb = VERB_DEAF;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .grace_ms = GRACE_MS, .timeout_ms = TIMEOUT_MS));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, i == 2 ? &verb : "", 1, NULL));
	while (tally.results < 2)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 100));
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	scene_pause_ms(3 * (TIMEOUT_MS + GRACE_MS));
	tally_close(&tally, 3);
}

SCENE(timeout, retried)
{
	struct tally tally = { 0 };
	char verb = VERB_FIRST_ONLY;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .grace_ms = GRACE_MS, .timeout_ms = TIMEOUT_MS,
				   .retries = 1));
	for (int i = 0; i < 4; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, &verb, 1, NULL));
	tally_close(&tally, 4);
	CHECK_EQ(tally.states[ORD_DONE], 4);
}

/* Far from its end a deadline does no harm, and it does not outlive its task. */
SCENE(timeout, tasks_in_time)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .timeout_ms = SCENE_LONG_MS));
	for (int i = 0; i < 5000; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "", 1, NULL));
	tally_close(&tally, 5000);
	CHECK_EQ(tally.states[ORD_DONE], 5000);
}
