/*
 * Commands that talk to the graph that runs them: by `orderly ctx`, and by clients that do not know how to talk.
 *
 * ORDERLY_TEST_CLIENTS  how many clients talk at once, 300 by default
 */
#define _GNU_SOURCE
#include "graphs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "graph/graph.h"
#include "memory_fault.h"

#define CTX "\"$ORDERLY\" ctx "

static struct ord_graph *
open_graph(uint32_t parallel)
{
	return graphs_new(&ORD_GRAPH_OPTIONS(.parallel = parallel, .with_socket = 1));
}

static void
check_text(const char *found, const char *wanted)
{
	if (strcmp(found, wanted) != 0)
		fprintf(stderr, "--- wanted\n%s--- found\n%s---\n", wanted, found);
	CHECK(strcmp(found, wanted) == 0);
}

/* --- in scripts --- */

SCENE(socket, scripts_ask_for_all_there_is)
{
	struct ord_graph *graph = open_graph(2);

	GRAPH_OK(graph, ord_graph_set_param(graph, "a.b", "two\nlines"));
	ADD(graph, .name = "other::[n]", .shell = "printf 'of %s\\0' [n]", .stdout_result = 1);
	ADD(graph, .name = "bad", .shell = "exit 9");
	ADD(graph, .name = "ask::[x]", .stdout_result = 1, .locks = ORD_NAMES("mine"), .shell = "exec 2>&1\n"
		CTX "name\n" CTX "attempt\n" CTX "arg x\n" CTX "param a.b\n"
		CTX "create other::1\n" CTX "start other::1 other::2\n" CTX "wait -- other::1 other::2\n"
		CTX "result other::2 | tr '\\0' '\\n'\n"
		CTX "wait --lock yours; echo $?\n" CTX "wait --lock mine; echo $?\n"
		CTX "run bad; echo $?\n" CTX "result bad; echo $?\n" CTX "result none; echo $?\n"
		CTX "param none; echo $?\n" CTX "run 'other::[n]'; echo $?\n");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("ask::a b")));
	check_text(graphs_output(graph, "ask::a b"),
		"ask::a b\n0\na b\ntwo\nlines\nof 2\n0\n"
		"orderly ctx: ask::a b holds the lock 'mine' itself\n3\n"
		"orderly ctx: bad did not end well: the command exited with code 9\n1\n"
		"orderly ctx: bad has no result: the command exited with code 9\n1\n"
		"orderly ctx: none: there is no proc of this name\n3\n"
		"orderly ctx: ask::a b has no param 'none'\n3\n"
		"0\n");
	ord_graph_destroy(&graph);
}

SCENE(socket, wrong_use_says_so)
{
	struct ord_graph *graph = open_graph(2);

	ADD(graph, .name = "ask", .stdout_result = 1, .shell = "exec 2>&1\n"
		CTX "wait; echo $?\n" CTX "fly 2>&1 | head -1\n" CTX "result a b; echo $?\n"
		"(unset ORDERLY_SOCKET; " CTX "name; echo $?)\n"
		"(ORDERLY_SOCKET=; " CTX "run x; echo $?)\n"
		"(ORDERLY_SOCKET=/nowhere; " CTX "run x; echo $?)\n"
		"(ORDERLY_TOKEN=00000000.0123456789abcdef; " CTX "skip; echo $?)\n"
		"(ORDERLY_TOKEN=; " CTX "skip; echo $?)\n", .cwd = "/tmp");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("ask")));
	check_text(graphs_output(graph, "ask"),
		"orderly ctx: usage: orderly ctx wait NAME…\n2\n"
		"orderly ctx: there is no command 'fly'\n"
		"orderly ctx: usage: orderly ctx result NAME\n2\n"
		"orderly ctx: this is for commands that a graph runs: ORDERLY_SOCKET is not set; with `orderly run`, or "
		".with_socket in a program, it is\n2\n"
		"orderly ctx: this is for commands that a graph runs: ORDERLY_SOCKET is not set; with `orderly run`, or "
		".with_socket in a program, it is\n2\n"
		"orderly ctx: the graph that ran this does not listen any more at /nowhere\n4\n"
		"orderly ctx: the proc that this is asked for has ended, or will be tried again\n4\n"
		"orderly ctx: a question that makes no sense: is it of another version of orderly?\n3\n");
	ord_graph_destroy(&graph);
}

