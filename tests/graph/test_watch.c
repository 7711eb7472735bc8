/* Graphs that are watched: what changes on disk runs again, and nothing else does. Each scene has a directory of its own. */
#include "watched.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* a reads in/, b what a makes; c is another's. */
static void
add_chain(struct ord_graph *graph)
{
	run("mkdir in && echo 1 >in/x.txt");
	ADD(graph, .name = "a", .shell = "find in -name '*.txt' -exec grep -h -v '#' {} + | sort >a.out", .inputs = ORD_NAMES("in/**/*.txt"),
				.outputs = ORD_NAMES("a.out"));
	ADD(graph, .name = "b", .shell = "cat a.out >b.out; echo >>b.log", .inputs = ORD_NAMES("a.out"),
				.outputs = ORD_NAMES("b.out"), .deps = ORD_NAMES("a"));
	ADD(graph, .name = "idle", .shell = "echo >>idle.log", .inputs = ORD_NAMES("in/*.txt"));
	ADD(graph, .name = "other", .shell = "echo >>other.log", .inputs = ORD_NAMES("other/*.txt"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("b", "other"));
}

/* --- scenes --- */

static void
play_changes(const char *database, uint64_t poll_ms)
{
	struct ord_graph *graph = new_graph(database, poll_ms);
	static const char *const changes[] = { "echo 2 >in/x.txt", "echo 3 >in/new.txt", "mkdir -p in/d/e && echo 4 >in/d/e/y.txt",
		"echo 5 >in/.swap && mv in/.swap in/x.txt", "rm in/new.txt", "mv in/d moved" };

	add_chain(graph);
	begin(graph, "all");
	CHECK(ord_graph_watched(graph) != 0);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		change(graph, changes[i]);
		CHECK_EQ(count("s:a "), 1);
		CHECK_EQ(count("s:b "), 1);
		CHECK_EQ(count("e:all "), 1);
		CHECK_EQ(count("other"), 0);
		CHECK(strstr(told.text, "e:a ") < strstr(told.text, "s:b "));
		CHECK_EQ(lines("b.log"), i + 2);
		CHECK_EQ(ord_graph_generation(graph), i + 2);
		expect_nothing(graph);
	}
	CHECK_EQ(lines("idle.log"), 0);
	CHECK_EQ(lines("other.log"), 1);
	leave(graph);
}

SCENE(watch, changes_run_what_reads_them)
{
	play_changes(NULL, 0);
}

SCENE(watch, changes_with_a_database)
{
	play_changes("db", 0);
}

SCENE(watch, changes_that_are_polled)
{
	play_changes(NULL, 20);
}

/* What is not read: other files, times of directories, the graph's own files, outputs while they are written. */
static void
play_nothing(uint64_t poll_ms)
{
	struct ord_graph *graph = new_graph("in/tasks.db", poll_ms);

	run("mkdir in && echo 1 >in/x.txt");
	ADD(graph, .name = "a", .shell = "echo >>a.log; mkdir -p in/out/d; echo a >in/out/d/a; echo b >in/made; sleep 0.1; echo b >in/made",
				.inputs = ORD_NAMES("in/**"), .outputs = ORD_NAMES("in/out/**", "in/made"),
				.inputs_ignore = ORD_NAMES("**/*.o"));
	ADD(graph, .name = "b", .shell = "cat in/made >b.out; echo >>b.log", .inputs = ORD_NAMES("in/made"), .deps = ORD_NAMES("a"));
	begin(graph, "b");
	CHECK_EQ(lines("a.log"), 1);
	CHECK_EQ(lines("b.log"), 1);
	run("touch in; chmod 700 in; echo 1 >in/x.o; mkdir in/empty; rmdir in/empty; cat in/x.txt >/dev/null; echo 1 >else");
	expect_nothing(graph);
	change(graph, "echo 2 >in/x.txt");
	CHECK_EQ(lines("a.log"), 2);
	CHECK_EQ(lines("b.log"), 1); /* the same was made again */
	CHECK_EQ(count(":b "), 0);
	expect_nothing(graph);
	leave(graph);
}

