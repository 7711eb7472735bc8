/*
 * The file of outputs that wait for their turn.  It has no name, so that
 * nothing of it is left whoever dies.  Outputs are put behind each other and
 * leave mostly in that order: what was read is a hole from then on, and when
 * nothing is left the file begins anew.
 */
#ifndef DELIVER_SPILL_H
#define DELIVER_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SPILL_BLOCK 4096u /* outputs begin at multiples of it, so that holes are whole blocks */

struct spill {
	int fd;         /* -1: there is none */
	bool keeps;     /* this file system makes no holes */
	uint64_t used;  /* bytes in whole blocks of what lies there */
	uint64_t end;   /* where the next output goes */
	uint64_t limit; /* of what the file may take from the disk */
};

/* Where it lies if the options do not say: $TMPDIR or /var/tmp. */
const char *spill_directory(const char *option);

/* Make the file; 0, or ORD_ESYSTEM with a sentence. */
int spill_open(struct spill *spill, const char *directory, uint64_t limit, struct error *error);

/*
 * Put an output into the file; *offset says where.  Returns 0, or -1 with
 * errno: ENOSPC (also for the limit), EFBIG (ulimit -f), EDQUOT, EIO …; then
 * nothing has changed.
 */
int spill_put(struct spill *spill, const char *bytes, size_t size, uint64_t *offset);

/* Take it out: its space is free then, also if it cannot be read.  0, or -1 with errno. */
int spill_take(struct spill *spill, uint64_t offset, char *bytes, size_t size);

/* Forget it without reading it. */
void spill_drop(struct spill *spill, uint64_t offset, size_t size);

/* Close it.  Fine on one with fd -1. */
void spill_finish(struct spill *spill);

#endif
