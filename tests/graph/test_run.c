/* Procs run for real: functions in workers, commands, what they are told and what they say. */
#include "../flow/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orderly/graph.h>

/* --- helpers --- */

/* A call on a graph that must return `status`, with a sentence that holds `word`. */
#define GRAPH_SAYS(graph, call, status, word) says((graph), (call), (status), (word), #call, __FILE__, __LINE__)
#define GRAPH_OK(graph, call) GRAPH_SAYS(graph, call, 0, "")
#define STATE_OF(graph, name) ord_proc_state(proc_of((graph), (name)))
#define CAUSE_OF(graph, name) ord_proc_cause(proc_of((graph), (name)))

static void
says(struct ord_graph *graph, int status, int wanted, const char *word, const char *what, const char *file, int line)
{
	if (status != wanted || strstr(ord_graph_error(graph), word) == NULL)
		fprintf(stderr, "%s:%d: %s: %s: %s\n", file, line, what, ord_status_name(status), ord_graph_error(graph));
	scene_check_equal(status, wanted, what, file, line);
	scene_check(strstr(ord_graph_error(graph), word) != NULL, word, file, line);
}

static const struct ord_proc *
proc_of(struct ord_graph *graph, const char *name)
{
	const struct ord_proc *proc = ord_graph_proc(graph, name);

	scene_check(proc != NULL, name, __FILE__, __LINE__);
	return proc;
}

static struct ord_graph *
graph_of(const struct ord_graph_options *options)
{
	struct ord_graph *graph;

	CHECK_EQ(ord_graph_new(&graph, options), 0);
	return graph;
}

static const char *
output_of(struct ord_graph *graph, const char *name)
{
	return ord_proc_output(proc_of(graph, name), NULL);
}

static int
return_text(struct ord_task *task, const char *text)
{
	return ord_task_return(task, text, strlen(text));
}

/* --- functions --- */

static int
say_name(struct ord_task *task, void *user)
{
	(void)user;
	return return_text(task, ord_context_name(task));
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
	return return_text(task, text);
}

SCENE(run, functions_see_args_params_and_results)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct ord_graph *graph;

		if (start == ORD_START_COMMAND)
			continue;
		graph = graph_of(&ORD_GRAPH_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = start), .parallel = 2));
		GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "first", .function = say_name)));
		GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "all::[x]", .function = say_all,
						 .deps = ORD_NAMES("first"),
						 .args = ORD_NAMES("level:int=0x10", "factor:float=2.5", "on:bool=Yes"))));
		GRAPH_OK(graph, ord_graph_set_param(graph, "opt", "-O2"));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all::a::b")));
		CHECK(strcmp(output_of(graph, "all::a::b"), "a::b|-O2|first|16|2.5|1|0") == 0);
		CHECK_EQ(STATE_OF(graph, "first"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(ord_proc_attempts(proc_of(graph, "first")), 1);
		ord_graph_destroy(&graph);
	}
}

/* --- commands --- */

SCENE(run, commands_see_args_and_params)
{
	struct ord_graph *graph = graph_of(&ORD_GRAPH_OPTIONS(.parallel = 2));

	GRAPH_OK(graph, ord_graph_set_param(graph, "opt", "it's \"here\" $HOME"));
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "argv::[x]", .command = ORD_NAMES("printf", "%s,", "[x]",
							  "[param.opt]", "[none]"), .stdout_result = 1)));
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "line::[x]", .stdout_result = 1,
					 .shell = "printf '%s|' [x] \"[param.opt]\" '[param.opt]' [param.opt] \"$(echo [x])\";"
						  "[ -f /none ] || printf '%s' \"$ORDERLY_ARG_x$ORDERLY_PARAM_opt\"")));
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "env::[x]", .stdout_result = 1, .cwd = "/",
					 .env = ORD_NAMES("FLAG=[x]!", "TERM=mine"),
					 .shell = "echo $FLAG $TERM $NO_COLOR $ORDERLY_PROC $ORDERLY_ATTEMPT $PWD; cat")));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("argv::a b", "line::a b", "env::one")));
	CHECK(strcmp(output_of(graph, "argv::a b"), "a b,it's \"here\" $HOME,[none],") == 0);
	CHECK(strcmp(output_of(graph, "line::a b"), "a b|it's \"here\" $HOME|it's \"here\" $HOME|it's \"here\" $HOME|a b|"
						    "a bit's \"here\" $HOME") == 0);
	CHECK(strcmp(output_of(graph, "env::one"), "one! mine 1 env::one 0 /\n") == 0);
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
	struct ord_graph *graph = graph_of(&ORD_GRAPH_OPTIONS(.parallel = 3));

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = rows[i].name, .shell = rows[i].shell,
						 .skip_exit = 80, .no_change_exit = 81, .timeout_ms = 3000)));
		GRAPH_OK(graph, ord_graph_start(graph, rows[i].name));
	}
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "behind", .shell = "true", .deps = ORD_NAMES("code"))));
	GRAPH_OK(graph, ord_graph_add(graph, &ORD_PROC(.name = "all", .deps = ORD_NAMES("behind", "good"))));
	GRAPH_OK(graph, ord_graph_start(graph, "all"));
	GRAPH_SAYS(graph, ord_graph_wait_all(graph), ORD_EFAILED, "did not end well");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_EQ(STATE_OF(graph, rows[i].name), rows[i].state);
		CHECK_EQ(CAUSE_OF(graph, rows[i].name), rows[i].cause);
		CHECK(strstr(ord_proc_error(proc_of(graph, rows[i].name)), rows[i].word) != NULL);
	}
	CHECK_EQ(ord_proc_exit_code(proc_of(graph, "code")), 3);
	CHECK_EQ(ord_proc_signal(proc_of(graph, "signal")), SIGSEGV);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED_DEP);
	CHECK(ord_proc_root(proc_of(graph, "all")) == proc_of(graph, "code"));
	CHECK(strstr(ord_proc_error(proc_of(graph, "all")), "code failed") != NULL);
	GRAPH_SAYS(graph, ord_graph_wait(graph, ORD_NAMES("good", "all")), ORD_EFAILED, "all did not end well");
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("good", "skip", "same")));
	ord_graph_destroy(&graph);
}
