/* A run as a picture: --trace, in the format that Chrome, Perfetto and Speedscope read. */
#ifndef TOOL_RUN_TRACE_H
#define TOOL_RUN_TRACE_H

#include <stdbool.h>

#include "text.h"

struct run;
struct item;

struct run_trace {
	const char *name; /* NULL: there is none */
	int fd;
	struct text spans; /* what is to be written at the end */
};

/* Returns true, or false after a complaint. */
bool run_trace_open(struct run_trace *trace, const char *name);

/* An attempt has begun or ended; item->slot is what it has or had. */
void run_trace_began(struct run *run, const struct item *item);
void run_trace_ended(struct run *run, const struct item *item, unsigned slot);

/* Write it; false after a complaint. */
bool run_trace_close(struct run *run);

#endif
