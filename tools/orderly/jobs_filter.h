/* Which jobs a taker likes: --filter and --filter-command. */
#ifndef TOOL_JOBS_FILTER_H
#define TOOL_JOBS_FILTER_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/jobs.h>

#include "jobs.h"

/* A zeroed struct remembers nothing. */
struct jobs_filter {
	const struct jobs_options *options;
	struct declined *declined; /* declined[room], a hash table */
	size_t n, room;
	uint64_t looked_ns; /* when the look began that goes on */
};

/* Let a taker ask the filter, if the options have one. */
void jobs_filter_set(struct jobs_filter *filter, const struct jobs_options *options, struct ord_jobs_options *own);

/* As ord_jobs_claim.  In one look no job is asked about twice. */
int jobs_filter_claim(struct jobs_filter *filter, struct ord_jobs *jobs, struct ord_job **job);

/* Behind a look that found nothing: after how many milliseconds one of the jobs is asked about again; -1: none is. */
int jobs_filter_pause(struct jobs_filter *filter);

void jobs_filter_finish(struct jobs_filter *filter);

#endif
