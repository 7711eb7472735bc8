/* A graph that goes on: cleared after an interrupt, after too many failures, after the end of its pool; and rdeps that come late. */
#include "graphs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
say_hello(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, "hello");
}

static int
wait_for_ever(struct ord_task *task, void *user)
{
	(void)user;
	while (!ord_task_canceled(task))
		scene_pause_ms(5);
	return ORD_EINTERRUPTED;
}

static void
add_all(struct ord_graph *graph)
{
	ADD(graph, .name = "long", .shell = "sleep 1000");
	ADD(graph, .name = "ever", .function = wait_for_ever);
	ADD(graph, .name = "short", .shell = "\"$ORDERLY\" ctx name", .stdout_result = 1);
	ADD(graph, .name = "function", .function = say_hello);
}

static void
interrupt_twice(int kind, const struct ord_proc *proc, void *user)
{
	struct ord_graph **graph = user;

	if (kind != ORD_PROC_EVENT_STARTED || *ord_proc_name(proc) != 'l')
		return;
	CHECK_EQ(ord_graph_interrupt(*graph), 0);
	CHECK_EQ(ord_graph_interrupt(*graph), 0);
}

SCENE(again, clear_undoes_an_interrupt)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		struct ord_graph *graph;

		graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .with_socket = 1, .on_event = interrupt_twice,
			.on_event_user = &graph, .pool = &ORD_POOL_OPTIONS(.start = start)));
		add_all(graph);
		for (int round = 0; round < 3; round++) {
			CHECK_EQ(ord_graph_run(graph, ORD_NAMES("long", "ever")), ORD_EINTERRUPTED);
			CHECK_EQ(ord_graph_run(graph, ORD_NAMES("short")), ORD_EINTERRUPTED);
			CHECK_EQ(ord_graph_wait_all(graph), ORD_EINTERRUPTED);
			GRAPH_OK(graph, ord_graph_clear(graph));
			GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("short", "function")));
			CHECK(strcmp(graphs_output(graph, "short"), "short\n") == 0);
			CHECK(strcmp(graphs_output(graph, "function"), "hello") == 0);
			GRAPH_OK(graph, ord_graph_clear(graph));
		}
		ord_graph_destroy(&graph);
	}
}

/* In a loop of the host's the descriptor stays the same. */
SCENE(again, the_descriptor_stays)
{
	struct ord_graph *graph = graphs_new(NULL);
	int fd = ord_graph_fd(graph);

	ADD(graph, .name = "one", .shell = "true");
	GRAPH_OK(graph, ord_graph_interrupt(graph));
	CHECK_EQ(ord_graph_step(graph, 0), ORD_EINTERRUPTED);
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("one")));
	CHECK_EQ(ord_graph_fd(graph), fd);
	ord_graph_destroy(&graph);
}

SCENE(again, clear_undoes_too_many_failures)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .keep_going = 1));

	ADD(graph, .name = "bad", .shell = "exit 1");
	ADD(graph, .name = "good", .shell = "true");
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("bad")), ORD_EFAILED);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("good")), ORD_EFAILED, "the graph was stopped before");
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("good")));
	ord_graph_destroy(&graph);
}

/* --- a pool that ends --- */

static void *
fail_while_told(struct ord_task *task, void *user)
{
	(void)user;
	if (access(getenv("ORDERLY_TEST_SWITCH"), F_OK) == 0)
		(void)ord_task_fail(task, "told to");
	return NULL;
}

static int
die(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	_exit(1);
}

SCENE(again, procs_of_a_pool_that_ended_have_an_end)
{
	char path[] = "/tmp/ord-switch-XXXXXX";
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2,
		.pool = &ORD_POOL_OPTIONS(.start = ORD_START_EXEC, .max_deaths = 2, .on_worker_start = fail_while_told)));

	CHECK(mkdtemp(path) != NULL && rmdir(path) == 0 && setenv("ORDERLY_TEST_SWITCH", path, 1) == 0);
	add_all(graph);
	ADD(graph, .name = "paused", .shell = "exit 1", .retries = 1, .retry_delay_ms = 1000000);
	ADD(graph, .name = "die", .function = die, .retries = 100, .deps = ORD_NAMES("function"));
	ADD(graph, .name = "behind", .deps = ORD_NAMES("die"));
	ADD(graph, .name = "late", .function = say_hello, .wave = 1);
	GRAPH_OK(graph, ord_graph_start(graph, "late"));
	GRAPH_OK(graph, ord_graph_start(graph, "paused"));
	while (ord_proc_attempts(graphs_proc(graph, "paused")) == 0 || STATE_OF(graph, "paused") == ORD_PROC_RUNNING)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK(mkdir(path, 0700) == 0);
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("behind", "long")), ORD_ECRASHLOOP);
	CHECK_EQ(STATE_OF(graph, "die"), ORD_PROC_FAILED);
	CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_FAILED_DEP);
	CHECK_EQ(STATE_OF(graph, "long"), ORD_PROC_FAILED);
	CHECK_EQ(CAUSE_OF(graph, "long"), ORD_CAUSE_STOPPED);
	CHECK_EQ(STATE_OF(graph, "paused"), ORD_PROC_IDLE);
	CHECK(STATE_OF(graph, "late") == ORD_PROC_IDLE || STATE_OF(graph, "late") == ORD_PROC_FAILED);
	CHECK_EQ(ord_graph_step(graph, 0), ORD_ECRASHLOOP);
	CHECK(rmdir(path) == 0);
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("function", "late")));
	ord_graph_destroy(&graph);
}

/* --- rdeps --- */

SCENE(again, rdeps_that_come_late)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "target", .shell = "while [ ! -e /tmp/ord-never ]; do sleep 0.02; done", .timeout_ms = 200);
	ADD(graph, .name = "other", .shell = "true");
	ADD(graph, .name = "pulls", .shell = "true", .rdeps_when_scheduled = ORD_NAMES("target"));
	GRAPH_OK(graph, ord_graph_start(graph, "target"));
	while (STATE_OF(graph, "target") != ORD_PROC_RUNNING)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	GRAPH_SAYS(graph, ord_graph_start(graph, "pulls"), ORD_EINVAL, "target runs or has ended: pulls");
	CHECK_EQ(STATE_OF(graph, "pulls"), ORD_PROC_IDLE);
	CHECK_EQ(ord_graph_wait_all(graph), ORD_EFAILED);
	GRAPH_SAYS(graph, ord_graph_start(graph, "pulls"), ORD_EINVAL, "target runs or has ended: pulls");

	/* What only holds when the target is wanted does not ask what became of it. */
	ADD(graph, .name = "plain", .shell = "true", .rdeps = ORD_NAMES("target"));
	ADD(graph, .name = "when", .shell = "true", .rdeps_when_target_scheduled = ORD_NAMES("target"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("plain", "when")));
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "target")), 1);
	GRAPH_OK(graph, ord_graph_start(graph, "target")); /* it has ended, and stays so */
	CHECK_EQ(STATE_OF(graph, "target"), ORD_PROC_FAILED);

	/* Anew it is in time: all three run before it. */
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_start(graph, "pulls"));
	CHECK_EQ(ord_graph_wait_all(graph), ORD_EFAILED);
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { "pulls", "plain", "when" };

		CHECK(ord_proc_ended_ns(graphs_proc(graph, names[i])) != 0);
		CHECK(ord_proc_ended_ns(graphs_proc(graph, names[i])) <= ord_proc_started_ns(graphs_proc(graph, "target")));
	}
	ord_graph_destroy(&graph);
}
