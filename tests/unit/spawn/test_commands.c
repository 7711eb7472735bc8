/*
 * Commands: what they get, how they end, and what is said of those that cannot start.
 * Not run with ThreadSanitizer (not under TSAN): what a failed exec says comes back through memory that vfork shares, and TSAN makes it a fork.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "base/clock.h"
#include "base/fd.h"
#include "support.h"

#define ARGV(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

/* Run it with a pipe on fd 1 and read what it says there; its wait status. */
static int
output(struct stage *stage, const char *const *argv, const char *const *env, const char *cwd,
	char *text, size_t size)
{
	int reader, writer;

	CHECK(fd_pipe(&reader, &writer) == 0);
	stage_command(stage, 1, argv, env, cwd, 0, 0, (int[3]){ -1, writer, -1 });
	fd_close(&writer);
	read_all(reader, text, size);
	fd_close(&reader);
	return stage_await(stage, LIFE_ENDED, 1)->status;
}

static void
pipes(void)
{
	struct stage stage;
	int in[2], out[2], err[2], fds[3];
	char text[4096];

	stage_open(&stage, ORD_START_EXEC);
	CHECK(fd_pipe(&in[0], &in[1]) == 0 && fd_pipe(&out[0], &out[1]) == 0 &&
		fd_pipe(&err[0], &err[1]) == 0);
	fds[0] = in[0];
	fds[1] = out[1];
	fds[2] = err[1];
	stage_command(&stage, 7, ARGV("sh", "-c", "cat; echo problem >&2; exit 5"), NULL, NULL, 0,
		0, fds);
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	CHECK(write(in[1], "input", 5) == 5);
	fd_close(&in[1]);
	read_all(out[0], text, sizeof text);
	CHECK(strcmp(text, "input") == 0);
	read_all(err[0], text, sizeof text);
	CHECK(strcmp(text, "problem\n") == 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 7)->status) == 5);
	CHECK(stage.event.packet.place == 2 && stage.event.packet.pid > 0);
	CHECK(stage.event.packet.ended_ns > stage.event.packet.started_ns);
	fd_close(&out[0]);
	fd_close(&err[0]);
	stage_close(&stage, 100);
}

Test(commands, have_pipes)
{
	play(pipes);
}

static int
fds_of_a_worker(struct stage *stage, uint64_t id)
{
	struct actor actor = { 0 };
	int status;

	actor_enter(&actor, stage, id, ACT_FDS, 0);
	status = stage_await(stage, LIFE_ENDED, id)->status;
	actor_leave(&actor);
	return WEXITSTATUS(status);
}

/* One that has closed its output is not at its end: that nobody writes any more is seen with the end, and no worker keeps it. */
static void
one_end(void)
{
	struct stage stage;
	struct pollfd words;
	int in[2], out[2], err[2], fds;
	char text[8] = "";

	stage_open(&stage, ORD_START_EXEC);
	fds = fds_of_a_worker(&stage, 1);
	CHECK(fd_pipe(&in[0], &in[1]) == 0 && fd_pipe(&out[0], &out[1]) == 0 &&
		fd_pipe(&err[0], &err[1]) == 0);
	stage_command(&stage, 2, ARGV("sh", "-c", "exec >&-; echo ready >&2; read x"), NULL, NULL, 0, 0,
		(int[3]){ in[0], out[1], err[1] });
	fd_close(&in[0]);
	fd_close(&out[1]);
	fd_close(&err[1]);
	CHECK(read(err[0], text, sizeof text) == 6);
	words = (struct pollfd){ .fd = out[0], .events = POLLIN };
	CHECK(poll(&words, 1, 0) == 0);
	CHECK(fds_of_a_worker(&stage, 3) == fds);
	fd_close(&in[1]);
	CHECK(stage_await(&stage, LIFE_ENDED, 2)->id == 2);
	CHECK(poll(&words, 1, LONG_MS) == 1 && words.revents == POLLHUP);
	fd_close(&out[0]);
	fd_close(&err[0]);
	stage_close(&stage, 100);
}

Test(commands, have_one_end)
{
	play(one_end);
}

