/* Logs of procs: what is in them, what of them is shown, how long they stay, and what happens where they cannot be. */
#include "graphs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MOST = 4 << 20, LARGE = 1 << 20, AT_ONCE = 8, RUNNERS_ROUNDS = 5 };

static void
enter_directory(char *directory)
{
	strcpy(directory, "/tmp/orderly-logs-XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	CHECK(chdir(directory) == 0);
}

static void
shell(const char *line)
{
	CHECK(system(line) == 0);
}

static void
leave_directory(const char *directory)
{
	char line[100];

	CHECK(chdir("/") == 0);
	snprintf(line, sizeof line, "rm -r %s", directory);
	shell(line);
}

static size_t
read_log(struct ord_graph *graph, const char *name, char *text, size_t size)
{
	const char *path = ord_proc_log(graphs_proc(graph, name));
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t got, all = 0;

	if (fd < 0)
		fprintf(stderr, "%s: %s\n", name, path != NULL ? path : "(no log)");
	CHECK(fd >= 0);
	while ((got = read(fd, text + all, size - 1 - (size_t)all)) > 0)
		all += got;
	CHECK(got == 0);
	text[all] = '\0';
	close(fd);
	return (size_t)all;
}

static int
log_is(struct ord_graph *graph, const char *name, const char *wanted)
{
	char text[1000];

	read_log(graph, name, text, sizeof text);
	if (strcmp(text, wanted) == 0)
		return 1;
	fprintf(stderr, "%s: \"%s\", not \"%s\"\n", name, text, wanted);
	return 0;
}

static int
append(const char *text, size_t size, void *user)
{
	strncat(user, text, size);
	return 0;
}

static int
snippet_is(struct ord_graph *graph, const char *name, const char *wanted)
{
	char text[1000] = "";

	GRAPH_OK(graph, ord_proc_snippet(graphs_proc(graph, name), append, text));
	if (strcmp(text, wanted) == 0)
		return 1;
	fprintf(stderr, "%s: \"%s\", not \"%s\"\n", name, text, wanted);
	return 0;
}

static int
snippet_holds(struct ord_graph *graph, const char *name, const char *wanted)
{
	char text[1000] = "";

	GRAPH_OK(graph, ord_proc_snippet(graphs_proc(graph, name), append, text));
	return strstr(text, wanted) != NULL;
}

static void
count_messages(const struct ord_message *message, const struct ord_proc *proc, void *user)
{
	(void)message;
	(void)proc;
	++*(unsigned *)user;
}

/* --- what is in them --- */

static int
speak(struct ord_task *task, void *user)
{
	(void)user;
	printf("printed by %s\n", ord_context_name(task));
	fflush(stdout);
	ord_log(ORD_WARNING, "logged");
	fprintf(stderr, "half a line");
	if (ord_context_attempt(task) == 0)
		return ord_task_fail(task, "at first it fails");
	return 0;
}

static int
be_silent(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

SCENE(logs, of_commands_and_functions)
{
	char directory[100];
	unsigned messages = 0;
	struct ord_graph *graph;
	const char *path;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "a/log", .parallel = 3, .on_message = count_messages,
		.on_message_user = &messages));
	ADD(graph, .name = "both", .shell = "echo out; echo err >&2; printf '\\033[1mend\\377'");
	ADD(graph, .name = "result", .shell = "echo out; echo err >&2", .stdout_result = 1);
	ADD(graph, .name = "a/b::[x]", .shell = "echo [x]; exit 1", .retries = 2);
	ADD(graph, .name = "silent", .command = ORD_NAMES("true"));
	ADD(graph, .name = "quiet function", .function = be_silent);
	ADD(graph, .name = "group", .deps = ORD_NAMES("both"));
	CHECK(ord_proc_log(graphs_proc(graph, "both")) == NULL);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("both", "result", "silent", "quiet function", "group")));
	CHECK_EQ(messages, 0);
	CHECK(log_is(graph, "both", "out\nerr\n\033[1mend\377"));
	CHECK(log_is(graph, "result", "err\n"));
	CHECK(strcmp(graphs_output(graph, "result"), "out\n") == 0);
	CHECK(ord_proc_log(graphs_proc(graph, "silent")) == NULL);
	CHECK(ord_proc_log(graphs_proc(graph, "quiet function")) == NULL);
	CHECK(ord_proc_log(graphs_proc(graph, "group")) == NULL);
	CHECK(access("a/log/latest/both.1.log", F_OK) == 0);
	/* A file for each attempt. */
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("a/b::x/y")), ORD_EFAILED, "exit");
	path = ord_proc_log(graphs_proc(graph, "a/b::x/y"));
	CHECK(path != NULL && strncmp(path, "a/log/2", 7) == 0 && strstr(path, "/a%2Fb::x%2Fy.3.log") != NULL);
	CHECK(log_is(graph, "a/b::x/y", "x/y\n"));
	shell("test \"$(cat 'a/log/latest/a%2Fb::x%2Fy.1.log' 'a/log/latest/a%2Fb::x%2Fy.2.log')\" = 'x/y\nx/y'");
	/* The numbers go on when all begins anew. */
	GRAPH_OK(graph, ord_graph_clear(graph));
	CHECK(ord_proc_log(graphs_proc(graph, "both")) == NULL);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("both")));
	CHECK(strstr(ord_proc_log(graphs_proc(graph, "both")), "/both.2.log") != NULL);
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	ord_graph_destroy(&graph);
	shell("test $(ls a/log/latest | wc -l) = 6 && ! find a/log/latest/ -size 0 ! -name .lock | grep .");
	leave_directory(directory);
}