SCENE(watch, nothing_else_does)
{
	play_nothing(0);
}

SCENE(watch, nothing_else_does_that_is_polled)
{
	play_nothing(20);
}

/* Two that read the same files are both told of what a link among them leads to. */
SCENE(watch, links_that_two_read)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	run("mkdir in shared && echo 1 >shared/x.txt && ln -s ../shared/x.txt in/x.txt");
	ADD(graph, .name = "one", .shell = "cat in/x.txt >one.out", .inputs = ORD_NAMES("in/*.txt"));
	ADD(graph, .name = "two", .shell = "cat in/x.txt >two.out", .inputs = ORD_NAMES("in/*.txt"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("one", "two"));
	begin(graph, "all");
	for (int i = 0; i < 2; i++) {
		change(graph, "echo 2 >>shared/x.txt");
		CHECK_EQ(count("s:one "), 1);
		CHECK_EQ(count("s:two "), 1);
		CHECK_EQ(lines("one.out"), i + 2);
		CHECK_EQ(lines("two.out"), i + 2);
	}
	leave(graph);
}

SCENE(watch, a_burst_is_one_generation)
{
	struct ord_graph *graph = new_graph(NULL, 0);
	int ends;

	add_chain(graph);
	begin(graph, "all");
	forget();
	ends = told.ends;
	for (int i = 0; i < 1000; i++) {
		char path[40];

		snprintf(path, sizeof path, "in/%d.txt", i);
		put(path, "%d\n", i);
	}
	until_watching(graph, ends + 1);
	CHECK_EQ(count("C "), 1);
	CHECK_EQ(count("s:a "), 1);
	CHECK_EQ(count("s:b "), 1);
	CHECK_EQ(lines("a.out"), 1001);
	leave(graph);
}

