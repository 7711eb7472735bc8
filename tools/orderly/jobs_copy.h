/* Lists that come from and go to files: what export and import share. */
#ifndef TOOL_JOBS_COPY_H
#define TOOL_JOBS_COPY_H

#include <stdbool.h>
#include <stddef.h>

#include <orderly/jobs.h>

/* Jobs that are read, all of which are added in one step. */
struct jobs_read {
	struct ord_job_options *all; /* all[n], room for more up to room */
	size_t n, room;
	void **blocks; /* blocks[n_blocks], room for more up to blocks_room: what they point to */
	size_t n_blocks, blocks_room;
};

/* A new one at the end; the pointer is good until the next. */
struct ord_job_options *jobs_read_new(struct jobs_read *read);
/* A copy that lives as long as the jobs, with a NUL behind it. */
const char *jobs_read_keep(struct jobs_read *read, const void *bytes, size_t size);
void jobs_read_finish(struct jobs_read *read);

/* laufband's progress_table: exit statuses, behind a complaint. */
int jobs_table_write(struct ord_jobs *jobs, const char *path);
int jobs_table_read(struct jobs_read *read, const char *path);

#endif
