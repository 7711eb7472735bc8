/*
 * The making of the spawner's process, in a host that may have threads,
 * signal handlers, and a SIGCHLD of its own.  A program is started by
 * posix_spawn, which takes no lock of the host along; a fork is made only
 * where no other thread could hold one.
 */
#define _GNU_SOURCE /* posix_spawn_file_actions_addclosefrom_np, pidfd_open */
#include "spawn/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <orderly/pool.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "spawn/entry.h"
#include "spawn/processes.h"

#ifndef ORDERLY_PROGRAM
#define ORDERLY_PROGRAM "orderly"
#endif
#define PROGRAM_IN_PATH "orderly"
#define SELF_LINK "/proc/self/exe"
#define REAP_LOOK_MS 5

/* The file this process runs; the link itself if the file is gone, for the kernel still has it. */
static const char *
self_program(char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	ssize_t length = readlink(SELF_LINK, path, size - 1);

	if (length <= 0)
		return SELF_LINK;
	path[length] = '\0';
	if ((size_t)length >= sizeof deleted &&
		strcmp(path + length + 1 - sizeof deleted, deleted) == 0)
		return SELF_LINK;
	return path;
}

const char *
start_name(const struct launch_options *options, char *text, size_t size)
{
	if (options->start == ORD_START_FORK)
		return "the forked spawner";
	if (options->program != NULL)
		return options->program;
	return options->start == ORD_START_EXEC ? self_program(text, size) : ORDERLY_PROGRAM;
}

int
start_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setpgroup(attributes, 0);
	return posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

/* The least of those that are kept, and open, from `from` on; or -1. */
static int
next_kept(const struct launch_options *options, int from)
{
	int least = -1;

	for (size_t i = 0; i < options->n_keep_fds; i++)
		if (options->keep_fds[i] >= from && (least < 0 || options->keep_fds[i] < least) &&
			fcntl(options->keep_fds[i], F_GETFD) >= 0)
			least = options->keep_fds[i];
	return least;
}

/* A copy onto itself is one that is not closed by exec. */
static int
keep_descriptors(posix_spawn_file_actions_t *actions, const struct launch_options *options)
{
	int failed = 0, from = ENTRY_LIFE + 1;

	for (int fd = next_kept(options, from); failed == 0 && fd >= 0;
		fd = next_kept(options, from)) {
		for (; failed == 0 && from < fd; from++)
			failed = posix_spawn_file_actions_addclose(actions, from);
		if (failed == 0)
			failed = posix_spawn_file_actions_adddup2(actions, fd, fd);
		from = fd + 1;
	}
	return failed != 0 ? failed : posix_spawn_file_actions_addclosefrom_np(actions, from);
}

static int
set_descriptors(posix_spawn_file_actions_t *actions, const struct launch_options *options, int end)
{
	int failed = posix_spawn_file_actions_adddup2(actions, end, ENTRY_LIFE);

	return failed != 0 ? failed : keep_descriptors(actions, options);
}

static int
run_with(pid_t *pid, const char *program, posix_spawn_file_actions_t *actions,
	const struct launch_options *options, int end)
{
	posix_spawnattr_t attributes;
	int failed = posix_spawnattr_init(&attributes);

	if (failed != 0)
		return failed;
	failed = start_attributes(&attributes);
	if (failed == 0)
		failed = set_descriptors(actions, options, end);
	if (failed == 0) {
		char mark[] = ENTRY_MARK;
		char *argv[] = { (char *)(uintptr_t)program, mark, NULL };

		failed = posix_spawnp(pid, program, actions, &attributes, argv, environ);
	}
	posix_spawnattr_destroy(&attributes);
	return failed;
}

