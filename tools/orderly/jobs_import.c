/*
 * `orderly jobs import`: what `export` wrote, or a progress_table of laufband's.
 * All is read before anything is added, and all is added in one step: a line that is
 * wrong adds nothing.  SQLite reads the JSON.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "jobs.h"
#include "jobs_copy.h"
#include "text.h"

struct ord_job_options *
jobs_read_new(struct jobs_read *read)
{
	if (read->n == read->room) {
		read->room = 2 * read->room + 64;
		read->all = text_reallocate(read->all, read->room, sizeof *read->all);
	}
	read->all[read->n] = ORD_JOB(.name = NULL);
	return &read->all[read->n++];
}

static void *
keep_block(struct jobs_read *read, size_t size)
{
	if (read->n_blocks == read->blocks_room) {
		read->blocks_room = 2 * read->blocks_room + 64;
		read->blocks = text_reallocate(read->blocks, read->blocks_room, sizeof *read->blocks);
	}
	read->blocks[read->n_blocks] = text_allocate(size, 1);
	return read->blocks[read->n_blocks++];
}

const char *
jobs_read_keep(struct jobs_read *read, const void *bytes, size_t size)
{
	char *copy = keep_block(read, size + 1);

	if (size != 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

void
jobs_read_finish(struct jobs_read *read)
{
	for (size_t i = 0; i < read->n_blocks; i++)
		free(read->blocks[i]);
	free(read->blocks);
	free(read->all);
}

/* --- fields --- */

/* A value of a line. */
struct value {
	const char *type, *text; /* as json_each has them */
	size_t size;
	sqlite3_int64 number;
	sqlite3_stmt *items; /* json_each once more, for lists */
};

static const char *
keep_text(struct jobs_read *read, const struct value *value, const char **to, size_t *size)
{
	if (strcmp(value->type, "text") != 0)
		return "is no text";
	*to = jobs_read_keep(read, value->text, value->size);
	if (size != NULL)
		*size = value->size;
	return NULL;
}

static const char *
keep_hex(struct jobs_read *read, const struct value *value, const void **to, size_t *size)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char *bytes;

	if (strcmp(value->type, "text") != 0 || value->size % 2 != 0 || strspn(value->text, digits) != value->size)
		return "is no hexadecimal text";
	bytes = keep_block(read, value->size / 2 + 1);
	for (size_t i = 0; i < value->size / 2; i++)
		bytes[i] = (unsigned char)((strchr(digits, value->text[2 * i]) - digits) << 4 |
			(strchr(digits, value->text[2 * i + 1]) - digits));
	bytes[value->size / 2] = '\0';
	*to = bytes;
	*size = value->size / 2;
	return NULL;
}

static const char *
keep_list(struct jobs_read *read, const struct value *value, const char *const **to)
{
	size_t n = 0;
	const char **list;
	const char *wrong = strcmp(value->type, "array") != 0 ? "is no list of texts" : NULL;

	if (wrong != NULL)
		return wrong;
	/* No item is shorter than its comma. */
	list = keep_block(read, (value->size + 1) * sizeof *list);
	sqlite3_bind_text(value->items, 1, value->text, (int)value->size, SQLITE_STATIC);
	while (wrong == NULL && sqlite3_step(value->items) == SQLITE_ROW) {
		if (strcmp((const char *)sqlite3_column_text(value->items, 1), "text") != 0)
			wrong = "is no list of texts";
		else
			list[n++] = jobs_read_keep(read, sqlite3_column_text(value->items, 2),
				(size_t)sqlite3_column_bytes(value->items, 2));
	}
	sqlite3_reset(value->items);
	list[n] = NULL;
	*to = list;
	return wrong;
}

static const char *
keep_number(const struct value *value, uint64_t most, uint64_t *to)
{
	if (strcmp(value->type, "integer") != 0 || value->number < 0 || (uint64_t)value->number > most)
		return "is no number, or too large";
	*to = (uint64_t)value->number;
	return NULL;
}

static const char *
keep_small(const struct value *value, uint32_t *to)
{
	uint64_t number = 0;
	const char *wrong = keep_number(value, UINT32_MAX - 1, &number);

	*to = (uint32_t)number;
	return wrong;
}

static const char *
keep_retries(const struct value *value, uint32_t *to)
{
	const char *wrong = keep_small(value, to);

	if (*to == 0)
		*to = ORD_JOBS_NONE;
	return wrong;
}

static const char *
keep_state(const struct value *value, uint32_t *to)
{
	for (int state = ORD_JOB_WAITING; state <= ORD_JOB_CANCELED; state++)
		if (strcmp(value->type, "text") == 0 && strcmp(value->text, ord_job_state_name(state)) == 0) {
			*to = (uint32_t)state;
			return NULL;
		}
	return "is no state";
}