SCENE(logs, of_functions)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		char directory[100];
		unsigned messages = 0;
		struct ord_graph *graph;

		enter_directory(directory);
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .pool = &ORD_POOL_OPTIONS(.start = start),
			.on_message = start == ORD_START_EXEC ? count_messages : NULL, .on_message_user = &messages));
		ADD(graph, .name = "speaks", .function = speak, .retries = 1);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("speaks")));
		CHECK_EQ(messages, start == ORD_START_EXEC ? 6 : 0);
		shell("for n in 1 2; do grep -q '^printed by speaks$' log/latest/speaks.$n.log && "
		      "grep -q '^warning: logged$' log/latest/speaks.$n.log && grep -q '^half a line$' log/latest/speaks.$n.log && "
		      "test $(wc -l <log/latest/speaks.$n.log) = 3 || exit 1; done");
		CHECK(strstr(ord_proc_log(graphs_proc(graph, "speaks")), "/speaks.2.log") != NULL);
		ord_graph_destroy(&graph);
		leave_directory(directory);
	}
}

/* Whole, whatever bytes they are, and how many at once. */
SCENE(logs, many_at_once)
{
	static char text[TEXT_MOST];
	char directory[100], name[20];
	struct ord_graph *graph;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .parallel = AT_ONCE));
	ADD(graph, .name = "large::[n]", .command = ORD_NAMES("sh", "-c", "head -c 1048576 /dev/zero | tr '\\000' \"$1\"", "sh", "\\[n]"),
		.choices = ORD_CHOICES(&ORD_CHOICE(.arg = "n", .values = ORD_NAMES("000", "001", "002", "200", "300", "301", "302", "377"))));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("large::*")));
	for (const char *const *n = ORD_NAMES("000", "001", "002", "200", "300", "301", "302", "377"); *n != NULL; n++) {
		snprintf(name, sizeof name, "large::%s", *n);
		CHECK_EQ(read_log(graph, name, text, sizeof text), LARGE);
		for (int i = 0; i < LARGE; i++)
			if ((unsigned char)text[i] != strtoul(*n, NULL, 8))
				CHECK_EQ(i, LARGE);
	}
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

