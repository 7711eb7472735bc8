/*
 * Words: what is written to fd 1 and 2.  Bytes from the pipe go in; out come
 * lines, each with the task it belongs to, and marks.  No I/O here.
 *
 * A worker that may have printed writes a mark at a task's end: a record of
 * WORDS_MARK_SIZE bytes, atomic in a pipe, that no output can imitate because
 * of its nonce.  Bytes before a mark and behind the one before it belong to
 * the mark's task.  Bytes behind the last mark belong to the task that the
 * status page shows both before and after the read that brought them
 * (`running`), else they wait for the next mark.
 */
#ifndef CAPTURE_WORDS_H
#define CAPTURE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "shared/region.h"

#define WORDS_MARK_SIZE 48u

/* One line, or a part of one that is longer than the limit, or the rest at an end. */
struct words_line {
	uint64_t sequence; /* its task; UINT64_MAX: none */
	const char *text;  /* text[size], without the newline; text[size] is readable */
	size_t size;
	int partial;       /* the line goes on in the next one of this stream */
};

/* Gets each line; returns 0, or -1 to stop (words_take then returns -1). */
typedef int (*words_line_fn)(const struct words_line *line, void *user);

struct words {
	uint8_t nonce[REGION_NONCE_SIZE];
	uint32_t line_bytes;  /* longest line in one piece */
	uint32_t marks;       /* marks seen */
	uint64_t since_mark;  /* bytes seen behind the last mark */
	struct buffer held;   /* bytes that belong to no whole line yet, or whose task is not known */
	size_t scanned;       /* of held: no newline and no nonce begins before this */
	words_line_fn on_line;
	void *user;
};

/* nonce NULL: a stream without marks (a command's pipe); every byte is of the task `running`. */
void words_init(struct words *words, const uint8_t *nonce, uint32_t line_bytes, words_line_fn on_line, void *user);

void words_finish(struct words *words);

/*
 * Take bytes as they came from one read.
 *
 * running  the task they belong to if no mark follows: the sequence on the
 *          status page before and after the read if both agree; UINT64_MAX if
 *          not, or idle.  Lines whose task is certain go to on_line now.
 *
 * Returns 0; -1 without memory or if on_line said so.  At most about
 * line_bytes + the size of one read is held; if attribution has to wait for a
 * mark longer than that, what is held goes to the task `running` or, if there
 * is none, to UINT64_MAX (a bounded buffer is worth more than a name).
 */
int words_take(struct words *words, const char *bytes, size_t size, uint64_t running);

/*
 * The end: what is held belongs to `last` (the task that died, or none).
 * A last line without newline is given out as a line.
 */
int words_end(struct words *words, uint64_t last);

/* The stream position word for the status page: marks seen and whether bytes came behind the last one. */
uint64_t words_state(const struct words *words);

/* Worker: make a mark; number counts marks of this incarnation from 1. */
void words_mark(char mark[WORDS_MARK_SIZE], const uint8_t *nonce, uint64_t sequence, uint32_t number);

#endif
