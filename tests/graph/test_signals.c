/* What reaches procs that run from outside: signals, an end, a halt. */
#define _DEFAULT_SOURCE /* usleep */
#include "runs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TRAPS "trap 'echo INT >>got.[n]' INT; trap 'echo USR1 >>got.[n]' USR1; touch begun.[n]; "
#define UNTIL_GO "until [ -e go ]; do echo x >>ticks; sleep 0.02; done"

static int
sits(struct ord_task *task, void *user)
{
	(void)user;
	ground_write("begun.function", "");
	while (access("go", F_OK) != 0 && !ord_task_canceled(task))
		usleep(10000);
	return graphs_return(task, "sat");
}

static void
step_until(struct ord_graph *graph, const char *path, int lines)
{
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;

	while ((access(path, F_OK) != 0 || ground_lines(path) < lines) && scene_now_ms() < end)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(access(path, F_OK), 0);
}

static struct ord_graph *
begin(void)
{
	struct ord_graph *graph;

	ground_enter();
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 4, .database = DATABASE));
	ADD(graph, .name = "shell::[n]", .shell = TRAPS UNTIL_GO, .retries = 3);
	ADD(graph, .name = "function", .function = sits);
	ADD(graph, .name = "behind", .shell = "true", .deps = ORD_NAMES("shell::1"));
	GRAPH_OK(graph, ord_graph_start(graph, "shell::1"));
	GRAPH_OK(graph, ord_graph_start(graph, "shell::2"));
	GRAPH_OK(graph, ord_graph_start(graph, "function"));
	GRAPH_OK(graph, ord_graph_start(graph, "behind"));
	step_until(graph, "begun.1", 0);
	step_until(graph, "begun.2", 0);
	step_until(graph, "begun.function", 0);
	return graph;
}

static void
end(struct ord_graph *graph)
{
	ord_graph_destroy(&graph);
	ground_leave();
}

SCENE(signals, reach_one_or_all_commands)
{
	struct ord_graph *graph = begin();
	struct ord_graph *other = graphs_new(NULL);

	ADD(other, .name = "strange", .shell = "true");
	GRAPH_OK(graph, ord_graph_signal(graph, graphs_proc(graph, "shell::2"), SIGUSR1));
	step_until(graph, "got.2", 1);
	GRAPH_OK(graph, ord_graph_signal(graph, NULL, SIGINT));
	step_until(graph, "got.1", 1);
	step_until(graph, "got.2", 2);
	CHECK(strcmp(ground_read("got.1"), "INT\n") == 0);
	CHECK(strcmp(ground_read("got.2"), "USR1\nINT\n") == 0);
	GRAPH_OK(graph, ord_graph_signal(graph, graphs_proc(graph, "behind"), SIGINT));
	GRAPH_SAYS(graph, ord_graph_signal(graph, graphs_proc(graph, "function"), SIGINT), ORD_ENOTSUP, "function");
	GRAPH_SAYS(graph, ord_graph_signal(graph, graphs_proc(other, "strange"), SIGINT), ORD_EINVAL, "another graph");
	GRAPH_SAYS(graph, ord_graph_signal(graph, NULL, 0), ORD_EINVAL, "signal 0");
	GRAPH_SAYS(graph, ord_graph_signal(graph, NULL, 1000), ORD_EINVAL, "signal 1000");
	CHECK_EQ(ord_graph_signal(NULL, NULL, SIGINT), ORD_EINVAL);
	ground_write("go", "");
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK(strcmp(graphs_output(graph, "function"), "sat") == 0);
	GRAPH_OK(graph, ord_graph_signal(graph, NULL, SIGKILL));
	ord_graph_destroy(&other);
	end(graph);
}

/* One is ended and not tried again; what depends on it is told; the rest goes on. */
SCENE(signals, end_one_or_all)
{
	struct ord_graph *graph = begin();

	GRAPH_OK(graph, ord_graph_cancel(graph, graphs_proc(graph, "shell::1")));
	while (STATE_OF(graph, "shell::1") == ORD_PROC_RUNNING)
		GRAPH_OK(graph, ord_graph_step(graph, 20));
	CHECK_EQ(CAUSE_OF(graph, "shell::1"), ORD_CAUSE_STOPPED);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "shell::1")), 1);
	CHECK_EQ(STATE_OF(graph, "behind"), ORD_PROC_FAILED_DEP);
	CHECK_EQ(STATE_OF(graph, "shell::2"), ORD_PROC_RUNNING);
	GRAPH_OK(graph, ord_graph_cancel(graph, NULL));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "shell::1");
	CHECK_EQ(CAUSE_OF(graph, "shell::2"), ORD_CAUSE_STOPPED);
	CHECK_EQ(CAUSE_OF(graph, "function"), ORD_CAUSE_STOPPED);
	GRAPH_OK(graph, ord_graph_cancel(graph, graphs_proc(graph, "shell::1")));
	CHECK_EQ(ord_graph_cancel(NULL, NULL), ORD_EINVAL);
	end(graph);
}

