/*
 * Globs of paths: `*` and `?` within a component, `**` over any number of
 * them, classes in brackets, `{a,b}`.  A backslash takes the next byte as it is.
 * And regular expressions, as Perl has them.
 */
#ifndef GRAPH_GLOBS_H
#define GRAPH_GLOBS_H

#include <stddef.h>

#include "base/buffer.h"

#define GLOBS_BRACES_MAX 4096 /* what one pattern may expand to */

/* A compiled one. */
struct path_glob {
	char *text;       /* as it was given */
	void *bytes;      /* the program on bytes */
	void *characters; /* on characters; NULL where that makes no difference */
	void *matches;    /* room for a match */
	size_t fixed;     /* text[fixed] is the directory that all matches lie in; 0: none */
	int deep;         /* there is a `**` */
	int regex;        /* it is a regular expression */
	int hidden;       /* a component begins with a dot */
};

enum glob_answer {
	GLOB_NO_MEMORY = -1,
	GLOB_NO = 0, /* neither this nor anything below it */
	GLOB_YES = 1,
	GLOB_BELOW = 2 /* not this, but perhaps what is below it */
};

/* Whether a pattern without braces is more than a plain path. */
int path_glob_is(const char *text);

/* Make a plain path of a pattern that is one, in place: without the backslashes in front of what would be special. */
void path_glob_plain(char *text);

/*
 * Append what the braces of a pattern stand for, each with a NUL behind it.
 * Returns 0, -1 without memory, 1 if there are more than GLOBS_BRACES_MAX.
 */
int path_glob_braces(const char *text, struct buffer *to);

/* Compile a pattern without braces.  Returns 0, -1 without memory, 1 if it is none (a bracket is open). */
int path_glob_compile(struct path_glob *glob, const char *text);

/* The same from a regular expression, that matches whole paths. */
int path_regex_compile(struct path_glob *glob, const char *text);

void path_glob_finish(struct path_glob *glob);

/* Match a whole path. */
int path_glob_match(const struct path_glob *glob, const char *path, size_t size);

/* Match a directory: GLOB_BELOW if paths in it can match. */
int path_glob_enters(const struct path_glob *glob, const char *path, size_t size);

/* Whether a name that begins with a dot is meant by a component that does, too. */
int path_glob_hidden(const struct path_glob *glob, const char *name);

/* A compiled regular expression. */
struct regex {
	void *program;
	void *matches; /* room for a match */
	void *limits;
};

/* Compile one.  Returns 0, -1 without memory, 1 if it is none: fault[size] says why, and where. */
int regex_compile(struct regex *regex, const char *text, char *fault, size_t size);

void regex_finish(struct regex *regex);

/*
 * Whether it matches anywhere in these bytes; 1, 0, -1 without memory.  What is
 * not UTF-8 matches nothing, and what takes too many steps does not match.
 */
int regex_match(const struct regex *regex, const char *bytes, size_t size);

#endif
