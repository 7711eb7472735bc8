/*
 * What patterns stand for in the tree of files: a proc's inputs and outputs.
 *
 * A plain path is itself, there or not; if it is a directory, it is all files
 * in it and below.  A glob is the files that match; names that begin with a
 * dot only where the pattern has the dot.  Links to files are files; links to
 * directories are entered where the pattern names them, and by `*`, but not
 * by `**` and not below a directory, so that there are no loops.  Sockets,
 * fifos and devices are found only by their names.
 */
#ifndef GRAPH_INPUTS_H
#define GRAPH_INPUTS_H

#include "graph/inputs/files.h"

/* Sorted by path as bytes, each path once.  A zeroed struct is empty. */
struct file_list {
	struct file *items; /* their paths are those of the files' cache */
	uint32_t n, capacity;
};

/*
 * Expand patterns, and leave out what an ignore pattern matches and what is
 * in directories that one matches.  Both lists end with NULL and may be NULL.
 *
 * Returns 0; or a status with files->error, that names the path or the
 * pattern: ORD_EINVAL an open bracket, too many braces, an empty pattern;
 * ORD_ESYSTEM a directory that cannot be read; ORD_ENOMEM.  Then the list is empty.
 */
int inputs_expand(struct files *files, const char *const *patterns, const char *const *ignore,
	struct file_list *list);

/* Append the files below the root whose whole path matches one of some regular expressions; as inputs_expand. */
int inputs_find(struct files *files, const char *const *regexes, const char *const *ignore,
	struct file_list *list);

/*
 * Hash the regular files of a list that are not hashed yet, or of them only
 * those whose stat proves nothing; what changed since they were looked at
 * stays without a hash.  0 or a status with files->error.
 */
int inputs_hash(struct files *files, struct file_list *list);
int inputs_hash_racy(struct files *files, struct file_list *list);

/* --- file_list.c --- */

/* Append; -1 without memory.  Sort, each path once.  Find in a sorted list, or NULL. */
int file_list_add(struct file_list *list, const struct file *file);
void file_list_sort(struct file_list *list);
struct file *file_list_find(const struct file_list *list, const char *path);

void file_list_finish(struct file_list *list);

#endif
