/*
 * Options: checked and filled in when a pool is made, so that a wrong one is
 * said before anything is started.
 */
#define _GNU_SOURCE /* getrandom */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"
#include "base/options.h"
#include "base/processors.h"
#include "pool/pool.h"

#define FIRST_SIZE OPTIONS_UP_TO(struct ord_pool_options, max_load)
#define WINDOW_MAX (1u << 24)
#define EVENTS_USUAL (ORD_EVENT_BIT(ORD_WORKER_ENDED + 1) - ORD_EVENT_BIT(ORD_TASK_STARTED))
#define EVENTS_ALL (EVENTS_USUAL | ORD_EVENT_BIT(ORD_TASK_PROCESS))
#define DEFAULT_BYTES (UINT64_C(64) << 20)
#define DEFAULT_SPILL_BYTES (UINT64_C(1) << 40)

static void
default_to(uint32_t *option, uint32_t value)
{
	if (*option == 0)
		*option = value;
}

/* What says none in the options of a task says it here too. */
static void
none_to_zero(uint32_t *option)
{
	if (*option == ORD_NONE)
		*option = 0;
}

static void
fill_in(struct ord_pool_options *options)
{
	default_to(&options->workers, processors_usable());
	if (options->start == ORD_START_INLINE)
		options->workers = 1;
	default_to(&options->window, options->workers > 4 ? 1024 * options->workers : 4096);
	default_to(&options->level, 3);
	default_to(&options->line_bytes, 65536);
	default_to(&options->grace_ms, 1000);
	default_to(&options->start_timeout_ms, 30000);
	default_to(&options->max_deaths, 10);
	default_to(&options->quarantine, 3);
	default_to(&options->stack_trace_ms, 4000);
	default_to(&options->events, EVENTS_USUAL);
	none_to_zero(&options->cpu_ms);
	none_to_zero(&options->memory_mib);
	none_to_zero(&options->memory_most_mib);
	none_to_zero(&options->address_mib);
	none_to_zero(&options->file_mib);
	none_to_zero(&options->open_files);
	if (options->window_bytes == 0)
		options->window_bytes = DEFAULT_BYTES;
	if (options->spill_bytes == 0)
		options->spill_bytes = DEFAULT_SPILL_BYTES;
}

/* The program that looks at stacks is built with what it needs, or not. */
static bool
has_tracer(void)
{
#ifdef ORD_STACK_TRACE
	return true;
#else
	return false;
#endif
}

static int
check(const struct ord_pool_options *options)
{
	if (options->workers > POOL_WORKERS_MAX || options->window > WINDOW_MAX ||
		options->start > ORD_START_INLINE || options->order > ORD_COMPLETION ||
		options->messages > ORD_ORDERED || options->capture > ORD_CAPTURE_OFF ||
		options->level > 6 || options->retries > RETRIES_MAX ||
		options->overflow > ORD_OVERFLOW_DROP || options->functions_by_task > 1 ||
		(options->events & ~EVENTS_ALL) != 0)
		return ORD_EINVAL;
	if (options->stack_trace > 1)
		return ORD_EINVAL;
	if (options->stack_trace != 0 && !has_tracer())
		return ORD_ENOTSUP;
	if (options->line_bytes != 0 &&
		(options->line_bytes < 64 || options->line_bytes > (1u << 20)))
		return ORD_EINVAL;
	if ((options->function != NULL && options->function_name != NULL) ||
		(options->keep_fds == NULL && options->n_keep_fds != 0) ||
		(options->shared == NULL && options->shared_size != 0))
		return ORD_EINVAL;
	if (options->open_files != 0 && options->open_files < BOUND_FILES_LEAST)
		return ORD_EINVAL;
	return ORD_OK;
}

static int
copy_strings(struct ord_pool *pool)
{
	struct ord_pool_options *options = &pool->options;

	if (options->program != NULL)
		pool->program = memory_copy(options->program, strlen(options->program));
	if (options->function_name != NULL)
		pool->function_name =
			memory_copy(options->function_name, strlen(options->function_name));
	if (options->n_keep_fds != 0)
		pool->keep_fds = memory_copy(options->keep_fds, options->n_keep_fds * sizeof(int));
	if ((options->program != NULL && pool->program == NULL) ||
		(options->function_name != NULL && pool->function_name == NULL) ||
		(options->n_keep_fds != 0 && pool->keep_fds == NULL))
		return ORD_ENOMEM;
	if (options->spill_directory != NULL) {
		pool->spill_directory =
			memory_copy(options->spill_directory, strlen(options->spill_directory));
		if (pool->spill_directory == NULL)
			return ORD_ENOMEM;
	}
	options->spill_directory = pool->spill_directory;
	options->program = pool->program;
	options->function_name = pool->function_name;
	options->keep_fds = pool->keep_fds;
	return ORD_OK;
}

/* A name that no other pool has, below a directory that is the user's. */
static int
name_group(struct ord_pool *pool)
{
	const char *directory = pool->options.cgroup;
	uint64_t number;
	int size;

	if (directory == NULL)
		return ORD_OK;
	if (directory[0] != '/')
		return ORD_EINVAL;
	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		return ORD_ESYSTEM;
	size = snprintf(pool->group, sizeof pool->group, "%s/orderly-%016llx", directory,
		(unsigned long long)number);
	pool->options.cgroup = NULL; /* the caller's; what is needed of it is in the name */
	return size > 0 && (size_t)size < sizeof pool->group ? ORD_OK : ORD_EINVAL;
}

int
pool_options(struct ord_pool *pool, const struct ord_pool_options *options)
{
	int status = ORD_OK;

	pool->options.size = sizeof pool->options;
	if (options != NULL)
		status = options_copy(&pool->options, sizeof pool->options, FIRST_SIZE, options);
	if (status == ORD_OK)
		status = check(&pool->options);
	if (status != ORD_OK)
		return status;
	fill_in(&pool->options);
	pool->limits = (struct limits){ pool->options.timeout_ms, pool->options.grace_ms,
		(uint16_t)pool->options.retries,
		pool->options.cpu_ms != 0 || pool->options.memory_mib != 0 };
	pool->admission.root = "";
	pool->admission.asked = pool->options.free_memory_mib != 0 || pool->options.max_load != 0;
	pool->bounds = (struct bounds){ pool->options.cpu_ms, pool->options.memory_mib,
		pool->options.memory_most_mib, pool->options.address_mib, pool->options.file_mib,
		pool->options.open_files };
	status = name_group(pool);
	return status == ORD_OK ? copy_strings(pool) : status;
}
