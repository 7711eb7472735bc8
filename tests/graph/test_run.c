/* Procs run for real: functions in workers, commands, what they are told and what they say. */
#include "graphs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- functions --- */

static int
say_name(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, ord_context_name(task));
}

/* Its arg, its param, and the result of what it depends on. */
static int
say_all(struct ord_task *task, void *user)
{
	const void *output;
	char text[200];
	int64_t level;
	double factor;
	int on, status;

	(void)user;
	status = ord_context_result(task, "first", &output, NULL);
	if (status == 0)
		status = ord_context_arg_int(task, "level", &level);
	if (status == 0)
		status = ord_context_arg_float(task, "factor", &factor);
	if (status == 0)
		status = ord_context_arg_bool(task, "on", &on);
	if (status != 0)
		return status;
	snprintf(text, sizeof text, "%s|%s|%s|%ld|%.1f|%d|%u", ord_context_arg(task, "x"),
		ord_context_param(task, "opt"), (const char *)output, (long)level, factor, on, ord_context_attempt(task));
	return graphs_return(task, text);
}

SCENE(run, functions_see_args_params_and_results)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct ord_graph *graph;

		if (start == ORD_START_COMMAND)
			continue;
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = start), .parallel = 2));
		ADD(graph, .name = "first", .function = say_name);
		ADD(graph, .name = "all::[x]", .function = say_all,
						 .deps = ORD_NAMES("first"),
						 .args = ORD_NAMES("level:int=0x10", "factor:float=2.5", "on:bool=Yes"));
		GRAPH_OK(graph, ord_graph_set_param(graph, "opt", "-O2"));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all::a::b")));
		CHECK(strcmp(graphs_output(graph, "all::a::b"), "a::b|-O2|first|16|2.5|1|0") == 0);
		CHECK_EQ(STATE_OF(graph, "first"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "first")), 1);
		ord_graph_destroy(&graph);
	}
}

static int
say_process(struct ord_task *task, void *user)
{
	char text[32];

	(void)user;
	snprintf(text, sizeof text, "%ld", (long)getpid());
	return graphs_return(task, text);
}

/* What a debugger follows: procs run in this process, one behind the other; a command, which cannot, says what to do. */
SCENE(run, inline_procs_run_in_the_host)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_INLINE)));
	char here[32];

	snprintf(here, sizeof here, "%ld", (long)getpid());
	ADD(graph, .name = "first", .function = say_process);
	ADD(graph, .name = "second", .function = say_process, .deps = ORD_NAMES("first"));
	ADD(graph, .name = "command", .shell = "true");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("second")));
	CHECK(strcmp(graphs_output(graph, "first"), here) == 0);
	CHECK(strcmp(graphs_output(graph, "second"), here) == 0);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("command")), ORD_EFAILED, "INLINE");
	ord_graph_destroy(&graph);
}

/* --- commands --- */

SCENE(run, commands_see_args_and_params)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	GRAPH_OK(graph, ord_graph_set_param(graph, "opt", "it's \"here\" $HOME"));
	ADD(graph, .name = "argv::[x]", .command = ORD_NAMES("printf", "%s,", "[x]",
							  "[param.opt]", "[none]"), .stdout_result = 1);
	ADD(graph, .name = "line::[x]", .stdout_result = 1,
					 .shell = "printf '%s|' [x] \"[param.opt]\" '[param.opt]' [param.opt] \"$(echo [x])\";"
						  "[ -f /none ] || printf '%s' \"$ORDERLY_ARG_x$ORDERLY_PARAM_opt\"");
	ADD(graph, .name = "env::[x]", .stdout_result = 1, .cwd = "/",
					 .env = ORD_NAMES("FLAG=[x]!", "TERM=mine"),
					 .shell = "echo $FLAG $TERM $NO_COLOR $ORDERLY_PROC $ORDERLY_ATTEMPT $PWD; cat");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("argv::a b", "line::a b", "env::one")));
	CHECK(strcmp(graphs_output(graph, "argv::a b"), "a b,it's \"here\" $HOME,[none],") == 0);
	CHECK(strcmp(graphs_output(graph, "line::a b"), "a b|it's \"here\" $HOME|it's \"here\" $HOME|it's \"here\" $HOME|a b|"
						    "a bit's \"here\" $HOME") == 0);
	CHECK(strcmp(graphs_output(graph, "env::one"), "one! mine 1 env::one 0 /\n") == 0);
	ord_graph_destroy(&graph);
}

