/* Commands that write into a file, stop by another signal, or have the terminal. */
#define _GNU_SOURCE /* memmem */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

#define SH(script) ((const char *const[]){ "sh", "-c", (script), NULL })

enum { FILE_MOST = 4 << 20, LARGE = 1 << 20, AT_ONCE = 8 };

/* Of the last result. */
struct last {
	int state;
	int code;
	char output[200];
	char error[1000];
};

static void
remember(struct tally *tally, const struct ord_result *result)
{
	struct last *last = tally->user;

	last->state = ord_result_state(result);
	last->code = ord_result_exit_code(result);
	snprintf(last->output, sizeof last->output, "%s", (const char *)ord_result_output(result, NULL));
	snprintf(last->error, sizeof last->error, "%s", ord_result_error(result));
}

static void
open_pool(struct tally *tally, struct last *last)
{
	*tally = (struct tally){ .on_result = remember, .user = last };
	tally_open(tally, &TALLY_OPTIONS(tally, .workers = 2, .grace_ms = 100));
}

static void
run(struct tally *tally, struct ord_command command)
{
	CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &command, NULL));
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
}

#define RUN(tally, ...) run((tally), ORD_COMMAND(__VA_ARGS__))

/* What lies in a file; -1 if it is not there. */
static ssize_t
read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got, all = 0;

	if (fd < 0)
		return -1;
	while ((got = read(fd, text + all, size - 1 - (size_t)all)) > 0)
		all += got;
	CHECK(got == 0 && (size_t)all < size - 1);
	text[all] = '\0';
	close(fd);
	return all;
}

static int
file_is(const char *path, const char *wanted)
{
	char text[1000];
	ssize_t size = read_file(path, text, sizeof text);

	if (size == (ssize_t)strlen(wanted) && memcmp(text, wanted, (size_t)size) == 0)
		return 1;
	fprintf(stderr, "%s: \"%s\", not \"%s\"\n", path, size < 0 ? "(none)" : text, wanted);
	return 0;
}

static void
enter_directory(char *directory)
{
	strcpy(directory, "/tmp/orderly-files-XXXXXX");
	CHECK(mkdtemp(directory) != NULL);
	CHECK(chdir(directory) == 0);
}

static void
remove_directory(const char *directory)
{
	char line[100];

	CHECK(chdir("/") == 0);
	snprintf(line, sizeof line, "rm -r %s", directory);
	CHECK(system(line) == 0);
}

SCENE(command_files, where_words_go)
{
	const char *const *both = SH("printf 'out\\n'; printf 'err\\n' >&2");
	char directory[100];
	struct tally tally;
	struct stat status;
	struct last last;

	enter_directory(directory);
	umask(027);
	open_pool(&tally, &last);
	RUN(&tally, .argv = both, .output_path = "result");
	CHECK(last.state == ORD_DONE && strcmp(last.output, "out\n") == 0);
	CHECK(file_is("result", "err\n"));
	RUN(&tally, .argv = both, .output_path = "lines", .output = ORD_OUTPUT_LINES);
	CHECK(last.state == ORD_DONE && last.output[0] == '\0');
	CHECK(file_is("lines", "out\nerr\n"));
	RUN(&tally, .argv = both, .output_path = "lines", .output = ORD_OUTPUT_CHUNKS);
	CHECK(file_is("lines", "out\nerr\nout\nerr\n"));
	CHECK_EQ(tally.messages, 0);
	CHECK(stat("lines", &status) == 0);
	CHECK_EQ(status.st_mode & 07777, 0640);
	/* From where the pool was started, not from where the command is. */
	RUN(&tally, .argv = SH("pwd; ls /proc/self/fd | grep -qvx '[0123]' && exit 1; exit 0"), .output_path = "there",
		.output = ORD_OUTPUT_LINES, .cwd = "/usr");
	CHECK_EQ(last.state, ORD_DONE);
	CHECK(file_is("there", "/usr\n"));
	/* Each attempt appends. */
	RUN(&tally, .argv = SH("echo again; exit 1"), .output_path = "again", .output = ORD_OUTPUT_LINES);
	RUN(&tally, .argv = SH("echo $ORDERLY_SLOT; kill -9 $$"), .output_path = "again", .output = ORD_OUTPUT_LINES,
		.retries = 1);
	CHECK_EQ(last.state, ORD_SIGNALED);
	tally_close(&tally, 6);
	remove_directory(directory);
}

