/*
 * Anonymous memory of master and workers after 10^4 and 10^6 tasks: it must
 * not grow. BENCH_SECONDS (60) ends the run early; then the name says how many
 * tasks there were.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/measure.h"
#include "support/ours.h"

enum { WORKERS = 2 };

struct memory {
	struct series master_kib;
	struct series spawner_kib;
	struct series worker_kib; /* the largest */
};

static struct memory
take(void)
{
	pid_t pids[TREE_MAX];
	size_t n = tree(getpid(), pids);
	struct memory memory = { 0 };
	double largest = 0;

	if (n != WORKERS + 2)
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
print(const char *who, uint64_t tasks, const char *goal, const struct series *kib,
	const struct series *before)
{
	char name[96];

	snprintf(name, sizeof name, "anonymous memory of %s after %llu tasks", who,
		(unsigned long long)tasks);
	figure_print(&(struct figure){ .name = name,
			     .unit = "KiB",
			     .against = before ? "after 10000 tasks" : NULL,
			     .goal = goal },
		kib, before);
}

int
main(int argc, char **argv)
{
	const char *text = getenv("BENCH_SECONDS");
	uint64_t end = (text ? strtoull(text, NULL, 10) : 60) * 1000000000;
	struct memory early, late;
	struct ours ours = { 0 };

	ord_worker_main(argc, argv);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS));
	end += now_ns();
	ours_run(&ours, 10000);
	early = take();
	while (ours.delivered < 1000000 && now_ns() < end)
		ours_run(&ours, 10000);
	late = take();
	print("the master", 10000, NULL, &early.master_kib, NULL);
	print("the spawner", 10000, NULL, &early.spawner_kib, NULL);
	print("a worker", 10000, NULL, &early.worker_kib, NULL);
	print("the master", ours.delivered, "ratio <= 1.05", &late.master_kib, &early.master_kib);
	print("the spawner", ours.delivered, "ratio <= 1.05", &late.spawner_kib,
		&early.spawner_kib);
	print("a worker", ours.delivered, "ratio <= 1.05", &late.worker_kib, &early.worker_kib);
	ours_stop(&ours);
	return 0;
}
