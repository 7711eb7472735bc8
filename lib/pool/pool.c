/*
 * The public functions of a pool: who may call what when, and where errors are
 * kept.  What moves is in loop.c.
 */
#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "pool/pool.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/memory.h"

/* --- who may call --- */

/* Any call: the pool is there and ours. */
static int
check(struct ord_pool *pool)
{
	if (pool == NULL)
		return ORD_EINVAL;
	if (*pool->alive == 0)
		return error_set(&pool->error, ORD_EFORKED,
			"this pool belongs to the process that made it: a forked child cannot use it");
	return ORD_OK;
}

int
pool_enter(struct ord_pool *pool)
{
	int status = check(pool);

	if (status != 0)
		return status;
	if (pool->callbacks != 0)
		return error_set(&pool->error, ORD_EBUSY,
			"called from a callback of the same pool: only calls that neither wait nor "
			"deliver are allowed there");
	if (!pool->started)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool is not started: call ord_pool_start first");
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
static int
keep(struct ord_pool *pool, int status)
{
	/* An interrupt that has not been taken yet is what closed the pool, and it keeps a sentence of its own. */
	bool interrupted = status == ORD_ECLOSED && atomic_load(&pool->interrupts) != 0;

	if (status != 0 && status != ORD_EAGAIN && status != ORD_EBUSY && status != ORD_EFORKED &&
		!interrupted && pool->failure.status == 0)
		pool->failure = pool->error;
	return status;
}

/* --- life --- */

static int
make_alive(struct ord_pool *pool)
{
	void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return ORD_ENOMEM;
	pool->alive = page;
	*pool->alive = 1;
	madvise(page, 1, MADV_WIPEONFORK);
	return ORD_OK;
}

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
	pool->launch.life = pool->claims_fd = pool->epoll = pool->timer = -1;
	atomic_init(&pool->wake, -1);
	status = make_alive(pool);
	if (status == 0)
		status = pool_options(pool, options);
	if (status != 0)
		pool_free(pool);
	else
		*out = pool;
	return status;
}

int
ord_pool_start(struct ord_pool *pool)
{
	int status = check(pool);

	if (status != 0)
		return status;
	if (pool->started || pool->finished || pool->callbacks != 0)
		return error_set(
			&pool->error, ORD_EBUSY, "the pool was started before: make a new one");
	error_clear(&pool->error);
	status = pool_start(pool);
	if (status == 0) {
		pool->started = true;
		pool_dispatch(pool);
		return ORD_OK;
	}
	keep(pool, status);
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
	if (pool->callbacks != 0 && *pool->alive != 0)
		pool->destroy = true;
	else
		pool_free(pool);
}

/* --- submitting --- */

static int
may_submit(struct ord_pool *pool)
{
	int status = check(pool);

	if (status != 0)
		return status;
	if (pool->ended) {
		pool->error = pool->failure;
		return pool->failure.status;
	}
	if (pool->closed || pool->destroy || atomic_load(&pool->interrupts) != 0)
		return error_set(
			&pool->error, ORD_ECLOSED, "the pool is closed: it takes no new tasks");
	if (!pool->started)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool is not started: call ord_pool_start first");
	return ORD_OK;
}

static int
take_in(struct ord_pool *pool, struct task *task, uint64_t *sequence)
{
	struct slot *slot = core_submit(&pool->core, task);

	if (sequence != NULL)
		*sequence = slot->sequence;
	if (pool->inline_worker == NULL)
		pool_dispatch(pool);
	/* A task of INLINE runs in a step, not in here; a full life channel is polled from a step on. */
	if (pool->inline_worker != NULL || launch_blocked(&pool->launch))
		pool_wake(pool);
	return ORD_OK;
}

static int
full(struct ord_pool *pool)
{
	return error_set(&pool->error, ORD_EAGAIN,
		"the window of %u tasks and %llu bytes is full: deliver something first "
		"(ord_pool_step)",
		pool->options.window, (unsigned long long)pool->options.window_bytes);
}

static int
check_input(struct ord_pool *pool, const void *input, size_t size)
{
	if (pool->options.function == NULL && pool->options.function_name == NULL)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool has no function: set .function, or submit commands");
	if (input == NULL && size != 0)
		return error_set(
			&pool->error, ORD_EINVAL, "input is NULL and its size is %zu", size);
	if (size > RECORD_INPUT_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"an input of %zu bytes is larger than 1 GiB: pass a file's name instead",
			size);
	return ORD_OK;
}

static int
submit(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	struct task task = { .timeout_ms = pool->options.timeout_ms,
		.retries = pool->options.retries };

	if (!core_has_room(&pool->core, size))
		return full(pool);
	if (blob_set(&task.input, input, size) != 0)
		return error_memory(&pool->error);
	return take_in(pool, &task, sequence);
}

int
ord_pool_submit(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	int status = may_submit(pool);

	if (status == 0)
		status = check_input(pool, input, size);
	return status != 0 ? status : submit(pool, input, size, sequence);
}

/* While the window is full: deliver, if that is what callbacks are for. */
static int
make_room(struct ord_pool *pool)
{
	bool moved;

	if (pool->options.on_result == NULL)
		return error_set(&pool->error, ORD_EAGAIN,
			"the window is full and there is no on_result: call ord_pool_next first");
	if (pool_stalled(pool)) {
		pool_dump(pool, &pool->error);
		return ORD_ESTALLED;
	}
	return pool_round(pool, -1, &moved);
}

