/*
 * Answers to what tasks ask.  A callback on the queue's own thread answers the
 * pool directly; any other thread leaves its answer here, and the queue's thread
 * gives it to the pool.
 */
#include <orderly/status.h>

#include "base/memory.h"
#include "queue/queue.h"

#define ANSWER_MAX ((size_t)1 << 30)

void
answers_init(struct answers *answers)
{
	answers->first = NULL;
	answers->last = &answers->first;
}

static void
append(struct answers *answers, struct answer *answer)
{
	answer->next = NULL;
	*answers->last = answer;
	answers->last = &answer->next;
}

static struct answer *
take(struct answers *answers)
{
	struct answer *answer = answers->first;

	if (answer == NULL)
		return NULL;
	answers->first = answer->next;
	if (answers->first == NULL)
		answers->last = &answers->first;
	return answer;
}

void
answers_move(struct answers *to, struct answers *from)
{
	for (struct answer *answer; (answer = take(from)) != NULL;)
		append(to, answer);
}

static void
drop(struct answer *answer)
{
	blob_finish(&answer->bytes);
	memory_free(answer);
}

void
answers_finish(struct answers *answers)
{
	for (struct answer *answer; (answer = take(answers)) != NULL;)
		drop(answer);
}

bool
answers_give(struct answers *answers, struct ord_pool *pool)
{
	while (answers->first != NULL) {
		const struct answer *answer = answers->first;

		/* Whoever does not wait any more needs no answer. */
		if (ord_pool_answer(pool, answer->sequence, blob_bytes(&answer->bytes),
			    answer->bytes.size) == ORD_ENOMEM)
			return false;
		drop(take(answers));
	}
	return true;
}

static int
leave_answer(struct ord_queue *queue, struct answer *answer)
{
	bool wake = false;
	int status;

	pthread_mutex_lock(&queue->lock);
	status = queue_check_started(queue);
	if (status == 0) {
		append(&queue->answers, answer);
		wake = queue_rouse(queue);
	}
	pthread_mutex_unlock(&queue->lock);
	if (wake)
		queue_wake(queue);
	return status;
}

static bool
called_back(struct ord_queue *queue)
{
	bool is;

	pthread_mutex_lock(&queue->lock);
	is = queue_is_callback(queue);
	pthread_mutex_unlock(&queue->lock);
	return is;
}

int
ord_queue_answer(struct ord_queue *queue, uint64_t sequence, const void *bytes, size_t size)
{
	struct answer *answer;
	int status = queue_check(queue);

	if (status != 0)
		return status;
	if (called_back(queue))
		return ord_pool_answer(queue->pool, sequence, bytes, size);
	if (bytes == NULL && size != 0)
		return ORD_EINVAL;
	if (size > ANSWER_MAX)
		return ORD_ETOOBIG;
	answer = memory_new(1, sizeof *answer);
	if (answer == NULL || blob_set(&answer->bytes, bytes, size) != 0) {
		memory_free(answer);
		return ORD_ENOMEM;
	}
	answer->sequence = sequence;
	status = leave_answer(queue, answer);
	if (status != 0)
		drop(answer);
	return status;
}
