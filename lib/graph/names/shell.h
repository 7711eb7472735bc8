/*
 * The text of a command: argv with placeholders, or a line of shell.  A line
 * that needs no shell is argv too.  Values are quoted where the line has them.
 */
#ifndef GRAPH_SHELL_H
#define GRAPH_SHELL_H

#include <stdint.h>

#include "base/buffer.h"
#include "graph/names/pattern.h"

/* Whether a word in brackets is a placeholder; else it is text. */
typedef int (*shell_known_fn)(void *user, struct span name);

/* Where in a line of shell a placeholder stands. */
enum quoting { QUOTE_BARE, QUOTE_DOUBLE, QUOTE_SINGLE };

/* A part of a word: text, or a placeholder. */
struct fragment {
	const char *text; /* the placeholder's name if it is one */
	uint32_t is_placeholder;
	uint32_t quoting; /* of the placeholder: an enum quoting */
	uint32_t ends_word;
};

/* Words in parts.  There are many of these: each has one block, and none if it is empty. */
struct text {
	char *bytes; /* of each part a byte of what it is, then its text and a NUL */
	uint32_t size;
	uint32_t n_words : 31;
	uint32_t is_line : 1; /* for a shell: one word */
};

/* argv, env and cwd of one command. */
struct command_text {
	struct text argv; /* no words: there is no command */
	struct text env;
	struct text cwd; /* one word, or none */
};

/* Take one more word apart; 0, or -1 without memory. */
int text_add_word(struct text *text, const char *word, shell_known_fn known, void *user);

/* Take a line of shell apart, into words if it needs no shell. */
int text_add_line(struct text *text, const char *line, shell_known_fn known, void *user);

void text_finish(struct text *text);

/* The part at *at, from 0 on, and *at is behind it; 0: there is none. */
int text_part(const struct text *text, uint32_t *at, struct fragment *part);

/*
 * Append the words, each ended by a NUL.  Returns 0, -1 without memory, or 1
 * with *missing, the placeholder that has no value.
 */
int text_fill(const struct text *text, pattern_value_fn value, void *user, struct buffer *to,
	struct span *missing);

#endif