/* Changes that never cease are acted upon all the same: this scene writes until it has seen three generations. */
SCENE(watch, changes_without_an_end)
{
	struct ord_graph *graph;
	uint64_t deadline = scene_now_ms() + SCENE_LONG_MS;

	enter();
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.on_event = hear, .debounce_ms = 60000, .debounce_max_ms = 100));
	run("mkdir in && echo 1 >in/x.txt");
	ADD(graph, .name = "a", .shell = "true", .inputs = ORD_NAMES("in/*"));
	GRAPH_OK(graph, ord_graph_start(graph, "a"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	for (int i = 0; told.ends < 4; i++) {
		put("in/x.txt", "%d\n", i);
		GRAPH_OK(graph, ord_graph_step(graph, 5));
		CHECK(scene_now_ms() < deadline);
	}
	leave(graph);
}

/* A proc that waits for a file `go`, and logs when it begins. */
#define WAITING "echo >>a.log; n=$(cat in/x.txt); while [ ! -e go ]; do sleep 0.01; done; rm -f go; echo $n >a.out"

SCENE(watch, an_edit_during_a_run_is_one_more_run)
{
	static const char *const databases[] = { NULL, "db" };

	for (size_t i = 0; i < 2; i++) {
		struct ord_graph *graph = new_graph(databases[i], 0);
		int ends;

		run("mkdir in && echo 1 >in/x.txt");
		ADD(graph, .name = "a", .shell = WAITING, .inputs = ORD_NAMES("in/*"), .outputs = ORD_NAMES("a.out"));
		ADD(graph, .name = "b", .shell = "cat a.out >>b.log", .deps = ORD_NAMES("a"));
		put("go", "");
		begin(graph, "b");
		forget();
		ends = told.ends;
		put("in/x.txt", "2\n");
		until_told(graph, "s:a ");
		for (int edit = 3; edit < 10; edit++) {
			put("in/x.txt", "%d\n", edit);
			for (int step = 0; step < 3; step++)
				GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
		}
		CHECK_EQ(count("s:a "), 1);
		put("go", "");
		until_told(graph, "a:a ");
		CHECK_EQ(count("s:b "), 0);
		put("go", "");
		until_watching(graph, ends + 1);
		CHECK_EQ(lines("a.log"), 3);
		CHECK_EQ(lines("b.log"), 2);
		CHECK_EQ(count("s:a "), 2);
		CHECK_EQ(count("s:b "), 1);
		run("[ \"$(tail -n 1 b.log)\" = 9 ]");
		expect_nothing(graph);
		leave(graph);
	}
}

/* A file that a regular expression does not match starts nothing, not even a look at the proc; a new one that it matches does. */
SCENE(watch, a_regular_expression)
{
	for (uint64_t poll_ms = 0; poll_ms <= 20; poll_ms += 20) {
		struct ord_graph *graph = new_graph("db", poll_ms);

		run("mkdir -p src/a; echo 1 >src/a/x.c");
		ADD(graph, .name = "a", .shell = "echo >>a.log",
			.special_inputs = ORD_INPUTS(&ORD_INPUT(.regex = "src/(.*/)?[a-z]+[.][ch]")));
		begin(graph, "a");
		run("echo 1 >src/a/x.o; echo 1 >x.c; mkdir src/new; echo 1 >src/new/1.c; echo 1 >src/a/.x.c.swp; rm src/new/1.c");
		expect_nothing(graph);
		change(graph, "echo 2 >src/a/x.c");
		CHECK_EQ(count("s:a "), 1);
		change(graph, "mkdir -p src/b/c && echo 1 >src/b/c/y.h");
		CHECK_EQ(count("s:a "), 1);
		change(graph, "rm src/b/c/y.h");
		CHECK_EQ(lines("a.log"), 4);
		expect_nothing(graph);
		leave(graph);
	}
}

/* Nothing new was made: nobody else runs, but what has changed itself. */
SCENE(watch, what_is_as_it_was_stops_the_wave)
{
	struct ord_graph *graph = new_graph("db", 0);

	add_chain(graph);
	begin(graph, "all");
	change(graph, "echo '# a remark' >>in/x.txt");
	CHECK_EQ(count("s:a "), 1);
	CHECK_EQ(count(":b "), 0);
	CHECK_EQ(count(":all "), 0);
	CHECK_EQ(lines("b.log"), 1);
	change(graph, "touch in/x.txt"); /* and here not even a runs */
	CHECK_EQ(count("s:"), 0);
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_UP_TO_DATE);
	change(graph, "echo 7 >>in/x.txt");
	CHECK_EQ(count("s:b "), 1);
	leave(graph);
}

