/*
 * Placeholders: {} {.} {/} {//} {/.} {#} {%} and {1} {2.} {-1/} … in the words
 * of a command, found once and filled in for each task.
 */
#ifndef TOOL_PLACEHOLDER_H
#define TOOL_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "shell.h"

enum part_kind {
	PART_TEXT,     /* as written */
	PART_VALUE,    /* an input, or all of them */
	PART_SEQUENCE, /* {#} */
	PART_SLOT      /* {%} */
};

/* What is left of a value. */
enum part_edit {
	EDIT_NONE,             /* {} all of it */
	EDIT_NO_EXTENSION,     /* {.} */
	EDIT_BASE,             /* {/} */
	EDIT_FOLDER,           /* {//} */
	EDIT_BASE_NO_EXTENSION /* {/.} */
};

struct part {
	enum part_kind kind;
	enum part_edit edit; /* VALUE */
	size_t source;       /* VALUE: 1, 2, 3 …; 0 is all, with blanks between */
	const char *text; /* TEXT: text[size], from the command line; else the placeholder itself */
	size_t size;      /* its bytes */
	enum shell_place place; /* where it stands, as a shell reads it */
};

/* One word, or one shell command line, in parts. */
struct pattern {
	struct part *parts;
	size_t n_parts;
	bool placeholders; /* there is at least one */
	bool slots;        /* there is a {%} */
};

/*
 * Take a word apart; a zeroed struct is an empty one.
 *
 * word       must live as long as the pattern
 * n_sources  how many inputs a task has; 0: placeholders of inputs are none, and stay as they are
 * in_shell   note how a shell reads each place; a backslash keeps a placeholder as it is
 *
 * Returns true, or false after a complaint.
 */
bool pattern_parse(struct pattern *pattern, const char *word, size_t n_sources, bool in_shell);

void pattern_finish(struct pattern *pattern);

/* The part of a value that an edit leaves; *edited points into value, or to a constant. */
void placeholder_edit(enum part_edit edit, const char *value, const char **edited, size_t *size);

#endif
