/*
 * A task as its function sees it, in the worker process.  A struct ord_task
 * lives from the call of the function to its return and belongs to the thread
 * that was called.
 */
#ifndef ORDERLY_TASK_H
#define ORDERLY_TASK_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_task;

/*
 * What a worker does with each task.
 *
 * task  the task; valid until the function returns
 * user  what the pool's on_worker_start returned in this worker; without one
 *       function_user under ORD_START_FORK and ORD_START_INLINE, else NULL
 *
 * Returns 0: the result is ORD_DONE with what ord_task_return was given last
 * (or no bytes).  Anything else: the result is ORD_FAILED with the text of
 * ord_task_fail, or a sentence that names the number.
 */
typedef int (*ord_task_fn)(struct ord_task *task, void *user);

/*
 * What a worker does once, before its first task: load a model, open a
 * connection.  ord_log, printing, ord_task_shared and ord_task_worker work as
 * in a task; there is no input and nobody to ask, and the sequence is
 * ORD_NO_SEQUENCE.  The worker counts as ready when it has returned, so
 * start_timeout_ms is the time for it.
 *
 * task  stands for the worker; valid until the function returns
 * user  function_user under ORD_START_FORK and ORD_START_INLINE, else NULL
 *
 * Returns what every task of this worker gets as its user.  After
 * ord_task_fail the worker is not used: it ends, another is tried, and a pool
 * whose workers fail max_deaths times in a row ends with that text; under
 * ORD_START_INLINE ord_pool_start says it, with ORD_ECRASHLOOP.
 */
typedef void *(*ord_worker_start_fn)(struct ord_task *task, void *user);

/*
 * What a worker does once, behind its last task, if it leaves in good order
 * (the pool finishes or shrinks, or the worker is replaced after so many
 * tasks).  What it says belongs to no task.  When the pool finishes it has
 * grace_ms; then its worker is ended, and what it had said is delivered.
 *
 * task  as for ord_worker_start_fn
 * user  what on_worker_start returned
 */
typedef void (*ord_worker_stop_fn)(struct ord_task *task, void *user);

/*
 * The bytes that were submitted.
 *
 * size  out, may be NULL: their number
 *
 * Returns the bytes, aligned to 8, read-only, valid until the function
 * returns; never NULL.
 * Since 0.1.  Source: lib/worker/task.c.
 */
ORD_API const void *
ord_task_input(const struct ord_task *task, size_t *size);

/*
 * Set the bytes of the result.  A second call replaces the first.
 *
 * output  output[size] bytes; copied; NULL if size is 0
 *
 * Returns 0, or ORD_ENOMEM, ORD_EINVAL (NULL with a size), ORD_ETOOBIG (more
 * than 1 GiB: return a file's name instead); return it from the function and
 * the task fails with that sentence.
 * Since 0.1.  Source: lib/worker/task.c.
 */
ORD_API int
ord_task_return(struct ord_task *task, const void *output, size_t size);

/*
 * Get room for the bytes of the result and write them there: nothing is
 * copied on their way to the master if they are 16 KiB or more.  The result
 * has all of them; ord_task_return(task, *to, n) with fewer keeps the first n
 * without copying them, and ord_task_return with other bytes, or another
 * ord_task_reserve, replaces them.
 *
 * size  how many bytes, at most 1 GiB
 * to    out: writable bytes, aligned to 8, whose contents are not defined; never
 *       NULL on success; valid until the function returns or they are replaced
 *
 * Returns 0, or ORD_ENOMEM, ORD_EINVAL (to is NULL), ORD_ETOOBIG; return it
 * from the function and the task fails with that sentence.
 * Since 0.1.  Source: lib/worker/slab.c.
 */
ORD_API int
ord_task_reserve(struct ord_task *task, size_t size, void **to);

/*
 * Say why the task fails; `return ord_task_fail(task, "no such %s", name);`.
 *
 * format  as printf; the text is cut at 4 KiB; file and line are put before it
 *
 * Returns a negative status, so that it can be returned from the function.
 * Since 0.1.  Source: lib/worker/task.c.
 */
#define ord_task_fail(task, ...) ord_task_fail_at((task), __FILE__, __LINE__, __VA_ARGS__)

