/* What all threads share: what fits, who is woken, and what became of it all.  The lock is held. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <orderly/status.h>

#include "core/core.h"
#include "deliver/result.h"
#include "queue/queue.h"

bool
queue_has_room(const struct ord_queue *queue, size_t size)
{
	if (queue->waiting == 0)
		return true;
	return queue->waiting < queue->in_max && queue->waiting_bytes < queue->bytes_max &&
		size <= queue->bytes_max - queue->waiting_bytes;
}

void
queue_out_room(const struct ord_queue *queue, uint32_t *results, uint64_t *bytes)
{
	bool fits = queue->out.count == 0 ||
		(queue->out.count < queue->out_max && queue->out.bytes < queue->bytes_max);

	*results = fits ? queue->out_max - queue->out.count : 0;
	*bytes = fits && queue->out.bytes < queue->bytes_max ? queue->bytes_max - queue->out.bytes
							     : 0;
}

/* Only the call that finds the thread asleep pays for waking it. */
bool
queue_rouse(struct ord_queue *queue)
{
	bool asleep = queue->sleeping;

	queue->sleeping = false;
	return asleep;
}

/*
 * A thread that waits until results are got is woken when half of them are, so
 * that it moves many at a time; but at once if somebody may wait for it.
 */
bool
queue_rouse_for_room(struct ord_queue *queue, bool urgent)
{
	bool half =
		queue->out.count <= queue->out_max / 2 && queue->out.bytes <= queue->bytes_max / 2;
	uint64_t bytes;
	uint32_t results;

	if (!queue->sleeping || !queue->wants_room)
		return false;
	queue_out_room(queue, &results, &bytes);
	urgent |= half || queue->putters != 0 || queue->stopped || queue->failure.status != 0;
	return results != 0 && urgent && queue_rouse(queue);
}

void
queue_wake(struct ord_queue *queue)
{
	int wake = atomic_load(&queue->wake), kept = errno;
	uint64_t one = 1;

	/* A counter that is full wakes as well. */
	if (wake >= 0 && write(wake, &one, sizeof one) < 0)
		errno = kept;
}

void
queue_fail(struct ord_queue *queue, const struct error *failure)
{
	if (queue->failure.status != 0)
		return;
	queue->failure = *failure;
	atomic_store(&queue->failed, true);
	pthread_cond_broadcast(&queue->room);
}

static struct entries *
left(struct ord_queue *queue)
{
	return entries_first(&queue->mover.batch) != NULL ? &queue->mover.batch : &queue->in;
}

struct ord_result *
queue_unrun(struct ord_queue *queue)
{
	struct entry *entry = entries_first(left(queue));
	bool pass = entry->task.pass != 0;
	char text[sizeof queue->failure.text + 64] = "";
	struct ord_result *result;

	if (!pass)
		snprintf(text, sizeof text, "canceled before it started: %s", queue->failure.text);
	result = result_unrun(queue->next_sequence - queue->waiting, entry->task.user,
		pass ? ORD_PASSED : ORD_CANCELED, text);
	if (result == NULL)
		return NULL;
	queue->waiting--;
	queue->waiting_bytes -= entry->input.size;
	if (pass) {
		result->output = entry->input;
		entry->input = (struct blob){ 0 };
	}
	entries_drop(left(queue));
	return result;
}
