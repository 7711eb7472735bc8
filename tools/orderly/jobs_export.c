/*
 * `orderly jobs export`: the jobs of a list with their states, one line of JSON
 * each, in the order of adding, so that `import` finds what a job comes after
 * before it.  Fields that are as by default are left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "jobs.h"
#include "jobs_copy.h"
#include "json.h"
#include "text.h"

/* Bytes that are no text, or have a NUL, are written as hexadecimal digits. */
static void
add_bytes(struct text *line, const char *name, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;
	char hex_name[40];

	if (json_is_text(bytes, size)) {
		json_name(line, name);
		json_bytes(line, bytes, size);
		return;
	}
	snprintf(hex_name, sizeof hex_name, "%s_hex", name);
	json_name(line, hex_name);
	text_add_byte(line, '"');
	for (size_t i = 0; i < size; i++) {
		text_add_byte(line, digits[at[i] >> 4]);
		text_add_byte(line, digits[at[i] & 15]);
	}
	text_add_byte(line, '"');
}

static void
add_list(struct text *line, const char *name, const char *const *words)
{
	if (words == NULL)
		return;
	json_name(line, name);
	text_add_byte(line, '[');
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i != 0)
			text_add_byte(line, ',');
		json_string(line, words[i]);
	}
	text_add_byte(line, ']');
}

/* ORD_JOBS_NONE is 0 here, and what is left out is the taker's. */
static void
add_retries(struct text *line, const char *name, uint32_t retries)
{
	if (retries != 0)
		json_number(line, name, retries == ORD_JOBS_NONE ? 0 : (long long)retries);
}

static void
add_number(struct text *line, const char *name, uint64_t number, uint64_t usual)
{
	if (number != usual)
		json_number(line, name, (long long)number);
}

static int
add_job(const struct ord_job *job, void *user)
{
	struct ord_job_options options = ORD_JOB(.name = NULL);
	struct text *line = user;
	int status = ord_job_options_of(job, &options);

	if (status != 0)
		return status;
	text_clear(line);
	text_add_byte(line, '{');
	json_text(line, "name", options.name);
	json_text(line, "state", ord_job_state_name(ord_job_state(job)));
	if (options.payload_size != 0)
		add_bytes(line, "payload", options.payload, options.payload_size);
	if (options.fingerprint != NULL)
		add_bytes(line, "fingerprint", options.fingerprint, options.fingerprint_size);
	add_list(line, "requires", options.requires);
	add_list(line, "after", options.after);
	add_retries(line, "failed_retries", options.failed_retries);
	add_retries(line, "killed_retries", options.killed_retries);
	add_number(line, "max_takers", options.max_takers, 1);
	add_number(line, "attempts", options.attempts, 0);
	add_number(line, "failures", options.failures, 0);
	add_number(line, "kills", options.kills, 0);
	if (*options.why != '\0')
		json_text(line, "why", options.why);
	add_number(line, "range", options.range, 0);
	if (*ord_job_taker(job) != '\0')
		json_text(line, "taker", ord_job_taker(job));
	add_number(line, "began_ms", ord_job_began_ms(job), 0);
	add_number(line, "ended_ms", ord_job_ended_ms(job), 0);
	text_add_string(line, "}\n");
	return fwrite(line->bytes, 1, line->size, stdout) == line->size ? 0 : JOBS_TROUBLE;
}

/* With --progress-table; SQLite writes that. */
static int
write_table(const struct jobs_options *options, struct ord_jobs *jobs)
{
#ifdef ORD_JOBS_SQLITE
	return jobs_table_write(jobs, options->progress_table);
#else
	(void)jobs;
	complain("%s: progress tables are not built in: install libsqlite3-dev and build anew", options->progress_table);
	return JOBS_TROUBLE;
#endif
}

int
jobs_export(const struct jobs_options *options)
{
	struct ord_jobs *jobs = jobs_open(options, &ORD_JOBS_OPTIONS(.read_only = 1));
	struct text line = { 0 };
	int status;

	if (jobs == NULL)
		return JOBS_TROUBLE;
	if (options->progress_table != NULL) {
		status = write_table(options, jobs);
	} else {
		status = ord_jobs_each(jobs, 0, add_job, &line);
		if (status < 0)
			status = jobs_complain(jobs);
		else if (status != 0 || fflush(stdout) != 0)
			status = jobs_cannot_print();
	}
	text_finish(&line);
	ord_jobs_destroy(&jobs);
	return status;
}
