/* Calls of a graph: wrong arguments, callbacks, forks, interrupts, no memory, order against a shuffled one. */
#include "graphs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_fault.h"

static int
succeed(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, "yes");
}

SCENE(calls, options_out_of_range)
{
	const struct ord_graph_options rows[] = {
		ORD_GRAPH_OPTIONS(.parallel = 4097),
		ORD_GRAPH_OPTIONS(.fail_fast = 2),
		ORD_GRAPH_OPTIONS(.allow_missing_deps = 2),
		ORD_GRAPH_OPTIONS(.separator = ""),
		ORD_GRAPH_OPTIONS(.separator = "["),
		ORD_GRAPH_OPTIONS(.separator = "*"),
		ORD_GRAPH_OPTIONS(.tell_processes = 2),
		ORD_GRAPH_OPTIONS(.reserved = 1),
		{ .size = 3 },
	};
	struct ord_graph *graph;
	struct {
		struct ord_graph_options known;
		uint64_t unknown;
	} newer = { ORD_GRAPH_OPTIONS(.parallel = 1), 1 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		CHECK_EQ(ord_graph_new(&graph, &rows[i]), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2))), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = succeed))), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.retries = 2))), ORD_EINVAL);
	newer.known.size = sizeof newer;
	CHECK_EQ(ord_graph_new(&graph, &newer.known), ORD_ENOTSUP);
	newer.unknown = 0;
	CHECK_EQ(ord_graph_new(&graph, &newer.known), 0);
	ord_graph_destroy(&graph);
	CHECK(graph == NULL);
	ord_graph_destroy(&graph);
	ord_graph_destroy(NULL);
	CHECK_EQ(ord_graph_new(NULL, NULL), ORD_EINVAL);
}

SCENE(calls, no_graph)
{
	CHECK_EQ(ord_graph_add(NULL, &ORD_PROC(.name = "a")), ORD_EINVAL);
	CHECK_EQ(ord_graph_set_lock(NULL, "a", 1), ORD_EINVAL);
	CHECK_EQ(ord_graph_set_param(NULL, "a", "1"), ORD_EINVAL);
	CHECK(ord_graph_param(NULL, "a") == NULL);
	CHECK_EQ(ord_graph_ready(NULL), 0);
	CHECK_EQ(ord_graph_create(NULL, "a"), ORD_EINVAL);
	CHECK_EQ(ord_graph_start(NULL, "a"), ORD_EINVAL);
	CHECK_EQ(ord_graph_step(NULL, 0), ORD_EINVAL);
	CHECK_EQ(ord_graph_run(NULL, ORD_NAMES("a")), ORD_EINVAL);
	CHECK_EQ(ord_graph_wait(NULL, ORD_NAMES("a")), ORD_EINVAL);
	CHECK_EQ(ord_graph_wait_locks(NULL, ORD_NAMES("a")), ORD_EINVAL);
	CHECK_EQ(ord_graph_wait_all(NULL), ORD_EINVAL);
	CHECK_EQ(ord_graph_clear(NULL), ORD_EINVAL);
	CHECK_EQ(ord_graph_interrupt(NULL), ORD_EINVAL);
	CHECK(ord_graph_proc(NULL, "a") == NULL);
	CHECK(ord_graph_next(NULL, NULL) == NULL);
	CHECK(strstr(ord_graph_error(NULL), "no graph") != NULL);
}

