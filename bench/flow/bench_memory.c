/*
 * Anonymous memory of master and workers after 10^4, 10^6 and 10^7 tasks: it
 * must not grow. BENCH_SECONDS (60) ends the run early; then the names say how
 * many tasks there were.
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
print(const char *who, uint64_t tasks, const struct series *kib, uint64_t tasks_before,
	const struct series *before)
{
	char name[96], against[64];

	snprintf(name, sizeof name, "anonymous memory of %s after %llu tasks", who,
		(unsigned long long)tasks);
	snprintf(against, sizeof against, "after %llu tasks", (unsigned long long)tasks_before);
	figure_print(&(struct figure){ .name = name,
			     .unit = "KiB",
			     .against = before ? against : NULL,
			     .goal = before ? "ratio <= 1.05" : NULL },
		kib, before);
}

static void
print_all(const struct memory *memory, uint64_t tasks, const struct memory *before,
	uint64_t tasks_before)
{
	print("the master", tasks, &memory->master_kib, tasks_before,
		before ? &before->master_kib : NULL);
	print("the spawner", tasks, &memory->spawner_kib, tasks_before,
		before ? &before->spawner_kib : NULL);
	print("a worker", tasks, &memory->worker_kib, tasks_before,
		before ? &before->worker_kib : NULL);
}

int
main(int argc, char **argv)
{
	static const uint64_t stops[] = { 10000, 1000000, 10000000 };
	const char *text = getenv("BENCH_SECONDS");
	uint64_t end = (text ? strtoull(text, NULL, 10) : 60) * 1000000000, before = 0;
	struct memory memories[3];
	struct ours ours = { 0 };

	ord_worker_main(argc, argv);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS));
	end += now_ns();
	for (size_t i = 0; i < 3 && (i == 0 || now_ns() < end); i++) {
		do
			ours_run(&ours, 10000);
		while (ours.delivered < stops[i] && now_ns() < end);
		memories[i] = take();
		print_all(&memories[i], ours.delivered, i > 0 ? &memories[i - 1] : NULL, before);
		before = ours.delivered;
	}
	ours_stop(&ours);
	return 0;
}
