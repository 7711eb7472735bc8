/*
 * ord_log: a record into the outbox of the task that this thread runs.  The
 * one mutable variable of a worker process lies here, so that a task's code
 * can log from any depth without carrying the task along.
 */
#include <orderly/log.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <orderly/status.h>

#include "base/clock.h"
#include "base/memory.h"
#include "worker/worker.h"

#define NEAR_MAX 1024
#define FILE_MAX 1024
#define TEXT_MAX (RECORD_PAYLOAD_MAX - RECORD_LOG_HEADER - FILE_MAX)

static _Thread_local struct ord_task *running;

struct ord_task *
log_task_set(struct ord_task *task)
{
	struct ord_task *before = running;

	running = task;
	return before;
}

/* Where a record comes from. */
struct place_in_source {
	int level;
	const char *file;
	unsigned line;
};

static void
emit_log(struct worker *worker, const struct place_in_source *place, const char *text, size_t size)
{
	size_t file_size = place->file != NULL ? strnlen(place->file, FILE_MAX) : 0;
	char head[RECORD_LOG_HEADER + FILE_MAX];
	uint32_t words[2] = { place->line, (uint32_t)file_size };

	wire_put64(head, clock_wall_ns());
	memcpy(head + 8, words, sizeof words);
	if (file_size != 0)
		memcpy(head + RECORD_LOG_HEADER, place->file, file_size);
	emit(worker,
		&(struct emission){ .kind = RECORD_LOG,
			.value = (uint16_t)place->level,
			.head = head,
			.head_size = RECORD_LOG_HEADER + file_size,
			.body = text,
			.body_size = size < TEXT_MAX ? size : TEXT_MAX });
}

ORD_PRINTF(4, 0)
static int
emit_long(struct worker *worker, const struct place_in_source *place, size_t size,
	const char *format, va_list arguments)
{
	char *text = memory_resize(NULL, size + 1);

	if (text == NULL)
		return ORD_ENOMEM;
	vsnprintf(text, size + 1, format, arguments);
	emit_log(worker, place, text, size);
	memory_free(text);
	return ORD_OK;
}

int
ord_log_at(int level, const char *file, unsigned line, const char *format, ...)
{
	struct place_in_source place = { level, file, line };
	struct ord_task *task = running;
	char near[NEAR_MAX];
	va_list arguments;
	int size, status = ORD_OK;

	if (level < ORD_TRACE || level > ORD_CRITICAL)
		return ORD_EINVAL;
	if (task == NULL || *task->worker->alive == 0)
		return ORD_ENOTSUP;
	if ((uint32_t)level <
		atomic_load_explicit(&task->worker->region.page->level, memory_order_relaxed))
		return ORD_OK;
	va_start(arguments, format);
	size = vsnprintf(near, sizeof near, format, arguments);
	va_end(arguments);
	if (size < 0)
		return ORD_EINVAL;
	if ((size_t)size < sizeof near) {
		emit_log(task->worker, &place, near, (size_t)size);
		return ORD_OK;
	}
	va_start(arguments, format);
	status = emit_long(task->worker, &place, (size_t)size, format, arguments);
	va_end(arguments);
	return status;
}
