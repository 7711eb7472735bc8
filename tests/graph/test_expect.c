/*
 * Which of several ready procs is first, and how long they should take.  What is
 * known is written into the database, so that nothing depends on how long
 * anything really takes.
 */
#include "ground.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/history/history.h"

#define DATABASE "graph.db"
#define MS UINT64_C(1000000)

/* A proc of this name took so long. */
static void
know(const char *name, uint64_t ms)
{
	struct history *history;
	struct record record = { .version = 1, .mean_ns = ms * MS, .weight = 1 };

	CHECK_EQ(history_new(&history), 0);
	CHECK_EQ(history_open(history, DATABASE, HISTORY_WRITE, 0), 0);
	CHECK_EQ(history_begin(history, name), 0);
	CHECK_EQ(history_succeed(history, name, &(struct run){ .start_ns = 1, .end_ns = 2 }, &record), 0);
	history_destroy(&history);
}

static void
note_start(int kind, const struct ord_proc *proc, void *user)
{
	if (kind == ORD_PROC_EVENT_STARTED)
		strcat(strcat(user, ord_proc_name(proc)), " ");
}

static struct ord_graph *
open_graph(char *seen, const char *database)
{
	*seen = '\0';
	return graphs_new(&ORD_GRAPH_OPTIONS(
		.parallel = 1, .database = database, .on_event = note_start, .on_event_user = seen));
}

static void
ended_in_order(struct ord_graph **graph, const char *seen, const char *order)
{
	if (strcmp(seen, order) != 0)
		fprintf(stderr, "%s, not %s\n", seen, order);
	CHECK(strcmp(seen, order) == 0);
	ord_graph_destroy(graph);
}

#define COMMAND .command = ORD_NAMES("true")

/* Nothing is known: the deepest first, a group is no step of the way, and then the order in which they were added. */
SCENE(expect, nothing_is_known)
{
	for (int with_database = 0; with_database < 2; with_database++) {
		char seen[200];
		struct ord_graph *graph;

		ground_enter();
		graph = open_graph(seen, with_database ? DATABASE : NULL);
		ADD(graph, .name = "c", COMMAND);
		ADD(graph, .name = "b", COMMAND);
		ADD(graph, .name = "grouped", COMMAND);
		ADD(graph, .name = "group", .deps = ORD_NAMES("grouped"));
		ADD(graph, .name = "groups", .deps = ORD_NAMES("group"));
		ADD(graph, .name = "end", COMMAND, .deps = ORD_NAMES("begin"));
		ADD(graph, .name = "begin", COMMAND);
		ADD(graph, .name = "a", COMMAND);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a", "groups", "end", "b", "c")));
		ended_in_order(&graph, seen, "begin c b grouped end a ");
		ground_leave();
	}
}

/* What is not known is taken for the median of its proto, else of all. */
SCENE(expect, what_is_not_known)
{
	char seen[200];
	struct ord_graph *graph;

	ground_enter();
	know("slow::1", 900);
	know("slow::2", 800);
	know("slow::3", 10);
	know("quick::1", 20);
	know("quick::2", 30);
	know("other", 700);
	know("fast", 1);
	know("gone", 40); /* of nobody here: one of all the same, whose median is 40 */
	know("gone too", 60);
	graph = open_graph(seen, DATABASE);
	ADD(graph, .name = "fast", COMMAND);
	ADD(graph, .name = "fifty", COMMAND, .expected_ms = 50);
	ADD(graph, .name = "new", COMMAND);
	ADD(graph, .name = "thirtyfive", COMMAND, .expected_ms = 35);
	ADD(graph, .name = "quick::[x]", COMMAND);
	ADD(graph, .name = "other", COMMAND);
	ADD(graph, .name = "slow::[x]", COMMAND);
	ADD(graph, .name = "stated", COMMAND, .expected_ms = 750);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("fast", "fifty", "new", "thirtyfive", "quick::4", "quick::1", "other",
						     "slow::4", "slow::1", "stated")));
	ended_in_order(&graph, seen, "slow::1 slow::4 stated other fifty new thirtyfive quick::4 quick::1 fast ");
	ground_leave();
}

