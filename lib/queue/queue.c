/*
 * The public functions of a queue: what any thread may do, under one lock.
 * What is put in waits in a row until the queue's thread (mover.c) has carried
 * it into the pool, and what the thread has carried out waits in another.
 */
#include "queue/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include <orderly/status.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/options.h"
#include "core/core.h"

#define FIRST_SIZE OPTIONS_UP_TO(struct ord_queue_options, out_max)
#define FIRST_POOL_SIZE OPTIONS_UP_TO(struct ord_pool_options, functions_by_task)
#define FIRST_TASK_SIZE OPTIONS_UP_TO(struct ord_task_options, pass)
#define ROW_MAX (1u << 24)
#define ROW_DEFAULT 1000u
#define BYTES_DEFAULT (UINT64_C(64) << 20)
#define INPUT_MAX ((size_t)1 << 30)
#define INPUT_LARGE 65536 /* worth a look at the queue before it is copied */
#define RETRIES_MAX 254u

/* --- who may call --- */

int
queue_check(const struct ord_queue *queue)
{
	if (queue == NULL)
		return ORD_EINVAL;
	return *queue->alive != 0 ? ORD_OK : ORD_EFORKED;
}

/* Why a queue does not work, if it does not; the lock is held. */
int
queue_check_started(const struct ord_queue *queue)
{
	if (queue->failure.status != 0)
		return queue->failure.status;
	return queue->started ? ORD_OK : ORD_EINVAL;
}

bool
queue_is_callback(const struct ord_queue *queue)
{
	return queue->self_known && pthread_equal(queue->self, pthread_self());
}

static void
unlock(struct ord_queue *queue, bool wake)
{
	pthread_mutex_unlock(&queue->lock);
	if (wake)
		queue_wake(queue);
}

/* --- waiting --- */

/* Up to when a call waits. */
struct limit {
	int timeout_ms;
	bool passed;
	struct timespec at;
};

void
queue_deadline(struct timespec *at, int timeout_ms)
{
	uint64_t ns = clock_now_ns() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS;

	*at = (struct timespec){ .tv_sec = (time_t)(ns / CLOCK_NS_PER_S),
		.tv_nsec = (long)(ns % CLOCK_NS_PER_S) };
}

static struct limit
limit_in(int timeout_ms)
{
	struct limit limit = { .timeout_ms = timeout_ms, .passed = timeout_ms == 0 };

	if (timeout_ms > 0)
		queue_deadline(&limit.at, timeout_ms);
	return limit;
}

/* Sleep once; the lock is held, and what was waited for must be looked at again.  late: what to say when the time is up. */
static int
await(struct ord_queue *queue, pthread_cond_t *condition, uint32_t *waiting, struct limit *limit,
	int late)
{
	if (limit->passed)
		return late;
	if (queue_is_callback(queue))
		return ORD_EBUSY;
	++*waiting;
	if (limit->timeout_ms < 0)
		pthread_cond_wait(condition, &queue->lock);
	else
		limit->passed = pthread_cond_timedwait(condition, &queue->lock, &limit->at) != 0;
	--*waiting;
	return ORD_OK;
}

/* --- life --- */

/* A pool without a function of its own has workers for those that tasks bring. */
static int
make_pool(struct ord_queue *queue, const struct ord_pool_options *from)
{
	struct ord_pool_options options = ORD_POOL_OPTIONS();
	int status = ORD_OK;

	if (from != NULL)
		status = options_copy(&options, sizeof options, FIRST_POOL_SIZE, from);
	if (status == ORD_OK && options.on_result != NULL)
		status = ORD_EINVAL;
	if (status != ORD_OK)
		return status;
	queue->has_function = options.function != NULL || options.function_name != NULL;
	queue->bytes_max = options.window_bytes != 0 ? options.window_bytes : BYTES_DEFAULT;
	if (!queue->has_function)
		options.functions_by_task = 1;
	return ord_pool_new(&queue->pool, &options);
}

