/*
 * Tokens shared with make and with other graphs: what runs at once is never more than there are, all of them are
 * used, and all of them go back. Commands write a line when they begin and one when they end, in the order of time.
 */
#define _GNU_SOURCE
#include "graphs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph/graph.h"

/* Begins, gives others time to begin beside it, and ends. */
#define SPAN "echo + >>spans; sleep 0.02; echo - >>spans"
/* Ends only when so many have begun. */
#define MEET(n) "echo + >>spans; until [ `grep -c + spans` -ge " #n " ]; do sleep 0.01; done; echo - >>spans"

/* --- a place for the lines --- */

static char place[64];

static void
enter_place(void)
{
	snprintf(place, sizeof place, "/tmp/ord-tokens-XXXXXX");
	CHECK(mkdtemp(place) != NULL);
	CHECK(chdir(place) == 0);
}

static void
leave_place(void)
{
	char command[100];

	CHECK(chdir("/") == 0);
	snprintf(command, sizeof command, "rm -rf %s", place);
	CHECK(system(command) == 0);
}

/* How many began, and how many ran at once. */
static int
read_spans(int *most)
{
	FILE *file = fopen("spans", "re");
	int running = 0, began = 0;
	char line[16];

	*most = 0;
	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		running += *line == '+' ? 1 : -1;
		began += *line == '+';
		*most = running > *most ? running : *most;
	}
	if (file != NULL)
		fclose(file);
	CHECK_EQ(running, 0);
	return began;
}

static void
check_spans(int began, int at_most)
{
	int most;

	CHECK_EQ(read_spans(&most), began);
	CHECK(most <= at_most);
	unlink("spans");
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	CHECK(file != NULL && fputs(text, file) >= 0);
	CHECK(fclose(file) == 0);
}

/* --- tokens that are offered --- */

/* A pipe with these tokens in $MAKEFLAGS; its read end, by which the rest is seen. */
static int
offer(const char *tokens, int ends[2])
{
	char flags[80];

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	CHECK(write(ends[1], tokens, strlen(tokens)) == (ssize_t)strlen(tokens));
	snprintf(flags, sizeof flags, " -j8 --jobserver-auth=%d,%d", ends[0], ends[1]);
	setenv("MAKEFLAGS", flags, 1);
	return ends[0];
}

static void
check_tokens(int ends[2], const char *tokens)
{
	char left[16] = "";
	int bytes = -1;

	CHECK(ioctl(ends[0], FIONREAD, &bytes) == 0);
	CHECK_EQ(bytes, strlen(tokens));
	CHECK(bytes == 0 || read(ends[0], left, sizeof left - 1) == bytes);
	for (; *tokens != '\0'; tokens++)
		CHECK(strchr(left, *tokens) != NULL);
	close(ends[0]);
	close(ends[1]);
}

static int
count_tokens(int fd)
{
	int bytes = -1;

	CHECK(ioctl(fd, FIONREAD, &bytes) == 0);
	return bytes;
}

static struct ord_graph *
client(void)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT));

	ADD(graph, .name = "span::[x]", .shell = SPAN);
	ADD(graph, .name = "two::[x]", .shell = MEET(2));
	ADD(graph, .name = "four::[x]", .shell = MEET(4));
	return graph;
}

static void
start_some(struct ord_graph *graph, const char *of, int n)
{
	char name[32];

	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof name, "%s::%d", of, i);
		GRAPH_OK(graph, ord_graph_start(graph, name));
	}
}

/* Each has a slot of its own, and two tokens are for both. */
static void
move_both(struct ord_graph *graphs[2])
{
	uint64_t end = scene_now_ms() + SCENE_LONG_MS;

	while (graphs[0]->schedule.unfinished + graphs[1]->schedule.unfinished != 0 && scene_now_ms() < end)
		for (int i = 0; i < 2; i++)
			GRAPH_OK(graphs[i], ord_graph_step(graphs[i], 2));
	for (int i = 0; i < 2; i++)
		GRAPH_OK(graphs[i], ord_graph_wait_all(graphs[i]));
}

