/* FIFOs that leave nothing behind: fifo.h. */
#define _GNU_SOURCE /* O_DIRECTORY, flock, secure_getenv */
#include "graph/jobserver/fifo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

#define PREFIX "orderly-jobs-"
#define PATH_ROOM 4096
#define ATTEMPTS 8

static const char fifo_name[] = "tokens";

void
fifo_init(struct fifo *fifo)
{
	*fifo = (struct fifo){ .lock = -1 };
}

/* What reads $MAKEFLAGS takes a blank for the end of a word. */
static int
is_fit(const char *parent)
{
	return parent != NULL && parent[0] == '/' && strlen(parent) < PATH_ROOM / 2 &&
		strpbrk(parent, " \t\n\\$") == NULL && access(parent, W_OK | X_OK) == 0;
}

static const char *
find_parent(void)
{
	const char *parent = secure_getenv("XDG_RUNTIME_DIR");

	if (is_fit(parent))
		return parent;
	return is_fit("/dev/shm") ? "/dev/shm" : "/tmp";
}

/* An flock on a directory; -1 with errno. */
static int
lock_directory(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int failed;

	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	failed = errno;
	fd_close(&fd);
	errno = failed;
	return -1;
}

/* One whose owner has gone; a name that is another user's is left to that. */
static void
prune_one(int parent, const char *name)
{
	struct stat status;
	int fd = lock_directory(parent, name);

	if (fd < 0)
		return;
	if (fstat(fd, &status) == 0 && status.st_uid == geteuid()) {
		unlinkat(fd, fifo_name, 0);
		unlinkat(parent, name, AT_REMOVEDIR);
	}
	fd_close(&fd);
}

static void
prune(const char *parent)
{
	DIR *directory = opendir(parent);
	const struct dirent *entry;

	if (directory == NULL)
		return;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this directory stream */
	while ((entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, PREFIX, sizeof PREFIX - 1) == 0)
			prune_one(dirfd(directory), entry->d_name);
	closedir(directory);
}

/* A directory that has just been made may be taken for one that was left behind, until it is locked: 0 or -1 with errno. */
static int
make_directory(struct fifo *fifo, const char *parent)
{
	char name[PATH_ROOM];

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		snprintf(name, sizeof name, "%s/" PREFIX "XXXXXX", parent);
		if (mkdtemp(name) == NULL)
			return -1;
		fifo->lock = lock_directory(AT_FDCWD, name);
		if (fifo->lock >= 0) {
			fifo->directory = memory_copy(name, strlen(name));
			if (fifo->directory != NULL)
				return 0;
			rmdir(name);
			errno = ENOMEM;
			return -1;
		}
		if (errno != ENOENT && errno != EWOULDBLOCK) {
			int failed = errno;

			rmdir(name);
			errno = failed;
			return -1;
		}
	}
	return -1;
}

static int
make_in(struct fifo *fifo)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof path, "%s/%s", fifo->directory, fifo_name);
	fifo->path = memory_copy(path, strlen(path));
	if (fifo->path == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return mkfifo(path, 0600);
}

int
fifo_make(struct fifo *fifo, const char *parent, struct error *error)
{
	int failed;

	if (parent == NULL)
		parent = find_parent();
	prune(parent);
	if (make_directory(fifo, parent) == 0 && make_in(fifo) == 0)
		return ORD_OK;
	failed = errno;
	fifo_remove(fifo);
	return error_system(error, failed,
		"cannot make a FIFO in %s (XDG_RUNTIME_DIR may name another place)", parent);
}

void
fifo_leave(struct fifo *fifo)
{
	fd_close(&fifo->lock);
	memory_free(fifo->directory);
	memory_free(fifo->path);
	fifo_init(fifo);
}

void
fifo_remove(struct fifo *fifo)
{
	if (fifo->path != NULL)
		unlink(fifo->path);
	if (fifo->directory != NULL)
		rmdir(fifo->directory);
	fifo_leave(fifo);
}
