/*
 * What happens to tasks and workers while a pool moves, for displays and
 * accounts: a struct ord_event is read-only and lives until the callback
 * returns.  Results and messages have callbacks of their own; an event tells
 * when, and how many are where.
 */
#ifndef ORDERLY_EVENT_H
#define ORDERLY_EVENT_H

#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_event;

enum ord_event_kind {
	ORD_TASK_STARTED = 1,   /* an attempt began in a worker, or a command was given to the spawner */
	ORD_TASK_PROGRESS = 2,  /* the task called ord_task_progress */
	ORD_TASK_RETRIED = 3,   /* an attempt ended and the task will be tried again */
	ORD_TASK_ENDED = 4,     /* it has its result, which is delivered in its turn */
	ORD_WORKER_STARTED = 5, /* a worker is ready for tasks; ORD_START_INLINE has none */
	ORD_WORKER_ENDED = 6,   /* the process of one that was ready is gone */
	ORD_TASK_PROCESS = 7    /* a command's process is there: ord_event_pid.  Told only if .events has its bit, as it is one more message from the spawner */
};

/* For .events: the bit of a kind, such as ORD_EVENT_BIT(ORD_TASK_ENDED). */
#define ORD_EVENT_BIT(kind) (UINT32_C(1) << (kind))

/*
 * What an event callback gets.  It comes on the thread that moves the pool,
 * from inside the call that moves it, under the rules of callbacks (pool.h).
 * Those of one task come in the order STARTED, PROGRESS …, ENDED, and ENDED
 * before its result; of each attempt that is tried again STARTED, PROGRESS …,
 * RETRIED.  A task that was canceled before it started, or is only passed on,
 * has ENDED alone.  Of a command PROCESS comes behind STARTED.  A start and progress do not wake the master by themselves:
 * they come within about 5 ms.  ord_pool_submit and ord_pool_cancel do not call
 * back: what they cause is told by the call that moves the pool next.
 * ord_pool_destroy tells nothing more.
 */
typedef void (*ord_event_fn)(const struct ord_event *event, void *user);

/* An enum ord_event_kind.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API int
ord_event_kind(const struct ord_event *event);

/* A kind as words, such as "task started"; "unknown" for other numbers.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API const char *
ord_event_name(int kind);

/* The task's place in the order, or ORD_NO_SEQUENCE for events of workers.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint64_t
ord_event_sequence(const struct ord_event *event);

/* How often the task was given out before: 0 on the first attempt.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint32_t
ord_event_attempt(const struct ord_event *event);

/* The worker's place; UINT32_MAX for the end of a task that never started.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint32_t
ord_event_worker(const struct ord_event *event);

/* The process; 0 where it is not known (the start of a command: see ORD_TASK_PROCESS).  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API int32_t
ord_event_pid(const struct ord_event *event);

/* Of ORD_TASK_ENDED: the result's enum ord_state; else 0.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API int
ord_event_state(const struct ord_event *event);

/*
 * When: CLOCK_MONOTONIC in nanoseconds.  Of ORD_TASK_STARTED and _ENDED the
 * task's own start and end where the worker told them (the same as of its
 * result), else when the master saw it.  Since 0.1.  Source: lib/deliver/event.c.
 */
ORD_API uint64_t
ord_event_time_ns(const struct ord_event *event);

/* Of ORD_TASK_PROGRESS: how much is done; else 0.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint64_t
ord_event_done(const struct ord_event *event);

/* Of ORD_TASK_PROGRESS: of how much; 0: not known.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint64_t
ord_event_total(const struct ord_event *event);

/*
 * Tasks that run now, this event counted: those whose start was told and no
 * end.  If .events has no ORD_TASK_STARTED, workers do not say what they start,
 * and it is what they were given.  With _queued and _completed it adds up to
 * what was submitted.  Since 0.1.  Source: lib/deliver/event.c.
 */
ORD_API uint64_t
ord_event_running(const struct ord_event *event);

/* Tasks that were submitted and do not run and have not ended.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint64_t
ord_event_queued(const struct ord_event *event);

/* Tasks that have ended since the pool began, this event counted.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API uint64_t
ord_event_completed(const struct ord_event *event);

/* The pointer that was submitted with the task; NULL for workers.  Since 0.1.  Source: lib/deliver/event.c. */
ORD_API void *
ord_event_user(const struct ord_event *event);

#ifdef __cplusplus
}
#endif
#endif
