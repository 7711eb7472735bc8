/*
 * The public functions of a pool: who may call what when, and where errors are
 * kept.  What moves is in loop.c.
 */
#include "pool/pool.h"

#include <signal.h>
#include <string.h>

#include <orderly/status.h>

#include "base/alive.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/processors.h"

/* --- who may call --- */

/* Any call: the pool is there and ours. */
int
pool_check(struct ord_pool *pool)
{
	if (pool == NULL)
		return ORD_EINVAL;
	if (*pool->alive == 0)
		return error_set(&pool->error, ORD_EFORKED,
			"this pool belongs to the process that made it: a forked child cannot use it");
	return ORD_OK;
}

void
pool_close(struct ord_pool *pool)
{
	pool->closed = true;
	pool->open = false;
}

int
pool_enter(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status != 0)
		return status;
	if (pool->callbacks != 0)
		return error_set(&pool->error, ORD_EBUSY,
			"called from a callback of the same pool: only calls that neither wait nor "
			"deliver are allowed there");
	if (!pool->started)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool is not started: call ord_pool_start first");
	pool->quiet = false;
	return ORD_OK;
}

int
pool_leave(struct ord_pool *pool, int status)
{
	if (pool->destroy && pool->callbacks == 0)
		pool_free(pool);
	else if (status != 0 && pool->ended)
		pool->error = pool->failure;
	return status;
}

/* The first error that a loop of calls met is told at its end. */
int
pool_keep(struct ord_pool *pool, int status)
{
	/* An interrupt that has not been taken yet is what closed the pool, and it keeps a sentence of its own. */
	bool interrupted = status == ORD_ECLOSED && atomic_load(&pool->interrupts) != 0;

	if (status != 0 && status != ORD_EAGAIN && status != ORD_EBUSY && status != ORD_EFORKED &&
		!interrupted && pool->failure.status == 0)
		pool->failure = pool->error;
	return status;
}

/* --- life --- */

int
ord_pool_new(struct ord_pool **out, const struct ord_pool_options *options)
{
	struct ord_pool *pool;
	int status;

	if (out == NULL)
		return ORD_EINVAL;
	*out = NULL;
	pool = memory_new(1, sizeof *pool);
	if (pool == NULL)
		return ORD_ENOMEM;
	pool->launch.life = pool->spill.fd = pool->claims_fd = pool->shared_fd = pool->slabs.fd =
		-1;
	pool->spare_fd = pool->epoll = pool->timer = -1;
	atomic_init(&pool->wake, -1);
	pool->alive = alive_new();
	status = pool->alive != NULL ? pool_options(pool, options) : ORD_ENOMEM;
	if (status != 0)
		pool_free(pool);
	else
		*out = pool;
	return status;
}

int
ord_pool_start(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status != 0)
		return status;
	if (pool->started || pool->finished || pool->callbacks != 0)
		return error_set(
			&pool->error, ORD_EBUSY, "the pool was started before: make a new one");
	error_clear(&pool->error);
	status = pool_start(pool);
	if (status == 0) {
		pool->started = true;
		pool->open = !pool->closed &&
			(pool->options.function != NULL || pool->function_name != NULL) &&
			pool->limits.bounded == 0;
		pool_dispatch(pool);
		return ORD_OK;
	}
	pool_keep(pool, status);
	pool_shut_down(pool, false);
	return status;
}

void
ord_pool_destroy(struct ord_pool **out)
{
	struct ord_pool *pool;

	if (out == NULL || *out == NULL)
		return;
	pool = *out;
	*out = NULL;
	if (pool->callbacks == 0 || *pool->alive == 0) {
		pool_free(pool);
		return;
	}
	pool->destroy = true;
	pool->open = false;
}

/* --- moving --- */

static int
run(struct ord_pool *pool)
{
	bool moved;
	int status = ORD_OK;

	pool->core.draining = true;
	while (pool->core.live != 0 && !pool->destroy) {
		if (pool_stalled(pool, true)) {
			pool->core.draining = false;
			pool_explain_stall(pool, &pool->error);
			return ORD_ESTALLED;
		}
		status = pool_round(pool, -1, &moved);
	}
	pool->core.draining = false;
	return pool->ended ? pool->failure.status : status;
}

