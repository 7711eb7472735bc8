/*
 * The text of a file, and sentences about it as a compiler writes them: file,
 * line and column, the line, a caret under the column, and what to do.
 */
#ifndef GRAPH_SOURCE_H
#define GRAPH_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define SOURCE_MOST ((size_t)64 << 20) /* bytes of a file */

struct source {
	char *path;       /* as it is named in sentences */
	char *memory;     /* what is freed; text may begin behind a byte order mark in it */
	const char *text; /* text[size], UTF-8 and no NUL, and a NUL behind it */
	size_t size;
	uint32_t number; /* of places in it; not 0 */
	int ascii;       /* no character is longer than a byte */
	dev_t device;    /* with inode: which file it is */
	ino_t inode;
};

/* Where something stands.  {0}: nowhere, it was not given. */
struct place {
	uint32_t file; /* the number of its source */
	uint32_t at;   /* bytes before it */
};

/* Read a regular file; ORD_ESYSTEM, ORD_ENOMEM, ORD_EINVAL with a sentence, and the source is empty. */
int source_read(struct source *source, const char *path, struct error *error);

/* As source_read with text that is there already. */
int source_take(struct source *source, const char *path, const char *text, size_t size,
	struct error *error);

void source_finish(struct source *source);

/* The line and the column of a place, both from 1; columns are characters. */
void source_line(const struct source *source, size_t at, uint32_t *line, uint32_t *column);

/*
 * Set ORD_EINVAL with a sentence about a place, returns it.  The text up to a
 * '\n' is what is wrong, what is behind it, if there is one, what to do; names
 * of others go through SHOWN.
 */
int source_error(const struct source *source, size_t at, struct error *error, const char *format,
	...) ORD_PRINTF(4, 5);

/* Text of a file as part of a sentence: cut, and no control characters. */
struct shown {
	char text[72];
};

struct shown source_shown(const char *text, size_t size);

#define SHOWN(bytes, length) source_shown(bytes, length).text

#endif
