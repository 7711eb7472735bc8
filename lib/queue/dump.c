/*
 * Where everything is in a queue, for a person to read.  The rows are looked at
 * under the lock; the pool belongs to the queue's thread, so that one is asked
 * and has a second to answer: it may be in a callback of the user's.
 */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/status.h>

#include "base/memory.h"
#include "queue/queue.h"

#define ANSWER_MS 1000

/* --- the queue's thread --- */

void
queue_answer_dump(struct ord_queue *queue)
{
	int length = ord_pool_dump(queue->pool, NULL, 0);
	struct buffer text = { 0 };

	/* What grows meanwhile, a number by a digit, is cut. */
	if (length > 0 && buffer_reserve(&text, (size_t)length + 1) == 0) {
		ord_pool_dump(queue->pool, text.bytes, text.capacity);
		text.size = (size_t)length;
	}
	pthread_mutex_lock(&queue->lock);
	buffer_finish(&queue->dump);
	queue->dump = text;
	queue->dumps_given = queue->dumps_wanted;
	pthread_cond_broadcast(&queue->dumped);
	pthread_mutex_unlock(&queue->lock);
}

/* --- any thread; the lock is held --- */

static const char *
state_of(const struct ord_queue *queue)
{
	if (!queue->begun)
		return "not started";
	if (!queue->started)
		return "could not start";
	if (queue->over)
		return "over";
	return queue->stopped ? "stopped" : "open";
}

static const char *
thread_of(const struct ord_queue *queue)
{
	if (!queue->has_thread || queue->over)
		return "is not there";
	if (!queue->sleeping)
		return "works";
	return queue->wants_room ? "sleeps until results are got (ord_queue_get)"
				 : "sleeps until the pool or a caller has something";
}

static int
put_rows(const struct ord_queue *queue, char *text, size_t size)
{
	return snprintf(text, size,
		"queue: %s, %" PRIu64 " put, %" PRIu64 " got; its thread %s\n"
		"rows: %u tasks wait for the pool (of %u, %" PRIu64
		" bytes), %u results for ord_queue_get (of %u, %" PRIu64
		" bytes), %u in the thread's hands\n"
		"callers: %u wait to put, %u to get\n",
		state_of(queue), queue->next_sequence, queue->got, thread_of(queue), queue->waiting,
		queue->in_max, queue->waiting_bytes, queue->out.count, queue->out_max,
		queue->out.bytes, queue->kept_back, queue->putters, queue->getters);
}

/* False: the thread has not answered. */
static bool
ask_thread(struct ord_queue *queue)
{
	struct timespec until;
	uint64_t mine = ++queue->dumps_wanted;
	int status = 0;

	queue_wake(queue);
	queue_deadline(&until, ANSWER_MS);
	while (queue->dumps_given < mine && !queue->over && status == 0)
		status = pthread_cond_timedwait(&queue->dumped, &queue->lock, &until);
	return queue->dumps_given >= mine;
}

/* Behind what stands there; the length of this part. */
static int
put_pool(struct ord_queue *queue, char *text, size_t size)
{
	if (queue_is_callback(queue))
		return ord_pool_dump(queue->pool, text, size);
	if (!queue->has_thread || queue->over)
		return 0;
	if (!ask_thread(queue))
		return queue->over
			? 0
			: snprintf(text, size,
				  "pool: the queue's thread has not answered for %d ms: it is in a callback, or has no processor\n",
				  ANSWER_MS);
	return snprintf(text, size, "%s", queue->dump.bytes != NULL ? queue->dump.bytes : "");
}

int
ord_queue_dump(const struct ord_queue *queue, char *text, size_t size)
{
	struct ord_queue *own = (struct ord_queue *)(uintptr_t)queue;
	int rows, pool;
	size_t used;

	if (size != 0 && text != NULL)
		text[0] = '\0';
	if (queue == NULL || (text == NULL && size != 0))
		return ORD_EINVAL;
	if (*queue->alive == 0)
		return ORD_EFORKED;
	pthread_mutex_lock(&own->lock);
	rows = put_rows(own, text, size);
	used = (size_t)rows < size ? (size_t)rows : size;
	pool = put_pool(own, used < size ? text + used : NULL, size - used);
	pthread_mutex_unlock(&own->lock);
	return rows + (pool > 0 ? pool : 0);
}