/* As ord_task_fail, with the place given.  Since 0.1.  Source: lib/worker/task.c. */
ORD_API int
ord_task_fail_at(struct ord_task *task, const char *file, unsigned line, const char *format, ...)
	ORD_PRINTF(4, 5);

/* The task's place in the order, 0, 1, 2 …  Since 0.1.  Source: lib/worker/task.c. */
ORD_API uint64_t
ord_task_sequence(const struct ord_task *task);

/* How often it was given out before: 0 on the first attempt.  Since 0.1.  Source: lib/worker/task.c. */
ORD_API uint32_t
ord_task_attempt(const struct ord_task *task);

/* The worker's place in the pool, from 0 on: below workers but where tasks yield or workers are replaced (recycle_tasks).  Since 0.1.  Source: lib/worker/task.c. */
ORD_API uint32_t
ord_task_worker(const struct ord_task *task);

/*
 * Whether the master wants this task to end: it was canceled, or its time is
 * up.  A function that runs long asks now and then and returns early; one
 * that does not is ended with its worker after the grace.
 *
 * Returns 1 or 0.  Cost: two loads.  Since 0.1.  Source: lib/worker/task.c.
 */
ORD_API int
ord_task_canceled(const struct ord_task *task);

/*
 * The pool's .shared bytes: sent once, the same memory for all workers.
 *
 * size  out, may be NULL: their number
 *
 * Returns the bytes, aligned to 8 (under ORD_START_FORK and ORD_START_INLINE
 * they are the host's own), read-only, valid while the worker lives; never NULL.
 * Since 0.1.  Source: lib/worker/task.c.
 */
ORD_API const void *
ord_task_shared(const struct ord_task *task, size_t *size);

/*
 * Tell the master how far the task is (ORD_TASK_PROGRESS of .on_event).
 * Cheap enough for an inner loop: of many calls the first, the last before
 * the result, and one each 10 ms between them are sent.
 *
 * done, total  in any unit; total 0: not known
 *
 * Returns 0, or ORD_ENOTSUP in a process that the task forked.
 * Cost: a clock read.  Since 0.1.  Source: lib/worker/task.c.
 */
ORD_API int
ord_task_progress(struct ord_task *task, uint64_t done, uint64_t total);

/*
 * Ask the master and wait for its answer (.on_ask, ord_pool_answer).  The
 * worker stays with this task meanwhile; ord_task_yield first if that may take
 * long and others should run.
 *
 * request      request[size] bytes, at most 64 KiB; NULL if size is 0
 * answer       out, may be NULL: the answer's bytes, aligned to 8, valid until
 *              the next ord_task_ask or the return of the function
 * answer_size  out, may be NULL: their number
 *
 * Returns 0, or
 *   ORD_EINTERRUPTED  the task is to end (ord_task_canceled): return
 *   ORD_ENOTSUP       the pool has no on_ask; under ORD_START_INLINE: on_ask did
 *                     not answer at once; in a process that the task forked
 *   ORD_EINVAL        NULL with a size
 *   ORD_ETOOBIG       more than 64 KiB
 *   ORD_ENOMEM
 * Since 0.1.  Source: lib/worker/ask.c.
 */
ORD_API int
ord_task_ask(struct ord_task *task, const void *request, size_t size, const void **answer,
	size_t *answer_size);

/*
 * Give this task's slot back while it waits for something: the pool runs
 * another task meanwhile, in another worker.  The function goes on at once,
 * and should use little processor time until ord_task_resume.
 *
 * Returns 0 (also if it has none to give back), or ORD_ENOTSUP in a process that the task forked.
 * Since 0.1.  Source: lib/worker/ask.c.
 */
ORD_API int
ord_task_yield(struct ord_task *task);

/*
 * Take a slot again after ord_task_yield; waits until one is free, before any
 * task that has not started.  A function may also return without it.
 *
 * Returns 0 (also if it has one), or ORD_EINTERRUPTED: the task is to end
 * (ord_task_canceled): return; or ORD_ENOTSUP in a process that the task forked.
 * Since 0.1.  Source: lib/worker/ask.c.
 */
ORD_API int
ord_task_resume(struct ord_task *task);

#ifdef __cplusplus
}
#endif
#endif
