/*
 * Too few descriptors, at every number of them: for the host from the start or while its pool lives, for the
 * spawner and the workers.  A pool that cannot be says so and leaves nothing; one that lives goes on when
 * there are descriptors again, or ends with a sentence.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "starved.h"

enum { TASKS = 20, ENOUGH = 200, OF_A_POOL = 64 };

static const char *const remedies[] = { "ulimit -n", "open files", NULL };

/* A limit of n: what is open above it stays so, and nothing more can be opened. */
static void
sweep_limit(uint32_t start)
{
	struct fared fared = { .status = 1 };
	int failures = 0;

	for (rlim_t n = 0; n <= OF_A_POOL; n++) {
		scene_limit(RLIMIT_NOFILE, n);
		fared = starved_pool(&STARVED_OPTIONS(.function = starved_work, .start = start), TASKS);
		scene_limit(RLIMIT_NOFILE, ENOUGH);
		failures += fared.status != 0;
		CHECK(fared.status == 0 || starved_says(&fared, remedies));
		CHECK(fared.status != 0 || fared.done == TASKS);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
	CHECK(failures > 30);
	CHECK_EQ(fared.status, 0);
}

SCENE(starved_fds, any_limit_exec)
{
	sweep_limit(ORD_START_EXEC);
}

SCENE(starved_fds, any_limit_fork)
{
	sweep_limit(ORD_START_FORK);
}

/* The limit is high, and the host has nearly all. */
static void
sweep_left(uint32_t start, int functions)
{
	struct fared fared = { .status = 1 };
	struct hoard hoard;
	int step = starved_step(1);

	for (int left = 0; left <= OF_A_POOL; left += step) {
		starved_take(&hoard, ENOUGH, left);
		fared = starved_pool(
			&STARVED_OPTIONS(.function = functions ? starved_work : NULL, .start = start), TASKS);
		starved_give_back(&hoard);
		CHECK(fared.status == 0 || starved_says(&fared, remedies));
		CHECK(fared.status != 0 || fared.done == TASKS || left < OF_A_POOL);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
	CHECK_EQ(fared.status, 0);
}

SCENE(starved_fds, any_number_left_exec)
{
	sweep_left(ORD_START_EXEC, 1);
}

SCENE(starved_fds, any_number_left_fork)
{
	sweep_left(ORD_START_FORK, 1);
}

SCENE(starved_fds, any_number_left_commands)
{
	sweep_left(ORD_START_EXEC, 0);
}

/* The host is rich, its spawner and workers are not. */
SCENE(starved_fds, workers)
{
	struct fared fared = { .status = 1 };
	char program[STARVED_PATH], before[64];

	for (int n = 5; n <= 40; n += starved_step(1)) {
		snprintf(before, sizeof before, "ulimit -n %d", n);
		starved_program(program, before);
		fared = starved_pool(
			&STARVED_OPTIONS(.function = starved_work, .start = ORD_START_EXEC, .program = program), TASKS);
		CHECK(fared.status == 0 || starved_says(&fared, remedies));
		CHECK(fared.status != 0 || fared.done == TASKS || n < 40);
		CHECK_EQ(unlink(program), 0);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
	CHECK_EQ(fared.status, 0);
}

/* --- while the pool lives --- */

static uint64_t
submit_all(struct ord_pool *pool)
{
	static const char *const argv[] = { "true", NULL };
	static char large[40000] = "l";
	uint64_t submitted = 0;

	for (int i = 0; i < 12; i++) {
		submitted += ord_pool_submit(pool, "x", 1, NULL) == 0;
		submitted += ord_pool_submit(pool, large, sizeof large, NULL) == 0;
		if (i % 4 == 0)
			submitted += ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL) == 0;
	}
	submitted += ord_pool_submit(pool, "k", 1, NULL) == 0;
	return submitted;
}

static int
step_until(struct tally *tally, uint64_t results)
{
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;
	int status = 0;

	while (status == 0 && tally->results < results) {
		CHECK(scene_now_ms() < end);
		status = ord_pool_step(tally->pool, 100);
	}
	return status;
}

/* The host takes all descriptors but `left`; a worker dies, commands are given, more workers are wanted; then it gives them back. */
static int
live_through(uint32_t start, int left)
{
	struct tally tally = { 0 };
	struct hoard hoard;
	uint64_t submitted;
	int resized, status;

	scene_limit(RLIMIT_NOFILE, ENOUGH);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = starved_or_die, .start = start, .workers = 2, .grace_ms = 200, .max_deaths = 5));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_OK(tally.pool, step_until(&tally, 1));
	starved_take(&hoard, ENOUGH, left);
	submitted = 1 + submit_all(tally.pool);
	resized = ord_pool_resize(tally.pool, 4);
	CHECK(resized == 0 || strstr(ord_pool_error(tally.pool), "ulimit -n") != NULL);
	status = step_until(&tally, submitted);
	starved_give_back(&hoard);
	CHECK(status == 0 || strstr(ord_pool_error(tally.pool), "open files") != NULL);
	submitted += submit_all(tally.pool);
	if (status == 0) {
		CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 3));
		CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	}
	CHECK_EQ(tally.results, submitted);
	CHECK(status != 0 || tally.states[ORD_SIGNALED] == 2);
	ord_pool_destroy(&tally.pool);
	scene_await_alone();
	CHECK_EQ(scene_count_endpoints(), 0);
	return status;
}

static void
sweep_alive(uint32_t start)
{
	int status = 1;

	for (int left = 0; left <= 48; left += starved_step(left < 12 ? 1 : 4))
		status = live_through(start, left);
	CHECK_EQ(status, 0);
}

/* It is taken down while the host still has them all, with a spawner or without. */
static void
die_starved(int left, int without_spawner)
{
	struct tally tally = { 0 };
	struct hoard hoard;
	pid_t spawner;

	scene_limit(RLIMIT_NOFILE, ENOUGH);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = starved_or_die, .workers = 2, .grace_ms = 200));
	spawner = starved_spawner();
	submit_all(tally.pool);
	starved_take(&hoard, ENOUGH, left);
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	if (without_spawner)
		CHECK_EQ(kill(spawner, SIGKILL), 0);
	ord_pool_destroy(&tally.pool);
	starved_give_back(&hoard);
	scene_await_alone();
	CHECK_EQ(scene_count_endpoints(), 0);
}

SCENE(starved_fds, taken_down)
{
	for (int left = 0; left < 4; left++) {
		die_starved(left, 0);
		die_starved(left, 1);
	}
}

SCENE(starved_fds, taken_from_a_pool_exec)
{
	sweep_alive(ORD_START_EXEC);
}

SCENE(starved_fds, taken_from_a_pool_fork)
{
	sweep_alive(ORD_START_FORK);
}
