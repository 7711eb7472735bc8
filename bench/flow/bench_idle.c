/*
 * Context switches, voluntary or not, and processor time of every process of a
 * pool that has nothing to do, and of one whose only task sleeps. What the
 * master's own wait costs, one switch, is not counted.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/measure.h"

#include <orderly/orderly.h>

enum { WORKERS = 2, SECONDS = 5 };

struct snapshot {
	pid_t pids[TREE_MAX];
	uint64_t switches[TREE_MAX];
	size_t n;
	uint64_t cpu_ns; /* of spawner and workers */
};

/* Sleeps as many milliseconds as its input says. */
static int
sleep_task(struct ord_task *task, void *user)
{
	uint64_t ms;

	(void)user;
	memcpy(&ms, ord_task_input(task, NULL), sizeof ms);
	nanosleep(&(struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 }, NULL);
	return 0;
}

static void
take(struct snapshot *snapshot)
{
	snapshot->cpu_ns = 0;
	snapshot->n = tree(getpid(), snapshot->pids);
	for (size_t i = 0; i < snapshot->n; i++) {
		snapshot->switches[i] = switches(snapshot->pids[i]);
		snapshot->cpu_ns += i > 0 ? cpu_ns(snapshot->pids[i]) : 0;
	}
}

static void
submit(struct ord_pool *pool, uint64_t ms)
{
	if (ord_pool_submit_wait(pool, &ms, sizeof ms, NULL) != 0)
		fail("submit: %s", ord_pool_error(pool));
}

static void
ignore(const struct ord_result *result, void *user)
{
	(void)user;
	if (ord_result_state(result) != ORD_DONE)
		fail("a task: %s", ord_result_error(result));
}

static void
print(const char *who, const char *state, uint64_t value, const char *unit)
{
	struct series series = { { (double)value }, 1 };
	char name[96];

	snprintf(name, sizeof name, "%s in %d s, %s", who, (int)SECONDS, state);
	figure_print(&(struct figure){ .name = name, .unit = unit, .goal = "0" }, &series, NULL);
}

/* In the order of tree(): the master, its spawner, the workers. */
static void
bench_state(struct ord_pool *pool, const char *state)
{
	struct pollfd fd = { ord_pool_fd(pool), POLLIN, 0 };
	struct snapshot before, after;
	uint64_t workers = 0;
	int polled;

	take(&before);
	before.switches[0]++;
	polled = poll(&fd, 1, SECONDS * 1000);
	take(&after);
	if (polled != 0)
		fprintf(stderr, "bench: the pool's descriptor became readable, %s\n", state);
	if (before.n != after.n || before.n != WORKERS + 2)
		fail("%zu processes before, %zu after", before.n, after.n);
	for (size_t i = 2; i < after.n; i++)
		workers += after.switches[i] - before.switches[i];
	print("context switches of the master", state, after.switches[0] - before.switches[0],
		"switches");
	print("context switches of the spawner", state, after.switches[1] - before.switches[1],
		"switches");
	print("context switches of all workers", state, workers, "switches");
	print("CPU of spawner and workers", state, (after.cpu_ns - before.cpu_ns) / 1000, "us");
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;

	ord_worker_main(argc, argv);
	if (ord_pool_new(&pool,
		    &ORD_POOL_OPTIONS(.function = sleep_task, .on_result = ignore,
			    .workers = WORKERS)) != 0 ||
		ord_pool_start(pool) != 0)
		fail("start: %s", ord_pool_error(pool));
	for (int i = 0; i < 100; i++)
		submit(pool, 0);
	if (ord_pool_run(pool) != 0)
		fail("run: %s", ord_pool_error(pool));
	while (ord_pool_step(pool, 200) == 0 &&
		poll(&(struct pollfd){ ord_pool_fd(pool), POLLIN, 0 }, 1, 0) == 1)
		;
	bench_state(pool, "nothing to do");
	submit(pool, SECONDS * 1000 + 1000);
	for (int i = 0; i < 5; i++)
		ord_pool_step(pool, 50);
	bench_state(pool, "one task sleeps");
	if (ord_pool_finish(pool) != 0)
		fail("finish: %s", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return 0;
}
