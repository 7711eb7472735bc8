/*
 * $MAKEFLAGS: what it says of a jobserver, and the same text with another one
 * in it.  No I/O.  It is words: the first may be short flags without a dash,
 * behind `--` come variables, which are nothing to us.
 */
#ifndef GRAPH_MAKEFLAGS_H
#define GRAPH_MAKEFLAGS_H

#include <stdint.h>

#include "base/buffer.h"
#include "graph/names/pattern.h"

enum makeflags_kind {
	MAKEFLAGS_NONE, /* no jobserver is offered */
	MAKEFLAGS_FIFO,
	MAKEFLAGS_PIPE,
	MAKEFLAGS_WRONG /* one is, but not in a way that can be read */
};

struct makeflags {
	int kind;           /* an enum makeflags_kind */
	struct span offer;  /* behind the `=`, in the text that was read */
	struct span path;   /* of MAKEFLAGS_FIFO: the end of offer */
	int reader, writer; /* of MAKEFLAGS_PIPE */
	uint32_t jobs;      /* of -jN; 0: not said */
};

/* The last word that offers one holds.  text: NULL is as "". */
void makeflags_read(const char *text, struct makeflags *flags);

/*
 * Append "MAKEFLAGS=" and the old text, which may be NULL, with this jobserver
 * instead of its own, and a NUL.  -1 without memory.
 *
 * jobs  0: -j without a number
 * auth  "fifo:PATH" or "R,W"
 */
int makeflags_write(struct buffer *to, const char *old, uint32_t jobs, const char *auth);

#endif