SCENE(calls, what_is_wrong_with_a_proc)
{
	const struct {
		struct ord_proc_options proc;
		const char *word;
	} rows[] = {
		{ ORD_PROC(.shell = "true"), "a proc has no name" },
		{ ORD_PROC(.name = ""), "it is empty" },
		{ ORD_PROC(.name = "p", .shell = "true", .function = succeed), "more than one of" },
		{ ORD_PROC(.name = "p", .command = (const char *const[]){ NULL }), "its command has no words" },
		{ ORD_PROC(.name = "p", .always = 2), "are 0 or 1" },
		{ ORD_PROC(.name = "p", .skip_exit = 256), "below 256" },
		{ ORD_PROC(.name = "p", .locks = ORD_NAMES("=2")), "name=units" },
		{ ORD_PROC(.name = "p", .locks = ORD_NAMES("a=0")), "name=units" },
		{ ORD_PROC(.name = "p", .locks = ORD_NAMES("a=x")), "name=units" },
		{ ORD_PROC(.name = "p", .env = ORD_NAMES("=x")), "write NAME=value" },
		{ ORD_PROC(.name = "p", .env = ORD_NAMES("x")), "write NAME=value" },
		{ ORD_PROC(.name = "p", .retry_on = ORD_NAMES("exit 0")), "exit CODE" },
		{ ORD_PROC(.name = "p", .retry_on = ORD_NAMES("always")), "exit CODE" },
		{ ORD_PROC(.name = "p", .special_deps = ORD_DEPS(&ORD_DEP(.soft = 1))), "one of name, names and special" },
		{ ORD_PROC(.name = "p", .special_deps = ORD_DEPS(&ORD_DEP(.special = 3))), "one of name, names and special" },
		{ ORD_PROC(.name = "p::[x]", .choices = ORD_CHOICES(&ORD_CHOICE(.arg = "x"))), "either values or a list" },
		{ { .size = 1, .name = "p" }, "use ORD_PROC" },
	};
	struct ord_graph *graph = graphs_new(NULL);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		GRAPH_SAYS(graph, ord_graph_add(graph, &rows[i].proc), ORD_EINVAL, rows[i].word);
	GRAPH_SAYS(graph, ord_graph_add(graph, NULL), ORD_EINVAL, "");
	CHECK(ord_graph_next(graph, NULL) == NULL);
	GRAPH_SAYS(graph, ord_graph_start(graph, NULL), ORD_EINVAL, "NULL");
	GRAPH_SAYS(graph, ord_graph_run(graph, NULL), ORD_EINVAL, "NULL");
	GRAPH_SAYS(graph, ord_graph_wait(graph, NULL), ORD_EINVAL, "NULL");
	GRAPH_SAYS(graph, ord_graph_wait_locks(graph, NULL), ORD_EINVAL, "NULL");
	GRAPH_SAYS(graph, ord_graph_set_param(graph, "", "x"), ORD_EINVAL, "has a name");
	ADD(graph, .name = "c", .shell = "true");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("c")));
	GRAPH_SAYS(graph, ord_graph_add(graph, &ORD_PROC(.name = "f", .function = succeed)), ORD_ENOTSUP,
		"before the first start");
	ord_graph_destroy(&graph);
}

SCENE(calls, params)
{
	struct ord_graph *graph = graphs_new(NULL);

	GRAPH_OK(graph, ord_graph_set_param(graph, "a", "1"));
	GRAPH_OK(graph, ord_graph_set_param(graph, "b", "2"));
	GRAPH_OK(graph, ord_graph_set_param(graph, "a", "3"));
	CHECK(strcmp(ord_graph_param(graph, "a"), "3") == 0);
	GRAPH_OK(graph, ord_graph_set_param(graph, "a", NULL));
	GRAPH_OK(graph, ord_graph_set_param(graph, "a", NULL));
	CHECK(ord_graph_param(graph, "a") == NULL);
	CHECK(strcmp(ord_graph_param(graph, "b"), "2") == 0);
	ord_graph_destroy(&graph);
}

/* --- callbacks --- */

struct seen {
	struct ord_graph *graph;
	int started;
	int ended;
	int destroy_at;
};

