/*
 * The queue's thread.  It carries tasks from the queue into the pool, moves the
 * pool, and carries results back, as many as there are under one lock; when
 * nothing can be carried it sleeps until the pool or a caller has something.
 * The lock is never held while the pool is called, so callbacks may use the queue.
 */
#include "queue/queue.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/memory.h"
#include "core/core.h"

#define RETRY_MS 10 /* when there was no memory */

enum next { NEXT_GO, NEXT_SLEEP, NEXT_END };

/* --- ends --- */

/* What ended the pool; the pool's sentence belongs to the status. */
static void
note_failure(struct ord_queue *queue, int status)
{
	struct error *failure = &queue->mover.failure;

	queue->mover.hopeless = failure->status == ORD_ESTALLED && status == ORD_ESTALLED;
	if (failure->status != 0)
		return;
	error_set(failure, status, "%s", ord_pool_error(queue->pool));
	if (status == ORD_ESTALLED)
		ord_pool_cancel_all(queue->pool);
}

static void
take_interrupts(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	uint32_t asked = atomic_load(&queue->interrupts);

	if (asked == mover->interrupts)
		return;
	/* The pool knows a first and a second one. */
	if (asked - mover->interrupts > 1)
		ord_pool_interrupt(queue->pool);
	ord_pool_interrupt(queue->pool);
	mover->interrupts = asked;
	if (mover->failure.status == 0)
		error_set(&mover->failure, ORD_EINTERRUPTED,
			"the queue was interrupted: tasks that had not started were canceled");
}

/* --- tasks into the pool --- */

static struct refusal *
refusal_for(struct mover *mover, uint32_t state, const char *text)
{
	struct refusal *last = mover->last_refusal;
	size_t size = strlen(text) + 1;

	if (last != NULL && last->state == state && last->first + last->count == mover->sequence &&
		strcmp(last->text, text) == 0)
		return last;
	last = memory_new(1, sizeof *last + size);
	if (last == NULL)
		return NULL;
	last->first = mover->sequence;
	last->state = state;
	memcpy(last->text, text, size);
	return last;
}

/* A task that is not to run: a value takes its place in the pool. */
static int
refuse(struct ord_queue *queue, void *user, uint32_t state, const char *text)
{
	struct mover *mover = &queue->mover;
	struct refusal *refusal = refusal_for(mover, state, text);
	int status;

	if (refusal == NULL)
		return ORD_ENOMEM;
	status = ord_pool_submit_task(queue->pool, &ORD_TASK(.pass = 1, .user = user), NULL);
	if (status != 0) {
		if (refusal->count == 0)
			memory_free(refusal);
		return status;
	}
	if (refusal->count++ != 0)
		return ORD_OK;
	if (mover->last_refusal != NULL)
		mover->last_refusal->next = refusal;
	else
		mover->refusals = refusal;
	mover->last_refusal = refusal;
	return ORD_OK;
}

/* The pool did not take a task, for a reason of the task's or because the pool has ended. */
static int
take_refusal(struct ord_queue *queue, void *user)
{
	char text[sizeof queue->failure.text];
	int status;

	memcpy(text, ord_pool_error(queue->pool), sizeof text);
	status = ord_pool_step(queue->pool, 0);
	if (status != 0) {
		note_failure(queue, status);
		return status;
	}
	return refuse(queue, user, ORD_FAILED, text);
}

static int
hand_in(struct ord_queue *queue, const struct entry *entry)
{
	struct mover *mover = &queue->mover;
	struct ord_task_options task = entry_task(entry);
	int status;

	if (mover->sequence < mover->canceled_before && task.pass == 0)
		return refuse(queue, task.user, ORD_CANCELED, "canceled before it started");
	status = ord_pool_submit_task(queue->pool, &task, NULL);
	if (status == 0 || status == ORD_EAGAIN || status == ORD_ENOMEM)
		return status;
	return take_refusal(queue, task.user);
}

static void
move_tasks(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	struct entry *entry;

	while (!mover->full && mover->failure.status == 0 &&
		(entry = entries_first(&mover->batch)) != NULL) {
		int status = hand_in(queue, entry);

		mover->full = status == ORD_EAGAIN;
		mover->poor = status == ORD_ENOMEM;
		if (status != 0)
			return;
		mover->empty = false;
		mover->moved++;
		mover->moved_bytes += entry->input.size;
		mover->sequence++;
		entries_drop(&mover->batch);
	}
}

/* --- results out of it --- */