SCENE(socket, commands_skip_and_have_no_news)
{
	struct ord_graph *graph = open_graph(2);

	ADD(graph, .name = "skip", .shell = CTX "skip");
	ADD(graph, .name = "same", .shell = CTX "no-change");
	ADD(graph, .name = "bad", .shell = CTX "skip; exit 1");
	CHECK_EQ(ord_graph_run(graph, ORD_NAMES("skip", "same", "bad")), ORD_EFAILED);
	CHECK_EQ(STATE_OF(graph, "skip"), ORD_PROC_SKIPPED);
	CHECK_EQ(CAUSE_OF(graph, "same"), ORD_CAUSE_NO_CHANGE);
	CHECK_EQ(STATE_OF(graph, "bad"), ORD_PROC_FAILED);
	ord_graph_destroy(&graph);
}

static int
say_end(struct ord_task *task, void *user)
{
	(void)user;
	return graphs_return(task, "end");
}

static int
run_command(struct ord_task *task, void *user)
{
	const void *output;
	int status = ord_context_run(task, ORD_NAMES("chain::4"));

	(void)user;
	if (status == 0)
		status = ord_context_result(task, "chain::4", &output, NULL);
	return status != 0 ? status : graphs_return(task, output);
}

/* One slot, commands and functions that wait for each other: each gives its slot back. */
SCENE(socket, waits_nested_with_one_slot)
{
	for (int functions = 0; functions <= 1; functions++) {
		struct ord_graph *graph = open_graph(1);

		ADD(graph, .name = "chain::[n]", .stdout_result = 1,
			.shell = "n=[n]; next=chain::$((n + 1)); [ $n = 3 ] && next=turn; [ $n = 6 ] && next=last\n" CTX
				 "run $next && printf '%s ' $n && " CTX "result $next");
		if (functions) {
			ADD(graph, .name = "turn", .function = run_command);
			ADD(graph, .name = "last", .function = say_end);
		} else {
			ADD(graph, .name = "turn", .stdout_result = 1, .shell = CTX "run chain::4 && " CTX "result chain::4");
			ADD(graph, .name = "last", .stdout_result = 1, .shell = "printf end");
		}
		GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("chain::1")));
		check_text(graphs_output(graph, "chain::1"), "1 2 3 4 5 6 end");
		CHECK_EQ(graph->n_commands_waiting, 0);
		CHECK_EQ(graph->schedule.running + graph->schedule.waiting, 0);
		ord_graph_destroy(&graph);
	}
}

/* Several clients of one proc wait at once. */
SCENE(socket, a_script_waits_for_several_at_once)
{
	struct ord_graph *graph = open_graph(1);

	ADD(graph, .name = "part::[n]", .shell = "true");
	ADD(graph, .name = "all", .stdout_result = 1,
		.shell = "for i in 1 2 3 4 5; do " CTX "run part::$i & done; wait; echo done");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("all")));
	CHECK_EQ(STATE_OF(graph, "part::5"), ORD_PROC_SUCCEEDED);
	CHECK_EQ(graph->n_commands_waiting, 0);
	ord_graph_destroy(&graph);
}

SCENE(socket, large_results_come_whole)
{
	struct ord_graph *graph = open_graph(2);

	ADD(graph, .name = "big::[n]", .stdout_result = 1, .shell = "head -c [n] /dev/zero | tr '\\0' x");
	ADD(graph, .name = "ask", .stdout_result = 1,
		.shell = "for n in 65535 65536 65537 3000000; do " CTX "run big::$n; " CTX "result big::$n | wc -c; done; "
			 CTX "run \"$(head -c 70000 /dev/zero | tr '\\0' x)\" 2>&1; echo $?");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("ask")));
	check_text(graphs_output(graph, "ask"), "65535\n65536\n65537\n3000000\n"
		"orderly ctx: the names are longer than 65536 bytes in all: ask in parts\n2\n");
	ord_graph_destroy(&graph);
}

