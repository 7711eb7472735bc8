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

int
sqlite_each(struct store *store, uint32_t states, store_job_fn fn, void *user)
{
	int code, status = 0;
	sqlite3_stmt *statement = sqlite_start(store, SQL_EACH, &code, "");
	struct sqlite_row row = sqlite_row(statement);
	struct store_job job;

	while (statement != NULL && status == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		if ((states & ORD_JOB_IN(sqlite3_column_int(statement, SQL_STATE))) == 0)
			continue;
		sql_read_shown(&row.is, &job);
		status = fn(user, &job);
	}
	code = sqlite_done(statement, code);
	return status != 0 || code == SQLITE_OK ? status : sqlite_trouble(store, code, "read");
}

static int
give_newest(struct store *store, const char *name, store_run_fn fn, void *user, int64_t *id,
	int *status)
{
	int code;
	sqlite3_stmt *statement = sqlite_start(store, SQL_FIND, &code, "t", name);
	struct sqlite_row row = sqlite_row(statement);
	struct store_run run;

	*id = 0;
	if (statement != NULL)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		*id = sqlite3_column_int64(statement, 0);
		if (sql_read_newest(&row.is, &run))
			*status = fn(user, &run);
	}
	return sqlite_done(statement, code);
}

int
sqlite_runs(struct store *store, const char *name, store_run_fn fn, void *user)
{
	int status = 0;
	int64_t id;
	int code = give_newest(store, name, fn, user, &id, &status);
	sqlite3_stmt *statement;
	struct sqlite_row row;

	if (code == SQLITE_OK && id == 0)
		return rules_no_such_job(store->error, name);
	if (code != SQLITE_OK || status != 0)
		return status != 0 ? status : sqlite_trouble(store, code, "read");
	statement = sqlite_start(store, SQL_RUNS, &code, "i", id);
	row = sqlite_row(statement);
	while (statement != NULL && status == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW) {
		struct store_run run;

		sql_read_run(&row.is, &run);
		status = fn(user, &run);
	}
	code = sqlite_done(statement, code);
	return status != 0 || code == SQLITE_OK ? status : sqlite_trouble(store, code, "read");
}
