/* The core of the graph, case by case: what the random driver cannot say in words. */
#include <criterion/criterion.h>

#include <stdarg.h>

#include "graph/schedule/schedule.h"
#include "memory_fault.h"

/* A node of weight 1 in wave 0. */
static uint32_t
plain(struct schedule *s)
{
	return schedule_add(s, &(struct node_options){ .weight = 1 });
}

static uint32_t
flagged(struct schedule *s, uint32_t flags)
{
	return schedule_add(s, &(struct node_options){ .flags = flags });
}

static uint32_t
locked(struct schedule *s, uint32_t lock, uint32_t units)
{
	return schedule_add(s, &(struct node_options){ .uses = &(struct use){ lock, units }, .n_uses = 1 });
}

static void
needs(struct schedule *s, uint32_t dependent, uint32_t dep, int kind)
{
	cr_assert_eq(schedule_want(s, dependent), 0);
	cr_assert_eq(schedule_want(s, dep), 0);
	cr_assert_eq(schedule_edge(s, dependent, dep, kind), 0);
}

static void
want(struct schedule *s, uint32_t node)
{
	cr_assert_eq(schedule_want(s, node), 0);
	cr_assert_eq(schedule_commit(s), 0);
}

/* What starts next ends at once. */
static uint32_t
run_next(struct schedule *s, int state)
{
	uint32_t node = schedule_next(s);

	if (node != SCHEDULE_NONE)
		schedule_end(s, node, state, 1);
	return node;
}

static void
expect_order(struct schedule *s, int count, ...)
{
	va_list nodes;

	va_start(nodes, count);
	for (int i = 0; i < count; i++)
		cr_assert_eq(run_next(s, NODE_DONE), va_arg(nodes, uint32_t), "at %d", i);
	va_end(nodes);
	cr_assert_eq(schedule_next(s), SCHEDULE_NONE);
}

Test(schedule, two_paths_run_once)
{
	struct schedule s;
	uint32_t a, b, c, d;

	schedule_init(&s, 4);
	a = plain(&s), b = plain(&s), c = plain(&s), d = plain(&s);
	needs(&s, a, b, EDGE_HARD);
	needs(&s, a, c, EDGE_HARD);
	needs(&s, a, c, EDGE_HARD);
	needs(&s, b, d, EDGE_HARD);
	needs(&s, c, d, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(s.unfinished, 4);
	expect_order(&s, 4, d, b, c, a);
	cr_assert_eq(s.unfinished, 0);
	want(&s, a); /* it has ended */
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_finish(&s);
}

Test(schedule, cycles_are_named)
{
	struct schedule s;
	uint32_t nodes[100];

	schedule_init(&s, 1);
	for (uint32_t i = 0; i < 100; i++)
		nodes[i] = plain(&s);
	needs(&s, nodes[0], nodes[0], EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), FAULT_CYCLE);
	cr_assert_eq(s.fault.count, 1);
	needs(&s, nodes[0], nodes[1], EDGE_SOFT);
	needs(&s, nodes[1], nodes[0], EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), FAULT_CYCLE);
	cr_assert_eq(s.fault.count, 2);
	needs(&s, nodes[0], nodes[1], EDGE_HARD); /* leads into the cycle, is no part of it */
	for (uint32_t i = 1; i < 100; i++)
		needs(&s, nodes[i], nodes[i < 99 ? i + 1 : 1], EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), FAULT_CYCLE);
	cr_assert_eq(s.fault.count, 99);
	cr_assert_eq(s.unfinished, 0);
	for (uint32_t i = 0; i < 99; i++)
		cr_assert_eq(s.fault.at[(i + 1) % 99], s.fault.at[i] % 99 + 1);
	needs(&s, nodes[0], nodes[1], EDGE_HARD); /* nothing of that is left */
	cr_assert_eq(schedule_commit(&s), 0);
	expect_order(&s, 2, nodes[1], nodes[0]);
	schedule_finish(&s);
}