SCENE(command_files, any_bytes_and_many_at_once)
{
	static char text[FILE_MOST];
	char directory[100], names[AT_ONCE][24], scripts[AT_ONCE][100];
	struct tally tally;
	struct last last;

	enter_directory(directory);
	open_pool(&tally, &last);
	RUN(&tally, .argv = SH("printf 'a\\377\\000b\\033[1mno newline'"), .output_path = "bytes", .output = ORD_OUTPUT_LINES);
	CHECK_EQ(read_file("bytes", text, sizeof text), 18);
	CHECK(memcmp(text, "a\377\0b\033[1mno newline", 18) == 0);
	CHECK_OK(tally.pool, ord_pool_resize(tally.pool, AT_ONCE));
	for (int i = 0; i < AT_ONCE; i++) {
		snprintf(names[i], sizeof names[i], "large.%d", i);
		snprintf(scripts[i], sizeof scripts[i], "head -c %d /dev/zero | tr '\\0' %d", LARGE, i);
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = SH(scripts[i]), .output_path = names[i],
						     .output = ORD_OUTPUT_LINES),
					     NULL));
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	for (int i = 0; i < AT_ONCE; i++) {
		CHECK_EQ(read_file(names[i], text, sizeof text), LARGE);
		for (int at = 0; at < LARGE; at++)
			if (text[at] != '0' + i)
				CHECK_EQ(at, LARGE);
	}
	tally_close(&tally, 1 + AT_ONCE);
	CHECK_EQ(tally.states[ORD_DONE], 1 + AT_ONCE);
	remove_directory(directory);
}

/* A file that cannot be opened has failed the task; one that cannot be written to is the command's trouble. */
SCENE(command_files, trouble)
{
	static const char *const paths[] = { "none/file", "folder", "fifo", "folder/file/below", NULL };
	static char text[FILE_MOST];
	char directory[100], longest[400];
	struct tally tally;
	struct last last;

	enter_directory(directory);
	CHECK(mkdir("folder", 0777) == 0 && mkfifo("fifo", 0666) == 0);
	open_pool(&tally, &last);
	for (const char *const *path = paths; *path != NULL; path++) {
		RUN(&tally, .argv = SH("touch ran"), .output_path = *path, .output = ORD_OUTPUT_LINES);
		CHECK(last.state == ORD_FAILED && last.code == 126);
		CHECK(strstr(last.error, *path) != NULL && strstr(last.error, "output file") != NULL);
		RUN(&tally, .argv = SH("touch ran"), .output_path = *path);
		CHECK(last.state == ORD_FAILED && strstr(last.error, *path) != NULL);
	}
	memset(longest, 'n', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	RUN(&tally, .argv = SH("touch ran"), .output_path = longest);
	CHECK(last.state == ORD_FAILED && strstr(last.error, "nnnnnnnn") != NULL);
	CHECK(access("ran", F_OK) != 0);
	RUN(&tally, .argv = SH("echo lost"), .output_path = "/dev/full", .output = ORD_OUTPUT_LINES);
	CHECK(last.state == ORD_EXITED && last.code != 0);
	RUN(&tally, .argv = SH("exec head -c 3000000 /dev/zero"), .output_path = "limited", .output = ORD_OUTPUT_LINES,
		.file_mib = 1);
	CHECK_EQ(last.state, ORD_SIGNALED);
	CHECK_EQ(read_file("limited", text, sizeof text), 1 << 20);
	RUN(&tally, .argv = SH("echo well"), .output_path = "well", .output = ORD_OUTPUT_LINES);
	CHECK_EQ(last.state, ORD_DONE);
	tally_close(&tally, tally.results);
	remove_directory(directory);
}

static void
await_gone(const char *path)
{
	char text[100];
	pid_t pid;

	CHECK(read_file(path, text, sizeof text) > 0);
	pid = (pid_t)atoi(text);
	CHECK(pid > 1);
	for (uint64_t late = scene_now_ms() + SCENE_LONG_MS; kill(pid, 0) == 0 || errno != ESRCH; scene_pause_ms(5))
		CHECK(scene_now_ms() < late);
}

/* Its grandchild holds the file, and goes with the group when the time is up. */
SCENE(command_files, timeout_with_a_grandchild)
{
	char directory[100];
	struct tally tally;
	struct last last;

	enter_directory(directory);
	open_pool(&tally, &last);
	for (uint32_t ms = 100; access("pid", F_OK) != 0; ms *= 10) {
		CHECK(ms < SCENE_LONG_MS);
		RUN(&tally, .argv = SH("trap '' TERM; sleep 1000 & echo $! >part; mv part pid; echo said; wait"),
			.output_path = "words", .output = ORD_OUTPUT_LINES, .timeout_ms = ms, .grace_ms = 50);
		CHECK_EQ(last.state, ORD_TIMED_OUT);
	}
	await_gone("pid");
	/* One that its parent leaves behind does not delay the end. */
	RUN(&tally, .argv = SH("sleep 1000 & echo done"), .output_path = "left", .output = ORD_OUTPUT_LINES);
	CHECK(last.state == ORD_DONE && file_is("left", "done\n"));
	tally_close(&tally, tally.results);
	remove_directory(directory);
}

/* What a trap writes when the stop signal came. */
#define TRAPS "trap 'echo int; exit 1' INT; trap 'echo term; exit 1' TERM; : >ready; while :; do sleep 0.01; done"

/* A shell may say more, of its own child. */
static int
says(const char *word)
{
	char text[1000];

	CHECK(read_file("words", text, sizeof text) >= 0);
	return strstr(text, word) != NULL;
}

SCENE(command_files, stop_signal)
{
	char directory[100];
	uint64_t sequence;
	struct tally tally;
	struct last last;

	enter_directory(directory);
	open_pool(&tally, &last);
	for (uint32_t ms = 100; access("ready", F_OK) != 0; ms *= 10) {
		CHECK(ms < SCENE_LONG_MS);
		(void)unlink("words");
		RUN(&tally, .argv = SH(TRAPS), .output_path = "words", .output = ORD_OUTPUT_LINES, .timeout_ms = ms,
			.grace_ms = SCENE_LONG_MS, .stop_signal = SIGINT);
		CHECK_EQ(last.state, ORD_TIMED_OUT);
	}
	CHECK(says("int\n") && !says("term\n"));
	for (uint32_t stop = 0; stop <= SIGINT; stop += SIGINT) {
		CHECK(unlink("ready") == 0 && unlink("words") == 0);
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = SH(TRAPS), .output_path = "words",
						     .output = ORD_OUTPUT_LINES, .grace_ms = SCENE_LONG_MS,
						     .stop_signal = stop),
					     &sequence));
		while (access("ready", F_OK) != 0)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
		CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, sequence));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(last.state, ORD_CANCELED);
		CHECK(stop == 0 ? says("term\n") && !says("int\n") : says("int\n") && !says("term\n"));
	}
	CHECK_FAILS(tally.pool,
		ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = SH("true"), .stop_signal = 65), NULL), ORD_EINVAL,
		"stop_signal 65");
	CHECK_FAILS(tally.pool,
		ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = SH("true"), .stop_signal = 271), NULL), ORD_EINVAL,
		"stop_signal 271");
	tally_close(&tally, tally.results);
	remove_directory(directory);
}

