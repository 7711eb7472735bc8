/* What may be called when: before the start, after the end, twice, in between. */
#include <string.h>

#include "../flow/tally.h"

static int
wait_for_cancel(struct ord_task *task, void *user)
{
	(void)user;
	while (!ord_task_canceled(task))
		scene_pause_ms(1);
	return 0;
}

static struct ord_pool *
make(const struct ord_pool_options *options)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, options));
	return pool;
}

SCENE(states, before_the_start)
{
	static const char *const argv[] = { "true", NULL };
	struct tally tally = { 0 };
	const struct ord_result *result;
	struct ord_pool *pool = make(&TALLY_OPTIONS(&tally, .function = tally_echo));

	CHECK_FAILS(pool, ord_pool_submit(pool, "x", 1, NULL), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_submit_wait(pool, "x", 1, NULL), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_step(pool, 0), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_run(pool), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_next(pool, &result), ORD_EINVAL, "ord_pool_start");
	CHECK_EQ(ord_pool_fd(pool), ORD_EINVAL);
	CHECK_EQ(ord_pool_cancel(pool, 0), ORD_EINVAL);
	CHECK_EQ(ord_pool_cancel_all(pool), 0);
	ord_pool_destroy(&pool);
}

SCENE(states, started_twice)
{
	struct tally tally = { 0 };
	struct ord_pool *pool = make(&TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));

	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_EBUSY, "started before");
	CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_EBUSY, "started before");
	CHECK_FAILS(pool, ord_pool_submit(pool, "x", 1, NULL), ORD_ECLOSED, "closed");
	ord_pool_destroy(&pool);
	CHECK_EQ(tally.results, 1);
}

SCENE(states, closed)
{
	struct tally tally = { 0 };
	struct ord_pool *pool = make(&TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));

	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_close(pool));
	CHECK_OK(pool, ord_pool_close(pool));
	CHECK_FAILS(pool, ord_pool_submit(pool, "x", 1, NULL), ORD_ECLOSED, "closed");
	CHECK_FAILS(pool, ord_pool_submit_wait(pool, "x", 1, NULL), ORD_ECLOSED, "closed");
	CHECK_OK(pool, ord_pool_run(pool));
	CHECK_EQ(tally.results, 1);
	CHECK_EQ(ord_pool_finish(pool), ORD_ECLOSED); /* the first error of a loop of calls is kept */
	ord_pool_destroy(&pool);
}

SCENE(states, closed_before_the_start)
{
	struct ord_pool *pool = make(&ORD_POOL_OPTIONS(.function = tally_echo, .workers = 1));
	const struct ord_result *result;

	CHECK_OK(pool, ord_pool_close(pool));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_submit(pool, "x", 1, NULL), ORD_ECLOSED, "closed");
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK(result == NULL);
	ord_pool_destroy(&pool);
}

SCENE(states, interrupted)
{
	struct tally tally = { 0 };
	struct ord_pool *pool = make(&TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));

	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_interrupt(pool));
	CHECK_OK(pool, ord_pool_step(pool, 0));
	CHECK_FAILS(pool, ord_pool_submit(pool, "x", 1, NULL), ORD_ECLOSED, "closed");
	CHECK_EQ(ord_pool_finish(pool), ORD_EINTERRUPTED);
	ord_pool_destroy(&pool);
}

/* The header says "after ord_pool_interrupt", not "after the step that sees it". */
SCENE(states, interrupted_a_moment_ago)
{
	struct tally tally = { 0 };
	struct ord_pool *pool = make(&TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));

	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_interrupt(pool));
	CHECK_EQ(ord_pool_submit(pool, "x", 1, NULL), ORD_ECLOSED);
	ord_pool_destroy(&pool);
}

SCENE(states, destroyed_with_work)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wait_for_cancel, .workers = 2, .start = start));
		for (int i = 0; i < 100; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		for (int i = 0; i < 10; i++)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
		ord_pool_destroy(&tally.pool);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
		CHECK_EQ(tally.results, 0);
	}
}

SCENE(states, destroyed_at_once)
{
	for (int i = 0; i < 20; i++) {
		struct ord_pool *pool = make(&ORD_POOL_OPTIONS(.function = tally_echo, .workers = 3));

		CHECK_OK(pool, ord_pool_start(pool));
		ord_pool_destroy(&pool);
	}
}

SCENE(states, statistics)
{
	struct tally tally = { 0 };
	struct ord_statistics statistics = ORD_STATISTICS;
	struct { size_t size; uint64_t submitted; } first = { sizeof first, 99 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 2));
	for (int i = 0; i < 100; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "four", 4, NULL));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.submitted, 100);
	CHECK_EQ(statistics.waiting + statistics.running, 100);
	CHECK_EQ(statistics.bytes, 400);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.delivered, 100);
	CHECK_EQ(statistics.waiting + statistics.running + statistics.settled, 0);
	CHECK_EQ(statistics.bytes, 0);
	CHECK_EQ(statistics.failed + statistics.retried + statistics.deaths + statistics.dropped + statistics.messages, 0);
	CHECK(statistics.workers <= 2);
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, (struct ord_statistics *)(void *)&first));
	CHECK_EQ(first.submitted, 100);
	CHECK_EQ(first.size, sizeof first);
	statistics.size = 0;
	CHECK_EQ(ord_pool_statistics(tally.pool, &statistics), ORD_EINVAL);
	CHECK_EQ(ord_pool_statistics(tally.pool, NULL), ORD_EINVAL);
	tally_close(&tally, 100);
}