/* A command of a graph without a socket does not speak for the proc of another graph that runs us. */
SCENE(socket, of_another_graph_is_not_ours)
{
	struct ord_graph *graph = graphs_new(NULL);

	CHECK(setenv("ORDERLY_SOCKET", "/outer", 1) == 0);
	ADD(graph, .name = "ask", .stdout_result = 1, .shell = "echo \"[$ORDERLY_SOCKET]\"");
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("ask")));
	check_text(graphs_output(graph, "ask"), "[]\n");
	ord_graph_destroy(&graph);
}

/* --- clients in this process --- */

/* What a proc that only waits has in its environment. */
struct door {
	struct ord_graph *graph;
	char directory[32];
	char path[100];
	char token[40];
};

static void
read_line(FILE *file, char *line, int size)
{
	CHECK(fgets(line, size, file) != NULL);
	line[strcspn(line, "\n")] = '\0';
}

/* Run "door" until its file says who it is. */
static void
open_door(struct door *door, struct ord_graph *graph)
{
	FILE *file;

	door->graph = graph;
	strcpy(door->directory, "/tmp/ord-door-XXXXXX");
	CHECK(mkdtemp(door->directory) != NULL && chdir(door->directory) == 0);
	ADD(graph, .name = "door", .retries = 1, .stdout_result = 1, .shell =
		"printf '%s\\n%s\\n' $ORDERLY_SOCKET $ORDERLY_TOKEN >new; mv new env; while [ ! -e go ]; do sleep 0.02; done; "
		"rm go; [ $ORDERLY_ATTEMPT = 1 ]");
	ADD(graph, .name = "never", .shell = "while [ ! -e never ]; do sleep 0.1; done");
	GRAPH_OK(graph, ord_graph_start(graph, "door"));
	while (access("env", F_OK) != 0)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	file = fopen("env", "r");
	CHECK(file != NULL);
	read_line(file, door->path, sizeof door->path);
	read_line(file, door->token, sizeof door->token);
	CHECK(fclose(file) == 0 && unlink("env") == 0);
}

static void
touch(const char *path)
{
	CHECK(close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) == 0);
}

static void
close_door(struct door *door)
{
	touch("go");
	touch("never");
	while (STATE_OF(door->graph, "door") <= ORD_PROC_RUNNING && access("env", F_OK) != 0)
		GRAPH_OK(door->graph, ord_graph_step(door->graph, 10));
	touch("go");
	(void)ord_graph_wait_all(door->graph);
	ord_graph_destroy(&door->graph);
	CHECK(access(door->path, F_OK) != 0);
	unlink("env");
	unlink("go");
	unlink("never");
	CHECK(chdir("/") == 0 && rmdir(door->directory) == 0);
}

static int
knock(const struct door *door)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof name.sun_path, "%s", door->path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) != 0)
		return -1;
	return fd;
}

/* Words that are separated by '|'. */
static void
ask(const struct door *door, int client, const char *words)
{
	char bytes[400];
	int size = snprintf(bytes, sizeof bytes, "orderly-1|%s|%s|", door->token, words);

	for (int i = 0; i < size; i++)
		if (bytes[i] == '|')
			bytes[i] = '\0';
	CHECK_EQ(send(client, bytes, (size_t)size, MSG_NOSIGNAL), size);
}

/* The status of the answer, which the graph gives while it moves; 1: it hung up. */
static int
answer(const struct door *door, int client)
{
	char bytes[2000];
	ssize_t size;

	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; scene_now_ms() < end;) {
		size = recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
		if (size >= 0)
			return size != 0 ? atoi(bytes) : 1;
		GRAPH_OK(door->graph, ord_graph_step(door->graph, 10));
	}
	CHECK(!"an answer");
	return 1;
}

