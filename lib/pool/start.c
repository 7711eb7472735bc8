/*
 * Starting: decide how workers come to life, make what is shared, start the
 * spawner, and only then ZeroMQ, because its threads would stand in the way of
 * a fork.
 */
#define _GNU_SOURCE /* secure_getenv, getrandom */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "pool/pool.h"
#include "shared/bytes.h"
#include "spawn/entry.h"
#include "worker/serve.h"

#define FDS_OF_A_POOL 32
#define FDS_PER_COMMAND 2 /* its pipes */
#define MANY_WORKERS 8u   /* from here on what the spawner does to make each worker cheaper pays */

static bool
has_functions(const struct ord_pool *pool)
{
	return pool->options.function != NULL || pool->options.function_name != NULL ||
		pool->options.functions_by_task != 0;
}

static int
decide_start(struct ord_pool *pool)
{
	const struct ord_pool_options *options = &pool->options;

	pool->start = options->start;
	if (pool->start == ORD_START_DEFAULT && (entry_ran() || options->program != NULL))
		pool->start = ORD_START_EXEC;
	if (pool->start == ORD_START_DEFAULT)
		pool->start = options->function != NULL ? ORD_START_FORK : ORD_START_COMMAND;
	if (pool->start == ORD_START_EXEC && !entry_ran() && options->program == NULL)
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_EXEC needs ord_worker_main(argc, argv) at the top of "
			"main: it never ran in this process");
	if (pool->start == ORD_START_COMMAND &&
		(options->function != NULL || options->on_worker_start != NULL ||
			options->on_worker_stop != NULL))
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_COMMAND cannot call a function of this program: use "
			".function_name = \"file.so:function\", or call ord_worker_main at the top of main");
	if (pool->start == ORD_START_INLINE && !has_functions(pool))
		return error_set(&pool->error, ORD_ENOTSUP,
			"ORD_START_INLINE runs functions of this process only: set .function, .function_name or "
			".functions_by_task");
	return ORD_OK;
}

/* A function of the pool, or a hook, which is told in the same way. */
static int
describe_pointer(struct ord_pool *pool, struct function_spec *spec, ord_task_fn function)
{
	if (function == NULL)
		return ORD_OK;
	if (pool->start != ORD_START_FORK)
		return function_describe(spec, function, &pool->error);
	spec->kind = FUNCTION_ADDRESS;
	spec->address = (uint64_t)(uintptr_t)function;
	return ORD_OK;
}

static int
describe_function(struct ord_pool *pool, struct function_spec *spec)
{
	const struct ord_pool_options *options = &pool->options;
	int status = options->function_name != NULL
		? function_describe_name(spec, options->function_name, &pool->error)
		: describe_pointer(pool, spec, options->function);

	if (pool->start == ORD_START_FORK)
		spec->user = (uint64_t)(uintptr_t)options->function_user;
	return status;
}

static int
describe_hooks(struct ord_pool *pool, struct spawn_config *config)
{
	const struct ord_pool_options *options = &pool->options;
	int status = describe_pointer(
		pool, &config->start_hook, (ord_task_fn)(uintptr_t)options->on_worker_start);

	return status != 0 ? status
			   : describe_pointer(pool, &config->stop_hook,
				     (ord_task_fn)(uintptr_t)options->on_worker_stop);
}

int
pool_check_descriptors(struct ord_pool *pool, uint32_t workers)
{
	struct rlimit limit;
	uint64_t each = has_functions(pool) ? CHANNEL_FDS_PER_WORKER : FDS_PER_COMMAND;
	bool ahead = incarnation_keeps_region(pool); /* others start while these work */
	uint64_t need =
		FDS_OF_A_POOL + (ahead ? (workers + 1 + workers / 2) * (each + 1) : workers * each);

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < need)
		return error_set(&pool->error, ORD_ESYSTEM,
			"%u workers need about %llu open files and the limit is %llu: raise "
			"it (ulimit -n) or use fewer workers",
			workers, (unsigned long long)need, (unsigned long long)limit.rlim_cur);
	if (fd_headroom(FDS_OF_A_POOL / 2) != 0)
		return error_system(&pool->error, errno, "too few descriptors are left for a pool");
	return ORD_OK;
}

