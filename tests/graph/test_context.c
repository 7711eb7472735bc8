/* Running procs that ask their graph: results, new procs, waits, deadlocks. */
#include "graphs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Waits for the next of a chain, with a result that holds all names of it. */
static int
chain(struct ord_task *task, void *user)
{
	char next[40], text[200];
	const void *output = "";
	int64_t level;
	int status = ord_context_arg_int(task, "level", &level);

	(void)user;
	if (status == 0 && level < 5) {
		snprintf(next, sizeof next, "chain::%d", (int)level + 1);
		status = ord_context_run(task, ORD_NAMES(next));
		if (status == 0)
			status = ord_context_result(task, next, &output, NULL);
	}
	if (status != 0)
		return status;
	snprintf(text, sizeof text, "%d %s", (int)level, (const char *)output);
	return graphs_return(task, text);
}

/* One slot, five that wait for each other: each gives its slot back. */
SCENE(context, waits_nested_five_deep_with_one_slot)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		struct ord_graph *graph =
			graphs_new(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = start), .parallel = 1));

		ADD(graph, .name = "chain::[level]", .function = chain, .args = ORD_NAMES("level:int"));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("chain::0")));
		CHECK(strcmp(graphs_output(graph, "chain::0"), "0 1 2 3 4 5 ") == 0);
		ord_graph_destroy(&graph);
	}
}

/* Waits for what its arg names, and says what came of it. */
static int
wait_for(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_wait(task, ORD_NAMES(ord_context_arg(task, "name")));
}

static int
run_it(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_run(task, ORD_NAMES(ord_context_arg(task, "name")));
}

static int
succeed(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, "yes");
}

static int
fail(struct ord_task *task, void *user)
{
	(void)user;
	return ord_task_fail(task, "no");
}

SCENE(context, waits_that_cannot_end_say_so)
{
	static const struct {
		const char *name;
		const char *word;
	} rows[] = {
		{ "wait::nobody", "there is no proc of this name" },
		{ "wait::idle", "idle is not wanted by anybody" },
		{ "run::bad", "bad did not end well" },
		{ "wait::bad", "bad did not end well" },
		{ "run::run::run::run::idle", NULL },
		{ "run::later", "of a higher wave" },
		{ "run::barrier", "is held until" },
		{ "run::behind", "cycle: behind -> run::behind -> behind" },
		{ "run::loop::[x]", "cycle" },
		{ "run::needy", "needy needs nothing: there is no proc" },
	};
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1));

	ADD(graph, .name = "wait::[name]", .function = wait_for);
	ADD(graph, .name = "run::[name]", .function = run_it);
	ADD(graph, .name = "idle", .function = succeed);
	ADD(graph, .name = "bad", .function = fail);
	ADD(graph, .name = "later", .function = succeed, .wave = 1);
	ADD(graph, .name = "barrier", .function = succeed,
		.special_deps = ORD_DEPS(&ORD_DEP(.special = ORD_DEP_ALL_DONE)));
	ADD(graph, .name = "behind", .function = succeed, .deps = ORD_NAMES("run::behind"));
	ADD(graph, .name = "loop::[x]", .function = succeed, .deps = ORD_NAMES("run::loop::[x]"));
	ADD(graph, .name = "needy", .function = succeed, .deps = ORD_NAMES("nothing"));
	GRAPH_OK(graph, ord_graph_create(graph, "idle"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *name = rows[i].name;
		char own[60];

		if (strcmp(name, "run::loop::[x]") == 0) {
			snprintf(own, sizeof own, "run::loop::1");
			name = own;
		}
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES(name)), rows[i].word != NULL ? ORD_EFAILED : 0, "");
		CHECK(strstr(ERROR_OF(graph, name), rows[i].word != NULL ? rows[i].word : "") != NULL);
	}
	GRAPH_SAYS(graph, ord_graph_wait(graph, ORD_NAMES("needy")), ORD_EINVAL, "not wanted");
	ord_graph_destroy(&graph);
}

/* --- a deadlock that nobody can see coming --- */

static int
hold_and_run(struct ord_task *task, void *user)
{
	const char *other = ord_context_arg(task, "other");
	char name[40];

	(void)user;
	snprintf(name, sizeof name, "needs-%s", other);
	return ord_context_run(task, ORD_NAMES(name));
}