Test(schedule, a_late_edge_closes_a_cycle)
{
	struct schedule s;
	uint32_t a, b, c;

	schedule_init(&s, 1);
	a = plain(&s), b = plain(&s), c = plain(&s);
	needs(&s, a, b, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	needs(&s, c, a, EDGE_HARD);
	cr_assert_eq(schedule_edge(&s, b, c, EDGE_HARD), 0);
	cr_assert_eq(schedule_commit(&s), FAULT_CYCLE);
	cr_assert_eq(s.fault.count, 3);
	expect_order(&s, 2, b, a);
	schedule_finish(&s);
}

Test(schedule, the_longest_chain_first_then_the_order_of_making)
{
	struct schedule s;
	uint32_t single, chain[3], heavy, deep;

	schedule_init(&s, 1);
	single = plain(&s);
	for (int i = 0; i < 3; i++)
		chain[i] = plain(&s);
	deep = plain(&s);
	needs(&s, chain[2], chain[1], EDGE_HARD);
	needs(&s, chain[1], chain[0], EDGE_HARD);
	schedule_want(&s, single);
	schedule_want(&s, deep);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), chain[0]);
	/* Now something long is wanted that needs `deep`: it overtakes. */
	heavy = schedule_add(&s, &(struct node_options){ .weight = 100 });
	needs(&s, heavy, deep, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	schedule_end(&s, chain[0], NODE_DONE, 1);
	expect_order(&s, 5, deep, heavy, chain[1], single, chain[2]);
	schedule_finish(&s);
}

Test(schedule, failures)
{
	struct schedule s;
	uint32_t bad, hard, behind, soft, always, other;

	schedule_init(&s, 9);
	bad = plain(&s), hard = plain(&s), behind = plain(&s), soft = plain(&s), other = plain(&s);
	always = flagged(&s, NODE_ALWAYS);
	needs(&s, hard, bad, EDGE_HARD);
	needs(&s, behind, hard, EDGE_HARD);
	needs(&s, soft, bad, EDGE_SOFT);
	needs(&s, always, behind, EDGE_HARD);
	needs(&s, other, other == bad ? bad : soft, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(run_next(&s, NODE_FAILED), bad);
	cr_assert_eq(schedule_settled(&s), hard);
	cr_assert_eq(schedule_settled(&s), behind);
	cr_assert_eq(schedule_settled(&s), SCHEDULE_NONE);
	cr_assert_eq(s.nodes[behind].root, bad);
	expect_order(&s, 3, soft, other, always);
	/* Wanted after the failure. */
	other = plain(&s);
	needs(&s, other, behind, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_settled(&s), other);
	cr_assert_eq(s.nodes[other].root, bad);
	schedule_finish(&s);
}

Test(schedule, keep_going)
{
	for (uint32_t limit = 0; limit < 4; limit++) {
		struct schedule s;
		uint32_t starts = 0, idle = 0, id;

		schedule_init(&s, 2);
		s.keep_going = limit;
		for (int i = 0; i < 10; i++)
			schedule_want(&s, plain(&s));
		cr_assert_eq(schedule_commit(&s), 0);
		cr_assert_neq(schedule_next(&s), SCHEDULE_NONE); /* one runs all the time */
		while ((id = run_next(&s, NODE_FAILED)) != SCHEDULE_NONE)
			starts++;
		while (schedule_settled(&s) != SCHEDULE_NONE)
			idle++;
		cr_assert_eq(starts, limit == 0 ? 9 : limit);
		cr_assert_eq(idle, 9 - starts);
		schedule_finish(&s);
	}
}

Test(schedule, locks)
{
	struct schedule s;
	uint32_t one, two, small[4], id;

	schedule_init(&s, 9);
	one = schedule_add_lock(&s, 1), two = schedule_add_lock(&s, 2);
	schedule_want(&s, locked(&s, one, 1));
	schedule_want(&s, locked(&s, one, 1));
	cr_assert_eq(schedule_commit(&s), 0);
	id = schedule_next(&s);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, id, NODE_FAILED, 1); /* gives it back all the same */
	cr_assert_neq(run_next(&s, NODE_DONE), SCHEDULE_NONE);

	/* Who needs both units waits for the first, and those that come later do not pass. */
	for (int i = 0; i < 4; i++)
		small[i] = i == 1 ? locked(&s, two, 2) : locked(&s, two, 1);
	for (int i = 0; i < 4; i++)
		schedule_want(&s, small[i]);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), small[0]);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, small[0], NODE_DONE, 1);
	cr_assert_eq(schedule_next(&s), small[1]);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, small[1], NODE_DONE, 1);
	cr_assert_eq(schedule_next(&s), small[2]);
	cr_assert_eq(schedule_next(&s), small[3]);

	schedule_want(&s, locked(&s, two, 3));
	cr_assert_eq(schedule_commit(&s), FAULT_LOCK);
	schedule_want(&s, locked(&s, schedule_add_lock(&s, 0), 1));
	cr_assert_eq(schedule_commit(&s), FAULT_LOCK);
	schedule_finish(&s);
}

