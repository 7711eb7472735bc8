/* `orderly map --filter` in a worker: batches of lines go through a co-process of its own. */
#ifndef TOOL_FILTER_WORKER_H
#define TOOL_FILTER_WORKER_H

#include <orderly/orderly.h>

/* The pool's shared bytes: this, then argc strings, each with its NUL. */
struct filter_setup {
	uint32_t argc;
	uint32_t silence_ms; /* as in struct coprocess */
};

/* Behind the answers in a result. */
struct filter_trailer {
	uint64_t took_ns;
};

/*
 * The pool's functions.  The input of a task is the number of its first line
 * (8 bytes), then lines.  What goes wrong with a line is logged, as ORD_ERROR,
 * once per line that has no answer; ORD_WARNING is for people only.
 */
void *filter_worker_start(struct ord_task *task, void *user);
int filter_worker_run(struct ord_task *task, void *user);
void filter_worker_stop(struct ord_task *task, void *user);

#endif
