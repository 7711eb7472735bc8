/* A pool belongs to the process that made it. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../flow/tally.h"

static int
nap(struct ord_task *task, void *user)
{
	(void)user;
	scene_pause_ms(2);
	return ord_task_return(task, "ok", 3);
}

#define REFUSED(call) CHECK_FAILS(pool, (call), ORD_EFORKED, "process")

static void
use_in_child(struct ord_pool *pool)
{
	static const char *const argv[] = { "true", NULL };
	struct ord_statistics statistics = ORD_STATISTICS;
	const struct ord_result *result;

	REFUSED(ord_pool_start(pool));
	REFUSED(ord_pool_submit(pool, "x", 1, NULL));
	REFUSED(ord_pool_submit_wait(pool, "x", 1, NULL));
	REFUSED(ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL));
	REFUSED(ord_pool_step(pool, 0));
	REFUSED(ord_pool_run(pool));
	REFUSED(ord_pool_next(pool, &result));
	REFUSED(ord_pool_close(pool));
	REFUSED(ord_pool_finish(pool));
	REFUSED(ord_pool_cancel(pool, 0));
	REFUSED(ord_pool_cancel_all(pool));
	CHECK_EQ(ord_pool_fd(pool), ORD_EFORKED);
	CHECK_EQ(ord_pool_interrupt(pool), ORD_EFORKED);
	CHECK_EQ(ord_pool_statistics(pool, &statistics), ORD_EFORKED);
	ord_pool_destroy(&pool);
	CHECK(pool == NULL);
}

static void
fork_and_use(struct ord_pool *pool)
{
	pid_t pid = fork();

	if (pid == 0) {
		use_in_child(pool);
		_exit(0);
	}
	CHECK_EQ(scene_await(pid), 0);
}

SCENE(forked, before_the_start)
{
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = nap)));
	fork_and_use(pool);
	ord_pool_destroy(&pool);
}

SCENE(forked, while_it_works)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nap, .workers = 3, .start = start));
		for (int i = 0; i < 300; i++) {
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
			if (i % 50 == 10)
				fork_and_use(tally.pool);
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		}
		tally_close(&tally, 300);
		CHECK_EQ(tally.states[ORD_DONE], 300);
	}
}

SCENE(forked, after_the_end)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nap, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	fork_and_use(tally.pool);
	ord_pool_destroy(&tally.pool);
}

static void
fork_in_callback(struct tally *tally, const struct ord_result *result)
{
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	fork_and_use(tally->pool);
}

SCENE(forked, in_a_callback)
{
	struct tally tally = { .on_result = fork_in_callback };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nap, .workers = 1));
	for (int i = 0; i < 3; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 3);
}