/* 0 or an errno. */
static int
run_program(pid_t *pid, const char *program, const struct launch_options *options, int end)
{
	posix_spawn_file_actions_t actions;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return failed;
	failed = run_with(pid, program, &actions, options, end);
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

static int
is_missing(int failed)
{
	return failed == ENOENT || failed == EACCES || failed == ENOTDIR || failed == ENOEXEC ||
		failed == ELOOP || failed == EISDIR || failed == ENAMETOOLONG;
}

static pid_t
start_program(const struct launch_options *options, int end, struct error *error)
{
	char path[4096];
	const char *program = start_name(options, path, sizeof path);
	pid_t pid = -1;
	int failed = run_program(&pid, program, options, end);

	/* The installed command may have been moved to elsewhere in PATH. */
	if (is_missing(failed) && options->start == ORD_START_COMMAND && options->program == NULL)
		failed = run_program(&pid, PROGRAM_IN_PATH, options, end);
	if (failed == 0)
		return pid;
	error_system(error, failed, "cannot start the worker program %s", program);
	if (is_missing(failed))
		error->status = ORD_EPROGRAM;
	return -1;
}

/* keep[0] is the life end; the rest is what the host wants to keep. */
_Noreturn static void
be_spawner(int *keep, size_t n_keep, worker_serve_fn serve)
{
	int end = keep[0];

	setpgid(0, 0);
	processes_default_signals();
	/* What the host has not written yet is the host's to write. */
	__fpurge(stdin);
	__fpurge(stdout);
	__fpurge(stderr);
	processes_close_all_but(keep, n_keep);
	for (size_t i = 0; i < n_keep; i++)
		if (keep[i] != end)
			fcntl(keep[i], F_SETFD, 0); /* commands have them too */
	spawner_run(end, serve);
}

/* No handler of the host runs in the child. */
static pid_t
fork_spawner(int *keep, size_t n_keep, worker_serve_fn serve)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid == 0)
		be_spawner(keep, n_keep, serve);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid > 0)
		setpgid(pid, pid);
	return pid;
}

static pid_t
start_fork(const struct launch_options *options, int end, struct error *error)
{
	unsigned threads = processes_other_threads();
	size_t n_keep = options->n_keep_fds + 1;
	int *keep;
	pid_t pid;

	if (threads != 0) {
		error_set(error, ORD_ENOTSUP,
			"workers cannot be forked from a process with other threads (%u): start the pool before them, "
			"or call ord_worker_main at the top of main and use ORD_START_EXEC",
			threads);
		return -1;
	}
	keep = memory_new(n_keep, sizeof *keep);
	if (keep == NULL) {
		error_memory(error);
		return -1;
	}
	keep[0] = end;
	if (options->n_keep_fds != 0)
		memcpy(keep + 1, options->keep_fds, options->n_keep_fds * sizeof *keep);
	pid = fork_spawner(keep, n_keep, options->serve);
	if (pid < 0)
		error_system(error, errno, "cannot fork the spawner");
	memory_free(keep);
	return pid;
}

pid_t
start_spawner(const struct launch_options *options, int end, struct error *error)
{
	return options->start == ORD_START_FORK ? start_fork(options, end, error)
						: start_program(options, end, error);
}

/* 1: it has been reaped, by us or by somebody else. */
static int
is_reaped(pid_t pid, int flags)
{
	pid_t got;

	do
		got = waitpid(pid, NULL, flags);
	while (got < 0 && errno == EINTR);
	return got != 0;
}

/* Once it is reaped its number may be another's. */
static int
is_ours(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

void
start_reap(pid_t pid, uint64_t kill_ns)
{
	/* Optional: it saves the time between two looks. */
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	uint64_t now;

	/* One that somebody has stopped shall see that it is to end. */
	if (is_ours(pid))
		kill(pid, SIGCONT);
	while (!is_reaped(pid, WNOHANG) && (now = clock_now_ns()) < kill_ns)
		poll(&end, 1, end.fd >= 0 ? clock_left_ms(now, kill_ns) : REAP_LOOK_MS);
	fd_close(&end.fd);
	start_kill(pid);
}

void
start_kill(pid_t pid)
{
	if (!is_ours(pid))
		return;
	kill(-pid, SIGKILL);
	is_reaped(pid, 0);
}
