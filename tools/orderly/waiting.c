/*
 * /proc/PID/syscall tells the system call in which a process sleeps, and its
 * arguments; /proc/PID/fd/N, which pipe a descriptor is.  A shell waits for
 * its children, so those are looked at, too.
 */
#include "waiting.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 8

/* Reads a small file of /proc; false if that is not allowed. */
static bool
read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

static bool
is_pipe(pid_t pid, unsigned long fd, const char *pipe)
{
	char path[64], target[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/fd/%lu", (int)pid, fd);
	n = readlink(path, target, sizeof target - 1);
	if (n < 0)
		return false;
	target[n] = '\0';
	return strcmp(target, pipe) == 0;
}

static bool
waits_for_several(long number)
{
	static const long calls[] = {
#ifdef SYS_poll
		SYS_poll,
		SYS_select,
		SYS_epoll_wait,
#endif
		SYS_ppoll,
		SYS_pselect6,
		SYS_epoll_pwait,
	};

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
		if (number == calls[i])
			return true;
	return false;
}

static enum waiting
look_at(pid_t pid, const char *pipe)
{
	char path[64], text[256], *end;
	long number;

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)pid);
	if (!read_file(path, text, sizeof text))
		return WAITING_UNKNOWN;
	if (text[0] < '0' || text[0] > '9')
		return WAITING_NOT; /* running */
	number = strtol(text, &end, 10);
	if (number == SYS_read || number == SYS_readv)
		return is_pipe(pid, strtoul(end, NULL, 16), pipe) ? WAITING_INPUT : WAITING_NOT;
	return waits_for_several(number) ? WAITING_UNKNOWN : WAITING_NOT;
}

/* The next child in a list; 0 at its end. */
static pid_t
next_child(char **list)
{
	return (pid_t)strtol(*list, list, 10);
}

/* The first that waits for input decides; else one that may. */
static enum waiting /* NOLINTNEXTLINE(misc-no-recursion): to DEPTH_MAX */
look_below(pid_t pid, const char *pipe, unsigned depth)
{
	enum waiting found = look_at(pid, pipe), below;
	char path[64], text[1024], *list = text;
	pid_t child;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	if (found == WAITING_INPUT || depth == DEPTH_MAX || !read_file(path, text, sizeof text))
		return found;
	while ((child = next_child(&list)) > 0) {
		below = look_below(child, pipe, depth + 1);
		if (below != WAITING_NOT)
			found = below;
		if (found == WAITING_INPUT)
			break;
	}
	return found;
}

enum waiting
waiting_on(pid_t pid, int pipe)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/self/fd/%d", pipe);
	n = readlink(path, name, sizeof name - 1);
	if (n < 0)
		return WAITING_UNKNOWN;
	name[n] = '\0';
	return look_below(pid, name, 0);
}
