/*
 * What became of a proc of a graph (graph.h).  A const struct ord_proc * lives
 * as long as its graph, and is looked at by the thread that moves the graph.
 */
#ifndef ORDERLY_PROC_H
#define ORDERLY_PROC_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_proc;

/* What a graph tells of a proc. */
enum ord_graph_event_kind {
	ORD_PROC_EVENT_CREATED = 1, /* it is there */
	ORD_PROC_EVENT_WANTED = 2,  /* it will run */
	ORD_PROC_EVENT_STARTED = 3, /* an attempt was given to the pool */
	ORD_PROC_EVENT_RETRIED = 4, /* an attempt failed, there will be another */
	ORD_PROC_EVENT_ENDED = 5,   /* it has ended, or is idle again: its state says which */
	ORD_PROC_EVENT_AGAIN = 6,   /* a run of it has ended, and it is wanted again: what it reads changed meanwhile */
	ORD_GRAPH_EVENT_CHANGED = 7, /* watched: files have changed, a generation begins; proc is NULL */
	ORD_GRAPH_EVENT_WATCHING = 8, /* watched: nothing is wanted any more, changes are waited for; proc is NULL */
	ORD_PROC_EVENT_PROCESS = 9  /* with .tell_processes: the process of its attempt is known, ord_proc_pid */
};

/* Where a proc is.  The last five are ends; of them those that are no failure are successes. */
#define ORD_PROC_STATE_MAP(X)                                                        \
	X(ORD_PROC_IDLE, 1, "idle")             /* not wanted, or stopped before it began */ \
	X(ORD_PROC_WANTED, 2, "wanted")         /* it will run when it may */                \
	X(ORD_PROC_RUNNING, 3, "running")       /* given to the pool */                      \
	X(ORD_PROC_SUCCEEDED, 4, "succeeded")                                                \
	X(ORD_PROC_SKIPPED, 5, "skipped")       /* it said that there is nothing to do */    \
	X(ORD_PROC_FAILED, 6, "failed")                                                      \
	X(ORD_PROC_FAILED_DEP, 7, "dependency failed") /* what it needs failed: it never ran */ \
	X(ORD_PROC_UP_TO_DATE, 8, "up to date") /* it need not run: its result is that of its last success */

enum ord_proc_state {
#define ORD_PROC_STATE_ENUM(name, number, word) name = number,
	ORD_PROC_STATE_MAP(ORD_PROC_STATE_ENUM)
#undef ORD_PROC_STATE_ENUM
};

/* Why it is there. */
#define ORD_CAUSE_MAP(X)                                                             \
	X(ORD_CAUSE_NONE, 0, "none")               /* nothing special */                     \
	X(ORD_CAUSE_SAID_SO, 1, "said so")         /* the function failed with a message */  \
	X(ORD_CAUSE_EXIT_CODE, 2, "exit code")     /* its process ended with one that is not 0 */ \
	X(ORD_CAUSE_SIGNAL, 3, "signal")           /* its process was killed by one */       \
	X(ORD_CAUSE_TIMED_OUT, 4, "timed out")                                               \
	X(ORD_CAUSE_OUT_OF_MEMORY, 5, "out of memory")                                       \
	X(ORD_CAUSE_NOT_STARTED, 6, "not started") /* the system or the pool refused it */   \
	X(ORD_CAUSE_DEP, 7, "dependency failed")                                             \
	X(ORD_CAUSE_SKIPPED, 8, "skipped")                                                   \
	X(ORD_CAUSE_NO_CHANGE, 9, "no change")     /* it ran, and says that nothing is new */ \
	X(ORD_CAUSE_STOPPED, 10, "stopped")        /* interrupted, or too many failures before it */ \
	X(ORD_CAUSE_OUTPUT, 11, "output not made") /* it ended well, but an output or its depfile is not there, or as old as before */ \
	X(ORD_CAUSE_RESULT, 12, "result not valid") /* what it wrote as its result is not JSON (.stdout_result = 2) */

enum ord_cause {
#define ORD_CAUSE_ENUM(name, number, word) name = number,
	ORD_CAUSE_MAP(ORD_CAUSE_ENUM)
#undef ORD_CAUSE_ENUM
};