static void
in_a_callback(int kind, const struct ord_proc *proc, void *user)
{
	struct seen *seen = user;

	(void)proc;
	if (seen->graph == NULL || kind == ORD_PROC_EVENT_CREATED || kind == ORD_PROC_EVENT_WANTED)
		return;
	seen->started += kind == ORD_PROC_EVENT_STARTED;
	seen->ended += kind == ORD_PROC_EVENT_ENDED;
	GRAPH_SAYS(seen->graph, ord_graph_step(seen->graph, 0), ORD_EBUSY, "from a callback");
	GRAPH_SAYS(seen->graph, ord_graph_wait_all(seen->graph), ORD_EBUSY, "from a callback");
	GRAPH_SAYS(seen->graph, ord_graph_clear(seen->graph), ORD_EBUSY, "from a callback");
	if (kind == ORD_PROC_EVENT_ENDED && seen->ended < 5) {
		char name[20];

		snprintf(name, sizeof name, "more::%d", seen->ended);
		GRAPH_OK(seen->graph, ord_graph_start(seen->graph, name));
	}
	if (seen->ended == seen->destroy_at)
		ord_graph_destroy(&seen->graph);
}

SCENE(calls, what_callbacks_may_do)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct seen seen = { .destroy_at = -1 };
		struct ord_graph *graph;

		if (start == ORD_START_COMMAND)
			continue;
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = start), .on_event = in_a_callback,
			.on_event_user = &seen, .parallel = 2));
		seen.graph = graph;
		ADD(graph, .name = "more::[n]", .function = succeed);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("more::0")));
		GRAPH_OK(graph, ord_graph_wait_all(graph));
		CHECK_EQ(seen.started, 5);
		CHECK_EQ(seen.ended, 5);
		ord_graph_destroy(&graph);
	}
}

SCENE(calls, destroyed_in_a_callback)
{
	for (int at = 1; at <= 3; at++) {
		struct seen seen = { .destroy_at = at };
		struct ord_graph *graph = graphs_new(
			&ORD_GRAPH_OPTIONS(.on_event = in_a_callback, .on_event_user = &seen, .parallel = 2));

		seen.graph = graph;
		ADD(graph, .name = "more::[n]", .function = succeed);
		CHECK_EQ(ord_graph_start(graph, "more::0"), 0);
		CHECK_EQ(ord_graph_wait_all(graph), 0);
		CHECK(seen.graph == NULL);
	}
}

/* --- names that are asked for --- */

struct asked {
	struct ord_graph *graph;
	int times;
	int fail;
};

static int
name_deps(const struct ord_proc *proc, const char *const **names, void *user)
{
	static const char *const two[] = { "lib::a", "lib::*", NULL };
	struct asked *asked = user;

	asked->times++;
	CHECK(strcmp(ord_proc_name(proc), "app::x") == 0);
	CHECK(strcmp(ord_proc_arg(proc, "name"), "x") == 0);
	GRAPH_SAYS(asked->graph, ord_graph_start(asked->graph, "lib::a"), ORD_EBUSY, "asks for names");
	*names = two;
	return asked->fail;
}

static int
list_libs(const struct ord_proc *proc, const char *const **names, void *user)
{
	static const char *const three[] = { "a", "b", "a", NULL };
	struct asked *asked = user;

	asked->times++;
	CHECK(proc == NULL);
	*names = three;
	return asked->fail;
}

SCENE(calls, names_are_asked_for)
{
	struct ord_graph *graph = graphs_new(NULL);
	struct asked deps = { .graph = graph }, libs = { .graph = graph };

	ADD(graph, .name = "lib::[l]", .choices = ORD_CHOICES(&ORD_CHOICE(.arg = "l", .list = list_libs, .list_user = &libs)));
	ADD(graph, .name = "app::[name]", .special_deps = ORD_DEPS(&ORD_DEP(.names = name_deps, .names_user = &deps)));
	CHECK_EQ(libs.times + deps.times, 0);
	libs.fail = 1;
	GRAPH_SAYS(graph, ord_graph_start(graph, "app::x"), ORD_EFAILED, "list of choices");
	libs.fail = 0;
	deps.fail = -5;
	GRAPH_SAYS(graph, ord_graph_start(graph, "app::x"), ORD_EFAILED, "failed with -5");
	deps.fail = 0;
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("app::x")));
	CHECK_EQ(libs.times, 2);
	CHECK_EQ(deps.times, 3);
	GRAPH_SAYS(graph, ord_graph_start(graph, "lib::c"), ORD_EINVAL, "none of the choices");
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("app::x")));
	CHECK_EQ(libs.times, 2);
	CHECK_EQ(deps.times, 4);
	ord_graph_destroy(&graph);
}

