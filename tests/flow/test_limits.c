/* Too few descriptors, too few processes, and the two ways of being interrupted. */
#define _GNU_SOURCE /* setresuid */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tally.h"

static int
nap(struct ord_task *task, void *user)
{
	(void)user;
	scene_pause_ms((int)(ord_task_sequence(task) % 3));
	return ord_task_return(task, "x", 1);
}

SCENE(limits, thirty_descriptors)
{
	struct ord_pool *pool;

	scene_limit(RLIMIT_NOFILE, 30);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = nap, .workers = 8)));
	CHECK_FAILS(pool, ord_pool_start(pool), ORD_ESYSTEM, "ulimit -n");
	ord_pool_destroy(&pool);
}

/* The limit is high enough, but the host has opened nearly everything itself. */
SCENE(limits, few_descriptors_left)
{
	for (int left = 0; left <= 60; left += 3) {
		struct tally tally = { 0 };
		int fds[256], count = 0, status;

		scene_limit(RLIMIT_NOFILE, 200);
		while (count < 256 && (fds[count] = dup(2)) >= 0)
			count++;
		for (int i = 0; i < left; i++)
			close(fds[--count]);
		CHECK_OK(NULL, ord_pool_new(&tally.pool, &TALLY_OPTIONS(&tally, .function = nap, .workers = 2)));
		status = ord_pool_start(tally.pool);
		CHECK(status == 0 || status == ORD_ESYSTEM);
		CHECK((ord_pool_error(tally.pool)[0] == '\0') == (status == 0));
		for (int i = 0; i < 20 && status == 0; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		if (status == 0)
			status = ord_pool_finish(tally.pool);
		CHECK(status == 0 || status == ORD_ESYSTEM || status == ORD_ECRASHLOOP);
		CHECK(status != 0 || tally.states[ORD_DONE] == 20);
		CHECK(left < 60 || status == 0);
		ord_pool_destroy(&tally.pool);
		while (count > 0)
			close(fds[--count]);
	}
}

/* Root has no limit of processes; another user that nobody else is has exactly the scene's. */
enum { STRANGER = 61234 };

SCENE(limits, few_processes)
{
	struct tally tally = { 0 };
	int status;

	if (geteuid() == 0) {
		CHECK(chown(getenv("XDG_RUNTIME_DIR"), STRANGER, STRANGER) == 0);
		CHECK(setresuid(STRANGER, STRANGER, STRANGER) == 0);
		scene_limit(RLIMIT_NPROC, 6);
	} else {
		scene_limit(RLIMIT_NPROC, 1);
	}
	CHECK_OK(NULL, ord_pool_new(&tally.pool, &TALLY_OPTIONS(&tally, .function = nap, .workers = 8, .max_deaths = 3)));
	status = ord_pool_start(tally.pool);
	CHECK(status == 0 || status == ORD_ESYSTEM);
	for (int i = 0; i < 20 && status == 0; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	if (status == 0)
		status = ord_pool_finish(tally.pool);
	CHECK(status == ORD_ESYSTEM || status == ORD_ECRASHLOOP);
	CHECK(strlen(ord_pool_error(tally.pool)) > 20);
	ord_pool_destroy(&tally.pool);
}

static int
run_until_file(struct ord_task *task, void *user)
{
	const char *path = ord_task_input(task, NULL);

	(void)user;
	ord_log(ORD_INFO, "running");
	while (access(path, F_OK) == 0)
		scene_pause_ms(1);
	return ord_task_return(task, "x", 1);
}

/* What the handler of a signal may call. */
static struct ord_pool *interrupted;

static void
interrupt(int number)
{
	(void)number;
	ord_pool_interrupt(interrupted);
}

static void
interrupt_when_all_run(struct tally *tally, const struct ord_message *message)
{
	(void)message;
	if (tally->messages == 3)
		CHECK_EQ(raise(SIGINT), 0);
}

static void
open_interruptible(struct tally *tally, char *path)
{
	CHECK(mkdtemp(path) != NULL);
	tally_open(tally, &TALLY_OPTIONS(tally, .function = run_until_file, .workers = 3, .grace_ms = 50));
	interrupted = tally->pool;
	CHECK(signal(SIGINT, interrupt) != SIG_ERR);
	for (int i = 0; i < 50; i++)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, path, strlen(path) + 1, NULL));
	while (tally->messages < 3)
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, -1));
}

/* Three run to their end, the others never start. */
SCENE(limits, interrupted_once)
{
	struct tally tally = { .on_message = interrupt_when_all_run };
	char path[] = "/tmp/ord-scene-XXXXXX";

	open_interruptible(&tally, path);
	for (int i = 0; i < 10; i++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
	CHECK(rmdir(path) == 0);
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_EINTERRUPTED, "interrupted");
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.results, 50);
	CHECK_EQ(tally.states[ORD_DONE], 3);
	CHECK_EQ(tally.states[ORD_CANCELED], 47);
}

SCENE(limits, interrupted_twice)
{
	struct tally tally = { .on_message = interrupt_when_all_run };
	char path[] = "/tmp/ord-scene-XXXXXX";

	open_interruptible(&tally, path);
	CHECK_EQ(raise(SIGINT), 0);
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_EINTERRUPTED, "interrupted");
	ord_pool_destroy(&tally.pool);
	CHECK(rmdir(path) == 0);
	CHECK_EQ(tally.results, 50);
	CHECK_EQ(tally.states[ORD_CANCELED], 50);
}
