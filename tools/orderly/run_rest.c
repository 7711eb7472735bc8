/*
 * What is left of a run, by how long each proc should take.  Ways are looked
 * for when something becomes wanted; in between only times pass.
 */
#include <stdlib.h>

#include <orderly/definition.h>

#include "expected.h"
#include "run_state.h"

/* What a proc depends on, in room that grows. */
struct needs {
	const struct ord_proc **procs;
	uint32_t n, room;
};

static void
look_up(struct needs *needs, const struct item *item)
{
	needs->n = ord_proc_deps(item->proc, NULL, 0);
	if (needs->n > needs->room) {
		needs->room = 2 * needs->n;
		needs->procs = text_reallocate(needs->procs, needs->room, sizeof *needs->procs);
	}
	(void)ord_proc_deps(item->proc, needs->procs, needs->n);
}

struct list {
	struct item **items;
	size_t n, room;
};

static void
push(struct list *list, struct item *item)
{
	if (list->n == list->room) {
		list->room = list->room != 0 ? 2 * list->room : 256;
		list->items = text_reallocate(list->items, list->room, sizeof *list->items);
	}
	list->items[list->n++] = item;
}

/* Append it behind all that it depends on.  On a stack of our own: a chain may be as long as it likes. */
static void
sort_from(struct run *run, struct item *from, struct list *order, struct needs *needs)
{
	struct list stack = { 0 };
	uint64_t open = 2 * run->plans, sorted = open + 1;

	push(&stack, from);
	while (stack.n != 0) {
		struct item *item = stack.items[stack.n - 1];
		uint32_t i;

		if (item->mark >= open) {
			stack.n--;
			if (item->mark == open)
				push(order, item);
			item->mark = sorted;
			continue;
		}
		item->mark = open;
		look_up(needs, item);
		for (i = 0; i < needs->n; i++) {
			struct item *dep = items_of(&run->items, needs->procs[i]);

			if (dep->mark < open)
				push(&stack, dep);
		}
	}
	free(stack.items);
}

/* The longest way behind each, from those on which nothing depends. */
static void
find_ways(struct run *run)
{
	struct list order = { 0 };
	struct needs needs = { 0 };
	struct item *item;

	run->plans++;
	for (item = run->items.first; item != NULL; item = item->next) {
		item->behind_ns = 0;
		item->expected_ns = ord_proc_expected_ns(item->proc);
		if (item->wanted && item->mark < 2 * run->plans)
			sort_from(run, item, &order, &needs);
	}
	while (order.n != 0) {
		uint64_t way_ns;
		uint32_t i;

		item = order.items[--order.n];
		if (!item->wanted)
			continue;
		way_ns = item->behind_ns + item->expected_ns;
		look_up(&needs, item);
		for (i = 0; i < needs.n; i++) {
			struct item *dep = items_of(&run->items, needs.procs[i]);

			if (dep->behind_ns < way_ns)
				dep->behind_ns = way_ns;
		}
	}
	free(order.items);
	free(needs.procs);
}

uint64_t
rest_of(struct run *run, uint64_t now_ns)
{
	const struct run_counts *counts = &run->counts;
	struct expected expected = { 0 };
	const struct item *item;
	uint64_t seen = ESTIMATE_UNKNOWN;

	if (run->replan)
		find_ways(run);
	run->replan = false;
	for (item = run->items.first; item != NULL; item = item->next)
		if (item->wanted && !ord_proc_is_group(item->proc))
			expected_add(&expected, item->expected_ns,
				item->slot != ORD_NONE ? now_ns - item->begun_ns : 0,
				item->behind_ns);
	/* Where most are new, what was seen in this run says more. */
	if (expected.n_unknown > expected.n_known)
		seen = estimate_rest(&run->estimate, counts->wanted - counts->ended, run->jobs);
	return seen != ESTIMATE_UNKNOWN ? seen : expected_rest(&expected, run->jobs);
}