/* Tokens that several programs share so that no more run at once than one of them was told, as make's jobserver. */
enum ord_jobserver {
	ORD_JOBSERVER_NONE = 0,   /* procs take none; $MAKEFLAGS reaches commands as it is */
	ORD_JOBSERVER_AUTO = 1,   /* what $MAKEFLAGS offers, unless .parallel is set; else as FIFO */
	ORD_JOBSERVER_CLIENT = 2, /* what $MAKEFLAGS offers, unless .parallel is set; else none */
	ORD_JOBSERVER_FIFO = 3,   /* a new one for procs and their commands, for make from 4.4 on and others that know it */
	ORD_JOBSERVER_PIPE = 4    /* the same for older ones too, as two descriptors that all commands inherit */
};

/* How what a proc says is to be shown, by who shows it: the library shows nothing itself. */
enum ord_output_mode {
	ORD_MODE_GROUP = 1,  /* whole, when it has ended */
	ORD_MODE_QUIET = 2,  /* only if it failed */
	ORD_MODE_PREFIX = 3, /* lines as they come, with its name */
	ORD_MODE_STREAM = 4  /* as it comes, of one proc at a time */
};

/* Whether commands are told to write colours. */
enum ord_color {
	ORD_COLOR_NONE = 1, /* TERM=dumb, NO_COLOR=1 */
	ORD_COLOR_FORCE = 2 /* FORCE_COLOR=1, CLICOLOR_FORCE=1, and no NO_COLOR of ours */
};

/* A state as words, such as "dependency failed"; "unknown" for other numbers.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_proc_state_name(int state);

/* A cause as words, such as "timed out"; "unknown" for other numbers.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_cause_name(int cause);

/* Its name.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_proc_name(const struct ord_proc *proc);

/* What it is for, "" if that was not said.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_proc_description(const struct ord_proc *proc);

/* An enum ord_proc_state.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_state(const struct ord_proc *proc);

/* An enum ord_cause.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_cause(const struct ord_proc *proc);

/* The value of an arg, or NULL; valid as long as the graph.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_proc_arg(const struct ord_proc *proc, const char *name);

/*
 * Its result: what ord_task_return was given last, or a command's standard
 * output (.stdout_result).
 *
 * size  out, may be NULL: its bytes
 *
 * Returns output[size] with one NUL byte behind them that is not counted; never NULL; empty
 * unless it has succeeded, skipped, without change or up to date: then that of its last success.
 * Valid until ord_graph_clear.  Since 0.1.  Source: lib/graph/proc.c.
 */
ORD_API const void *
ord_proc_output(const struct ord_proc *proc, size_t *size);

/* Why it did not end well, as a sentence; "" if it did or has not ended.  Valid until ord_graph_clear.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const char *
ord_proc_error(const struct ord_proc *proc);

/* Of ORD_PROC_FAILED_DEP: the proc whose failure it was; else NULL.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API const struct ord_proc *
ord_proc_root(const struct ord_proc *proc);

/* How often it was started.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint32_t
ord_proc_attempts(const struct ord_proc *proc);

/* The exit code of its last process, -1 if that did not exit.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_exit_code(const struct ord_proc *proc);

/* The signal that ended its last process, 0 if none did.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_signal(const struct ord_proc *proc);

/*
 * Why it runs, ran or, in a dry run, would run: sentences, the weightiest
 * first; none if it is up to date, or if there is no database.
 *
 * index  from 0 on
 *
 * Returns one, or NULL: there are no more.  Valid until ord_graph_clear or its next start.  Since 0.1.  Source: lib/graph/proc.c.
 */
ORD_API const char *
ord_proc_reason(const struct ord_proc *proc, uint32_t index);