SCENE(run, how_commands_end)
{
	static const struct {
		const char *name, *shell;
		int state, cause;
		const char *word;
	} rows[] = {
		{ "good", "true", ORD_PROC_SUCCEEDED, ORD_CAUSE_NONE, "" },
		{ "code", "exit 3", ORD_PROC_FAILED, ORD_CAUSE_EXIT_CODE, "3" },
		{ "signal", "kill -SEGV $$", ORD_PROC_FAILED, ORD_CAUSE_SIGNAL, "SIGSEGV" },
		{ "time", "sleep 1000", ORD_PROC_FAILED, ORD_CAUSE_TIMED_OUT, "" },
		{ "missing", "/no/such/program", ORD_PROC_FAILED, ORD_CAUSE_NOT_STARTED, "/no/such/program" },
		{ "skip", "exit 80", ORD_PROC_SKIPPED, ORD_CAUSE_SKIPPED, "" },
		{ "same", "exit 81", ORD_PROC_SUCCEEDED, ORD_CAUSE_NO_CHANGE, "" },
		{ "value", "echo [param.none]", ORD_PROC_FAILED, ORD_CAUSE_NOT_STARTED, "param.none" },
	};
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 3));

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ADD(graph, .name = rows[i].name, .shell = rows[i].shell,
						 .skip_exit = 80, .no_change_exit = 81, .timeout_ms = 3000);
		GRAPH_OK(graph, ord_graph_start(graph, rows[i].name));
	}
	ADD(graph, .name = "behind", .shell = "true", .deps = ORD_NAMES("code"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("behind", "good"));
	GRAPH_OK(graph, ord_graph_start(graph, "all"));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "did not end well");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_EQ(STATE_OF(graph, rows[i].name), rows[i].state);
		CHECK_EQ(CAUSE_OF(graph, rows[i].name), rows[i].cause);
		CHECK(strstr(ord_proc_error(graphs_proc(graph, rows[i].name)), rows[i].word) != NULL);
	}
	CHECK_EQ(ord_proc_exit_code(graphs_proc(graph, "code")), 3);
	CHECK_EQ(ord_proc_signal(graphs_proc(graph, "signal")), SIGSEGV);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED_DEP);
	CHECK(ord_proc_root(graphs_proc(graph, "all")) == graphs_proc(graph, "code"));
	CHECK(strstr(ord_proc_error(graphs_proc(graph, "all")), "code failed") != NULL);
	GRAPH_SAYS(graph, ord_graph_wait(graph, ORD_NAMES("good", "all")), ORD_EFAILED, "all did not end well");
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("good", "skip", "same")));
	ord_graph_destroy(&graph);
}

/* --- retries --- */

/* Fails until its third attempt; `kind` says how. */
static int
try_thrice(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_context_attempt(task) == 2)
		return graphs_return(task, "at last");
	if (strcmp(ord_context_arg(task, "kind"), "exit") == 0)
		_exit(75);
	if (strcmp(ord_context_arg(task, "kind"), "signal") == 0)
		raise(SIGKILL);
	return ord_task_fail(task, "not yet");
}

static void
count_retries(int kind, const struct ord_proc *proc, void *user)
{
	int *counts = user;

	(void)proc;
	counts[kind]++;
}