SCENE(calls, missing_deps_are_none_on_request)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.allow_missing_deps = 1));

	ADD(graph, .name = "lib");
	ADD(graph, .name = "app", .deps = ORD_NAMES("nobody", "lib", "none*"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("app")));
	CHECK_EQ(STATE_OF(graph, "lib"), ORD_PROC_SUCCEEDED);
	ord_graph_destroy(&graph);
}

/* --- forks, interrupts --- */

SCENE(calls, a_forked_child_cannot_move_it)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1));
	pid_t child;
	int status;

	ADD(graph, .name = "a", .function = succeed);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a")));
	child = fork();
	if (child == 0) {
		int wrong = ord_graph_step(graph, 0) != ORD_EFORKED || ord_graph_wait_all(graph) != ORD_EFORKED;

		ord_graph_destroy(&graph);
		_exit(wrong);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a")));
	ord_graph_destroy(&graph);
}

struct interrupting {
	struct ord_graph *graph;
	int times;
};

static void
interrupt_at_start(int kind, const struct ord_proc *proc, void *user)
{
	struct interrupting *interrupting = user;

	if (kind == ORD_PROC_EVENT_STARTED && strcmp(ord_proc_name(proc), "runs") == 0)
		for (int i = 0; i < interrupting->times; i++)
			CHECK_EQ(ord_graph_interrupt(interrupting->graph), 0);
}

SCENE(calls, interrupts)
{
	for (int times = 1; times <= 2; times++) {
		struct interrupting interrupting = { .times = times };
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .on_event = interrupt_at_start,
			.on_event_user = &interrupting));

		interrupting.graph = graph;
		ADD(graph, .name = "runs", .shell = times == 1 ? "sleep 0.3" : "sleep 1000");
		ADD(graph, .name = "after", .shell = "true", .deps = ORD_NAMES("runs"));
		ADD(graph, .name = "other", .shell = "true");
		GRAPH_OK(graph, ord_graph_start(graph, "other"));
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("after")), ORD_EINTERRUPTED, "interrupted");
		CHECK_EQ(STATE_OF(graph, "runs"), times == 1 ? ORD_PROC_SUCCEEDED : ORD_PROC_FAILED);
		CHECK_EQ(STATE_OF(graph, "after"), ORD_PROC_IDLE);
		CHECK_EQ(CAUSE_OF(graph, "after"), ORD_CAUSE_STOPPED);
		CHECK_EQ(STATE_OF(graph, "other"), ORD_PROC_IDLE);
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("other")), ORD_EINTERRUPTED, "interrupted");
		ord_graph_destroy(&graph);
	}
}

/* --- no memory --- */

static int
use_a_graph(struct ord_graph **graph)
{
	int status = ord_graph_new(graph, &ORD_GRAPH_OPTIONS(.parallel = 1));

	if (status == 0)
		status = ord_graph_add(*graph, &ORD_PROC(.name = "lib::[x]::[y]", .args = ORD_NAMES("level:int=3"),
			.choices = ORD_CHOICES(&ORD_CHOICE(.arg = "x", .values = ORD_NAMES("1", "2"))),
			.locks = ORD_NAMES("net=1"), .retry_on = ORD_NAMES("timeout"), .rdeps = ORD_NAMES("top::[x]::[y]")));
	if (status == 0)
		status = ord_graph_add(*graph, &ORD_PROC(.name = "app", .deps = ORD_NAMES("lib::*::[param.p]"),
			.special_deps = ORD_DEPS(&ORD_DEP(.name = "soft", .soft = 1))));
	if (status == 0)
		status = ord_graph_add(*graph, &ORD_PROC(.name = "soft"));
	if (status == 0)
		status = ord_graph_set_param(*graph, "p", "q");
	return status != 0 ? status : ord_graph_run(*graph, ORD_NAMES("app"));
}

