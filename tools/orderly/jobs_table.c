/*
 * The file of laufband's first version: a database with one row per index, its
 * state and its worker.  It knows four states; what else there is becomes the one that
 * says the same of whether there is something left to do.
 */
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "jobs.h"
#include "jobs_copy.h"
#include "json.h"

#define TABLE \
	"CREATE TABLE progress_table (id INTEGER PRIMARY KEY AUTOINCREMENT," \
	" state TEXT DEFAULT 'pending', worker TEXT)"

/* --- writing --- */

static const char *
word_of(int state)
{
	switch (state) {
	case ORD_JOB_RUNNING: return "running";
	case ORD_JOB_DONE: return "completed";
	case ORD_JOB_WAITING:
	case ORD_JOB_BLOCKED: return "pending";
	default: return "failed";
	}
}

struct writer {
	sqlite3 *handle;
	sqlite3_stmt *put;
	const char *path;
	bool complained;
};

static int
put_job(const struct ord_job *job, void *user)
{
	struct writer *writer = user;
	const char *taker = ord_job_taker(job);
	int code;

	if (ord_job_index(job) == ORD_JOB_NO_INDEX) {
		complain("the job '%s' is none of a range, and a progress_table has only those: export without --progress-table",
			ord_job_name(job));
		writer->complained = true;
		return JOBS_TROUBLE;
	}
	sqlite3_bind_int64(writer->put, 1, (sqlite3_int64)ord_job_index(job) + 1);
	sqlite3_bind_text(writer->put, 2, word_of(ord_job_state(job)), -1, SQLITE_STATIC);
	if (*taker != '\0')
		sqlite3_bind_text(writer->put, 3, taker, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_null(writer->put, 3);
	code = sqlite3_step(writer->put);
	sqlite3_reset(writer->put);
	return code == SQLITE_DONE ? 0 : JOBS_TROUBLE;
}

static int
write_rows(struct writer *writer, struct ord_jobs *jobs)
{
	int status;

	if (sqlite3_open(writer->path, &writer->handle) != SQLITE_OK ||
		sqlite3_exec(writer->handle, TABLE "; BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(writer->handle, "INSERT INTO progress_table VALUES (?1, ?2, ?3)", -1, &writer->put, NULL) != SQLITE_OK)
		return JOBS_TROUBLE;
	status = ord_jobs_each(jobs, 0, put_job, writer);
	if (status < 0) {
		writer->complained = true;
		return jobs_complain(jobs);
	}
	return status == 0 && sqlite3_exec(writer->handle, "COMMIT", NULL, NULL, NULL) == SQLITE_OK ? 0 : JOBS_TROUBLE;
}

int
jobs_table_write(struct ord_jobs *jobs, const char *path)
{
	struct writer writer = { .path = path };
	int status;

	if (access(path, F_OK) == 0) {
		complain("%s is there already: give another name", path);
		return JOBS_TROUBLE;
	}
	status = write_rows(&writer, jobs);
	if (status != 0 && !writer.complained)
		complain("cannot write %s: %s", path, sqlite3_errmsg(writer.handle));
	sqlite3_finalize(writer.put);
	sqlite3_close(writer.handle);
	if (status != 0)
		unlink(path);
	return status;
}

/* --- reading --- */

/* NULL, or why a row cannot be. */
static const char *
keep_row(struct jobs_read *read, sqlite3_stmt *row, uint64_t count)
{
	const char *state = (const char *)sqlite3_column_text(row, 1);
	const char *worker = (const char *)sqlite3_column_text(row, 2);
	struct ord_job_options *job = jobs_read_new(read);
	char name[24];

	if (sqlite3_column_int64(row, 0) != (sqlite3_int64)read->n)
		return "has a gap: its ids are not 1, 2, 3 …";
	snprintf(name, sizeof name, "%zu", read->n - 1);
	job->name = jobs_read_keep(read, name, strlen(name));
	job->range = count;
	if (state == NULL || (strcmp(state, "pending") != 0 && strcmp(state, "running") != 0 && strcmp(state, "completed") != 0 && strcmp(state, "failed") != 0))
		return "has a state that is none of pending, running, completed and failed";
	/* What ran there runs nowhere here. */
	job->state = strcmp(state, "completed") == 0 ? ORD_JOB_DONE : strcmp(state, "failed") == 0 ? ORD_JOB_FAILED : ORD_JOB_WAITING;
	job->attempts = job->state != ORD_JOB_WAITING;
	/* One whose name is none here is forgotten. */
	if (worker != NULL && *worker != '\0' && *worker != '.' && strlen(worker) <= 255 && strchr(worker, '/') == NULL &&
		json_is_text(worker, strlen(worker)))
		job->taker = jobs_read_keep(read, worker, strlen(worker));
	return NULL;
}

static const char *
read_rows(struct jobs_read *read, sqlite3 *handle)
{
	sqlite3_stmt *row = NULL;
	const char *wrong = NULL;
	int code = sqlite3_prepare_v2(handle,
		"SELECT id, state, worker, (SELECT count(*) FROM progress_table) FROM progress_table ORDER BY id", -1, &row, NULL);

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(row);
		if (code == SQLITE_ROW)
			wrong = keep_row(read, row, (uint64_t)sqlite3_column_int64(row, 3));
		if (wrong != NULL)
			break;
	}
	sqlite3_finalize(row);
	return wrong != NULL || code == SQLITE_DONE ? wrong : sqlite3_errmsg(handle);
}

int
jobs_table_read(struct jobs_read *read, const char *path)
{
	sqlite3 *handle = NULL;
	const char *wrong = NULL;

	if (sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
		wrong = sqlite3_errmsg(handle);
	if (wrong == NULL)
		wrong = read_rows(read, handle);
	if (wrong != NULL)
		complain("the progress_table in %s: %s (nothing was added)", path, wrong);
	sqlite3_close(handle);
	return wrong != NULL ? JOBS_TROUBLE : 0;
}
