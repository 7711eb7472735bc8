/* Pools that grow and shrink, and workers that are replaced. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tally.h"

enum { MANY = 2000 };

static int
own_pid(struct ord_task *task, void *user)
{
	int32_t pid = getpid();

	(void)user;
	return ord_task_return(task, &pid, sizeof pid);
}

static uint64_t
count_workers(struct ord_pool *pool)
{
	struct ord_statistics numbers = ORD_STATISTICS;

	CHECK_EQ(ord_pool_statistics(pool, &numbers), 0);
	return numbers.workers;
}

static void
await_workers(struct ord_pool *pool, uint64_t wanted)
{
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;

	while (count_workers(pool) != wanted) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 10));
	}
}

SCENE(resize, up_and_down)
{
	static const uint32_t sizes[] = { 5, 1, 3, 8, 2, 2, 6 };

	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = own_pid, .start = start, .workers = 2));
		await_workers(tally.pool, 2);
		for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
			CHECK_OK(tally.pool, ord_pool_resize(tally.pool, sizes[k]));
			for (uint64_t i = 0; i < MANY; i++)
				TALLY_SUBMIT(&tally, i);
			await_workers(tally.pool, sizes[k]);
		}
		CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 0));
		CHECK_FAILS(tally.pool, ord_pool_resize(tally.pool, 4097), ORD_EINVAL, "4096");
		tally_close(&tally, MANY * (sizeof sizes / sizeof *sizes));
	}
}

SCENE(resize, beyond_the_limit_of_files)
{
	struct rlimit files = { 100, 100 };
	struct tally tally = { 0 };

	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = own_pid, .workers = 2));
	CHECK_FAILS(tally.pool, ord_pool_resize(tally.pool, 300), ORD_ESYSTEM, "ulimit -n");
	for (uint64_t i = 0; i < MANY; i++)
		TALLY_SUBMIT(&tally, i);
	tally_close(&tally, MANY);
}

static int
sleep_a_little(struct ord_task *task, void *user)
{
	(void)user;
	scene_pause_ms(INPUT_AS(int, task));
	return 0;
}

SCENE(resize, while_tasks_run)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		uint64_t random = 7;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = sleep_a_little, .start = start, .workers = 1));
		for (int i = 0; i < 1000; i++) {
			int ms = (int)(scene_random(&random) % 2);

			TALLY_SUBMIT(&tally, ms);
			if (i % 20 == 0)
				CHECK_OK(tally.pool,
					ord_pool_resize(tally.pool, 1 + (uint32_t)(scene_random(&random) % 6)));
		}
		tally_close(&tally, 1000);
	}
}

SCENE(resize, commands)
{
	const char *argv[] = { "true", NULL };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1));
	for (uint32_t i = 0; i < 60; i++) {
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
		CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 1 + i % 4));
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	tally_close(&tally, 60);
	CHECK_EQ(tally.states[ORD_DONE], 60);
}

/* --- recycling --- */

struct shares {
	uint32_t limit;
	uint32_t n;
	int32_t pids[MANY];
	uint32_t tasks[MANY];
};

static void
count_share(struct tally *tally, const struct ord_result *result)
{
	struct shares *shares = tally->user;
	int32_t pid = OUTPUT_AS(int32_t, result);
	uint32_t i = 0;

	while (i < shares->n && shares->pids[i] != pid)
		i++;
	if (i == shares->n)
		shares->pids[shares->n++] = pid;
	CHECK(++shares->tasks[i] <= shares->limit);
}

static void
recycle(uint32_t start, uint32_t workers, uint32_t n, uint32_t limit)
{
	struct shares *shares = calloc(1, sizeof *shares);
	struct tally tally = { .on_result = count_share, .user = shares };
	struct ord_statistics numbers = ORD_STATISTICS;

	CHECK(shares != NULL);
	shares->limit = limit;
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = own_pid, .start = start, .workers = workers,
				   .recycle_tasks = limit));
	for (uint32_t i = 0; i < n; i++)
		TALLY_SUBMIT(&tally, i);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(ord_pool_statistics(tally.pool, &numbers), 0);
	CHECK_EQ(numbers.deaths, 0);
	tally_close(&tally, n);
	CHECK_EQ(tally.states[ORD_DONE], n);
	CHECK(shares->n >= (n + limit - 1) / limit);
	free(shares);
}

SCENE(recycle, after_so_many_tasks)
{
	for EACH_START (start) {
		recycle(start, 1, 2, 6);
		recycle(start, 2, 2, 8);
		recycle(start, 1, 20, 1);
		recycle(start, 3, 100, 1);
		recycle(start, 2, MANY, 100);
		recycle(start, 2, 300, 7);
	}
}

static int
grow(struct ord_task *task, void *user)
{
	size_t size = (size_t)INPUT_AS(int, task) << 20;
	int32_t pid = getpid();
	char *volatile leak = malloc(size);

	(void)user;
	if (leak == NULL)
		return ord_task_fail(task, "no memory");
	memset(leak, 1, size);
	__asm__ volatile("" : : "r"(leak) : "memory"); /* so that the compiler does not leave it out */
	return ord_task_return(task, &pid, sizeof pid);
}

/* Four tasks of 60 MiB pass 200 MiB: then another process must have taken over. */
SCENE(recycle, when_it_is_large)
{
	for EACH_START (start) {
		struct shares *shares = calloc(1, sizeof *shares);
		struct tally tally = { .on_result = count_share, .user = shares };
		struct ord_statistics numbers = ORD_STATISTICS;
		int megabytes = 60;

		CHECK(shares != NULL);
		shares->limit = 4;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = grow, .start = start, .workers = 2,
					   .recycle_rss_mib = 200));
		for (int i = 0; i < 40; i++)
			TALLY_SUBMIT(&tally, megabytes);
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(ord_pool_statistics(tally.pool, &numbers), 0);
		CHECK(numbers.recycled >= 8);
		CHECK_EQ(numbers.deaths, 0);
		tally_close(&tally, 40);
		CHECK_EQ(tally.states[ORD_DONE], 40);
		free(shares);
	}
}
