/*
 * Whether there is room for threads is found out by starting some: limits of
 * users, of control groups and of addresses are looked at by nobody else in
 * the same way.  Their stacks stay with libc, for those that come next.
 */
#define _GNU_SOURCE /* pthread_getattr_default_np */
#include "base/threads.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "base/memory.h"

/* Named as libzmq names its own, which may be there while a process is forked; a thread is seen for a moment after it was joined. */
#define NAME "ZMQbg/probe"

/* All are alive until the last one is. */
static void *
wait_for_others(void *gate)
{
	prctl(PR_SET_NAME, NAME);
	pthread_mutex_lock(gate);
	pthread_mutex_unlock(gate);
	return NULL;
}

static int
start_some(pthread_t *threads, unsigned count, unsigned *started)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	int failed = 0;

	pthread_mutex_lock(&gate);
	for (*started = 0; *started < count && failed == 0; *started += failed == 0)
		failed = pthread_create(&threads[*started], NULL, wait_for_others, &gate);
	pthread_mutex_unlock(&gate);
	for (unsigned i = 0; i < *started; i++)
		pthread_join(threads[i], NULL);
	pthread_mutex_destroy(&gate);
	return failed;
}

/* pthread_create says EAGAIN in both cases. */
static int
why_none(int failed)
{
	size_t size = 0;
	pthread_attr_t attributes;

	if (failed != EAGAIN || pthread_getattr_default_np(&attributes) != 0)
		return failed;
	pthread_attr_getstacksize(&attributes, &size);
	pthread_attr_destroy(&attributes);
	return memory_headroom(size) != 0 ? ENOMEM : failed;
}

int
threads_headroom(unsigned count)
{
	pthread_t threads[THREADS_HEADROOM_MAX];
	sigset_t all, before;
	unsigned started;

	/* No handler of the host runs in them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	errno = start_some(
		threads, count < THREADS_HEADROOM_MAX ? count : THREADS_HEADROOM_MAX, &started);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = why_none(errno);
	return errno == 0 ? 0 : -1;
}
