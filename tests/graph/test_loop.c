/* ord_graph_fd in a loop of the host's: poll the descriptor, step without waiting, and nothing is ever forgotten; and other descriptors in the graph's own loop. */
#include "graphs.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/poll.h"

/* --- a foreign loop --- */

static int
is_over(struct ord_graph *graph, const char *name)
{
	int state = ord_proc_state(graphs_proc(graph, name));

	return state != ORD_PROC_WANTED && state != ORD_PROC_RUNNING;
}

/* Without a single step more than the descriptor asks for: how many that were. */
static int
loop_until_over(struct ord_graph *graph, const char *name)
{
	struct pollfd loop = { .fd = ord_graph_fd(graph), .events = POLLIN };
	int steps = 0;

	CHECK(loop.fd >= 0);
	for (; !is_over(graph, name); steps++) {
		CHECK(poll(&loop, 1, SCENE_LONG_MS / 2) == 1);
		GRAPH_OK(graph, ord_graph_step(graph, 0));
	}
	return steps;
}

static int
fail_twice(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_attempt(task) < 2 ? ord_task_fail(task, "not yet") : 0;
}

static int
run_nested(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_run(task, ORD_NAMES("later", "thrice::2"));
}

SCENE(loop, everything_wakes_it)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .pool = &ORD_POOL_OPTIONS(.start = start)));
		int fd = ord_graph_fd(graph);

		ADD(graph, .name = "thrice::[i]", .function = fail_twice, .retries = 3, .retry_delay_ms = 10);
		ADD(graph, .name = "command::[i]", .shell = "echo [i]");
		ADD(graph, .name = "nested", .function = run_nested);
		ADD(graph, .name = "later", .shell = "sleep 0.02; echo later");
		ADD(graph, .name = "group", .deps = ORD_NAMES("command::1", "command::2"));
		ADD(graph, .name = "slow", .shell = "sleep 1000", .timeout_ms = 50, .grace_ms = 100, .retries = 1);
		ADD(graph, .name = "all", .deps = ORD_NAMES("thrice::1", "group", "nested", "command::3"), .always = 1,
				       .special_deps = ORD_DEPS(&ORD_DEP(.name = "slow", .soft = 1)));
		GRAPH_OK(graph, ord_graph_start(graph, "all"));
		loop_until_over(graph, "all");
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(CAUSE_OF(graph, "slow"), ORD_CAUSE_TIMED_OUT);
		for (int i = 0; i < 20; i++) { /* alone, when all is quiet */
			char name[40];

			snprintf(name, sizeof name, "command::again %d", i);
			GRAPH_OK(graph, ord_graph_start(graph, name));
			loop_until_over(graph, name);
		}
		CHECK_EQ(ord_graph_fd(graph), fd);
		ord_graph_destroy(&graph);
	}
}

SCENE(loop, groups_need_no_pool)
{
	struct ord_graph *graph = graphs_new(NULL);

	ADD(graph, .name = "group", .deps = ORD_NAMES("other"));
	ADD(graph, .name = "other");
	GRAPH_OK(graph, ord_graph_start(graph, "group"));
	CHECK(loop_until_over(graph, "group") <= 1);
	ord_graph_destroy(&graph);
}

/* Commands that wait for a file have a place for it. */
static void
enter_directory(char directory[32])
{
	strcpy(directory, "/tmp/ord-loop-XXXXXX");
	CHECK(mkdtemp(directory) != NULL && chdir(directory) == 0);
}

static void
leave_directory(const char *directory)
{
	CHECK(unlink("go") == 0 && chdir("/") == 0 && rmdir(directory) == 0);
}

static void
make_go(void)
{
	CHECK(close(open("go", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
}

/* Step as long as it asks for it; whether it became quiet. */
static int
settle(struct ord_graph *graph)
{
	struct pollfd loop = { .fd = ord_graph_fd(graph), .events = POLLIN };
	int steps = 0;

	for (; steps < 200 && poll(&loop, 1, 100) == 1; steps++)
		GRAPH_OK(graph, ord_graph_step(graph, 0));
	return steps < 200;
}

SCENE(loop, a_command_that_runs_is_quiet)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));
	struct pollfd loop = { .fd = ord_graph_fd(graph), .events = POLLIN };
	char directory[32];

	enter_directory(directory);
	ADD(graph, .name = "long", .shell = "while [ ! -e go ]; do sleep 0.1; done; echo done");
	GRAPH_OK(graph, ord_graph_start(graph, "long"));
	CHECK(settle(graph));
	CHECK_EQ(poll(&loop, 1, 500), 0); /* half a second without a step */
	make_go();
	CHECK(loop_until_over(graph, "long") <= 10);
	CHECK(settle(graph)); /* idle: quiet too, whatever becomes of the pool */
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

SCENE(loop, interrupt_wakes_it)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct pollfd loop = { .fd = ord_graph_fd(graph), .events = POLLIN };

	ADD(graph, .name = "long", .shell = "sleep 1000");
	CHECK(settle(graph)); /* no pool yet */
	GRAPH_OK(graph, ord_graph_interrupt(graph));
	CHECK_EQ(poll(&loop, 1, SCENE_LONG_MS), 1);
	CHECK_EQ(ord_graph_step(graph, 0), ORD_EINTERRUPTED);
	ord_graph_destroy(&graph);

	graph = graphs_new(NULL);
	loop.fd = ord_graph_fd(graph);
	ADD(graph, .name = "long", .shell = "sleep 1000");
	GRAPH_OK(graph, ord_graph_start(graph, "long"));
	CHECK(settle(graph));
	GRAPH_OK(graph, ord_graph_interrupt(graph));
	GRAPH_OK(graph, ord_graph_interrupt(graph));
	for (int status = 0; status == 0;) {
		CHECK_EQ(poll(&loop, 1, SCENE_LONG_MS), 1);
		status = ord_graph_step(graph, 0);
		CHECK(status == 0 || status == ORD_EINTERRUPTED);
	}
	CHECK_EQ(CAUSE_OF(graph, "long"), ORD_CAUSE_STOPPED);
	ord_graph_destroy(&graph);
}

