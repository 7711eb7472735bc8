/* A task as its function sees it. */
#include "worker/worker.h"

#include <stdarg.h>
#include <stdio.h>

#include <orderly/message.h>
#include <orderly/status.h>

#include "base/blob.h"
#include "base/clock.h"

#define PROGRESS_NS UINT64_C(10000000)

const void *
ord_task_input(const struct ord_task *task, size_t *size)
{
	if (size != NULL)
		*size = task->input_size;
	return task->input;
}

int
task_complain(struct ord_task *task, int status, const char *sentence)
{
	snprintf(task->error, sizeof task->error, "%s", sentence);
	return status;
}

static int
keep(struct ord_task *task, const void *output, size_t size)
{
	task->in_slab = false;
	task->output.size = 0;
	if (buffer_append(&task->output, output, size) != 0)
		return task_complain(task, ORD_ENOMEM, "ord_task_return: out of memory");
	return 0;
}

static int
keep_large(struct ord_task *task, const void *output, size_t size)
{
	if (size > RECORD_INPUT_MAX)
		return task_complain(task, ORD_ETOOBIG,
			"ord_task_return: more than 1 GiB: return the name of a file instead");
	return slab_return(task, output, size) == 0 ? 0 : keep(task, output, size);
}

int
ord_task_return(struct ord_task *task, const void *output, size_t size)
{
	if (size <= BLOB_INLINE && size <= task->output.capacity && output != NULL) {
		copy_near(task->output.bytes, output, size);
		task->output.size = size;
		return 0;
	}
	if (output == NULL && size != 0)
		return task_complain(
			task, ORD_EINVAL, "ord_task_return: output is NULL and size is not 0");
	return size < SLAB_FROM ? keep(task, output, size) : keep_large(task, output, size);
}

int
ord_task_fail_at(struct ord_task *task, const char *file, unsigned line, const char *format, ...)
{
	va_list arguments;
	int used = 0;

	if (file != NULL)
		used = snprintf(task->error, sizeof task->error, "%s:%u: ", file, line);
	if (used < 0 || (size_t)used >= sizeof task->error)
		used = 0;
	va_start(arguments, format);
	vsnprintf(task->error + used, sizeof task->error - (size_t)used, format, arguments);
	va_end(arguments);
	return ORD_EINVAL;
}

uint64_t
ord_task_sequence(const struct ord_task *task)
{
	return task->sequence;
}

uint32_t
ord_task_attempt(const struct ord_task *task)
{
	return task->attempt;
}

uint32_t
ord_task_worker(const struct ord_task *task)
{
	return task->worker->place;
}

const void *
ord_task_shared(const struct ord_task *task, size_t *size)
{
	static const uint64_t nothing = 0;

	if (size != NULL)
		*size = task->worker->shared_size;
	return task->worker->shared_size != 0 ? task->worker->shared : &nothing;
}

int
ord_task_canceled(const struct ord_task *task)
{
	return task_canceled(task);
}

/* --- progress --- */

static void
emit_progress(struct ord_task *task, uint64_t done, uint64_t total)
{
	char payload[RECORD_PROGRESS_SIZE];

	wire_put64(payload, done);
	wire_put64(payload + 8, total);
	task->held = false;
	emit(task->worker,
		&(struct emission){
			.kind = RECORD_PROGRESS, .head = payload, .head_size = sizeof payload });
}

void
progress_flush(struct ord_task *task)
{
	emit_progress(task, task->progress.done, task->progress.total);
}

int
ord_task_progress(struct ord_task *task, uint64_t done, uint64_t total)
{
	struct progress *progress = &task->progress;
	uint64_t now_ns;

	if (*task->worker->alive == 0)
		return ORD_ENOTSUP;
	if ((task->worker->region.page->wants & WANTS_PROGRESS) == 0 ||
		task->sequence == ORD_NO_SEQUENCE)
		return ORD_OK;
	now_ns = clock_now_ns();
	if (progress->sent_ns != 0 && now_ns - progress->sent_ns < PROGRESS_NS) {
		progress->done = done;
		progress->total = total;
		task->held = true;
		return ORD_OK;
	}
	progress->sent_ns = now_ns;
	emit_progress(task, done, total);
	return ORD_OK;
}