SCENE(run, retries)
{
	int counts[8] = { 0 };
	struct ord_graph *graph = graphs_new(
		&ORD_GRAPH_OPTIONS(.parallel = 2, .on_event = count_retries, .on_event_user = counts));

	ADD(graph, .name = "try::[kind]", .function = try_thrice, .retries = 2, .retry_delay_ms = 5,
		.retry_backoff = 200);
	ADD(graph, .name = "once::[kind]", .function = try_thrice, .retries = 2, .retry_on = ORD_NAMES("timeout", "exit 74"));
	ADD(graph, .name = "code::[kind]", .function = try_thrice, .retries = 2, .retry_on = ORD_NAMES("exit 75"));
	ADD(graph, .name = "command", .stdout_result = 1, .retries = 5, .retry_on = ORD_NAMES("exit 3"),
		.shell = "echo $ORDERLY_ATTEMPT; test $ORDERLY_ATTEMPT = 4 || exit 3");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("try::exit", "try::signal", "try::text", "code::exit", "command")));
	CHECK(strcmp(graphs_output(graph, "try::signal"), "at last") == 0);
	CHECK(strcmp(graphs_output(graph, "command"), "4\n") == 0);
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "try::text")), 3);
	CHECK_EQ(counts[ORD_PROC_EVENT_CREATED], 5);
	CHECK_EQ(counts[ORD_PROC_EVENT_WANTED], 5);
	CHECK_EQ(counts[ORD_PROC_EVENT_STARTED], 4 * 3 + 5);
	CHECK_EQ(counts[ORD_PROC_EVENT_RETRIED], 4 * 2 + 4);
	CHECK_EQ(counts[ORD_PROC_EVENT_ENDED], 5);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("once::exit")), ORD_EFAILED, "once::exit");
	CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "once::exit")), 1);
	CHECK_EQ(CAUSE_OF(graph, "once::exit"), ORD_CAUSE_EXIT_CODE);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("code::text")), ORD_EFAILED, "not yet");
	CHECK_EQ(CAUSE_OF(graph, "code::text"), ORD_CAUSE_SAID_SO);
	ord_graph_destroy(&graph);
}

/* --- locks --- */

/* One that ignores SIGTERM keeps its lock until it is gone: the other would find its file. */
/* --- processes --- */

struct seen {
	int32_t pid[2]; /* of a function, of a command */
	uint32_t told;
};

static void
see_process(int kind, const struct ord_proc *proc, void *user)
{
	struct seen *seen = user;
	int is_command = strcmp(ord_proc_name(proc), "command") == 0;

	if (kind == ORD_PROC_EVENT_STARTED)
		CHECK_EQ(ord_proc_pid(proc), 0);
	if (kind != ORD_PROC_EVENT_PROCESS)
		return;
	seen->told++;
	CHECK_EQ(ord_proc_state(proc), ORD_PROC_RUNNING);
	seen->pid[is_command] = ord_proc_pid(proc);
	CHECK(seen->pid[is_command] > 0);
	if (is_command)
		CHECK_EQ(kill(ord_proc_pid(proc), SIGTERM), 0);
}

static int
say_pid(struct ord_task *task, void *user)
{
	char text[20];

	(void)user;
	snprintf(text, sizeof text, "%d", (int)getpid());
	return graphs_return(task, text);
}

SCENE(run, processes_are_told)
{
	for (uint32_t tell = 0; tell <= 1; tell++) {
		struct seen seen = { 0 };
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(
			.parallel = 2, .on_event = see_process, .on_event_user = &seen, .tell_processes = tell));

		ADD(graph, .name = "function", .function = say_pid);
		ADD(graph, .name = "command", .shell = tell ? "exec sleep 1000" : "exit 3", .retries = 1);
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("function", "command")), ORD_EFAILED, "");
		CHECK_EQ(seen.told, tell ? 3 : 0);
		CHECK_EQ(ord_proc_attempts(graphs_proc(graph, "command")), 2);
		CHECK_EQ(ord_proc_pid(graphs_proc(graph, "function")), atoi(graphs_output(graph, "function")));
		CHECK(ord_proc_pid(graphs_proc(graph, "command")) > 0);
		CHECK(!tell || ord_proc_pid(graphs_proc(graph, "command")) == seen.pid[1]);
		CHECK_EQ(ord_proc_has_terminal(graphs_proc(graph, "command")), 0);
		ord_graph_destroy(&graph);
	}
}

