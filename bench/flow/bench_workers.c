/*
 * Many workers: no-op tasks a second of 64 workers with a window of 1024 each,
 * against 2 workers with a window of 4096, and against the raw loop with as many
 * workers.
 */
#include <stdio.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum { FEW = 2, FEW_WINDOW = 4096, MANY = 64, MANY_WINDOW = 65536, TASKS = 2000000 };

struct measured {
	struct series rate;
	struct series cpu_ns;
};

static void
add(struct measured *measured, uint64_t begin_ns, uint64_t cpu_ns)
{
	series_add(&measured->rate, TASKS * 1e9 / (double)(now_ns() - begin_ns));
	series_add(&measured->cpu_ns, (double)(tree_cpu_ns() - cpu_ns) / TASKS);
}

static void
measure_ours(struct ours *ours, struct measured *measured)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	ours_run(ours, TASKS);
	add(measured, begin, cpu);
}

static void
measure_loop(struct loop *loop, struct measured *measured)
{
	struct shape shape = { MANY_WINDOW, MANY_WINDOW / MANY / 4, MANY_WINDOW / MANY, 8 };
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	loop_run(loop, &shape, TASKS);
	add(measured, begin, cpu);
}

static void
print(const struct measured *many, const struct measured *theirs, const char *against,
	const char *goal)
{
	struct figure rate = { "no-op tasks, 64 workers, window 65536", "tasks/s", against, goal };
	struct figure cpu = {
		"CPU per no-op task, 64 workers, window 65536", "ns", against, NULL
	};

	figure_print(&rate, &many->rate, &theirs->rate);
	figure_print(&cpu, &many->cpu_ns, &theirs->cpu_ns);
}

static void
start(struct ours *ours, uint32_t workers, uint32_t window)
{
	ours_start(ours,
		&ORD_POOL_OPTIONS(
			.workers = workers, .window = window, .capture = ORD_CAPTURE_OFF));
	ours_wait_ready(ours, workers);
	ours_run(ours, 400000);
}

int
main(int argc, char **argv)
{
	struct measured few = { 0 }, many = { 0 }, raw = { 0 }, warm_up = { 0 };
	struct ours few_ours = { 0 }, many_ours = { 0 };
	struct loop *loop;

	ord_worker_main(argc, argv);
	loop = loop_new(MANY);
	loop_connect(loop);
	start(&few_ours, FEW, FEW_WINDOW);
	start(&many_ours, MANY, MANY_WINDOW);
	measure_loop(loop, &warm_up);
	for (size_t round = 0; round < rounds(); round++) {
		measure_ours(&few_ours, &few);
		measure_ours(&many_ours, &many);
		measure_loop(loop, &raw);
	}
	print(&many, &few, "2 workers, window 4096", "ratio >= 0.5");
	print(&many, &raw, "raw loop, 64 workers, messages of 256", NULL);
	ours_stop(&few_ours);
	ours_stop(&many_ours);
	loop_destroy(loop);
	return 0;
}
