/*
 * Directories of runs: made, held, removed.  What is removed is only what this
 * file makes: directories below DIR whose name is one of ours, and the files in
 * them; a directory in there stays, and so does the run around it.
 *
 * A runner makes its directory, then a file in it, then locks that (flock); who
 * prunes locks it first.  If a pruner was between the two, the runner sees that
 * the file has no name any more, and makes another directory.
 */
#define _GNU_SOURCE /* flock */
#include "graph/logs/runs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/fd.h"
#include "base/memory.h"

#define LOCK_NAME ".lock"
#define LATEST_NAME "latest"
#define RUN_NAME_MAX 64
#define TRIES_MAX 100
#define FILE_NAME_MOST 255u /* what file systems take */
#define SUFFIX_MAX 40u      /* of a file: what is cut, its number and .log */

/* --- making --- */

/* All directories of a path; 0 or -1 with errno. */
static int
make_path(const char *directory)
{
	char *path = memory_copy(directory, strlen(directory));
	int failed = 0;

	if (path == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (char *at = path; failed == 0 && *at != '\0'; at++) {
		if (*at != '/' || at == path)
			continue;
		*at = '\0';
		if (mkdir(path, 0777) != 0 && errno != EEXIST)
			failed = errno;
		*at = '/';
	}
	if (failed == 0 && mkdir(path, 0777) != 0 && errno != EEXIST)
		failed = errno;
	memory_free(path);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

/* Names sort as the times do; later: so many milliseconds after now. */
static void
write_name(char name[RUN_NAME_MAX], int later)
{
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_nsec += later * 1000000L;
	now.tv_sec += now.tv_nsec / 1000000000;
	now.tv_nsec %= 1000000000;
	gmtime_r(&now.tv_sec, &utc);
	snprintf(name, RUN_NAME_MAX, "%04d%02d%02d-%02d%02d%02d.%03d-%d", utc.tm_year + 1900,
		utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
		(int)(now.tv_nsec / 1000000), (int)getpid());
}

/* Whether it is one of ours: digits where they stand in a name of today. */
static int
is_run(const char *name)
{
	static const char form[] = "00000000-000000.000-0";
	size_t i = 0;

	for (; form[i] != '\0'; i++)
		if (form[i] == '0' ? !isdigit((unsigned char)name[i]) : name[i] != form[i])
			return 0;
	return name[i + strspn(name + i, "0123456789")] == '\0';
}

/* The lock of a new directory: -1 with errno; EAGAIN: somebody was faster. */
static int
take_lock(int at, const char *name)
{
	int directory = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
	    lock = -1;
	struct stat status;

	if (directory >= 0)
		lock = openat(directory, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (directory < 0 || lock < 0)
		errno = errno == ENOENT ? EAGAIN : errno;
	else if (flock(lock, LOCK_EX | LOCK_NB) != 0)
		errno = errno == EWOULDBLOCK ? EAGAIN : errno;
	else if (fstat(lock, &status) == 0 && status.st_nlink == 0)
		errno = EAGAIN;
	else {
		fd_close(&directory);
		return fd_lift(&lock) == 0 ? lock : -1;
	}
	fd_close(&directory);
	fd_close(&lock);
	return -1;
}

/* A name that nobody has, and its lock; -1 with errno. */
static int
make_run(int at, char name[RUN_NAME_MAX])
{
	int lock = -1;

	errno = EAGAIN;
	for (int tries = 0; lock < 0 && errno == EAGAIN && tries < TRIES_MAX; tries++) {
		write_name(name, tries);
		if (mkdirat(at, name, 0777) == 0)
			lock = take_lock(at, name);
		else if (errno == EEXIST)
			errno = EAGAIN;
	}
	return lock;
}

/* For people; what else has that name stays as it is. */
static void
link_latest(int at, const char *name)
{
	char fresh[RUN_NAME_MAX];

	snprintf(fresh, sizeof fresh, ".latest.%d", (int)getpid());
	(void)unlinkat(at, fresh, 0);
	if (symlinkat(name, at, fresh) == 0 && renameat(at, fresh, at, LATEST_NAME) != 0)
		(void)unlinkat(at, fresh, 0);
}

/* --- removing --- */

/* All files of a run, the lock last. */
static void
remove_files(int directory)
{
	int copy = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	DIR *files = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *file;

	if (files == NULL) {
		fd_close(&copy);
		return;
	}
	while ((file = readdir(files)) != NULL)
		if (strcmp(file->d_name, LOCK_NAME) != 0)
			(void)unlinkat(directory, file->d_name, 0);
	closedir(files);
}

/* Unless somebody lives there.  One without a lock is being made, or is the rest of one. */
static void
remove_run(int at, const char *name)
{
	int directory = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), lock;

	if (directory < 0)
		return;
	lock = openat(directory, LOCK_NAME, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
		remove_files(directory);
		(void)unlinkat(directory, LOCK_NAME, 0);
		(void)unlinkat(at, name, AT_REMOVEDIR);
	} else if (lock < 0 && errno == ENOENT) {
		(void)unlinkat(at, name, AT_REMOVEDIR);
	}
	fd_close(&lock);
	fd_close(&directory);
}

static int
newest_first(const void *left, const void *right)
{
	return strcmp(right, left);
}

/* Names of runs, each in RUN_NAME_MAX bytes. */
static int
list_runs(DIR *all, struct buffer *names)
{
	const struct dirent *entry;
	int status = 0;

	while (status == 0 && (entry = readdir(all)) != NULL) {
		char name[RUN_NAME_MAX] = "";

		if (strlen(entry->d_name) >= sizeof name || !is_run(entry->d_name))
			continue;
		memcpy(name, entry->d_name, strlen(entry->d_name));
		status = buffer_append(names, name, sizeof name);
	}
	return status;
}

/* Without memory or a look at the directory they are removed another time. */
static void
prune(int at, uint32_t keep)
{
	int copy = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *all = copy >= 0 ? fdopendir(copy) : NULL;
	struct buffer names = { 0 };

	if (all == NULL) {
		fd_close(&copy);
		return;
	}
	if (list_runs(all, &names) == 0) {
		size_t count = names.size / RUN_NAME_MAX;

		if (count > keep)
			qsort(names.bytes, count, RUN_NAME_MAX, newest_first);
		for (size_t i = keep; i < count; i++)
			remove_run(at, names.bytes + i * RUN_NAME_MAX);
	}
	buffer_finish(&names);
	closedir(all);
}

/* --- runs --- */

static int
join(struct log_run *run, const char *directory, const char *name)
{
	struct buffer path = { 0 };
	size_t size = strlen(directory);
	int status = buffer_append(&path, directory, size);

	if (status == 0 && size != 0 && directory[size - 1] != '/')
		status = buffer_append(&path, "/", 1);
	if (status == 0)
		status = buffer_append(&path, name, strlen(name) + 1);
	run->path = path.bytes;
	return status;
}

int
run_open(struct log_run *run, const char *directory, uint32_t keep, struct error *error)
{
	char name[RUN_NAME_MAX] = "";
	int at = -1;

	*run = (struct log_run){ .lock = -1 };
	if (make_path(directory) == 0)
		at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0 && fd_lift(&at) == 0)
		run->lock = make_run(at, name);
	if (run->lock < 0) {
		error_system(error, errno, "cannot make a directory for logs in %s", directory);
		fd_close(&at);
		return error->status;
	}
	if (join(run, directory, name) != 0) {
		fd_close(&at);
		run_close(run);
		return error_memory(error);
	}
	link_latest(at, name);
	prune(at, keep);
	fd_close(&at);
	return ORD_OK;
}

void
run_close(struct log_run *run)
{
	if (run->lock > 0)
		fd_close(&run->lock);
	memory_free(run->path);
	*run = (struct log_run){ 0 };
}

/* --- files --- */

static int
is_plain(const char *name, size_t at)
{
	unsigned char byte = (unsigned char)name[at];

	return byte >= 0x20 && byte != 0x7f && byte != '/' && byte != '%' &&
		(byte != '.' || at != 0);
}

int
run_file_name(struct buffer *to, const char *name, uint32_t node, uint32_t number)
{
	size_t begin = to->size, least = 0, at = 0;
	char text[SUFFIX_MAX];
	int status = 0;

	for (; status == 0 && name[at] != '\0' && to->size - begin <= FILE_NAME_MOST - 13; at++) {
		if (to->size - begin <= FILE_NAME_MOST - SUFFIX_MAX)
			least = to->size;
		if (is_plain(name, at)) {
			status = buffer_append(to, &name[at], 1);
			continue;
		}
		snprintf(text, sizeof text, "%%%02X", (unsigned char)name[at]);
		status = buffer_append(to, text, 3);
	}
	/* No other name has a `%` in front of what is no hexadecimal digit. */
	if (status == 0 && (name[at] != '\0' || to->size - begin > FILE_NAME_MOST - 15)) {
		to->size = least;
		snprintf(text, sizeof text, "%%~%u", node);
		status = buffer_append(to, text, strlen(text));
	}
	snprintf(text, sizeof text, ".%u.log", number);
	return status == 0 ? buffer_append(to, text, strlen(text) + 1) : status;
}
