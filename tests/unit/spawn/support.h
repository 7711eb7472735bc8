/*
 * A stage for tests of the spawner.  Criterion's tests have a thread, so each
 * scene is played in a process forked for it: it has one thread, may ignore
 * signals or lower limits, and when it is over nothing may be left: no child,
 * no descendant, no descriptor.
 */
#ifndef SPAWN_SUPPORT_H
#define SPAWN_SUPPORT_H

#include <stdint.h>
#include <sys/types.h>

#include "shared/region.h"
#include "spawn/launch.h"

#define LONG_MS 100000 /* longer than anything here takes on a busy machine */

/* Ends the scene with a message if it does not hold. */
#define CHECK(what) check((what) != 0, #what, __FILE__, __LINE__)
void check(int holds, const char *what, const char *file, int line);

/* Play a scene; the test fails if it did, hung, or left something. */
void play(void (*scene)(void));

/* What a worker of these tests does; given to it as the token of its page. */
enum act {
	ACT_SIT,  /* be there */
	ACT_EXIT, /* with code 3 */
	ACT_SEGV,
	ACT_FAMILY, /* a child in its group and a daemon outside of it, both ignoring SIGTERM, and sit */
	ACT_ANSWER, /* write "ORDERLY" to fd 1 and 2, read fd 0, exit 0 */
	ACT_RUN, /* a task that ignores all but the page: RUNNING with the deadline of the page, ignore SIGTERM */
	ACT_OBEY,     /* as ACT_RUN, but when it is asked to end it does: IDLE */
	ACT_LATE,     /* as ACT_RUN, and the deadline moves 1 s on when the timer is set */
	ACT_FDS,      /* exit with the number of open descriptors */
	ACT_FUNCTION, /* call the function with no task; exit with what it returns */
	ACT_SPAWNER   /* kill the spawner */
};
void act(const struct worker_setup *setup);

/* The pool in small: a launch, and one worker's region. */
struct stage {
	struct launch launch;
	struct error error;
	struct life_event event;
	char directory[SPAWN_DIRECTORY_MAX];
};

struct actor {
	uint64_t id;
	struct region region;
	int region_fd;
	int timer;
	int words; /* our end */
	pid_t pid;
};

/* start: an enum ord_start. */
struct launch_options stage_options(struct stage *stage, uint32_t start);
void stage_open(struct stage *stage, uint32_t start);
void stage_close(struct stage *stage, uint32_t grace_ms);

/* The next event of this type about this id, others are skipped; it lies in stage->event. */
const struct life_packet *stage_await(struct stage *stage, uint32_t type, uint64_t id);

/* 1: an event came within the time. */
int stage_hears(struct stage *stage, int timeout_ms);

/* Start a worker and wait until it is ready; page->deadline_ns is taken from deadline_ms. */
void actor_enter(
	struct actor *actor, struct stage *stage, uint64_t id, enum act act, int with_words);
void actor_leave(struct actor *actor);

/* Run a command; argv, env: NULL-terminated, env and cwd may be NULL; fds as for launch_command. */
void stage_command(struct stage *stage, uint64_t id, const char *const *argv,
	const char *const *env, const char *cwd, uint32_t timeout_ms, uint32_t grace_ms,
	const int fds[3]);

/* Read all until the end of the pipe into text[size]; NUL-terminated. */
void read_all(int fd, char *text, size_t size);

/* Reaps what has come to the scene as an orphan; 1 if within a while no child is left. */
int nothing_is_left(void);

/* 1 if the process is there and no zombie. */
int is_alive(pid_t pid);

/* Wait for it to be gone; 0 if it never was. */
int await_death(pid_t pid);

/* Number of open descriptors of this process. */
unsigned count_fds(void);

#endif
