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

	snprintf(name, sizeof name, "memory: %s after %llu tasks", who, (unsigned long long)tasks);
	figure_print(&(struct figure){ .name = name, .unit = "KiB", .goal = goal }, kib, NULL);
}

static void
print_all(const struct memory *memory, uint32_t workers, uint64_t tasks)
{
	char goal[48], master[48], spawner[48], worker[48];

	snprintf(goal, sizeof goal, "<= %u", 10 * 1024 + workers * 1024 / 5);
	snprintf(master, sizeof master, "the master of %u workers", workers);
	snprintf(spawner, sizeof spawner, "the spawner of %u workers", workers);
	snprintf(worker, sizeof worker, "one of %u workers", workers);
	print(master, tasks, goal, &memory->master_kib);
	print(spawner, tasks, NULL, &memory->spawner_kib);
	print(worker, tasks, "<= 8192", &memory->worker_kib);
}

static void
print_growth(
	const struct memory *first, const struct memory *last, uint32_t workers, uint64_t tasks)
{
	struct series master = { { last->master_kib.at[0] - first->master_kib.at[0] }, 1 };
	struct series worker = { { last->worker_kib.at[0] - first->worker_kib.at[0] }, 1 };
	char who[64];

	snprintf(who, sizeof who, "growth in the master of %u workers", workers);
	print(who, tasks, "<= 512", &master);
	snprintf(who, sizeof who, "growth in one of %u workers", workers);
	print(who, tasks, "<= 512", &worker);
}

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

/* From `first_stop` tasks on, which fill the window more than once. */
static void
bench_workers(uint32_t workers, uint64_t first_stop, uint64_t last_stop, uint64_t end_ns)
{
	struct memory first = { 0 }, memory = { 0 };
	struct ours ours = { 0 };

	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = workers));
	ours_wait_ready(&ours, workers);
	for (uint64_t stop = first_stop;
		stop <= last_stop && (first.master_kib.n == 0 || now_ns() < end_ns); stop *= 10) {
		do
			ours_run(&ours, first_stop);
		while (ours.delivered < stop && now_ns() < end_ns);
		memory = take(workers);
		if (first.master_kib.n == 0)
			first = memory;
		print_all(&memory, workers, ours.delivered);
	}
	print_growth(&first, &memory, workers, ours.delivered);
	ours_stop(&ours);
}

int
main(int argc, char **argv)
{
	uint64_t tasks = setting("BENCH_TASKS", 10000000), end_ns;

	ord_worker_main(argc, argv);
	if (tasks < 100000)
		fail("BENCH_TASKS must be 100000 or more");
	end_ns = now_ns() + setting("BENCH_SECONDS", 120) * 1000000000;
	bench_workers(2, 10000, tasks, end_ns);
	bench_workers(64, 100000, tasks, end_ns);
	return 0;
}
