/* Which proc is first, which is refused, and what a failure leaves to the others. */
#include "graphs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- priorities --- */

static void
note_start(int kind, const struct ord_proc *proc, void *user)
{
	char *order = user;

	if (kind == ORD_PROC_EVENT_STARTED)
		strcat(strcat(order, ord_proc_name(proc)), " ");
}

/* It begins in this order. */
static void
run_in_order(const char *database, uint32_t full, const char *order)
{
	char seen[100] = "";
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .database = database, .full = full,
		.on_event = note_start, .on_event_user = seen));

	ADD(graph, .name = "short", .command = ORD_NAMES("true"));
	ADD(graph, .name = "long", .command = ORD_NAMES("sleep", "0.5"));
	ADD(graph, .name = "deep", .command = ORD_NAMES("true"), .deps = ORD_NAMES("deeper"));
	ADD(graph, .name = "deeper", .command = ORD_NAMES("true"), .deps = ORD_NAMES("deepest"));
	ADD(graph, .name = "deepest", .command = ORD_NAMES("true"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("short", "long", "deep")));
	if (strncmp(seen, order, strlen(order)) != 0)
		fprintf(stderr, "%s, not %s\n", seen, order);
	CHECK(strncmp(seen, order, strlen(order)) == 0);
	ord_graph_destroy(&graph);
}

/* The deepest chain first as long as nothing is known, then what took longest. */
SCENE(order, is_learned_from_the_runs_before)
{
	char place[] = "/tmp/ord-order-XXXXXX", database[64], command[80];

	CHECK(mkdtemp(place) != NULL);
	snprintf(database, sizeof database, "%s/graph.db", place);
	run_in_order(database, 0, "deepest deeper short long deep ");
	run_in_order(database, 1, "long ");
	snprintf(command, sizeof command, "rm -rf %s", place);
	CHECK_EQ(system(command), 0);
}

/* --- cycles --- */

SCENE(order, cycles_are_named)
{
	struct ord_graph *graph = graphs_new(NULL);

	ADD(graph, .name = "self", .command = ORD_NAMES("true"), .deps = ORD_NAMES("self"));
	ADD(graph, .name = "a", .command = ORD_NAMES("true"), .deps = ORD_NAMES("b"));
	ADD(graph, .name = "b", .command = ORD_NAMES("true"), .deps = ORD_NAMES("a"));
	ADD(graph, .name = "ring::[x]::[y]", .command = ORD_NAMES("true"), .deps = ORD_NAMES("ring::[y]::[x]"));
	ADD(graph, .name = "one", .command = ORD_NAMES("true"), .deps = ORD_NAMES("two"));
	ADD(graph, .name = "two", .command = ORD_NAMES("true"), .deps = ORD_NAMES("three"));
	ADD(graph, .name = "three", .command = ORD_NAMES("true"), .rdeps = ORD_NAMES("two"), .deps = ORD_NAMES("four"));
	ADD(graph, .name = "four", .command = ORD_NAMES("true"));
	ADD(graph, .name = "five", .command = ORD_NAMES("true"), .deps = ORD_NAMES("one"), .rdeps = ORD_NAMES("four"));
	GRAPH_SAYS(graph, ord_graph_start(graph, "self"), ORD_EINVAL, "self -> self");
	GRAPH_SAYS(graph, ord_graph_start(graph, "a"), ORD_EINVAL, "a -> b -> a");
	GRAPH_SAYS(graph, ord_graph_start(graph, "ring::1::2"), ORD_EINVAL, "ring::1::2 -> ring::2::1 -> ring::1::2");
	GRAPH_SAYS(graph, ord_graph_start(graph, "ring::1::1"), ORD_EINVAL, "ring::1::1 -> ring::1::1");
	GRAPH_SAYS(graph, ord_graph_start(graph, "two"), ORD_EINVAL, "cycle");
	/* Nothing is wanted by what was refused. */
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_IDLE);
	CHECK_EQ(STATE_OF(graph, "three"), ORD_PROC_IDLE);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	ord_graph_destroy(&graph);
}

/* --- locks --- */

/* One that fails gives its lock back, one that is named twice is needed once, one without units lets nobody start. */
SCENE(order, locks_of_any_number)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 4));

	ADD(graph, .name = "bad::[x]", .command = ORD_NAMES("false"), .locks = ORD_NAMES("one"));
	ADD(graph, .name = "good::[x]", .command = ORD_NAMES("true"), .locks = ORD_NAMES("one"));
	ADD(graph, .name = "twice::[x]", .command = ORD_NAMES("true"), .locks = ORD_NAMES("pair", "pair"));
	ADD(graph, .name = "never", .command = ORD_NAMES("true"), .locks = ORD_NAMES("none"));
	GRAPH_OK(graph, ord_graph_set_lock(graph, "pair", 2));
	GRAPH_OK(graph, ord_graph_set_lock(graph, "none", 0));
	for (int i = 0; i < 4; i++) {
		char name[32];

		snprintf(name, sizeof name, "%s::%d", i % 2 == 0 ? "bad" : "good", i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
		snprintf(name, sizeof name, "twice::%d", i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
	}
	CHECK_EQ(ord_graph_wait_all(graph), ORD_EFAILED);
	CHECK_EQ(STATE_OF(graph, "bad::2"), ORD_PROC_FAILED);
	CHECK_EQ(STATE_OF(graph, "good::3"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "twice::3"), ORD_PROC_SUCCEEDED);
	GRAPH_SAYS(graph, ord_graph_start(graph, "never"), ORD_EINVAL, "none");
	ord_graph_destroy(&graph);
}

/* --- failures --- */

/* The first of two that run fails: the other ends in its own time, nothing else starts, with -k 2 one more does. */
SCENE(order, of_failures_while_others_run)
{
	for (uint32_t keep_going = 1; keep_going <= 3; keep_going++) {
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .keep_going = keep_going));

		ADD(graph, .name = "a", .command = ORD_NAMES("false"));
		ADD(graph, .name = "b", .command = ORD_NAMES("sleep", "0.3"));
		ADD(graph, .name = "c", .command = ORD_NAMES("false"), .special_deps = ORD_DEPS(&ORD_DEP(.name = "a", .soft = 1)));
		ADD(graph, .name = "d", .command = ORD_NAMES("true"), .special_deps = ORD_DEPS(&ORD_DEP(.name = "c", .soft = 1)));
		ADD(graph, .name = "e", .command = ORD_NAMES("true"), .deps = ORD_NAMES("a"));
		CHECK_EQ(ord_graph_run(graph, ORD_NAMES("a", "b", "c", "d", "e")), ORD_EFAILED);
		CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "c"), keep_going >= 2 ? ORD_PROC_FAILED : ORD_PROC_IDLE);
		CHECK_EQ(STATE_OF(graph, "d"), keep_going >= 3 ? ORD_PROC_SUCCEEDED : ORD_PROC_IDLE);
		CHECK_EQ(STATE_OF(graph, "e"), ORD_PROC_FAILED_DEP);
		ord_graph_destroy(&graph);
	}
}
