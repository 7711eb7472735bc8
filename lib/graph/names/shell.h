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
	char *text; /* the placeholder's name if it is one */
	uint32_t is_placeholder;
	uint32_t quoting; /* of the placeholder: an enum quoting */
	uint32_t ends_word;
};

struct text {
	struct fragment *parts;
	uint32_t n_parts;
	uint32_t n_words;
	int is_line; /* for a shell: one word */
};

/* argv, env and cwd of one command. */
struct command_text {
	struct text argv; /* no parts: there is no command */
	struct text env;
	struct text cwd; /* one word, or none */
};

/* Take one more word apart; 0, or -1 without memory. */
int text_add_word(struct text *text, const char *word, shell_known_fn known, void *user);

/* Take a line of shell apart, into words if it needs no shell. */
int text_add_line(struct text *text, const char *line, shell_known_fn known, void *user);

void text_finish(struct text *text);

/*
 * Append the words, each ended by a NUL.  Returns 0, -1 without memory, or 1
 * with *missing, the placeholder that has no value.
 */
int text_fill(const struct text *text, pattern_value_fn value, void *user, struct buffer *to,
	struct span *missing);

#endif