Test(schedule, waves)
{
	struct schedule s;
	uint32_t late, early, first;

	schedule_init(&s, 9);
	late = schedule_add(&s, &(struct node_options){ .wave = 2 });
	early = schedule_add(&s, &(struct node_options){ .wave = -1 });
	first = plain(&s);
	schedule_want(&s, late);
	schedule_want(&s, first);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), first);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	want(&s, early);
	cr_assert_eq(schedule_next(&s), early);
	schedule_end(&s, first, NODE_DONE, 1);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, early, NODE_FAILED, 1);
	cr_assert_eq(schedule_next(&s), late);
	early = plain(&s);
	needs(&s, early, late, EDGE_SOFT);
	cr_assert_eq(schedule_commit(&s), FAULT_WAVE);
	schedule_finish(&s);
}

Test(schedule, barriers)
{
	struct schedule s;
	uint32_t barrier, other, after, work[2];

	schedule_init(&s, 9);
	barrier = flagged(&s, NODE_BARRIER | NODE_NO_FAILURES), other = flagged(&s, NODE_BARRIER);
	after = plain(&s), work[0] = plain(&s), work[1] = plain(&s);
	needs(&s, after, barrier, EDGE_HARD);
	schedule_want(&s, other);
	schedule_want(&s, work[0]);
	schedule_want(&s, work[1]);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), work[0]);
	cr_assert_eq(schedule_next(&s), work[1]);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, work[0], NODE_DONE, 1);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_end(&s, work[1], NODE_FAILED, 1);
	cr_assert_eq(schedule_next(&s), other);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	cr_assert_eq(schedule_settled(&s), barrier);
	cr_assert_eq(schedule_settled(&s), after);
	cr_assert_eq(s.nodes[after].root, work[1]);
	schedule_finish(&s);
}

Test(schedule, what_runs_or_has_ended_gets_no_dep)
{
	struct schedule s;
	uint32_t a, b;

	schedule_init(&s, 1);
	a = plain(&s), b = plain(&s);
	want(&s, a);
	cr_assert_eq(schedule_next(&s), a);
	schedule_want(&s, b);
	cr_assert_eq(schedule_edge(&s, a, b, EDGE_HARD), FAULT_LATE);
	schedule_end(&s, a, NODE_DONE, 1);
	schedule_want(&s, b);
	cr_assert_eq(schedule_edge(&s, a, b, EDGE_HARD), FAULT_LATE);
	cr_assert_eq(s.nodes[b].state, NODE_IDLE);
	schedule_finish(&s);
}

/* With one slot, each of five waits for the next. */
Test(schedule, slots_given_back)
{
	struct schedule s;
	uint32_t chain[5], edges[5], barrier;

	schedule_init(&s, 1);
	for (int i = 0; i < 5; i++) {
		chain[i] = plain(&s);
		want(&s, chain[i]);
		cr_assert_eq(schedule_next(&s), chain[i]);
		if (i > 0)
			cr_assert_eq(schedule_wait(&s, chain[i - 1], chain[i], &edges[i]), 0);
		schedule_yield(&s, chain[i]);
	}
	cr_assert_eq(schedule_wait(&s, chain[4], chain[0], &edges[0]), FAULT_CYCLE);
	cr_assert_eq(s.fault.count, 5);
	cr_assert_eq(schedule_wait(&s, chain[4], chain[4], &edges[0]), FAULT_CYCLE);
	barrier = flagged(&s, NODE_BARRIER);
	want(&s, barrier);
	cr_assert_eq(schedule_wait(&s, chain[4], barrier, &edges[0]), FAULT_BARRIER);
	for (int i = 4; i >= 0; i--) {
		schedule_resume(&s, chain[i]);
		cr_assert_eq(s.running, 1);
		schedule_end(&s, chain[i], NODE_DONE, 1);
		if (i > 0)
			schedule_wait_over(&s, edges[i]);
	}
	cr_assert_eq(schedule_next(&s), barrier);
	schedule_finish(&s);
}

