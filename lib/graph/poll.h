/*
 * Descriptors beside the pool's: of files that are watched, tokens that are
 * asked for, commands that talk to the graph.  One epoll has them all, the
 * pool's own too; it is made for the first of them, for ord_graph_fd, or to wait
 * while the graph is suspended and has no pool.  A graph that needs none of
 * this waits in ord_pool_step as if this file were not.
 */
#ifndef GRAPH_POLL_H
#define GRAPH_POLL_H

#include <stdatomic.h>
#include <stdint.h>

struct ord_graph;
struct epoll_event;

/* The owner's, and in no other list; unchanged while it is added.  One with a deadline of its own is a timerfd. */
struct poll_source {
	int fd;
	short events;  /* as in poll(2) */
	short awaited; /* 1: what is wanted may wait for this alone: nothing else that can move is no stall; may be changed at any time */
	void (*ready)(struct ord_graph *graph, void *user); /* under the rules of callbacks */
	void *user;
	struct poll_source *next;
};

struct poll {
	int epoll;       /* -1: nothing was added yet */
	int timer;       /* of ord_graph_fd: when a pause ends; -1: nobody asked for it */
	atomic_int wake; /* an eventfd, for signal handlers too; -1: none */
	int given;       /* the pool has not been stepped since it was given something */
	uint64_t timer_at;
	struct poll_source *sources;
	struct epoll_event *events; /* while they are handed out: n_events of them */
	int n_events;
};

void poll_init(struct poll *poll);
void poll_finish(struct poll *poll);

/* So that poll_wait may be called.  0 or an error with its sentence. */
int poll_open(struct ord_graph *graph);

/* 0 or an error with its sentence. */
int poll_add(struct ord_graph *graph, struct poll_source *source);

/* One that was added, also from inside any ready; closes nothing. */
void poll_remove(struct ord_graph *graph, struct poll_source *source);

static inline int
poll_is_open(const struct poll *poll)
{
	return poll->epoll >= 0;
}

/* Whether one of them is awaited. */
int poll_is_awaited(const struct poll *poll);

/* The pool has started: its descriptor is one of them. */
int poll_take_pool(struct ord_graph *graph);

/* Of one that is open: wait until one of them or the pool has something, and call ready of those that have. */
int poll_wait(struct ord_graph *graph, int timeout_ms);

/* There is something to do that no descriptor tells.  Async-signal-safe. */
void poll_wake(struct ord_graph *graph);

/* A call that moved the graph returns: a foreign loop may wait now; due_ns: when a pause ends, UINT64_MAX: none does. */
void poll_settle(struct ord_graph *graph, uint64_t due_ns);

#endif
