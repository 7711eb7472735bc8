/* INLINE: no processes, the same results. */
#include <string.h>
#include <unistd.h>

#include "../flow/tally.h"

static int calls;

enum { VERB_ECHO, VERB_FAIL, VERB_NUMBER, VERB_LOG, VERB_REENTER, VERB_PLACE };

static int
act(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	calls++;
	CHECK(size > 0 && ord_task_worker(task) == 0 && ord_task_attempt(task) == 0 && !ord_task_canceled(task));
	switch (input[0]) {
	case VERB_FAIL: return ord_task_fail(task, "no such %s", "thing");
	case VERB_NUMBER: return 42;
	case VERB_LOG:
		for (int i = 0; i < 10; i++)
			CHECK_EQ(ord_log(i % 2 == 0 ? ORD_WARNING : ORD_DEBUG, "record %d", i), 0);
		break;
	case VERB_REENTER:
		CHECK_FAILS(((struct tally *)user)->pool, ord_pool_step(((struct tally *)user)->pool, 0), ORD_EBUSY, "callback");
		break;
	case VERB_PLACE: CHECK(ord_task_fail_at(task, "somewhere.c", 7, "at a place") < 0); return -1;
	}
	return ord_task_return(task, input, size);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	CHECK_EQ(ord_result_pid(result), getpid());
	CHECK_EQ(ord_result_attempts(result), 1);
	CHECK(ord_result_ended_ns(result) >= ord_result_started_ns(result) && ord_result_started_ns(result) != 0);
	switch (sequence) {
	case VERB_FAIL:
		CHECK_EQ(ord_result_state(result), ORD_FAILED);
		CHECK(strstr(ord_result_error(result), "no such thing") != NULL);
		CHECK(strstr(ord_result_error(result), "test_inline.c:") != NULL);
		break;
	case VERB_NUMBER: CHECK(strstr(ord_result_error(result), "42") != NULL); break;
	case VERB_PLACE: CHECK(strstr(ord_result_error(result), "somewhere.c:7: at a place") != NULL); break;
	default: CHECK_EQ(*(const char *)ord_result_output(result, NULL), (char)sequence);
	}
}

static void
check_message(struct tally *tally, const struct ord_message *message)
{
	static const char *const texts[] = { "record 0", "record 2", "record 4", "record 6", "record 8" };

	CHECK_EQ(ord_message_sequence(message), VERB_LOG);
	CHECK_EQ(ord_message_level(message), ORD_WARNING);
	CHECK(strcmp(ord_message_text(message, NULL), texts[tally->messages - 1]) == 0);
}

static void
submit_each(struct tally *tally)
{
	for (char verb = VERB_ECHO; verb <= VERB_PLACE; verb++)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, &verb, 1, NULL));
}

SCENE(inline, runs_in_the_step)
{
	static const char *const argv[] = { "true", NULL };
	struct tally tally = { .on_result = check_result, .on_message = check_message };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .function_user = &tally, .start = ORD_START_INLINE));
	submit_each(&tally);
	CHECK_EQ(calls, 0);
	CHECK_FAILS(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL), ORD_ENOTSUP, "INLINE");
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(calls, 6);
	tally_close(&tally, 6);
	CHECK_EQ(tally.messages, 5);
	CHECK_EQ(tally.states[ORD_FAILED], 3);
}

static void
resubmit(struct tally *tally, const struct ord_result *result)
{
	char verb = VERB_ECHO;

	if (ord_result_sequence(result) < 1000)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, &verb, 1, NULL));
}

SCENE(inline, resubmits_from_the_callback)
{
	struct tally tally = { .on_result = resubmit };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .window = 1, .start = ORD_START_INLINE));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL));
	tally_close(&tally, 1001);
}

SCENE(inline, iterator_and_cancel)
{
	const struct ord_result *result;
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .start = ORD_START_INLINE)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 10; i++)
		CHECK_OK(pool, ord_pool_submit(pool, "", 1, NULL));
	CHECK_OK(pool, ord_pool_cancel(pool, 3));
	for (uint64_t i = 0; i < 10; i++) {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		CHECK_EQ(ord_result_sequence(result), i);
		CHECK_EQ(ord_result_state(result), i == 3 ? ORD_CANCELED : ORD_DONE);
		CHECK_EQ(ord_result_attempts(result), i == 3 ? 0 : 1);
	}
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK(result == NULL);
	CHECK_EQ(calls, 9);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* More than an outbox holds, out of one task. */
static int
flood(struct ord_task *task, void *user)
{
	static char large[3 << 20];

	(void)user;
	for (int i = 0; i < 50000; i++)
		ord_log(ORD_INFO, "a record of a flood, number %d", i);
	return ord_task_return(task, large, sizeof large);
}

SCENE(inline, a_task_that_says_more_than_an_outbox_holds)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = flood, .start = ORD_START_INLINE));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL));
	tally_close(&tally, 3);
	CHECK_EQ(tally.messages, 150000);
	CHECK_EQ(tally.states[ORD_DONE], 3);
}
