/*
 * Anonymous memory of master, spawner and workers after 10^4 … 10^7 tasks, of
 * small pools and of one with 64 workers: it must not grow. BENCH_TASKS
 * (10000000) is where it ends; 100000000 adds a row. BENCH_SECONDS (120) ends
 * it early; then the names say how many tasks there were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/measure.h"
#include "support/ours.h"

struct memory {
	struct series master_kib;
	struct series spawner_kib;
	struct series worker_kib; /* the largest */
};

static struct memory
take(uint32_t workers)
{
	pid_t pids[TREE_MAX];
	size_t n = tree(getpid(), pids);
	struct memory memory = { 0 };
	double largest = 0;

	if (n != workers + 2)
		fail("%zu processes", n);
	for (size_t i = 2; i < n; i++) {
		double kib = (double)status_number(pids[i], "RssAnon");

		largest = kib > largest ? kib : largest;
	}
	series_add(&memory.master_kib, (double)status_number(pids[0], "RssAnon"));
	series_add(&memory.spawner_kib, (double)status_number(pids[1], "RssAnon"));
	series_add(&memory.worker_kib, largest);
	return memory;
}

static void
print(const char *who, uint64_t tasks, const char *goal, const struct series *kib)
{
	char name[96];

	snprintf(name, sizeof name, "memory of %s after %llu tasks", who,
		(unsigned long long)tasks);
	figure_print(&(struct figure){ .name = name, .unit = "KiB", .goal = goal }, kib, NULL);
}

static void
print_all(const struct memory *memory, uint32_t workers, uint64_t tasks)
{
	char goal[48], master[48], worker[48];

	snprintf(goal, sizeof goal, "<= %u", 10 * 1024 + workers * 1024 / 5);
	snprintf(master, sizeof master, "the master of %u workers", workers);
	snprintf(worker, sizeof worker, "one of %u workers", workers);
	print(master, tasks, goal, &memory->master_kib);
	print("the spawner", tasks, NULL, &memory->spawner_kib);
	print(worker, tasks, "<= 8192", &memory->worker_kib);
}

static void
print_growth(const char *who, uint64_t tasks, const struct series *first, const struct series *last)
{
	struct series growth = { { last->at[0] - first->at[0] }, 1 };
	char name[96];

	snprintf(name, sizeof name, "growth of the memory of %s from 10000 to %llu tasks", who,
		(unsigned long long)tasks);
	figure_print(&(struct figure){ .name = name, .unit = "KiB", .goal = "<= 512" }, &growth,
		NULL);
}

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void
bench_workers(uint32_t workers, uint64_t last_stop, uint64_t end_ns)
{
	struct memory first, memory;
	struct ours ours = { 0 };

	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = workers));
	ours_wait_ready(&ours, workers);
	for (uint64_t stop = 10000; stop <= last_stop && (stop == 10000 || now_ns() < end_ns);
		stop *= 10) {
		do
			ours_run(&ours, 10000);
		while (ours.delivered < stop && now_ns() < end_ns);
		memory = take(workers);
		if (stop == 10000)
			first = memory;
		print_all(&memory, workers, ours.delivered);
	}
	print_growth("the master", ours.delivered, &first.master_kib, &memory.master_kib);
	print_growth("a worker", ours.delivered, &first.worker_kib, &memory.worker_kib);
	ours_stop(&ours);
}

int
main(int argc, char **argv)
{
	uint64_t tasks = setting("BENCH_TASKS", 10000000), end_ns;

	ord_worker_main(argc, argv);
	if (tasks < 10000)
		fail("BENCH_TASKS must be 10000 or more");
	end_ns = now_ns() + setting("BENCH_SECONDS", 120) * 1000000000;
	bench_workers(2, tasks, end_ns);
	bench_workers(64, tasks < 1000000 ? tasks : 1000000, end_ns);
	return 0;
}
