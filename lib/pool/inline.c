/*
 * INLINE: no processes.  The pool is its own worker: the same code runs the
 * task and writes the same records into an outbox that nobody else maps, and
 * the master takes them from there, as it does after a death.  What a task
 * prints stays the host's.
 */
#include <errno.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "pool/pool.h"

static void
take(struct worker *worker)
{
	struct ord_pool *pool = worker->owner;

	receive_outbox(&pool->incarnations[0]);
}

/* The question has lain in the outbox until now; on_ask answers at once or not at all. */
static int
await(struct worker *worker)
{
	struct ord_pool *pool = worker->owner;
	struct slot *slot;

	worker->reply.there = false;
	do /* messages before the question are said in parts */
		take(worker);
	while (pool->incarnations[0].left && !pool->destroy);
	if (core_expected(&pool->core, 0, &slot) != NULL && slot != NULL)
		slot->asking = false;
	return worker->reply.there ? ORD_OK : ORD_ENOTSUP;
}

int
inline_answer(struct ord_pool *pool, const void *bytes, size_t size)
{
	struct reply *reply = &pool->inline_worker->reply;

	reply->bytes.size = 0;
	if (buffer_append(&reply->bytes, bytes, size) != 0)
		return -1;
	reply->there = true;
	return 0;
}

static int
find_function(struct ord_pool *pool, struct worker *worker)
{
	struct function_spec spec;
	void *user;
	int status;

	worker->function = pool->options.function;
	worker->user = pool->options.function_user;
	if (pool->options.function_name == NULL)
		return ORD_OK;
	status = function_describe_name(&spec, pool->options.function_name, &pool->error);
	return status != 0 ? status
			   : function_resolve(&spec, &worker->function, &user, &pool->error);
}

/* A task that calls the pool it runs in gets what a callback gets; this thread may be in a task of another pool. */
static struct ord_task *
enter(struct ord_pool *pool)
{
	pool->callbacks++;
	return log_task_set(&pool->inline_worker->task);
}

static void
leave(struct ord_pool *pool, struct ord_task *before)
{
	log_task_set(before);
	pool->callbacks--;
}

/* What the hook says waits in the outbox for the first step: a start calls nobody back. */
static int
start_hook(struct ord_pool *pool)
{
	struct worker *worker = pool->inline_worker;
	struct ord_task *before = enter(pool);
	int status = worker_start_hook(worker, &(struct bounds){ 0 });

	leave(pool, before);
	pool->incarnations[0].left = pool->left = worker->outbox.position != 0;
	if (pool->left)
		pool_wake(pool);
	if (status != 0)
		return error_set(&pool->error, ORD_ECRASHLOOP, "on_worker_start failed: %s",
			worker->task.error);
	worker->stop_hook = pool->options.on_worker_stop;
	return ORD_OK;
}

int
inline_start(struct ord_pool *pool)
{
	struct incarnation *incarnation = &pool->incarnations[0];
	struct worker *worker = memory_new(1, sizeof *worker);
	int fd = -1;

	if (worker == NULL)
		return error_memory(&pool->error);
	pool->inline_worker = worker;
	incarnation->pool = pool;
	incarnation->pipe.fd = incarnation->region_fd = -1;
	incarnation->timer = incarnation->bell = -1;
	if (region_new(&incarnation->region, &fd) != 0)
		return error_system(&pool->error, errno, "cannot make shared memory");
	fd_close(&fd);
	incarnation->id = pool_next_id(pool, 0);
	incarnation->pid = getpid();
	atomic_store(&incarnation->region.page->level, pool->options.level);
	incarnation->region.page->wants = pool_wants(pool);
	worker->alive = pool->alive;
	worker->task.worker = worker;
	worker->region = incarnation->region;
	worker->claims = pool->claims;
	worker->n_claims = pool->core.n_slots;
	worker->shared = pool->options.shared;
	worker->shared_size = pool->options.shared_size;
	worker->start_hook = pool->options.on_worker_start;
	worker->words = worker->deadline = -1;
	worker->drain = take;
	worker->await = await;
	worker->owner = pool;
	outbox_init(&worker->outbox, &worker->region, -1, -1);
	if (find_function(pool, worker) != 0 || start_hook(pool) != 0)
		return pool->error.status;
	core_spawning(&pool->core, 0);
	core_ready(&pool->core, 0);
	return ORD_OK;
}

/* Without memory for it the task fails. */
static void
learn(struct ord_pool *pool, uint16_t number)
{
	const struct pool_function *function;

	if (number == 0 || worker_knows(pool->inline_worker, number))
		return;
	function = &pool->functions.list[number];
	worker_learn(pool->inline_worker, number, function->bytes, function->size);
}

void
inline_run(struct ord_pool *pool, struct slot *slot)
{
	struct record call = { .size = (uint32_t)slot->task.input.size,
		.kind = RECORD_CALL,
		.value = slot->task.function,
		.payload = blob_bytes(&slot->task.input) };
	struct worker *worker = pool->inline_worker;
	struct ord_task *before;

	learn(pool, call.value);
	worker->said_times = worker->known_run = false;
	worker->now_ns = clock_now_ns();
	before = enter(pool);
	worker_run(worker, slot->sequence, slot->index, slot->attempt, &call, true);
	leave(pool, before);
	receive_outbox(&pool->incarnations[0]);
}

static void
take_all(struct incarnation *incarnation)
{
	do
		receive_outbox(incarnation);
	while (incarnation->left && !incarnation->pool->destroy);
}

void
inline_stop(struct ord_pool *pool, bool quiet)
{
	struct worker *worker = pool->inline_worker;
	struct ord_task *before;

	if (worker == NULL || *pool->alive == 0)
		return;
	if (quiet)
		pool->options.on_message = NULL;
	before = enter(pool);
	worker_stop_hook(worker);
	leave(pool, before);
	worker->stop_hook = NULL;
	take_all(&pool->incarnations[0]);
}

void
inline_finish(struct ord_pool *pool)
{
	if (pool->inline_worker == NULL)
		return;
	buffer_finish(&pool->inline_worker->task.output);
	buffer_finish(&pool->inline_worker->reply.bytes);
	worker_forget(pool->inline_worker);
	memory_free(pool->inline_worker);
	pool->inline_worker = NULL;
}