/* Signals 32 and 33 are libc's own: its posix_spawn leaves them ignored. */
static int
signals_are_default(struct stage *stage)
{
	static const char *const lines[] = { "\nSigBlk:\t", "\nSigIgn:\t", "\nSigCgt:\t" };
	char text[8192];
	int status = output(stage, ARGV("cat", "/proc/self/status"), NULL, NULL, text, sizeof text);

	for (size_t i = 0; i < 3; i++) {
		const char *line = strstr(text, lines[i]);

		if (line == NULL ||
			(strtoull(line + strlen(lines[i]), NULL, 16) & ~UINT64_C(0x180000000)) != 0)
			status = 1;
	}
	return status == 0;
}

static void
surroundings(void)
{
	struct stage stage;
	char text[8192];

	setenv("ORDERLY_TEST_OWN", "own", 1);
	setenv("ORDERLY_SLOT", "99", 1);
	stage_open(&stage, ORD_START_EXEC);
	output(&stage, ARGV("sh", "-c", "echo $ORDERLY_SLOT $ORDERLY_TEST_OWN $NEW; pwd"), NULL,
		"/", text, sizeof text);
	CHECK(strcmp(text, "3 own\n/\n") == 0);
	output(&stage, ARGV("sh", "-c", "echo $ORDERLY_SLOT $ORDERLY_TEST_OWN $NEW"),
		ARGV("NEW=one", "ORDERLY_TEST_OWN=two", "NEW=three"), NULL, text, sizeof text);
	CHECK(strcmp(text, "3 two three\n") == 0);
	output(&stage, ARGV("env"), ARGV("ORDERLY_TEST_OWN=two"), NULL, text, sizeof text);
	CHECK(strstr(text, "OWN=two") != NULL && strstr(text, "OWN=own") == NULL);
	/* Nothing but 0, 1, 2 is open, and the one ls opens itself. */
	output(&stage,
		ARGV("sh", "-c", "exec ls -1 /proc/self/fd | wc -l; readlink /proc/self/fd/0"),
		NULL, NULL, text, sizeof text);
	CHECK(strcmp(text, "4\n/dev/null\n") == 0);
	CHECK(signals_are_default(&stage));
	stage_close(&stage, 100);
}

Test(commands, have_clean_surroundings)
{
	play(surroundings);
}

static void
ignoring_host(void)
{
	struct stage stage;
	char text[4096];
	sigset_t all;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	stage_open(&stage, ORD_START_FORK);
	CHECK(signals_are_default(&stage));
	CHECK(WEXITSTATUS(output(
		      &stage, ARGV("sh", "-c", "exit 9"), NULL, NULL, text, sizeof text)) == 9);
	stage_close(&stage, 100);
}

Test(commands, do_not_inherit_what_the_host_ignores)
{
	play(ignoring_host);
}

static void
fails(struct stage *stage, const char *const *argv, const char *cwd, int wanted, const char *text)
{
	stage_command(stage, 3, argv, NULL, cwd, 0, 0, NULL);
	CHECK(stage_await(stage, LIFE_FAILED, 3)->status == wanted);
	CHECK(stage->event.packet.place == 2);
	CHECK(strcmp(stage->event.text, text) == 0);
}

static void
impossible(void)
{
	struct stage stage;
	char text[64];

	stage_open(&stage, ORD_START_EXEC);
	fails(&stage, ARGV("no-such-program-here"), NULL, ENOENT,
		"cannot run no-such-program-here");
	fails(&stage, ARGV("/no/such/program"), NULL, ENOENT, "cannot run /no/such/program");
	fails(&stage, ARGV(""), NULL, ENOENT, "cannot run ");
	fails(&stage, ARGV("/etc/passwd"), NULL, EACCES, "cannot run /etc/passwd");
	fails(&stage, ARGV("/tmp"), NULL, EACCES, "cannot run /tmp");
	fails(&stage, ARGV("true"), "/no/such", ENOENT, "cannot enter the directory /no/such");
	CHECK(output(&stage, ARGV("true"), NULL, NULL, text, sizeof text) == 0);
	/* A text that is none. */
	CHECK(launch_command(&stage.launch, 4, 2, &(struct launch_limits){ 0 }, "short", 5, (int[3]){ -1, -1, -1 }) == 0);
	CHECK(stage_await(&stage, LIFE_FAILED, 4)->status == EINVAL);
	CHECK(launch_command(&stage.launch, 4, 2, &(struct launch_limits){ 0 },
		      &(struct spawn_command){ .argc = UINT32_MAX }, sizeof(struct spawn_command),
		      (int[3]){ -1, -1, -1 }) == 0);
	CHECK(stage_await(&stage, LIFE_FAILED, 4)->status == EINVAL);
	stage_close(&stage, 100);
}

