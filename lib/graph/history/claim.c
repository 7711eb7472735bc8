/*
 * An flock, that the system takes back whenever its process ends: there is
 * nothing to clear after a crash.  The file holds the pid of its owner for
 * the sentence only, and stays where it is.
 */
#define _GNU_SOURCE /* O_CLOEXEC, flock */
#include "graph/history/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define LOOK_MS 20 /* between two looks at a lock that somebody has */

/* Who has it, by the file's word. */
static int
in_use(const char *path, int fd, struct error *error)
{
	char text[32] = "";
	ssize_t size = pread(fd, text, sizeof text - 1, 0);
	long pid = size > 0 ? strtol(text, NULL, 10) : 0;

	if (pid <= 0)
		return error_set(error, ORD_ETIMEDOUT,
			"the database %s is in use by another runner: wait for it", path);
	if (kill((pid_t)pid, 0) != 0 && errno == ESRCH)
		return error_set(error, ORD_ETIMEDOUT,
			"the database %s is in use by what the runner with pid %ld, which has ended, left behind: end that",
			path, pid);
	return error_set(error, ORD_ETIMEDOUT,
		"the database %s is in use by the runner with pid %ld: wait for it, or end it",
		path, pid);
}

/* Is the file that is locked still the one at its path? */
static int
is_at(int fd, const char *path)
{
	struct stat open_one, named;

	return fstat(fd, &open_one) == 0 && stat(path, &named) == 0 &&
		open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

static void
write_pid(int fd)
{
	char text[32];
	int size = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	/* Only a sentence is worse without it. */
	if (fd_may_grow(sizeof text) == 0 && ftruncate(fd, 0) == 0 &&
		pwrite(fd, text, (size_t)size, 0) != size)
		return;
}

int
claim(const char *database, int wait_ms, int *lock, struct error *error)
{
	uint64_t until = clock_now_ns() + (uint64_t)wait_ms * CLOCK_NS_PER_MS;
	char path[4300];

	snprintf(path, sizeof path, "%s.lock", database);
	for (;;) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666), locked, status;

		if (fd < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
			return 1;
		if (fd < 0)
			return error_system(error, errno, "the lock %s cannot be opened", path);
		locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (locked && is_at(fd, path)) {
			write_pid(fd);
			*lock = fd;
			return 0;
		}
		/* Locked, but no more at its path: it was deleted meanwhile, and the next one counts. */
		status = !locked && clock_now_ns() >= until ? in_use(database, fd, error) : 0;
		fd_close(&fd);
		if (status != 0)
			return status;
		if (!locked)
			poll(NULL, 0, LOOK_MS);
	}
}