/* Values that stand for tasks become what these should be; they come in the order in which they went in. */
static void
settle_refused(struct mover *mover, struct ord_result *result)
{
	struct refusal *refusal = mover->refusals;

	if (refusal == NULL || refusal->first != result->sequence)
		return;
	result->state = (uint8_t)refusal->state;
	detail_error(&result->detail, "%s", refusal->text);
	refusal->first++;
	if (--refusal->count != 0)
		return;
	mover->refusals = refusal->next;
	if (mover->refusals == NULL)
		mover->last_refusal = NULL;
	memory_free(refusal);
}

/* The next result into mover->held; what ord_pool_next_within says if there is none. */
static int
next_result(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	int status;

	if (mover->held != NULL)
		return ORD_OK;
	status = ord_pool_next_within(queue->pool, 0, &mover->held);
	if (mover->held != NULL)
		mover->full = false;
	else if (status != 0 && status != ORD_EAGAIN)
		note_failure(queue, status);
	return status;
}

/* Returns true if the pool has no more for now, and was moved to find that out. */
static bool
move_results(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	uint64_t bytes = 0;
	struct ord_result *kept;
	size_t size;

	mover->more = false;
	while (mover->n_done < mover->room && mover->n_done < DONE_MAX &&
		(mover->n_done == 0 || bytes < mover->room_bytes)) {
		int status = next_result(queue);

		if (mover->held == NULL)
			return status == ORD_EAGAIN;
		if (ord_result_keep(mover->held, &kept) != 0) {
			mover->poor = mover->more = true;
			return false;
		}
		mover->held = NULL;
		settle_refused(mover, kept);
		ord_result_output(kept, &size);
		bytes += size;
		mover->done[mover->n_done++] = kept;
	}
	mover->more = true;
	return false;
}

/* --- the queue's side; the lock is held --- */

/* Returns how many threads that wait for a result may have one. */
static uint32_t
give_results(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	uint32_t given = 0;

	while (given < mover->n_done && row_add(&queue->out, mover->done[given]) == 0)
		given++;
	mover->n_done -= given;
	if (mover->n_done != 0) {
		mover->poor = true;
		memmove(mover->done, mover->done + given,
			mover->n_done * sizeof(struct ord_result *));
	}
	queue->kept_back = mover->n_done + (mover->held != NULL);
	queue_out_room(queue, &mover->room, &mover->room_bytes);
	if (queue->kept_back != 0)
		mover->room = mover->n_done + (mover->held != NULL);
	return given;
}

static void
take_tasks(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	struct entries taken = queue->in;

	queue->waiting -= mover->moved;
	queue->waiting_bytes -= mover->moved_bytes;
	mover->moved = 0;
	mover->moved_bytes = 0;
	if (entries_first(&mover->batch) != NULL || entries_first(&queue->in) == NULL)
		return;
	queue->in = mover->batch;
	mover->batch = taken;
	mover->sequence = queue->next_sequence - queue->waiting;
}

static bool
is_over(const struct ord_queue *queue)
{
	const struct mover *mover = &queue->mover;

	if (queue->dying || mover->hopeless)
		return true;
	return mover->empty && mover->n_done == 0 && mover->held == NULL &&
		(queue->failure.status != 0 || (queue->stopped && queue->waiting == 0));
}

static enum next
decide(struct ord_queue *queue, bool canceled)
{
	const struct mover *mover = &queue->mover;
	bool tasks = entries_first(&mover->batch) != NULL;

	if (is_over(queue))
		return NEXT_END;
	if (canceled ||
		(!mover->poor &&
			(mover->answers.first != NULL ||
				(tasks && !mover->full && queue->failure.status == 0) ||
				(mover->more && mover->room != 0))))
		return NEXT_GO;
	queue->sleeping = true;
	queue->wants_tasks = !tasks;
	queue->wants_room = mover->more && mover->room == 0;
	return NEXT_SLEEP;
}

/* --- the thread --- */

static void
signal_waiting(pthread_cond_t *condition, uint32_t waiting, uint32_t things)
{
	if (things >= waiting && waiting > 1)
		pthread_cond_broadcast(condition);
	else
		for (uint32_t i = 0; i < things && i < waiting; i++)
			pthread_cond_signal(condition);
}

