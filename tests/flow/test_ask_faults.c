/* Questions and slots when something goes wrong: each question has one answer, and no task gets another's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tally.h"

enum { MANY = 300 };

/* What a task says that it is about. */
enum about { STAY_SILENT, ECHO, DIE };

struct question {
	enum about about;
	uint64_t sequence;
};

static int
ask_about(struct ord_task *task, enum about about)
{
	struct question question = { about, ord_task_sequence(task) };
	const void *answer;
	size_t size;
	int status = ord_task_ask(task, &question, sizeof question, &answer, &size);

	if (status != 0)
		return status;
	if (size != sizeof question || memcmp(answer, &question, size) != 0)
		return ord_task_fail(task, "the answer is another's");
	return 0;
}

static void
echo(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;
	size_t size;
	const struct question *question = ord_ask_request(ask, &size);

	CHECK_EQ(size, sizeof *question);
	CHECK_EQ(question->sequence, ord_ask_sequence(ask));
	if (question->about == ECHO)
		CHECK_OK(tally->pool, ord_pool_answer(tally->pool, ord_ask_sequence(ask), question, size));
}

/* --- a task that gave up waiting, and the next ones in its worker --- */

static int
ask_in_turns(struct ord_task *task, void *user)
{
	(void)user;
	return ask_about(task, (enum about)INPUT_AS(int, task));
}

static void
submit_turn(struct tally *tally, int about, uint32_t timeout_ms)
{
	CHECK_OK(tally->pool,
		ord_pool_submit_task(tally->pool,
			&ORD_TASK(.input = &about, .input_size = sizeof about, .timeout_ms = timeout_ms), NULL));
}

SCENE(ask_faults, after_a_deadline_the_next_gets_its_answer)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_in_turns, .start = start, .workers = 1,
					   .grace_ms = SCENE_LONG_MS, .on_ask = echo, .on_ask_user = &tally));
		for (int i = 0; i < 4; i++) {
			submit_turn(&tally, STAY_SILENT, 50);
			submit_turn(&tally, ECHO, 0);
		}
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		tally_close(&tally, 8);
		CHECK_EQ(tally.states[ORD_TIMED_OUT], 4);
		CHECK_EQ(tally.states[ORD_DONE], 4);
	}
}

/* The first attempt is not answered and times out; the second, in the same worker, is. */
static int
ask_again(struct ord_task *task, void *user)
{
	(void)user;
	return ask_about(task, ord_task_attempt(task) == 0 ? STAY_SILENT : ECHO);
}

SCENE(ask_faults, after_a_deadline_the_next_attempt_gets_its_answer)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_again, .start = start, .workers = 1,
					   .retries = 1, .timeout_ms = 50, .grace_ms = SCENE_LONG_MS, .on_ask = echo,
					   .on_ask_user = &tally));
		for (int i = 0; i < 2; i++)
			TALLY_SUBMIT(&tally, i);
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(tally.results, 2);
		CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_TIMED_OUT], 2);
		tally_close(&tally, 2);
	}
}

/* Task 0 yields and then wants a slot, which task 1 keeps until task 0 has given up. */
static int
give_up_a_wish(struct ord_task *task, void *user)
{
	int what = INPUT_AS(int, task);

	(void)user;
	if (what == 0) {
		ord_task_yield(task);
		if (ask_about(task, ECHO) != 0)
			return ord_task_fail(task, "no answer");
		CHECK_EQ(ord_task_resume(task), ORD_EINTERRUPTED);
		return 0;
	}
	return ask_about(task, ECHO);
}

struct wait {
	struct tally tally;
	bool first_asked, kept;
	struct question first, keeper;
};

static void
keep_the_slot(const struct ord_ask *ask, void *user)
{
	struct wait *wait = user;
	struct ord_pool *pool = wait->tally.pool;
	size_t size;
	const struct question *question = ord_ask_request(ask, &size);

	if (ord_ask_sequence(ask) == 0) {
		wait->first = *question;
		wait->first_asked = true;
	} else if (!wait->kept && wait->tally.results == 0) {
		wait->keeper = *question;
		wait->kept = true;
	} else {
		CHECK_OK(pool, ord_pool_answer(pool, ord_ask_sequence(ask), question, size));
	}
	if (wait->first_asked && wait->kept) {
		wait->first_asked = false;
		CHECK_OK(pool, ord_pool_answer(pool, 0, &wait->first, sizeof wait->first));
	}
}