/* Who reads what one makes on which it depends by others only, looks at it though these make what they did; who makes nothing new of it, not. */
SCENE(watch, what_is_made_further_up)
{
	struct ord_graph *graph = new_graph("db", 0);

	run("echo 1 >x");
	ADD(graph, .name = "lib", .shell = "echo; sleep 0.05; cat x >lib.a; echo >>lib.log", .inputs = ORD_NAMES("x"), .outputs = ORD_NAMES("lib.a"));
	ADD(graph, .name = "test", .shell = "echo fine >fine; echo >>test.log", .inputs = ORD_NAMES("lib.a"), .outputs = ORD_NAMES("fine"),
		.deps = ORD_NAMES("lib"));
	ADD(graph, .name = "pack", .shell = "cat lib.a >pack.tar; echo >>pack.log", .inputs = ORD_NAMES("lib.a"), .outputs = ORD_NAMES("pack.tar"),
		.deps = ORD_NAMES("test"));
	ADD(graph, .name = "other", .shell = "echo >>other.log", .deps = ORD_NAMES("test"), .inputs = ORD_NAMES("y"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("pack", "other"));
	begin(graph, "all");
	for (unsigned i = 2; i < 5; i++) {
		change(graph, "echo 1 >>x");
		CHECK_EQ(lines("lib.log"), i);
		CHECK_EQ(lines("test.log"), i);
		CHECK_EQ(lines("pack.log"), i);
		CHECK_EQ(lines("other.log"), 1);
		CHECK(strstr(told.text, "e:test ") < strstr(told.text, "s:pack "));
		run("cmp x pack.tar");
		expect_nothing(graph);
	}
	leave(graph);
}

SCENE(watch, no_change_stops_the_wave_without_a_database)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	put("x.txt", "new\n");
	ADD(graph, .name = "a", .shell = "grep -q new x.txt || exit 81", .no_change_exit = 81, .inputs = ORD_NAMES("x.txt"));
	ADD(graph, .name = "b", .shell = "true", .deps = ORD_NAMES("a"));
	ADD(graph, .name = "c", .shell = "true", .deps = ORD_NAMES("b"), .inputs = ORD_NAMES("c.txt"));
	begin(graph, "c");
	change(graph, "echo old >x.txt");
	CHECK_EQ(count("s:a "), 1);
	CHECK_EQ(count(":b "), 0);
	/* Who has changed itself waits for those before it, and runs. */
	change(graph, "echo old >x.txt; echo 1 >c.txt");
	CHECK_EQ(count("s:a "), 1);
	CHECK_EQ(count(":b "), 0);
	CHECK_EQ(count("s:c "), 1);
	CHECK(strstr(told.text, "e:a ") < strstr(told.text, "s:c "));
	change(graph, "echo new >x.txt");
	CHECK_EQ(count("s:"), 3);
	leave(graph);
}

SCENE(watch, a_failure_is_mended)
{
	struct ord_graph *graph = new_graph("db", 0);

	put("x.txt", "bad\n");
	ADD(graph, .name = "a", .shell = "grep -q good x.txt", .inputs = ORD_NAMES("x.txt"));
	ADD(graph, .name = "b", .shell = "true", .deps = ORD_NAMES("a"));
	begin(graph, "b");
	CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_FAILED_DEP);
	change(graph, "echo worse >x.txt");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_FAILED);
	CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_FAILED_DEP);
	change(graph, "echo good >x.txt");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_SUCCEEDED);
	CHECK(strcmp(ERROR_OF(graph, "b"), "") == 0);
	GRAPH_OK(graph, ord_graph_wait(graph, ORD_NAMES("a", "b")));
	change(graph, "echo bad >x.txt");
	CHECK_EQ(STATE_OF(graph, "b"), ORD_PROC_FAILED_DEP);
	leave(graph);
}

