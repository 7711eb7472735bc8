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
	uint64_t n_flows;
};

/* Returns true, or false after a complaint. */
bool run_trace_open(struct run_trace *trace, const char *name);

/* An attempt has begun or ended, in the row item->row. */
void run_trace_began(struct run *run, struct item *item);
void run_trace_ended(struct run *run, struct item *item);

/* One that runs nothing itself has ended. */
void run_trace_group(struct run *run, struct item *item);

/* Write it; false after a complaint. */
bool run_trace_close(struct run *run);

#endif
