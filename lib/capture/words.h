/*
 * Words: what is written to fd 1 and 2.  Bytes from the pipe go in; out come
 * lines, each with the task it belongs to, and marks.  No I/O here.
 *
 * A worker that may have printed writes a mark at a task's end: a record of
 * WORDS_MARK_SIZE bytes, atomic in a pipe, that no output can imitate because
 * of its nonce.  Bytes before a mark and behind the one before it belong to
 * the mark's task.  So between bytes of two tasks there is a mark, and bytes
 * behind the last mark belong to the task that the status page shows both
 * before and after a read (`running`); while reads do not agree they wait.
 */
#ifndef CAPTURE_WORDS_H
#define CAPTURE_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "shared/region.h"

#define WORDS_MARK_SIZE 48u

/* A line, a part of one that is longer than the limit, or the rest before a mark or the end. */
struct words_line {
	uint64_t sequence; /* its task; UINT64_MAX: none */
	const char *text;  /* text[size] without newline, until on_line returns */
	size_t size;       /* text[size] is readable, with any value */
	int partial;       /* the line goes on in the next one of this stream */
};

/* Gets each line; 0, or -1 to stop (words_take then returns -1).  Must not call words_* itself. */
typedef int (*words_line_fn)(const struct words_line *line, void *user);

struct words {
	uint8_t nonce[REGION_NONCE_SIZE];
	int marked;          /* the stream has marks */
	uint32_t line_bytes; /* longest line in one piece */
	uint32_t marks;      /* marks seen */
	uint64_t since_mark; /* bytes seen behind the last mark */
	size_t largest;      /* the largest read so far */
	struct buffer held;  /* a tail without newline, then bytes whose task is not known yet */
	size_t scanned;      /* of held: the tail */
	size_t n_pending;    /* of pending: what may be the start of a mark, behind held */
	char pending[WORDS_MARK_SIZE];
	words_line_fn on_line;
	void *user;
};

/*
 * nonce       NULL: a stream without marks (a command's pipe); every byte is of the task `running`
 * line_bytes  a longer line comes in parts of this size; 0 is taken as 1
 */
void words_init(struct words *words, const uint8_t *nonce, uint32_t line_bytes,
	words_line_fn on_line, void *user);

void words_finish(struct words *words);

/*
 * Take bytes as they came from one read.
 *
 * size     0 only tells who runs: for a read that found the pipe empty
 * running  the task they belong to if no mark follows: the sequence on the
 *          status page before and after the read if both agree; UINT64_MAX if
 *          not, or idle.  Lines whose task is certain go to on_line now.  The
 *          page is certain only about a read that took all that was in the
 *          pipe: its buffer must not be smaller than the pipe (F_GETPIPE_SZ),
 *          or the mark of a task that has ended may still lie in there.
 *
 * A mark out of turn (its number is not marks + 1) or not whole is data.
 * Returns 0; -1 without memory or if on_line said so, then only words_finish
 * may follow.  At most about line_bytes + the size of the largest read is
 * held; what would have to wait for its task beyond that goes to UINT64_MAX (a
 * bounded buffer is worth more than a name).
 */
int words_take(struct words *words, const char *bytes, size_t size, uint64_t running);

/*
 * The end: what is held belongs to `last` (the task that died, or none).
 * A last line without newline is given out as a line.
 */
int words_end(struct words *words, uint64_t last);

/* For the status page's words word: marks seen, WORDS_DIRTY if bytes came behind the last one. */
uint64_t words_state(const struct words *words);

/* Worker: make a mark; number counts marks of this incarnation from 1. */
void words_mark(
	char mark[WORDS_MARK_SIZE], const uint8_t *nonce, uint64_t sequence, uint32_t number);

#endif