static int
make(struct ord_queue *queue, const struct ord_queue_options *from)
{
	struct ord_queue_options options = { 0 };
	int status = ORD_OK;

	if (from != NULL)
		status = options_copy(&options, sizeof options, FIRST_SIZE, from);
	if (status == ORD_OK && (options.in_max > ROW_MAX || options.out_max > ROW_MAX))
		status = ORD_EINVAL;
	if (status != ORD_OK)
		return status;
	queue->in_max = options.in_max != 0 ? options.in_max : ROW_DEFAULT;
	queue->out_max = options.out_max != 0 ? options.out_max : ROW_DEFAULT;
	queue->alive = alive_new();
	return queue->alive != NULL ? make_pool(queue, options.pool) : ORD_ENOMEM;
}

static void
make_lock(struct ord_queue *queue)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->room, &monotonic);
	pthread_cond_init(&queue->ready, &monotonic);
	pthread_cond_init(&queue->end, &monotonic);
	pthread_cond_init(&queue->dumped, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void
free_contents(struct ord_queue *queue)
{
	ord_pool_destroy(&queue->pool);
	mover_finish(&queue->mover);
	entries_finish(&queue->in);
	answers_finish(&queue->answers);
	buffer_finish(&queue->dump);
	row_finish(&queue->out);
}

static void
free_queue(struct ord_queue *queue)
{
	int wake = atomic_exchange(&queue->wake, -1);

	fd_close(&wake);
	alive_destroy(queue->alive);
	memory_free(queue);
}

int
ord_queue_new(struct ord_queue **out, const struct ord_queue_options *options)
{
	struct ord_queue *queue;
	int status;

	if (out == NULL)
		return ORD_EINVAL;
	*out = NULL;
	queue = memory_new(1, sizeof *queue);
	if (queue == NULL)
		return ORD_ENOMEM;
	atomic_init(&queue->wake, -1);
	atomic_init(&queue->resting, true);
	answers_init(&queue->answers);
	answers_init(&queue->mover.answers);
	status = make(queue, options);
	if (status == 0) {
		make_lock(queue);
		*out = queue;
	} else {
		free_contents(queue);
		free_queue(queue);
	}
	return status;
}

static int
start(struct ord_queue *queue, struct error *error)
{
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), status;

	if (wake < 0 || fd_lift(&wake) != 0)
		return error_system(error, errno, "cannot make the descriptor of the queue");
	atomic_store(&queue->wake, wake);
	/* Before the thread is there: workers may be forked from a process without others. */
	status = ord_pool_start(queue->pool);
	if (status != 0)
		return error_set(error, status, "%s", ord_pool_error(queue->pool));
	status = mover_start(queue);
	return status == 0 ? ORD_OK
			   : error_system(error, status, "cannot start the thread of the queue");
}

int
ord_queue_start(struct ord_queue *queue)
{
	struct error error = { 0 };
	int status = queue_check(queue);

	if (status != 0)
		return status;
	if (queue->begun)
		return ORD_EBUSY;
	queue->begun = true;
	status = start(queue, &error);
	if (status != 0)
		ord_pool_destroy(&queue->pool);
	pthread_mutex_lock(&queue->lock);
	if (status == 0)
		queue->started = true;
	else
		queue_fail(queue, &error);
	unlock(queue, false);
	return status;
}

/* --- putting --- */

static int
check_task(const struct ord_queue *queue, const struct ord_task_options *task)
{
	if (task->pass > 1 || (task->retries > RETRIES_MAX && task->retries != ORD_NONE) ||
		(task->function != NULL && task->function_name != NULL) ||
		(task->input == NULL && task->input_size != 0))
		return ORD_EINVAL;
	if (task->input_size > INPUT_MAX)
		return ORD_ETOOBIG;
	if (!queue->has_function && task->function == NULL && task->function_name == NULL &&
		task->pass == 0)
		return ORD_EINVAL;
	return ORD_OK;
}

/* Until there is room; the lock is held. */
static int
await_room(struct ord_queue *queue, size_t size, struct limit *limit)
{
	int status;

	for (;;) {
		status = queue_check_started(queue);
		if (status == 0 && queue->stopped)
			status = ORD_ECLOSED;
		if (status != 0 || queue_has_room(queue, size))
			return status;
		if (queue_rouse_for_room(queue, true))
			queue_wake(queue);
		status = await(queue, &queue->room, &queue->putters, limit, ORD_EFULL);
		if (status != 0)
			return status;
	}
}