SCENE(socket, bad_bytes_cost_their_client)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = { { "\0", 1 }, { "x", 1 }, { "orderly-1", 9 }, { "orderly-1\0", 10 }, { "orderly-2\0a\0skip\0", 17 },
		{ "orderly-1\0a\0skip\0", 17 }, { "orderly-1\0\0\0", 12 }, { "\0\0\0\0\0\0\0\0", 8 } };
	static const char *const words[] = { "fly", "result", "result|a|b", "skip|now", "", "wait", "input", "arg|a|b" };
	static char large[70000];
	struct door door;
	int client, last;

	open_door(&door, open_graph(2));
	client = knock(&door);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CHECK_EQ(send(client, rows[i].bytes, rows[i].size, 0), rows[i].size);
		CHECK_EQ(answer(&door, client), ORD_EINVAL);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		ask(&door, client, words[i]);
		CHECK_EQ(answer(&door, client), ORD_EINVAL);
	}
	CHECK_EQ(send(client, large, sizeof large, 0), sizeof large);
	CHECK_EQ(answer(&door, client), ORD_ETOOBIG);
	ask(&door, client, "result|door"); /* it is not over with it */
	CHECK_EQ(answer(&door, client), ORD_EAGAIN);
	ask(&door, client, "run|never");
	ask(&door, client, "skip"); /* before it has its answer */
	CHECK_EQ(answer(&door, client), 1);
	last = knock(&door);
	CHECK_EQ(send(last, large, 0, 0), 0);
	CHECK_EQ(answer(&door, last), 1);
	close(client);
	close(last);
	CHECK_EQ(door.graph->schedule.waiting, 0);
	close_door(&door);
}

static void
step_until(struct ord_graph *graph, int (*holds)(const struct ord_graph *graph))
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; !holds(graph) && scene_now_ms() < end;)
		GRAPH_OK(graph, ord_graph_step(graph, 10));
	CHECK(holds(graph));
}

static int
waits(const struct ord_graph *graph)
{
	return graph->schedule.waiting == 1 && graph->n_commands_waiting == 1;
}

static int
waits_no_more(const struct ord_graph *graph)
{
	return graph->schedule.waiting == 0 && graph->n_commands_waiting == 0;
}

SCENE(socket, one_that_dies_gives_the_slot_back)
{
	struct door door;
	int client;

	open_door(&door, open_graph(1));
	client = knock(&door);
	ask(&door, client, "run|never");
	step_until(door.graph, waits);
	CHECK_EQ(close(client), 0);
	step_until(door.graph, waits_no_more);
	close_door(&door);
}

/* Its attempt is over: nobody may ask in its name, not even while the next one runs. */
SCENE(socket, one_that_outlives_its_proc_is_told)
{
	struct door door;
	int waiting, idle;

	open_door(&door, open_graph(2));
	waiting = knock(&door);
	idle = knock(&door);
	ask(&door, waiting, "run|never");
	step_until(door.graph, waits);
	touch("go");
	CHECK_EQ(answer(&door, waiting), ORD_ECLOSED);
	while (access("env", F_OK) != 0) /* the second attempt */
		GRAPH_OK(door.graph, ord_graph_step(door.graph, 10));
	ask(&door, idle, "skip");
	CHECK_EQ(answer(&door, idle), ORD_ECLOSED);
	ask(&door, waiting, "skip");
	CHECK_EQ(answer(&door, waiting), ORD_ECLOSED);
	close(waiting);
	close(idle);
	close_door(&door);
}

SCENE(socket, passed_descriptors_do_not_stay)
{
	struct door door;
	int client, pair[2];
	unsigned before;
	char byte = 'x';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	char control[CMSG_SPACE(sizeof pair)] = { 0 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	open_door(&door, open_graph(2));
	client = knock(&door);
	ask(&door, client, "result|door");
	CHECK_EQ(answer(&door, client), ORD_EAGAIN);
	CHECK(pipe(pair) == 0);
	before = scene_count_fds();
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof pair);
	memcpy(CMSG_DATA(header), pair, sizeof pair);
	CHECK_EQ(sendmsg(client, &message, 0), 1);
	CHECK_EQ(answer(&door, client), ORD_EINVAL);
	CHECK_EQ(scene_count_fds(), before);
	close(pair[0]);
	close(pair[1]);
	close(client);
	close_door(&door);
}

