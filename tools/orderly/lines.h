/* Input in batches of whole lines, for co-processes. */
#ifndef TOOL_LINES_H
#define TOOL_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

/* A batch has at most so many bytes, unless it is a single line. */
#define BATCH_BYTES (128 << 10)

/* Bytes before those of a batch that the caller may write to. */
#define BATCH_HEAD 8

struct lines {
	const char *name; /* for messages */
	int fd;
	bool waits;   /* reading may block: poll first */
	bool ended;   /* nothing is left to read */
	char *buffer; /* buffer[capacity], BATCH_HEAD bytes before and room for a newline behind */
	size_t capacity;
	size_t begin, end; /* what is read and not given out */
	uint64_t given;    /* lines */
};

/* Lines of a batch, all ended by newlines; they live until the next call of next. */
struct batch {
	char *bytes;
	size_t size;
	uint64_t first; /* number of the first line: 1, 2, 3 … */
	uint64_t count;
};

/* Open a file; "-" is standard input.  path must live on.  Returns true, or false after a complaint. */
bool lines_open(struct lines *lines, const char *path);

/* The next batch: what is there, at most so many lines.  SOURCE_WAIT: poll lines->fd. */
enum source_state lines_next(struct lines *lines, uint64_t most, struct batch *batch);

void lines_close(struct lines *lines);

/* How many newlines there are. */
uint64_t lines_count(const char *bytes, size_t size);

#endif
