/*
 * ord_log: a record into the outbox of the task that this thread runs, made
 * where it will be sent from: a text without arguments is copied once, and one
 * with arguments is formatted there.  The one mutable variable of a worker
 * process lies here, so that a task's code can log from any depth without
 * carrying the task along.
 */
#include <orderly/log.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include <orderly/status.h>

#include "worker/worker.h"

#define NEAR_MAX 1024u /* so long a text is formatted once */

static _Thread_local struct ord_task *running;

struct ord_task *
log_task_set(struct ord_task *task)
{
	struct ord_task *before = running;

	running = task;
	return before;
}

struct ord_task *
log_task_running(void)
{
	return running;
}

/* Where a record comes from. */
struct place_in_source {
	int level;
	const char *file;
	unsigned line;
};

/* Room for a record with at most so much text.  Returns where the text goes. */
static char *
begin(struct worker *worker, const struct place_in_source *place, size_t most, char **record)
{
	struct said *said = &worker->said;
	const char *file = place->file != NULL ? place->file : "";
	uint32_t size = LOG_FILE_SAME;

	*record = emit_room(worker, record_space(LOG_HEAD + LOG_FILE_MAX + 1 + most + 1));
	if (!said->named || strcmp(said->file, file) != 0) {
		size = (uint32_t)strnlen(file, LOG_FILE_MAX);
		memcpy(said->file, file, size);
		said->file[size] = '\0';
		said->named = true;
	}
	return *record + RECORD_HEADER +
		log_encode(*record + RECORD_HEADER, ticks_wall_ns(&said->clock), place->line, file,
			size);
}

/* The text stands there, with its NUL; record_begin zeroes the padding, and with it the payload's last bytes. */
static void
finish(struct worker *worker, char *record, int level, const char *end)
{
	uint32_t size = (uint32_t)(end - record) - RECORD_HEADER;
	char *last = record + RECORD_HEADER + (size & ~7u);
	uint64_t kept = size % 8 != 0 ? wire_get64(last) & ((UINT64_C(1) << size % 8 * 8) - 1) : 0;

	record_begin(record, RECORD_LOG, 0, (uint16_t)level, size);
	if (size % 8 != 0)
		wire_put64(last, kept);
	emit_written(worker, record_space(size));
}

static int
say_plain(struct worker *worker, const struct place_in_source *place, const char *text, size_t size)
{
	char *record, *to;

	to = begin(worker, place, size, &record);
	memcpy(to, text, size);
	to[size] = '\0';
	finish(worker, record, place->level, to + size + 1);
	return ORD_OK;
}

/*
 * 1: said; 0: it needs room for *size bytes; or an enum ord_status.
 * A %m is the caller's errno, whatever it took to find room.
 */
ORD_PRINTF(4, 0)
static int
say_formatted(struct worker *worker, const struct place_in_source *place, size_t *size,
	const char *format, va_list arguments)
{
	size_t room = *size;
	int error = errno, wanted;
	char *record, *to = begin(worker, place, room, &record);

	errno = error;
	wanted = vsnprintf(to, room + 1, format, arguments);
	if (wanted >= 0 && ((size_t)wanted <= room || room == LOG_TEXT_MAX)) {
		finish(worker, record, place->level,
			to + ((size_t)wanted <= room ? (size_t)wanted : room) + 1);
		return 1;
	}
	worker->said.named = false; /* nobody was told */
	errno = error;
	if (wanted < 0)
		return ORD_EINVAL;
	*size = (size_t)wanted < LOG_TEXT_MAX ? (size_t)wanted : LOG_TEXT_MAX;
	return 0;
}

int
ord_log_at(int level, const char *file, unsigned line, const char *format, ...)
{
	struct place_in_source place = { level, file, line };
	struct ord_task *task = running;
	const char *text = format;
	va_list arguments;
	size_t size;
	int done;

	if (level < ORD_TRACE || level > ORD_CRITICAL)
		return ORD_EINVAL;
	if (task == NULL || *task->worker->alive == 0)
		return ORD_ENOTSUP;
	if ((uint32_t)level <
		atomic_load_explicit(&task->worker->region.page->level, memory_order_relaxed))
		return ORD_OK;
	if (strcmp(format, "%s") == 0) {
		va_start(arguments, format);
		text = va_arg(arguments, const char *);
		va_end(arguments);
	}
	if (text != NULL && (text != format || strchr(format, '%') == NULL))
		return say_plain(task->worker, &place, text, strnlen(text, LOG_TEXT_MAX));
	size = NEAR_MAX;
	do {
		va_start(arguments, format);
		done = say_formatted(task->worker, &place, &size, format, arguments);
		va_end(arguments);
	} while (done == 0);
	return done == 1 ? ORD_OK : done;
}
