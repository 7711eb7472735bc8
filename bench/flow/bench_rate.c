/*
 * No-op tasks a second and processor time per task: pools of three windows,
 * with and without capture, against the raw loop in batches, with one task a
 * message, and with one task a message and one message at each worker.
 */
#include <stdio.h>

#include "reference/loop.h"
#include "support/measure.h"
#include "support/ours.h"

enum { WORKERS = 2 };

/* What takes turns in a round. */
enum side { OFF, EXACT, BATCHED, SINGLE, LOCKSTEP, SIDES };

/* About a third of a second each on two quiet processors. */
static const uint64_t tasks[SIDES] = { 400000, 400000, 4000000, 400000, 4000 };

struct measured {
	struct series rate;
	struct series cpu_ns;
};

struct bench {
	struct ours pools[2]; /* OFF and EXACT */
	struct loop *loop;
	struct shape shapes[SIDES];
	struct measured measured[SIDES];
};

static void
measure(struct bench *bench, enum side side, struct measured *measured)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	if (side <= EXACT)
		ours_run(&bench->pools[side], tasks[side]);
	else
		loop_run(bench->loop, &bench->shapes[side], tasks[side]);
	series_add(&measured->rate, (double)tasks[side] * 1e9 / (double)(now_ns() - begin));
	series_add(&measured->cpu_ns, (double)(tree_cpu_ns() - cpu) / (double)tasks[side]);
}

static void
compare(const struct bench *bench, enum side ours, enum side theirs, uint64_t window)
{
	static const char *const sides[SIDES] = { "capture off", "exact capture",
		"raw loop in batches", "raw loop, 1 task a message",
		"raw loop, 1 task a message, 1 at each worker" };
	char name[96];

	snprintf(name, sizeof name, "no-op tasks, window %llu, %s", (unsigned long long)window,
		sides[ours]);
	figure_print(&(struct figure){ .name = name, .unit = "tasks/s", .against = sides[theirs] },
		&bench->measured[ours].rate, &bench->measured[theirs].rate);
	snprintf(name, sizeof name, "CPU per no-op task, window %llu, %s",
		(unsigned long long)window, sides[ours]);
	figure_print(&(struct figure){ .name = name, .unit = "ns", .against = sides[theirs] },
		&bench->measured[ours].cpu_ns, &bench->measured[theirs].cpu_ns);
}

static void
bench_window(struct bench *bench, uint64_t window)
{
	uint64_t batch = window / 4 < 4096 ? window / 4 : 4096;
	struct measured warm_up = { 0 };

	for (enum side side = OFF; side <= EXACT; side++)
		ours_start(&bench->pools[side],
			&ORD_POOL_OPTIONS(.workers = WORKERS, .window = (uint32_t)window,
				.capture = side == OFF ? ORD_CAPTURE_OFF : ORD_CAPTURE_EXACT));
	bench->shapes[BATCHED] = (struct shape){ window, batch, window / WORKERS, 8 };
	bench->shapes[SINGLE] = (struct shape){ window, 1, window / WORKERS, 8 };
	bench->shapes[LOCKSTEP] = (struct shape){ window, 1, 1, 8 };
	for (enum side side = 0; side < SIDES; side++) {
		measure(bench, side, &warm_up);
		bench->measured[side] = (struct measured){ 0 };
	}
	for (size_t round = 0; round < rounds(); round++)
		for (enum side side = 0; side < SIDES; side++)
			measure(bench, side, &bench->measured[side]);
	for (enum side theirs = BATCHED; theirs <= LOCKSTEP; theirs++)
		compare(bench, OFF, theirs, window);
	compare(bench, EXACT, BATCHED, window);
	compare(bench, EXACT, OFF, window);
	for (enum side side = OFF; side <= EXACT; side++)
		ours_stop(&bench->pools[side]);
}

int
main(int argc, char **argv)
{
	static struct bench bench;

	ord_worker_main(argc, argv);
	bench.loop = loop_new(WORKERS);
	loop_connect(bench.loop);
	bench_window(&bench, 1024);
	bench_window(&bench, 4096);
	bench_window(&bench, 16384);
	loop_destroy(bench.loop);
	return 0;
}
