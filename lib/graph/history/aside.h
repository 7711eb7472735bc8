/* Out of the way with a database that cannot be used; nothing is ever deleted. */
#ifndef GRAPH_ASIDE_H
#define GRAPH_ASIDE_H

#include <stddef.h>

#include "base/error.h"

/*
 * Rename a database, and the log beside it, to the first free name of
 * PATH.aside-1, PATH.aside-2 …, that is written into name[size].
 * 0 or a status with error.
 */
int set_aside(const char *path, char *name, size_t size, struct error *error);

/*
 * The log of a database that was deleted while it was open would be taken for
 * that of the next one at this path: without it.
 */
void drop_log(const char *path);

/* Make the directories that a file is to lie in.  0 or a status with error. */
int make_directories(const char *path, struct error *error);

#endif