/* --- many --- */

static int
count_of_clients(void)
{
	const char *text = getenv("ORDERLY_TEST_CLIENTS");

	return text != NULL ? atoi(text) : 300;
}

static void
allow_descriptors(int count)
{
	struct rlimit limit;

	CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = (rlim_t)count + 100;
	CHECK(limit.rlim_cur <= limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

/* In a process of its own: all knock and ask, then each takes its answer, if there is to be one. */
static void
talk_at_once(const struct door *door, int count, int answered)
{
	int *clients = calloc((size_t)count, sizeof *clients);
	char bytes[2000];

	allow_descriptors(count);
	for (int i = 0; i < count; i++) {
		clients[i] = knock(door);
		if (clients[i] < 0)
			_exit(1);
		ask(door, clients[i], answered ? "result|door" : "run|never");
	}
	for (int i = 0; i < count && answered; i++) {
		if (recv(clients[i], bytes, sizeof bytes, 0) <= 0 || atoi(bytes) != ORD_EAGAIN)
			_exit(2);
		close(clients[i]);
	}
	free(clients);
	if (!answered) {
		touch("asked");
		pause();
	}
	_exit(0);
}

static pid_t
start_talk(const struct door *door, int count, int answered)
{
	pid_t pid = fork();

	if (pid == 0)
		talk_at_once(door, count, answered);
	CHECK(pid > 0);
	return pid;
}

/* Far more than may be let in at once. */
SCENE(socket, many_clients_have_their_turn)
{
	struct door door;
	int status = 0, count = count_of_clients();
	unsigned before;
	pid_t child;

	open_door(&door, graphs_new(&ORD_GRAPH_OPTIONS(.parallel = 2, .with_socket = 1, .socket_clients = 20)));
	before = scene_count_fds();
	child = start_talk(&door, count, 1);
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; waitpid(child, &status, WNOHANG) == 0 && scene_now_ms() < end;) {
		GRAPH_OK(door.graph, ord_graph_step(door.graph, 10));
		CHECK(scene_count_fds() <= before + 20);
	}
	CHECK_EQ(status, 0);
	GRAPH_OK(door.graph, ord_graph_step(door.graph, 10));
	close_door(&door);
}

static int
both_run(const struct ord_graph *graph)
{
	return graph->schedule.running == 2;
}

SCENE(socket, many_that_wait_die_at_once)
{
	struct door door;
	unsigned before;
	pid_t child;

	allow_descriptors(2 * count_of_clients());
	open_door(&door, open_graph(2));
	GRAPH_OK(door.graph, ord_graph_start(door.graph, "never"));
	step_until(door.graph, both_run);
	before = scene_count_fds();
	child = start_talk(&door, count_of_clients(), 0);
	while (access("asked", F_OK) != 0 || scene_count_fds() < before + (unsigned)count_of_clients())
		GRAPH_OK(door.graph, ord_graph_step(door.graph, 10));
	for (int i = 0; i < 100; i++) /* what they asked is taken */
		GRAPH_OK(door.graph, ord_graph_step(door.graph, 0));
	CHECK(unlink("asked") == 0);
	CHECK_EQ(door.graph->n_commands_waiting, 1);
	CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	step_until(door.graph, waits_no_more);
	CHECK_EQ(scene_count_fds(), before);
	close_door(&door);
}

/* --- without memory --- */

/* Whatever allocation fails: the client gets an answer or is hung up on, and the graph goes on. */
SCENE(socket, any_allocation_may_fail)
{
	static const char *const words[] = { "result|big", "run|other::1|other::2", "wait-locks|a|b", "start|other::3",
		"changed-deps", "param|p" };
	struct door door;
	char name[40];
	int failed = 0;

	open_door(&door, open_graph(2));
	ADD(door.graph, .name = "big", .shell = "head -c 70000 /dev/zero", .stdout_result = 1);
	ADD(door.graph, .name = "other::[n]");
	GRAPH_OK(door.graph, ord_graph_set_param(door.graph, "p", "value"));
	GRAPH_OK(door.graph, ord_graph_run(door.graph, ORD_NAMES("big")));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		for (unsigned long n = 1, came = 1; came; n++) {
			int client = knock(&door), status = 1;

			ask(&door, client, words[i]);
			memory_fault_at(n);
			(void)ord_graph_step(door.graph, 0);
			(void)ord_graph_step(door.graph, 0);
			came = (unsigned long)memory_fault_came();
			memory_fault_at(0);
			status = answer(&door, client);
			failed += status != 0;
			CHECK(came || status == 0);
			close(client);
			CHECK(n < 200);
		}
	CHECK(failed > 5);
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "other::again %d", i);
		GRAPH_OK(door.graph, ord_graph_run(door.graph, ORD_NAMES(name)));
	}
	step_until(door.graph, waits_no_more);
	close_door(&door);
}