/* --- a halt --- */

static void
check_still(struct ord_graph *graph)
{
	int before;

	for (int i = 0; i < 3; i++)
		GRAPH_OK(graph, ord_graph_step(graph, 20)); /* the spawner has heard of it by then, or soon */
	do {
		before = ground_lines("ticks");
		usleep(100000);
	} while (ground_lines("ticks") != before);
}

static int
keep_duration(const struct ord_proc_run *run, void *user)
{
	*(double *)user = (double)(run->ended_ns - run->started_ns) / 1e9;
	return 1;
}

SCENE(signals, a_halt_stops_all_and_counts_for_nothing)
{
	struct ord_graph *graph = begin();
	double took = 1000;

	ADD(graph, .name = "limited", .shell = "touch begun.limited; until [ -e go ]; do sleep 0.02; done", .timeout_ms = 1500);
	ADD(graph, .name = "again", .shell = "echo x >>tried; exit 1", .retries = 1, .retry_delay_ms = 600);
	GRAPH_OK(graph, ord_graph_start(graph, "limited"));
	step_until(graph, "begun.limited", 0);
	GRAPH_OK(graph, ord_graph_suspend(graph));
	GRAPH_OK(graph, ord_graph_suspend(graph));
	check_still(graph);
	GRAPH_OK(graph, ord_graph_start(graph, "again"));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_ESTALLED, "ord_graph_resume");
	GRAPH_SAYS(graph, ord_graph_step(graph, -1), ORD_ESTALLED, "suspended");
	usleep(2000000);
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	CHECK_EQ(STATE_OF(graph, "again"), ORD_PROC_WANTED);
	GRAPH_OK(graph, ord_graph_resume(graph));
	GRAPH_OK(graph, ord_graph_resume(graph));
	step_until(graph, "ticks", ground_lines("ticks") + 2);
	ground_write("go", "");
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "again");
	CHECK_EQ(ground_lines("tried"), 2);
	CHECK_EQ(STATE_OF(graph, "limited"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(ord_proc_history(graphs_proc(graph, "limited"), keep_duration, &took), 1);
	CHECK(took >= 0 && took < 1.5);
	end(graph);
}

static struct {
	struct ord_graph *graph;
	int at;           /* the event that suspends */
	const char *name; /* of this proc */
	unsigned started;
	int halted;
} halt;

static void
halt_at(int kind, const struct ord_proc *proc, void *user)
{
	(void)user;
	halt.started += kind == ORD_PROC_EVENT_STARTED;
	if (halt.halted || kind != halt.at || proc == NULL || strcmp(ord_proc_name(proc), halt.name) != 0)
		return;
	halt.halted = 1;
	GRAPH_OK(halt.graph, ord_graph_suspend(halt.graph));
}

static struct ord_graph *
begin_halt(int at, const char *name)
{
	halt.graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 4, .on_event = halt_at));
	halt.at = at;
	halt.name = name;
	halt.started = 0;
	halt.halted = 0;
	return halt.graph;
}

/* What waits for a group, or has a slot beside one that has just started, waits for the end of a halt. */
SCENE(signals, a_halt_from_a_callback)
{
	static const int kinds[] = { ORD_PROC_EVENT_ENDED, ORD_PROC_EVENT_STARTED };

	for (unsigned i = 0; i < 2; i++) {
		struct ord_graph *graph = begin_halt(kinds[i], i == 0 ? "group" : "first");

		ADD(graph, .name = "group");
		ADD(graph, .name = "first", .shell = "true", .deps = ORD_NAMES("group"));
		ADD(graph, .name = "second", .shell = "true", .deps = ORD_NAMES("group"));
		GRAPH_OK(graph, ord_graph_start(graph, "first"));
		GRAPH_OK(graph, ord_graph_start(graph, "second"));
		for (int n = 0; n < 5; n++)
			GRAPH_OK(graph, ord_graph_step(graph, 10));
		CHECK_EQ(halt.halted, 1);
		CHECK_EQ(halt.started, i);
		CHECK_EQ(STATE_OF(graph, "second"), ORD_PROC_WANTED);
		GRAPH_OK(graph, ord_graph_resume(graph));
		GRAPH_OK(graph, ord_graph_wait_all(graph));
		CHECK_EQ(halt.started, 2);
		ord_graph_destroy(&graph);
	}
}