SCENE(tokens, of_two_graphs)
{
	int ends[2], fd = offer("ab", ends);
	struct ord_graph *graphs[2] = { client(), client() };

	enter_place();
	for (int i = 0; i < 2; i++)
		start_some(graphs[i], "span", 12);
	move_both(graphs);
	check_spans(24, 4);
	CHECK_EQ(count_tokens(fd), 2);
	for (int i = 0; i < 2; i++)
		start_some(graphs[i], "four", 2);
	move_both(graphs);
	check_spans(4, 4);
	for (int i = 0; i < 2; i++)
		ord_graph_destroy(&graphs[i]);
	check_tokens(ends, "ab");
	leave_place();
}

/* Without a token one runs all the same, and the next as soon as there is one, though nothing else happens. */
SCENE(tokens, one_that_becomes_free_is_taken)
{
	int ends[2], fd = offer("", ends), most;
	struct ord_graph *graph = client();
	pid_t giver;

	enter_place();
	start_some(graph, "span", 3);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	check_spans(3, 1);
	start_some(graph, "two", 2);
	while (access("spans", F_OK) != 0)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	for (int i = 0; i < 5; i++)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(graph->schedule.running, 1);
	/* Most likely while the graph waits; without a wake-up it would wait for ever. */
	giver = fork();
	if (giver == 0) {
		scene_pause_ms(300);
		_exit(write(ends[1], "z", 1) != 1);
	}
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(scene_await(giver), 0);
	CHECK_EQ(read_spans(&most), 2);
	CHECK_EQ(most, 2);
	CHECK_EQ(count_tokens(fd), 1);
	ord_graph_destroy(&graph);
	check_tokens(ends, "z");
	leave_place();
}

/* --- every way to end --- */

SCENE(tokens, go_back_whatever_happens)
{
	int ends[2], fd = offer("abc", ends);
	struct ord_graph *graph = client();

	ADD(graph, .name = "killed::[x]", .shell = "sleep 0.01; kill -9 $$");
	ADD(graph, .name = "missing::[x]", .command = ORD_NAMES("/nowhere/at/all"));
	ADD(graph, .name = "late::[x]", .command = ORD_NAMES("sleep", "100"), .timeout_ms = 20, .grace_ms = 10);
	ADD(graph, .name = "empty::[x]", .command = ORD_NAMES("echo", "[param.none]"));
	ADD(graph, .name = "long::[x]", .command = ORD_NAMES("sleep", "100"));
	start_some(graph, "killed", 6);
	start_some(graph, "missing", 6);
	start_some(graph, "late", 6);
	start_some(graph, "empty", 6);
	CHECK_EQ(ord_graph_wait_all(graph), ORD_EFAILED);
	CHECK_EQ(count_tokens(fd), 3);
	start_some(graph, "long", 8);
	while (graph->schedule.running < 4)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(count_tokens(fd), 0);
	ord_graph_interrupt(graph);
	ord_graph_interrupt(graph);
	CHECK_EQ(ord_graph_wait_all(graph), ORD_EINTERRUPTED);
	CHECK_EQ(count_tokens(fd), 3);
	ord_graph_destroy(&graph);
	check_tokens(ends, "abc");
}

SCENE(tokens, go_back_when_the_graph_is_destroyed)
{
	int ends[2], fd = offer("abc", ends);
	struct ord_graph *graph = client();

	ADD(graph, .name = "long::[x]", .command = ORD_NAMES("sleep", "100"));
	start_some(graph, "long", 8);
	while (graph->schedule.running < 4)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(count_tokens(fd), 0);
	ord_graph_destroy(&graph);
	check_tokens(ends, "abc");
}

/* --- waiting --- */

