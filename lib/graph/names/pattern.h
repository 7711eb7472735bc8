/*
 * Names with placeholders: "build::[target]::debug".  A pattern is compiled
 * once, matched against names and filled from values.
 */
#ifndef GRAPH_PATTERN_H
#define GRAPH_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A piece of a pattern: literal text, or a placeholder with the text of its name. */
struct piece {
	const char *text; /* text[size], in the pattern's text */
	size_t size;
	uint32_t
		placeholder; /* its number, from 0 in the order of first mention; PATTERN_LITERAL */
};

#define PATTERN_LITERAL UINT32_MAX

struct pattern {
	char *text;           /* as it was given */
	struct piece *pieces; /* n_pieces of them; adjacent ones are never both literal */
	uint32_t n_pieces;
	uint32_t n_placeholders; /* different ones */
	uint32_t prefix;         /* bytes of literal text that every match begins with */
};

/* Some bytes of a name. */
struct span {
	const char *at;
	size_t size;
};

enum pattern_fault {
	PATTERN_OK = 0,
	PATTERN_NO_MEMORY,
	PATTERN_EMPTY,   /* no text at all */
	PATTERN_BRACKET, /* a bracket without its other one, or nothing between them */
	PATTERN_SEPARATION /* between two placeholders is text that does not begin and end with the separator */
};

/* What a fault is, as the end of a sentence about the name. */
const char *pattern_fault_text(int fault);

/* How brackets are taken. */
enum pattern_reading {
	PATTERN_NAME, /* a name to match: placeholders are separated */
	PATTERN_TEXT  /* only to be filled: placeholders stand anywhere */
};

/* Compile; returns a pattern_fault, and unless it is PATTERN_OK the pattern is empty. */
int pattern_compile(struct pattern *pattern, const char *text, const char *separator, int reading);

void pattern_finish(struct pattern *pattern);

/* The number of a placeholder, or PATTERN_LITERAL if there is none of this name. */
uint32_t pattern_placeholder(const struct pattern *pattern, const char *name, size_t size);

/* The name of a placeholder. */
struct span pattern_placeholder_name(const struct pattern *pattern, uint32_t placeholder);

/*
 * Match a whole name.  Returns 1 with values[n_placeholders] as parts of it,
 * or 0.  Cost: each byte is looked at once.
 */
int pattern_match(const struct pattern *pattern, const char *separator, struct span name,
	struct span *values);

/* What stands for a placeholder; NULL: nothing, and filling stops. */
typedef const char *(*pattern_value_fn)(void *user, struct span placeholder);

/*
 * Append the text with its placeholders filled.  Returns 0, -1 without memory,
 * or 1 with *missing, the placeholder that has no value.
 */
int pattern_fill(const struct pattern *pattern, pattern_value_fn value, void *user,
	struct buffer *to, struct span *missing);

/* The same with values[n_placeholders], by number. */
int pattern_fill_spans(const struct pattern *pattern, const struct span *values, struct buffer *to);

/* Whether there is a `*` or a `?`. */
int glob_is(const char *text, size_t size);

/* Whether a glob matches the whole text: `*` any bytes, `?` one character. */
int glob_match(struct span glob, struct span text);

#endif