SCENE(context, who_waits_with_a_lock_for_who_needs_it_is_told)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "hold-a::[other]", .function = hold_and_run, .locks = ORD_NAMES("a"));
	ADD(graph, .name = "needs-a", .function = succeed, .locks = ORD_NAMES("a"));
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("hold-a::a")), ORD_EFAILED, "nothing can move any more");
	CHECK(strstr(ERROR_OF(graph, "hold-a::a"), "waits for needs-a") != NULL);
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("needs-a")));
	ord_graph_destroy(&graph);
}

static int
wait_locks(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_wait_locks(task, ORD_NAMES(ord_context_arg(task, "lock"), "unknown"));
}

SCENE(context, wait_for_locks)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "holder", .shell = "sleep 0.2", .locks = ORD_NAMES("a"));
	ADD(graph, .name = "waiter::[lock]", .function = wait_locks);
	ADD(graph, .name = "owner::[lock]", .function = wait_locks, .locks = ORD_NAMES("a"));
	GRAPH_OK(graph, ord_graph_start(graph, "holder"));
	GRAPH_OK(graph, ord_graph_start(graph, "waiter::a"));
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("waiter::a")));
	CHECK_EQ(STATE_OF(graph, "holder"), ORD_PROC_SUCCEEDED);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("owner::a")), ORD_EFAILED, "holds the lock 'a' itself");
	GRAPH_OK(graph, ord_graph_clear(graph));
	GRAPH_OK(graph, ord_graph_start(graph, "holder"));
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	GRAPH_OK(graph, ord_graph_wait_locks(graph, ORD_NAMES("a", "unknown")));
	CHECK_EQ(STATE_OF(graph, "holder"), ORD_PROC_SUCCEEDED);
	ord_graph_destroy(&graph);
}

/* --- results --- */

static int
large(struct ord_task *task, void *user)
{
	int64_t size;
	void *bytes;
	int status = ord_context_arg_int(task, "size", &size);

	(void)user;
	if (status == 0)
		status = ord_task_reserve(task, (size_t)size, &bytes);
	if (status == 0)
		memset(bytes, 'x', (size_t)size);
	return status;
}

static int
add_sizes(struct ord_task *task, void *user)
{
	static const char *const names[] = { "large::0", "large::1", "large::4096", "large::4097", "large::65537",
		"large::3000000" };
	size_t size, sum = 0;
	char text[40];

	(void)user;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const void *output;
		int status = ord_context_result(task, names[i], &output, &size);

		if (status != 0)
			return status;
		CHECK(((uintptr_t)output & 7) == 0);
		CHECK(((const char *)output)[size] == '\0');
		CHECK(size == 0 || ((const char *)output)[size - 1] == 'x');
		sum += size;
	}
	snprintf(text, sizeof text, "%zu", sum);
	return graphs_return(task, text);
}

static int
ask_for_too_much(struct ord_task *task, void *user)
{
	const void *output;

	(void)user;
	CHECK_EQ(ord_context_result(task, "nobody", &output, NULL), ORD_EINVAL);
	CHECK_EQ(ord_context_result(task, "wrong", &output, NULL), ORD_EFAILED);
	CHECK_EQ(ord_context_result(task, "idle", &output, NULL), ORD_EAGAIN);
	CHECK_EQ(ord_context_result(task, NULL, &output, NULL), ORD_EINVAL);
	CHECK_EQ(ord_context_result(task, "idle", NULL, NULL), ORD_EINVAL);
	CHECK_EQ(ord_context_wait(task, NULL), ORD_EINVAL);
	CHECK_EQ(ord_context_create(task, ORD_NAMES("large::1", "nobody")), ORD_EINVAL);
	CHECK(ord_context_arg(task, "none") == NULL);
	CHECK(ord_context_arg(task, NULL) == NULL);
	CHECK(ord_context_param(task, "none") == NULL);
	CHECK_EQ(ord_context_start(task, ORD_NAMES("large::2", "large::3")), 0);
	CHECK_EQ(ord_context_wait(task, ORD_NAMES("large::2", "large::3", "large::2")), 0);
	CHECK_EQ(ord_context_result(task, "large::3", &output, NULL), 0);
	return graphs_return(task, output);
}

SCENE(context, results_of_any_size)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "large::[size]", .function = large, .args = ORD_NAMES("size:int"));
	ADD(graph, .name = "sum", .function = add_sizes,
		.deps = ORD_NAMES("large::0", "large::1", "large::4096", "large::4097", "large::65537", "large::3000000"));
	ADD(graph, .name = "asker", .function = ask_for_too_much, .deps = ORD_NAMES("sum"));
	ADD(graph, .name = "idle", .function = succeed);
	ADD(graph, .name = "wrong", .function = fail);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("wrong")), ORD_EFAILED, "no");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("asker")));
	CHECK(strcmp(graphs_output(graph, "sum"), "3073731") == 0);
	CHECK(strcmp(graphs_output(graph, "asker"), "xxx") == 0);
	ord_graph_destroy(&graph);
}

