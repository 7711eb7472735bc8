/*
 * Log records of a task.  Inside a task function, on the thread that runs it,
 * ord_log sends a record to the master's message callback; it arrives before
 * the task's result even if the worker dies at once.  Anywhere else it does
 * nothing.
 */
#ifndef ORDERLY_LOG_H
#define ORDERLY_LOG_H

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much a message matters; the pool's level is the lowest that is sent. */
enum ord_level {
	ORD_TRACE = 1,
	ORD_DEBUG = 2,
	ORD_INFO = 3,
	ORD_WARNING = 4,
	ORD_ERROR = 5,
	ORD_CRITICAL = 6
};

/* One record, with the file and line where it stands. */
#define ord_log(level, ...) ord_log_at((level), __FILE__, __LINE__, __VA_ARGS__)

/*
 * Send a log record from a task to its master.
 *
 * level   an enum ord_level; below the pool's level the record is dropped here
 * file    source file; copied; NULL for none
 * line    source line, 0 for none
 * format  as printf, with its arguments; the text may hold newlines and is
 *         cut at 64 KiB
 *
 * Returns 0 (also if dropped), or
 *   ORD_EINVAL   the level is none, or the format is refused by vsnprintf
 *   ORD_ENOTSUP  not called on a thread that runs a task; also in a child that it forked
 * Cost: formatting, or one copy if the format is "%s" or has no arguments; the
 * file's name travels only when it changes; sleeps while the worker's outbox is full.
 * Since 0.1.  Source: lib/worker/log.c.
 */
ORD_API int
ord_log_at(int level, const char *file, unsigned line, const char *format, ...) ORD_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif
#endif
