/* Tasks that ask their master, and tasks that give their slot back while they wait. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum { MANY = 500 };

/* --- asking --- */

static int
ask_twice(struct ord_task *task, void *user)
{
	uint64_t number = INPUT_AS(uint64_t, task), sum = 0;
	const void *answer;
	size_t size;

	(void)user;
	for (int i = 0; i < 2; i++) {
		if (ord_task_ask(task, &number, sizeof number, &answer, &size) != 0 || size != 8)
			return ord_task_fail(task, "no answer");
		sum += *(const uint64_t *)answer;
	}
	return ord_task_return(task, &sum, sizeof sum);
}

static void
answer_square(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;
	size_t size;
	uint64_t number = *(const uint64_t *)ord_ask_request(ask, &size);

	CHECK_EQ(size, sizeof number);
	CHECK_EQ(number, ord_ask_sequence(ask));
	number *= number;
	CHECK_OK(tally->pool, ord_pool_answer(tally->pool, ord_ask_sequence(ask), &number, sizeof number));
	CHECK_FAILS(tally->pool, ord_pool_answer(tally->pool, ord_ask_sequence(ask), "", 0), ORD_EINVAL,
		"does not wait");
}

static void
must_be_twice_the_square(struct tally *tally, const struct ord_result *result)
{
	uint64_t number = ord_result_sequence(result);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(OUTPUT_AS(uint64_t, result), 2 * number * number);
}

SCENE(ask, gets_an_answer)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { .on_result = must_be_twice_the_square };

		if (start == ORD_START_COMMAND)
			continue;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_twice, .start = start,
					   .workers = 3, .on_ask = answer_square, .on_ask_user = &tally));
		for (uint64_t i = 0; i < MANY; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, MANY);
	}
}

static int
ask_for_nothing(struct ord_task *task, void *user)
{
	char large[70000] = "";
	const void *answer;
	int status;

	(void)user;
	CHECK_EQ(ord_task_ask(task, NULL, 1, &answer, NULL), ORD_EINVAL);
	CHECK_EQ(ord_task_ask(task, large, sizeof large, &answer, NULL), ORD_ETOOBIG);
	status = ord_task_ask(task, "what", 4, &answer, NULL);
	return ord_task_return(task, &status, sizeof status);
}

static void
must_be_refused(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	CHECK_EQ(OUTPUT_AS(int, result), ORD_ENOTSUP);
}

static void
say_nothing(const struct ord_ask *ask, void *user)
{
	(void)ask;
	(void)user;
}

SCENE(ask, nobody_answers)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { .on_result = must_be_refused };
		int input = 0;

		if (start == ORD_START_COMMAND)
			continue;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_for_nothing, .start = start,
					   .on_ask = start == ORD_START_INLINE ? say_nothing : NULL));
		TALLY_SUBMIT(&tally, input);
		tally_close(&tally, 1);
	}
}

static int
ask_and_tell(struct ord_task *task, void *user)
{
	int status = ord_task_ask(task, "", 0, NULL, NULL);

	(void)user;
	ord_log(ORD_INFO, "%s", ord_status_name(status));
	return status;
}

static void
cancel_it(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;

	CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, ord_ask_sequence(ask)));
}

static void
must_be_interrupted(struct tally *tally, const struct ord_message *message)
{
	(void)tally;
	CHECK(strcmp(ord_message_text(message, NULL), "ORD_EINTERRUPTED") == 0);
}

SCENE(ask, a_canceled_task_does_not_wait)
{
	for EACH_START (start) {
		struct tally tally = { .on_message = must_be_interrupted };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_and_tell, .start = start,
					   .grace_ms = SCENE_LONG_MS, .workers = 1, .on_ask = cancel_it,
					   .on_ask_user = &tally));
		for (int i = 0; i < 50; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 50);
		CHECK_EQ(tally.states[ORD_CANCELED], 50);
		CHECK_EQ(tally.messages, 50);
	}
}

SCENE(ask, a_deadline_ends_the_wait)
{
	for EACH_START (start) {
		struct tally tally = { .on_message = must_be_interrupted };
		int input = 0;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_and_tell, .start = start,
					   .grace_ms = SCENE_LONG_MS, .timeout_ms = 100, .workers = 1,
					   .on_ask = say_nothing));
		for (int i = 0; i < 3; i++)
			TALLY_SUBMIT(&tally, input);
		tally_close(&tally, 3);
		CHECK_EQ(tally.states[ORD_TIMED_OUT], 3);
		CHECK_EQ(tally.messages, 3);
	}
}