/* --- skipped, no change --- */

static int
say_skip(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_skip(task);
}

static int
say_no_change(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_no_change(task);
}

/* What an attempt said is forgotten with it. */
static int
skip_and_die(struct ord_task *task, void *user)
{
	int status = 0;

	(void)user;
	if (ord_context_attempt(task) == 0) {
		status = ord_context_skip(task);
		raise(SIGKILL);
	}
	return status;
}

SCENE(context, skipped_and_no_change)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "skip", .function = say_skip);
	ADD(graph, .name = "same", .function = say_no_change);
	ADD(graph, .name = "dies", .function = skip_and_die, .retries = 1);
	ADD(graph, .name = "all", .function = succeed, .deps = ORD_NAMES("skip", "same", "dies"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all")));
	CHECK_EQ(STATE_OF(graph, "skip"), ORD_PROC_SKIPPED);
	CHECK_EQ(CAUSE_OF(graph, "same"), ORD_CAUSE_NO_CHANGE);
	CHECK_EQ(STATE_OF(graph, "dies"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(CAUSE_OF(graph, "dies"), ORD_CAUSE_NONE);
	ord_graph_destroy(&graph);
}

/* --- deaths while waiting --- */

static int
wait_and_be_killed(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_context_attempt(task) == 0)
		alarm(1); /* while it waits */
	return ord_context_run(task, ORD_NAMES("slow"));
}

SCENE(context, one_that_dies_while_it_waits_is_tried_again)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	ADD(graph, .name = "slow", .shell = "sleep 2");
	ADD(graph, .name = "dies", .function = wait_and_be_killed, .retries = 1);
	ADD(graph, .name = "times-out", .function = run_it, .args = ORD_NAMES("name=slow"), .timeout_ms = 300);
	GRAPH_OK(graph, ord_graph_start(graph, "times-out"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("dies")));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "times-out");
	CHECK_EQ(CAUSE_OF(graph, "times-out"), ORD_CAUSE_TIMED_OUT);
	CHECK_EQ(STATE_OF(graph, "slow"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "dies")), 2);
	ord_graph_destroy(&graph);
}

/* --- tasks that no graph started --- */

static int
not_of_a_graph(struct ord_task *task, void *user)
{
	const void *output;
	int64_t integer;

	(void)user;
	CHECK(ord_context_name(task) == NULL);
	CHECK(ord_context_arg(task, "x") == NULL);
	CHECK(ord_context_param(task, "x") == NULL);
	CHECK_EQ(ord_context_attempt(task), 0);
	CHECK_EQ(ord_context_arg_int(task, "x", &integer), ORD_EINVAL);
	CHECK_EQ(ord_context_result(task, "x", &output, NULL), ORD_EINVAL);
	CHECK_EQ(ord_context_run(task, ORD_NAMES("x")), ORD_EINVAL);
	return ord_context_skip(task);
}

static void
check_result(const struct ord_result *result, void *user)
{
	(void)user;
	CHECK_EQ(ord_result_state(result), ORD_FAILED);
	CHECK(strstr(ord_result_error(result), "not started by a graph") != NULL);
}

SCENE(context, tasks_of_a_pool_have_none)
{
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = not_of_a_graph, .on_result = check_result)), 0);
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit_wait(pool, NULL, 0, NULL));
	CHECK_OK(pool, ord_pool_submit_wait(pool, "a text that is no context of a proc", 35, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

/* Without processes a question is answered at once or not at all. */
SCENE(context, inline_answers_at_once_or_not_at_all)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_INLINE)));

	ADD(graph, .name = "large::[size]", .function = large, .args = ORD_NAMES("size:int"));
	ADD(graph, .name = "run::[name]", .function = run_it);
	ADD(graph, .name = "skip", .function = say_skip);
	ADD(graph, .name = "after", .function = wait_for, .args = ORD_NAMES("name=skip"), .deps = ORD_NAMES("skip"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("after", "large::70000")));
	CHECK_EQ(STATE_OF(graph, "skip"), ORD_PROC_SKIPPED);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("run::large::5")), ORD_EFAILED, "nobody is there to ask");
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("large::5")));
	ord_graph_destroy(&graph);
}
