/*
 * What came back from a task.  A struct ord_result is read-only and lives
 * until the callback returns, or until the next ord_pool_next.
 */
#ifndef ORDERLY_RESULT_H
#define ORDERLY_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_result;

/* The only list of states: every task ends in exactly one of them. */
#define ORD_STATE_MAP(X)                                                        \
	X(ORD_DONE, 1, "done")           /* value */                                \
	X(ORD_PASSED, 2, "passed")       /* a value put in at its place */          \
	X(ORD_FAILED, 3, "failed")       /* the function said so */                 \
	X(ORD_EXITED, 4, "exited")       /* a process ended with an exit code */    \
	X(ORD_SIGNALED, 5, "signaled")   /* a process was killed by a signal */     \
	X(ORD_TIMED_OUT, 6, "timed out")                                            \
	X(ORD_OUT_OF_MEMORY, 7, "out of memory") /* its control group counted it */ \
	X(ORD_QUARANTINED, 8, "quarantined")     /* killed too many workers */      \
	X(ORD_LOST, 9, "lost")           /* its node went away with it */           \
	X(ORD_CANCELED, 10, "canceled")  /* running, or never started */

enum ord_state {
#define ORD_STATE_ENUM(name, number, word) name = number,
	ORD_STATE_MAP(ORD_STATE_ENUM)
#undef ORD_STATE_ENUM
};

/* What a result callback gets; see on_result in pool.h for its rules. */
typedef void (*ord_result_fn)(const struct ord_result *result, void *user);

/* A state as a word, such as "timed out"; "unknown" for other numbers.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API const char *
ord_state_name(int state);

/* The task's place in the order, 0, 1, 2 …  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API uint64_t
ord_result_sequence(const struct ord_result *result);

/*
 * How the task ended, an enum ord_state.  A command that exits with 0 is
 * ORD_DONE.  Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API int
ord_result_state(const struct ord_result *result);

/*
 * The bytes that the function returned, or a command's standard output.
 *
 * size  out, may be NULL: their number
 *
 * Returns output[size], aligned to 8, with one NUL byte behind them that is
 * not counted; never NULL; empty unless the state is ORD_DONE or ORD_PASSED
 * (of a command: what it had written, whatever its state).
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API const void *
ord_result_output(const struct ord_result *result, size_t *size);

/*
 * Why the task did not end well, as a sentence; "" if it did.  Of a process
 * that died it says the signal by name, whether it left a core, which attempt
 * it was if there could be more, and the last line of its last words.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API const char *
ord_result_error(const struct ord_result *result);

/*
 * The last words of a task that did not end well: the end of what it had
 * printed or logged in its last attempt, whole lines if one fits; of a command
 * the end of its standard error (with ORD_OUTPUT_LINES or _CHUNKS also of its
 * standard output).  They are kept also if nobody has on_message.
 *
 * size  out, may be NULL: their number
 *
 * Returns text[size], at most 4 KiB, without the last newline and with one NUL
 * byte behind it that is not counted; never NULL; "" if the task ended well
 * (ORD_DONE, ORD_PASSED), did not start or said nothing, and for what was not
 * captured (ORD_CAPTURE_OFF, ORD_OUTPUT_INHERIT, prints of ORD_START_INLINE).
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API const char *
ord_result_last_words(const struct ord_result *result, size_t *size);

/*
 * Where a function's task crashed, if the pool was made with stack_trace: the
 * stack of the thread that it ran on, a line a frame, the innermost first:
 * "#0 parse at src/parse.c:120", or "#3 qsort in libc.so.6" where no line is
 * known.  Never NULL, at most 16 KiB, "" if it did not crash (SIGSEGV, SIGBUS,
 * SIGFPE, SIGILL, SIGABRT) or its stack could not be looked at.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API const char *
ord_result_stack(const struct ord_result *result);

/* The worker's place that ran it last; UINT32_MAX if it never started.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API uint32_t
ord_result_worker(const struct ord_result *result);

/* The process that ran it last; 0 if it never started.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API int32_t
ord_result_pid(const struct ord_result *result);

/* How often the task was started: 0 if never.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API uint32_t
ord_result_attempts(const struct ord_result *result);

/*
 * The exit code of the process that ran it, -1 if it did not exit.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API int
ord_result_exit_code(const struct ord_result *result);

/* The signal that ended the process, 0 if none did.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API int
ord_result_signal(const struct ord_result *result);

/* Whether the process left a core file, 1 or 0.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API int
ord_result_core_dumped(const struct ord_result *result);

/*
 * When the task began, CLOCK_MONOTONIC in nanoseconds; 0 if it never did.
 * Tasks of one message that ran for less than 100 µs may share it.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API uint64_t
ord_result_started_ns(const struct ord_result *result);

/* When it ended, CLOCK_MONOTONIC in nanoseconds.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API uint64_t
ord_result_ended_ns(const struct ord_result *result);

/*
 * How long its last attempt took: from started_ns to ended_ns; 0 if it never
 * started.  Steps of the wall clock do not change it.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API uint64_t
ord_result_duration_ns(const struct ord_result *result);

/*
 * Processor time in microseconds, user and system, of a command or of the
 * worker that died with the task; 0 otherwise.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API uint64_t
ord_result_user_us(const struct ord_result *result);

/* See ord_result_user_us.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API uint64_t
ord_result_system_us(const struct ord_result *result);

/*
 * Peak resident size in KiB where user_us is known; 0 otherwise.  Of a command
 * no less than that of the process that started it: a few MiB, under
 * ORD_START_FORK what the host had.  Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API uint64_t
ord_result_max_rss_kib(const struct ord_result *result);

/* The pointer that was submitted with the task (ORD_TASK, ORD_COMMAND), else NULL.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API void *
ord_result_user(const struct ord_result *result);

/*
 * Keep a result beyond the callback or the next ord_pool_next.
 *
 * result  as the callback or ord_pool_next gave it; it stays readable there
 * kept    out: the same result, yours; free it with ord_result_destroy; NULL on failure
 *
 * Returns 0, or ORD_EINVAL (NULL; it was kept before), ORD_ENOMEM.  Cost: no copy of the output.
 * Any thread may read and free what was kept, one at a time.  An output of
 * 16 KiB or more is memory that is shared with a worker: a child that the host
 * forks can read it only while the result lives in the parent, and a kept one
 * takes room that later outputs go around.
 * Since 0.1.  Source: lib/deliver/result.c.
 */
ORD_API int
ord_result_keep(const struct ord_result *result, struct ord_result **kept);

/* Free a result that was kept; NULL and *result NULL are fine; *result becomes NULL.  Since 0.1.  Source: lib/deliver/result.c. */
ORD_API void
ord_result_destroy(struct ord_result **result);

#ifdef __cplusplus
}
#endif
#endif
