/*
 * Files as they are now, each looked at once in a pass: stat and hash, kept
 * by path until they are dropped.  Paths are relative to a root, or absolute.
 */
#ifndef GRAPH_FILES_H
#define GRAPH_FILES_H

#include "base/error.h"
#include "base/table.h"
#include "graph/history/stale.h"

struct seen;

/* Zeroed and with a root it is empty. */
struct files {
	struct table table;
	struct seen *first; /* all of them */
	int root; /* descriptor of the directory that paths begin at, AT_FDCWD for the current one; not owned */
	struct error error;     /* of the last call that failed */
	uint64_t tick;          /* which grows when something may have been written */
	uint64_t pass;          /* the tick at which this pass began */
	uint64_t not_before;    /* looks of earlier ticks are not to be trusted */
	uint64_t stats, hashes; /* how many were made */
};

/*
 * A file with its stat; nothing being there is FILE_MISSING.  It and its path
 * live as long as files.  NULL with error: no memory, or a path that cannot be looked at.
 */
struct file *files_look(struct files *files, const char *path);

/* What is known of a path without another look; NULL: nothing. */
const struct file *files_peek(const struct files *files, const char *path);

/*
 * Hash a regular file as it was when it was looked at, into the file itself.
 * Returns 0; 1 if it has changed since then, so that the hash of what was
 * there cannot be known any more; or a status with error.
 */
int files_hash(struct files *files, struct file *file);

/* As a stale_hash_fn, with the files as user. */
int files_hash_of(void *user, const struct file *file, struct digest *hash);

/* What is known of a path is old: a proc may have written it.  Or of all: a new pass. */
void files_drop(struct files *files, const char *path);
void files_drop_all(struct files *files);

/* Free everything; the root stays open. */
void files_finish(struct files *files);

#endif