/* --- its place --- */

static void
make_place(const char *name, int seconds_ago, int with_socket)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = time(NULL) - seconds_ago } };
	char path[200];

	snprintf(path, sizeof path, "%s/s", name);
	CHECK(mkdir(name, 0700) == 0);
	if (with_socket)
		touch(path);
	CHECK(utimensat(AT_FDCWD, name, times, 0) == 0);
}

SCENE(socket, what_a_crash_left_is_removed)
{
	struct ord_graph *graph = open_graph(1);
	int held;

	CHECK(chdir(getenv("XDG_RUNTIME_DIR")) == 0);
	make_place("orderly-graph-old", 100, 1);
	make_place("orderly-graph-empty", 100, 0);
	make_place("orderly-graph-new", 0, 1);
	make_place("orderly-graph-held", 100, 1);
	make_place("orderly-other", 100, 1);
	held = open("orderly-graph-held", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(flock(held, LOCK_EX) == 0);
	ADD(graph, .name = "one", .shell = "stat -c '%a %U' ${ORDERLY_SOCKET%/s}", .stdout_result = 1);
	GRAPH_OK(graph, ord_graph_run(graph, ORD_NAMES("one")));
	CHECK(strncmp(graphs_output(graph, "one"), "700 ", 4) == 0);
	CHECK(access("orderly-graph-old", F_OK) != 0 && access("orderly-graph-empty", F_OK) != 0);
	CHECK(unlink("orderly-graph-new/s") == 0 && rmdir("orderly-graph-new") == 0);
	CHECK(unlink("orderly-graph-held/s") == 0 && rmdir("orderly-graph-held") == 0);
	CHECK(unlink("orderly-other/s") == 0 && rmdir("orderly-other") == 0);
	close(held);
	ord_graph_destroy(&graph);
}

SCENE(socket, a_forked_child_leaves_it_alone)
{
	struct door door;
	pid_t child;
	int status, client;

	open_door(&door, open_graph(2));
	client = knock(&door);
	ask(&door, client, "run|never");
	step_until(door.graph, waits);
	child = fork();
	if (child == 0) {
		ord_graph_destroy(&door.graph);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(access(door.path, F_OK) == 0);
	close(client);
	step_until(door.graph, waits_no_more);
	close_door(&door);
}

SCENE(socket, a_place_that_cannot_be_had_is_an_error)
{
	struct ord_graph *graph = open_graph(1);

	ADD(graph, .name = "one", .shell = "true");
	GRAPH_OK(graph, ord_graph_start(graph, "one"));
	scene_limit(RLIMIT_NOFILE, 11);
	CHECK(ord_graph_step(graph, 0) != 0);
	CHECK(ord_graph_error(graph)[0] != '\0');
	ord_graph_destroy(&graph);
}
