/*
 * What tasks say while they run: a log record, or a line that the task or a
 * child of it wrote to fd 1 or 2.  A struct ord_message is read-only and lives
 * until the callback returns.
 */
#ifndef ORDERLY_MESSAGE_H
#define ORDERLY_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_message;

/* Where a message comes from. */
enum ord_source {
	ORD_SOURCE_LOG = 1,    /* ord_log */
	ORD_SOURCE_WORDS = 2,  /* fd 1 or 2 of a worker: one pipe, so that their order is kept */
	ORD_SOURCE_STDOUT = 3, /* fd 1 of a command */
	ORD_SOURCE_STDERR = 4  /* fd 2 of a command */
};

/* The sequence of a message that belongs to no task: written while the worker was idle. */
#define ORD_NO_SEQUENCE UINT64_MAX

/* What a message callback gets; see on_message in pool.h for its rules. */
typedef void (*ord_message_fn)(const struct ord_message *message, void *user);

/* The task that said it, or ORD_NO_SEQUENCE.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API uint64_t
ord_message_sequence(const struct ord_message *message);

/* An enum ord_level; ORD_INFO for what was written.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API int
ord_message_level(const struct ord_message *message);

/*
 * The text.
 *
 * size  out, may be NULL: its bytes
 *
 * Returns text[size], any bytes, without the newline that ended the line (of
 * a command with .chunks: the bytes as they came, newlines and all), and one
 * NUL byte behind it that is not counted.
 * Since 0.1.  Source: lib/deliver/message.c.
 */
ORD_API const char *
ord_message_text(const struct ord_message *message, size_t *size);

/*
 * Whether the text is the part of a line that goes on in the next message of
 * the same task and source (longer than line_bytes), 1 or 0.
 * Since 0.1.  Source: lib/deliver/message.c.
 */
ORD_API int
ord_message_partial(const struct ord_message *message);

/* The worker's place.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API uint32_t
ord_message_worker(const struct ord_message *message);

/*
 * When it was said (log, to within some 20 microseconds) or read (words):
 * CLOCK_REALTIME in nanoseconds.
 * Since 0.1.  Source: lib/deliver/message.c.
 */
ORD_API uint64_t
ord_message_time_ns(const struct ord_message *message);

/* Where it comes from, an enum ord_source.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API int
ord_message_source(const struct ord_message *message);

/* The source file of a log record; "" if there is none.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API const char *
ord_message_file(const struct ord_message *message);

/* The source line of a log record; 0 if there is none.  Since 0.1.  Source: lib/deliver/message.c. */
ORD_API uint32_t
ord_message_line(const struct ord_message *message);

#ifdef __cplusplus
}
#endif
#endif
