/*
 * A task asks its master: ord_task_ask in the worker, .on_ask in the master,
 * ord_pool_answer back.  A struct ord_ask is read-only and lives until the
 * callback returns; the question stays open until it is answered.
 */
#ifndef ORDERLY_ASK_H
#define ORDERLY_ASK_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_ask;

/*
 * What is called when a task asks.  It comes on the thread that moves the
 * pool, under the rules of callbacks (pool.h).  Answer with ord_pool_answer,
 * here or at any later time; until then the task waits.
 */
typedef void (*ord_ask_fn)(const struct ord_ask *ask, void *user);

/* The task that asks: what ord_pool_answer wants.  Since 0.1.  Source: lib/deliver/ask.c. */
ORD_API uint64_t
ord_ask_sequence(const struct ord_ask *ask);

/*
 * What it asks.
 *
 * size  out, may be NULL: its bytes
 *
 * Returns request[size], aligned to 8, with one NUL byte behind it that is not
 * counted; never NULL.
 * Since 0.1.  Source: lib/deliver/ask.c.
 */
ORD_API const void *
ord_ask_request(const struct ord_ask *ask, size_t *size);

/* The worker's place.  Since 0.1.  Source: lib/deliver/ask.c. */
ORD_API uint32_t
ord_ask_worker(const struct ord_ask *ask);

/* The pointer that was submitted with the task.  Since 0.1.  Source: lib/deliver/ask.c. */
ORD_API void *
ord_ask_user(const struct ord_ask *ask);

#ifdef __cplusplus
}
#endif
#endif