static int
take_in(struct ord_queue *queue, const struct entry *entry, uint64_t *sequence)
{
	if (entries_add(&queue->in, entry) != 0)
		return ORD_ENOMEM;
	queue->waiting++;
	queue->waiting_bytes += entry->input.size;
	if (sequence != NULL)
		*sequence = queue->next_sequence;
	queue->next_sequence++;
	return ORD_OK;
}

static int
put(struct ord_queue *queue, struct entry *entry, struct limit *limit, uint64_t *sequence)
{
	bool wake = false;
	int status;

	pthread_mutex_lock(&queue->lock);
	status = await_room(queue, entry->input.size, limit);
	if (status == 0)
		status = take_in(queue, entry, sequence);
	if (status == 0 && queue->wants_tasks)
		wake = queue_rouse(queue);
	unlock(queue, wake);
	if (status != 0)
		entry_finish(entry);
	return status;
}

static int
await_room_for_large(struct ord_queue *queue, size_t size, struct limit *limit)
{
	int status;

	pthread_mutex_lock(&queue->lock);
	status = await_room(queue, size, limit);
	unlock(queue, false);
	return status;
}

int
ord_queue_put_task(struct ord_queue *queue, const struct ord_task_options *options, int timeout_ms,
	uint64_t *sequence)
{
	struct limit limit = limit_in(timeout_ms);
	struct ord_task_options task;
	struct entry entry;
	int status = queue_check(queue);

	if (status == 0)
		status = options != NULL
			? options_copy(&task, sizeof task, FIRST_TASK_SIZE, options)
			: ORD_EINVAL;
	if (status == 0)
		status = check_task(queue, &task);
	if (status == 0 && task.input_size >= INPUT_LARGE)
		status = await_room_for_large(queue, task.input_size, &limit);
	if (status == 0 && entry_init(&entry, &task) != 0)
		status = ORD_ENOMEM;
	return status == 0 ? put(queue, &entry, &limit, sequence) : status;
}

int
ord_queue_put(
	struct ord_queue *queue, const void *input, size_t size, int timeout_ms, uint64_t *sequence)
{
	return ord_queue_put_task(
		queue, &ORD_TASK(.input = input, .input_size = size), timeout_ms, sequence);
}

/* --- getting --- */

static int
await_result(struct ord_queue *queue, struct limit *limit)
{
	int status = queue->started ? ORD_OK : queue_check_started(queue);

	while (status == 0 && queue->out.count == 0 && !queue->over)
		status = await(queue, &queue->ready, &queue->getters, limit, ORD_EEMPTY);
	return status;
}

/* There is one, or there will be none. */
static int
take_out(struct ord_queue *queue, struct ord_result **result)
{
	*result = row_take(&queue->out);
	if (*result == NULL && queue->waiting != 0) {
		*result = queue_unrun(queue);
		if (*result == NULL)
			return ORD_ENOMEM;
	}
	if (*result == NULL)
		return queue->failure.status != 0 ? queue->failure.status : ORD_ECLOSED;
	queue->got++;
	queue->got_failed += (*result)->state != ORD_DONE && (*result)->state != ORD_PASSED;
	return ORD_OK;
}

int
ord_queue_get(struct ord_queue *queue, int timeout_ms, struct ord_result **result)
{
	struct limit limit = limit_in(timeout_ms);
	bool wake = false;
	int status;

	if (result == NULL)
		return ORD_EINVAL;
	*result = NULL;
	status = queue_check(queue);
	if (status != 0)
		return status;
	pthread_mutex_lock(&queue->lock);
	status = await_result(queue, &limit);
	if (status == 0)
		status = take_out(queue, result);
	if (status == 0)
		wake = queue_rouse_for_room(queue, false);
	unlock(queue, wake);
	return status;
}

/* --- ending --- */

int
ord_queue_stop(struct ord_queue *queue)
{
	int status = queue_check(queue);
	bool wake;

	if (status != 0)
		return status;
	pthread_mutex_lock(&queue->lock);
	queue->stopped = true;
	wake = queue_rouse(queue);
	pthread_cond_broadcast(&queue->room);
	unlock(queue, wake);
	return ORD_OK;
}

