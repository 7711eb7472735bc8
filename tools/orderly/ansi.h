/* What procs write, on its way to a terminal or a file: which escape sequences stay in it. */
#ifndef TOOL_ANSI_H
#define TOOL_ANSI_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

struct ansi {
	bool colors;        /* keep what sets colours; all else goes in either case */
	bool controls;      /* keep control characters that are no sequence: it is no terminal */
	int state;          /* where in a sequence the last piece ended */
	bool colored;       /* a colour may be set now */
	struct text pending; /* of a sequence whose end is not there yet */
};

/* Append a piece of text without the sequences. */
void ansi_filter(struct ansi *ansi, const char *bytes, size_t size, struct text *out);

/* The text is at its end: colours are switched off, what is unfinished is dropped. */
void ansi_end(struct ansi *ansi, struct text *out);

void ansi_finish(struct ansi *ansi);

#endif