SCENE(run, a_lock_is_kept_until_the_process_is_gone)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 4));
	char directory[] = "/tmp/orderly-graph-XXXXXX";

	CHECK(mkdtemp(directory) != NULL);
	GRAPH_OK(graph, ord_graph_set_param(graph, "dir", directory));
	ADD(graph, .name = "stubborn", .locks = ORD_NAMES("one", "one"), .timeout_ms = 300, .grace_ms = 500,
		.cwd = "[param.dir]",
		.shell = "trap '' TERM; (trap '' TERM; touch held; while sleep 0.02; do :; done) & touch held; while sleep 0.02; do echo $$ > held; done");
	ADD(graph, .name = "next", .locks = ORD_NAMES("one"), .cwd = "[param.dir]",
		.shell = "rm held; sleep 0.3; test ! -e held");
	GRAPH_OK(graph, ord_graph_start(graph, "stubborn"));
	GRAPH_OK(graph, ord_graph_step(graph, 0));
	GRAPH_OK(graph, ord_graph_start(graph, "next"));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "stubborn");
	CHECK_EQ(CAUSE_OF(graph, "stubborn"), ORD_CAUSE_TIMED_OUT);
	CHECK_EQ(STATE_OF(graph, "next"), ORD_PROC_SUCCEEDED);
	CHECK(ord_proc_started_ns(graphs_proc(graph, "next")) >= ord_proc_ended_ns(graphs_proc(graph, "stubborn")));
	CHECK_EQ(rmdir(directory), 0);
	ord_graph_destroy(&graph);
}

static int
count_holders(struct ord_task *task, void *user)
{
	(void)user;
	scene_pause_ms(2);
	return graphs_return(task, "");
}

struct holders {
	int now, most;
};

static void
watch_holders(int kind, const struct ord_proc *proc, void *user)
{
	struct holders *holders = user;

	(void)proc;
	if (kind == ORD_PROC_EVENT_STARTED && ++holders->now > holders->most)
		holders->most = holders->now;
	if (kind == ORD_PROC_EVENT_ENDED)
		holders->now--;
}

SCENE(run, locks_have_units)
{
	static const struct {
		const char *need;
		int most;
	} rows[] = { { "net", 4 }, { "net=2", 2 }, { "net=4", 1 } };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct holders holders = { 0, 0 };
		struct ord_graph *graph = graphs_new(
			&ORD_GRAPH_OPTIONS(.parallel = 8, .on_event = watch_holders, .on_event_user = &holders));

		GRAPH_OK(graph, ord_graph_set_lock(graph, "net", 4));
		ADD(graph, .name = "p::[n]", .function = count_holders, .locks = ORD_NAMES(rows[i].need),
			.choices = ORD_CHOICES(&ORD_CHOICE(.arg = "n",
				.values = ORD_NAMES("1", "2", "3", "4", "5", "6", "7", "8", "9"))));
		ADD(graph, .name = "all", .deps = ORD_NAMES("p::*"));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all")));
		CHECK_EQ(holders.most, rows[i].most);
		GRAPH_SAYS(graph, ord_graph_set_lock(graph, "a=b", 1), ORD_EINVAL, "=");
		ADD(graph, .name = "much", .shell = "true", .locks = ORD_NAMES("net=5"));
		GRAPH_SAYS(graph, ord_graph_start(graph, "much"), ORD_EINVAL, "the lock 'net' has only 4 units");
		GRAPH_OK(graph, ord_graph_set_lock(graph, "net", 5));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("much")));
		ord_graph_destroy(&graph);
	}
}

/* --- failures --- */

SCENE(run, after_failures_nothing_starts)
{
	for (uint32_t limit = 0; limit < 3; limit++) {
		uint32_t failed = 0, idle = 0;
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .keep_going = limit));

		ADD(graph, .name = "p::[n]", .shell = "false",
			.choices = ORD_CHOICES(&ORD_CHOICE(.arg = "n", .values = ORD_NAMES("1", "2", "3", "4"))));
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("p::*")), ORD_EFAILED, "p::1 did not end well");
		for (const struct ord_proc *proc = NULL; (proc = ord_graph_next(graph, proc)) != NULL;) {
			failed += ord_proc_state(proc) == ORD_PROC_FAILED;
			idle += ord_proc_state(proc) == ORD_PROC_IDLE && ord_proc_cause(proc) == ORD_CAUSE_STOPPED;
		}
		CHECK_EQ(failed, limit == 0 ? 4 : limit);
		CHECK_EQ(failed + idle, 4);
		GRAPH_OK(graph, ord_graph_clear(graph));
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("p::3")), ORD_EFAILED, "p::3");
		ord_graph_destroy(&graph);
	}
}