int
ord_pool_run(struct ord_pool *pool)
{
	int status = pool_enter(pool);

	if (status != 0)
		return status;
	if (pool->options.on_result == NULL)
		return error_set(&pool->error, ORD_EINVAL,
			"ord_pool_run delivers to on_result and there is none: use ord_pool_next");
	return pool_leave(pool, run(pool));
}

static void
drop_current(struct ord_pool *pool)
{
	if (pool->has_current)
		result_finish(&pool->current);
	pool->has_current = false;
}

/* One result into pool->current; ORD_EAGAIN: none came in time. */
static int
await_result(struct ord_pool *pool, int timeout_ms)
{
	uint64_t until_ns =
		timeout_ms > 0 ? clock_now_ns() + (uint64_t)timeout_ms * CLOCK_NS_PER_MS : 0;
	int left_ms = timeout_ms;
	bool moved;

	for (;;) {
		if (pool_deliver(pool, true))
			return ORD_OK;
		if (pool->core.live == 0 || pool->destroy)
			return pool->ended ? pool->failure.status : ORD_OK;
		if ((timeout_ms < 0 || !pool->core.suspended) &&
			pool_stalled(pool, timeout_ms < 0)) {
			pool_explain_stall(pool, &pool->error);
			return ORD_ESTALLED;
		}
		if (timeout_ms > 0)
			left_ms = clock_left_ms(clock_now_ns(), until_ns);
		pool_round(pool, left_ms, &moved);
		if (left_ms == 0 && core_deliverable(&pool->core) == NULL && pool->core.live != 0)
			return ORD_EAGAIN;
	}
}

int
ord_pool_next_within(struct ord_pool *pool, int timeout_ms, const struct ord_result **result)
{
	int status = pool_enter(pool);
	uint64_t delivered;

	if (status != 0)
		return status;
	if (result == NULL)
		return error_set(
			&pool->error, ORD_EINVAL, "ord_pool_next needs a place for the result");
	*result = NULL;
	if (pool->options.on_result != NULL)
		return error_set(
			&pool->error, ORD_EINVAL, "the pool has on_result: results go there");
	drop_current(pool);
	delivered = pool->core.next_delivery;
	status = await_result(pool, timeout_ms);
	pool->has_current = pool->core.next_delivery != delivered;
	if (pool->has_current)
		*result = &pool->current;
	return pool_leave(pool, status);
}

int
ord_pool_next(struct ord_pool *pool, const struct ord_result **result)
{
	return ord_pool_next_within(pool, -1, result);
}

/* --- ending --- */

int
ord_pool_close(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status == 0)
		pool_close(pool);
	return status;
}

/* 0, also if nothing moves any more; but a pool that is suspended can be finished later. */
static int
deliver_rest(struct ord_pool *pool)
{
	bool moved;

	pool->core.draining = true;
	while (pool->core.live != 0 && !pool->destroy && !pool_stalled(pool, true)) {
		while (pool->options.on_result == NULL && pool_deliver(pool, true))
			result_finish(&pool->current);
		if (pool->core.live != 0)
			pool_round(pool, -1, &moved);
	}
	if (pool->core.live == 0 || pool->destroy)
		return ORD_OK;
	pool_explain_stall(pool, &pool->error);
	pool->core.draining = false;
	if (pool->core.suspended)
		return ORD_ESTALLED;
	pool_keep(pool, ORD_ESTALLED);
	return ORD_OK;
}

int
ord_pool_finish(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status != 0 || (status = pool->finished ? ORD_OK : pool_enter(pool)) != 0)
		return status;
	if (!pool->finished) {
		drop_current(pool);
		pool_take_interrupts(pool);
		if (deliver_rest(pool) != 0)
			return ORD_ESTALLED;
		pool_close(pool);
	}
	if (!pool->destroy)
		pool_shut_down(pool, true);
	pool->error = pool->failure;
	return pool_leave(pool, pool->failure.status);
}

int
ord_pool_cancel(struct ord_pool *pool, uint64_t sequence)
{
	int status = pool_check(pool);
	struct slot *slot;

	if (status != 0)
		return status;
	if (sequence >= pool->core.next_sequence)
		return error_set(&pool->error, ORD_EINVAL, "there is no task %llu",
			(unsigned long long)sequence);
	slot = core_find(&pool->core, sequence);
	if (slot != NULL && core_cancel(&pool->core, slot))
		pool_stop_task(pool, slot, false);
	pool_wake(pool);
	return ORD_OK;
}

