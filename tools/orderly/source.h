/* Where inputs come from: words of the command line, a file, standard input. */
#ifndef TOOL_SOURCE_H
#define TOOL_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

/* A source as it is named on the command line. */
struct source_name {
	char *const *words; /* words[n_words] behind a :::, if path is NULL */
	size_t n_words;
	const char *path; /* a file; "-" is standard input */
};

/* What ends an input in a file. */
struct delimiter {
	const char *bytes;
	size_t size;
};

/* An argument that is longer cannot be passed to a program. */
#define INPUT_MAX 131071

enum source_state {
	SOURCE_INPUT, /* here is one */
	SOURCE_WAIT,  /* poll source_fd, then call source_fill */
	SOURCE_END,   /* there are no more */
	SOURCE_ERROR  /* it has been complained about */
};

struct source {
	struct source_name name;
	struct delimiter delimiter;
	uint64_t taken; /* inputs so far */
	int fd;         /* of a file, else -1 */
	bool waits;     /* reading may block: poll first */
	bool ended;     /* nothing is left to read */
	char *buffer;   /* buffer[capacity], and one byte behind */
	size_t capacity;
	size_t begin, end; /* what is read and not taken */
	size_t scanned;    /* no delimiter begins before this */
};

/* Returns true, or false after a complaint.  The name and the delimiter must live on. */
bool source_open(struct source *source, const struct source_name *name, struct delimiter delimiter);

/* The next input, NUL-terminated; it lives until the next call of next or fill. */
enum source_state source_next(struct source *source, const char **input);

/* Read once; blocks if nothing is there.  Returns true, or false after a complaint. */
bool source_fill(struct source *source);

/* How many inputs there are in all; false if that cannot be told yet. */
bool source_total(struct source *source, uint64_t *total);

void source_close(struct source *source);

#endif