/* A step of a graph that is halted before its pool is there takes its time, so that a loop of them is none that is busy. */
SCENE(signals, a_halt_without_a_pool_waits)
{
	struct ord_graph *graph = graphs_new(NULL);
	uint64_t end = scene_now_ms() + 500;
	int steps = 0;

	ADD(graph, .name = "a", .shell = "true");
	GRAPH_OK(graph, ord_graph_suspend(graph));
	GRAPH_OK(graph, ord_graph_start(graph, "a"));
	for (; scene_now_ms() < end; steps++)
		GRAPH_OK(graph, ord_graph_step(graph, 100));
	CHECK(steps < 10); /* not as many as there is time for */
	GRAPH_OK(graph, ord_graph_resume(graph));
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	ord_graph_destroy(&graph);
}

/* A pause lasts as long as it is to, without the time of a halt in which steps are made. */
SCENE(signals, a_halt_in_a_pause)
{
	enum { PAUSE_MS = 600 };
	struct ord_graph *graph = begin_halt(ORD_PROC_EVENT_RETRIED, "again");
	uint64_t before = 0, end, resumed;

	ADD(graph, .name = "again", .shell = "false", .retries = 1, .retry_delay_ms = PAUSE_MS);
	GRAPH_OK(graph, ord_graph_start(graph, "again"));
	while (!halt.halted) {
		before = scene_now_ms();
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	}
	before = scene_now_ms() - before;
	for (end = scene_now_ms() + 2 * PAUSE_MS; scene_now_ms() < end;)
		GRAPH_OK(graph, ord_graph_step(graph, 50));
	CHECK_EQ(halt.started, 1);
	resumed = scene_now_ms();
	GRAPH_OK(graph, ord_graph_resume(graph));
	while (halt.started == 1)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK(before + (scene_now_ms() - resumed) + 5 >= PAUSE_MS);
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "again");
	ord_graph_destroy(&graph);
}

/* Before anything has started, interrupted twice, ended, destroyed: none of it hangs. */
SCENE(signals, what_a_halt_does_not_hold)
{
	for (int way = 0; way < 4; way++) {
		struct ord_graph *graph = begin();

		GRAPH_OK(graph, ord_graph_suspend(graph));
		if (way == 1) {
			GRAPH_OK(graph, ord_graph_cancel(graph, NULL));
			while (STATE_OF(graph, "shell::1") == ORD_PROC_RUNNING || STATE_OF(graph, "shell::2") == ORD_PROC_RUNNING ||
				STATE_OF(graph, "function") == ORD_PROC_RUNNING)
				GRAPH_OK(graph, ord_graph_step(graph, 20));
		}
		if (way == 2) {
			GRAPH_OK(graph, ord_graph_interrupt(graph));
			GRAPH_OK(graph, ord_graph_interrupt(graph));
			GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EINTERRUPTED, "");
		}
		if (way == 3 && fork() == 0)
			_exit(ord_graph_suspend(graph) == ORD_EFORKED && ord_graph_resume(graph) == ORD_EFORKED &&
					ord_graph_signal(graph, NULL, SIGINT) == ORD_EFORKED &&
					ord_graph_cancel(graph, NULL) == ORD_EFORKED
				? 0
				: 1);
		if (way == 3) {
			int status;

			CHECK(wait(&status) > 0);
			CHECK_EQ(status, 0);
		}
		end(graph);
	}
	struct ord_graph *graph = graphs_new(NULL);

	ADD(graph, .name = "a", .shell = "true");
	GRAPH_OK(graph, ord_graph_suspend(graph));
	GRAPH_OK(graph, ord_graph_start(graph, "a"));
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	GRAPH_OK(graph, ord_graph_resume(graph));
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(ord_graph_suspend(NULL), ORD_EINVAL);
	CHECK_EQ(ord_graph_resume(NULL), ORD_EINVAL);
	ord_graph_destroy(&graph);
}
