/*
 * What listening costs: no-op tasks a second and processor time per task of a
 * pool whose callback gets one START and one END of each task, and of one that
 * gets the ENDs only, against the same pool without events.
 */
#include <stdio.h>

#include "support/measure.h"
#include "support/ours.h"

enum { WORKERS = 2, TASKS = 400000 };

/* What takes turns in a round. */
enum side { SILENT, ENDS, BOTH, SIDES };

struct listener {
	uint64_t starts;
	uint64_t ends;
};

struct measured {
	struct series rate;
	struct series cpu_ns;
};

struct bench {
	struct ours pools[SIDES];
	struct listener listeners[SIDES];
	struct measured measured[SIDES];
};

static void
listen_to(const struct ord_event *event, void *user)
{
	struct listener *listener = user;

	listener->starts += ord_event_kind(event) == ORD_TASK_STARTED;
	listener->ends += ord_event_kind(event) == ORD_TASK_ENDED;
}

static void
measure(struct bench *bench, enum side side, struct measured *measured)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();
	struct listener before = bench->listeners[side];

	ours_run(&bench->pools[side], TASKS);
	series_add(&measured->rate, TASKS * 1e9 / (double)(now_ns() - begin));
	series_add(&measured->cpu_ns, (double)(tree_cpu_ns() - cpu) / TASKS);
	if (bench->listeners[side].ends - before.ends != (side == SILENT ? 0 : TASKS) ||
		bench->listeners[side].starts - before.starts != (side == BOTH ? TASKS : 0))
		fail("events are missing");
}

static void
start(struct bench *bench, enum side side)
{
	uint32_t ends = ORD_EVENT_BIT(ORD_TASK_ENDED);

	ours_start(&bench->pools[side],
		&ORD_POOL_OPTIONS(.workers = WORKERS, .on_event = side == SILENT ? NULL : listen_to,
			.on_event_user = &bench->listeners[side],
			.events = side == BOTH ? ends | ORD_EVENT_BIT(ORD_TASK_STARTED) : ends));
}

static void
compare(const struct bench *bench, enum side side)
{
	static const char *const sides[SIDES] = { "", "one END event per task",
		"one START and END event per task" };
	char name[96];

	snprintf(name, sizeof name, "no-op tasks, %s", sides[side]);
	figure_print(&(struct figure){ .name = name, .unit = "tasks/s", .against = "no events" },
		&bench->measured[side].rate, &bench->measured[SILENT].rate);
	snprintf(name, sizeof name, "CPU per no-op task, %s", sides[side]);
	figure_print(&(struct figure){ .name = name, .unit = "ns", .against = "no events" },
		&bench->measured[side].cpu_ns, &bench->measured[SILENT].cpu_ns);
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	struct measured warm_up = { 0 };

	ord_worker_main(argc, argv);
	for (enum side side = SILENT; side < SIDES; side++) {
		start(&bench, side);
		measure(&bench, side, &warm_up);
	}
	for (size_t round = 0; round < rounds(); round++)
		for (enum side side = SILENT; side < SIDES; side++)
			measure(&bench, side, &bench.measured[side]);
	for (enum side side = ENDS; side < SIDES; side++)
		compare(&bench, side);
	for (enum side side = SILENT; side < SIDES; side++)
		ours_stop(&bench.pools[side]);
	return 0;
}
