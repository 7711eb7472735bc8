/* ORD_TASK: tasks with a pointer, limits and retries of their own, and values that are passed on. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../flow/tally.h"

static int
act(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if (input[0] == 'k')
		raise(SIGKILL);
	if (input[0] == 's')
		scene_pause_ms(SCENE_LONG_MS);
	if (input[0] == 'w')
		while (!ord_task_canceled(task))
			scene_pause_ms(1);
	return ord_task_return(task, input, size);
}

/* What a task was submitted with, and what must come of it. */
struct wish {
	const char *input;
	uint32_t timeout_ms, grace_ms, retries, pass;
	int state;
	uint32_t attempts;
};

static void
must_come_true(struct tally *tally, const struct ord_result *result)
{
	const struct wish *wish = ord_result_user(result);
	const char *output;
	size_t size;

	(void)tally;
	CHECK_EQ(ord_result_state(result), wish->state);
	CHECK_EQ(ord_result_attempts(result), wish->attempts);
	output = ord_result_output(result, &size);
	if (wish->state == ORD_DONE || wish->state == ORD_PASSED) {
		CHECK_EQ(size, strlen(wish->input));
		CHECK(memcmp(output, wish->input, size) == 0);
	} else
		CHECK(ord_result_error(result)[0] != '\0');
}

static void
play_wishes(const struct ord_pool_options *options, const struct wish *wishes, size_t n)
{
	struct tally tally = { .on_result = must_come_true };
	struct ord_pool_options own = *options;

	own.on_result = tally_result;
	own.on_result_user = &tally;
	tally_open(&tally, &own);
	for (size_t i = 0; i < n; i++)
		CHECK_OK(tally.pool,
			ord_pool_submit_task_wait(tally.pool,
				&ORD_TASK(.input = wishes[i].input, .input_size = strlen(wishes[i].input),
					.user = (void *)(uintptr_t)&wishes[i], .timeout_ms = wishes[i].timeout_ms,
					.grace_ms = wishes[i].grace_ms, .retries = wishes[i].retries,
					.pass = wishes[i].pass),
				NULL));
	tally_close(&tally, n);
}

SCENE(tasks, with_limits_of_their_own)
{
	static const struct wish wishes[] = {
		{ "plain", 0, 0, 0, 0, ORD_DONE, 1 },
		{ "kill", 0, 0, 0, 0, ORD_SIGNALED, 1 },
		{ "kill", 0, 0, 2, 0, ORD_SIGNALED, 3 },
		{ "sleep", 50, 1, 0, 0, ORD_TIMED_OUT, 1 },
		{ "sleep", 50, 1, 1, 0, ORD_TIMED_OUT, 2 },
		{ "wait", 50, SCENE_LONG_MS, 0, 0, ORD_TIMED_OUT, 1 },
		{ "plain", ORD_NONE, 0, ORD_NONE, 0, ORD_DONE, 1 },
	};

	for EACH_START (start)
		play_wishes(&ORD_POOL_OPTIONS(.function = act, .workers = 2, .start = start, .quarantine = 100),
			wishes, sizeof wishes / sizeof *wishes);
}

SCENE(tasks, without_the_limits_of_their_pool)
{
	static const struct wish wishes[] = {
		{ "kill", SCENE_LONG_MS, 0, 0, 0, ORD_SIGNALED, 3 },
		{ "kill", SCENE_LONG_MS, 0, ORD_NONE, 0, ORD_SIGNALED, 1 },
		{ "kill", SCENE_LONG_MS, 0, 1, 0, ORD_SIGNALED, 2 },
		{ "sleep", 0, 0, ORD_NONE, 0, ORD_TIMED_OUT, 1 },
	};

	for EACH_START (start)
		play_wishes(&ORD_POOL_OPTIONS(.function = act, .workers = 2, .start = start, .quarantine = 100,
				    .retries = 2, .timeout_ms = 200, .grace_ms = 1),
			wishes, sizeof wishes / sizeof *wishes);
}

SCENE(tasks, values_that_are_passed_on)
{
	static const struct wish wishes[] = {
		{ "", 0, 0, 0, 1, ORD_PASSED, 0 },
		{ "sleep", 0, 0, 0, 1, ORD_PASSED, 0 },
		{ "plain", 0, 0, 0, 0, ORD_DONE, 1 },
		{ "a value that is longer than what a slot has room for by itself", 0, 0, 0, 1, ORD_PASSED, 0 },
		{ "kill", 0, 0, 0, 0, ORD_SIGNALED, 1 },
		{ "kill", 0, 0, 0, 1, ORD_PASSED, 0 },
	};

	for (uint32_t order = ORD_SUBMISSION; order <= ORD_COMPLETION; order++)
		for EACH_START (start) {
			struct ord_pool_options options = ORD_POOL_OPTIONS(
				.function = act, .workers = 2, .start = start, .window = 3);

			play_wishes(&options, wishes, sizeof wishes / sizeof *wishes);
		}
	play_wishes(&ORD_POOL_OPTIONS(.function = act, .start = ORD_START_INLINE), wishes, 4);
}

