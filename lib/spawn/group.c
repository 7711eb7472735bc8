/*
 * The files of a group: a process enters by writing "0" to cgroup.procs, and
 * "1" to cgroup.kill sends SIGKILL to all that are there, forks under way
 * included.  Removing the directory fails until the last of them is gone.
 */
#define _GNU_SOURCE /* vfork */
#include "spawn/group.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/fd.h"

#define END_NS (2 * CLOCK_NS_PER_S) /* who has not died of SIGKILL by then sleeps in the kernel */
#define END_LOOK_MS 2

static int
open_file(const char *path, const char *name)
{
	char file[GROUP_PATH_MAX + 16];

	snprintf(file, sizeof file, "%s/%s", path, name);
	return open(file, O_WRONLY | O_CLOEXEC);
}

int
group_enter(int procs)
{
	return write(procs, "0", 1) == 1 ? 0 : -1;
}

/* Who may make a group may not always move processes there: both ends must be delegated. */
static int
try_to_enter(int procs)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(group_enter(procs) == 0 ? 0 : errno);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
	return errno == 0 ? 0 : -1;
}

/* Without cgroup.kill (before Linux 5.14) it would be of no use. */
static int
check(const char *path, int procs)
{
	int kill = procs >= 0 ? open_file(path, "cgroup.kill") : -1;

	if (kill < 0)
		return -1;
	fd_close(&kill);
	return try_to_enter(procs);
}

int
group_open(const char *path, struct error *error)
{
	int procs, failed;

	if (mkdir(path, 0755) != 0) {
		error_system(error, errno,
			"cannot make the control group %s (.cgroup names a directory of cgroup version 2 that is delegated to this user)",
			path);
		return -1;
	}
	procs = open_file(path, "cgroup.procs");
	if (procs >= 0 && fd_lift(&procs) == 0 && check(path, procs) == 0)
		return procs;
	failed = errno;
	fd_close(&procs);
	rmdir(path);
	error_system(error, failed,
		"cannot use the control group %s (.cgroup: version 2, Linux 5.14 or newer, and this process in the same delegated tree)",
		path);
	return -1;
}

void
group_end(const char *path)
{
	uint64_t end_ns = clock_now_ns() + END_NS;
	int kill;

	if (path[0] == '\0')
		return;
	kill = open_file(path, "cgroup.kill");
	if (kill >= 0)
		(void)!write(kill, "1", 1);
	fd_close(&kill);
	while (rmdir(path) != 0 && errno == EBUSY && clock_now_ns() < end_ns)
		poll(NULL, 0, END_LOOK_MS);
}