SCENE(command_files, what_does_not_go_together)
{
	const char *const *argv = SH("true");
	struct tally tally;
	struct last last;

	open_pool(&tally, &last);
	for (int i = 0; i < 7; i++) {
		const struct ord_command commands[] = {
			ORD_COMMAND(.argv = argv, .output_path = ""),
			ORD_COMMAND(.argv = argv, .output_path = "/x", .output = ORD_OUTPUT_INHERIT),
			ORD_COMMAND(.argv = argv, .terminal = 2, .output = ORD_OUTPUT_INHERIT),
			ORD_COMMAND(.argv = argv, .terminal = 1),
			ORD_COMMAND(.argv = argv, .terminal = 1, .output = ORD_OUTPUT_LINES),
			ORD_COMMAND(.argv = argv, .terminal = 1, .output = ORD_OUTPUT_INHERIT, .input = "x", .input_size = 1),
			ORD_COMMAND(.argv = argv, .terminal = 1, .output = ORD_OUTPUT_INHERIT, .input_fd = &(int){ 0 }),
		};

		CHECK_FAILS(tally.pool, ord_pool_submit_command(tally.pool, &commands[i], NULL), ORD_EINVAL, "output_path goes with");
	}
	tally_close(&tally, 0);
}

/* --- the terminal --- */

static void
at_the_terminal(void)
{
	static const char *const asks[] = { "sh", "-c", "read word && test -t 0 && test -t 1 && echo \"got $word\"", NULL };
	struct tally tally;
	struct last last;

	CHECK(setsid() > 0);
	for (int fd = 0; fd < 3; fd++) {
		int slave = open(getenv("TEST_TERMINAL"), O_RDWR);

		CHECK(slave >= 0 && dup2(slave, fd) == fd);
		close(slave);
	}
	open_pool(&tally, &last);
	RUN(&tally, .argv = asks, .output = ORD_OUTPUT_INHERIT, .terminal = 1);
	CHECK_EQ(last.state, ORD_DONE);
	/* Out of the master's group it is stopped, as a job in the background is. */
	RUN(&tally, .argv = asks, .output = ORD_OUTPUT_INHERIT, .input_fd = &(int){ 0 }, .timeout_ms = 300);
	CHECK_EQ(last.state, ORD_TIMED_OUT);
	RUN(&tally, .argv = SH("trap '' TERM; while :; do sleep 0.01; done"), .output = ORD_OUTPUT_INHERIT, .terminal = 1,
		.timeout_ms = 100, .grace_ms = 50);
	CHECK_EQ(last.state, ORD_TIMED_OUT);
	tally_close(&tally, 3);
}

static void
await_text(int fd, char *text, size_t size, const char *wanted)
{
	struct pollfd end = { .fd = fd, .events = POLLIN };
	size_t at = 0;

	while (memmem(text, at, wanted, strlen(wanted)) == NULL) {
		ssize_t got;

		CHECK(poll(&end, 1, SCENE_LONG_MS) == 1);
		got = read(fd, text + at, size - at);
		CHECK(got > 0);
		at += (size_t)got;
	}
}

SCENE(command_files, the_terminal)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char text[1000];
	pid_t pid;

	CHECK(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
	CHECK(setenv("TEST_TERMINAL", ptsname(terminal), 1) == 0);
	CHECK(write(terminal, "hello\n", 6) == 6);
	pid = scene_start(at_the_terminal);
	await_text(terminal, text, sizeof text, "got hello");
	CHECK_EQ(scene_await(pid), 0);
	close(terminal);
}