/* Who is left behind by a command that said nothing writes into that command's log, not into another's. */
SCENE(logs, of_who_is_left_behind)
{
	char directory[100];
	struct ord_graph *graph;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .parallel = 1));
	ADD(graph, .name = "leaves", .shell = "(while ! test -e speak; do sleep 0.01; done; echo late) &");
	ADD(graph, .name = "silent::[n]", .command = ORD_NAMES("true"), .deps = ORD_NAMES("leaves"));
	ADD(graph, .name = "next", .deps = ORD_NAMES("silent::1", "silent::2"),
		.shell = ": >speak; while ! grep -q late log/latest/leaves.1.log; do sleep 0.01; done; echo next");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("next")));
	CHECK(log_is(graph, "leaves", "late\n") && log_is(graph, "next", "next\n"));
	CHECK(ord_proc_log(graphs_proc(graph, "silent::1")) == NULL && ord_proc_log(graphs_proc(graph, "silent::2")) == NULL);
	shell("test $(ls log/latest | wc -l) = 2");
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

/* --- what of them is shown --- */

SCENE(logs, snippets)
{
	const char *script = "for i in 1 2 3 4 5 6; do echo $i; done; echo 'known error'; echo 7; echo 8; echo 9; exit $1";
	char directory[100];
	struct ord_graph *graph;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .log_tail = 2));
	ADD(graph, .name = "plain::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"));
	ADD(graph, .name = "ignored::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"),
		.log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.match = "^known"), &ORD_LOG_IGNORE(.match = "[1-6]")));
	ADD(graph, .name = "if it succeeded::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"),
		.log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.match = "^known", .when = ORD_LOG_IGNORE_SUCCEEDED)));
	ADD(graph, .name = "full::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"), .log_on_failure = ORD_LOG_FULL);
	ADD(graph, .name = "tail::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"), .log_on_failure = ORD_LOG_TAIL,
		.log_tail = 3);
	ADD(graph, .name = "graph's tail::[code]", .command = ORD_NAMES("sh", "-c", script, "sh", "[code]"),
		.log_on_failure = ORD_LOG_TAIL);
	for (const char *const *name = ORD_NAMES("plain", "ignored", "if it succeeded", "full", "tail", "graph's tail"); *name != NULL; name++) {
		char full[100];

		snprintf(full, sizeof full, "%s::0", *name);
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES(full)));
		snprintf(full, sizeof full, "%s::1", *name);
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES(full)), ORD_EFAILED, full);
	}
	CHECK(snippet_is(graph, "plain::0", "5\n6\nknown error\n7\n8\n"));
	CHECK(snippet_is(graph, "plain::1", "5\n6\nknown error\n7\n8\n"));
	CHECK(snippet_is(graph, "ignored::0", ""));
	CHECK(snippet_is(graph, "ignored::1", "7\n8\n9\n"));
	CHECK(snippet_is(graph, "if it succeeded::0", ""));
	CHECK(snippet_is(graph, "if it succeeded::1", "5\n6\nknown error\n7\n8\n"));
	CHECK(snippet_is(graph, "full::0", "5\n6\nknown error\n7\n8\n"));
	CHECK(snippet_is(graph, "full::1", "1\n2\n3\n4\n5\n6\nknown error\n7\n8\n9\n"));
	CHECK(snippet_is(graph, "tail::1", "7\n8\n9\n"));
	CHECK(snippet_is(graph, "graph's tail::1", "8\n9\n"));
	CHECK_EQ(ord_proc_snippet(NULL, append, NULL), ORD_EINVAL);
	CHECK_EQ(ord_proc_snippet(graphs_proc(graph, "tail::1"), NULL, NULL), ORD_EINVAL);
	CHECK(unlink(ord_proc_log(graphs_proc(graph, "tail::1"))) == 0);
	GRAPH_SAYS(graph, ord_proc_snippet(graphs_proc(graph, "tail::1"), append, NULL), ORD_ESYSTEM, "cannot read the log");
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

#define REFUSED(word, ...) \
	GRAPH_SAYS(graph, ord_graph_add(graph, &ORD_PROC(.name = "a", __VA_ARGS__)), ORD_EINVAL, (word))