SCENE(loop, a_forked_child_harms_nothing)
{
	struct ord_graph *graph = graphs_new(NULL);
	pid_t child;
	int status;

	ADD(graph, .name = "one", .shell = "true");
	CHECK(ord_graph_fd(graph) >= 0);
	child = fork();
	if (child == 0) {
		if (ord_graph_fd(graph) != ORD_EFORKED)
			_exit(1);
		ord_graph_destroy(&graph);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	GRAPH_OK(graph, ord_graph_start(graph, "one"));
	loop_until_over(graph, "one");
	ord_graph_destroy(&graph);
}

/* --- sources --- */

/* A descriptor with what its function does: each kind once. */
struct probe {
	struct poll_source source, *other;
	const char *starts; /* a proc */
	int destroys;
	int calls;
};

static void
be_ready(struct ord_graph *graph, void *user)
{
	struct probe *probe = user;
	uint64_t count;

	probe->calls++;
	CHECK(read(probe->source.fd, &count, sizeof count) == sizeof count);
	CHECK_EQ(ord_graph_step(graph, 0), ORD_EBUSY);
	if (probe->other != NULL) {
		poll_remove(graph, probe->other);
		poll_remove(graph, &probe->source);
	}
	if (probe->starts != NULL)
		GRAPH_OK(graph, ord_graph_start(graph, probe->starts));
	probe->source.awaited = 0;
	if (probe->destroys)
		ord_graph_destroy(&graph);
}

static void
open_probe(struct ord_graph *graph, struct probe *probe)
{
	probe->source = (struct poll_source){ .fd = eventfd(0, EFD_CLOEXEC), .events = POLLIN, .ready = be_ready, .user = probe };
	CHECK_EQ(poll_add(graph, &probe->source), 0);
}

static void
ring(const struct probe *probe)
{
	uint64_t one = 1;

	CHECK(write(probe->source.fd, &one, sizeof one) == sizeof one);
}

SCENE(loop, sources_are_called_while_commands_run)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct probe probe = { .starts = "second" };
	char directory[32];

	enter_directory(directory);
	open_probe(graph, &probe);
	ADD(graph, .name = "first", .shell = "while [ ! -e go ]; do sleep 0.02; done");
	ADD(graph, .name = "second", .shell = "touch go");
	ring(&probe);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("first")));
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("second")));
	CHECK_EQ(probe.calls, 1);
	poll_remove(graph, &probe.source);
	close(probe.source.fd);
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

SCENE(loop, one_removes_another_that_is_ready_too)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct probe probes[2] = { 0 };

	for (int i = 0; i < 2; i++) {
		open_probe(graph, &probes[i]);
		probes[i].other = &probes[1 - i].source;
		ring(&probes[i]);
	}
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	CHECK_EQ(probes[0].calls + probes[1].calls, 1);
	for (int i = 0; i < 2; i++)
		close(probes[i].source.fd);
	ord_graph_destroy(&graph);
}

/* Without the source this is a stall, or nothing at all to wait for. */
SCENE(loop, what_is_awaited_is_no_stall)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct probe probe = { .starts = "late" };
	pid_t child;

	ADD(graph, .name = "late", .shell = "true");
	GRAPH_OK(graph, ord_graph_step(graph, -1));
	open_probe(graph, &probe);
	GRAPH_OK(graph, ord_graph_step(graph, -1)); /* it is not awaited */
	probe.source.awaited = 1;
	child = fork();
	if (child == 0) {
		scene_pause_ms(50);
		ring(&probe);
		_exit(0);
	}
	while (probe.calls == 0)
		GRAPH_OK(graph, ord_graph_step(graph, -1));
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("late")));
	CHECK(waitpid(child, NULL, 0) == child);
	poll_remove(graph, &probe.source);
	close(probe.source.fd);
	ord_graph_destroy(&graph);
}

SCENE(loop, a_signal_ends_the_wait_for_a_source)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct probe probe = { 0 };

	open_probe(graph, &probe);
	probe.source.awaited = 1;
	GRAPH_OK(graph, ord_graph_interrupt(graph));
	CHECK_EQ(ord_graph_step(graph, -1), ORD_EINTERRUPTED);
	poll_remove(graph, &probe.source);
	close(probe.source.fd);
	ord_graph_destroy(&graph);
}

SCENE(loop, destroyed_from_a_source)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct probe probe = { .destroys = 1 };

	ADD(graph, .name = "long", .shell = "sleep 1000");
	GRAPH_OK(graph, ord_graph_start(graph, "long"));
	open_probe(graph, &probe);
	ring(&probe);
	CHECK_EQ(ord_graph_step(graph, 0), 0);
	CHECK_EQ(probe.calls, 1);
	close(probe.source.fd);
}