SCENE(run, fail_fast_ends_what_runs)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 3, .keep_going = 1, .fail_fast = 1));

	ADD(graph, .name = "long", .shell = "sleep 1000");
	ADD(graph, .name = "bad", .shell = "sleep 0.1; exit 1");
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("long", "bad")), ORD_EFAILED, "long did not end well");
	CHECK_EQ(CAUSE_OF(graph, "long"), ORD_CAUSE_STOPPED);
	CHECK_EQ(CAUSE_OF(graph, "bad"), ORD_CAUSE_EXIT_CODE);
	ord_graph_destroy(&graph);
}

/* --- messages --- */

struct heard {
	struct ord_graph *graph;
	char text[200];
};

static void
hear(const struct ord_message *message, const struct ord_proc *proc, void *user)
{
	struct heard *heard = user;
	size_t used = strlen(heard->text);

	snprintf(heard->text + used, sizeof heard->text - used, "%s:%s;", proc != NULL ? ord_proc_name(proc) : "",
		ord_message_text(message, NULL));
}

static int
talk(struct ord_task *task, void *user)
{
	(void)user;
	ord_log(ORD_INFO, "log of %s", ord_context_name(task));
	printf("words\n");
	return 0;
}

SCENE(run, messages_know_their_proc)
{
	struct heard heard = { 0 };
	struct ord_graph *graph = graphs_new(
		&ORD_GRAPH_OPTIONS(.parallel = 1, .on_message = hear, .on_message_user = &heard));

	ADD(graph, .name = "a", .function = talk);
	ADD(graph, .name = "b", .shell = "echo out; echo err >&2", .deps = ORD_NAMES("a"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("b")));
	CHECK(strstr(heard.text, "a:log of a;") != NULL);
	CHECK(strstr(heard.text, "a:words;") != NULL);
	CHECK(strstr(heard.text, "b:out;") != NULL);
	CHECK(strstr(heard.text, "b:err;") != NULL);
	ord_graph_destroy(&graph);
}

/* --- waves --- */

SCENE(run, waves_and_barriers)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 4));
	const struct ord_proc *slow, *late;

	ADD(graph, .name = "late", .shell = "true", .wave = 1);
	ADD(graph, .name = "slow", .shell = "sleep 0.2");
	ADD(graph, .name = "bad", .shell = "sleep 0.1; false");
	ADD(graph, .name = "only-if-good", .shell = "true",
		.special_deps = ORD_DEPS(&ORD_DEP(.special = ORD_DEP_NO_FAILURES)));
	ADD(graph, .name = "in-any-case", .shell = "true",
		.special_deps = ORD_DEPS(&ORD_DEP(.special = ORD_DEP_ALL_DONE)));
	ADD(graph, .name = "report", .shell = "true", .always = 1, .deps = ORD_NAMES("only-if-good"));
	for (const char *const *name = ORD_NAMES("report", "late", "in-any-case", "slow", "bad"); *name != NULL; name++)
		GRAPH_OK(graph, ord_graph_start(graph, *name));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "bad");
	slow = graphs_proc(graph, "slow");
	late = graphs_proc(graph, "late");
	CHECK(ord_proc_started_ns(late) >= ord_proc_ended_ns(slow));
	CHECK(ord_proc_started_ns(graphs_proc(graph, "in-any-case")) >= ord_proc_ended_ns(slow));
	CHECK_EQ(STATE_OF(graph, "only-if-good"), ORD_PROC_FAILED_DEP);
	CHECK(ord_proc_root(graphs_proc(graph, "only-if-good")) == graphs_proc(graph, "bad"));
	CHECK_EQ(STATE_OF(graph, "report"), ORD_PROC_SUCCEEDED);
	ord_graph_destroy(&graph);
}