static int
run_last(struct ord_task *task, void *user)
{
	(void)user;
	return ord_context_run(task, ORD_NAMES("last"));
}

/* Both wait: neither needs a token, and what they wait for has the slot of the first. */
SCENE(tokens, who_waits_gives_its_own_back)
{
	int ends[2], fd = offer("a", ends);
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT));

	enter_place();
	ADD(graph, .name = "waits::[x]", .function = run_last);
	ADD(graph, .name = "last", .shell = "until [ -e go ]; do sleep 0.01; done");
	start_some(graph, "waits", 2);
	while (graph->schedule.waiting < 2)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(graph->schedule.running, 1);
	CHECK_EQ(count_tokens(fd), 1);
	write_file("go", "");
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	ord_graph_destroy(&graph);
	check_tokens(ends, "a");
	leave_place();
}

/* --- what is offered is not used --- */

SCENE(tokens, a_number_of_our_own_wins)
{
	int ends[2];
	struct ord_graph *graph;

	offer("", ends);
	enter_place();
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT, .parallel = 2));
	ADD(graph, .name = "two::[x]", .shell = MEET(2));
	start_some(graph, "two", 2);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	ord_graph_destroy(&graph);
	check_tokens(ends, "");
	leave_place();
}

SCENE(tokens, what_cannot_be_used_is_a_warning)
{
	struct ord_graph *graph;

	setenv("MAKEFLAGS", " -j8 --jobserver-auth=700,701", 1);
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT));
	ADD(graph, .name = "a", .command = ORD_NAMES("true"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("a")));
	CHECK(strstr(ord_graph_warning(graph), "'700,701' of $MAKEFLAGS") != NULL);
	ord_graph_destroy(&graph);
	CHECK(strcmp(ord_graph_warning(NULL), "") == 0);
	CHECK_EQ(ord_graph_new(&graph, &ORD_GRAPH_OPTIONS(.jobserver = 5)), ORD_EINVAL);
}

/* --- make --- */

/* A graph as a line of a makefile. */
static void
part_of_make(void)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT));

	ADD(graph, .name = "span::[x]", .shell = SPAN);
	ADD(graph, .name = "three::[x]", .shell = MEET(3));
	start_some(graph, getenv("WHAT"), getenv("WHAT")[0] == 's' ? 8 : 3);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK(strcmp(ord_graph_warning(graph), "") == 0);
	ord_graph_destroy(&graph);
}

SCENE(tokens, of_make)
{
	char line[700], text[4000];

	enter_place();
	unsetenv("MAKEFLAGS");
	scene_line(part_of_make, line, sizeof line);
	snprintf(text, sizeof text,
		"all: one two c1 c2 c3 c4 c5 c6\n"
		"one two:\n\t+@WHAT=span %s\n"
		"c1 c2 c3 c4 c5 c6:\n\t@" SPAN "\n"
		"meet:\n\t+@WHAT=three %s\n"
		"cut:\n\t@WHAT=span %s 2>/dev/null && echo used; true\n",
		line, line, line);
	write_file("Makefile", text);
	CHECK_EQ(system("make -s -j3 all"), 0);
	check_spans(22, 3);
	CHECK_EQ(system("make -s -j3 meet"), 0);
	check_spans(3, 3);
	/* Without the `+` make passes no descriptors on: a warning, which the part takes for a fault. */
	CHECK_EQ(system("test -z \"`make -s -j3 cut`\""), 0);
	leave_place();
}

/* Makes below a graph take its tokens. */
static void
makes_below(struct ord_graph *graph)
{
	ADD(graph, .name = "make::[x]", .command = ORD_NAMES("make", "-s", "[x]"));
	ADD(graph, .name = "span::[x]", .shell = SPAN);
	GRAPH_OK(graph, ord_graph_start(graph, "make::one"));
	GRAPH_OK(graph, ord_graph_start(graph, "make::two"));
	start_some(graph, "span", 6);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	check_spans(18, 3);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("make::meet")));
	check_spans(3, 3);
}