int
ord_queue_join(struct ord_queue *queue, int timeout_ms)
{
	struct limit limit = limit_in(timeout_ms);
	uint32_t joiners = 0;
	int status = queue_check(queue);

	if (status != 0)
		return status;
	pthread_mutex_lock(&queue->lock);
	if (!queue->started)
		status = queue_check_started(queue);
	else if (queue_is_callback(queue))
		status = ORD_EBUSY;
	else if (!queue->stopped && queue->failure.status == 0)
		status = ORD_EINVAL;
	while (status == 0 && !queue->over)
		status = await(queue, &queue->end, &joiners, &limit, ORD_ETIMEDOUT);
	if (status == 0)
		status = queue->failure.status;
	unlock(queue, false);
	return status;
}

int
ord_queue_cancel_all(struct ord_queue *queue)
{
	int status = queue_check(queue);
	bool wake;

	if (status != 0)
		return status;
	pthread_mutex_lock(&queue->lock);
	queue->cancel_before = queue->next_sequence;
	wake = queue_rouse(queue);
	unlock(queue, wake);
	return ORD_OK;
}

int
ord_queue_interrupt(struct ord_queue *queue)
{
	int status = queue_check(queue);

	if (status != 0)
		return status;
	atomic_fetch_add(&queue->interrupts, 1);
	queue_wake(queue);
	return ORD_OK;
}

/* In a forked child the thread is not there, and what it was in the middle of is not to be touched. */
static void
forget(struct ord_queue *queue)
{
	if (atomic_load(&queue->resting) && pthread_mutex_trylock(&queue->lock) == 0)
		free_contents(queue);
	free_queue(queue);
}

void
ord_queue_destroy(struct ord_queue **out)
{
	struct ord_queue *queue;

	if (out == NULL || *out == NULL)
		return;
	queue = *out;
	*out = NULL;
	if (*queue->alive == 0) {
		forget(queue);
		return;
	}
	pthread_mutex_lock(&queue->lock);
	queue->dying = true;
	unlock(queue, true);
	if (queue->has_thread)
		pthread_join(queue->thread, NULL);
	free_contents(queue);
	pthread_cond_destroy(&queue->room);
	pthread_cond_destroy(&queue->ready);
	pthread_cond_destroy(&queue->end);
	pthread_cond_destroy(&queue->dumped);
	pthread_mutex_destroy(&queue->lock);
	free_queue(queue);
}

/* --- asking --- */

static struct ord_queue *
writable(const struct ord_queue *queue)
{
	return (struct ord_queue *)(uintptr_t)queue;
}

int
ord_queue_alive(const struct ord_queue *queue)
{
	int alive;

	if (queue_check(queue) != 0)
		return 0;
	pthread_mutex_lock(&writable(queue)->lock);
	alive = queue->started && !queue->over;
	unlock(writable(queue), false);
	return alive;
}

int
ord_queue_statistics(const struct ord_queue *queue, struct ord_statistics *statistics)
{
	struct ord_statistics now;
	size_t size;
	int status = queue_check(queue);

	if (status != 0)
		return status;
	if (statistics == NULL || statistics->size < sizeof(size_t))
		return ORD_EINVAL;
	pthread_mutex_lock(&writable(queue)->lock);
	now = queue->seen;
	now.submitted = queue->next_sequence;
	now.delivered = queue->got;
	now.waiting += queue->waiting;
	now.settled += queue->out.count + queue->kept_back;
	now.failed = queue->got_failed;
	now.bytes += queue->waiting_bytes + queue->out.bytes;
	unlock(writable(queue), false);
	size = statistics->size < sizeof now ? statistics->size : sizeof now;
	now.size = size;
	memcpy(statistics, &now, size);
	return ORD_OK;
}

const char *
ord_queue_error(const struct ord_queue *queue)
{
	if (queue == NULL)
		return "there is no queue: ord_strerror of what ord_queue_new returned says why";
	if (*queue->alive == 0)
		return "this queue belongs to the process that made it: a forked child cannot use it";
	return atomic_load(&queue->failed) ? queue->failure.text : "";
}
