/*
 * A stream written by hand or by chance, and beside it the lines that it has:
 * found byte by byte while it is written, so that nothing is shared with the
 * code under test.
 */
#ifndef UNIT_CAPTURE_SCRIPT_H
#define UNIT_CAPTURE_SCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "recorder.h"

struct script {
	const uint8_t *nonce;
	size_t line_bytes;
	char *stream;
	size_t size;
	size_t room;
	uint32_t marks;
	uint64_t task;            /* whose data is being written */
	struct recorder line;     /* the line that is being written, as one record per byte */
	struct recorder expected; /* the lines, each with its task */
	uint64_t *owner;          /* of each byte of the stream; SCRIPT_MARK: part of a mark */
	size_t owner_room;
	size_t *mark_ends; /* where marks end in the stream, rising */
	size_t ends_room;
};

#define SCRIPT_MARK (UINT64_MAX - 1)

/* line_bytes as for words_init. */
void script_init(struct script *script, const uint8_t *nonce, size_t line_bytes);

void script_finish(struct script *script);

/* The task writes bytes. */
void script_data(struct script *script, const void *bytes, size_t size);

/* The task writes a string. */
void script_text(struct script *script, const char *text);

/* The task ends with a mark; the next one is `next`. */
void script_mark(struct script *script, uint64_t next);

/* The task writes what is nearly the next mark: wrong in one byte. */
void script_lookalike(struct script *script, size_t wrong_at);

/* The task writes the beginning of the next mark and something else behind it. */
void script_cut_mark(struct script *script, size_t size);

/* The stream ends. */
void script_end(struct script *script);

/* How many marks lie wholly in the first size bytes. */
uint32_t script_marks_in(const struct script *script, size_t size);

#endif
