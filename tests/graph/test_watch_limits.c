/* Graphs that are watched, at their limits: what is urgent, what gets lost, what the system does not allow; and never two at once. */
#define _GNU_SOURCE /* syscall */
#include "watched.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int watches_left = -1; /* -1: as many as the system allows */

/* In the place of the system's: a limit that a test can set. */
int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watches_left == 0) {
		errno = ENOSPC;
		return -1;
	}
	watches_left -= watches_left > 0;
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static struct ord_graph *
patient_graph(uint32_t debounce_ms)
{
	enter();
	return graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .on_event = hear, .debounce_ms = debounce_ms, .debounce_max_ms = debounce_ms));
}

/* In a quiet period that is longer than the scene may last: what a person asks for is done at once, with what has changed so far. */
SCENE(watch_limits, what_is_urgent_does_not_wait)
{
	struct ord_graph *graph = patient_graph(100 * SCENE_LONG_MS);

	put("x", "1\n");
	ADD(graph, .name = "a", .shell = "cat x >>a.log", .inputs = ORD_NAMES("x"));
	ADD(graph, .name = "b", .shell = "echo >>b.log", .inputs = ORD_NAMES("y"));
	ADD(graph, .name = "both", .deps = ORD_NAMES("a", "b"));
	GRAPH_OK(graph, ord_graph_start(graph, "both"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	until_watching(graph, 1);
	put("x", "2\n");
	for (int i = 0; i < 10; i++)
		GRAPH_OK(graph, ord_graph_step(graph, 20));
	CHECK_EQ(lines("a.log"), 1);
	GRAPH_OK(graph, ord_graph_again(graph, ORD_NAMES("b")));
	until_watching(graph, 2);
	CHECK_EQ(lines("a.log"), 2);
	CHECK_EQ(lines("b.log"), 2);
	put("x", "3\n");
	GRAPH_OK(graph, ord_graph_step(graph, 20));
	CHECK_EQ(ord_graph_interrupt(graph), 0);
	CHECK_EQ(ord_graph_step(graph, 1000), ORD_EINTERRUPTED);
	CHECK_EQ(lines("a.log"), 2);
	leave(graph);
}

SCENE(watch_limits, no_quiet_period)
{
	struct ord_graph *graph = patient_graph(ORD_NONE);

	put("x", "1\n");
	ADD(graph, .name = "a", .shell = "cat x >>a.log", .inputs = ORD_NAMES("x"));
	GRAPH_OK(graph, ord_graph_start(graph, "a"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	until_watching(graph, 1);
	for (int i = 1; i < 5; i++)
		change(graph, "echo 2 >x");
	CHECK_EQ(lines("a.log"), 5);
	leave(graph);
}

/* More events than the kernel keeps: all that are watched are looked at, those whose files have changed run, and what is new is watched. */
SCENE(watch_limits, events_that_are_lost)
{
	struct ord_graph *graph = new_graph("db", 0);
	FILE *limit = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	int most = 0, ends;

	CHECK(limit != NULL && fscanf(limit, "%d", &most) == 1);
	fclose(limit);
	if (most > 100000) {
		leave(graph);
		return;
	}
	run("mkdir -p in/a other; echo 1 >in/a/x; echo 1 >in/a/y; echo 1 >other/x; echo 1 >same");
	ADD(graph, .name = "a", .shell = "echo >>a.log", .inputs = ORD_NAMES("in/**"));
	ADD(graph, .name = "b", .shell = "cat other/x >>b.log", .inputs = ORD_NAMES("other/**"));
	ADD(graph, .name = "c", .shell = "echo >>c.log", .inputs = ORD_NAMES("same"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("a", "b", "c"));
	begin(graph, "all");
	ends = told.ends;
	forget();
	for (int i = 0; i < most + 10; i++)
		CHECK_EQ(chmod(i % 2 == 0 ? "in/a/x" : "in/a/y", 0600), 0);
	run("echo 2 >other/x; mkdir -p in/new/deep; echo 1 >in/new/deep/z"); /* nobody heard of it */
	until_watching(graph, ends + 1);
	CHECK_EQ(count("s:a "), 1);
	CHECK_EQ(count("s:b "), 1);
	CHECK_EQ(count("e:c "), 1);
	CHECK_EQ(count("s:c "), 0);
	CHECK_EQ(lines("b.log"), 2);
	expect_nothing(graph);
	change(graph, "echo 2 >in/new/deep/z");
	CHECK_EQ(count("s:"), 1);
	leave(graph);
}

static unsigned
warnings(const struct ord_graph *graph)
{
	unsigned n = 0;

	for (const char *at = ord_graph_warning(graph); (at = strstr(at, "sysctl fs.inotify.max_user_watches=")) != NULL; at++)
		n++;
	return n;
}

static void
add_trees(struct ord_graph *graph)
{
	run("mkdir -p in/a in/b other; echo 1 >in/a/x; echo 1 >other/x");
	ADD(graph, .name = "a", .shell = "echo >>a.log", .inputs = ORD_NAMES("in/**"));
	ADD(graph, .name = "b", .shell = "echo >>b.log", .inputs = ORD_NAMES("other/*"), .deps = ORD_NAMES("a"));
}

/* More directories than may be watched, from the first on or later: one warning, and on by looking from time to time. */
SCENE(watch_limits, directories_that_may_not_be_watched)
{
	static const struct {
		int at_first, later;
		const char *then;
	} cases[] = { { 0, 0, "true" }, { 2, 0, "true" }, { -1, 0, "mkdir -p in/c/d; echo 1 >in/c/d/x" },
		{ -1, 1, "mkdir -p in/c/d; echo 1 >in/c/d/x" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ord_graph *graph = new_graph(NULL, 0);

		add_trees(graph);
		watches_left = cases[i].at_first;
		begin(graph, "b");
		watches_left = cases[i].later;
		run(cases[i].then);
		for (int step = 0; step < 20; step++)
			GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
		CHECK_EQ(warnings(graph), 1);
		CHECK(strstr(ord_graph_warning(graph), "every 1000 ms") != NULL);
		until_watching(graph, told.ends);
		change(graph, "echo 22 >in/a/x");
		CHECK_EQ(count("s:a "), 1);
		change(graph, "mkdir -p in/new; echo 22 >in/new/x");
		CHECK_EQ(count("s:a "), 1);
		change(graph, "echo 22 >other/x");
		CHECK_EQ(count("s:a "), 0);
		CHECK_EQ(count("s:b "), 1);
		CHECK_EQ(warnings(graph), 1);
		watches_left = -1;
		leave(graph);
	}
}

SCENE(watch_limits, no_descriptor_for_it)
{
	struct ord_graph *graph = new_graph(NULL, 0);
	struct rlimit old, limit;
	int fds[600], n = 0;

	add_trees(graph);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("b")));
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit = (struct rlimit){ .rlim_cur = 600, .rlim_max = old.rlim_max };
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (n < 600 && (fds[n] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		n++;
	GRAPH_SAYS(graph, ord_graph_watch_start(graph), ORD_ESYSTEM, "ulimit -n");
	CHECK_EQ(ord_graph_watched(graph), 0);
	while (ord_graph_watch_start(graph) != 0)
		close(fds[--n]); /* what it cannot do without; none is left for inotify */
	while (n > 0)
		close(fds[--n]);
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	CHECK_EQ(warnings(graph), 1);
	CHECK(strstr(ord_graph_warning(graph), "no more descriptors") != NULL);
	until_watching(graph, 1);
	change(graph, "echo 22 >in/a/x");
	CHECK_EQ(count("s:a "), 1);
	leave(graph);
}

/* --- never two at once --- */

/* Two at once are told by a lock that ends with the last process that has it. */
#define ALONE "exec 9>alone; flock -n 9 || echo TWICE >>wrong; "

/* What ends only by force, with a child that does, too; beside another that has the same lock. */
SCENE(watch_limits, restarted_by_force)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	put("x", "1\n");
	put("y", "1\n");
	ADD(graph, .name = "server", .shell = ALONE "trap '' TERM; sh -c 'trap \"\" TERM; sleep 1000' & echo >>begun; wait; sleep 1000",
		.inputs = ORD_NAMES("x"), .on_busy = ORD_BUSY_RESTART, .grace_ms = 50, .locks = ORD_NAMES("one"));
	ADD(graph, .name = "other", .shell = ALONE "echo >>other.log; sleep 0.05", .inputs = ORD_NAMES("y"), .locks = ORD_NAMES("one"),
		.deps = ORD_NAMES("first"));
	ADD(graph, .name = "first", .shell = ":");
	GRAPH_OK(graph, ord_graph_start(graph, "other"));
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("other")));
	GRAPH_OK(graph, ord_graph_start(graph, "server"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	for (unsigned i = 1; i < 5; i++) {
		uint64_t deadline = scene_now_ms() + SCENE_LONG_MS;

		while (lines("begun") < i) {
			GRAPH_OK(graph, ord_graph_step(graph, 10));
			CHECK(scene_now_ms() < deadline);
		}
		put("y", "%u\n", i + 1); /* it has to wait for the lock */
		put("x", "%u\n", i + 1);
	}
	CHECK_EQ(lines("wrong"), 0);
	CHECK_EQ(ord_graph_interrupt(graph), 0);
	CHECK_EQ(ord_graph_interrupt(graph), 0);
	while (ord_graph_step(graph, 1000) != ORD_EINTERRUPTED)
		continue;
	CHECK_EQ(lines("wrong"), 0);
	leave(graph);
}

/* Waits for another while what it reads changes, and what the other reads. */
static int
wait_alone(struct ord_task *task, void *user)
{
	int fd = open("alone", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), status;

	(void)user;
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) != 0)
		put("wrong", "twice\n");
	status = ord_context_run(task, ORD_NAMES("slow"));
	close(fd);
	return status;
}

SCENE(watch_limits, one_that_waits_for_another)
{
	for (uint32_t busy = ORD_BUSY_QUEUE; busy <= ORD_BUSY_RESTART; busy++) {
		struct ord_graph *graph = new_graph(NULL, 0);

		put("x", "1\n");
		put("y", "1\n");
		ADD(graph, .name = "a", .function = wait_alone, .inputs = ORD_NAMES("x"), .on_busy = busy, .locks = ORD_NAMES("one"));
		ADD(graph, .name = "slow", .shell = "cat y >>slow.log; sleep 0.05", .inputs = ORD_NAMES("y"));
		ADD(graph, .name = "b", .shell = "echo >>b.log", .deps = ORD_NAMES("a"), .locks = ORD_NAMES("one"));
		GRAPH_OK(graph, ord_graph_start(graph, "b"));
		GRAPH_OK(graph, ord_graph_watch_start(graph));
		for (int i = 2; i < 30; i++) {
			put("x", "%d\n", i);
			if (i % 3 == 0)
				put("y", "%d\n", i);
			for (int step = 0; step < 3; step++)
				GRAPH_OK(graph, ord_graph_step(graph, i));
		}
		until_watching(graph, 1);
		change(graph, "echo last >x");
		CHECK_EQ(lines("wrong"), 0);
		CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(STATE_OF(graph, "slow"), ORD_PROC_SUCCEEDED);
		leave(graph);
	}
}

/* Editors, as they are: files that are written anew, renamed over, moved away and written. */
SCENE(watch_limits, editors)
{
	static const char *const saves[] = { "echo 2 >in/x", "sed -i s/2/3/ in/x", "cp in/x in/x~ && echo 4 >in/x",
		"mv in/x in/x~ && echo 5 >in/x", "echo 6 >'in/#x#' && mv 'in/#x#' in/x", "ln -s me@here.1:2 in/.#x && echo 7 >in/x && rm in/.#x",
		"! command -v vim >/dev/null && echo 8 >in/x || vim -es -u NONE -c 'set backup backupcopy=no' -c 'normal! Ax' -c wq in/x </dev/null",
		"! command -v vim >/dev/null && echo 9 >in/x || vim -es -u NONE -c 'set backupcopy=yes' -c 'normal! Ay' -c wq in/x </dev/null",
		"perl -pi -e 's/^/z/' in/x" };
	struct ord_graph *graph = new_graph("db", 0);

	run("mkdir in; echo 1 >in/x");
	ADD(graph, .name = "a", .shell = "cat in/x >>a.log", .inputs = ORD_NAMES("in/*"), .inputs_ignore = ORD_NAMES("**/*~", "**/#*#"));
	begin(graph, "a");
	for (size_t i = 0; i < sizeof saves / sizeof *saves; i++) {
		change(graph, saves[i]);
		CHECK_EQ(count("s:a "), 1);
		CHECK_EQ(lines("a.log"), i + 2);
		expect_nothing(graph);
	}
	leave(graph);
}

/* What was canceled, and then mended, has neither a cause nor an error any more: also who runs nothing itself. */
SCENE(watch, a_group_that_was_mended)
{
	for (int i = 0; i < 2; i++) {
		struct ord_graph *graph = new_graph(i == 0 ? NULL : "db", 0);

		put("x", "bad\n");
		ADD(graph, .name = "one", .shell = "grep good x", .inputs = ORD_NAMES("x"));
		ADD(graph, .name = "all", .deps = ORD_NAMES("one"));
		begin(graph, "all");
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_FAILED_DEP);
		CHECK_EQ(CAUSE_OF(graph, "all"), ORD_CAUSE_DEP);
		change(graph, "echo good >x");
		CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
		CHECK_EQ(CAUSE_OF(graph, "all"), ORD_CAUSE_NONE);
		CHECK_EQ(*ERROR_OF(graph, "all"), '\0');
		change(graph, "echo bad >x");
		CHECK_EQ(CAUSE_OF(graph, "all"), ORD_CAUSE_DEP);
		leave(graph);
	}
}
