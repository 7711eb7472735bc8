/*
 * The spawner's part of a stack trace: a worker has said in its page that it
 * has crashed, and waits.  A tracer, which is a program of its own, writes its
 * stack into a memfd; when that has ended, or its time is up, the worker is
 * told to go on dying.  Whatever happens to the tracer costs the trace only.
 */
#define _GNU_SOURCE /* memfd_create, environ */
#include "spawn/spawner_state.h"

#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "spawn/start.h"

#define TRACER "orderly-stack" /* looked up in PATH */

/* The worker may go on dying, also if the tracer that stopped it has died. */
static void
let_go(struct spawner *spawner, struct child *worker)
{
	atomic_store(&worker->region.page->crash, CRASH_SEEN);
	syscall(SYS_futex, &worker->region.page->crash, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
	if (spawner->suspended_ns == 0)
		kill(worker->pid, SIGCONT);
}

static void
forget_tracer(struct child *worker)
{
	fd_close(&worker->trace);
	worker->tracer = 0;
	worker->trace_until_ns = 0;
}

static char *
read_trace(int fd)
{
	char *text = memory_resize(NULL, LIFE_STACK_MAX + 1);
	ssize_t size = text != NULL ? pread(fd, text, LIFE_STACK_MAX, 0) : -1;

	if (text != NULL)
		text[size > 0 ? size : 0] = '\0';
	return text;
}

/* Standard output is the memfd; what the tracer has to complain of is nobody's. */
static int
run_tracer(const struct child *worker, pid_t *pid)
{
	char number[16], name[] = TRACER;
	char *argv[] = { name, number, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return failed;
	snprintf(number, sizeof number, "%d", (int)worker->pid);
	posix_spawn_file_actions_adddup2(&actions, worker->trace, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, STDIN_FILENO, STDERR_FILENO);
	failed = posix_spawnattr_init(&attributes);
	if (failed == 0) {
		start_attributes(&attributes);
		failed = posix_spawnp(pid, name, &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

void
trace_look(struct spawner *spawner, struct child *worker)
{
	/* Once: a worker that says again that it has crashed is out of its mind, and costs no tracer more. */
	if (atomic_load(&worker->region.page->crash) != CRASH_WAITS || worker->tracer != 0 ||
		worker->stack != NULL)
		return;
	worker->trace = memfd_create("orderly-trace", MFD_CLOEXEC);
	if (worker->trace < 0 || fd_lift(&worker->trace) != 0 ||
		run_tracer(worker, &worker->tracer) != 0) {
		forget_tracer(worker);
		let_go(spawner, worker);
		return;
	}
	worker->trace_until_ns = clock_now_ns() + worker->region.page->stack_ms * CLOCK_NS_PER_MS;
	stop_wake_at(spawner, worker->trace_until_ns);
}

/* The process that has ended may be a tracer. */
void
trace_ended(struct spawner *spawner, pid_t pid)
{
	for (size_t i = 0; i < spawner->n_children; i++) {
		struct child *worker = &spawner->children[i];

		if (worker->tracer != pid)
			continue;
		worker->stack = read_trace(worker->trace);
		forget_tracer(worker);
		let_go(spawner, worker);
		return;
	}
}

/* It has had its time: its end is told like any other. */
void
trace_is_late(struct child *worker)
{
	kill(worker->tracer, SIGKILL);
	worker->trace_until_ns = 0;
}

/* The worker has ended; the tracer that is left is reaped like a stranger. */
void
trace_finish(struct child *worker)
{
	if (worker->tracer > 0)
		kill(worker->tracer, SIGKILL);
	forget_tracer(worker);
	memory_free(worker->stack);
	worker->stack = NULL;
}