Test(commands, that_cannot_start_say_why)
{
	play(impossible);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
	CHECK(chmod(path, mode) == 0);
}

static void
places(void)
{
	struct stage stage;
	char text[256], path[512];
	char first[] = "/tmp/orderly-path-XXXXXX", second[] = "/tmp/orderly-path-XXXXXX", name[64],
	     other[64];

	CHECK(mkdtemp(first) != NULL && mkdtemp(second) != NULL);
	snprintf(name, sizeof name, "%s/orderly-thing", second);
	snprintf(other, sizeof other, "%s/orderly-thing", first);
	snprintf(path, sizeof path, "%s:%s:%s", first, second, getenv("PATH"));
	setenv("PATH", path, 1);
	write_file(name, "#!/bin/sh\necho second\n", 0755);
	stage_open(&stage, ORD_START_EXEC);
	for (int i = 0; i < 3; i++) {
		output(&stage, ARGV("orderly-thing"), NULL, NULL, text, sizeof text);
		CHECK(strcmp(text, "second\n") == 0);
	}
	/* It has moved: the remembered place is wrong. */
	CHECK(rename(name, other) == 0);
	output(&stage, ARGV("orderly-thing"), NULL, NULL, text, sizeof text);
	CHECK(strcmp(text, "second\n") == 0);
	/* A file that may not be run does not hide one that may. */
	CHECK(rename(other, name) == 0);
	write_file(other, "echo wrong\n", 0644);
	output(&stage, ARGV("orderly-thing"), NULL, NULL, text, sizeof text);
	CHECK(strcmp(text, "second\n") == 0);
	/* Without an interpreter line it is the shell's. */
	write_file(other, "echo first $1\n", 0755);
	output(&stage, ARGV("./orderly-thing", "x"), NULL, first, text, sizeof text);
	CHECK(strcmp(text, "first x\n") == 0);
	snprintf(path, sizeof path, "PATH=%s", first);
	output(&stage, ARGV("orderly-thing", "y"), ARGV(path), NULL, text, sizeof text);
	CHECK(strcmp(text, "first y\n") == 0);
	unlink(name);
	unlink(other);
	rmdir(first);
	rmdir(second);
	stage_close(&stage, 100);
}

Test(commands, are_found_in_path)
{
	play(places);
}

/* More than one packet holds: it travels in a memfd. */
static void
large(void)
{
	enum { WORDS = 100, WORD = 3000 };
	struct stage stage;
	const char *argv[WORDS + 5] = { "sh", "-c", "echo $# ${#1}", "sh" };
	char word[WORD + 1], text[64];

	memset(word, 'x', WORD);
	word[WORD] = '\0';
	for (int i = 0; i < WORDS; i++)
		argv[4 + i] = word;
	stage_open(&stage, ORD_START_EXEC);
	output(&stage, argv, NULL, NULL, text, sizeof text);
	CHECK(strcmp(text, "100 3000\n") == 0);
	stage_close(&stage, 100);
}

Test(commands, may_be_large)
{
	play(large);
}

/* A shell that ignores SIGTERM, with a child that does. */
static const char *const stubborn[] = { "sh", "-c",
	"trap '' TERM; sleep 1000 & echo $!; wait; wait", NULL };

static pid_t
stubborn_child(struct stage *stage, uint64_t id, uint32_t timeout_ms, uint32_t grace_ms)
{
	int reader, writer;
	char text[64] = "";
	size_t at = 0;

	CHECK(fd_pipe(&reader, &writer) == 0);
	stage_command(
		stage, id, stubborn, NULL, NULL, timeout_ms, grace_ms, (int[3]){ -1, writer, -1 });
	fd_close(&writer);
	while (strchr(text, '\n') == NULL) {
		struct pollfd end = { .fd = reader, .events = POLLIN };
		CHECK(poll(&end, 1, LONG_MS) == 1);
		ssize_t got = read(reader, text + at, sizeof text - 1 - at);
		CHECK(got > 0);
		at += (size_t)got;
	}
	fd_close(&reader);
	return (pid_t)strtol(text, NULL, 10);
}

