/*
 * What becomes of a graph does not depend on the order: random graphs whose failures are given end in the same states
 * one by one, many at once, shuffled, and with ends that come in any order. ORDERLY_TEST_GRAPHS sets how many, 1000.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "graph/schedule/schedule.h"

enum { NODES = 30, ORDERS = 4 };

struct plan {
	struct node_options options[NODES];
	struct use uses[NODES];
	uint32_t deps[NODES][3];
	int kinds[NODES][3];
	uint32_t n_deps[NODES];
	int fails[NODES];
};

static uint64_t
draw(uint64_t *random, uint64_t below)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random % below;
}

/* Waves only grow along edges; barriers are left out, as what they decide by is the whole wave. */
static void
make(struct plan *plan, uint64_t seed)
{
	uint64_t random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

	memset(plan, 0, sizeof *plan);
	for (uint32_t i = 0; i < NODES; i++) {
		plan->options[i] = (struct node_options){ .weight = 1 + draw(&random, 9),
			.wave = (int32_t)(i * 3 / NODES),
			.flags = draw(&random, 8) == 0 ? NODE_ALWAYS : 0,
			.n_uses = draw(&random, 3) == 0,
			.uses = &plan->uses[i] };
		plan->uses[i] = (struct use){ 0, 1 + (uint32_t)draw(&random, 2) };
		plan->fails[i] = draw(&random, 10) == 0;
		plan->n_deps[i] = i == 0 ? 0 : (uint32_t)draw(&random, 4);
		for (uint32_t d = 0; d < plan->n_deps[i]; d++) {
			plan->deps[i][d] = (uint32_t)draw(&random, i);
			plan->kinds[i][d] = draw(&random, 5) == 0 ? EDGE_SOFT : EDGE_HARD;
		}
	}
}

static void
enter(struct schedule *s, const struct plan *plan, uint32_t slots, uint64_t shuffle)
{
	schedule_init(s, slots);
	s->random = shuffle;
	cr_assert_eq(schedule_add_lock(s, 2), 0);
	for (uint32_t i = 0; i < NODES; i++) {
		cr_assert_eq(schedule_add(s, &plan->options[i]), i);
		cr_assert_eq(schedule_want(s, i), 0);
		for (uint32_t d = 0; d < plan->n_deps[i]; d++)
			cr_assert_eq(schedule_edge(s, i, plan->deps[i][d], plan->kinds[i][d]), 0);
	}
	cr_assert_eq(schedule_commit(s), 0);
}

/* What runs ends in an order of its own, too; each starts once at most, and behind what it needs. */
static void
play(const struct plan *plan, uint32_t slots, uint64_t shuffle, int states[NODES])
{
	struct schedule s;
	uint64_t random = shuffle + 1;
	uint32_t running[NODES], n = 0, id;
	int started[NODES] = { 0 };

	enter(&s, plan, slots, shuffle);
	while (s.unfinished != 0) {
		while ((id = schedule_next(&s)) != SCHEDULE_NONE) {
			cr_assert_eq(started[id]++, 0);
			for (uint32_t d = 0; d < plan->n_deps[id]; d++)
				cr_assert(schedule_is_end(s.nodes[plan->deps[id][d]].state));
			running[n++] = id;
			cr_assert_leq(n, slots);
		}
		cr_assert_neq(n, 0);
		id = (uint32_t)draw(&random, n);
		schedule_end(&s, running[id], plan->fails[running[id]] ? NODE_FAILED : NODE_DONE, 1);
		running[id] = running[--n];
		while (schedule_settled(&s) != SCHEDULE_NONE)
			;
	}
	for (id = 0; id < NODES; id++)
		states[id] = s.nodes[id].state;
	schedule_finish(&s);
}

Test(shuffle, any_order_ends_in_the_same_states)
{
	const char *text = getenv("ORDERLY_TEST_GRAPHS");
	uint64_t graphs = text != NULL ? strtoull(text, NULL, 10) : 1000, canceled = 0;
	struct plan plan;
	int first[NODES], states[NODES];

	for (uint64_t seed = 1; seed <= graphs; seed++) {
		make(&plan, seed);
		play(&plan, 1, 0, first);
		for (uint64_t order = 1; order <= ORDERS; order++) {
			play(&plan, 1 + (uint32_t)(order + seed) % 8, seed * ORDERS + order, states);
			for (uint32_t i = 0; i < NODES; i++)
				cr_assert_eq(states[i], first[i], "graph %lu, order %lu, node %u: %d, not %d",
					(unsigned long)seed, (unsigned long)order, i, states[i], first[i]);
		}
		for (uint32_t i = 0; i < NODES; i++)
			canceled += first[i] == NODE_CANCELED;
	}
	cr_assert_gt(canceled, graphs);
}
