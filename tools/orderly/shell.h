/*
 * What the command has to know of sh: which command lines need one, how a
 * value is quoted for it, and where in a line a placeholder stands.
 */
#ifndef TOOL_SHELL_H
#define TOOL_SHELL_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

/* Where a character stands, as the shell reads the line. */
enum shell_place {
	SHELL_PLAIN,   /* outside of quotes */
	SHELL_SINGLE,  /* between ' and ' */
	SHELL_DOUBLE,  /* between " and " */
	SHELL_COMMENT, /* behind # */
	SHELL_ESCAPED, /* behind a backslash */
	SHELL_UNSAFE /* where quotes do not protect: backquotes, ${…}, $((…)), a here-document */
};

#define SHELL_DEPTH 64

/* Reads a command line character by character.  A zeroed struct stands at its beginning. */
struct shell_reader {
	char levels[SHELL_DEPTH]; /* what is open, outermost first */
	size_t depth;             /* of levels in use */
	size_t backquotes;        /* open ones */
	unsigned char last[4];    /* the last characters, newest first */
	bool escaped;             /* the last character was a backslash that counts */
	bool comment;             /* until the end of the line */
	bool document; /* a here-document has begun, or one will at the end of the line */
	bool lost;     /* nested too deep, or a case in a $(…), whose patterns have a lone ) */
};

void shell_reader_next(struct shell_reader *reader, char byte);

/* Tell it that a placeholder stood here. */
void shell_reader_word(struct shell_reader *reader);

enum shell_place shell_reader_place(const struct shell_reader *reader);

/* Whether a value needs no quotes anywhere. */
bool shell_is_plain(const char *value, size_t size);

/*
 * Append a value, quoted for its place.  Returns false, and appends nothing,
 * if that cannot be done.
 */
bool shell_quote(struct text *out, const char *value, size_t size, enum shell_place place);

/* Whether bytes of a command line mean something to the shell. */
bool shell_has_meta(const char *bytes, size_t size);

/* Whether name is a word of the shell that no program can stand in for. */
bool shell_is_builtin(const char *name, size_t size);

/* Whether a whole command line needs a shell. */
bool shell_is_needed(const char *line);

/* Look a program up as execvp does: 0 if it is there, 126 if it cannot be executed, 127 if it is not found. */
int shell_find_program(const char *name);

#endif
