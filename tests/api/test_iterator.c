/* ord_pool_next: results one after the other, without callbacks. */
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
	if (size == 1 && input[0] == 'k')
		raise(SIGKILL);
	if (size == 1 && input[0] == 'f')
		return ord_task_fail(task, "as told");
	return ord_task_return(task, input, size);
}

static struct ord_pool *
open_pool(const struct ord_pool_options *options)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, options));
	CHECK_OK(pool, ord_pool_start(pool));
	return pool;
}

static const struct ord_result *
next(struct ord_pool *pool)
{
	const struct ord_result *result = (const void *)pool;

	CHECK_OK(pool, ord_pool_next(pool, &result));
	return result;
}

SCENE(iterator, in_order)
{
	for EACH_START (start) {
		struct ord_pool *pool = open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 3, .start = start));
		static const int states[] = { ORD_DONE, ORD_FAILED, ORD_SIGNALED };

		CHECK(next(pool) == NULL);
		for (int i = 0; i < 99; i++)
			CHECK_OK(pool, ord_pool_submit(pool, i % 3 == 0 ? "e" : i % 3 == 1 ? "f" : "k", 1, NULL));
		for (uint64_t i = 0; i < 99; i++) {
			const struct ord_result *result = next(pool);

			CHECK_EQ(ord_result_sequence(result), i);
			CHECK_EQ(ord_result_state(result), states[i % 3]);
		}
		CHECK(next(pool) == NULL);
		CHECK(next(pool) == NULL);
		CHECK_OK(pool, ord_pool_finish(pool));
		ord_pool_destroy(&pool);
	}
}

/* A result lives until the next call, whatever else happens. */
SCENE(iterator, a_result_lives_until_the_next)
{
	struct ord_pool *pool = open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 2));
	const struct ord_result *result;

	for (int i = 0; i < 1000; i++)
		CHECK_OK(pool, ord_pool_submit(pool, "the very first", 15, NULL));
	result = next(pool);
	for (int i = 0; i < 20; i++) {
		CHECK_OK(pool, ord_pool_step(pool, 1));
		CHECK_OK(pool, ord_pool_submit(pool, "others", 7, NULL));
		CHECK(strcmp(ord_result_output(result, NULL), "the very first") == 0);
		CHECK_EQ(ord_result_sequence(result), 0);
	}
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(iterator, full_window)
{
	struct ord_pool *pool = open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 2, .window = 2));

	CHECK_OK(pool, ord_pool_submit_wait(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_submit_wait(pool, "x", 1, NULL));
	CHECK_FAILS(pool, ord_pool_submit_wait(pool, "x", 1, NULL), ORD_EAGAIN, "ord_pool_next");
	CHECK_EQ(ord_result_sequence(next(pool)), 0);
	CHECK_OK(pool, ord_pool_submit_wait(pool, "x", 1, NULL));
	CHECK_EQ(ord_result_sequence(next(pool)), 1);
	CHECK_OK(pool, ord_pool_finish(pool)); /* drops what nobody took */
	ord_pool_destroy(&pool);
}

SCENE(iterator, and_callbacks_exclude_each_other)
{
	struct tally tally = { 0 };
	const struct ord_result *result;
	struct ord_pool *pool = open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 1));

	CHECK_EQ(ord_pool_next(pool, NULL), ORD_EINVAL);
	CHECK_FAILS(pool, ord_pool_run(pool), ORD_EINVAL, "ord_pool_next");
	ord_pool_destroy(&pool);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_FAILS(tally.pool, ord_pool_next(tally.pool, &result), ORD_EINVAL, "on_result");
	tally_close(&tally, 1);
}

SCENE(iterator, completion)
{
	struct ord_pool *pool =
		open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 3, .order = ORD_COMPLETION, .window = 100));
	const struct ord_result *result;
	unsigned char seen[100] = { 0 };
	int results = 0;

	for (int i = 0; i < 100; i++)
		CHECK_OK(pool, ord_pool_submit(pool, i % 10 == 0 ? "k" : "e", 1, NULL));
	while ((result = next(pool)) != NULL) {
		CHECK_EQ(seen[ord_result_sequence(result)]++, 0);
		results++;
	}
	CHECK_EQ(results, 100);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(iterator, after_an_interrupt)
{
	struct ord_pool *pool = open_pool(&ORD_POOL_OPTIONS(.function = act, .workers = 1));
	const struct ord_result *result;
	int results = 0;

	for (int i = 0; i < 50; i++)
		CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_interrupt(pool));
	while ((result = next(pool)) != NULL)
		results++;
	CHECK_EQ(results, 50);
	CHECK_EQ(ord_pool_finish(pool), ORD_EINTERRUPTED);
	ord_pool_destroy(&pool);
}

static int
wait_for_a_byte(struct ord_task *task, void *user)
{
	int fd = *(const int *)ord_task_input(task, NULL);
	char byte;

	(void)user;
	return read(fd, &byte, 1) != 1;
}

SCENE(iterator, with_a_time_limit)
{
	const struct ord_result *result;
	struct ord_pool *pool;
	int link[2];

	CHECK_EQ(pipe(link), 0);
	pool = open_pool(&ORD_POOL_OPTIONS(.function = wait_for_a_byte, .workers = 1, .start = ORD_START_FORK,
		.keep_fds = link, .n_keep_fds = 1));
	CHECK_OK(pool, ord_pool_next_within(pool, 0, &result));
	CHECK(result == NULL);
	CHECK_OK(pool, ord_pool_submit(pool, &link[0], sizeof link[0], NULL));
	for (int i = 0; i < 20; i++) {
		CHECK_EQ(ord_pool_next_within(pool, i % 3, &result), ORD_EAGAIN);
		CHECK(result == NULL);
	}
	CHECK_EQ(write(link[1], "x", 1), 1);
	CHECK_OK(pool, ord_pool_next_within(pool, SCENE_LONG_MS, &result));
	CHECK(result != NULL);
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_OK(pool, ord_pool_next_within(pool, 0, &result));
	CHECK(result == NULL);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	close(link[0]);
	close(link[1]);
}