/* A pool of commands alone can pass values on, too. */
SCENE(tasks, a_value_among_commands)
{
	const char *argv[] = { "echo", "one", NULL };
	struct ord_pool *pool;
	const struct ord_result *result;
	static const char *outputs[] = { "one\n", "two", "one\n" };

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.workers = 2)), 0);
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL));
	CHECK_OK(pool, ord_pool_submit_task(pool, &ORD_TASK(.input = "two", .input_size = 3, .pass = 1), NULL));
	CHECK_OK(pool, ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL));
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.input = "x", .input_size = 1), NULL), ORD_EINVAL,
		"no function");
	for (int i = 0; i < 3; i++) {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		CHECK(strcmp(ord_result_output(result, NULL), outputs[i]) == 0);
		CHECK_EQ(ord_result_state(result), i == 1 ? ORD_PASSED : ORD_DONE);
	}
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(tasks, that_are_none)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1));
	CHECK_FAILS(tally.pool, ord_pool_submit_task(tally.pool, NULL, NULL), ORD_EINVAL, "ORD_TASK");
	CHECK_FAILS(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.pass = 2), NULL), ORD_EINVAL, "ORD_TASK");
	CHECK_FAILS(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.retries = 255), NULL), ORD_EINVAL, "ORD_TASK");
	CHECK_FAILS(tally.pool, ord_pool_submit_task(tally.pool, &ORD_TASK(.input_size = 1), NULL), ORD_EINVAL, "NULL");
	CHECK_FAILS(tally.pool,
		ord_pool_submit_task(tally.pool, &ORD_TASK(.function = act, .function_name = "act"), NULL), ORD_EINVAL,
		"one function");
	CHECK_FAILS(tally.pool,
		ord_pool_submit_task(tally.pool, &ORD_TASK(.input = "", .input_size = SIZE_MAX), NULL), ORD_ETOOBIG, "1 GiB");
	tally_close(&tally, 0);
}

/* --- results that are kept --- */

static void
keep(const struct ord_result *result, void *user)
{
	struct ord_result ***next = user, *again;

	CHECK_EQ(ord_result_keep(result, (*next)++), 0);
	CHECK_EQ(ord_result_keep(result, &again), ORD_EINVAL);
	CHECK(again == NULL);
	CHECK_EQ(ord_result_state((*next)[-1]), ord_result_state(result));
}

SCENE(results, that_outlive_their_pool)
{
	static const char *inputs[] = { "brief", "a result that is longer than what a slot has room for by itself", "kill" };
	struct ord_result *kept[3] = { NULL, NULL, NULL }, **next = kept;
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .on_result = keep, .on_result_user = &next)), 0);
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 3; i++)
		CHECK_OK(pool, ord_pool_submit(pool, inputs[i], strlen(inputs[i]), NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	for (uint64_t i = 0; i < 3; i++) {
		CHECK_EQ(ord_result_sequence(kept[i]), i);
		CHECK(strcmp(ord_result_output(kept[i], NULL), i < 2 ? inputs[i] : "") == 0);
		CHECK_EQ(ord_result_signal(kept[i]), i < 2 ? 0 : SIGKILL);
		CHECK_EQ(ord_result_error(kept[i])[0] != '\0', i == 2);
		ord_result_destroy(&kept[i]);
		CHECK(kept[i] == NULL);
	}
	ord_result_destroy(&kept[0]);
	ord_result_destroy(NULL);
	CHECK_EQ(ord_result_keep(NULL, &kept[0]), ORD_EINVAL);
}

SCENE(results, that_an_iterator_gave)
{
	const struct ord_result *result;
	struct ord_result *kept;
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 1)), 0);
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 2; i++)
		CHECK_OK(pool, ord_pool_submit(pool, i == 0 ? "one" : "two", 3, NULL));
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK_EQ(ord_result_keep(result, &kept), 0);
	CHECK(strcmp(ord_result_output(result, NULL), "one") == 0);
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK(strcmp(ord_result_output(kept, NULL), "one") == 0);
	ord_result_destroy(&kept);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* What the task before left in its place of the window is not seen: "" is "". */
static void
check_end(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	CHECK_EQ(strlen(output), size);
	CHECK(ord_result_sequence(result) % 2 == 0 ? size == 5 : size <= 1);
}

static int
return_or_fail(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if (input[0] == '-')
		return ord_task_fail(task, "as it was told");
	return input[0] == '.' ? 0 : ord_task_return(task, input, size);
}

SCENE(results, have_an_end_whatever_was_there_before)
{
	static const char *const inputs[] = { "first", "-", "third", ".", "fifth", "!" };
	struct tally tally = { .on_result = check_end };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = return_or_fail, .workers = 1, .window = 1));
	for (int i = 0; i < 6; i++) {
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, inputs[i], strlen(inputs[i]), NULL));
		if (inputs[i][0] == '!')
			CHECK_OK(tally.pool, ord_pool_cancel_all(tally.pool));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	}
	tally_close(&tally, 6);
}