static bool
may_write(const char *directory)
{
	return access(directory, W_OK | X_OK) == 0;
}

/* In memory if possible: a disk takes longer to make a socket than all the rest of a worker's start.  Only named here: the spawner makes it, and removes it whoever dies. */
static int
name_directory(struct ord_pool *pool)
{
	const char *parent = secure_getenv("XDG_RUNTIME_DIR");
	uint64_t number;
	int size;

	if (parent == NULL || parent[0] != '/' || strlen(parent) > SPAWN_DIRECTORY_MAX / 2 ||
		!may_write(parent))
		parent = may_write("/dev/shm") ? "/dev/shm" : "/tmp";
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return error_system(&pool->error, errno, "cannot get random bytes");
	size = snprintf(pool->directory, sizeof pool->directory, "%s/orderly-%016llx", parent,
		(unsigned long long)number);
	return size > 0 && (size_t)size < sizeof pool->directory ? ORD_OK : ORD_EINVAL;
}

/* Other processes get a copy; a copy of this one, and this one itself, have the bytes. */
static int
copy_shared(struct ord_pool *pool)
{
	const struct ord_pool_options *options = &pool->options;

	if (options->shared_size == 0 || pool->start == ORD_START_FORK ||
		pool->start == ORD_START_INLINE)
		return ORD_OK;
	pool->shared_fd = bytes_new(options->shared, options->shared_size);
	return pool->shared_fd >= 0
		? ORD_OK
		: error_system(&pool->error, errno, "cannot copy the %zu bytes of .shared",
			  options->shared_size);
}

static int
make_shared(struct ord_pool *pool)
{
	if (!has_functions(pool))
		return ORD_OK;
	if (claims_new(&pool->claims, core_slots(pool->options.window), &pool->claims_fd) != 0)
		return error_system(&pool->error, errno, "cannot make shared memory for %u tasks",
			pool->options.window);
	if (copy_shared(pool) != 0)
		return pool->error.status;
	if (pool->start == ORD_START_INLINE)
		return ORD_OK;
	slabs_start(pool);
	return name_directory(pool);
}

static bool
starts_many(const struct ord_pool *pool)
{
	return pool->options.workers >= MANY_WORKERS || pool->options.recycle_tasks != 0 ||
		pool->options.recycle_rss_mib != 0;
}

static int
describe_spawner(struct ord_pool *pool, struct launch_options *options)
{
	int status;

	*options = (struct launch_options){
		.start = pool->start,
		.program = pool->options.program,
		.keep_fds = pool->options.keep_fds,
		.n_keep_fds = pool->options.n_keep_fds,
		.timeout_ms = pool->options.start_timeout_ms,
		.serve = worker_serve,
		.config = { .bounds = pool->bounds,
			.master_pid = getpid(),
			.has_claims = has_functions(pool),
			.many = starts_many(pool) },
		.claims = pool->claims_fd,
		.shared = pool->shared_fd,
		.slab = pool->slabs.fd,
	};
	memcpy(options->config.group, pool->group, sizeof pool->group);
	if (!has_functions(pool))
		return ORD_OK;
	options->config.shared_size = pool->options.shared_size;
	options->config.slab_stretch = pool->slabs.fd >= 0 ? pool->slabs.stretch : 0;
	if (pool->start == ORD_START_FORK)
		options->config.shared_address = (uint64_t)(uintptr_t)pool->options.shared;
	memcpy(options->config.directory, pool->directory, sizeof pool->directory);
	status = describe_function(pool, &options->config.function);
	return status != 0 ? status : describe_hooks(pool, &options->config);
}

