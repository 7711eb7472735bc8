/*
 * What the files of the spawner share: its state, its children, and the steps
 * of its loop.  spawner.c has the loop; each other file has one of its steps.
 */
#ifndef SPAWN_SPAWNER_STATE_H
#define SPAWN_SPAWNER_STATE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/fd.h"
#include "shared/region.h"
#include "spawn/bounded.h"
#include "spawn/life.h"
#include "spawn/oom.h"
#include "spawn/post.h"
#include "spawn/spawner.h"

/* What epoll says woke the spawner; else it is the id of a worker whose deadline timer fired. */
#define SPAWNER_WAKE_LIFE UINT64_MAX
#define SPAWNER_WAKE_SIGNALS (UINT64_MAX - 1)
#define SPAWNER_WAKE_MASTER (UINT64_MAX - 2)

#define COMMAND_NAME_MAX 128 /* longer names are looked up each time */

/* What happens to a child when its timer fires. */
enum child_step {
	STEP_NONE = 0,   /* nothing */
	STEP_TIMEOUT,    /* a command: its time is up */
	STEP_ASKED,      /* a worker's task was asked to end: doom it, SIGTERM */
	STEP_RELEASED,   /* a suspended worker goes on to commit or skip that task: stop it again */
	STEP_TERMINATED, /* SIGTERM was sent: SIGKILL */
	STEP_KILLED,     /* SIGKILL was sent: nothing is left to do */
	STEP_LEAVING /* it was reaped, and others of its group die: tell its end when they have */
};

/* How a process ended. */
struct ending {
	int status; /* of wait(2) */
	uint64_t user_us, system_us, max_rss_kib;
	uint64_t ended_ns;
};

/* A worker or a command that runs. */
struct child {
	uint64_t id;
	uint32_t place;
	pid_t pid;
	pid_t target; /* who is sent a signal that is meant for it: its process group, or in the master's it alone */
	int is_worker;
	struct region region; /* a worker's page */
	int deadline;         /* a worker's timer, shared with it; -1 */
	int words[2];         /* a command's standard output and error, until its end is told; -1 */
	uint64_t started_ns;
	uint64_t oom_before; /* so many had been killed for want of memory before it began */
	enum child_step step;
	uint64_t step_ns;  /* when, 0: never */
	uint64_t look_ns;  /* when to look at its deadline, and at what it uses, again; 0: not */
	uint32_t grace_ms; /* between the steps */
	int stop_signal;   /* the first of the ladder */
	uint64_t run;      /* STEP_ASKED: the run word of the task, phase 0 */
	uint32_t reason;   /* STEP_ASKED: the flag that it will have when it is doomed */
	uint64_t doomed;   /* the run word that was doomed, 0 */
	int urgent; /* the master waits for its end: its steps are taken while all is suspended */
	uint64_t released_ns; /* STEP_RELEASED: since when */
	/* A worker's task that ran when it was suspended, its deadline, and how much longer it has. */
	uint64_t extended_run, extended_deadline_ns, extension_ns;
	struct bounded bounded; /* a command's; those of a worker's task are in its page */
	struct bounded_memory memory;
	uint64_t memory_run; /* the task of a worker that these are of */
	uint64_t rest_ns;    /* nobody looks at what it uses before */
	uint64_t over_kib;   /* it was killed because it had so much memory; 0: it was not */
	/* A worker that has crashed and waits. */
	pid_t tracer;            /* the process that looks at its stack; 0: none */
	int trace;               /* memfd where that writes; -1 */
	uint64_t trace_until_ns; /* so long it may; 0: there is none, or it was killed */
	char *stack;             /* what it wrote; NULL */
	struct ending ending;    /* STEP_LEAVING: what is to be told */
	uint32_t flags; /* LIFE_TIMED_OUT or LIFE_STOPPED: it was sent a signal because of that */
};

/* What a packet brought; who keeps a descriptor makes it -1 here. */
struct request {
	struct life_packet packet;
	char *text; /* text[packet.text_size], followed by a NUL */
	int fds[FD_PASS_MAX];
	size_t n_fds;
};

/* What is kept from one command to the next. */
struct command_room {
	struct buffer own_env; /* char *: the spawner's, without ORDERLY_SLOT, not ended by NULL */
	struct buffer env;     /* char *: what this command gets */
	struct buffer argv;    /* char *: argv, then NULL */
	struct buffer extra;   /* char *: the command's additions to the environment */
	struct buffer paths;   /* NUL-terminated: where the program may lie */
	struct buffer text;    /* the text that came in a memfd */
	struct spawn_command head;   /* of this command, with the next two */
	const char *cwd;             /* NULL: the spawner's */
	const char *output;          /* NULL: no file */
	char slot[32];               /* ORDERLY_SLOT=… */
	char name[COMMAND_NAME_MAX]; /* the program that was started last */
	size_t found;                /* which of its paths it was */
};

