/* Tokens: the very bytes that were taken go back, pipes that are shared stay as they are, nothing is left behind. */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/graph.h>

#include "graph/jobserver/jobserver.h"
#include "memory_fault.h"

static struct jobserver
opened(const struct jobserver_options *options, const char *word)
{
	struct jobserver jobserver;
	struct error error = { 0 };

	jobserver_init(&jobserver);
	cr_assert_eq(jobserver_open(&jobserver, options, &error), 0);
	cr_assert_eq(error.status == 0, word == NULL, "%s", error.text);
	if (word != NULL)
		cr_assert_not_null(strstr(error.text, word), "%s", error.text);
	cr_assert_eq(jobserver_is_open(&jobserver), word == NULL);
	return jobserver;
}

/* A pipe with these tokens, and the word that offers it. */
static void
offer(int ends[2], const char *tokens, char *flags, size_t size)
{
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(write(ends[1], tokens, strlen(tokens)), (ssize_t)strlen(tokens));
	snprintf(flags, size, "k -j8 --jobserver-auth=%d,%d", ends[0], ends[1]);
}

static int
waiting(int fd)
{
	int bytes = -1;

	cr_assert_eq(ioctl(fd, FIONREAD, &bytes), 0);
	return bytes;
}

static unsigned
entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned n = 0;

	cr_assert_not_null(directory);
	while (readdir(directory) != NULL)
		n++;
	closedir(directory);
	return n - 2;
}

Test(jobserver, the_bytes_that_were_taken_go_back)
{
	char flags[80], back[8] = "";
	int ends[2];
	struct jobserver jobserver;

	offer(ends, "abc", flags, sizeof flags);
	jobserver = opened(&(struct jobserver_options){ .mode = ORD_JOBSERVER_CLIENT, .makeflags = flags }, NULL);
	cr_assert_eq(jobserver.jobs, 8);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(jobserver_take(&jobserver), 1);
	cr_assert_eq(jobserver_take(&jobserver), 0);
	cr_assert_eq(waiting(ends[0]), 0);
	jobserver_give_back(&jobserver, 1);
	cr_assert_eq(waiting(ends[0]), 2);
	cr_assert_eq(jobserver_take(&jobserver), 1);
	cr_assert_eq(jobserver.n_tokens, 2);
	jobserver_close(&jobserver);
	cr_assert_eq(read(ends[0], back, sizeof back), 3);
	for (const char *token = "abc"; *token != '\0'; token++)
		cr_assert_not_null(strchr(back, *token), "%s", back);
}

