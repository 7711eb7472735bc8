/* The log goes first: without it a database is an older one, while a log without its database is nothing. */
#define _GNU_SOURCE /* renameat2 */
#include "graph/history/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define NAMES_MAX 10000

static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can say that the name is taken. */
	if (errno != EINVAL)
		return -1;
	if (access(to, F_OK) == 0) {
		errno = EEXIST;
		return -1;
	}
	return rename(from, to);
}

/* What lies beside a database, if it is there; the shared memory is only an index of the log. */
static int
rename_log(const char *path, const char *name)
{
	char from[4300], to[4300];

	snprintf(from, sizeof from, "%s-wal", path);
	snprintf(to, sizeof to, "%s-wal", name);
	if (access(from, F_OK) != 0)
		return 0;
	return rename_new(from, to);
}

int
set_aside(const char *path, char *name, size_t size, struct error *error)
{
	for (int i = 1; i < NAMES_MAX; i++) {
		snprintf(name, size, "%s.aside-%d", path, i);
		if (access(name, F_OK) == 0)
			continue;
		if (rename_log(path, name) == 0 && rename_new(path, name) == 0)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return error_system(error, errno, "the database %s cannot be renamed to %s", path, name);
}

void
drop_log(const char *path)
{
	char name[4300];

	snprintf(name, sizeof name, "%s-wal", path);
	unlink(name);
	snprintf(name, sizeof name, "%s-shm", path);
	unlink(name);
}

int
make_directories(const char *path, struct error *error)
{
	char *part = memory_copy(path, strlen(path));
	int status = 0;

	if (part == NULL)
		return error_memory(error);
	for (char *slash = strchr(part + 1, '/'); status == 0 && *part != '\0' && slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(part, 0777) != 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			status =
				error_system(error, errno, "the directory %s cannot be made", part);
		*slash = '/';
	}
	memory_free(part);
	return status;
}
