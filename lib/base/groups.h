/*
 * The control groups that this process is in, of both versions.  Each group on
 * the way from there up to the mount limits those below, so all are asked.
 * What is missing or odd limits nothing.
 */
#ifndef BASE_GROUPS_H
#define BASE_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a group, which is this directory, says; UINT64_MAX: nothing.  unified: version 2. */
typedef uint64_t (*groups_ask_fn)(void *user, const char *directory, bool unified);

/*
 * The least of what they say; the group of this process itself is asked first.
 *
 * root        where the files of the kernel lie; "": in /
 * controller  of version 1, such as "cpu"
 */
uint64_t groups_least(const char *root, const char *controller, groups_ask_fn ask, void *user);

/* Read a small file of a group: name begins with a slash; false if it cannot be read, then text is "". */
bool groups_read(const char *directory, const char *name, char *text, size_t size);

/* Read a number and go behind it and the blanks that follow; false if there is none, or it is too large. */
bool groups_number(const char **text, uint64_t *number);

#endif
