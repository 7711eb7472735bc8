/*
 * Never more at once than there are slots: also when procs that have waited
 * go on.  Commands note what they do in a file, "+" when they begin to work,
 * "-" when they begin to wait or end, one write(2) each: so the sum of what
 * stands in front of any place is at most what runs there.
 */
#include "ground.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph.h"

#define CTX "\"$ORDERLY\" ctx "
#define ON "echo + >>spans; "
#define OFF "echo - >>spans; "
#define WORK "sleep 0.03; "

/* How many worked at once at most. */
static int
most_at_once(void)
{
	int now = 0, most = 0;

	for (const char *at = ground_read("spans"); *at != '\0'; at++) {
		now += *at == '+' ? 1 : *at == '-' ? -1 : 0;
		most = now > most ? now : most;
	}
	CHECK_EQ(now, 0);
	return most;
}

static void
add_all(struct ord_graph *graph)
{
	ADD(graph, .name = "filler::[n]", .shell = ON WORK OFF);
	ADD(graph, .name = "part::[n]", .shell = ON WORK OFF);
	ADD(graph, .name = "gate", .shell = ON "until [ $(ls began.* 2>/dev/null | wc -l) -ge 6 ]; do sleep 0.01; done; " WORK OFF);
	/* Many that come back at once, as one proc ends. */
	ADD(graph, .name = "waiter::[n]", .shell = ON "touch began.[n]; " OFF CTX "wait gate && { " ON WORK OFF "}");
	/* Again and again, nested, and with two clients. */
	ADD(graph, .name = "nested::[n]",
		.shell = ON WORK OFF "for i in 1 2; do " CTX "run part::[n]$i part::0 || exit 1; " ON WORK OFF "done");
	ADD(graph, .name = "double::[n]",
		.shell = ON OFF CTX "run part::a[n] & " CTX "run part::b[n] & wait; " CTX "run part::c[n] && { " ON WORK OFF "}");
	/* One that holds what others need. */
	ADD(graph, .name = "locked::[n]", .locks = ORD_NAMES("l"),
		.shell = ON OFF CTX "run part::l[n] && { " ON WORK OFF "}");
	ADD(graph, .name = "looks::[n]", .shell = ON OFF CTX "wait --lock l && { " ON WORK OFF "}");
}

static void
run_all(struct ord_graph *graph)
{
	char name[40];

	add_all(graph);
	GRAPH_OK(graph, ord_graph_start(graph, "gate"));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "%s::%d",
			i < 6             ? "waiter"
				: i < 9   ? "nested"
				: i < 11  ? "double"
				: i < 13  ? "locked"
				: i == 13 ? "looks"
					  : "filler",
			i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
	}
	GRAPH_OK(graph, ord_graph_wait_all(graph));
}

SCENE(slots, are_never_exceeded)
{
	for (uint32_t slots = 2; slots <= 3; slots++) {
		struct ord_graph *graph;

		ground_enter();
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = slots, .with_socket = 1));
		run_all(graph);
		CHECK(most_at_once() <= (int)slots);
		ord_graph_destroy(&graph);
		ground_leave();
	}
}

/* Eight slots, and one token beside the own: who comes back needs one, too. */
SCENE(slots, and_tokens_are_never_exceeded)
{
	struct ord_graph *graph;
	int fifo;

	ground_enter();
	CHECK_EQ(mkfifo("fifo", 0600), 0);
	fifo = open("fifo", O_RDWR | O_CLOEXEC);
	CHECK_EQ(write(fifo, "t", 1), 1);
	setenv("MAKEFLAGS", " -j8 --jobserver-auth=fifo:fifo", 1);
	graph = graphs_new(
		&ORD_GRAPH_OPTIONS(.with_socket = 1, .jobserver = ORD_JOBSERVER_CLIENT));
	run_all(graph);
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	CHECK(most_at_once() <= 2);
	ord_graph_destroy(&graph);
	close(fifo);
	ground_leave();
}

/* --- who waits in the queue may end --- */

static int
has_come(int n)
{
	char path[16];

	snprintf(path, sizeof path, "came.%d", n);
	return access(path, F_OK) == 0;
}

static void
step_until(struct ord_graph *graph, int (*there)(struct ord_graph *))
{
	for (int i = 0; i < 2000 && !there(graph); i++)
		GRAPH_OK(graph, ord_graph_step(graph, 20));
	CHECK(there(graph));
}

static int
both_wait(struct ord_graph *graph)
{
	return graph->schedule.waiting == 2;
}

static int
one_has_come(struct ord_graph *graph)
{
	(void)graph;
	return has_come(1) || has_come(2);
}

static int
one_has_ended(struct ord_graph *graph)
{
	return STATE_OF(graph, "waits::1") != ORD_PROC_RUNNING || STATE_OF(graph, "waits::2") != ORD_PROC_RUNNING;
}

/* Two slots, of which one is taken: of two that come back at once the second waits, and is ended there. */
SCENE(slots, who_comes_back_may_be_ended)
{
	enum { TIMEOUT, CANCEL, INTERRUPT, DESTROY, WAYS };

	for (int way = 0; way < WAYS; way++) {
		struct ord_graph *graph;

		ground_enter();
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .with_socket = 1));
		ADD(graph, .name = "gate", .shell = "until [ -e open ]; do sleep 0.01; done");
		ADD(graph, .name = "holds", .shell = "until [ -e go ]; do sleep 0.01; done");
		ADD(graph, .name = "waits::[n]", .timeout_ms = way == TIMEOUT ? 2000 : 0,
			.shell = CTX "run gate && touch came.[n]; until [ -e go ]; do sleep 0.01; done");
		GRAPH_OK(graph, ord_graph_start(graph, "waits::1"));
		GRAPH_OK(graph, ord_graph_start(graph, "waits::2"));
		step_until(graph, both_wait);
		GRAPH_OK(graph, ord_graph_start(graph, "holds"));
		ground_write("open", "");
		step_until(graph, one_has_come);
		for (int i = 0; i < 10; i++)
			GRAPH_OK(graph, ord_graph_step(graph, 20));
		CHECK_EQ(has_come(1) + has_come(2), 1);
		CHECK_EQ(graph->schedule.waiting, 1);
		if (way == CANCEL)
			GRAPH_OK(graph, ord_graph_cancel(graph, graphs_proc(graph, has_come(1) ? "waits::2" : "waits::1")));
		if (way == INTERRUPT)
			GRAPH_OK(graph, ord_graph_interrupt(graph));
		if (way == CANCEL || way == TIMEOUT)
			step_until(graph, one_has_ended);
		ground_write("go", "");
		if (way != DESTROY)
			GRAPH_SAYS(graph, ord_graph_wait_all(graph), way == INTERRUPT ? ORD_EINTERRUPTED : ORD_EFAILED, "");
		if (way != DESTROY)
			CHECK_EQ(graph->schedule.running + graph->schedule.waiting, 0);
		if (way == CANCEL)
			CHECK_EQ(has_come(1) + has_come(2), 1);
		if (way == INTERRUPT)
			CHECK_EQ(has_come(1) + has_come(2), 2);
		ord_graph_destroy(&graph);
		ground_leave();
	}
}