int
ord_pool_signal(struct ord_pool *pool, uint64_t sequence, int number)
{
	int status = pool_check(pool);
	const struct slot *slot;

	if (status != 0)
		return status;
	if (sequence >= pool->core.next_sequence || number < 1 || number > SIGRTMAX)
		return error_set(&pool->error, ORD_EINVAL, "there is no task %llu, or no signal %d",
			(unsigned long long)sequence, number);
	slot = core_find(&pool->core, sequence);
	if (slot != NULL && !slot->task.command)
		return error_set(&pool->error, ORD_ENOTSUP,
			"task %llu is a function: only commands can be sent signals",
			(unsigned long long)sequence);
	if (slot != NULL)
		pool_signal_command(pool, slot, number);
	return ORD_OK;
}

int
ord_pool_cancel_all(struct ord_pool *pool)
{
	int status = pool_check(pool);

	for (uint32_t i = 0; status == 0 && i < pool->core.n_slots && pool->started; i++) {
		struct slot *slot = &pool->core.slots[i];

		if (slot->state != SLOT_FREE && !slot->cancel && core_cancel(&pool->core, slot))
			pool_stop_task(pool, slot, false);
	}
	if (status == 0)
		pool_wake(pool);
	return status;
}

int
ord_pool_resize(struct ord_pool *pool, uint32_t workers)
{
	int status = pool_check(pool);

	if (status != 0)
		return status;
	if (!pool->started || workers > POOL_WORKERS_MAX)
		return error_set(&pool->error, ORD_EINVAL,
			"a started pool can have 1 to %u workers, not %u", POOL_WORKERS_MAX,
			workers);
	if (pool->inline_worker != NULL)
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_INLINE has no workers: use another start method");
	if (pool->ended) {
		pool->error = pool->failure;
		return pool->failure.status;
	}
	if (workers == 0)
		workers = processors_usable();
	status = pool_check_descriptors(pool, workers);
	if (status != 0)
		return status;
	core_resize(&pool->core, workers);
	pool_wake(pool);
	return ORD_OK;
}

int
ord_pool_interrupt(struct ord_pool *pool)
{
	if (pool == NULL)
		return ORD_EINVAL;
	if (*pool->alive == 0)
		return ORD_EFORKED;
	atomic_fetch_add(&pool->interrupts, 1);
	pool_wake(pool);
	return ORD_OK;
}

/* --- asking --- */

int
ord_pool_fd(struct ord_pool *pool)
{
	int status = pool_check(pool);

	if (status != 0)
		return status;
	if (!pool->started)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool has no descriptor before ord_pool_start");
	return pool->epoll;
}

int
ord_pool_statistics(const struct ord_pool *pool, struct ord_statistics *statistics)
{
	size_t size;

	if (pool == NULL || statistics == NULL || statistics->size < sizeof(size_t))
		return ORD_EINVAL;
	if (*pool->alive == 0)
		return ORD_EFORKED;
	size = statistics->size < sizeof *statistics ? statistics->size : sizeof *statistics;
	struct ord_statistics now = {
		.size = size,
		.submitted = pool->core.next_sequence,
		.delivered = pool->core.next_delivery,
		.waiting = pool->core.n_waiting,
		.running = pool->core.n_sent,
		.settled = pool->core.n_settled,
		.failed = pool->core.failed,
		.retried = pool->core.retried,
		.bytes = pool->core.bytes,
		.messages = pool->messages,
		.deaths = pool->core.deaths,
		.dropped = pool->dropped,
		.spilled = pool->spill.used,
		.messages_dropped = pool->messages_dropped,
		.workers = pool->workers_ready,
		.recycled = pool->core.recycled,
		.yielded = pool->core.n_yielded,
		.repaired = pool->look.repaired,
	};
	memcpy(statistics, &now, size);
	return ORD_OK;
}

const char *
ord_pool_error(const struct ord_pool *pool)
{
	return pool != NULL
		? pool->error.text
		: "there is no pool: ord_strerror of what ord_pool_new returned says why";
}