/* NULL, or what is wrong with it. */
static const char *
keep_field(struct jobs_read *read, const char *name, const struct value *value)
{
	struct ord_job_options *job = &read->all[read->n - 1];

	if (strcmp(name, "name") == 0)
		return keep_text(read, value, &job->name, NULL);
	if (strcmp(name, "state") == 0)
		return keep_state(value, &job->state);
	if (strcmp(name, "payload") == 0)
		return keep_text(read, value, (const char **)&job->payload, &job->payload_size);
	if (strcmp(name, "payload_hex") == 0)
		return keep_hex(read, value, &job->payload, &job->payload_size);
	if (strcmp(name, "fingerprint") == 0)
		return keep_text(read, value, (const char **)&job->fingerprint, &job->fingerprint_size);
	if (strcmp(name, "fingerprint_hex") == 0)
		return keep_hex(read, value, &job->fingerprint, &job->fingerprint_size);
	if (strcmp(name, "requires") == 0)
		return keep_list(read, value, &job->requires);
	if (strcmp(name, "after") == 0)
		return keep_list(read, value, &job->after);
	if (strcmp(name, "failed_retries") == 0)
		return keep_retries(value, &job->failed_retries);
	if (strcmp(name, "killed_retries") == 0)
		return keep_retries(value, &job->killed_retries);
	if (strcmp(name, "max_takers") == 0)
		return keep_small(value, &job->max_takers);
	if (strcmp(name, "attempts") == 0)
		return keep_small(value, &job->attempts);
	if (strcmp(name, "kills") == 0)
		return keep_small(value, &job->kills);
	if (strcmp(name, "why") == 0)
		return keep_text(read, value, &job->why, NULL);
	if (strcmp(name, "range") == 0)
		return keep_number(value, UINT64_C(1) << 40, &job->range);
	if (strcmp(name, "failures") == 0)
		return keep_number(value, UINT32_MAX, &job->failures);
	if (strcmp(name, "taker") == 0)
		return keep_text(read, value, &job->taker, NULL);
	if (strcmp(name, "began_ms") == 0)
		return keep_number(value, INT64_MAX, &job->began_ms);
	if (strcmp(name, "ended_ms") == 0)
		return keep_number(value, INT64_MAX, &job->ended_ms);
	return "is not known";
}

/* --- lines --- */

struct reader {
	sqlite3 *handle;
	sqlite3_stmt *fields, *items;
};

static bool
reader_open(struct reader *reader)
{
	static const char text[] = "SELECT key, type, atom, value FROM json_each(?1)";

	return sqlite3_open(":memory:", &reader->handle) == SQLITE_OK &&
		sqlite3_prepare_v2(reader->handle, text, -1, &reader->fields, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(reader->handle, text, -1, &reader->items, NULL) == SQLITE_OK;
}

static void
reader_close(struct reader *reader)
{
	sqlite3_finalize(reader->fields);
	sqlite3_finalize(reader->items);
	sqlite3_close(reader->handle);
}

/* One job; false behind a complaint. */
static bool
read_line(struct reader *reader, struct jobs_read *read, const char *line, size_t size, unsigned long long number)
{
	const char *wrong = NULL;
	int code;

	if (line[strspn(line, " \t")] != '{') {
		complain("line %llu is no object of JSON: nothing was added", number);
		return false;
	}
	jobs_read_new(read);
	sqlite3_bind_text(reader->fields, 1, line, (int)size, SQLITE_STATIC);
	while (wrong == NULL && (code = sqlite3_step(reader->fields)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(reader->fields, 0);
		struct value value = { .type = (const char *)sqlite3_column_text(reader->fields, 1),
			.text = (const char *)sqlite3_column_text(reader->fields, 3),
			.size = (size_t)sqlite3_column_bytes(reader->fields, 3),
			.number = sqlite3_column_int64(reader->fields, 3),
			.items = reader->items };

		wrong = keep_field(read, name, &value);
		if (wrong != NULL)
			complain("line %llu: the field '%s' %s: nothing was added", number, name, wrong);
	}
	if (wrong == NULL && code != SQLITE_DONE)
		complain("line %llu is no JSON: nothing was added", number);
	sqlite3_reset(reader->fields);
	return wrong == NULL && code == SQLITE_DONE;
}

static bool
read_lines(FILE *file, const char *path, struct jobs_read *read)
{
	struct reader reader = { 0 };
	unsigned long long number = 0;
	size_t room = 0;
	char *line = NULL;
	ssize_t size;
	bool fine = reader_open(&reader);

	if (!fine)
		complain_memory();
	while (fine && (size = getline(&line, &room, file)) > 0) {
		number++;
		if (strspn(line, " \t\r\n") != (size_t)size)
			fine = read_line(&reader, read, line, (size_t)size, number);
	}
	if (fine && ferror(file)) {
		complain_errno(errno, "cannot read %s", path);
		fine = false;
	}
	free(line);
	reader_close(&reader);
	return fine;
}

static bool
read_file(const char *path, struct jobs_read *read)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	bool fine;

	if (file == NULL) {
		complain_errno(errno, "cannot read %s", path);
		return false;
	}
	fine = read_lines(file, path, read);
	if (file != stdin)
		fclose(file);
	return fine;
}

static int
add_all(const struct jobs_options *options, const struct jobs_read *read)
{
	const struct ord_job_options **pointers = text_allocate(read->n + 1, sizeof *pointers);
	struct ord_jobs *jobs = jobs_open(options, &ORD_JOBS_OPTIONS(.taker = NULL));
	uint64_t added = 0;
	int status = JOBS_TROUBLE;

	for (size_t i = 0; i < read->n; i++)
		pointers[i] = &read->all[i];
	if (jobs != NULL && ord_jobs_add_many(jobs, pointers, read->n, &added) != 0)
		jobs_complain(jobs);
	else if (jobs != NULL)
		status = printf("%llu\n", (unsigned long long)added) < 0 ? JOBS_TROUBLE : 0;
	ord_jobs_destroy(&jobs);
	free(pointers);
	return status;
}

int
jobs_import(const struct jobs_options *options)
{
	struct jobs_read read = { 0 };
	int status = 0;

	if (options->n > 1 || (options->n == 1 && options->progress_table != NULL)) {
		complain("import takes one file");
		return JOBS_USAGE;
	}
	if (options->progress_table != NULL)
		status = jobs_table_read(&read, options->progress_table);
	else if (!read_file(options->n == 1 ? options->arguments[0] : "-", &read))
		status = JOBS_TROUBLE;
	if (status == 0)
		status = add_all(options, &read);
	jobs_read_finish(&read);
	return status;
}