SCENE(logs, what_is_refused)
{
	struct ord_graph *graph = graphs_new(NULL);

	REFUSED("at byte", .shell = "x", .log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.match = "a(")));
	REFUSED("log_ignore", .shell = "x", .log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.when = 1)));
	REFUSED("log_ignore", .shell = "x", .log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.match = "a", .when = 2)));
	REFUSED("log_ignore", .shell = "x", .log_ignore = ORD_LOG_IGNORES(&ORD_LOG_IGNORE(.match = "a", .reserved = 1)));
	REFUSED("size", .shell = "x", .log_ignore = ORD_LOG_IGNORES(&(struct ord_log_ignore){ .match = "a" }));
	REFUSED("log_on_failure", .shell = "x", .log_on_failure = ORD_LOG_TAIL + 1);
	REFUSED("log_tail", .shell = "x", .log_tail = 100001);
	REFUSED("stop_signal 65", .shell = "x", .stop_signal = 65);
	REFUSED("terminal", .shell = "x", .terminal = 2);
	REFUSED("terminal", .shell = "x", .terminal = 1, .stdout_result = 1);
	REFUSED("terminal", .function = be_silent, .terminal = 1);
	ord_graph_destroy(&graph);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.log_on_failure = ORD_LOG_TAIL + 1)), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.log_tail = 100001)), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.log_empty = 2)), ORD_EINVAL);
}

SCENE(logs, as_a_file_says)
{
	char directory[100];
	struct ord_graph *graph;

	enter_directory(directory);
	shell("printf 'options: {log_on_failure: tail:2}\nprocs:\n"
	      "  graphs: {run: \"for i in 1 2 3; do echo $i; done; exit 1\"}\n"
	      "  own: {run: \"for i in 1 2 3; do echo $i; done; exit 1\", log_on_failure: full}\n"
	      "  snippet: {run: \"for i in 1 2 error 3 4 5; do echo $i; done; exit 1\", log_on_failure: snippet}\n"
	      "  ignores: {run: \"echo 1; echo known error; exit 1\", log_ignore: [known, {match: 1, when: succeeded}]}\n' >orderly.yaml");
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log"));
	GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("graphs", "own", "snippet", "ignores")), ORD_EFAILED, "exit");
	CHECK(snippet_is(graph, "graphs", "2\n3\n"));
	CHECK(snippet_is(graph, "own", "1\n2\n3\n"));
	CHECK(snippet_is(graph, "snippet", "1\n2\nerror\n3\n4\n"));
	CHECK(snippet_is(graph, "ignores", "1\n"));
	ord_graph_destroy(&graph);
	for (int seconds = 1; access("ready", F_OK) != 0; seconds *= 10) {
		char line[300];

		CHECK(seconds < SCENE_LONG_MS / 1000);
		snprintf(line, sizeof line,
			"echo 'procs: {a: {timeout: %ds, stop: USR1, run: \"trap \\\"echo usr1; exit 1\\\" USR1; : >ready; "
			"while :; do sleep 0.01; done\"}}' >orderly.yaml",
			seconds);
		shell(line);
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log"));
		GRAPH_OK(graph, ord_graph_load(graph, "orderly.yaml"));
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("a")), ORD_EFAILED, "a did not end well");
		CHECK(access("ready", F_OK) != 0 || snippet_holds(graph, "a", "usr1\n"));
		ord_graph_destroy(&graph);
	}
	graph = graphs_new(NULL);
	shell("echo 'procs: {a: {run: x, log_ignore: [\"a(\"]}}' >orderly.yaml");
	GRAPH_SAYS(graph, ord_graph_load(graph, "orderly.yaml"), ORD_EINVAL, "at byte 2");
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

/* --- how long they stay --- */

static void
run_once(const char *name, uint32_t runs)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .log_runs = runs));

	ADD(graph, .name = name, .shell = "echo [ -d x ]");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES(name)));
	CHECK(log_is(graph, name, "[ -d x ]\n"));
	ord_graph_destroy(&graph);
}

