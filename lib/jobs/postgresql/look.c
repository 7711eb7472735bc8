/* What a list consists of: read as it is at that moment, without a lock. */
#include <orderly/jobs.h>

#include "jobs/postgresql/postgres.h"
#include "jobs/rules.h"

int
postgres_outlook(struct store *store, struct store_outlook *outlook)
{
	PGresult *row;
	int status =
		postgres_ask(store, &row, PG_OUTLOOK, "it", store->self.id, store->self.labels);

	*outlook = (struct store_outlook){ 0 };
	if (status != 0)
		return status;
	outlook->waiting = postgres_int(row, 0, 0) != 0;
	outlook->foreign = postgres_int(row, 0, 1) != 0 && !outlook->waiting;
	outlook->running_own = postgres_int(row, 0, 2) != 0;
	outlook->running_other = postgres_int(row, 0, 3) != 0;
	outlook->blocked = postgres_int(row, 0, 4) != 0;
	outlook->bad = postgres_int(row, 0, 5) != 0;
	PQclear(row);
	return 0;
}

int
postgres_counts(struct store *store, uint64_t counts[8])
{
	PGresult *rows;
	int status = postgres_ask(store, &rows, PG_COUNTS, "");

	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		int64_t state = postgres_int(rows, i, 0);

		if (state > 0 && state < 8)
			counts[state] = (uint64_t)postgres_int(rows, i, 1);
	}
	PQclear(rows);
	return status;
}

int
postgres_give_rows(PGresult *rows, sql_read_fn read, int64_t *behind, store_job_fn fn, void *user)
{
	int status = 0;

	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		struct postgres_row row = postgres_row(rows, i);
		struct store_job job;

		read(&row.is, &job);
		*behind = job.id;
		status = fn(user, &job);
	}
	PQclear(rows);
	return status;
}

/* In pieces, so that a long list needs little memory: a job that changes meanwhile is shown as it was or as it is. */
int
postgres_each(struct store *store, uint32_t states, store_job_fn fn, void *user)
{
	int64_t behind = 0;
	int status = 0, n = 1;

	while (status == 0 && n != 0) {
		PGresult *rows;

		status = postgres_ask(store, &rows, PG_EACH, "ii", behind, (int64_t)states);
		n = status == 0 ? PQntuples(rows) : 0;
		if (status == 0)
			status = postgres_give_rows(rows, sql_read_shown, &behind, fn, user);
	}
	return status;
}

int
postgres_runs(struct store *store, const char *name, store_run_fn fn, void *user)
{
	PGresult *rows;
	int64_t id = 0;
	int status = postgres_ask(store, &rows, PG_FIND, "t", name);
	struct postgres_row row = postgres_row(rows, 0);
	struct store_run run;

	if (status == 0 && PQntuples(rows) == 0)
		status = rules_no_such_job(store->error, name);
	if (status == 0) {
		id = postgres_int(rows, 0, 0);
		if (sql_read_newest(&row.is, &run))
			status = fn(user, &run);
	}
	PQclear(rows);
	if (status != 0)
		return status;
	status = postgres_ask(store, &rows, PG_RUNS, "i", id);
	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		row = postgres_row(rows, i);
		sql_read_run(&row.is, &run);
		status = fn(user, &run);
	}
	PQclear(rows);
	return status;
}