/* The longest way, not the longest proc. */
SCENE(expect, the_longest_way)
{
	char seen[200];
	struct ord_graph *graph;

	ground_enter();
	know("long", 500);
	know("a", 200);
	know("b", 200);
	know("c", 200);
	graph = open_graph(seen, DATABASE);
	ADD(graph, .name = "long", COMMAND);
	ADD(graph, .name = "c", COMMAND, .deps = ORD_NAMES("b"));
	ADD(graph, .name = "b", COMMAND, .deps = ORD_NAMES("a"));
	ADD(graph, .name = "a", COMMAND);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("long", "c")));
	ended_in_order(&graph, seen, "a long b c ");
	ground_leave();
}

/* --- while they run --- */

static int
start_late(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_start(task, ORD_NAMES("late::1"));
}

/* What comes while others run makes what it needs urgent, and that alone. */
SCENE(expect, what_comes_late)
{
	char seen[200];
	struct ord_graph *graph;

	ground_enter();
	know("starter", 5000);
	know("late::1", 1000);
	know("x", 10);
	know("y", 20);
	know("z", 30);
	graph = open_graph(seen, DATABASE);
	ADD(graph, .name = "z", COMMAND);
	ADD(graph, .name = "y", COMMAND);
	ADD(graph, .name = "x", COMMAND, .deps = ORD_NAMES("before x"));
	ADD(graph, .name = "before x", COMMAND, .expected_ms = 5);
	ADD(graph, .name = "starter", .function = start_late);
	ADD(graph, .name = "late::[i]", COMMAND, .deps = ORD_NAMES("x"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("x", "y", "z", "starter")));
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	ended_in_order(&graph, seen, "starter before x x late::1 z y ");
	ground_leave();
}

/* --- what is shown --- */

static uint64_t
expected_of(struct ord_graph *graph, const char *name)
{
	return ord_proc_expected_ns(graphs_proc(graph, name));
}

SCENE(expect, durations_are_told)
{
	char seen[200];
	struct ord_graph *graph;

	ground_enter();
	know("known", 100000);
	know("stated", 100000);
	graph = open_graph(seen, DATABASE);
	ADD(graph, .name = "known", COMMAND);
	ADD(graph, .name = "stated", COMMAND, .expected_ms = 7);
	ADD(graph, .name = "said", COMMAND, .expected_ms = 7);
	ADD(graph, .name = "new", COMMAND);
	ADD(graph, .name = "bad", .command = ORD_NAMES("false"));
	GRAPH_OK(graph, ord_graph_start(graph, "known"));
	GRAPH_OK(graph, ord_graph_start(graph, "stated"));
	CHECK_EQ(expected_of(graph, "known"), 100000 * MS);
	CHECK_EQ(expected_of(graph, "stated"), 100000 * MS); /* what was measured is better than what is said */
	CHECK_EQ(expected_of(graph, "said"), 7 * MS);
	CHECK_EQ(expected_of(graph, "new"), 0); /* medians are for the order only */
	GRAPH_OK(graph, ord_graph_start(graph, "new"));
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("bad")), ORD_EFAILED);
	ord_graph_destroy(&graph);
	/* One more duration, of next to nothing: 0.8 of the old weight against one. */
	graph = open_graph(seen, DATABASE);
	for (int i = 0; i < 4; i++)
		ADD(graph, .name = (const char *const[]){ "known", "stated", "new", "bad" }[i], COMMAND);
	GRAPH_OK(graph, ord_graph_start(graph, "known"));
	CHECK(expected_of(graph, "known") >= 100000 * MS * 8 / 18);
	CHECK(expected_of(graph, "known") < 90000 * MS);
	CHECK(expected_of(graph, "new") > 0);
	CHECK_EQ(expected_of(graph, "bad"), 0); /* a failure is not how long it takes */
	CHECK_EQ(ord_graph_wait_all(graph), 0);
	ord_graph_destroy(&graph);
	ground_leave();
}
