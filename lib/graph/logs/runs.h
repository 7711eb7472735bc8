/*
 * A directory per run below one that stays: DIR/20261122-003112.250-4711, and
 * DIR/latest leads to the newest.  Who lives in one holds a lock in it, so
 * that nobody removes it; older ones than the newest few are removed when a
 * new one is made.
 */
#ifndef GRAPH_RUNS_H
#define GRAPH_RUNS_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* One that is open; a zeroed struct is none. */
struct log_run {
	char *path; /* DIR/RUN; NULL: none */
	int lock;
};

/* Make one, with all directories above it, and remove what is older than the newest `keep`; 0 or an error with its sentence. */
int run_open(struct log_run *run, const char *directory, uint32_t keep, struct error *error);

/* The directory stays; it may be removed from now on. */
void run_close(struct log_run *run);

/*
 * Append NAME.NUMBER.log as one name of a file, no two of them the same: bytes
 * that a name of a file cannot have are escaped, and what is too long is cut
 * and ends with the proc's own number.  -1 without memory.
 */
int run_file_name(struct buffer *to, const char *name, uint32_t node, uint32_t number);

#endif