Test(jobserver, what_is_shared_stays_as_it_is)
{
	char flags[80], name[64];
	int ends[2];
	struct jobserver jobserver;
	struct stat status;

	offer(ends, "+", flags, sizeof flags);
	jobserver = opened(&(struct jobserver_options){ .mode = ORD_JOBSERVER_AUTO, .makeflags = flags }, NULL);
	cr_assert_eq(fcntl(ends[0], F_GETFL) & O_NONBLOCK, 0);
	cr_assert_eq(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	/* Commands get descriptors of the same descriptions. */
	cr_assert_eq(fcntl(jobserver.lent[0], F_GETFL) & O_NONBLOCK, 0);
	cr_assert_gt(jobserver.lent[0], 9);
	snprintf(name, sizeof name, "MAKEFLAGS=k -j8 --jobserver-auth=%d,%d", jobserver.lent[0], jobserver.lent[1]);
	cr_assert_str_eq(jobserver.makeflags, name);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(fcntl(jobserver.lent[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	/* Nobody else's end is needed for it to be quiet. */
	close(ends[0]);
	close(ends[1]);
	cr_assert_eq(jobserver_take(&jobserver), 1);
	cr_assert_eq(jobserver_take(&jobserver), 0);
	cr_assert_eq(fstat(jobserver.writer, &status), 0);
	jobserver_close(&jobserver);
}

Test(jobserver, by_fifo)
{
	char directory[] = "/tmp/ord-jobserver-XXXXXX", flags[200], path[100];
	struct jobserver_options options = { .mode = ORD_JOBSERVER_AUTO, .makeflags = flags };
	struct jobserver jobserver;
	int fd;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/fifo", directory);
	snprintf(flags, sizeof flags, " -j2 --jobserver-auth=3,4 --jobserver-auth=fifo:%s", path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDWR | O_CLOEXEC);
	cr_assert_eq(write(fd, "x", 1), 1);
	jobserver = opened(&options, NULL);
	cr_assert_eq(jobserver.jobs, 2);
	cr_assert_null(jobserver.makeflags);
	cr_assert_eq(jobserver.lent[0], -1);
	cr_assert_eq(jobserver_take(&jobserver), 1);
	cr_assert_eq(jobserver_take(&jobserver), 0);
	jobserver_close(&jobserver);
	cr_assert_eq(waiting(fd), 1);
	cr_assert_eq(access(path, F_OK), 0, "it is not ours to remove");
	options.own_jobs = 1;
	options.mode = ORD_JOBSERVER_CLIENT;
	cr_assert_eq(jobserver_open(&jobserver, &options, &(struct error){ 0 }), 0);
	cr_assert_not(jobserver_is_open(&jobserver), "-j wins");
	unlink(path);
	rmdir(directory);
}

Test(jobserver, what_cannot_be_used)
{
	int ends[2], others[2], file = open("/dev/null", O_RDWR | O_CLOEXEC);
	char flags[80];
	struct jobserver_options options = { .mode = ORD_JOBSERVER_AUTO, .makeflags = flags };

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(others, O_CLOEXEC), 0);
	snprintf(flags, sizeof flags, "--jobserver-auth=%d,%d", 700, 701);
	opened(&options, "begins with '+'");
	snprintf(flags, sizeof flags, "--jobserver-auth=%d,%d", file, file);
	opened(&options, "Bad file descriptor");
	snprintf(flags, sizeof flags, "--jobserver-auth=%d,%d", ends[0], others[1]);
	opened(&options, "going on without");
	snprintf(flags, sizeof flags, "--jobserver-auth=%d,%d", ends[1], ends[0]);
	opened(&options, "going on without");
	snprintf(flags, sizeof flags, "--jobserver-auth=%d,%d", ends[0], -1);
	opened(&options, "neither fifo:PATH nor two descriptors");
	options.makeflags = "--jobserver-auth=fifo:/nowhere/at/all";
	opened(&options, "No such file");
	options.makeflags = "--jobserver-auth=fifo:/dev/null";
	opened(&options, "going on without");
	options.makeflags = "--jobserver-auth=fifo:/tmp";
	opened(&options, "going on without");
}

static void
serves(uint32_t mode, const char *directory)
{
	struct jobserver_options options = {
		.mode = mode, .jobs = 4, .directory = directory, .makeflags = "s --no-print-directory"
	};
	struct jobserver jobserver = opened(&options, NULL), other;
	char flags[300];

	cr_assert_eq(strncmp(jobserver.makeflags, "MAKEFLAGS=s -j4 --jobserver-auth=", 33), 0);
	snprintf(flags, sizeof flags, "%s", jobserver.makeflags + strlen("MAKEFLAGS="));
	other = opened(&(struct jobserver_options){ .mode = ORD_JOBSERVER_CLIENT, .makeflags = flags }, NULL);
	cr_assert_eq(other.jobs, 4);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(jobserver_take(&jobserver), 1);
	cr_assert_eq(jobserver_take(&other), 1);
	cr_assert_eq(jobserver_take(&other), 0);
	jobserver_give_back(&jobserver, 1);
	cr_assert_eq(jobserver_take(&other), 1);
	jobserver_close(&other);
	jobserver_close(&jobserver);
	cr_assert_eq(entries(directory), 0);
}

Test(jobserver, as_a_server)
{
	char directory[] = "/tmp/ord-jobserver-XXXXXX";

	cr_assert_not_null(mkdtemp(directory));
	serves(ORD_JOBSERVER_FIFO, directory);
	serves(ORD_JOBSERVER_AUTO, directory);
	serves(ORD_JOBSERVER_PIPE, directory);
	rmdir(directory);
}

/* Of two that were killed nothing is left when the next is made, and one that lives is let alone. */
Test(jobserver, what_was_left_behind_is_removed)
{
	char directory[] = "/tmp/ord-jobserver-XXXXXX";
	struct jobserver_options options = { .mode = ORD_JOBSERVER_FIFO, .jobs = 2, .directory = directory };
	struct jobserver living, next;

	cr_assert_not_null(mkdtemp(directory));
	living = opened(&options, NULL);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			jobserver_leave(&living);
			opened(&options, NULL);
			kill(getpid(), SIGKILL);
		}
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
	}
	cr_assert_eq(entries(directory), 2);
	next = opened(&options, NULL);
	cr_assert_eq(entries(directory), 2);
	cr_assert_eq(access(living.fifo.path, F_OK), 0);
	jobserver_close(&next);
	jobserver_close(&living);
	cr_assert_eq(entries(directory), 0);
	rmdir(directory);
}

Test(jobserver, no_place_for_a_fifo)
{
	struct jobserver_options options = { .mode = ORD_JOBSERVER_FIFO, .jobs = 2, .directory = "/proc/nowhere" };

	opened(&options, "XDG_RUNTIME_DIR");
}

/* Of a forked child the tokens are not to give back. */
Test(jobserver, a_forked_child_leaves_it)
{
	char flags[80];
	int ends[2], status;
	struct jobserver jobserver;
	pid_t pid;

	offer(ends, "ab", flags, sizeof flags);
	jobserver = opened(&(struct jobserver_options){ .mode = ORD_JOBSERVER_CLIENT, .makeflags = flags }, NULL);
	cr_assert_eq(jobserver_take(&jobserver), 1);
	pid = fork();
	if (pid == 0) {
		jobserver_leave(&jobserver);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(waiting(ends[0]), 1);
	jobserver_close(&jobserver);
	cr_assert_eq(waiting(ends[0]), 2);
}

/* One that others have filled takes a token when it has room again. */
Test(jobserver, a_full_pipe)
{
	char flags[80], bytes[4096];
	int ends[2];
	struct jobserver jobserver;

	offer(ends, "a", flags, sizeof flags);
	jobserver = opened(&(struct jobserver_options){ .mode = ORD_JOBSERVER_CLIENT, .makeflags = flags }, NULL);
	cr_assert_eq(jobserver_take(&jobserver), 1);
	memset(bytes, 'b', sizeof bytes);
	while (write(jobserver.writer, bytes, sizeof bytes) > 0)
		;
	jobserver_give_back(&jobserver, 0);
	cr_assert_eq(jobserver.n_tokens, 1);
	cr_assert_eq(read(ends[0], bytes, sizeof bytes), (ssize_t)sizeof bytes);
	jobserver_give_back(&jobserver, 0);
	cr_assert_eq(jobserver.n_tokens, 0);
	jobserver_close(&jobserver);
}

Test(jobserver, without_memory)
{
	char flags[80], directory[] = "/tmp/ord-jobserver-XXXXXX";
	int ends[2];
	uint32_t modes[] = { ORD_JOBSERVER_CLIENT, ORD_JOBSERVER_FIFO, ORD_JOBSERVER_PIPE };

	cr_assert_not_null(mkdtemp(directory));
	offer(ends, "ab", flags, sizeof flags);
	for (size_t i = 0; i < 3; i++) {
		struct jobserver_options options = {
			.mode = modes[i], .jobs = 3, .makeflags = flags, .directory = directory
		};
		int taken = 0;

		for (unsigned long fail = 1; taken == 0; fail++) {
			struct jobserver jobserver;
			struct error error = { 0 };

			jobserver_init(&jobserver);
			memory_fault_at(fail);
			if (jobserver_open(&jobserver, &options, &error) == 0 && jobserver_is_open(&jobserver))
				taken = jobserver_take(&jobserver);
			memory_fault_at(0);
			jobserver_close(&jobserver);
			cr_assert_eq(waiting(ends[0]), 2);
			cr_assert_eq(entries(directory), 0);
			cr_assert_lt(fail, 100);
		}
	}
	rmdir(directory);
}