Test(schedule, shuffled_order_is_of_the_seed)
{
	uint32_t first[2][50];

	for (int round = 0; round < 2; round++) {
		struct schedule s;

		schedule_init(&s, 1);
		s.random = 7;
		for (int i = 0; i < 50; i++)
			schedule_want(&s, plain(&s));
		cr_assert_eq(schedule_commit(&s), 0);
		for (int i = 0; i < 50; i++)
			first[round][i] = run_next(&s, NODE_DONE);
		schedule_finish(&s);
	}
	cr_assert_arr_eq(first[0], first[1], sizeof first[0]);
	cr_assert(first[0][0] != 0 || first[0][1] != 1 || first[0][2] != 2);
}

/* Nothing half-inserted: after each failure the same calls work. */
Test(schedule, without_memory)
{
	for (unsigned long n = 1;; n++) {
		struct schedule s;
		uint32_t a, b;
		int came, status;

		schedule_init(&s, 1);
		a = plain(&s), b = plain(&s);
		memory_fault_at(n);
		status = schedule_want(&s, a) != 0 || schedule_want(&s, b) != 0 ||
			schedule_edge(&s, a, b, EDGE_HARD) != 0 || schedule_commit(&s) != 0;
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert_eq(status, came);
		if (came) {
			cr_assert_eq(s.unfinished, 0);
			schedule_rollback(&s);
			needs(&s, a, b, EDGE_HARD);
			cr_assert_eq(schedule_commit(&s), 0);
		}
		expect_order(&s, 2, b, a);
		schedule_finish(&s);
		if (!came)
			break;
	}
}

/* Wide, deep and behind one lock: with a look at everything per event these take minutes. */
Test(schedule, a_hundred_thousand, .timeout = 100)
{
	enum { MANY = 100000 };
	struct schedule s;
	uint32_t lock, last = SCHEDULE_NONE, node, ended = 0;

	schedule_init(&s, 4);
	lock = schedule_add_lock(&s, 1);
	for (int i = 0; i < MANY; i++) {
		node = i % 3 == 0 ? plain(&s) : locked(&s, lock, 1);
		if (i % 3 == 0 && last != SCHEDULE_NONE)
			needs(&s, node, last, EDGE_HARD);
		schedule_want(&s, node);
		if (i % 3 == 0)
			last = node;
		if (i % 1000 == 0)
			cr_assert_eq(schedule_commit(&s), 0);
	}
	cr_assert_eq(schedule_commit(&s), 0);
	while ((node = run_next(&s, NODE_DONE)) != SCHEDULE_NONE)
		ended++;
	cr_assert_eq(ended, MANY);
	schedule_finish(&s);
}

/* What is to be tried again waits for a barrier that is wanted again meanwhile: then that does not wait for it. */
Test(schedule, a_barrier_again_before_a_retry)
{
	struct schedule s;
	uint32_t barrier, node;

	schedule_init(&s, 4);
	barrier = flagged(&s, NODE_BARRIER), node = plain(&s);
	want(&s, barrier);
	expect_order(&s, 1, barrier);
	needs(&s, node, barrier, EDGE_SOFT);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), node);
	cr_assert_eq(schedule_again(&s, barrier), 0);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	schedule_hold(&s, node);
	expect_order(&s, 2, barrier, node);
	schedule_finish(&s);
}

/* --- what is asked for --- */

static uint32_t
edges_of(const struct schedule *s, uint32_t node)
{
	uint32_t n = 0;

	for (uint32_t at = s->nodes[node].deps; at != SCHEDULE_NONE; at = s->edges[at].next_dep)
		n += s->edges[at].kind <= EDGE_SOFT;
	return n;
}

static int
need_only(struct schedule *s, uint32_t node, uint32_t dep)
{
	struct asked_dep deps[] = { { .dep = dep, .kind = EDGE_HARD } };
	int status = schedule_want(s, dep);

	return status == 0 ? schedule_needs(s, node, deps, 1) : status;
}

