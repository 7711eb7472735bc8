/*
 * Files that are watched: whoever gives patterns is told of each change to
 * what they stand for, files that are new or gone too.  The rules of what a
 * pattern stands for are those of inputs.h.  By inotify, in all directories
 * that a pattern can reach and on the way to those that are not there yet; or
 * where that cannot be had, by looking at all files from time to time.
 */
#ifndef GRAPH_EYES_H
#define GRAPH_EYES_H

#include <stdint.h>

#include "base/error.h"

#define EYES_ALL UINT32_MAX /* changes were lost: everything may have changed */

struct eyes;

/* A change; path is what changed, or a directory whose files did; NULL of EYES_ALL. */
typedef void (*eyes_fn)(void *user, uint32_t who, const char *path);

/*
 * Paths are relative to the current directory.
 *
 * poll_ms  0: inotify; else all files are looked at after so many milliseconds
 *
 * 0 or ORD_ENOMEM; *eyes is NULL then.
 */
int eyes_open(struct eyes **eyes, uint32_t poll_ms);

/* Both lists end with NULL and may be NULL.  What is there now is no change.  0 or a status with its sentence. */
int eyes_look(struct eyes *eyes, uint32_t who, const char *const *patterns,
	const char *const *ignore, struct error *error);

/* The same for regular expressions, as inputs_find has them. */
int eyes_find(struct eyes *eyes, uint32_t who, const char *const *regexes,
	const char *const *ignore, struct error *error);

/* Who wants to know nothing any more; what is watched for it may stay so. */
void eyes_forget(struct eyes *eyes, uint32_t who);

/* Readable when there may be changes; -1: they are polled, from now on.  It may change by any call. */
int eyes_fd(const struct eyes *eyes);

/* When eyes_take is to be called though eyes_fd is not readable; UINT64_MAX: never. */
uint64_t eyes_due_ns(const struct eyes *eyes);

/* Tell all changes since the last call, some more than once.  0 or a status with its sentence. */
int eyes_take(struct eyes *eyes, uint64_t now_ns, eyes_fn changed, void *user, struct error *error);

/* Why files are polled, and what helps; "" if they are not. */
const char *eyes_warning(const struct eyes *eyes);

/* Directories that are watched, or files that are polled. */
uint32_t eyes_count(const struct eyes *eyes);

void eyes_close(struct eyes **eyes);

#endif