SCENE(logs, are_pruned)
{
	struct ord_graph *lives;
	char directory[100];

	enter_directory(directory);
	lives = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .log_runs = 1, .log_empty = 1));
	ADD(lives, .name = "first", .command = ORD_NAMES("true"));
	ADD(lives, .name = "second", .shell = "echo second");
	GRAPH_OK(lives, ord_graph_run(lives, ORD_NAMES("first")));
	CHECK(ord_proc_log(graphs_proc(lives, "first")) != NULL);
	for (int i = 0; i < 4; i++)
		run_once("short", 2);
	shell("test $(ls -d log/2* | wc -l) = 3 && test -e log/latest/short.1.log");
	GRAPH_OK(lives, ord_graph_run(lives, ORD_NAMES("second")));
	CHECK(log_is(lives, "first", "") && log_is(lives, "second", "second\n"));
	ord_graph_destroy(&lives);
	for (int i = 0; i < 12; i++)
		run_once("short", 0);
	shell("test $(ls -d log/2* | wc -l) = 10");
	run_once("short", 1);
	shell("test $(ls -d log/2* | wc -l) = 1 && test $(ls -A log | wc -l) = 2");
	leave_directory(directory);
}

/* Each has its own, and takes nothing from the other. */
static void
run_again_and_again(void)
{
	for (int i = 0; i < RUNNERS_ROUNDS; i++) {
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .log_runs = 1));

		ADD(graph, .name = "step::[n]", .shell = "echo [n]");
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("step::1")));
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("step::2")));
		CHECK(log_is(graph, "step::1", "1\n") && log_is(graph, "step::2", "2\n"));
		CHECK(strcmp(ord_graph_warning(graph), "") == 0);
		ord_graph_destroy(&graph);
	}
}

SCENE(logs, of_several_runners)
{
	char directory[100];
	pid_t pids[3];

	enter_directory(directory);
	for (int i = 0; i < 3; i++)
		pids[i] = scene_start(run_again_and_again);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(scene_await(pids[i]), 0);
	run_once("last", 1);
	shell("test $(ls -d log/2* | wc -l) = 1 && test $(ls -A log | wc -l) = 2");
	leave_directory(directory);
}

/* --- where they cannot be --- */

SCENE(logs, without_a_directory)
{
	char directory[100];
	unsigned messages = 0;
	struct ord_graph *graph;

	enter_directory(directory);
	shell("echo >file");
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "file/log", .on_message = count_messages, .on_message_user = &messages));
	ADD(graph, .name = "command", .shell = "echo a; echo b");
	ADD(graph, .name = "function", .function = speak, .retries = 1);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("command", "function")));
	CHECK_EQ(messages, 2 + 6);
	CHECK(ord_proc_log(graphs_proc(graph, "command")) == NULL && ord_proc_log(graphs_proc(graph, "function")) == NULL);
	CHECK(strstr(ord_graph_warning(graph), "file/log") != NULL && strchr(ord_graph_warning(graph), '\n') == NULL);
	CHECK(snippet_is(graph, "command", ""));
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

SCENE(logs, whose_directory_vanishes)
{
	char directory[100];
	unsigned messages = 0;
	struct ord_graph *graph;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .on_message = count_messages, .on_message_user = &messages));
	ADD(graph, .name = "before", .shell = "echo before; rm -r log");
	ADD(graph, .name = "after", .shell = "echo after", .deps = ORD_NAMES("before"));
	ADD(graph, .name = "function", .function = speak, .retries = 1, .deps = ORD_NAMES("before"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("after", "function")));
	CHECK_EQ(messages, 1 + 6);
	CHECK(ord_proc_log(graphs_proc(graph, "after")) == NULL);
	CHECK(strstr(ord_graph_warning(graph), "cannot make the log log/2") != NULL);
	CHECK(strchr(ord_graph_warning(graph), '\n') == NULL);
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

static int
speak_long(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	for (int i = 0; i < 100; i++)
		printf("%0100d\n", i);
	return 0;
}

