/*
 * Patterns as they are written, and lists of them that say what is left out:
 * what one of them matches, and everything in directories that one matches.
 */
#ifndef GRAPH_IGNORED_H
#define GRAPH_IGNORED_H

#include "base/buffer.h"
#include "base/error.h"
#include "graph/inputs/globs.h"

/*
 * Append the texts without braces that a pattern stands for, each with a NUL
 * behind it, without "./", "//" and a slash at the end; the root of the tree
 * is "".  0 or a status with its sentence.
 */
int path_glob_texts(const char *pattern, struct buffer *texts, struct error *error);

/* In place: no "./", no "//", no slash at the end; the root of the tree is "". */
void path_glob_normalize(char *path);

/* Compile one of them.  0 or a status with its sentence. */
int path_glob_read(struct path_glob *glob, const char *text, struct error *error);

struct ignoring;

/* A zeroed struct leaves nothing out. */
struct ignored {
	struct ignoring *items;
	size_t n;
};

/* Add patterns, a list that ends with NULL, or NULL.  0 or a status with its sentence. */
int ignored_add(struct ignored *ignored, const char *const *patterns, struct error *error);

/* 1 if a path is left out, by itself; 0 if not; -1 without memory. */
int ignored_match(const struct ignored *ignored, const char *path, size_t size, int directory);

/* The same for a path that was named, or for a directory in which it lies. */
int ignored_match_within(const struct ignored *ignored, const char *path);

void ignored_finish(struct ignored *ignored);

#endif
