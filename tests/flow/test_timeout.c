/* A task whose time is up ends, politely or not, and with it what it has started. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { VERB_NOTHING, VERB_POLITE, VERB_DEAF, VERB_STUBBORN, VERB_FAMILY, VERB_FIRST_ONLY };

/*
 * A task that must have got somewhere when its time is up says so by a record. Whose time was up before it could
 * is given another, longer one: that is up to the machine.
 */
enum { GRACE_MS = 60, TIMEOUT_MS = 150, LONGER = 12 };

struct descendant {
	pid_t pid;
	int left; /* the group and the session of its worker */
};

/* Returns when both have told of themselves. */
static void
raise_family(int words)
{
	struct descendant self = { 0, 0 };
	int ready[2];

	CHECK(pipe(ready) == 0);
	if (fork() != 0) {
		close(ready[1]);
		CHECK_EQ(read(ready[0], &self, 1), 0);
		close(ready[0]);
		return;
	}
	if (fork() == 0) {
		self.left = 1;
		setsid();
		if (fork() != 0)
			_exit(0);
	}
	signal(SIGTERM, SIG_IGN);
	self.pid = getpid();
	CHECK_EQ(write(words, &self, sizeof self), sizeof self);
	close(ready[1]);
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
	ord_log(ORD_INFO, "ready");
	while (verb != VERB_POLITE || !ord_task_canceled(task))
		scene_pause_ms(1);
	return ord_task_return(task, "value", 6);
}

struct trial {
	struct tally tally;
	char verb;
	uint32_t timeout_ms;
	bool ready[16]; /* which tasks said that they are */
	int late;       /* those whose time was up before */
};

static void
note_ready(struct tally *tally, const struct ord_message *message)
{
	CHECK_EQ(ord_message_sequence(message) % 4, 2);
	((struct trial *)tally->user)->ready[ord_message_sequence(message)] = true;
}

static void
check_timed_out(struct tally *tally, const struct ord_result *result)
{
	struct trial *trial = tally->user;
	char verb = trial->verb;

	if (ord_result_sequence(result) % 4 != 2) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		CHECK_EQ(ord_result_attempts(result), 1);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_TIMED_OUT);
	CHECK(ord_result_ended_ns(result) - ord_result_started_ns(result) >= (trial->timeout_ms - 10) * UINT64_C(1000000));
	if (!trial->ready[ord_result_sequence(result)])
		trial->late++;
	else if (verb == VERB_POLITE)
		CHECK_EQ(ord_result_signal(result), 0);
	else
		CHECK_EQ(ord_result_signal(result), verb == VERB_STUBBORN ? SIGKILL : SIGTERM);
}

static void
submit(struct trial *trial, char verb)
{
	/* Only who is to be late has a time limit. */
	CHECK_OK(trial->tally.pool, ord_pool_submit_task(trial->tally.pool,
		&ORD_TASK(.input = &verb, .input_size = 1, .timeout_ms = verb == VERB_NOTHING ? 0 : trial->timeout_ms,
			.grace_ms = verb == VERB_POLITE ? SCENE_LONG_MS : GRACE_MS), NULL));
}

/* How many were late. */
static int
time_out_in(uint32_t timeout_ms, char verb, int tasks, uint32_t start)
{
	struct trial trial = { .tally = { .on_result = check_timed_out, .on_message = note_ready },
		.verb = verb, .timeout_ms = timeout_ms };

	trial.tally.user = &trial;
	tally_open(&trial.tally, &TALLY_OPTIONS(&trial.tally, .function = act, .workers = 2, .start = start));
	for (int i = 0; i < tasks; i++)
		submit(&trial, i % 4 == 2 ? verb : VERB_NOTHING);
	tally_close(&trial.tally, (uint64_t)tasks);
	CHECK_EQ(trial.tally.states[ORD_TIMED_OUT], (tasks + 1) / 4);
	return trial.late;
}

static void
time_out(char verb, int tasks)
{
	for EACH_START (start)
		for (uint32_t ms = TIMEOUT_MS; time_out_in(ms, verb, tasks, start) != 0; ms *= LONGER)
			CHECK(ms < SCENE_LONG_MS);
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

/* What stayed in the worker's group is gone before the pool ends, what left it goes with the pool. 0: it was late. */
static int
see_descendants_go(uint32_t timeout_ms)
{
	char input[1 + sizeof(int)] = { VERB_FAMILY };
	struct descendant descendant;
	struct tally tally = { 0 };
	int ends[2], told = 0;

	CHECK(pipe(ends) == 0);
	memcpy(input + 1, &ends[1], sizeof(int));
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .grace_ms = GRACE_MS, .start = ORD_START_FORK,
				   .timeout_ms = timeout_ms, .keep_fds = &ends[1], .n_keep_fds = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, input, sizeof input, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.states[ORD_TIMED_OUT], 1);
	close(ends[1]);
	for (; told < 2 && tally.messages != 0; told++) {
		CHECK_EQ(read(ends[0], &descendant, sizeof descendant), sizeof descendant);
		if (!descendant.left)
			await_gone(tally.pool, descendant.pid);
	}
	tally_close(&tally, 1);
	while (told == 0 && read(ends[0], &descendant, sizeof descendant) > 0)
		;
	CHECK_EQ(read(ends[0], &descendant, 1), 0);
	close(ends[0]);
	return told == 2;
}

SCENE(timeout, descendants_are_gone)
{
	for (uint32_t ms = TIMEOUT_MS; !see_descendants_go(ms); ms *= LONGER)
		CHECK(ms < SCENE_LONG_MS);
}

/* The owner does nothing meanwhile: deadlines hold all the same. */
SCENE(timeout, while_the_owner_is_busy)
{
	struct trial trial = { .tally = { .on_result = check_timed_out, .on_message = note_ready },
		.verb = VERB_DEAF, .timeout_ms = TIMEOUT_MS };
	struct tally *tally = &trial.tally;

	tally->user = &trial;
	tally_open(tally, &TALLY_OPTIONS(tally, .function = act, .workers = 1));
	for (int i = 0; i < 3; i++)
		submit(&trial, i == 2 ? VERB_DEAF : VERB_NOTHING);
	while (tally->results < 2)
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, 100));
	CHECK_OK(tally->pool, ord_pool_step(tally->pool, 0));
	scene_pause_ms(3 * (TIMEOUT_MS + GRACE_MS));
	tally_close(tally, 3);
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
