/*
 * Cycles, and the order in which deps come first: a search in depth without
 * recursion.  A cycle that a commit makes goes through a fresh node; if no
 * older node got a new dep it goes through fresh ones only, and older ones
 * need not be looked at.
 */
#include "graph/schedule/schedule.h"

#include <stddef.h>

#include "base/memory.h"

/* A search: what it may go through, and where it ends. */
struct search {
	struct schedule *schedule;
	uint32_t target; /* reaching it ends the search; SCHEDULE_NONE */
	uint32_t depth;  /* of the stack: node and its next edge, two numbers each */
	int only_fresh;
};

static int
reserve(struct numbers *numbers, uint32_t capacity)
{
	uint32_t *at;

	if (numbers->capacity >= capacity)
		return 0;
	capacity += capacity / 2;
	at = memory_resize(numbers->at, capacity * sizeof *at);
	if (at == NULL)
		return -1;
	numbers->at = at;
	numbers->capacity = capacity;
	return 0;
}

int
cycle_reserve(struct schedule *schedule)
{
	uint32_t nodes = schedule->n_nodes + 1;

	return reserve(&schedule->stack, 2 * nodes) != 0 ||
			reserve(&schedule->sorted, schedule->fresh.count + 1) != 0 ||
			reserve(&schedule->fault, nodes) != 0
		? -1
		: 0;
}

static void
push(struct search *search, uint32_t id)
{
	struct schedule *schedule = search->schedule;
	struct node *node = &schedule->nodes[id];

	schedule->stack.at[search->depth++] = id;
	schedule->stack.at[search->depth++] = node->deps;
	node->mark = 2 * schedule->epoch;
}

static void
pop(struct search *search)
{
	struct schedule *schedule = search->schedule;
	uint32_t id;

	search->depth -= 2;
	id = schedule->stack.at[search->depth];
	schedule->nodes[id].mark = 2 * schedule->epoch + 1;
	if (schedule->nodes[id].state == NODE_FRESH && search->target == SCHEDULE_NONE)
		schedule->sorted.at[schedule->sorted.count++] = id;
}

/* The nodes on the stack from `first` on. */
static int
keep_way(struct search *search, uint32_t first)
{
	struct schedule *schedule = search->schedule;
	uint32_t at = 0;

	while (schedule->stack.at[at] != first)
		at += 2;
	schedule->fault.count = 0;
	for (; at < search->depth; at += 2)
		schedule->fault.at[schedule->fault.count++] = schedule->stack.at[at];
	return FAULT_CYCLE;
}

/* Look at the dep of an edge. */
static int
look(struct search *search, const struct edge *edge)
{
	struct schedule *schedule = search->schedule;
	const struct node *dep = &schedule->nodes[edge->dep];

	if (!again_holds(schedule, edge) || !schedule_is_unfinished(dep->state) ||
		(search->only_fresh && dep->state != NODE_FRESH))
		return 0;
	if (edge->dep == search->target) {
		int found = keep_way(search, schedule->stack.at[0]);

		schedule->fault.at[schedule->fault.count++] = edge->dep;
		return found;
	}
	if (dep->mark == 2 * schedule->epoch)
		return keep_way(search, edge->dep);
	if (dep->mark != 2 * schedule->epoch + 1)
		push(search, edge->dep);
	return 0;
}

static int
visit(struct search *search, uint32_t from)
{
	struct schedule *schedule = search->schedule;
	int found = 0;

	search->depth = 0;
	push(search, from);
	while (search->depth != 0 && found == 0) {
		uint32_t *next = &schedule->stack.at[search->depth - 1];

		if (*next == SCHEDULE_NONE) {
			pop(search);
		} else {
			const struct edge *edge = &schedule->edges[*next];

			*next = edge->next_dep;
			found = look(search, edge);
		}
	}
	return found;
}

int
cycle_sort(struct schedule *schedule)
{
	struct search search = { .schedule = schedule,
		.target = SCHEDULE_NONE,
		.only_fresh = schedule->late.count == 0 };
	struct numbers sorted;

	schedule->epoch++;
	schedule->sorted.count = 0;
	for (uint32_t i = 0; i < schedule->fresh.count; i++) {
		uint32_t id = schedule->fresh.at[i];

		if (schedule->nodes[id].mark != 2 * schedule->epoch + 1 && visit(&search, id) != 0)
			return FAULT_CYCLE;
	}
	for (uint32_t i = 0; i < schedule->late.count; i++) {
		uint32_t id = schedule->edges[schedule->late.at[i]].dependent;

		if (schedule->nodes[id].mark != 2 * schedule->epoch + 1 && visit(&search, id) != 0)
			return FAULT_CYCLE;
	}
	sorted = schedule->sorted;
	schedule->sorted = schedule->fresh;
	schedule->fresh = sorted;
	return 0;
}

int
cycle_reach(struct schedule *schedule, uint32_t from, uint32_t node)
{
	struct search search = { .schedule = schedule, .target = node };

	schedule->epoch++;
	if (from != node)
		return visit(&search, from) != 0;
	schedule->fault.at[0] = node;
	schedule->fault.count = 1;
	return 1;
}
