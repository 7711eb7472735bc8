/*
 * `orderly jobs add`: jobs by their names, from the command line or from standard
 * input, or the jobs of a range.  All are added in one step, or none.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "jobs.h"
#include "source.h"
#include "text.h"

/* The names of jobs; those of standard input lie in bytes. */
struct names {
	struct text bytes;
	const char **list; /* list[n] */
	size_t n;
};

/* Empty lines are none. */
static bool
read_bytes(struct names *names, const struct delimiter *end)
{
	static const struct source_name input = { .path = "-" };
	struct source source;
	enum source_state state = SOURCE_ERROR;
	const char *name;

	if (!source_open(&source, &input, *end))
		return false;
	while ((state = source_next(&source, &name)) == SOURCE_INPUT || state == SOURCE_WAIT) {
		if (state == SOURCE_WAIT && !source_fill(&source))
			break;
		if (state == SOURCE_WAIT || *name == '\0')
			continue;
		text_add(&names->bytes, name, strlen(name) + 1);
		names->n++;
	}
	source_close(&source);
	return state == SOURCE_END;
}

static bool
read_names(struct names *names, const struct jobs_options *options)
{
	const struct delimiter end = { options->null ? "" : "\n", 1 };
	const char *at;

	if (options->n != 1 || strcmp(options->arguments[0], "-") != 0) {
		names->n = (size_t)options->n;
		names->list = text_allocate(names->n, sizeof *names->list);
		for (size_t i = 0; i < names->n; i++)
			names->list[i] = options->arguments[i];
		return true;
	}
	if (!read_bytes(names, &end))
		return false;
	names->list = text_allocate(names->n + 1, sizeof *names->list);
	at = names->bytes.bytes;
	for (size_t i = 0; i < names->n; i++, at += strlen(at) + 1)
		names->list[i] = at;
	return true;
}

static bool
read_payload(const char *path, struct text *payload)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	char bytes[65536];
	ssize_t size = fd < 0 ? -1 : 0;

	while (fd >= 0 && (size = read(fd, bytes, sizeof bytes)) > 0)
		text_add(payload, bytes, (size_t)size);
	if (size < 0)
		complain_errno(errno, "cannot read %s", path);
	if (fd > STDIN_FILENO)
		close(fd);
	return size == 0;
}

static int
add_names(struct ord_jobs *jobs, const struct jobs_options *options, const struct names *names, const struct text *payload)
{
	struct ord_job_options *all = text_allocate(names->n + 1, sizeof *all);
	const struct ord_job_options **pointers = text_allocate(names->n + 1, sizeof *pointers);
	int status;

	for (size_t i = 0; i < names->n; i++) {
		all[i] = ORD_JOB(.name = names->list[i], .payload = payload->size != 0 ? payload->bytes : NULL,
			.payload_size = payload->size, .fingerprint = options->fingerprint,
			.fingerprint_size = options->fingerprint != NULL ? strlen(options->fingerprint) : 0,
			.requires = options->requires, .after = options->after,
			.failed_retries = options->failed_retries,
			.killed_retries = !options->killed_set ? 0 : options->killed_retries != 0 ? options->killed_retries : ORD_JOBS_NONE,
			.max_takers = options->max_takers);
		pointers[i] = &all[i];
	}
	status = ord_jobs_add_many(jobs, pointers, names->n, NULL);
	free(all);
	free(pointers);
	return status != 0 ? jobs_complain(jobs) : 0;
}

/* What standard input is for can be one thing only. */
static const char *
misuse(const struct jobs_options *options)
{
	bool reads = options->n == 1 && strcmp(options->arguments[0], "-") == 0;

	if (options->range_set == (options->n != 0))
		return "add needs names, '-' for names from standard input, or --range N";
	if (reads && options->payload_file != NULL && strcmp(options->payload_file, "-") == 0)
		return "standard input has the names: give the payload in a file";
	if (options->null && !reads)
		return "--null is for names from standard input: add -0 -";
	return NULL;
}

int
jobs_add(const struct jobs_options *options)
{
	struct text payload = { 0 };
	struct names names = { 0 };
	struct ord_jobs *jobs = NULL;
	int status = JOBS_TROUBLE;

	if (misuse(options) != NULL) {
		complain("%s", misuse(options));
		return JOBS_USAGE;
	}
	if (options->payload != NULL)
		text_add_string(&payload, options->payload);
	if ((options->payload_file == NULL || read_payload(options->payload_file, &payload)) && read_names(&names, options))
		jobs = jobs_open(options, &ORD_JOBS_OPTIONS(.taker = NULL));
	if (jobs != NULL && !options->range_set)
		status = add_names(jobs, options, &names, &payload);
	else if (jobs != NULL)
		status = ord_jobs_add_range(jobs, options->range) != 0 ? jobs_complain(jobs) : 0;
	ord_jobs_destroy(&jobs);
	text_finish(&payload);
	text_finish(&names.bytes);
	free(names.list);
	return status;
}