static int
ask_and_die(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_attempt(task) == 0) {
		ord_task_ask(task, "die", 3, NULL, NULL);
		_exit(3);
	}
	return ord_task_ask(task, "live", 4, NULL, NULL);
}

static void
answer_nothing(const struct ord_ask *ask, void *user)
{
	struct tally *tally = user;

	CHECK_OK(tally->pool, ord_pool_answer(tally->pool, ord_ask_sequence(ask), NULL, 0));
}

SCENE(ask, again_after_a_death)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = ask_and_die, .start = start,
					   .workers = 2, .retries = 1, .on_ask = answer_nothing,
					   .on_ask_user = &tally));
		for (int i = 0; i < 20; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, 20);
		CHECK_EQ(tally.states[ORD_DONE], 20);
	}
}

/* --- yielding: each task but the last waits for the one behind it --- */

struct chain {
	struct tally tally;
	uint64_t asked[64];
	uint64_t n, highest;
	uint32_t done[64];
};

static int
wait_for_the_next(struct ord_task *task, void *user)
{
	uint64_t next = ord_task_sequence(task) + 1;

	(void)user;
	if (INPUT_AS(int, task) != 0)
		return 0;
	ord_task_yield(task);
	ord_task_yield(task);
	if (ord_task_ask(task, &next, sizeof next, NULL, NULL) != 0)
		return ord_task_fail(task, "no answer");
	return ord_task_resume(task) != 0 || ord_task_resume(task) != 0;
}

static void
answer_what_is_done(struct chain *chain)
{
	for (uint64_t i = 0; i < 63; i++)
		if (chain->asked[i] != 0 && chain->done[i + 1]) {
			chain->asked[i] = 0;
			CHECK_OK(chain->tally.pool, ord_pool_answer(chain->tally.pool, i, "", 0));
		}
}

static void
note_ask(const struct ord_ask *ask, void *user)
{
	struct chain *chain = user;

	chain->asked[ord_ask_sequence(ask)] = 1;
	answer_what_is_done(chain);
}

static void
note_done(struct tally *tally, const struct ord_result *result)
{
	struct chain *chain = tally->user;

	CHECK_EQ(ord_result_state(result), ORD_DONE);
	chain->done[ord_result_sequence(result)] = 1;
	answer_what_is_done(chain);
}

SCENE(yield, lets_a_later_task_run)
{
	for EACH_START (start) {
		struct chain chain = { .tally = { .on_result = note_done, .completion = 1 } };
		struct ord_statistics numbers = ORD_STATISTICS;

		chain.tally.user = &chain;
		tally_open(&chain.tally,
			&TALLY_OPTIONS(&chain.tally, .function = wait_for_the_next, .start = start,
				.workers = 1, .order = ORD_COMPLETION, .on_ask = note_ask,
				.on_ask_user = &chain));
		for (int i = 0; i < 12; i++) {
			int last = i == 11;
			TALLY_SUBMIT(&chain.tally, last);
		}
		CHECK_OK(chain.tally.pool, ord_pool_run(chain.tally.pool));
		CHECK_EQ(ord_pool_statistics(chain.tally.pool, &numbers), 0);
		CHECK_EQ(numbers.yielded, 0);
		CHECK_EQ(numbers.deaths, 0);
		tally_close(&chain.tally, 12);
	}
}

static int
yield_and_end(struct ord_task *task, void *user)
{
	int how = INPUT_AS(int, task) % 4;

	(void)user;
	ord_task_yield(task);
	if (how == 0)
		return ord_task_resume(task);
	if (how == 1)
		return 0;
	if (how == 2 && ord_task_attempt(task) == 0)
		_exit(1);
	return 0;
}

SCENE(yield, however_it_ends)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = yield_and_end, .start = start,
					   .workers = 2, .retries = 1));
		for (int i = 0; i < MANY; i++)
			TALLY_SUBMIT(&tally, i);
		tally_close(&tally, MANY);
		CHECK_EQ(tally.states[ORD_DONE], MANY);
	}
}

SCENE(yield, interrupted_tasks_go_on)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = yield_and_end, .start = start, .workers = 2));
		for (int i = 0; i < MANY; i += 4)
			TALLY_SUBMIT(&tally, i);
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, -1));
		CHECK_EQ(ord_pool_interrupt(tally.pool), 0);
		CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
		CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_CANCELED], MANY / 4);
		ord_pool_destroy(&tally.pool);
	}
}