/* As on a full disk; and the host is not ended by a signal. */
SCENE(logs, that_may_not_be_long)
{
	char directory[100];
	unsigned messages = 0;
	struct ord_graph *graph;
	struct stat status;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .on_message = count_messages, .on_message_user = &messages));
	ADD(graph, .name = "before", .function = be_silent);
	ADD(graph, .name = "long", .function = speak_long);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("before")));
	scene_limit(RLIMIT_FSIZE, 5000);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("long")));
	CHECK_EQ(messages, 100);
	CHECK(strstr(ord_graph_warning(graph), "/long.1.log") != NULL && strchr(ord_graph_warning(graph), '\n') == NULL);
	CHECK(stat(ord_proc_log(graphs_proc(graph, "long")), &status) == 0);
	CHECK(status.st_size > 4000 && status.st_size <= 5000);
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

/* --- ends: what parproc got wrong --- */

/* Its time is up and it does not hear SIGTERM: its lock is free when it is dead, and nobody else notices. */
SCENE(logs, a_lock_is_kept_until_the_end)
{
	char directory[100];
	struct ord_graph *graph;

	enter_directory(directory);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .parallel = 3));
	ADD(graph, .name = "stubborn", .locks = ORD_NAMES("l"), .timeout_ms = 500, .grace_ms = 500, .expected_ms = 1000,
		.shell = "trap '' TERM; sleep 1000 & echo $$ $! >pids.part; mv pids.part pids; while :; do wait; sleep 1000; done");
	ADD(graph, .name = "next", .locks = ORD_NAMES("l"),
		.shell = "for pid in $(cat pids); do kill -0 $pid 2>/dev/null && grep -v ') Z' /proc/$pid/stat && exit 1; done; test -e pids");
	ADD(graph, .name = "sibling", .shell = "echo began; while ! test -e over; do sleep 0.01; done");
	ADD(graph, .name = "over", .deps = ORD_NAMES("next"), .shell = ": >over");
	GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("stubborn", "next", "sibling", "over")), ORD_EFAILED, "stubborn");
	CHECK_EQ(CAUSE_OF(graph, "stubborn"), ORD_CAUSE_TIMED_OUT);
	CHECK_EQ(STATE_OF(graph, "next"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "sibling"), ORD_PROC_SUCCEEDED);
	CHECK(log_is(graph, "sibling", "began\n"));
	ord_graph_destroy(&graph);
	leave_directory(directory);
}

SCENE(logs, stop_signal)
{
	char directory[100];
	struct ord_graph *graph;

	enter_directory(directory);
	for (uint32_t ms = 100; access("ready", F_OK) != 0; ms *= 10) {
		CHECK(ms < SCENE_LONG_MS);
		graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log"));
		ADD(graph, .name = "waits", .timeout_ms = ms, .stop_signal = SIGUSR1, .grace_ms = SCENE_LONG_MS,
			.shell = "trap 'echo usr1; exit 3' USR1; : >ready; while :; do sleep 0.01; done");
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES("waits")), ORD_EFAILED, "waits");
		CHECK_EQ(CAUSE_OF(graph, "waits"), ORD_CAUSE_TIMED_OUT);
		if (access("ready", F_OK) == 0)
			shell("grep -q usr1 log/latest/waits.1.log");
		ord_graph_destroy(&graph);
	}
	leave_directory(directory);
}

/* One at a time, with the host's standard input, and no word that there is no terminal. */
SCENE(logs, the_terminal)
{
	char directory[100];
	struct ord_graph *graph;
	int input;

	enter_directory(directory);
	shell("printf 'one\ntwo\nthree\n' >lines");
	input = open("lines", O_RDONLY);
	CHECK(input >= 0 && dup2(input, 0) == 0);
	close(input);
	CHECK(setenv("TERM", "mine", 1) == 0);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.log_directory = "log", .parallel = 3));
	ADD(graph, .name = "reads::[n]", .terminal = 1,
		.shell = "mkdir alone || exit 1; read line; echo $line >>read; test \"$TERM$NO_COLOR\" = mine || exit 2; sleep 0.05; rmdir alone");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("reads::1", "reads::2", "reads::3")));
	CHECK(ord_proc_log(graphs_proc(graph, "reads::1")) == NULL);
	shell("test -s read");
	ord_graph_destroy(&graph);
	leave_directory(directory);
}
