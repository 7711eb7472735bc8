/*
 * What a fork takes along and a new process must not have: threads' locks,
 * descriptors, signal handlers.
 */
#define _GNU_SOURCE /* close_range, gettid */
#include "spawn/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define LOOKS 50
#define LOOK_MS 2

/* Threads that hold no lock a child could want, and that die with a fork without harm. */
static int
is_of_zmq(const char *thread)
{
	char path[64], name[32];
	ssize_t size;
	int fd;

	snprintf(path, sizeof path, "/proc/self/task/%.20s/comm", thread);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd >= 0 ? read(fd, name, sizeof name) : -1;
	/* One that has ended meanwhile is none. */
	if (fd < 0 && errno == ENOENT)
		return 1;
	fd_close(&fd);
	return size >= 6 && memcmp(name, "ZMQbg/", 6) == 0;
}

/* ThreadSanitizer's runtime, if it is linked, has a thread that it takes care of when forking. */
extern void __tsan_init(void) __attribute__((weak)); /* NOLINT(readability-identifier-naming) */

static unsigned
sanitizer_threads(void)
{
	return __tsan_init != NULL ? 1 : 0;
}

static unsigned
count_other_threads(void)
{
	DIR *threads = opendir("/proc/self/task");
	struct dirent *entry;
	unsigned others = 0;

	if (threads == NULL)
		return 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this directory stream */
	while ((entry = readdir(threads)) != NULL)
		if (entry->d_name[0] != '.' && strtol(entry->d_name, NULL, 10) != gettid() &&
			!is_of_zmq(entry->d_name))
			others++;
	closedir(threads);
	return others > sanitizer_threads() ? others - sanitizer_threads() : 0;
}

/* A thread of libzmq that another pool has just made has no name before it first runs. */
unsigned
processes_other_threads(void)
{
	unsigned others = count_other_threads();

	for (int looks = 0; others != 0 && looks < LOOKS; looks++) {
		poll(NULL, 0, LOOK_MS);
		others = count_other_threads();
	}
	return others;
}

static void
close_from_to(unsigned first, unsigned last)
{
	long end = sysconf(_SC_OPEN_MAX);

	/* ENOSYS under an old tracer. */
	if (first > last || close_range(first, last, 0) == 0)
		return;
	for (unsigned fd = first; fd <= last && fd < (unsigned long)end; fd++)
		close((int)fd);
}

static int
by_number(const void *left, const void *right)
{
	int a = *(const int *)left, b = *(const int *)right;

	return (a > b) - (a < b);
}

void
processes_close_all_but(int *keep, size_t n)
{
	unsigned next = 3;

	qsort(keep, n, sizeof *keep, by_number);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)next)
			continue;
		close_from_to(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_from_to(next, ~0u);
}

void
processes_default_signals(void)
{
	struct sigaction action = { .sa_handler = SIG_DFL };

	/* SIGKILL, SIGSTOP and the two that are libc's own say EINVAL. */
	for (int number = 1; number <= SIGRTMAX; number++)
		sigaction(number, &action, NULL);
}
