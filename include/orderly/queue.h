/*
 * The queue: a pool on a thread of its own, behind put and get.  Any thread
 * puts tasks in, any thread gets results out, first in, first out.
 *
 * Everything here may be called from any thread at any time, but for
 * ord_queue_start and ord_queue_destroy, which one thread calls: first and last.
 * The pool's callbacks (on_message, on_event, on_ask) come on the queue's
 * thread; in them put and get with a time-out say ORD_EBUSY.
 *
 * In a process that the owner forked every call returns ORD_EFORKED
 * (ord_queue_alive 0) and ord_queue_destroy only frees memory.  For NULL instead
 * of a queue every call returns ORD_EINVAL.
 */
#ifndef ORDERLY_QUEUE_H
#define ORDERLY_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>
#include <orderly/pool.h>
#include <orderly/result.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_queue;

struct ord_queue_options {
	size_t size;                         /* set by ORD_QUEUE_OPTIONS; never by hand */
	const struct ord_pool_options *pool; /* function, hooks, workers, window …; on_result must be NULL; copied; NULL: functions come with the tasks */
	uint32_t in_max;                     /* tasks put in before the pool has taken them; 0 = 1000 */
	uint32_t out_max;                    /* results that nobody has got; 0 = 1000 */
	/* fields are only ever appended; 0 always means the documented default */
};

#ifndef __cplusplus
#define ORD_QUEUE_OPTIONS(...) \
	((struct ord_queue_options){ .size = sizeof(struct ord_queue_options), __VA_ARGS__ })
#else
static inline ord_queue_options
ord_queue_options_default()
{
	ord_queue_options options = ord_queue_options();
	options.size = sizeof options;
	return options;
}
#endif

/*
 * Make a queue.  Nothing is started.
 *
 * queue    out: the queue, or NULL on failure; free it with ord_queue_destroy
 * options  copied; NULL: all defaults
 *
 * Returns 0, or ORD_ENOMEM, ORD_EINVAL (also: .pool has on_result), ORD_ENOTSUP as ord_pool_new.
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int ORD_MUST_CHECK
ord_queue_new(struct ord_queue **queue, const struct ord_queue_options *options);

/*
 * Start the pool and the queue's thread.
 *
 * Returns 0, or as ord_pool_start; the sentence is ord_queue_error.
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int ORD_MUST_CHECK
ord_queue_start(struct ord_queue *queue);

/*
 * Put a task in.
 *
 * input       input[size] bytes for the pool's function; copied; NULL if size is 0
 * timeout_ms  how long to wait for room: 0 not at all, -1 for ever
 * sequence    out, may be NULL: its place in the order, 0, 1, 2 …; untouched on failure
 *
 * Returns 0, or
 *   ORD_EFULL    in_max tasks wait already, and the time is up; no sequence was used
 *   ORD_ECLOSED  after ord_queue_stop
 *   ORD_EINVAL   NULL with a size; no function; not started
 *   ORD_ETOOBIG  more than 1 GiB
 *   ORD_EBUSY    called from a callback with a time-out other than 0, and full
 *   ORD_ENOMEM
 *   and the error that ended the pool, if one did (ord_queue_error).
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_put(struct ord_queue *queue, const void *input, size_t size, int timeout_ms,
	uint64_t *sequence);

/*
 * As ord_queue_put, with a function, time-out, retries or pointer of its own,
 * or as a value that passes through at its place (.pass); see struct
 * ord_task_options.  A task that the pool refuses later has an ORD_FAILED result at
 * its place.
 *
 * Returns as ord_queue_put, and
 *   ORD_EINVAL   NULL; an option is out of its range
 *   ORD_ENOTSUP  an option is set that this version does not know
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_put_task(struct ord_queue *queue, const struct ord_task_options *task, int timeout_ms,
	uint64_t *sequence);

/*
 * Get the next result, in the order of the puts (of completion, if the pool's
 * .order says so).  Of several threads that get at once each has another.
 *
 * timeout_ms  how long to wait: 0 not at all, -1 until there is one
 * result      out: yours, free it with ord_result_destroy; NULL on failure
 *
 * Returns 0, or
 *   ORD_EEMPTY   no result was ready in time; nothing is lost
 *   ORD_ECLOSED  stopped, and every result has been got
 *   ORD_EBUSY    called from a callback with a time-out other than 0, and empty
 *   ORD_EINVAL   not started; no place for the result
 *   ORD_ENOMEM   for the result of a task that never ran; nothing is lost: get again
 *   and the error that ended the pool, behind the last result.
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_get(struct ord_queue *queue, int timeout_ms, struct ord_result **result);

/*
 * Put an end behind all that has been put in: later puts say ORD_ECLOSED, gets
 * go on until the last result.  Returns 0 (also if it is stopped already).
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_stop(struct ord_queue *queue);

/*
 * Wait until a stopped queue has no more work: its workers are gone.  Up to
 * out_max results may still be got afterwards; with more of them somebody has to
 * get meanwhile.
 *
 * timeout_ms  0 not at all, -1 for ever
 *
 * Returns 0, or the error that ended the pool, or
 *   ORD_ETIMEDOUT  it still works
 *   ORD_EINVAL     not started; not stopped
 *   ORD_EBUSY      called from a callback
 * Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_join(struct ord_queue *queue, int timeout_ms);

/* 1 while workers can run tasks: from start until ord_queue_join would return; else 0, also in a forked process.  Since 0.1.  Source: lib/queue/queue.c. */
ORD_API int
ord_queue_alive(const struct ord_queue *queue);

