/*
 * The worker's part of a stack trace.  The handler says in the status page
 * that this process has crashed, wakes the spawner by the timer that both
 * have, and sleeps until the spawner says that all has been seen, or for a
 * while.  Then the signal comes again, as it was, and finds its default
 * action: exit status and core are those of a crash without a handler.
 *
 * Only what signal handlers may do is done here, and nothing is believed of
 * the process but that its pages are there.
 */
#define _GNU_SOURCE /* gettid, syscall, sigaltstack */
#include "worker/crash.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/worker.h"

#define STACK_SIZE (64 * 1024)
#define MORE_SECONDS 1 /* than the tracer may take, for what is around it */

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

static void
wake_spawner(const struct worker *worker)
{
	struct itimerspec at_once = { .it_value = { 0, 1 } };

	/* Its spawner and what that starts may look into this process, also where only parents may. */
	prctl(PR_SET_PTRACER, (unsigned long)getppid(), 0, 0, 0);
	timerfd_settime(worker->deadline, 0, &at_once, NULL);
}

/* The tracer's stops end the wait early, so it goes on until the time is up. */
static void
await_tracer(struct status_page *page)
{
	struct timespec now, end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (time_t)(page->stack_ms / 1000) + 1 + MORE_SECONDS;
	do {
		syscall(SYS_futex, &page->crash, FUTEX_WAIT_BITSET, CRASH_WAITS, &end, NULL,
			FUTEX_BITSET_MATCH_ANY);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (atomic_load(&page->crash) == CRASH_WAITS && now.tv_sec < end.tv_sec);
}

/* Children that a task forked, and threads that it started, are not the worker. */
static struct worker *
worker_here(void)
{
	struct ord_task *task = gettid() == getpid() ? log_task_running() : NULL;

	return task != NULL && task->worker != NULL && task->worker->pid == getpid() ? task->worker
										     : NULL;
}

static void
on_crash(int number, siginfo_t *info, void *context)
{
	int kept = errno;
	struct worker *worker = worker_here();

	(void)context;
	if (worker != NULL && atomic_load(&worker->region.page->crash) == CRASH_NONE) {
		atomic_store(&worker->region.page->crash, CRASH_WAITS);
		wake_spawner(worker);
		await_tracer(worker->region.page);
	}
	/* It is blocked while this handler runs, and comes when it has returned. */
	syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), number, info);
	errno = kept;
}

void
crash_watch(struct worker *worker)
{
	struct sigaction action = { .sa_sigaction = on_crash,
		.sa_flags = (int)(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND) },
			 before;
	stack_t stack = { .ss_size = STACK_SIZE };

	stack.ss_sp = memory_resize(NULL, STACK_SIZE);
	if (stack.ss_sp == NULL)
		return;
	worker->pid = getpid();
	sigaltstack(&stack, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
			sigaction(signals[i], &action, NULL);
}
