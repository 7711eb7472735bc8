/* What a list in SQLite consists of: counts, jobs, attempts, and whether anything can still come. */
#include "jobs/sqlite/sqlite.h"

#include <orderly/jobs.h>

#include "jobs/rules.h"

int
sqlite_outlook(struct store *store, struct store_outlook *outlook)
{
	int code;
	sqlite3_stmt *row = sqlite_start(store, SQL_OUTLOOK, &code, "i", store->self.id);

	*outlook = (struct store_outlook){ 0 };
	if (row != NULL)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		outlook->waiting = sqlite3_column_int(row, 0);
		outlook->foreign = sqlite3_column_int(row, 1) && !outlook->waiting;
		outlook->running_own = sqlite3_column_int(row, 2);
		outlook->running_other = sqlite3_column_int(row, 3);
		outlook->blocked = sqlite3_column_int(row, 4);
		outlook->bad = sqlite3_column_int(row, 5);
	}
	code = sqlite_done(row, code);
	return code != SQLITE_OK ? sqlite_trouble(store, code, "read") : 0;
}

int
sqlite_counts(struct store *store, uint64_t counts[8])
{
	int code;
	sqlite3_stmt *row = sqlite_start(store, SQL_COUNTS, &code, "");

	while (row != NULL && (code = sqlite3_step(row)) == SQLITE_ROW)
		if (sqlite3_column_int(row, 0) > 0 && sqlite3_column_int(row, 0) < 8)
			counts[sqlite3_column_int(row, 0)] = (uint64_t)sqlite3_column_int64(row, 1);
	code = sqlite_done(row, code);
	return code != SQLITE_OK ? sqlite_trouble(store, code, "read") : 0;
}

/* A row of SQL_EACH, whose first columns are JOB_COLUMNS. */
static int
give_shown(sqlite3_stmt *row, store_job_fn fn, void *user)
{
	struct store_job job;

	sqlite_read_job(row, &job);
	job.taker = sqlite_text(row, 16);
	job.awaits = sqlite_text(row, 17);
	job.awaits_state = sqlite3_column_int(row, 18);
	if (sqlite3_column_bytes(row, 19) != 0) {
		job.payload = sqlite_text(row, 19); /* with a NUL */
		job.payload_size = (size_t)sqlite3_column_bytes(row, 19);
	}
	if (sqlite3_column_type(row, 20) != SQLITE_NULL) {
		job.fingerprint = sqlite3_column_blob(row, 20);
		job.fingerprint_size = (size_t)sqlite3_column_bytes(row, 20);
		if (job.fingerprint == NULL)
			job.fingerprint = "";
	}
	job.comes_after = sqlite_text(row, 21);
	job.range = job.item >= 0 ? (uint64_t)sqlite3_column_int64(row, 22) : 0;
	return fn(user, &job);
}

int
sqlite_each(struct store *store, uint32_t states, store_job_fn fn, void *user)
{
	int code, status = 0;
	sqlite3_stmt *row = sqlite_start(store, SQL_EACH, &code, "");

	while (row != NULL && status == 0 && (code = sqlite3_step(row)) == SQLITE_ROW)
		if ((states & ORD_JOB_IN(sqlite3_column_int(row, 3))) != 0)
			status = give_shown(row, fn, user);
	code = sqlite_done(row, code);
	return status != 0 || code == SQLITE_OK ? status : sqlite_trouble(store, code, "read");
}

/* The newest attempt lies in the row of the job, while that has not gone on. */
static int
give_newest(struct store *store, const char *name, store_run_fn fn, void *user, int64_t *id,
	int *status)
{
	int code, state;
	sqlite3_stmt *row = sqlite_start(store, SQL_FIND, &code, "t", name);

	*id = 0;
	if (row != NULL)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		*id = sqlite3_column_int64(row, 0);
		state = sqlite3_column_int(row, 1);
		/* Of one with several holders all of them lie in run and holder. */
		if (sqlite3_column_int64(row, 7) == 1 &&
			(state == ORD_JOB_RUNNING || state == ORD_JOB_DONE ||
				state == ORD_JOB_FAILED || state == ORD_JOB_KILLED)) {
			struct store_run run = { .attempt = (uint32_t)sqlite3_column_int64(row, 2),
				.taker = sqlite_text(row, 3),
				.began_ms = sqlite3_column_int64(row, 4),
				.ended_ms = sqlite3_column_int64(row, 5),
				.why = sqlite_text(row, 6),
				.state = state };

			*status = fn(user, &run);
		}
	}
	return sqlite_done(row, code);
}

int
sqlite_runs(struct store *store, const char *name, store_run_fn fn, void *user)
{
	int status = 0;
	int64_t id;
	int code = give_newest(store, name, fn, user, &id, &status);
	sqlite3_stmt *row;

	if (code == SQLITE_OK && id == 0)
		return rules_no_such_job(store->error, name);
	if (code != SQLITE_OK || status != 0)
		return status != 0 ? status : sqlite_trouble(store, code, "read");
	row = sqlite_start(store, SQL_RUNS, &code, "i", id);
	while (row != NULL && status == 0 && (code = sqlite3_step(row)) == SQLITE_ROW) {
		struct store_run run = { .attempt = (uint32_t)sqlite3_column_int64(row, 0),
			.taker = sqlite_text(row, 1),
			.state = sqlite3_column_int(row, 2),
			.began_ms = sqlite3_column_int64(row, 3),
			.ended_ms = sqlite3_column_int64(row, 4),
			.why = sqlite_text(row, 5) };

		status = fn(user, &run);
	}
	code = sqlite_done(row, code);
	return status != 0 || code == SQLITE_OK ? status : sqlite_trouble(store, code, "read");
}
