/*
 * One epoll for all that a graph waits for: the pool, sources, an eventfd for
 * what no descriptor tells, and for foreign loops the time of retries.
 */
#include "graph/poll.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "graph/graph.h"

#define EVENTS_PER_ROUND 16

void
poll_init(struct poll *poll)
{
	poll->epoll = poll->timer = -1;
	atomic_init(&poll->wake, -1);
}

static void
close_all(struct poll *poll)
{
	int wake = atomic_exchange(&poll->wake, -1);

	fd_close(&poll->epoll);
	fd_close(&poll->timer);
	fd_close(&wake);
}

void
poll_finish(struct poll *poll)
{
	close_all(poll);
}

/* In a process that was forked the epoll is still that of its parent, which wants to keep what is in it. */
static int
is_ours(const struct ord_graph *graph)
{
	return *graph->alive != 0;
}

static int
enter(struct poll *poll, int fd, uint32_t events, void *source)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	return epoll_ctl(poll->epoll, EPOLL_CTL_ADD, fd, &event);
}

static int
cannot(struct ord_graph *graph)
{
	return error_system(
		&graph->error, errno, "cannot wait for descriptors beside those of the pool");
}

int
poll_open(struct ord_graph *graph)
{
	struct poll *poll = &graph->poll;
	int wake;

	if (poll_is_open(poll))
		return ORD_OK;
	poll->epoll = epoll_create1(EPOLL_CLOEXEC);
	wake = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	atomic_store(&poll->wake, wake);
	if (poll->epoll < 0 || wake < 0 || enter(poll, wake, EPOLLIN, poll) != 0 ||
		(graph->pool != NULL && poll_take_pool(graph) != 0)) {
		cannot(graph);
		close_all(poll);
		return graph->error.status;
	}
	return ORD_OK;
}

int
poll_take_pool(struct ord_graph *graph)
{
	if (!poll_is_open(&graph->poll))
		return ORD_OK;
	if (enter(&graph->poll, ord_pool_fd(graph->pool), EPOLLIN, NULL) != 0)
		return cannot(graph);
	return ORD_OK;
}

/* --- sources --- */

int
poll_add(struct ord_graph *graph, struct poll_source *source)
{
	struct poll *poll = &graph->poll;
	int status = poll_open(graph);

	if (status != ORD_OK)
		return status;
	if (enter(poll, source->fd, (uint32_t)source->events, source) != 0)
		return cannot(graph);
	source->next = poll->sources;
	poll->sources = source;
	return ORD_OK;
}

void
poll_remove(struct ord_graph *graph, struct poll_source *source)
{
	struct poll *poll = &graph->poll;
	struct poll_source **at = &poll->sources;

	while (*at != source)
		at = &(*at)->next;
	*at = source->next;
	for (int i = 0; i < poll->n_events; i++)
		if (poll->events[i].data.ptr == source)
			poll->events[i].data.ptr = NULL;
	if (is_ours(graph))
		(void)epoll_ctl(poll->epoll, EPOLL_CTL_DEL, source->fd, NULL);
}

int
poll_is_awaited(const struct poll *poll)
{
	for (const struct poll_source *source = poll->sources; source != NULL;
		source = source->next)
		if (source->awaited)
			return 1;
	return 0;
}

/* --- waiting --- */

static void
drain(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof count) < 0)
		return; /* another round took it */
}

static void
take(struct ord_graph *graph, void *what)
{
	struct poll *poll = &graph->poll;
	struct poll_source *source = what;

	if (what == NULL)
		return; /* the pool, or a source that is no more */
	if (what == poll) {
		drain(atomic_load(&poll->wake));
	} else if (what == &poll->timer) {
		drain(poll->timer);
		poll->timer_at = 0;
	} else {
		graph->callbacks++;
		source->ready(graph, source->user);
		graph->callbacks--;
	}
}

int
poll_wait(struct ord_graph *graph, int timeout_ms)
{
	struct poll *poll = &graph->poll;
	struct epoll_event events[EVENTS_PER_ROUND];
	int n = epoll_wait(poll->epoll, events, EVENTS_PER_ROUND, poll->given ? 0 : timeout_ms);

	if (n < 0 && errno != EINTR)
		return cannot(graph);
	poll->events = events;
	poll->n_events = n;
	for (int i = 0; i < n && !graph->destroy; i++)
		take(graph, events[i].data.ptr);
	poll->events = NULL;
	poll->n_events = 0;
	return ORD_OK;
}

void
poll_wake(struct ord_graph *graph)
{
	int wake = atomic_load(&graph->poll.wake);
	uint64_t one = 1;

	if (wake >= 0 && write(wake, &one, sizeof one) < 0)
		return; /* the counter is full: the loop will wake */
}

/* --- foreign loops --- */

void
poll_settle(struct ord_graph *graph, uint64_t due_ns)
{
	struct poll *poll = &graph->poll;
	struct itimerspec when = { .it_value = { (time_t)(due_ns / CLOCK_NS_PER_S),
					   (long)(due_ns % CLOCK_NS_PER_S) } };

	if (poll->given)
		poll_wake(graph);
	if (poll->timer < 0 || due_ns == UINT64_MAX ||
		(poll->timer_at != 0 && poll->timer_at <= due_ns))
		return;
	(void)timerfd_settime(poll->timer, TFD_TIMER_ABSTIME, &when, NULL);
	poll->timer_at = due_ns;
}

int
ord_graph_fd(struct ord_graph *graph)
{
	int status = graph_may_change(graph);
	struct poll *poll;

	if (status != ORD_OK)
		return status;
	poll = &graph->poll;
	if (!is_ours(graph))
		return error_set(&graph->error, ORD_EFORKED,
			"this graph belongs to the process that made it: a forked child cannot wait for it");
	status = poll_open(graph);
	if (status != ORD_OK || poll->timer >= 0)
		return status != ORD_OK ? status : poll->epoll;
	poll->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (poll->timer < 0 || enter(poll, poll->timer, EPOLLIN, &poll->timer) != 0) {
		cannot(graph);
		fd_close(&poll->timer);
		return graph->error.status;
	}
	poll_wake(graph); /* what waits by now is found by the first step */
	return poll->epoll;
}
