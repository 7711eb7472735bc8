/* The command line of `orderly run`. */
#ifndef TOOL_RUN_OPTIONS_H
#define TOOL_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "folds.h"

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct run_options {
	const char *file, *directory; /* NULL: looked for; the current one */
	char **names;                 /* names[n_names] of procs, none: the default */
	size_t n_names;
	const char **params; /* K=V, n_params of them */
	size_t n_params;
	uint32_t jobs;       /* 0: the file's, or one per processor */
	uint32_t keep_going; /* failures; 0: the file's, or never; UINT32_MAX: never */
	uint64_t shuffle;    /* seed; 0: not */
	uint32_t output;     /* an enum ord_output_mode; 0: each proc's own */
	enum color color, links;
	enum folds folds;
	uint32_t load;      /* hundredths; 0: the file's, or any */
	uint32_t jobserver; /* an enum ord_jobserver; UINT32_MAX: the file's, or what is offered */
	const char *database; /* NULL: the file's, or GRAPH_DATABASE */
	bool fail_fast, list, own_code, verbose, dry_run, full, watch;
	const char *status; /* NULL: the default */
	const char *events, *trace;
	bool events_log; /* what procs say is told there, too */
};

/* Exits with RUN_USAGE after a complaint. */
void run_options_read(struct run_options *options, int argc, char **argv);

void run_options_finish(struct run_options *options);

#endif
