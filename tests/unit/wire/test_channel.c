/* What the spawner does for its workers' sockets. */
#define _GNU_SOURCE /* mkdtemp */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "wire/channel.h"

static unsigned
entries(const char *path)
{
	DIR *directory = opendir(path);
	unsigned n = 0;

	cr_assert_not_null(directory);
	while (readdir(directory) != NULL)
		n++;
	closedir(directory);
	return n;
}

/* Threads of this process; the runner may have some of its own. */
static unsigned
threads(void)
{
	return entries("/proc/self/task");
}

Test(channel, what_warms_up_leaves_no_thread_and_no_file)
{
	char directory[] = "/tmp/orderly-test-XXXXXX";
	unsigned before = threads(), fds;

	cr_assert_not_null(mkdtemp(directory));
	channel_warm_up(directory);
	cr_assert_eq(threads(), before);
	fds = entries("/proc/self/fd");
	channel_warm_up(directory);
	cr_assert_eq(entries("/proc/self/fd"), fds + 1); /* of the context that stays */
	cr_assert_eq(entries(directory), 2);             /* itself and its parent */
	rmdir(directory);
}

/* There is nothing to be warmed up where no socket can be made: that is no error, and nobody waits. */
Test(channel, warming_up_nowhere_does_nothing)
{
	unsigned before = threads();

	channel_warm_up("/no/such/directory");
	cr_assert_eq(threads(), before);
}
