/* The inputs of tasks: all combinations of the sources, the last source turning fastest. */
#ifndef TOOL_INPUTS_H
#define TOOL_INPUTS_H

#include "source.h"

/* A source that is repeated, so it is kept in memory. */
struct column {
	struct text bytes;     /* its inputs, NUL behind each */
	size_t *offsets;       /* offsets[count] into bytes */
	size_t count, offered; /* inputs; the one that is part of the current combination */
};

struct inputs {
	struct source first;   /* read as it comes */
	struct column *others; /* others[n - 1] */
	size_t n;              /* sources, at least 1 */
	const char **values;   /* values[n]: the current combination */
	bool begun;            /* values[0] is set */
};

/*
 * Open the sources and read all but the first.
 *
 * names  names[n], must live on
 *
 * Returns true, or false after a complaint.
 */
bool inputs_open(struct inputs *inputs, const struct source_name *names, size_t n,
	struct delimiter delimiter);

/* The next combination, n values, in inputs->values; they live until the next call or source_fill. */
enum source_state inputs_next(struct inputs *inputs);

/* How many combinations there are in all; false if that cannot be told yet. */
bool inputs_total(struct inputs *inputs, uint64_t *total);

void inputs_close(struct inputs *inputs);

#endif