static void
free_the_slot(struct tally *tally, const struct ord_result *result)
{
	struct wait *wait = tally->user;

	if (ord_result_sequence(result) == 0)
		CHECK_OK(tally->pool,
			ord_pool_answer(tally->pool, wait->keeper.sequence, &wait->keeper, sizeof wait->keeper));
}

SCENE(ask_faults, after_a_wish_that_was_given_up)
{
	for EACH_START (start) {
		struct wait wait = { .tally = { .on_result = free_the_slot, .completion = 1 } };
		int first = 0, other = 1;

		wait.tally.user = &wait;
		tally_open(&wait.tally,
			&TALLY_OPTIONS(&wait.tally, .function = give_up_a_wish, .start = start, .workers = 1,
				.order = ORD_COMPLETION, .grace_ms = SCENE_LONG_MS, .on_ask = keep_the_slot,
				.on_ask_user = &wait));
		CHECK_OK(wait.tally.pool,
			ord_pool_submit_task(wait.tally.pool,
				&ORD_TASK(.input = &first, .input_size = sizeof first, .timeout_ms = 2000), NULL));
		for (int i = 0; i < 20; i++)
			TALLY_SUBMIT(&wait.tally, other);
		CHECK_OK(wait.tally.pool, ord_pool_run(wait.tally.pool));
		tally_close(&wait.tally, 21);
		CHECK_EQ(wait.tally.states[ORD_TIMED_OUT], 1);
		CHECK_EQ(wait.tally.states[ORD_DONE], 20);
	}
}

/* --- cancel --- */

static int
resume_though_canceled(struct ord_task *task, void *user)
{
	(void)user;
	ord_task_yield(task);
	CHECK_EQ(ask_about(task, STAY_SILENT), ORD_EINTERRUPTED);
	CHECK_EQ(ask_about(task, ECHO), ORD_EINTERRUPTED);
	CHECK(ord_task_canceled(task));
	CHECK_EQ(ord_task_resume(task), ORD_EINTERRUPTED);
	return 0;
}

static void
cancel_asker(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;

	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_ask_sequence(ask)));
	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_ask_sequence(ask)));
	CHECK_FAILS(tally->pool, ord_pool_answer(tally->pool, ord_ask_sequence(ask), "", 0), ORD_EINVAL,
		"does not wait");
}

SCENE(ask_faults, a_canceled_task_resumes)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = resume_though_canceled, .start = start,
					   .workers = 2, .grace_ms = SCENE_LONG_MS, .on_ask = cancel_asker,
					   .on_ask_user = &tally));
		for (int i = 0; i < 50; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 50);
		CHECK_EQ(tally.states[ORD_CANCELED], 50);
	}
}

/* --- the worker dies while its task asks --- */

static int
tell_pid_and_ask(struct ord_task *task, void *user)
{
	pid_t pid = getpid();

	(void)user;
	return ord_task_ask(task, &pid, sizeof pid, NULL, NULL);
}

struct killing {
	struct tally tally;
	uint32_t asked[MANY];
};

/* The first time it is killed, and answered though it is dead. */
static void
kill_asker(const struct ord_ask *ask, void *user)
{
	struct killing *killing = user;
	uint64_t sequence = ord_ask_sequence(ask);

	if (killing->asked[sequence]++ == 0)
		CHECK_EQ(kill(*(const pid_t *)ord_ask_request(ask, NULL), SIGKILL), 0);
	CHECK_OK(killing->tally.pool, ord_pool_answer(killing->tally.pool, sequence, "", 0));
}

SCENE(ask_faults, an_answer_to_the_dead)
{
	for EACH_START (start) {
		struct killing killing = { 0 };

		tally_open(&killing.tally,
			&TALLY_OPTIONS(&killing.tally, .function = tell_pid_and_ask, .start = start, .workers = 2,
				.retries = 1, .on_ask = kill_asker, .on_ask_user = &killing));
		for (int i = 0; i < 20; i++)
			TALLY_SUBMIT(&killing.tally, i);
		tally_close(&killing.tally, 20);
		CHECK_EQ(killing.tally.states[ORD_DONE], 20);
		for (int i = 0; i < 20; i++)
			CHECK_EQ(killing.asked[i], 2);
	}
}

/* --- many tasks lie behind one that asks, and come after it --- */

static int
ask_now_and_then(struct ord_task *task, void *user)
{
	(void)user;
	return INPUT_AS(int, task) % 7 == 0 ? ask_about(task, ECHO) : 0;
}

