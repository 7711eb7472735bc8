/* Processes of commands: how they die, what is gone with them, what cannot be started, many at once. */
#define _GNU_SOURCE /* RLIMIT_NOFILE of others */
#include "ground.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph.h"

/* The processes whose pids stand in a file are gone, or soon. */
static void
check_gone(const char *path)
{
	char text[1000], *rest = text;
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;
	int count = 0;

	snprintf(text, sizeof text, "%s", ground_read(path));
	for (char *word; (word = strtok_r(rest, " \n", &rest)) != NULL; count++)
		while (kill((pid_t)atoi(word), 0) == 0 && scene_now_ms() < end)
			scene_pause_ms(10);
	CHECK(count > 0 && scene_now_ms() < end);
}

SCENE(processes, a_command_that_gets_a_signal)
{
	static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGKILL, SIGUSR1, SIGPIPE, SIGXCPU };
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char name[40], word[20];

		snprintf(name, sizeof name, "gets::%d", numbers[i]);
		if (i == 0)
			ADD(graph, .name = "gets::[n]", .shell = "kill -[n] $$; sleep 1000");
		GRAPH_SAYS(graph, ord_graph_run(graph, ORD_NAMES(name)), ORD_EFAILED, name);
		CHECK_EQ(CAUSE_OF(graph, name), ORD_CAUSE_SIGNAL);
		CHECK_EQ(ord_proc_signal(graphs_proc(graph, name)), numbers[i]);
		CHECK_EQ(ord_proc_exit_code(graphs_proc(graph, name)), -1);
		snprintf(word, sizeof word, "SIG%s", sigabbrev_np(numbers[i]));
		CHECK(strstr(ERROR_OF(graph, name), word) != NULL);
	}
	ord_graph_destroy(&graph);
}

/* One that obeys, one that does not, one whose child does not, one whose child has left the group, each with its output held open. */
SCENE(processes, nothing_is_left_of_a_time_out)
{
	static const char *const shells[] = {
		"echo $$ >pids; exec sleep 1000",
		"trap '' TERM INT; echo $$ >pids; while :; do sleep 1000; done",
		"(trap '' TERM; while :; do sleep 1000; done) & echo $$ $! >pids; wait",
		"sh -c 'trap \"\" TERM HUP; echo $$ >>pids; while :; do sleep 1000; done' & until [ -s pids ]; do sleep 0.01; done; exit 0",
		"setsid sh -c 'trap \"\" TERM HUP; echo $$ >>pids; while :; do sleep 1000; done' & until [ -s pids ]; do sleep 0.01; done; sleep 1000",
	};

	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		for (int how = 0; how < 3; how++) {
			struct ord_graph *graph;
			int ends = i == 3; /* it has ended by itself: what it left may not hold up its end */

			ground_enter();
			graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .log_directory = how == 0 ? "log" : NULL));
			ADD(graph, .name = "late", .shell = shells[i], .timeout_ms = ends ? 60000 : 400, .grace_ms = 200,
				.stdout_result = how == 2);
			CHECK_EQ(ord_graph_run(graph, ORD_NAMES("late")), ends ? 0 : ORD_EFAILED);
			CHECK_EQ(CAUSE_OF(graph, "late"), ends ? ORD_CAUSE_NONE : ORD_CAUSE_TIMED_OUT);
			/* Who has left the group is looked for when the pool ends. */
			if (!ends && i != 4)
				check_gone("pids");
			ord_graph_destroy(&graph);
			check_gone("pids");
			ground_leave();
		}
}

SCENE(processes, that_cannot_be_started)
{
	static char huge[200000];
	static const char *args[1200];
	struct ord_graph *graph;
	static const struct {
		const char *name, *word;
	} rows[] = {
		{ "unknown", "no-such-program" },
		{ "plain", "./plain" },
		{ "directory", "directory" },
		{ "script", "./script" },
		{ "lost", "gone/away" },
		{ "file", "plain" },
		{ "word", "too long" },
		{ "words", "larger than" },
	};

	ground_enter();
	ground_write("plain", "#!/bin/sh\n");
	ground_write("script", "#!/no/such/interpreter\n");
	CHECK_EQ(chmod("script", 0755), 0);
	CHECK_EQ(mkdir("directory", 0755), 0);
	memset(huge, 'x', sizeof huge - 1);
	args[0] = "true";
	for (int i = 1; i < 1199; i++)
		args[i] = huge + sizeof huge - 20000;
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2));
	ADD(graph, .name = "unknown", .command = ORD_NAMES("no-such-program"));
	ADD(graph, .name = "plain", .command = ORD_NAMES("./plain"));
	ADD(graph, .name = "directory", .command = ORD_NAMES("./directory"));
	ADD(graph, .name = "script", .command = ORD_NAMES("./script"));
	ADD(graph, .name = "lost", .command = ORD_NAMES("true"), .cwd = "gone/away");
	ADD(graph, .name = "file", .command = ORD_NAMES("true"), .cwd = "plain");
	ADD(graph, .name = "word", .command = ORD_NAMES("true", huge));
	ADD(graph, .name = "words", .command = args);
	ADD(graph, .name = "behind", .command = ORD_NAMES("true"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_EQ(ord_graph_run(graph, ORD_NAMES(rows[i].name)), ORD_EFAILED);
		CHECK_EQ(CAUSE_OF(graph, rows[i].name), ORD_CAUSE_NOT_STARTED);
		if (strstr(ERROR_OF(graph, rows[i].name), rows[i].word) == NULL)
			fprintf(stderr, "%s: %.200s\n", rows[i].name, ERROR_OF(graph, rows[i].name));
		CHECK(strstr(ERROR_OF(graph, rows[i].name), rows[i].word) != NULL);
	}
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("behind")));
	ord_graph_destroy(&graph);
	ground_leave();
}

/* All of them run before the first may end. */
SCENE(processes, a_thousand_at_once)
{
	enum { MANY = 1024 };
	struct rlimit limit;
	struct ord_graph *graph;
	int fifo;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ground_enter();
	CHECK_EQ(mkfifo("fifo", 0600), 0);
	fifo = open("fifo", O_RDWR | O_CLOEXEC);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = MANY));
	ADD(graph, .name = "one::[n]", .command = ORD_NAMES("cat", "fifo"));
	for (int i = 0; i < MANY; i++) {
		char name[20];

		snprintf(name, sizeof name, "one::%d", i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
	}
	for (int i = 0; i < 20; i++)
		GRAPH_OK(graph, ord_graph_step(graph, 20));
	CHECK_EQ(graph->schedule.running, MANY);
	close(fifo);
	for (int rounds = 0; graph->schedule.running != 0 && rounds < 3000; rounds++) {
		/* One that opens it later needs a writer, too. */
		fifo = open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
		if (fifo >= 0)
			close(fifo);
		GRAPH_OK(graph, ord_graph_step(graph, 20));
	}
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	ord_graph_destroy(&graph);
	ground_leave();
}
