/*
 * What is known of a job beside its file: .orderly/jobs/<file>, lines of a word
 * and its values.  A job that was only taken and done has none.  It is written by
 * whoever holds the job's file, and only replaced as a whole.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/memory.h"

#define FIRST_LINE "orderly job 1"

void
record_finish(struct record *record)
{
	memory_free((void *)(uintptr_t)record->after);
	memory_free(record->runs);
	buffer_finish(&record->text);
	*record = (struct record){ 0 };
}

/* A number of a line, and what stands behind it. */
static int64_t
number(char **at)
{
	int64_t value = strtoll(*at, at, 10);

	while (**at == ' ')
		(*at)++;
	return value;
}

/* A text up to the next blank, decoded. */
static char *
word(char **at)
{
	char *text = *at, *end = strchr(text, ' ');

	*at = end != NULL ? end + 1 : text + strlen(text);
	if (end != NULL)
		*end = '\0';
	dir_unescape(text);
	return text;
}

static int
add_after(struct record *record, const char *name)
{
	const char **after = memory_resize(
		(void *)(uintptr_t)record->after, (record->n_after + 1) * sizeof *after);

	if (after == NULL)
		return -1;
	record->after = after;
	after[record->n_after++] = name;
	return 0;
}

static int
add_run(struct record *record, const struct dir_run *run)
{
	struct dir_run *runs =
		memory_resize(record->runs, (record->n_runs + 1) * sizeof *record->runs);

	if (runs == NULL)
		return -1;
	record->runs = runs;
	runs[record->n_runs++] = *run;
	return 0;
}

static int
parse_run(struct record *record, char *at)
{
	struct dir_run run = { .attempt = (uint32_t)number(&at), .state = (int)number(&at) };

	run.began_ms = number(&at);
	run.ended_ms = number(&at);
	run.taker = word(&at);
	run.why = word(&at);
	return add_run(record, &run);
}

/* One line; words that are not known are of a later time, and left. */
static int
parse_line(struct record *record, char *line)
{
	char *at = strchr(line, ' ');

	if (at == NULL)
		return 0;
	*at++ = '\0';
	if (strcmp(line, "attempt") == 0)
		record->attempt = (uint32_t)number(&at);
	else if (strcmp(line, "failures") == 0)
		record->failures = (uint32_t)number(&at);
	else if (strcmp(line, "kills") == 0)
		record->kills = (uint32_t)number(&at);
	else if (strcmp(line, "dones") == 0)
		record->dones = (uint32_t)number(&at);
	else if (strcmp(line, "state") == 0)
		record->state = (int)number(&at);
	else if (strcmp(line, "failed_retries") == 0)
		record->failed_retries = number(&at);
	else if (strcmp(line, "killed_retries") == 0)
		record->killed_retries = number(&at);
	else if (strcmp(line, "mover") == 0)
		record->mover = word(&at);
	else if (strcmp(line, "why") == 0)
		record->why = word(&at);
	else if (strcmp(line, "requires") == 0)
		record->requires = word(&at);
	else if (strcmp(line, "after") == 0)
		return add_after(record, word(&at));
	else if (strcmp(line, "run") == 0)
		return parse_run(record, at);
	else if (strcmp(line, "fingerprint") == 0) {
		record->fingerprint = at;
		record->fingerprint_size = dir_unescape(at);
	}
	return 0;
}

static int
parse(struct store *store, const char *file, struct record *record)
{
	char *at = record->text.bytes, *end;

	if (strncmp(at, FIRST_LINE "\n", sizeof FIRST_LINE) != 0)
		return error_set(store->error,
			strncmp(at, "orderly job ", 12) == 0 ? ORD_ENOTSUP : ORD_EFAILED,
			"the list %s: .orderly/jobs/%s is damaged, or of a newer version of orderly: remove it, and only the history of this job is forgotten",
			DIRECTORY_OF(store)->path, file);
	for (at += sizeof FIRST_LINE; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		if (parse_line(record, at) != 0)
			return error_memory(store->error);
	}
	record->exists = 1;
	return 0;
}