/* An enum ord_output_mode: its own, or the graph's.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_output_mode(const struct ord_proc *proc);

/* How long it should take: what its last successes took, else .expected_ms; nanoseconds, 0: not known.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_expected_ns(const struct ord_proc *proc);

/* The process of its last attempt, of a function its worker's; 0: it is not known (see .tell_processes while it runs).  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int32_t
ord_proc_pid(const struct ord_proc *proc);

/* 1: a command that has the host's terminal, .terminal; 0.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_has_terminal(const struct ord_proc *proc);

/* 1: it runs nothing itself, it is there for its deps; 0.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API int
ord_proc_is_group(const struct ord_proc *proc);

/* Processor time of its last process in user mode, nanoseconds; 0 where it is not known.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_user_ns(const struct ord_proc *proc);

/* The same in the kernel.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_system_ns(const struct ord_proc *proc);

/* The peak resident size of its last process in bytes; 0 where it is not known.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_memory_bytes(const struct ord_proc *proc);

/*
 * The log of its last attempt: what a command wrote to its standard error and,
 * without .stdout_result, output; what a function wrote and logged.  None if
 * the graph has no log_directory, it has said nothing and has ended, or no log
 * could be made (ord_graph_warning): then what commands say are messages.
 *
 * Returns its path, or NULL: there is none.  Valid until its next attempt or
 * ord_graph_clear.  Since 0.1.  Source: lib/graph/logs.c.
 */
ORD_API const char *
ord_proc_log(const struct ord_proc *proc);

/*
 * Takes a line with its newline, or with ORD_LOG_FULL a piece of the log;
 * text[size] is valid until it returns.  0: go on.
 */
typedef int (*ord_snippet_fn)(const char *text, size_t size, void *user);

/*
 * What of its log is worth showing.  Lines with one of the words exception,
 * error, warning, notice, deprecated and deprecation, in any case, and two
 * lines on each side; between lines that do not follow each other "...".  Of
 * one that failed and has no such line the last 16, or what .log_on_failure
 * says.  Lines of .log_ignore are as if they were not there; if a failed one
 * has no others they are shown.  Escape sequences are kept, and ignored when
 * lines are looked at.  Of a line 16 KiB are shown.
 *
 * write  called with it, in order; anything but 0 ends the call, which returns it
 *
 * Returns 0 (also if it has no log), or
 *   ORD_EINVAL   proc or write is NULL
 *   ORD_ESYSTEM  the log cannot be read; the sentence is ord_graph_error
 *   ORD_ENOMEM
 * Cost: reads all of the log, in pieces.  Since 0.1.  Source: lib/graph/logs.c.
 */
ORD_API int
ord_proc_snippet(const struct ord_proc *proc, ord_snippet_fn write, void *user);

/* An end of a proc in this run or an earlier one, as it is remembered. */
struct ord_proc_run {
	size_t size;           /* of this struct in the library's version */
	int64_t started_ns;    /* CLOCK_REALTIME; 0: it never did */
	int64_t ended_ns;
	uint64_t user_ns;      /* as ord_proc_user_ns */
	uint64_t system_ns;
	uint64_t memory_bytes;
	const char *why;       /* the first reason for which it ran, or NULL */
	int32_t state;         /* an enum ord_proc_state */
	int32_t exit_code;     /* -1: it did not exit */
	int64_t whole_ns;      /* when the run of the graph began, CLOCK_REALTIME: the same for all procs that ran in it; 0: not known */
};

/* See ord_proc_history; a value that is not 0 ends it. */
typedef int (*ord_proc_run_fn)(const struct ord_proc_run *run, void *user);

/*
 * Tell the last ends of a proc, newest first, at most 16; none without a
 * database, or before anything was wanted.
 *
 * Returns 0, what the callback returned, or ORD_ESYSTEM, ORD_ENOMEM.  Since 0.1.  Source: lib/graph/proc.c.
 */
ORD_API int
ord_proc_history(const struct ord_proc *proc, ord_proc_run_fn fn, void *user);

/* When its last attempt began, CLOCK_MONOTONIC in nanoseconds; 0 if it never did.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_started_ns(const struct ord_proc *proc);

/* When that ended; 0 if it has not.  Since 0.1.  Source: lib/graph/proc.c. */
ORD_API uint64_t
ord_proc_ended_ns(const struct ord_proc *proc);

#ifdef __cplusplus
}
#endif
#endif
