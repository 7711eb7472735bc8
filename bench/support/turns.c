/* Sides that take turns; see turns.h. */
#include "turns.h"

#include <stdio.h>

enum { FIRST_TASKS = 2000 };

#define ROUND_NS UINT64_C(300000000)

/* Twice as many until a run is long enough to tell how many fill a round. */
static void
warm_up(struct turn *turn)
{
	uint64_t tasks = turn->tasks ? turn->tasks : FIRST_TASKS;

	while (turn->run) {
		uint64_t begin = now_ns(), took;

		turn->run(turn->user, tasks);
		took = now_ns() - begin;
		if (turn->tasks != 0)
			return;
		if (took > ROUND_NS / 4) {
			turn->tasks = tasks * ROUND_NS / took + 1;
			return;
		}
		tasks *= 2;
	}
}

static void
take_one(struct turn *turn)
{
	uint64_t cpu = tree_cpu_ns(), begin = now_ns();

	if (!turn->run)
		return;
	turn->run(turn->user, turn->tasks);
	series_add(&turn->rate, (double)turn->tasks * 1e9 / (double)(now_ns() - begin));
	series_add(&turn->cpu_ns, (double)(tree_cpu_ns() - cpu) / (double)turn->tasks);
}

void
turns_take(struct turn *turns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		warm_up(&turns[i]);
	for (size_t round = 0; round < rounds(); round++)
		for (size_t i = 0; i < n; i++)
			take_one(&turns[round % 2 == 0 ? i : n - 1 - i]);
}

void
turns_compare(const char *what, const struct turn *ours, const struct turn *theirs,
	const struct goals *goals)
{
	static const struct goals none;
	char name[128];

	if (!goals)
		goals = &none;
	snprintf(name, sizeof name, "%s, %s", what, ours->name);
	if (!theirs->run) {
		figure_skip(name, theirs->name,
			"not installed, or ORDERLY_SOURCE is not the source tree");
		return;
	}
	figure_print(&(struct figure){ .name = name,
			     .unit = "tasks/s",
			     .against = theirs->name,
			     .goal = goals->rate,
			     .stretch = goals->rate_stretch },
		&ours->rate, &theirs->rate);
	snprintf(name, sizeof name, "CPU per %s, %s", what, ours->name);
	figure_print(&(struct figure){ .name = name,
			     .unit = "ns",
			     .against = theirs->name,
			     .goal = goals->cpu,
			     .stretch = goals->cpu_stretch },
		&ours->cpu_ns, &theirs->cpu_ns);
}
