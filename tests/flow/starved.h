/*
 * Machines that have too little of something, for scenes: what a pool then says and leaves behind.
 */
#ifndef FLOW_STARVED_H
#define FLOW_STARVED_H

#include <sys/resource.h>

#include "tally.h"

enum { STARVED_TEXT = 1024, STARVED_PATH = 256 };

/* How a pool fared. */
struct fared {
	int status;              /* of the first call that failed, or of the end */
	int started;
	uint64_t results;
	uint64_t done;
	char text[STARVED_TEXT]; /* its sentence */
};

/*
 * One pool with these options (but for the function and the callbacks) from its making to its end: small tasks, large ones, some that print,
 * and commands.  Checks that each task has one result, that a failure has a sentence, and
 * that nothing is left: processes, endpoints.
 */
struct fared starved_pool(const struct ord_pool_options *options, int tasks);

/* Options for it: few deaths, so that a pool that cannot work ends soon. */
#define STARVED_OPTIONS(...) ORD_POOL_OPTIONS(.workers = 2, .max_deaths = 3, .grace_ms = 200, __VA_ARGS__)

/* The work of its tasks, for pools that a scene moves itself. */
int starved_work(struct ord_task *task, void *user);

/* The same, but an input that begins with k kills its worker. */
int starved_or_die(struct ord_task *task, void *user);

/* The only child of a scene with a pool. */
pid_t starved_spawner(void);

/* Takes all descriptors below `limit` but for `left`; gives them back. */
struct hoard {
	int fds[512];
	int count;
};
void starved_take(struct hoard *hoard, rlim_t limit, int left);
void starved_give_back(struct hoard *hoard);

/*
 * Writes a program to `path` that starts this one after the shell command `before`, for example "ulimit -n 12": its spawner and workers are
 * starved and the host is not.  Remove it.
 */
void starved_program(char path[STARVED_PATH], const char *before);

/* Does the sentence hold one of these words?  NULL ends them. */
int starved_says(const struct fared *fared, const char *const *words);

/* How many rounds: the value of ORD_STARVED_STEPS makes a sweep finer (1: every step); `usual` without it. */
int starved_step(int usual);

#endif
