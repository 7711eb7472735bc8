/* `orderly jobs`: a list that takers share; what its parts have in common. */
#ifndef TOOL_JOBS_H
#define TOOL_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include <orderly/jobs.h>

#include "values.h"

#define JOBS_TROUBLE 3 /* the list, or the command itself, failed */
#define JOBS_USAGE 2
#define JOBS_NOTHING 1 /* nothing to take, or jobs that failed */

#define JOBS_NAMES_MAX 64 /* of labels, of jobs to come after */

struct jobs_options {
	const char *action;
	const char *store, *taker, *stop_file, *log, *filter, *filter_command, *why;
	const char *function;       /* of work, instead of a command */
	const char *progress_table; /* a file of laufband's */
	const char *payload, *payload_file, *fingerprint;
	const char *labels[JOBS_NAMES_MAX + 1], *requires[JOBS_NAMES_MAX + 1], *after[JOBS_NAMES_MAX + 1];
	char **arguments; /* arguments[n] behind the options */
	int n;
	uint32_t jobs; /* -j */
	uint32_t wait; /* an enum ord_jobs_wait */
	uint32_t failed_retries, killed_retries, states, attempt, heartbeat_ms, timeout_ms;
	uint32_t sync_ms, max_takers, stale_ms, pick, filter_every_ms;
	const char *job_ext;
	enum progress_style progress;
	uint64_t range;
	int pid;
	bool range_set, killed_set, one, json, stop_on_failure, null, names, takers;
};

/* `orderly jobs`; returns the exit status. */
int jobs_main(int argc, char **argv);

/* Reads the words behind `orderly jobs ACTION`; ends the process if they are wrong. */
void jobs_options_read(struct jobs_options *options, int argc, char **argv);

/* Opens the list, with these on top of what the options say; NULL after a complaint. */
struct ord_jobs *jobs_open(const struct jobs_options *options, struct ord_jobs_options *own);

/* A sentence as a complaint, without what names in it would do to a terminal. */
void jobs_say(const char *sentence);

/* The same with that of the last call; JOBS_TROUBLE. */
int jobs_complain(struct ord_jobs *jobs);

/* Standard output takes no more, as a complaint; JOBS_TROUBLE. */
int jobs_cannot_print(void);

/* Actions. */
int jobs_add(const struct jobs_options *options);
int jobs_export(const struct jobs_options *options);
int jobs_import(const struct jobs_options *options);
int jobs_status(const struct jobs_options *options);
int jobs_watch(const struct jobs_options *options);
int jobs_work(const struct jobs_options *options);

#endif