SCENE(ask_faults, what_lies_behind_comes_after)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_now_and_then, .start = start, .workers = 1,
					   .on_ask = echo, .on_ask_user = &tally, .recycle_tasks = 100));
		for (int i = 0; i < 10 * MANY; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 10 * MANY);
		CHECK_EQ(tally.states[ORD_DONE], 10 * MANY);
	}
}

/* --- a child of a task has no master --- */

static int
fork_and_ask(struct ord_task *task, void *user)
{
	int status;
	pid_t child = fork();

	(void)user;
	if (child == 0)
		_exit(ord_task_ask(task, "", 0, NULL, NULL) == ORD_ENOTSUP &&
				ord_task_yield(task) == ORD_ENOTSUP && ord_task_resume(task) == ORD_ENOTSUP
				? 0
				: 1);
	CHECK(child > 0 && waitpid(child, &status, 0) == child);
	CHECK_EQ(status, 0);
	return ask_about(task, ECHO);
}

SCENE(ask_faults, a_child_of_a_task)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { 0 };

		if (start == ORD_START_COMMAND)
			continue;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = fork_and_ask, .start = start, .workers = 1,
					   .on_ask = echo, .on_ask_user = &tally));
		for (int i = 0; i < 5; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 5);
		CHECK_EQ(tally.states[ORD_DONE], 5);
	}
}

/* --- messages before the question, in the master's own process too --- */

static int
talk_and_ask(struct ord_task *task, void *user)
{
	(void)user;
	for (int i = 0; i < 2 * MANY; i++)
		ord_log(ORD_INFO, "%d", i);
	return ask_about(task, ECHO);
}

SCENE(ask_faults, behind_many_messages)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { 0 };

		if (start == ORD_START_COMMAND)
			continue;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = talk_and_ask, .start = start, .workers = 1,
					   .on_ask = echo, .on_ask_user = &tally));
		for (int i = 0; i < 3; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 3);
		CHECK_EQ(tally.states[ORD_DONE], 3);
		CHECK_EQ(tally.messages, 6 * MANY);
	}
}

/* --- the master ends in the middle --- */

static void
leave_at_once(const struct ord_ask *ask, void *user)
{
	(void)ask;
	(void)user;
	_exit(7);
}

static void
master_that_leaves(void)
{
	struct tally tally = { 0 };
	int about = STAY_SILENT;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_in_turns, .workers = 2, .on_ask = leave_at_once));
	for (int i = 0; i < 5; i++)
		TALLY_SUBMIT(&tally, about);
	ord_pool_finish(tally.pool);
}

SCENE(ask_faults, the_master_leaves)
{
	int status = scene_await(scene_start(master_that_leaves));

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	scene_await_alone();
}

/* Destroyed from on_ask, while tasks wait for answers and slots. */
static void
destroy_it(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;

	if (ord_ask_sequence(ask) == 5)
		ord_pool_destroy(&tally->pool);
}

static int
yield_and_ask(struct ord_task *task, void *user)
{
	(void)user;
	ord_task_yield(task);
	return ask_about(task, STAY_SILENT);
}

SCENE(ask_faults, destroyed_meanwhile)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct ord_pool *pool;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = yield_and_ask, .start = start, .workers = 1,
					   .on_ask = destroy_it, .on_ask_user = &tally));
		for (int i = 0; i < 8; i++)
			TALLY_SUBMIT(&tally, i);
		pool = tally.pool;
		ord_pool_run(pool);
		CHECK(tally.pool == NULL);
	}
}

/* The first returns by itself when its time is up; the second asks and is canceled. */
static int
be_late_or_ask(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) != 0)
		return ask_about(task, STAY_SILENT);
	while (!ord_task_canceled(task))
		scene_pause_ms(1);
	return 0;
}

static void
cancel_it(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;

	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_ask_sequence(ask)));
}

/* Why the task before it had to end is not why this one has. */
SCENE(ask_faults, canceled_behind_one_that_was_late)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = be_late_or_ask, .start = start, .workers = 1,
					   .on_ask = cancel_it, .on_ask_user = &tally));
		CHECK_OK(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.timeout_ms = 20), NULL));
		for (int i = 0; i < 20; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 21);
		CHECK_EQ(tally.states[ORD_TIMED_OUT], 1);
		CHECK_EQ(tally.states[ORD_CANCELED], 20);
	}
}