static int
cannot_watch(struct ord_pool *pool)
{
	return error_system(&pool->error, errno, "the kernel cannot watch one more descriptor");
}

static int
make_loop(struct ord_pool *pool)
{
	int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), made;

	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	pool->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	made = pool->epoll >= 0 && wake >= 0 && pool->timer >= 0 && fd_lift(&pool->epoll) == 0 &&
		fd_lift(&wake) == 0 && fd_lift(&pool->timer) == 0;
	/* Another thread may interrupt a pool while it starts: it sees the whole descriptor or none. */
	atomic_store(&pool->wake, wake);
	if (!made)
		return error_system(&pool->error, errno, "cannot make the descriptors of the loop");
	if (pool_watch(pool, wake, SOURCE_WAKE, 0) != 0 ||
		pool_watch(pool, pool->timer, SOURCE_TIMER, 0) != 0)
		return cannot_watch(pool);
	return ORD_OK;
}

static int
make_core(struct ord_pool *pool)
{
	struct core_options options = {
		.window = pool->options.window,
		.window_bytes = pool->options.window_bytes,
		.workers = pool->options.workers,
		.places = pool->start == ORD_START_INLINE ? 1 : POOL_WORKERS_MAX,
		.recycle = pool->start == ORD_START_INLINE ? 0 : pool->options.recycle_tasks,
		.max_deaths = pool->options.max_deaths,
		.quarantine = pool->options.quarantine,
		.completion = pool->options.order == ORD_COMPLETION,
		.bulky_from = pool->options.overflow == ORD_OVERFLOW_SPILL ? SPILL_BLOCK : 0,
		.functions = has_functions(pool),
		.batches = pool->start != ORD_START_INLINE,
		.claims = pool->claims,
		.announce = pool->options.on_event != NULL,
	};

	if (core_init(&pool->core, &options, 0) != 0)
		return error_memory(&pool->error);
	pool->commands = memory_new(options.places, sizeof *pool->commands);
	if (has_functions(pool))
		pool->incarnations = memory_new(options.places, sizeof *pool->incarnations);
	pool->tails = memory_new(options.places, sizeof *pool->tails);
	if (pool->commands == NULL || pool->tails == NULL ||
		(has_functions(pool) && pool->incarnations == NULL))
		return error_memory(&pool->error);
	return ORD_OK;
}

/* What only the master needs is made while the spawner's program loads, and ZeroMQ's threads come after the fork. */
static int
start_spawner(struct ord_pool *pool)
{
	struct launch_options options;
	int status = describe_spawner(pool, &options);

	if (status == 0)
		status = launch_begin(&pool->launch, &options, &pool->error);
	if (status == 0)
		status = make_core(pool);
	if (status == 0)
		status = make_loop(pool);
	if (status == 0 && has_functions(pool))
		status = channel_open(&pool->context, &pool->error);
	if (status == 0)
		status = launch_meet(&pool->launch, &options, &pool->error);
	fd_close(&pool->claims_fd); /* the spawner has them now */
	fd_close(&pool->shared_fd);
	if (status == 0 && pool_watch(pool, pool->launch.life, SOURCE_LIFE, 0) != 0)
		status = cannot_watch(pool);
	return status;
}

static int
start_inline(struct ord_pool *pool)
{
	int status = make_core(pool);

	if (status == 0)
		status = make_loop(pool);
	return status == 0 ? inline_start(pool) : status;
}

int
pool_start(struct ord_pool *pool)
{
	int status = decide_start(pool);

	if (status == 0)
		status = bounds_allowed(&pool->bounds, &pool->error);
	if (status == 0)
		status = pool_check_descriptors(pool, pool->options.workers);
	if (status == 0)
		status = make_shared(pool);
	if (status == 0)
		status = spill_start(pool);
	if (status != 0)
		return status;
	return pool->start == ORD_START_INLINE ? start_inline(pool) : start_spawner(pool);
}
