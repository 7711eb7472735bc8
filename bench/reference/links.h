/*
 * A master and its workers over bare libzmq: a directory of endpoints, forked processes, a PUSH of tasks to each
 * worker and a PULL of all results.  What they say to each other is the caller's.
 */
#ifndef BENCH_LINKS_H
#define BENCH_LINKS_H

#include <stdbool.h>
#include <sys/types.h>

enum { LINKS_MAX = 64 };

struct links {
	unsigned workers;
	char directory[32];
	pid_t pids[LINKS_MAX];
	void *context;
	void *results;
	void *tasks[LINKS_MAX];
};

/* A negative result of libzmq ends the program. */
void links_check(int result, const char *what);

/* Makes the directory and forks the workers, each of which calls serve, which does not return. */
void links_fork(struct links *links, unsigned workers, void (*serve)(void *user, unsigned worker),
	void *user);

/* The master's sockets, bound. */
void links_bind(struct links *links);

/* In a worker: its two sockets, connected. */
void links_connect(const struct links *links, unsigned worker, void **tasks, void **results);

/* When the workers have been told to end: waits for them, and leaves nothing. */
void links_close(struct links *links);

#endif
