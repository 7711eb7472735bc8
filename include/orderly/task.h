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
 * user  under ORD_START_FORK and ORD_START_INLINE the pool's function_user, else NULL
 *
 * Returns 0: the result is ORD_DONE with what ord_task_return was given last
 * (or no bytes).  Anything else: the result is ORD_FAILED with the text of
 * ord_task_fail, or a sentence that names the number.
 */
typedef int (*ord_task_fn)(struct ord_task *task, void *user);

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

/* The worker's place in the pool, 0 … workers - 1.  Since 0.1.  Source: lib/worker/task.c. */
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

#ifdef __cplusplus
}
#endif
#endif
