/*
 * A descriptor of a process is asked, because it cannot mean another one later;
 * that it means the right one is seen from the start time, read behind opening it.
 */
#define _GNU_SOURCE /* syscall, gethostname */
#include "jobs/life.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"

#define START_FIELD 22 /* of /proc/PID/stat; the second is a name, which may hold anything */

static int
read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);

	fd_close(&fd);
	if (got < 0)
		return -1;
	text[got] = '\0';
	return 0;
}

/* 0 or -1 with errno. */
static int
start_of(int32_t pid, uint64_t *start, char *letter)
{
	char path[40], text[1024], *at;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_text(path, text, sizeof text) != 0)
		return -1;
	at = strrchr(text, ')');
	if (at == NULL || at[1] == '\0') {
		errno = EIO;
		return -1;
	}
	*letter = at[2];
	for (int field = 2; field < START_FIELD && at != NULL; field++)
		at = strchr(at + 1, ' ');
	*start = at != NULL ? strtoull(at, NULL, 10) : 0;
	return 0;
}

int
life_of(int32_t pid, struct life *life)
{
	struct stat space;
	char letter;

	memset(life, 0, sizeof *life);
	life->pid = pid != 0 ? pid : (int32_t)getpid();
	if (gethostname(life->host, sizeof life->host - 1) != 0)
		life->host[0] = '\0';
	if (read_text("/proc/sys/kernel/random/boot_id", life->boot, sizeof life->boot) != 0)
		life->boot[0] = '\0';
	life->boot[strcspn(life->boot, "\n")] = '\0';
	if (stat("/proc/self/ns/pid", &space) == 0)
		life->space = space.st_ino;
	return start_of(life->pid, &life->start, &letter);
}

static int
is_near(const struct life *one, const struct life *other)
{
	return one->boot[0] != '\0' && strcmp(one->boot, other->boot) == 0 && one->space != 0 &&
		one->space == other->space;
}

int
life_is_same(const struct life *one, const struct life *other)
{
	return is_near(one, other) && one->pid == other->pid && one->start == other->start;
}

enum life_sign
life_look(const struct life *from, const struct life *life, int *fd)
{
	struct pollfd entry = { .fd = *fd, .events = POLLIN };
	uint64_t start;
	char letter;

	if (!is_near(from, life))
		return LIFE_UNKNOWN;
	if (*fd >= 0)
		return poll(&entry, 1, 0) == 1 ? LIFE_ENDED : LIFE_LIVES;
	*fd = (int)syscall(SYS_pidfd_open, life->pid, 0);
	if (*fd < 0 && errno == ESRCH)
		return LIFE_ENDED;
	if (start_of(life->pid, &start, &letter) != 0) {
		/* It may be hidden from this user. */
		fd_close(fd);
		return LIFE_UNKNOWN;
	}
	if (start != life->start) {
		fd_close(fd);
		return LIFE_ENDED;
	}
	if (*fd < 0)
		return letter == 'Z' || letter == 'X' ? LIFE_ENDED : LIFE_LIVES;
	entry.fd = *fd;
	return poll(&entry, 1, 0) == 1 ? LIFE_ENDED : LIFE_LIVES;
}
