/*
 * What a task may use.  The kernel's limits are set around it, as soft limits,
 * because the next task may have others; processor time and memory are told in
 * the page, for the spawner to look at.
 */
#include "worker/worker.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "wire/record.h"
#include "worker/size.h"

int
bounds_start(struct worker *worker, const struct bounds *bounds)
{
	uint64_t mapped_mib = size_mapped_kib() >> 10;
	struct ord_task *task = &worker->task;

	bounds_set(bounds, &worker->inherited, false);
	if (bounds->address_mib == 0 || mapped_mib < bounds->address_mib)
		return 0;
	snprintf(task->error, sizeof task->error,
		"address_mib is %u and a worker has mapped %llu MiB before its first task: set it higher",
		bounds->address_mib, (unsigned long long)mapped_mib);
	return -1;
}

static uint32_t
take32(const char **from)
{
	uint32_t value;

	memcpy(&value, *from, sizeof value);
	*from += sizeof value;
	return value;
}

static uint64_t
microseconds_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * CLOCK_NS_PER_S + (uint64_t)time.tv_usec * 1000;
}

/* Processor time of this process and of its children that were waited for. */
static uint64_t
used_ns(void)
{
	struct timespec own = { 0, 0 };
	struct rusage children;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
	if (getrusage(RUSAGE_CHILDREN, &children) != 0)
		return 0;
	return (uint64_t)own.tv_sec * CLOCK_NS_PER_S + (uint64_t)own.tv_nsec +
		microseconds_ns(children.ru_utime) + microseconds_ns(children.ru_stime);
}

void
bounds_enter(struct worker *worker)
{
	struct status_page *page = worker->region.page;
	struct ord_task *task = &worker->task;
	const char *from = task->input;
	struct bounds *bounds = &worker->bounds;

	bounds->cpu_ms = take32(&from);
	bounds->memory_mib = take32(&from);
	bounds->address_mib = take32(&from);
	bounds->file_mib = take32(&from);
	bounds->open_files = take32(&from);
	atomic_store_explicit(&page->grace_ms, take32(&from), memory_order_relaxed);
	task->input += RECORD_BOUNDS_SIZE;
	task->input_size -= RECORD_BOUNDS_SIZE;
	atomic_store_explicit(&page->cpu_from_ns, used_ns(), memory_order_relaxed);
	atomic_store_explicit(&page->cpu_ms, bounds->cpu_ms, memory_order_relaxed);
	atomic_store_explicit(&page->memory_mib, bounds->memory_mib, memory_order_relaxed);
	worker->bounded = true;
	if (!bounds_any_kernel(bounds))
		return;
	bounds_read(&worker->own);
	bounds_set(bounds, &worker->inherited, false);
}

void
bounds_leave(struct worker *worker)
{
	struct status_page *page = worker->region.page;

	atomic_store_explicit(&page->cpu_ms, 0, memory_order_relaxed);
	atomic_store_explicit(&page->memory_mib, 0, memory_order_relaxed);
	bounds_restore(&worker->bounds, &worker->own);
	worker->bounded = false;
}
