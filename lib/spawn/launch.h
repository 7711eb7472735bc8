/*
 * The master's side of the spawner: start it, tell it what to start and stop,
 * hear what ended.  Nothing here waits, except launch_start and launch_finish,
 * which have deadlines.
 */
#ifndef SPAWN_LAUNCH_H
#define SPAWN_LAUNCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "spawn/function.h"
#include "spawn/life.h"
#include "spawn/post.h"
#include "spawn/spawner.h"

/* A zeroed struct with life -1 is not started. */
struct launch {
	int life;         /* the master's end; poll it for reading; -1: none */
	pid_t pid;        /* the spawner; our child */
	struct post post; /* packets that wait for room */
};

struct launch_options {
	uint32_t start; /* ORD_START_EXEC, _FORK or _COMMAND, already decided */
	const char
		*program; /* NULL: EXEC: this program; COMMAND: the installed orderly, then PATH */
	const int
		*keep_fds; /* n_keep_fds descriptors that stay open; those of programs from 4 on */
	size_t n_keep_fds;
	uint32_t timeout_ms;   /* for HELLO and CONFIGURED together; 0 = 30000 */
	worker_serve_fn serve; /* FORK: what workers do */
	struct spawn_config config;
	int claims; /* memfd, or -1 */
	int shared; /* memfd of config.shared_size bytes, if they are not at an address */
	int slab;   /* memfd, if config.slab_stretch is not 0 */
};

/* What the spawner keeps a command within. */
struct launch_limits {
	uint32_t timeout_ms;
	uint32_t grace_ms;
	struct bounds bounds; /* BOUND_NONE stands nowhere in it */
	uint32_t tells;       /* 1: LIFE_BEGUN comes when it runs */
};

/* What happened, as the master hears it. */
struct life_event {
	struct life_packet packet;
	char text[LIFE_STACK_MAX + 1]; /* cut */
};

/*
 * Start the spawner and shake hands.
 * Returns 0, or ORD_EPROGRAM, ORD_ENOTSUP, ORD_ESYSTEM, ORD_ETIMEDOUT,
 * ORD_ENOMEM with a sentence; nothing is left behind then.
 */
int launch_start(struct launch *launch, const struct launch_options *options, struct error *error);

/* The same in two halves, so that the caller has something to do while the program loads. */
int launch_begin(struct launch *launch, const struct launch_options *options, struct error *error);
int launch_meet(struct launch *launch, const struct launch_options *options, struct error *error);

/* Why the request that was just made could not be, as an errno; status is what it returned. */
int launch_errno(int status);

/* The descriptors that a worker gets. */
struct launch_gifts {
	int region;
	int timer;
	int bell;
	int words; /* or -1 */
};

/* Ask for a worker.  The descriptors stay the caller's.  0, or ORD_ENOMEM, ORD_ELOST, ORD_ESYSTEM. */
int launch_worker(
	struct launch *launch, uint64_t id, uint32_t place, const struct launch_gifts *gifts);

/*
 * Ask for a command.  text[text_size] is a struct spawn_command with its
 * strings; fds[3] are its fd 0, 1, 2, each may be -1.  The descriptors stay
 * the caller's.  0, or ORD_ENOMEM, ORD_ELOST, ORD_ESYSTEM (a memfd for a large text).
 */
int launch_command(struct launch *launch, uint64_t id, uint32_t place,
	const struct launch_limits *limits, const void *text, size_t text_size, const int fds[3]);

/* Ask for an end: the ladder, or kill at once.  run: the run word of the task, 0 for a command or a whole worker. */
int launch_stop(struct launch *launch, uint64_t id, uint64_t run, uint32_t grace_ms, int kill);

/* Send a signal to the group of a command.  The same. */
int launch_signal(struct launch *launch, uint64_t id, int number);

/* Ask whether it is still there; if not, its end is told (again).  0, ORD_ENOMEM or ORD_ELOST. */
int launch_doubt(struct launch *launch, uint64_t id, uint32_t place);

/* Stop all that lives, or let it go on.  0, ORD_ENOMEM or ORD_ELOST. */
int launch_suspend(struct launch *launch, int on);

/* Packets wait for room: poll life for writing too, call launch_flush, and ask for no more workers or commands. */
int launch_blocked(const struct launch *launch);

/* Send what waits.  0 or ORD_ELOST. */
int launch_flush(struct launch *launch);

/* Take one event; 1: here it is, 0: none there now, ORD_ELOST: the spawner is gone. */
int launch_receive(struct launch *launch, struct life_event *event);

/*
 * End the spawner: it ends all that lives (SIGTERM, SIGKILL after the grace),
 * removes the directory and leaves.  At most grace_ms + 2 s, then it is
 * killed.  Reaps our child if nobody else did.  Fine on one never started.
 */
void launch_finish(struct launch *launch, uint32_t grace_ms);

/* In a child that the owner forked: close and free, touch nobody. */
void launch_abandon(struct launch *launch);

#endif
