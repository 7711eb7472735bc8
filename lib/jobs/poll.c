/*
 * One descriptor for foreign loops: an epoll of all that a wait would poll, and
 * the time at which it would end, as a timer.  It is filled again behind each call that
 * could have changed what is waited for; what is in it already stays.
 */
#define _GNU_SOURCE /* epoll, timerfd */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/fd.h"
#include "jobs/jobs.h"

#define ENDS_MS 5 /* so long ends may be held back */

static int
enter(struct ord_jobs *jobs, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (fd < 0 || epoll_ctl(jobs->epoll, EPOLL_CTL_ADD, fd, &event) == 0 || errno == EEXIST)
		return 0;
	return -1;
}

/* 0, or -1 with errno: then the timer is short, so that nothing is missed for long. */
static int
fill(struct ord_jobs *jobs)
{
	int status = enter(jobs, jobs->wake);

	if (status == 0)
		status = enter(jobs, jobs->timer);
	if (status == 0)
		status = enter(jobs, jobs->store.functions->descriptor(&jobs->store));
	for (size_t i = 0; status == 0 && i < jobs->n_watched; i++)
		status = enter(jobs, jobs->watched[i].fd);
	return status;
}

void
store_unwatch(const struct store *store, int *fd)
{
	/* A forked process may have it, too: then closing it would leave it in the epoll. */
	if (*store->epoll >= 0 && *fd >= 0)
		epoll_ctl(*store->epoll, EPOLL_CTL_DEL, *fd, NULL);
	fd_close(fd);
}

static int
set_timer(struct ord_jobs *jobs, int ms)
{
	struct itimerspec time = { .it_value = { ms / 1000, (long)(ms % 1000) * 1000000 } };

	if (ms <= 0)
		time.it_value.tv_nsec = 1;
	return timerfd_settime(jobs->timer, 0, &time, NULL);
}

void
jobs_arm(struct ord_jobs *jobs)
{
	int ms, progress = jobs_progress_left(jobs);

	if (jobs->epoll < 0)
		return;
	ms = jobs_bound(jobs, progress);
	if (jobs->n_ends != 0 && ms > ENDS_MS)
		ms = ENDS_MS;
	if (jobs->ready != NULL || jobs->store.heard)
		ms = 0;
	if (fill(jobs) != 0 && ms > (int)jobs->options.poll_ms)
		ms = (int)jobs->options.poll_ms;
	set_timer(jobs, ms);
}

int
jobs_leave(struct ord_jobs *jobs, int status)
{
	/* Other times stay as they were: calls that are made again and again must not put them off. */
	if (jobs->epoll >= 0 &&
		(enter(jobs, jobs->store.functions->descriptor(&jobs->store)) != 0 ||
			jobs->store.heard))
		set_timer(jobs, 0);
	return status;
}

int
jobs_disarm(struct ord_jobs *jobs)
{
	int status;

	if (jobs->epoll < 0)
		return 0;
	status = jobs->store.functions->changed(&jobs->store);
	jobs->store.heard = 0;
	return status < 0 ? status : 0;
}

static int
open_both(struct ord_jobs *jobs)
{
	jobs->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (jobs->epoll >= 0 && fd_lift(&jobs->epoll) == 0)
		jobs->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (jobs->timer >= 0 && fd_lift(&jobs->timer) == 0 && fill(jobs) == 0)
		return 0;
	error_system(&jobs->error, errno, "no descriptor for loops of the host");
	fd_close(&jobs->epoll);
	fd_close(&jobs->timer);
	return ORD_ESYSTEM;
}

int
ord_jobs_fd(struct ord_jobs *jobs)
{
	int status = jobs_enter_open(jobs);

	if (status != 0)
		return status;
	if (!jobs->options.read_only && jobs->options.wait != ORD_JOBS_WAIT_NEVER)
		return error_set(&jobs->error, ORD_EINVAL,
			"this taker waits in ord_jobs_take: a loop of the host's needs .wait = ORD_JOBS_WAIT_NEVER");
	if (jobs->epoll < 0) {
		status = open_both(jobs);
		if (status != 0)
			return status;
		/* Nobody has looked yet. */
		set_timer(jobs, 0);
	}
	return jobs->epoll;
}