/*
 * Cancel every task that is not done; their results come at their places, as
 * ORD_CANCELED.  Returns 0.  Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_cancel_all(struct ord_queue *queue);

/*
 * Answer what a task asked (.on_ask of the pool's options); from on_ask or at
 * any later time.
 *
 * sequence  the task, as ord_ask_sequence said
 * answer    answer[size] bytes, at most 1 GiB; copied; NULL if size is 0
 *
 * Returns in a callback of this queue as ord_pool_answer; elsewhere the answer
 * is handed to the queue's thread, and dropped if that task waits no longer, and this returns 0, or
 *   ORD_EINVAL   NULL with a size; not started
 *   ORD_ETOOBIG
 *   ORD_ENOMEM
 *   and the error that ended the pool, if one did.
 * Since 0.1.  Source: lib/queue/answers.c.
 */
ORD_API int
ord_queue_answer(struct ord_queue *queue, uint64_t sequence, const void *answer, size_t size);

/*
 * Stop soon, from any thread or a signal handler; as ord_pool_interrupt.  The
 * results of what was canceled can be got.
 * Async-signal-safe.  Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_interrupt(struct ord_queue *queue);

/*
 * Numbers so far, as the queue's thread saw them last.
 *
 * statistics  in: its size, set by ORD_STATISTICS; out: the rest; submitted counts
 *             what was put, delivered what was got
 *
 * Returns 0 or ORD_EINVAL.  Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API int
ord_queue_statistics(const struct ord_queue *queue, struct ord_statistics *statistics);

/*
 * Where everything is, as text for a person: what waits in the queue and for
 * whom, and the dump of its pool (ord_pool_dump), which its thread writes.
 *
 * text  out: text[size], ended with a NUL, cut if there is no room for all; NULL if size is 0
 * size  4 KiB are enough for some 10 workers
 *
 * Waits up to a second for the thread: while a callback of the user's runs it cannot answer,
 * and then the text says so instead.
 * Returns the length that the whole has, without its NUL, or ORD_EINVAL or
 * ORD_EFORKED; then text is "".  May be called from a callback.
 * Since 0.1.  Source: lib/queue/dump.c.
 */
ORD_API int
ord_queue_dump(const struct ord_queue *queue, char *text, size_t size);

/*
 * Why the queue could not start or ended early, as a sentence; "" if it did
 * not.  Valid until ord_queue_destroy.  Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API const char *
ord_queue_error(const struct ord_queue *queue);

/*
 * Stop and free a queue.  Tasks that are not done are canceled, results that
 * nobody got are dropped, nothing of the queue is left when it returns.  No other
 * thread may be in a call on it.
 *
 * queue  in: the queue, *queue NULL or queue NULL: nothing happens; out: NULL
 *
 * Not from a callback.  Since 0.1.  Source: lib/queue/queue.c.
 */
ORD_API void
ord_queue_destroy(struct ord_queue **queue);

#ifdef __cplusplus
}
#endif
#endif
