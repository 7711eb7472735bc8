/* See victims.h. */
#define _GNU_SOURCE /* syscall */
#include "victims.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t
read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, size - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

pid_t
victims_parent(pid_t pid)
{
	char path[64], text[512];
	const char *end;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_file(path, text, sizeof text) <= 0)
		return 0;
	end = strrchr(text, ')');
	return end != NULL && strlen(end) > 4 ? (pid_t)strtol(end + 4, NULL, 10) : 0;
}

/* For kernels without the list of children. */
static size_t
look_at_all(pid_t parent, pid_t *children, size_t most)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	while (processes != NULL && count < most && (entry = readdir(processes)) != NULL) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && victims_parent(pid) == parent)
			children[count++] = pid;
	}
	if (processes != NULL)
		closedir(processes);
	return count;
}

size_t
victims_of(pid_t parent, pid_t *children, size_t most)
{
	char path[64], text[4096], *list = text;
	size_t count = 0;
	pid_t pid;

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent, (int)parent);
	if (read_file(path, text, sizeof text) < 0)
		return look_at_all(parent, children, most);
	while (count < most && (pid = (pid_t)strtol(list, &list, 10)) > 0)
		children[count++] = pid;
	return count;
}

int
victims_hold(pid_t pid, pid_t parent)
{
	int held = (int)syscall(SYS_pidfd_open, pid, 0);

	/* What is held cannot be another's from here on; what it was before is seen by its parent. */
	if (held >= 0 && victims_parent(pid) == parent)
		return held;
	if (held >= 0)
		close(held);
	return -1;
}

int
victims_signal(int held, int number)
{
	return (int)syscall(SYS_pidfd_send_signal, held, number, NULL, 0);
}