int
record_read(struct store *store, const char *file, struct record *record)
{
	char path[DIR_PATH];
	struct stat is;
	int status;

	*record = (struct record){ .state = ORD_JOB_WAITING,
		.failed_retries = -1,
		.killed_retries = -1,
		.mover = "",
		.why = "",
		.requires = "" };
	if (dir_read(DIRECTORY_OF(store), dir_path(path, DIR_RECORDS, NULL, file), &record->text,
		    &is) != 0) {
		if (errno == ENOENT)
			return 0;
		status = errno == ENOMEM ? error_memory(store->error)
					 : dir_trouble(store, errno, "read", path);
	} else {
		status = parse(store, file, record);
	}
	if (status != 0)
		record_finish(record);
	return status;
}

static void
put_number(struct buffer *to, const char *name, int64_t value, int *failed)
{
	char line[64];

	snprintf(line, sizeof line, "%s %" PRId64 "\n", name, value);
	*failed |= buffer_append(to, line, strlen(line)) != 0;
}

static void
put_bytes(struct buffer *to, const char *name, const void *bytes, size_t size, int *failed)
{
	*failed |= buffer_append(to, name, strlen(name)) != 0 || buffer_append(to, " ", 1) != 0;
	dir_escape(to, bytes, size, failed);
	*failed |= buffer_append(to, "\n", 1) != 0;
}

static void
put_text(struct buffer *to, const char *name, const char *text, int *failed)
{
	if (*text != '\0')
		put_bytes(to, name, text, strlen(text), failed);
}

static void
put_run(struct buffer *to, const struct dir_run *run, int *failed)
{
	char line[120];

	snprintf(line, sizeof line, "run %u %d %" PRId64 " %" PRId64 " ", run->attempt, run->state,
		run->began_ms, run->ended_ms);
	*failed |= buffer_append(to, line, strlen(line)) != 0;
	dir_escape(to, run->taker, strlen(run->taker), failed);
	*failed |= buffer_append(to, " ", 1) != 0;
	dir_escape(to, run->why, strlen(run->why), failed);
	*failed |= buffer_append(to, "\n", 1) != 0;
}

static int
format(const struct record *record, struct buffer *to)
{
	int failed = buffer_append(to, FIRST_LINE "\n", sizeof FIRST_LINE) != 0;

	put_number(to, "attempt", record->attempt, &failed);
	put_number(to, "failures", record->failures, &failed);
	put_number(to, "kills", record->kills, &failed);
	put_number(to, "dones", record->dones, &failed);
	put_number(to, "state", record->state, &failed);
	if (record->failed_retries >= 0)
		put_number(to, "failed_retries", record->failed_retries, &failed);
	if (record->killed_retries >= 0)
		put_number(to, "killed_retries", record->killed_retries, &failed);
	put_text(to, "mover", record->mover, &failed);
	put_text(to, "why", record->why, &failed);
	put_text(to, "requires", record->requires, &failed);
	for (size_t i = 0; i < record->n_after; i++)
		put_text(to, "after", record->after[i], &failed);
	if (record->fingerprint != NULL)
		put_bytes(
			to, "fingerprint", record->fingerprint, record->fingerprint_size, &failed);
	for (size_t i = 0; i < record->n_runs; i++)
		put_run(to, &record->runs[i], &failed);
	return failed ? -1 : 0;
}

int
record_write(struct store *store, const char *file, const struct record *record)
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], to[DIR_PATH], id[DIR_ID_MAX];
	struct buffer text = { 0 };
	int status = 0;

	dir_path(path, DIR_FRESH, dir_id(directory, id), "record");
	dir_path(to, DIR_RECORDS, NULL, file);
	if (format(record, &text) != 0)
		status = error_memory(store->error);
	else if (dir_write(directory, path, text.bytes, text.size, 0) != 0)
		status = dir_trouble(store, errno, "write", to);
	if (status == 0 && renameat(directory->root, path, directory->root, to) != 0) {
		status = dir_trouble(store, errno, "write", to);
		unlinkat(directory->root, path, 0);
	}
	buffer_finish(&text);
	return status;
}

int
record_keep_run(struct store *store, struct record *record, const struct dir_run *run)
{
	if (add_run(record, run) != 0)
		return error_memory(store->error);
	memmove(record->runs + 1, record->runs, (record->n_runs - 1) * sizeof *record->runs);
	record->runs[0] = *run;
	if (record->n_runs > store->self.history)
		record->n_runs = store->self.history != 0 ? store->self.history : 1;
	return 0;
}
