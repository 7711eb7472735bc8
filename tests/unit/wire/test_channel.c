/* What the spawner does for its workers' sockets, in a process that ends as the spawner does: with _exit. */
#define _GNU_SOURCE /* mkdtemp */
#include <dirent.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wire/channel.h"

/* 0: it cannot be read. */
static unsigned
entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned n = 0;

	while (directory != NULL && readdir(directory) != NULL)
		n++;
	if (directory != NULL)
		closedir(directory);
	return n;
}

static unsigned
threads(void)
{
	return entries("/proc/self/task");
}

/* A thread that was joined is listed for some moments more. */
static int
falls_to(unsigned most)
{
	for (int i = 0; i < 10000 && threads() > most; i++)
		usleep(1000);
	return threads() == most;
}

/* The number of the first promise that was broken, 0: none. */
static int
warm_up_twice(const char *directory)
{
	unsigned before = threads(), fds;

	channel_warm_up(directory);
	if (!falls_to(before))
		return 1;
	fds = entries("/proc/self/fd");
	channel_warm_up(directory);
	if (entries("/proc/self/fd") != fds + 1) /* of the context that stays */
		return 2;
	return entries(directory) == 2 ? 0 : 3; /* itself and its parent */
}

static int
warm_up_nowhere(const char *directory)
{
	unsigned before = threads();

	(void)directory;
	channel_warm_up("/no/such/directory");
	return falls_to(before) ? 0 : 1;
}

static int
in_a_child(int (*body)(const char *), const char *directory)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(body(directory));
	waitpid(pid, &status, 0);
	return status;
}

Test(channel, what_warms_up_leaves_no_thread_and_no_file)
{
	char directory[] = "/tmp/orderly-test-XXXXXX";

	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(in_a_child(warm_up_twice, directory), 0);
	cr_assert_eq(rmdir(directory), 0);
}

/* There is nothing to be warmed up where no socket can be made: that is no error, and nobody waits. */
Test(channel, warming_up_nowhere_does_nothing)
{
	cr_assert_eq(in_a_child(warm_up_nowhere, ""), 0);
}
