/*
 * Nothing is left.  The spawner is a subreaper, so whoever loses its parent,
 * by a double fork or because the parent was killed, becomes its child; it
 * kills its children until it has none.
 */
#define _GNU_SOURCE /* O_DIRECTORY, fstatat */
#include "spawn/sweep.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define SWEEP_NS (2 * CLOCK_NS_PER_S) /* who sleeps in the kernel after that is left */
#define SWEEP_MOST_NS \
	(20 * CLOCK_NS_PER_S) /* who does not sleep only needs a processor in order to die */
#define SWEEP_LOOK_MS 5

/*
 * Whether a process is a child of ours, by its stat file; the name before its
 * state and its parent may hold anything but its last ')'.  Its state, or 0.
 */
static char
child_state(const char *pid)
{
	char path[64], text[512];
	const char *behind;
	ssize_t size;
	int fd;

	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
	fd_close(&fd);
	if (size <= 0)
		return 0;
	text[size] = '\0';
	behind = strrchr(text, ')');
	return behind != NULL && strlen(behind) > 4 &&
			(pid_t)strtol(behind + 4, NULL, 10) == getpid()
		? behind[2]
		: 0;
}

/*
 * Kill all children by a look at all processes: slow, but it is done once in a
 * life.  How many of them do not sleep in the kernel.
 */
static size_t
kill_children(void)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t awake = 0;

	if (processes == NULL)
		return 0;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this directory stream */
	while ((entry = readdir(processes)) != NULL) {
		char state = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
			? child_state(entry->d_name)
			: 0;

		if (state != 0)
			kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
		awake += state != 0 && state != 'D';
	}
	closedir(processes);
	return awake;
}

/* 0: there are no children. */
static int
reap_some(void)
{
	pid_t pid;

	do
		pid = waitpid(-1, NULL, WNOHANG);
	while (pid > 0 || (pid < 0 && errno == EINTR));
	return pid == 0;
}

void
sweep_descendants(void)
{
	uint64_t began = clock_now_ns();
	size_t awake = 1;

	/* Who is killed leaves its children to us: they are seen on the next round. */
	while (reap_some() && clock_now_ns() - began < (awake != 0 ? SWEEP_MOST_NS : SWEEP_NS)) {
		awake = kill_children();
		if (reap_some())
			poll(NULL, 0, SWEEP_LOOK_MS);
	}
}

/* Only sockets are removed, so that a wrong name costs nothing. */
static void
remove_socket(int directory, const char *name)
{
	struct stat status;

	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISSOCK(status.st_mode))
		unlinkat(directory, name, 0);
}

void
sweep_directory(const char *directory)
{
	int fd = directory[0] == '/'
		? open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
		: -1;
	DIR *entries = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (entries == NULL) {
		fd_close(&fd);
		return;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads this directory stream */
	while ((entry = readdir(entries)) != NULL)
		remove_socket(fd, entry->d_name);
	closedir(entries);
	rmdir(directory);
}