/* Give what came and take what is there, under one lock. */
static enum next
exchange(struct ord_queue *queue)
{
	struct mover *mover = &queue->mover;
	uint32_t given, moved = mover->moved, getters, putters;
	bool canceled, dump;
	enum next next;

	mover->seen.size = sizeof mover->seen;
	ord_pool_statistics(queue->pool, &mover->seen);
	mover->empty = mover->seen.submitted == mover->seen.delivered;
	pthread_mutex_lock(&queue->lock);
	queue->sleeping = false;
	queue->seen = mover->seen;
	given = give_results(queue);
	take_tasks(queue);
	if (mover->failure.status != 0)
		queue_fail(queue, &mover->failure);
	answers_move(&mover->answers, &queue->answers);
	canceled = mover->canceled_before != queue->cancel_before;
	dump = queue->dumps_given != queue->dumps_wanted;
	mover->canceled_before = queue->cancel_before;
	getters = queue->getters;
	putters = queue->putters;
	next = decide(queue, canceled);
	pthread_mutex_unlock(&queue->lock);
	signal_waiting(&queue->ready, getters, given);
	/* Which of those that wait has a task that fits is theirs to find out. */
	if (moved != 0 && putters != 0)
		pthread_cond_broadcast(&queue->room);
	if (canceled)
		ord_pool_cancel_all(queue->pool);
	if (dump)
		queue_answer_dump(queue);
	return next;
}

static void
rest(struct ord_queue *queue)
{
	struct pollfd fds[2] = { { .fd = ord_pool_fd(queue->pool), .events = POLLIN },
		{ .fd = atomic_load(&queue->wake), .events = POLLIN } };
	uint64_t count;

	atomic_store(&queue->resting, true);
	poll(fds, 2, queue->mover.poor ? RETRY_MS : -1);
	atomic_store(&queue->resting, false);
	if (fds[1].revents != 0 && read(fds[1].fd, &count, sizeof count) < 0)
		return; /* it was looked at without need */
}

/* The pool has nothing left, or is to be dropped with what it has. */
static void
leave(struct ord_queue *queue)
{
	struct error failure = { 0 };
	int status = ORD_OK;
	bool dying;

	pthread_mutex_lock(&queue->lock);
	dying = queue->dying;
	pthread_mutex_unlock(&queue->lock);
	if (!dying)
		status = ord_pool_finish(queue->pool);
	if (status != 0)
		error_set(&failure, status, "%s", ord_pool_error(queue->pool));
	ord_pool_statistics(queue->pool, &queue->mover.seen);
	ord_pool_destroy(&queue->pool);
	pthread_mutex_lock(&queue->lock);
	queue->seen = queue->mover.seen;
	queue->seen.workers = 0;
	if (failure.status != 0)
		queue_fail(queue, &failure);
	queue->over = true;
	pthread_cond_broadcast(&queue->room);
	pthread_cond_broadcast(&queue->ready);
	pthread_cond_broadcast(&queue->end);
	pthread_cond_broadcast(&queue->dumped);
	pthread_mutex_unlock(&queue->lock);
	atomic_store(&queue->resting, true);
}

static void *
live(void *user)
{
	struct ord_queue *queue = user;
	struct mover *mover = &queue->mover;
	enum next next;

	pthread_mutex_lock(&queue->lock);
	queue->self = pthread_self();
	queue->self_known = queue->started = true;
	pthread_mutex_unlock(&queue->lock);
	take_interrupts(queue); /* that came before there was anything to wake */
	while ((next = exchange(queue)) != NEXT_END) {
		if (next == NEXT_SLEEP)
			rest(queue);
		mover->poor = false;
		take_interrupts(queue);
		move_tasks(queue);
		if (!answers_give(&mover->answers, queue->pool))
			mover->poor = true; /* or it would try again without rest */
		if (mover->empty || !move_results(queue)) {
			int status = ord_pool_step(queue->pool, 0);

			if (status != 0)
				note_failure(queue, status);
		}
	}
	leave(queue);
	return NULL;
}

int
mover_start(struct ord_queue *queue)
{
	sigset_t all, before;
	int failed;

	atomic_store(&queue->resting, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&queue->thread, NULL, live, queue);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	queue->has_thread = failed == 0;
	if (failed != 0)
		atomic_store(&queue->resting, true);
	return failed;
}

void
mover_finish(struct mover *mover)
{
	for (struct refusal *refusal = mover->refusals, *next; refusal != NULL; refusal = next) {
		next = refusal->next;
		memory_free(refusal);
	}
	for (uint32_t i = 0; i < mover->n_done; i++)
		ord_result_destroy(&mover->done[i]);
	entries_finish(&mover->batch);
	answers_finish(&mover->answers);
}