static void
overtime(void)
{
	struct stage stage;
	pid_t child;
	uint64_t took;

	stage_open(&stage, ORD_START_EXEC);
	child = stubborn_child(&stage, 1, 300, 200);
	CHECK(is_alive(child));
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	took = stage.event.packet.ended_ns - stage.event.packet.started_ns;
	CHECK(stage.event.packet.flags == LIFE_TIMED_OUT);
	CHECK(took >= 500 * CLOCK_NS_PER_MS);
	CHECK(await_death(child));
	/* One that listens to SIGTERM. */
	stage_command(&stage, 2, ARGV("sleep", "1000"), NULL, NULL, 100, LONG_MS, NULL);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 2)->status) == SIGTERM);
	CHECK(stage.event.packet.flags == LIFE_TIMED_OUT);
	/* One that is stopped. */
	stage_command(&stage, 3, ARGV("sh", "-c", "kill -STOP $$"), NULL, NULL, 100, LONG_MS, NULL);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 3)->status) == SIGTERM);
	/* One that is quick. */
	stage_command(&stage, 4, ARGV("true"), NULL, NULL, 1000, 100, NULL);
	CHECK(stage_await(&stage, LIFE_ENDED, 4)->flags == 0 && stage.event.packet.status == 0);
	stage_close(&stage, 100);
}

Test(commands, end_when_their_time_is_up)
{
	play(overtime);
}

static void
stopped(void)
{
	struct stage stage;
	pid_t child;

	stage_open(&stage, ORD_START_EXEC);
	child = stubborn_child(&stage, 1, 0, 0);
	CHECK(launch_stop(&stage.launch, 1, 0, 100, 0) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	CHECK(stage.event.packet.flags == LIFE_STOPPED);
	CHECK(await_death(child));
	child = stubborn_child(&stage, 2, 0, 0);
	CHECK(launch_stop(&stage.launch, 2, 0, 0, 1) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 2)->status) == SIGKILL);
	CHECK(await_death(child));
	/* Its leader ends at SIGTERM, its child does not. */
	stage_command(&stage, 3, ARGV("sh", "-c", "(trap '' TERM; sleep 1000) & wait"), NULL, NULL,
		200, LONG_MS, NULL);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 3)->status) == SIGTERM);
	CHECK(launch_stop(&stage.launch, 12345, 0, 0, 1) == 0);
	stage_close(&stage, 100);
}

Test(commands, end_when_asked)
{
	play(stopped);
}

/* As with xargs: who outlives its parent lives on, until the spawner leaves. */
static void
survivor(void)
{
	struct stage stage;
	char text[64];
	pid_t child;

	stage_open(&stage, ORD_START_EXEC);
	output(&stage, ARGV("sh", "-c", "sleep 1000 >/dev/null & echo $!"), NULL, NULL, text,
		sizeof text);
	child = (pid_t)strtol(text, NULL, 10);
	CHECK(is_alive(child));
	output(&stage, ARGV("setsid", "sh", "-c", "trap '' TERM; sleep 1000 >/dev/null & echo $!"),
		NULL, NULL, text, sizeof text);
	stage_close(&stage, 100);
	CHECK(!is_alive(child));
	CHECK(!is_alive((pid_t)strtol(text, NULL, 10)));
}

Test(commands, may_leave_children_until_the_end)
{
	play(survivor);
}

/* The master does not listen while hundreds end: deadlines hold, and nothing is lost. */
static void
deaf(void)
{
	enum { MANY = 1500 };
	struct stage stage;
	static unsigned char seen[MANY];
	pid_t child;

	stage_open(&stage, ORD_START_EXEC);
	child = stubborn_child(&stage, MANY, 100, 100);
	for (uint64_t id = 0; id < MANY; id++)
		stage_command(&stage, id, ARGV("true"), NULL, NULL, 60000, 100, NULL);
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;
		launch_blocked(&stage.launch);) {
		CHECK(clock_now_ns() < end);
		CHECK(launch_flush(&stage.launch) == 0);
		poll(NULL, 0, 1);
	}
	CHECK(await_death(child));
	for (int left = MANY + 1; left > 0; left--) {
		CHECK(stage_hears(&stage, LONG_MS));
		CHECK(stage.event.packet.type == LIFE_ENDED && stage.event.packet.id <= MANY);
		CHECK(stage.event.packet.id == MANY || seen[stage.event.packet.id]++ == 0);
	}
	stage_close(&stage, 100);
}

Test(commands, need_no_listener)
{
	play(deaf);
}