SCENE(calls, without_memory)
{
	unsigned long n = 1;

	for (int came = 1; came; n++) {
		struct ord_graph *graph = NULL;
		int status;

		memory_fault_at(n);
		status = use_a_graph(&graph);
		came = memory_fault_came();
		memory_fault_at(0);
		CHECK_EQ(status, came ? ORD_ENOMEM : 0);
		if (graph != NULL) { /* it stays usable */
			(void)ord_graph_set_param(graph, "p", "q");
			(void)ord_graph_add(graph, &ORD_PROC(.name = "last"));
			GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("last")));
		}
		ord_graph_destroy(&graph);
	}
	CHECK(n > 30);
}

/* --- order --- */

struct order {
	char text[400];
};

static void
note_start(int kind, const struct ord_proc *proc, void *user)
{
	struct order *order = user;

	if (kind == ORD_PROC_EVENT_STARTED)
		snprintf(order->text + strlen(order->text), sizeof order->text - strlen(order->text), "%s ",
			ord_proc_name(proc));
}

static void
run_shuffled(uint64_t seed, struct order *order)
{
	struct ord_graph *graph = graphs_new(
		&ORD_GRAPH_OPTIONS(.parallel = 1, .shuffle = seed, .on_event = note_start, .on_event_user = order));

	ADD(graph, .name = "short", .function = succeed, .expected_ms = 10);
	ADD(graph, .name = "long", .function = succeed, .expected_ms = 1000);
	ADD(graph, .name = "a", .function = succeed);
	ADD(graph, .name = "b", .function = succeed, .deps = ORD_NAMES("a"), .expected_ms = 500);
	ADD(graph, .name = "all", .deps = ORD_NAMES("short", "long", "b"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all")));
	ord_graph_destroy(&graph);
}

SCENE(calls, the_longest_first_or_shuffled)
{
	struct order plain = { "" }, first = { "" }, again = { "" };
	int others = 0;

	run_shuffled(0, &plain);
	CHECK(strcmp(plain.text, "long a b short ") == 0);
	run_shuffled(5, &first);
	run_shuffled(5, &again);
	CHECK(strcmp(first.text, again.text) == 0);
	for (uint64_t seed = 1; seed < 10; seed++) {
		struct order other = { "" };

		run_shuffled(seed, &other);
		others += strcmp(other.text, plain.text) != 0;
	}
	CHECK(others > 3);
}

/* --- a file without memory --- */

/* At each step of it there is none: it says so, and what was loaded goes with the graph. */
SCENE(calls, a_file_without_memory)
{
	int status = ORD_ENOMEM;
	char path[] = "/tmp/ord-calls-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	CHECK(file != NULL);
	fputs("params: {x: 1}\nenv: {A: b}\noptions: {parallel: 1}\nprocs:\n"
	      "  a: {run: echo a, now: true, inputs: [in], outputs: [out], desc: d, env: {B: c}}\n"
	      "  asks: {run: [echo, '[param.x]'], deps: [{command: 'echo a'}], locks: [l]}\n"
	      "  \"p::[x]\": {run: 'echo [x] | cat', choices: {x: {command: echo 1}}, deps: [a]}\n", file);
	CHECK_EQ(fclose(file), 0);
	for (unsigned long n = 1; status == ORD_ENOMEM; n++) {
		struct ord_graph *graph = graphs_new(NULL);
		int came;

		memory_fault_at(n);
		status = ord_graph_load(graph, path);
		came = memory_fault_came();
		memory_fault_at(0);
		CHECK(status == ORD_ENOMEM || (status == 0 && !came));
		if (status == 0)
			CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_WANTED);
		CHECK(status == ORD_ENOMEM || n > 50);
		ord_graph_destroy(&graph);
	}
	CHECK_EQ(unlink(path), 0);
}
