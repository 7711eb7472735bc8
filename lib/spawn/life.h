/*
 * The packets between master and spawner: who shall live, who lives, who has
 * ended and how.  One SOCK_SEQPACKET packet each: this struct, then text_size
 * bytes; descriptors beside it.  Both ends are the same build (or refuse each
 * other by HELLO), so the struct goes as it is.
 *
 * To add a packet: a type here with its direction and fields, a case in
 * spawner.c or launch.c that calls one function, a line in docs/protocol.md,
 * and LIFE_VERSION + 1.
 */
#ifndef SPAWN_LIFE_H
#define SPAWN_LIFE_H

#include <stdint.h>

#include "base/bounds.h"

#define LIFE_MAGIC UINT32_C(0x6f72646c)
#define LIFE_VERSION 14u
#define LIFE_STACK_MAX 16384u /* of ENDED's text */
#define LIFE_TEXT_MAX 98304u  /* larger commands travel in a memfd */

enum life_type {
	/* spawner -> master */
	LIFE_HELLO = 1,  /* status: LIFE_VERSION; text: ord_version(); first of all */
	LIFE_CONFIGURED, /* status: 0, or an enum ord_status with its sentence as text */
	LIFE_FAILED,     /* id, place: could not be started; status: errno; text: what was tried */
	LIFE_ENDED, /* id, place, pid, status (wait status), usage, times, flags, over_kib; text: its stack, if it crashed and that was asked for */

	/* worker -> master, through its copy of the spawner's end */
	LIFE_READY, /* id, place, pid: bound and waiting for tasks */

	/* master -> spawner */
	LIFE_CONFIG, /* text: struct spawn_config; fds: those that it says: claim words, slab, shared bytes */
	LIFE_SPAWN, /* id, place; fds: region, flush timer, bell, words pipe (only with LIFE_WORDS) */
	LIFE_COMMAND, /* id, place, timeout_ms, grace_ms, bounds, flags; text: spawn_command; fds: as flags say */
	LIFE_STOP,    /* id, grace_ms, run; flags: LIFE_KILL at once, else the ladder */
	LIFE_END,     /* grace_ms: SIGTERM to all that lives, SIGKILL after the grace, then leave */
	LIFE_SUSPEND, /* SIGSTOP to all that lives; no deadline passes meanwhile */
	LIFE_CONTINUE, /* SIGCONT to all that lives */
	LIFE_SIGNAL,   /* id, status: a signal to the group of a command, which goes on as before */
	LIFE_DOUBT, /* id, place: nothing was heard of it for long; if no such child is left, it is told as ENDED, LIFE_UNKNOWN */

	/* spawner -> master */
	LIFE_BEGUN /* id, place, pid: a COMMAND with LIFE_TELL runs */
};

#define LIFE_NOT_RUN "cannot run " /* how FAILED's text begins if the program itself was tried */

enum life_flags {
	LIFE_WORDS = 1 << 0,     /* SPAWN: a words pipe comes with it */
	LIFE_STDIN = 1 << 1,     /* COMMAND: a descriptor for fd 0 comes with it, else /dev/null */
	LIFE_STDOUT = 1 << 2,    /* COMMAND: one for fd 1, else the spawner's own */
	LIFE_STDERR = 1 << 3,    /* COMMAND: one for fd 2, else the spawner's own */
	LIFE_TEXT_FD = 1 << 4,   /* COMMAND: the text is in a memfd, the last descriptor */
	LIFE_KILL = 1 << 5,      /* STOP: SIGKILL now */
	LIFE_TIMED_OUT = 1 << 6, /* ENDED: stopped because its deadline had passed */
	LIFE_STOPPED = 1 << 7,   /* ENDED: stopped because of LIFE_STOP or LIFE_END */
	LIFE_OVER_CPU = 1 << 8,  /* ENDED, with TIMED_OUT: it was processor time that had passed */
	LIFE_OUT_OF_MEMORY = 1 << 9, /* ENDED: killed by the kernel for want of memory */
	LIFE_UNKNOWN = 1
		<< 10, /* ENDED: that was told before, or it never began; how is not known any more */
	LIFE_TELL = 1 << 11 /* COMMAND: BEGUN is to be told */
};

struct life_packet {
	uint32_t magic;
	uint32_t type;
	uint64_t id; /* of a worker's incarnation or of a command: unique in the pool */
	uint32_t place;
	int32_t pid;
	int32_t status;
	uint32_t flags;
	uint64_t run; /* STOP: of the task that is meant, 0: the whole; ENDED: that was doomed */
	uint32_t timeout_ms;
	uint32_t grace_ms;
	uint64_t user_us;
	uint64_t system_us;
	uint64_t max_rss_kib;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	uint64_t ended_ns;
	uint64_t over_kib;    /* ENDED: killed because it had so much memory; 0: it was not */
	struct bounds bounds; /* COMMAND */
	uint32_t text_size;
	uint32_t reserved;
};

#endif