/* One dep or the other, again and again: the edges stay two, and what is not needed is not waited for. */
Test(schedule, needs_come_and_go)
{
	struct schedule s;
	uint32_t all, deps[2];

	schedule_init(&s, 1);
	all = plain(&s), deps[0] = plain(&s), deps[1] = plain(&s);
	cr_assert_eq(schedule_want(&s, all), 0);
	cr_assert_eq(need_only(&s, all, deps[0]), 0);
	cr_assert_eq(schedule_commit(&s), 0);
	expect_order(&s, 2, deps[0], all);
	for (int i = 1; i < 20; i++) {
		uint32_t dep = deps[i % 2];

		cr_assert_eq(schedule_again(&s, all), 0);
		cr_assert_eq(need_only(&s, all, dep), 0);
		cr_assert_eq(schedule_commit(&s), 0);
		cr_assert_eq(edges_of(&s, all), 1);
		cr_assert_not(schedule_is_needed(&s, deps[(i + 1) % 2]));
		cr_assert_eq(s.dropped.at[s.dropped.count - 1], deps[(i + 1) % 2]);
		cr_assert_eq(schedule_leave(&s, deps[(i + 1) % 2]), 1);
		expect_order(&s, 2, dep, all);
	}
	cr_assert_eq(s.n_edges, 2);
	cr_assert_eq(schedule_again(&s, all), 0);
	cr_assert_eq(need_only(&s, all, all), 0);
	cr_assert_eq(schedule_commit(&s), FAULT_CYCLE);
	cr_assert_eq(edges_of(&s, all), 1);
	cr_assert_eq(s.unfinished, 0);
	schedule_finish(&s);
}

/* Who waits for what it does not need any more begins; and with news in what it needs it is not lazy. */
Test(schedule, needs_while_it_waits)
{
	struct schedule s;
	uint32_t all, one, two, node;

	schedule_init(&s, 4);
	all = plain(&s), one = plain(&s), two = plain(&s);
	cr_assert_eq(schedule_want(&s, all), 0);
	cr_assert_eq(need_only(&s, all, one), 0);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), one);
	cr_assert_eq(schedule_next(&s), SCHEDULE_NONE);
	cr_assert_eq(schedule_needs(&s, all, NULL, 0), 0);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), all);
	schedule_end(&s, all, NODE_DONE, 1);
	cr_assert_eq(schedule_leave(&s, one), 0); /* it runs */
	schedule_end(&s, one, NODE_DONE, 1);
	cr_assert_eq(schedule_leave(&s, one), 1);

	/* Lazy, it would stay what it was. */
	node = plain(&s);
	needs(&s, node, two, EDGE_HARD);
	cr_assert_eq(schedule_commit(&s), 0);
	expect_order(&s, 2, two, node);
	cr_assert_eq(schedule_again(&s, two), 0);
	cr_assert_eq(need_only(&s, node, all), 0);
	cr_assert_eq(schedule_commit(&s), 0);
	cr_assert_eq(schedule_next(&s), two);
	schedule_end(&s, two, NODE_DONE, 0);
	expect_order(&s, 1, node);
	schedule_finish(&s);
}

/* Without memory all is as it was. */
Test(schedule, needs_without_memory)
{
	for (unsigned long n = 1, came = 1; came; n++) {
		struct schedule s;
		uint32_t all, one, other;
		int status;

		schedule_init(&s, 1);
		all = plain(&s), one = plain(&s), other = plain(&s);
		cr_assert_eq(schedule_want(&s, all), 0);
		cr_assert_eq(need_only(&s, all, one), 0);
		cr_assert_eq(schedule_commit(&s), 0);
		expect_order(&s, 2, one, all);
		memory_fault_at(n);
		status = schedule_again(&s, all);
		if (status == 0)
			status = need_only(&s, all, other);
		if (status == 0)
			status = schedule_commit(&s);
		came = (unsigned long)memory_fault_came();
		memory_fault_at(0);
		cr_assert_eq(status, came ? FAULT_MEMORY : 0);
		cr_assert_eq(s.edges[s.nodes[one].dependents].kind, came ? EDGE_HARD : EDGE_OVER);
		cr_assert_eq(edges_of(&s, all), 1);
		cr_assert_eq(s.unfinished, came ? 0 : 2);
		schedule_finish(&s);
		cr_assert_lt(n, 100);
	}
}