struct spawner {
	int life;    /* the life channel */
	int wake;    /* epoll of all that follows */
	int signals; /* signalfd of SIGCHLD */
	int master;  /* pidfd of the master, -1: none, then its pid is looked at now and then */
	int claims;  /* memfd of the claim words, -1: there are no workers */
	int slab;    /* memfd for large payloads, or -1 */
	int group;   /* cgroup.procs of the group that children enter; -1: there is none */
	int writing; /* the life channel is polled for room */
	struct oom oom;
	uint64_t oom_before;    /* of the next child */
	uint64_t oom_looked_ns; /* when that was read */
	pid_t master_pid;
	struct spawn_config config;
	int configured;
	int grouped;           /* config.group was made */
	int ending;            /* LIFE_END came */
	uint64_t suspended_ns; /* since when all is stopped; 0: it is not */
	worker_serve_fn serve;
	uint64_t half_write; /* ticks */
	const void *shared;  /* config.shared_size bytes */
	ord_task_fn function;
	ord_worker_start_fn start_hook;
	ord_worker_stop_fn stop_hook;
	void *user;
	struct child *children; /* [n_children] of [room_for_children] */
	size_t n_children;
	size_t room_for_children;
	uint64_t next_ns; /* no child has a step before this; 0: none has any */
	struct post post;
	char *bytes; /* of the packet that is read */
	struct command_room command;
};

/* children.c: the table.  A pointer into it holds until the next start or end of a child. */
int children_reserve(
	struct spawner *spawner); /* room for one that is about to begin: 0, or -1 without memory */
struct child *children_add(
	struct spawner *spawner, uint64_t id, uint32_t place, pid_t pid, pid_t target);
struct child *children_by_id(struct spawner *spawner, uint64_t id);
struct child *children_by_pid(struct spawner *spawner, pid_t pid);
void children_remove(struct spawner *spawner, struct child *child);

/* report.c: to the master.  failed_errno and text say why it could not be started. */
void report(struct spawner *spawner, struct life_packet *packet, const char *text);
void report_failed(
	struct spawner *spawner, const struct request *request, int failed_errno, const char *text);
void report_begun(struct spawner *spawner, const struct request *request, pid_t pid);
void report_flush(struct spawner *spawner, int wait);
int master_is_gone(const struct spawner *spawner);

/* worker.c, command.c: start what the master asked for, or report that it could not be. */
void worker_start(struct spawner *spawner, struct request *request);
void command_start(struct spawner *spawner, struct request *request);

/* environment.c: room->env from the spawner's own, the place and room->extra; 0 or an errno. */
int environment_for(struct command_room *room, uint32_t place);

/* paths.c: where a program may lie, into room->paths; 0 or an errno.  Which of them to try first. */
int paths_of(struct command_room *room, const char *name);
size_t paths_guess(const struct command_room *room, const char *name);
void paths_remember(struct command_room *room, const char *name, size_t found);

/* stop.c: deadlines and ladders. */
void stop_child(struct spawner *spawner, const struct life_packet *packet);
void stop_signal_child(struct spawner *spawner, const struct life_packet *packet);
void stop_all(struct spawner *spawner, uint32_t grace_ms);
void stop_at(struct spawner *spawner, struct child *child, enum child_step step, uint64_t at_ns);
void stop_look_at(struct spawner *spawner, struct child *child, uint64_t at_ns);
void stop_steps(struct spawner *spawner, uint64_t now_ns);
void stop_deadline(struct spawner *spawner, struct child *worker);

/* Come back to the children no later than that. */
void stop_wake_at(struct spawner *spawner, uint64_t at_ns);

/*
 * trace.c: the stacks of workers that crash.  A worker's timer has fired:
 * perhaps it waits for that.  A process has ended that is no child: perhaps a
 * tracer.  The time of one is up.  A worker has ended, and its end is told.
 */
void trace_look(struct spawner *spawner, struct child *worker);
void trace_ended(struct spawner *spawner, pid_t pid);
void trace_is_late(struct child *worker);
void trace_finish(struct child *worker);

/* suspend.c: everything stopped, and on again. */
void suspend_all(struct spawner *spawner);
void suspend_child(const struct child *child);
void suspend_end(struct spawner *spawner);

/*
 * ended.c: reap and report all that have ended; look at one that is leaving: 1, its end was told and it is
 * no more; say of one that was asked for that it is not there.
 */
void ended_reap(struct spawner *spawner);
int ended_look(struct spawner *spawner, struct child *child);
void ended_tell(struct spawner *spawner, const struct life_packet *doubt);

#endif
