/*
 * While the machine has too little left one task runs at a time; when it has
 * enough again, as many as there are workers.  The pool reads its numbers from
 * files of the test, which only a test can tell it.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pool/pool.h"
#include "tally.h"

enum { WORKERS = 3 };

/* Shared by the test and its forked workers. */
struct scene {
	_Atomic int running, most, started, go;
};

static struct scene *
share(void)
{
	struct scene *scene = mmap(NULL, sizeof *scene, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(scene != MAP_FAILED);
	return scene;
}

static int
pass_through(struct ord_task *task, void *user)
{
	struct scene *scene = user;
	int running = atomic_fetch_add(&scene->running, 1) + 1, most = atomic_load(&scene->most);

	(void)task;
	while (running > most && !atomic_compare_exchange_weak(&scene->most, &most, running))
		;
	scene_pause_ms(1);
	atomic_fetch_sub(&scene->running, 1);
	return 0;
}

static int
wait_to_go(struct ord_task *task, void *user)
{
	struct scene *scene = user;

	(void)task;
	atomic_fetch_add(&scene->started, 1);
	while (atomic_load(&scene->go) == 0)
		scene_pause_ms(1);
	return 0;
}

/* No machine has so much. */
SCENE(admission, never_stops_everything)
{
	struct scene *scene = share();
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = pass_through, .function_user = scene, .workers = WORKERS,
				   .start = ORD_START_FORK, .free_memory_mib = UINT32_MAX));
	for (int i = 0; i < 60; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 60);
	CHECK_EQ(tally.states[ORD_DONE], 60);
	CHECK_EQ(atomic_load(&scene->most), 1);
}

SCENE(admission, inline_is_not_stopped)
{
	struct scene *scene = share();
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = pass_through, .function_user = scene,
				   .start = ORD_START_INLINE, .free_memory_mib = UINT32_MAX));
	for (int i = 0; i < 5; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 5);
}

static void
put(const char *root, const char *name, const char *text)
{
	char path[128], draft[140];
	FILE *file;

	snprintf(path, sizeof path, "%s/proc/%s", root, name);
	snprintf(draft, sizeof draft, "%s.new", path);
	file = fopen(draft, "w");
	CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	CHECK(rename(draft, path) == 0);
}

/* As a foreign loop does it: nothing but the descriptor wakes it. */
static void
poll_until(struct tally *tally, const _Atomic int *number, int wanted)
{
	struct pollfd loop = { .fd = ord_pool_fd(tally->pool), .events = POLLIN };

	CHECK_OK(tally->pool, ord_pool_step(tally->pool, 0));
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; atomic_load(number) < wanted;) {
		CHECK(scene_now_ms() < end);
		if (poll(&loop, 1, 10) == 1)
			CHECK_OK(tally->pool, ord_pool_step(tally->pool, 0));
	}
}

/* Steps only when the descriptor says so, until the machine was looked at so often. */
static void
poll_looks(struct tally *tally, int looks)
{
	struct pollfd loop = { .fd = ord_pool_fd(tally->pool), .events = POLLIN };
	uint64_t next = tally->pool->admission.next_ns;

	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; looks > 0;) {
		CHECK(scene_now_ms() < end);
		CHECK(poll(&loop, 1, SCENE_LONG_MS) == 1);
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, 0));
		looks -= tally->pool->admission.next_ns != next;
		next = tally->pool->admission.next_ns;
	}
}

static void
hold_and_let_go(const char *name, const char *low, const char *high, struct ord_pool_options options)
{
	char root[] = "/tmp/orderly-admission-XXXXXX", command[64];
	struct scene *scene = share();
	struct tally tally = { 0 };

	CHECK(mkdtemp(root) != NULL);
	snprintf(command, sizeof command, "mkdir %s/proc", root);
	CHECK_EQ(system(command), 0);
	put(root, name, low);
	options.size = sizeof options;
	options.function = wait_to_go;
	options.function_user = scene;
	options.workers = WORKERS;
	options.start = ORD_START_FORK;
	options.on_result = tally_result;
	options.on_result_user = &tally;
	CHECK_OK(NULL, ord_pool_new(&tally.pool, &options));
	tally.pool->admission.root = root;
	CHECK_OK(tally.pool, ord_pool_start(tally.pool));
	for (int i = 0; i < WORKERS; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	poll_until(&tally, &scene->started, 1);
	poll_looks(&tally, 2);
	CHECK_EQ(atomic_load(&scene->started), 1);
	put(root, name, high);
	poll_until(&tally, &scene->started, WORKERS);
	atomic_store(&scene->go, 1);
	tally_close(&tally, WORKERS);
	snprintf(command, sizeof command, "rm -r %s", root);
	CHECK_EQ(system(command), 0);
}

SCENE(admission, by_free_memory)
{
	hold_and_let_go("meminfo", "MemAvailable: 102399 kB\n", "MemAvailable: 102400 kB\n",
		(struct ord_pool_options){ .free_memory_mib = 100 });
}

SCENE(admission, by_load)
{
	hold_and_let_go("loadavg", "2.01 0.00 0.00 1/1 1\n", "2.00 9.00 9.00 1/1 1\n",
		(struct ord_pool_options){ .max_load = 200 });
}

/* Nobody waits: nothing is looked at. */
SCENE(admission, only_while_tasks_wait)
{
	struct tally tally = { 0 };
	struct scene *scene = share();
	uint64_t next;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = pass_through, .function_user = scene, .workers = 1,
				   .start = ORD_START_FORK, .free_memory_mib = UINT32_MAX));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	next = tally.pool->admission.next_ns;
	CHECK(next != 0);
	scene_pause_ms(1100);
	for (int i = 0; i < 10; i++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK_EQ(tally.pool->admission.next_ns, next);
	tally_close(&tally, 1);
}
