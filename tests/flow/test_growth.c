/* Many pools and many tasks: nothing grows. */
#include <string.h>

#include "tally.h"

enum { POOLS = 300, WARM = 20, TASKS = 1000000, SLACK_KIB = 6 << 10 };

static int
nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static void
one_pool(uint32_t start, uint64_t tasks)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 2, .start = start));
	for (uint64_t i = 0; i < tasks; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, tasks);
}

static void
many_pools(uint32_t start)
{
	unsigned fds;
	long kib;

	for (int i = 0; i < WARM; i++)
		one_pool(start, 10);
	fds = scene_count_fds();
	kib = scene_memory_kib(0, "VmRSS");
	for (int i = 0; i < POOLS; i++)
		one_pool(start, (uint64_t)i % 20);
	CHECK_EQ(scene_count_fds(), fds);
	CHECK_EQ(scene_count_endpoints(), 0);
	CHECK(scene_memory_kib(0, "VmRSS") < kib + SLACK_KIB);
}

SCENE(growth, many_pools_exec)
{
	many_pools(ORD_START_EXEC);
}

SCENE(growth, many_pools_fork)
{
	many_pools(ORD_START_FORK);
}

SCENE(growth, a_million_tasks)
{
	struct tally tally = { 0 };
	long kib;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 2));
	for (int i = 0; i < TASKS / 10; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	kib = scene_memory_kib(0, "VmRSS");
	for (int i = TASKS / 10; i < TASKS; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	CHECK(scene_memory_kib(0, "VmRSS") < kib + SLACK_KIB);
	tally_close(&tally, TASKS);
}
