/*
 * Tasks come in: checked, copied, given to the core, and sent at once if a
 * worker is idle.  Nothing is received here and nobody is called back, but in
 * the calls that wait for room.
 */
#include "pool/pool.h"

#include <fcntl.h>
#include <signal.h>

#include <orderly/status.h>
#include <orderly/version.h>

#include "base/options.h"
#include "core/plain.h"

#define FIRST_TASK OPTIONS_UP_TO(struct ord_task_options, open_files)
#define FIRST_COMMAND OPTIONS_UP_TO(struct ord_command, open_files)

static int
may_submit(struct ord_pool *pool)
{
	int status = pool_check(pool);

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

/* A full life channel is polled, and events are told, from a step on. */
static void
give(struct ord_pool *pool)
{
	pool_dispatch(pool);
	if (launch_blocked(&pool->launch) || pool->core.news != NULL)
		pool_wake(pool);
}

/* A task of INLINE runs in a step, not in here; the first of several wakes whoever waits for a step to be due. */
static void
give_inline(struct ord_pool *pool)
{
	if (pool->core.n_waiting == 1)
		pool_wake(pool);
}

/*
 * A few bytes for the pool's function, and room in the window: what nearly
 * every submit is.  False: it is not, and the long way finds out what to do.
 */
static inline bool
submit_plain(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	struct core *core;
	struct slot *slot;

	if (pool == NULL || !pool->open || *pool->alive == 0 || input == NULL ||
		size > BLOB_INLINE || !plain_has_room(&pool->core, size) ||
		atomic_load_explicit(&pool->interrupts, memory_order_relaxed) != 0)
		return false;
	core = &pool->core;
	slot = plain_submit(core, input, size, &pool->limits);
	if (sequence != NULL)
		*sequence = slot->sequence;
	if (pool->inline_worker != NULL)
		give_inline(pool);
	else if (plain_may_give(core))
		give(pool);
	return true;
}

static int
take_in(struct ord_pool *pool, const struct task *task, const struct extra *extra,
	uint64_t *sequence)
{
	struct slot *slot = core_submit(&pool->core, task, extra);

	if (sequence != NULL)
		*sequence = slot->sequence;
	if (extra != NULL && extra->pass) {
		core_pass(&pool->core, slot);
		pool_wake(pool);
	} else if (pool->inline_worker != NULL) {
		give_inline(pool);
	} else {
		give(pool);
	}
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

/* What may be an input, of a task with a function or of a value that is passed on. */
static int
check_input(struct ord_pool *pool, const void *input, size_t size)
{
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
check_function(struct ord_pool *pool)
{
	if (pool->options.function == NULL && pool->options.function_name == NULL)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool has no function: set .function, or submit tasks with functions of their own, or commands");
	return ORD_OK;
}

static int
submit(struct ord_pool *pool, struct task *task, const struct extra *extra, const void *input,
	size_t size, uint64_t *sequence)
{
	struct extra large = extra != NULL ? *extra : (struct extra){ .pass = false };

	if (!core_has_room(&pool->core, size))
		return full(pool);
	/* A value that is passed on may be kept for longer than the pool, and its slab, live. */
	if (size >= SLAB_FROM && !large.pass &&
		slabs_put(pool, task, &large.feed, input, size) == 0)
		extra = &large;
	else if (blob_set(&task->input, input, size) != 0)
		return error_memory(&pool->error);
	return take_in(pool, task, extra, sequence);
}

/* Those of the pool that each task of a function brings along; the kernel's are its worker's for life. */
static struct bounds
watched(const struct bounds *bounds)
{
	return (struct bounds){ .cpu_ms = bounds->cpu_ms,
		.memory_mib = bounds->memory_mib,
		.memory_most_mib = bounds->memory_most_mib };
}

static int
submit_any(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	struct task task = { .function = 0 };
	struct extra extra;
	int status = may_submit(pool);

	if (status == 0)
		status = check_function(pool);
	if (status == 0)
		status = check_input(pool, input, size);
	if (status != 0)
		return status;
	task.limits = pool->limits;
	if (task.limits.bounded == 0)
		return submit(pool, &task, NULL, input, size, sequence);
	extra = (struct extra){ .bounds = watched(&pool->bounds) };
	return submit(pool, &task, &extra, input, size, sequence);
}

int
ord_pool_submit(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	if (submit_plain(pool, input, size, sequence))
		return ORD_OK;
	return submit_any(pool, input, size, sequence);
}

/* --- tasks with options of their own --- */

static uint32_t
own_or(uint32_t own, uint32_t pools)
{
	if (own == ORD_NONE)
		return 0;
	return own != 0 ? own : pools;
}

/* The limits that tasks and commands have alike. */
static void
set_limits(const struct ord_pool *pool, struct task *task, uint32_t timeout_ms, uint32_t grace_ms,
	uint32_t retries)
{
	task->limits = (struct limits){ .timeout_ms = own_or(timeout_ms, pool->limits.timeout_ms),
		.grace_ms = grace_ms != 0 ? grace_ms : pool->limits.grace_ms,
		.retries = (uint16_t)own_or(retries, pool->limits.retries) };
}

/* Its own bounds, and the pool's where it says nothing; 0, or an error with its sentence. */
static int
set_bounds(
	struct ord_pool *pool, struct task *task, struct bounds *bounds, const struct bounds *own)
{
	const struct bounds *pools = &pool->bounds;

	if (!bounds_valid(own))
		return error_set(&pool->error, ORD_EINVAL,
			"open_files is %u: a process needs %u at least", own->open_files,
			BOUND_FILES_LEAST);
	*bounds = *own;
	bounds->cpu_ms = own_or(own->cpu_ms, pools->cpu_ms);
	bounds->memory_mib = own_or(own->memory_mib, pools->memory_mib);
	bounds->memory_most_mib = own_or(own->memory_most_mib, pools->memory_most_mib);
	/* What a worker has for life is told only if the task wants it otherwise. */
	if (task->command) {
		bounds->address_mib = own_or(own->address_mib, pools->address_mib);
		bounds->file_mib = own_or(own->file_mib, pools->file_mib);
		bounds->open_files = own_or(own->open_files, pools->open_files);
	}
	task->limits.bounded = bounds_any(bounds);
	return bounds_allowed(bounds, &pool->error);
}

static bool
retries_are_valid(uint32_t retries)
{
	return retries <= RETRIES_MAX || retries == ORD_NONE;
}

/* Take over a struct of another version of the header; says so if it asks for more than ours can. */
static int
copy_options(struct ord_pool *pool, void *to, size_t size, size_t first, const void *from)
{
	int status = from != NULL ? options_copy(to, size, first, from) : ORD_EINVAL;

	if (status == ORD_ENOTSUP)
		return error_set(&pool->error, ORD_ENOTSUP,
			"an option is set that version %s of the library does not know: install the newer "
			"library that the program was built for, or leave the option 0",
			ord_version());
	return status;
}

static bool
task_is_valid(const struct ord_task_options *options)
{
	return options->pass <= 1 && retries_are_valid(options->retries) &&
		(options->function == NULL || options->function_name == NULL);
}

static int
check_task(struct ord_pool *pool, struct ord_task_options *to, const struct ord_task_options *from)
{
	int status = copy_options(pool, to, sizeof *to, FIRST_TASK, from);

	if (status == ORD_ENOTSUP)
		return status;
	if (status != 0 || !task_is_valid(to))
		return error_set(&pool->error, ORD_EINVAL,
			"not a task: use ORD_TASK(.input = …, .input_size = …) with one function at most");
	return check_input(pool, to->input, to->input_size);
}

/* The core's task without its input. */
static int
make_task(struct ord_pool *pool, const struct ord_task_options *options, struct task *task,
	struct extra *extra)
{
	struct bounds own = { options->cpu_ms, options->memory_mib, options->memory_most_mib,
		options->address_mib, options->file_mib, options->open_files };
	uint32_t number = 0;
	int status;

	*task = (struct task){ .user = options->user };
	*extra = (struct extra){ .pass = options->pass != 0 };
	set_limits(pool, task, options->timeout_ms, options->grace_ms, options->retries);
	if (options->pass != 0)
		return ORD_OK;
	status = set_bounds(pool, task, &extra->bounds, &own);
	if (status != 0)
		return status;
	if (options->function == NULL && options->function_name == NULL)
		return check_function(pool);
	status = pool_function(pool, options->function, options->function_name, &number);
	task->function = (uint16_t)number;
	return status;
}

int
ord_pool_submit_task(
	struct ord_pool *pool, const struct ord_task_options *options, uint64_t *sequence)
{
	struct ord_task_options known;
	struct extra extra;
	struct task task;
	bool plain;
	int status = may_submit(pool);

	if (status == 0)
		status = check_task(pool, &known, options);
	if (status == 0)
		status = make_task(pool, &known, &task, &extra);
	if (status != 0)
		return status;
	plain = !extra.pass && task.limits.bounded == 0;
	return submit(pool, &task, plain ? NULL : &extra, known.input, known.input_size, sequence);
}

/* --- waiting for room --- */

/* While the window is full: deliver, if that is what callbacks are for. */
static int
make_room(struct ord_pool *pool)
{
	bool moved;

	if (pool->options.on_result == NULL)
		return error_set(&pool->error, ORD_EAGAIN,
			"the window is full and there is no on_result: call ord_pool_next first");
	if (pool_stalled(pool, true)) {
		pool_explain_stall(pool, &pool->error);
		return ORD_ESTALLED;
	}
	return pool_round(pool, -1, &moved);
}

/* Step until submitting says something other than full. */
__attribute__((noinline)) static int
submit_waiting(struct ord_pool *pool, const struct ord_task_options *options, uint64_t *sequence,
	int (*once)(struct ord_pool *, const struct ord_task_options *, uint64_t *))
{
	int status = pool_enter(pool);

	while (status == 0) {
		status = once(pool, options, sequence);
		if (status != ORD_EAGAIN)
			break;
		status = make_room(pool);
		if (pool->destroy)
			return pool_leave(pool, ORD_ECLOSED);
	}
	return pool == NULL ? status : pool_keep(pool, status);
}

static int
submit_input(struct ord_pool *pool, const struct ord_task_options *options, uint64_t *sequence)
{
	return submit_any(pool, options->input, options->input_size, sequence);
}

__attribute__((noinline)) static int
submit_input_waiting(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	struct ord_task_options options = { .input = input, .input_size = size };

	return submit_waiting(pool, &options, sequence, submit_input);
}

int
ord_pool_submit_wait(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence)
{
	if (pool != NULL && pool->callbacks == 0 && submit_plain(pool, input, size, sequence))
		return ORD_OK;
	return submit_input_waiting(pool, input, size, sequence);
}

int
ord_pool_submit_task_wait(
	struct ord_pool *pool, const struct ord_task_options *options, uint64_t *sequence)
{
	return submit_waiting(pool, options, sequence, ord_pool_submit_task);
}

/* --- commands --- */

static bool
command_is_valid(const struct ord_command *command)
{
	return command->argv != NULL && command->argv[0] != NULL &&
		retries_are_valid(command->retries) && command->output <= ORD_OUTPUT_INHERIT &&
		(command->input != NULL || command->input_size == 0) &&
		(command->input_fd == NULL || command->input_size == 0);
}

/* What its words are to be fits together. */
static bool
words_are_valid(const struct ord_command *command)
{
	if (command->terminal != 0)
		return command->terminal == 1 && command->output == ORD_OUTPUT_INHERIT &&
			command->output_path == NULL && command->input_size == 0 &&
			command->input_fd == NULL;
	return command->output_path == NULL ||
		(command->output != ORD_OUTPUT_INHERIT && command->output_path[0] != '\0');
}

#define COMMAND_MAX (2u << 20)
#define FEED_MAX (1u << 30)

static int
check_command(struct ord_pool *pool, struct ord_command *to, const struct ord_command *from)
{
	int status = copy_options(pool, to, sizeof *to, FIRST_COMMAND, from);

	if (status == ORD_ENOTSUP)
		return status;
	if (status != 0 || !command_is_valid(to))
		return error_set(&pool->error, ORD_EINVAL,
			"not a command: use ORD_COMMAND(.argv = …) with at least the program's name");
	if (pool->inline_worker != NULL)
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_INLINE has no processes for commands: use another start method");
	if (!words_are_valid(to))
		return error_set(&pool->error, ORD_EINVAL,
			"output_path goes with ORD_OUTPUT_RESULT, ORD_OUTPUT_LINES and ORD_OUTPUT_CHUNKS, and terminal (0 or 1) with ORD_OUTPUT_INHERIT and no input");
	if (to->stop_signal > (uint32_t)SIGRTMAX)
		return error_set(&pool->error, ORD_EINVAL,
			"the command's stop_signal %u is no signal: they go from 1 to %d",
			to->stop_signal, SIGRTMAX);
	if (to->input_fd != NULL && fcntl(*to->input_fd, F_GETFD) < 0)
		return error_set(&pool->error, ORD_EINVAL,
			"the command's input_fd %d is not an open descriptor", *to->input_fd);
	if (to->input_size > FEED_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"a command's input is larger than 1 GiB: give it a descriptor instead (input_fd)");
	return ORD_OK;
}

/* What the slot will own; nothing is taken if there is no room for all of it. */
static int
fill_task(struct ord_pool *pool, struct task *task, struct extra *extra,
	const struct ord_command *command)
{
	const void *feed = command->input_fd != NULL ? command->input_fd : command->input;
	size_t feed_size = command->input_fd != NULL ? sizeof(int) : command->input_size;

	pool->scratch.size = 0;
	if (pool_command_text(&pool->scratch, command) != 0)
		return error_memory(&pool->error);
	if (pool->scratch.size > COMMAND_MAX)
		return error_set(&pool->error, ORD_ETOOBIG,
			"the command's arguments and environment are larger than 2 MiB");
	if (!core_has_room(&pool->core, pool->scratch.size + feed_size))
		return full(pool);
	if (blob_set(&extra->feed, feed, feed_size) != 0 ||
		blob_set(&task->input, pool->scratch.bytes, pool->scratch.size) != 0)
		return error_memory(&pool->error);
	return ORD_OK;
}

static int
submit_command(struct ord_pool *pool, const struct ord_command *command, uint64_t *sequence)
{
	struct task task = { .user = command->user, .command = true };
	struct extra extra = { .output = (uint8_t)command->output,
		.feed_is_fd = command->input_fd != NULL };
	struct bounds own = { command->cpu_ms, command->memory_mib, command->memory_most_mib,
		command->address_mib, command->file_mib, command->open_files };
	int status;

	set_limits(pool, &task, command->timeout_ms, command->grace_ms, command->retries);
	status = set_bounds(pool, &task, &extra.bounds, &own);
	if (status != 0)
		return status;
	status = fill_task(pool, &task, &extra, command);
	if (status == 0)
		return take_in(pool, &task, &extra, sequence);
	blob_finish(&task.input);
	blob_finish(&extra.feed);
	return status;
}

int
ord_pool_submit_command(
	struct ord_pool *pool, const struct ord_command *command, uint64_t *sequence)
{
	struct ord_command known;
	int status = may_submit(pool);

	if (status == 0)
		status = check_command(pool, &known, command);
	return status != 0 ? status : submit_command(pool, &known, sequence);
}