SCENE(tokens, for_make)
{
	enter_place();
	unsetenv("MAKEFLAGS");
	write_file("Makefile",
		"one: a1 a2 a3 a4 a5 a6\ntwo: b1 b2 b3 b4 b5 b6\nmeet: m1 m2 m3\n"
		"a1 a2 a3 a4 a5 a6 b1 b2 b3 b4 b5 b6:\n\t@" SPAN "\n"
		"m1 m2 m3:\n\t@" MEET(3) "\n");
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_PIPE,
			.parallel = 3, .pool = &ORD_POOL_OPTIONS(.start = start)));

		makes_below(graph);
		ord_graph_destroy(&graph);
	}
	leave_place();
}

/* A client's commands have the client's tokens, under the numbers that they are told. */
SCENE(tokens, for_make_below_make)
{
	int ends[2];
	struct ord_graph *graph;

	offer("++", ends); /* make knows no other */
	enter_place();
	write_file("Makefile", "meet: m1 m2 m3\nm1 m2 m3:\n\t@" MEET(3) "\n");
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_CLIENT));
	ADD(graph, .name = "make::[x]", .command = ORD_NAMES("make", "-s", "[x]"));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("make::meet")));
	check_spans(3, 3);
	ord_graph_destroy(&graph);
	check_tokens(ends, "++");
	leave_place();
}

/* --- a FIFO of our own --- */

static int
count_here(void)
{
	return (int)scene_count_endpoints();
}

SCENE(tokens, by_a_fifo_of_our_own)
{
	struct ord_graph *graph, *below;
	const char *flags;

	enter_place();
	unsetenv("MAKEFLAGS");
	graph = graphs_new(&ORD_GRAPH_OPTIONS(.jobserver = ORD_JOBSERVER_AUTO, .parallel = 4));
	ADD(graph, .name = "say", .command = ORD_NAMES("printenv", "MAKEFLAGS"), .stdout_result = 1);
	ADD(graph, .name = "span::[x]", .shell = SPAN);
	ADD(graph, .name = "four::[x]", .shell = MEET(4));
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("say")));
	flags = graphs_output(graph, "say");
	CHECK(strncmp(flags, " -j4 --jobserver-auth=fifo:/", 28) == 0);
	start_some(graph, "span", 12);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	check_spans(12, 4);
	start_some(graph, "four", 4);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	check_spans(4, 4);
	/* Another graph, as if it were one of its commands. */
	setenv("MAKEFLAGS", strtok((char *)(uintptr_t)flags, "\n"), 1);
	below = client();
	start_some(below, "four", 4);
	GRAPH_OK(below, ord_graph_wait_all(below));
	ord_graph_destroy(&below);
	check_spans(4, 4);
	ord_graph_destroy(&graph);
	CHECK_EQ(count_here(), 0);
	leave_place();
}

/* --- load --- */

SCENE(tokens, a_busy_machine)
{
	struct ord_graph *graph = graphs_new(&ORD_GRAPH_OPTIONS(.max_load = 400, .parallel = 2));
	int most;

	enter_place();
	CHECK(mkdir("proc", 0700) == 0);
	write_file("proc/loadavg", "4.00 1.00 1.00 1/100 1\n");
	graph->gate.root = place;
	ADD(graph, .name = "span::[x]", .shell = SPAN);
	ADD(graph, .name = "two::[x]", .shell = MEET(2));
	start_some(graph, "span", 4);
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	check_spans(4, 1);
	start_some(graph, "two", 2);
	while (access("spans", F_OK) != 0)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK_EQ(graph->schedule.running, 1);
	write_file("proc/loadavg", "3.99 1.00 1.00 1/100 1\n");
	GRAPH_OK(graph, ord_graph_wait_all(graph));
	CHECK_EQ(read_spans(&most), 2);
	ord_graph_destroy(&graph);
	leave_place();
}
