/* One run of `orderly jobs work`: what its parts share. */
#ifndef TOOL_JOBS_WORK_H
#define TOOL_JOBS_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include <orderly/orderly.h>

#include "display.h"
#include "jobs.h"
#include "jobs_filter.h"
#include "printer.h"
#include "recipe.h"

/* A job that runs here. */
struct shift {
	struct ord_job *job; /* NULL: it is another's by now */
	uint64_t sequence;   /* of its task */
	char *payload;       /* a file with it, for the command; NULL: none */
	int log;             /* where the words of a call go; -1: none */
	bool taken;
};

struct work {
	const struct jobs_options *options;
	struct ord_jobs *jobs;
	struct ord_pool *pool;
	struct jobs_filter filter;
	struct recipe recipe; /* not for calls */
	struct printer printer;
	struct display display;
	struct display_numbers numbers; /* of all takers */
	struct shift *shifts;           /* shifts[options->jobs] */
	char *logs;                     /* the whole path of --log; NULL: none */
	uint32_t running;
	uint64_t started, failed;
	uint64_t renewed_ns;
	bool looks;   /* there may be something to take */
	bool over;    /* nothing more is taken */
	bool trouble; /* it was complained about */
	int end;      /* why nothing more came: a status of claim */
};

/* Give the job of a shift to the pool; returns as ord_pool_submit, and ORD_EFAILED behind a complaint. */
int shift_begin(struct work *work, struct shift *shift);

/* What it says. */
void shift_say(struct work *work, const struct ord_message *message);
void shift_return(struct work *work, const struct shift *shift, const struct ord_result *result);

/* Why it did not end well, for the list. */
void shift_describe(const struct work *work, const struct shift *shift, const struct ord_result *result, char *why, size_t size);

void shift_end(struct shift *shift);

/* A complaint; what is live on the terminal is wiped before. */
void work_complain(struct work *work, const char *sentence);

#endif