/* What a stop had put back is wanted with the next change. */
SCENE(watch, a_stop_lasts_until_the_next_change)
{
	struct ord_graph *graph;

	enter();
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 1, .keep_going = 1, .on_event = hear, .debounce_ms = DEBOUNCE_MS));
	put("x.txt", "bad\n");
	ADD(graph, .name = "a", .shell = "grep -q good x.txt", .inputs = ORD_NAMES("x.txt"), .expected_ms = 1000);
	ADD(graph, .name = "b", .shell = "true");
	ADD(graph, .name = "c", .shell = "true", .deps = ORD_NAMES("b"));
	ADD(graph, .name = "all", .deps = ORD_NAMES("a", "c"));
	begin(graph, "all");
	CHECK_EQ(STATE_OF(graph, "c"), ORD_PROC_IDLE);
	change(graph, "echo good >x.txt");
	CHECK_EQ(STATE_OF(graph, "a"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(STATE_OF(graph, "all"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(count("s:"), 3);
	leave(graph);
}

/* --- who is busy --- */

#define SERVER                                                                                                 \
	"trap 'sleep 0.1; echo end >>log; exit 0' TERM; trap 'echo hup >>log' HUP; echo start >>log;"          \
	" while [ ! -e stop ]; do sleep 0.01 & wait $!; done"

static void
add_server(struct ord_graph *graph, uint32_t on_busy)
{
	put("x.txt", "1\n");
	ADD(graph, .name = "build", .shell = "cat x.txt >built", .inputs = ORD_NAMES("x.txt"), .outputs = ORD_NAMES("built"));
	ADD(graph, .name = "server", .shell = SERVER, .deps = ORD_NAMES("build"), .inputs = ORD_NAMES("page.txt"),
				     .on_busy = on_busy, .grace_ms = SCENE_LONG_MS);
	GRAPH_OK(graph, ord_graph_start(graph, "server"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	until_told(graph, "s:server ");
	while (lines("log") == 0)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	forget();
}

static void
until_lines(struct ord_graph *graph, const char *path, unsigned n)
{
	uint64_t deadline = scene_now_ms() + SCENE_LONG_MS;

	while (lines(path) < n) {
		GRAPH_OK(graph, ord_graph_step(graph, 10));
		CHECK(scene_now_ms() < deadline);
	}
}

static void
end_server(struct ord_graph *graph)
{
	put("stop", "");
	until_watching(graph, told.ends + 1);
}

SCENE(watch, busy_restart_never_overlaps)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	add_server(graph, ORD_BUSY_RESTART);
	put("page.txt", "1\n");
	until_lines(graph, "log", 3);
	put("x.txt", "2\n"); /* what it needs: that runs first */
	until_lines(graph, "log", 5);
	CHECK(strstr(told.text, "e:build ") < strstr(strstr(told.text, "a:server ") + 1, "a:server "));
	put("page.txt", "2\n");
	until_lines(graph, "log", 7);
	run("[ \"$(tr '\\n' ' ' <log)\" = 'start end start end start end start ' ]");
	CHECK_EQ(STATE_OF(graph, "server"), ORD_PROC_RUNNING);
	end_server(graph);
	CHECK_EQ(STATE_OF(graph, "server"), ORD_PROC_SUCCEEDED);
	leave(graph);
}

/* What it needs was made as it was: it goes on. */
SCENE(watch, busy_restart_only_for_news)
{
	struct ord_graph *graph = new_graph("db", 0);

	add_server(graph, ORD_BUSY_RESTART);
	put("x.txt", "1\n");
	run("touch -d '2001-01-01' x.txt");
	until_told(graph, "e:build ");
	for (int i = 0; i < 8; i++)
		GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
	CHECK_EQ(lines("log"), 1);
	put("x.txt", "2\n");
	until_lines(graph, "log", 3);
	end_server(graph);
	leave(graph);
}

SCENE(watch, busy_ignore)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	add_server(graph, ORD_BUSY_IGNORE);
	put("page.txt", "1\n");
	for (int i = 0; i < 8; i++)
		GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
	put("x.txt", "2\n");
	until_told(graph, "e:build ");
	end_server(graph);
	CHECK_EQ(lines("log"), 1);
	forget();
	run("rm stop; rm log");
	put("page.txt", "2\n"); /* it is not busy any more */
	until_lines(graph, "log", 1);
	end_server(graph);
	leave(graph);
}

SCENE(watch, busy_signal)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	add_server(graph, ORD_BUSY_SIGNAL);
	put("page.txt", "1\n");
	until_lines(graph, "log", 2);
	put("page.txt", "2\n");
	until_lines(graph, "log", 3);
	run("[ \"$(tr '\\n' ' ' <log)\" = 'start hup hup ' ]");
	end_server(graph);
	CHECK_EQ(lines("log"), 3);
	CHECK_EQ(count("a:server"), 0);
	leave(graph);
}

SCENE(watch, busy_queue_of_a_server_that_ends)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	add_server(graph, 0);
	put("page.txt", "1\n");
	for (int i = 0; i < 8; i++)
		GRAPH_OK(graph, ord_graph_step(graph, DEBOUNCE_MS));
	CHECK_EQ(lines("log"), 1);
	put("stop", "");
	until_told(graph, "a:server ");
	until_watching(graph, 1);
	CHECK_EQ(lines("log"), 2);
	leave(graph);
}

/* --- calls --- */

static void
interrupt_when_watching(int kind, const struct ord_proc *proc, void *user)
{
	struct ord_graph **graph = user;

	hear(kind, proc, NULL);
	if (kind != ORD_GRAPH_EVENT_WATCHING)
		return;
	GRAPH_SAYS(*graph, ord_graph_watch(*graph, NULL), ORD_EBUSY, "callback");
	GRAPH_SAYS(*graph, ord_graph_watch_start(*graph), ORD_EBUSY, "callback");
	if (told.ends == 1)
		put("x.txt", "2\n");
	else if (told.ends == 2)
		GRAPH_OK(*graph, ord_graph_again(*graph, NULL)); /* without waiting, from a callback */
	else
		CHECK_EQ(ord_graph_interrupt(*graph), 0);
}

SCENE(watch, until_an_interrupt)
{
	struct ord_graph *graph;

	enter();
	graph = graphs_new(&ORD_GRAPH_OPTIONS(
		.on_event = interrupt_when_watching, .on_event_user = &graph, .debounce_ms = DEBOUNCE_MS));
	put("x.txt", "1\n");
	ADD(graph, .name = "a", .shell = "echo >>a.log", .inputs = ORD_NAMES("x.txt"));
	ADD(graph, .name = "b", .shell = "echo >>b.log", .deps = ORD_NAMES("a"));
	ADD(graph, .name = "flying", .shell = "sleep 0.2; echo >>flying.log");
	GRAPH_OK(graph, ord_graph_start(graph, "flying"));
	GRAPH_SAYS(graph, ord_graph_watch(graph, ORD_NAMES("none")), ORD_EINVAL, "none");
	GRAPH_SAYS(graph, ord_graph_watch(graph, ORD_NAMES("b")), ORD_EINTERRUPTED, "interrupted");
	CHECK_EQ(lines("a.log"), 3);
	CHECK_EQ(lines("b.log"), 3);
	CHECK(lines("flying.log") >= 1);
	CHECK(strstr(told.text, "e:flying ") < strstr(told.text, "W ")); /* the graph in flight comes first */
	CHECK_EQ(told.ends, 3);
	leave(graph);
}

SCENE(watch, again)
{
	struct ord_graph *graph = new_graph("db", 0);
	int ends;

	GRAPH_SAYS(graph, ord_graph_again(graph, NULL), ORD_EINVAL, "ord_graph_watch_start");
	CHECK_EQ(ord_graph_watched(graph), 0);
	CHECK_EQ(ord_graph_generation(graph), 0);
	add_chain(graph);
	begin(graph, "all");
	GRAPH_SAYS(graph, ord_graph_again(graph, ORD_NAMES("none")), ORD_EINVAL, "none");
	expect_nothing(graph);
	ends = told.ends;
	GRAPH_OK(graph, ord_graph_again(graph, ORD_NAMES("a", "idle")));
	until_watching(graph, ends + 1);
	CHECK_EQ(count("e:a "), 1);
	CHECK_EQ(count("s:"), 0); /* it is up to date */
	CHECK_EQ(count("idle"), 0);
	leave(graph);
}

SCENE(watch, what_is_wrong)
{
	struct ord_graph *graph = new_graph(NULL, 0);

	ADD(graph, .name = "loop", .shell = "true", .inputs = ORD_NAMES("a.txt", "b.txt"), .outputs = ORD_NAMES("b.txt"));
	ADD(graph, .name = "late", .shell = "true", .inputs = ORD_NAMES("a/[b"));
	ADD(graph, .name = "good", .shell = "true");
	GRAPH_OK(graph, ord_graph_start(graph, "loop"));
	GRAPH_SAYS(graph, ord_graph_watch_start(graph), ORD_EINVAL, "b.txt is both an input and an output");
	CHECK_EQ(ord_graph_watched(graph), 0);
	ord_graph_destroy(&graph);
	graph = graphs_new(NULL);
	ADD(graph, .name = "late", .shell = "true", .inputs = ORD_NAMES("a/[b"));
	ADD(graph, .name = "good", .shell = "true");
	GRAPH_OK(graph, ord_graph_start(graph, "good"));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	GRAPH_OK(graph, ord_graph_watch_start(graph));
	GRAPH_OK(graph, ord_graph_start(graph, "late")); /* it is looked at when it is about to start */
	while (STATE_OF(graph, "late") != ORD_PROC_FAILED)
		GRAPH_OK(graph, ord_graph_step(graph, 100));
	CHECK(strstr(ERROR_OF(graph, "late"), "bracket") != NULL);
	CHECK_EQ(ord_graph_new(&(struct ord_graph *){ NULL }, &ORD_GRAPH_OPTIONS(.on_busy = 5)), ORD_EINVAL);
	CHECK_EQ(ord_graph_new(&(struct ord_graph *){ NULL }, &ORD_GRAPH_OPTIONS(.busy_signal = 1000)), ORD_EINVAL);
	GRAPH_SAYS(graph, ord_graph_add(graph, &ORD_PROC(.name = "bad", .on_busy = 5)), ORD_EINVAL, "on_busy");
	GRAPH_SAYS(graph, ord_graph_add(graph, &ORD_PROC(.name = "bad", .busy_signal = 1000)), ORD_EINVAL, "busy_signal");
	CHECK_EQ(ord_graph_watch(NULL, NULL), ORD_EINVAL);
	CHECK_EQ(ord_graph_again(NULL, NULL), ORD_EINVAL);
	CHECK_EQ(ord_graph_watched(NULL), 0);
	CHECK_EQ(ord_graph_generation(NULL), 0);
	leave(graph);
}

/* A foreign loop is woken by a change, and by the end of the quiet period. */
SCENE(watch, a_foreign_loop)
{
	struct ord_graph *graph = new_graph(NULL, 0);
	struct pollfd fd = { .events = POLLIN };
	int ends;

	add_chain(graph);
	begin(graph, "all");
	fd.fd = ord_graph_fd(graph);
	CHECK(fd.fd >= 0);
	ends = told.ends;
	forget();
	put("in/x.txt", "8\n");
	while (told.ends == ends) {
		CHECK_EQ(poll(&fd, 1, SCENE_LONG_MS), 1);
		GRAPH_OK(graph, ord_graph_step(graph, 0));
	}
	CHECK_EQ(count("s:b "), 1);
	leave(graph);
}
/* What a depfile named is read, too, also when it was recorded by a graph before. */
SCENE(watch, what_a_depfile_names)
{
	struct ord_graph *graph = new_graph("db", 0);

	put("x.c", "1\n");
	put("x.h", "1\n");
	for (int i = 0; i < 2; i++) {
		if (i == 1) {
			ord_graph_destroy(&graph);
			memset(&told, 0, sizeof told);
			graph = graphs_new(&ORD_GRAPH_OPTIONS(.on_event = hear, .database = "db", .debounce_ms = DEBOUNCE_MS));
		}
		ADD(graph, .name = "cc", .shell = "cat x.c x.h >x.o; echo 'x.o: x.c x.h' >x.d", .inputs = ORD_NAMES("x.c"),
					 .outputs = ORD_NAMES("x.o"), .depfile = "x.d");
		begin(graph, "cc");
		CHECK_EQ(STATE_OF(graph, "cc"), i == 0 ? ORD_PROC_SUCCEEDED : ORD_PROC_UP_TO_DATE);
		change(graph, i == 0 ? "echo 22 >x.h" : "echo 333 >x.h");
		CHECK_EQ(count("s:cc "), 1);
	}
	leave(graph);
}