int
ord_pool_submit_wait(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	int status = pool_enter(pool);

	while (status == 0) {
		status = may_submit(pool);
		if (status == 0)
			status = check_input(pool, input, size);
		if (status != 0 || core_has_room(&pool->core, size)) {
			if (status == 0)
				status = submit(pool, input, size, sequence);
			break;
		}
		status = make_room(pool);
		if (pool->destroy)
			return pool_leave(pool, ORD_ECLOSED);
	}
	return pool == NULL ? status : keep(pool, status);
}

static int
copy_command(struct ord_command *to, const struct ord_command *from)
{
	if (from == NULL || from->size != sizeof *to)
		return ORD_EINVAL;
	*to = *from;
	if (to->argv == NULL || to->argv[0] == NULL || to->reserved != 0 ||
		to->output > ORD_OUTPUT_INHERIT || (to->input == NULL && to->input_size != 0))
		return ORD_EINVAL;
	return ORD_OK;
}

#define COMMAND_MAX (2u << 20)
#define FEED_MAX (1u << 20)

static int
check_command(struct ord_pool *pool, struct ord_command *to, const struct ord_command *from)
{
	if (copy_command(to, from) != 0)
		return error_set(&pool->error, ORD_EINVAL,
			"not a command: use ORD_COMMAND(.argv = …) with at least the program's name");
	if (pool->inline_worker != NULL)
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_INLINE has no processes for commands: use another start method");
	if (to->input_size > FEED_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"a command's input is larger than 1 MiB: give it a file instead");
	return ORD_OK;
}

static void
drop_task(struct task *task)
{
	blob_finish(&task->input);
	blob_finish(&task->feed);
}

/* What the slot will own; nothing is taken if there is no room for all of it. */
static int
fill_task(struct ord_pool *pool, struct task *task, const struct ord_command *command)
{
	pool->scratch.size = 0;
	if (pool_command_text(&pool->scratch, command) != 0)
		return error_memory(&pool->error);
	if (pool->scratch.size > COMMAND_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"the command's arguments and environment are larger than 2 MiB");
	if (!core_has_room(&pool->core, pool->scratch.size + command->input_size))
		return full(pool);
	if (blob_set(&task->feed, command->input, command->input_size) != 0 ||
		blob_set(&task->input, pool->scratch.bytes, pool->scratch.size) != 0)
		return error_memory(&pool->error);
	return ORD_OK;
}

static int
submit_command(struct ord_pool *pool, const struct ord_command *command, uint64_t *sequence)
{
	struct task task = {
		.timeout_ms =
			command->timeout_ms != 0 ? command->timeout_ms : pool->options.timeout_ms,
		.grace_ms = command->grace_ms != 0 ? command->grace_ms : pool->options.grace_ms,
		.retries = pool->options.retries,
		.user = command->user,
		.output = command->output,
		.command = true,
	};
	int status = fill_task(pool, &task, command);

	if (status == 0)
		return take_in(pool, &task, sequence);
	drop_task(&task);
	return status;
}

int
ord_pool_submit_command(
	struct ord_pool *pool, const struct ord_command *command, uint64_t *sequence)
{
	struct ord_command copy = { 0 };
	int status = may_submit(pool);

	if (status == 0)
		status = check_command(pool, &copy, command);
	return status != 0 ? status : submit_command(pool, &copy, sequence);
}

/* --- moving --- */

static int
run(struct ord_pool *pool)
{
	bool moved;
	int status = ORD_OK;

	pool->core.draining = true;
	while (pool->core.live != 0 && !pool->destroy) {
		if (pool_stalled(pool)) {
			pool_dump(pool, &pool->error);
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

int
ord_pool_next(struct ord_pool *pool, const struct ord_result **result)
{
	int status = pool_enter(pool);
	bool moved;

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
	while (pool->core.live != 0 && !pool->destroy) {
		if (pool_deliver(pool, true)) {
			pool->has_current = true;
			*result = &pool->current;
			return pool_leave(pool, ORD_OK);
		}
		if (pool_stalled(pool)) {
			pool_dump(pool, &pool->error);
			return ORD_ESTALLED;
		}
		pool_round(pool, -1, &moved);
	}
	return pool_leave(pool, pool->ended ? pool->failure.status : ORD_OK);
}

/* --- ending --- */

int
ord_pool_close(struct ord_pool *pool)
{
	int status = check(pool);

	if (status == 0)
		pool->closed = true;
	return status;
}

static void
deliver_rest(struct ord_pool *pool)
{
	bool moved;

	pool->core.draining = true;
	while (pool->core.live != 0 && !pool->destroy && !pool_stalled(pool)) {
		while (pool->options.on_result == NULL && pool_deliver(pool, true))
			result_finish(&pool->current);
		if (pool->core.live != 0)
			pool_round(pool, -1, &moved);
	}
	if (pool->core.live != 0 && !pool->destroy) {
		pool_dump(pool, &pool->error);
		keep(pool, ORD_ESTALLED);
	}
}

int
ord_pool_finish(struct ord_pool *pool)
{
	int status = check(pool);

	if (status != 0 || (status = pool->finished ? ORD_OK : pool_enter(pool)) != 0)
		return status;
	if (!pool->finished) {
		drop_current(pool);
		pool_take_interrupts(pool);
		deliver_rest(pool);
		pool->closed = true;
	}
	if (!pool->destroy)
		pool_shut_down(pool, true);
	pool->error = pool->failure;
	return pool_leave(pool, pool->failure.status);
}

int
ord_pool_cancel(struct ord_pool *pool, uint64_t sequence)
{
	int status = check(pool);
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
ord_pool_cancel_all(struct ord_pool *pool)
{
	int status = check(pool);

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
	int status = check(pool);

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
		.workers = pool->workers_ready,
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
