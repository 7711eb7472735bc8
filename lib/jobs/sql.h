/*
 * What the databases have alike: the columns in which jobs and attempts are read, in this order.  Each database
 * says how one column is read; which column is what is said here only.
 */
#ifndef JOBS_SQL_H
#define JOBS_SQL_H

#include "jobs/store.h"

/* A row; that of a database begins with it.  NULL is 0, "", or no bytes. */
struct sql_row {
	int (*is_null)(const struct sql_row *row, int column);
	int64_t (*number)(const struct sql_row *row, int column);
	const char *(*text)(const struct sql_row *row, int column);
	/* With a NUL behind them; never NULL. */
	const void *(*bytes)(const struct sql_row *row, int column, size_t *size);
};

#define SQL_JOB_COLUMNS \
	"id, item, name, state, attempt, failures, kills, failed_retries, killed_retries, requires," \
	" began, ended, why, has_payload, max_takers, tends"
#define SQL_STATE 3
#define SQL_HAS_PAYLOAD 13
#define SQL_BEHIND_JOB 16 /* the column behind those */

/* What a holder is told; the rest it knows. */
#define SQL_TAKEN_COLUMNS "id, item, name, attempt, kills, requires, max_takers"
#define SQL_BEHIND_TAKEN 7

#define SQL_ENDING_COLUMNS \
	"state, taker, attempt, failures, kills, failed_retries, killed_retries, began, again," \
	" max_takers, tends"

/* What is needed of a job that ends. */
struct sql_ending {
	struct store_job job;
	int64_t taker;
	int again;
};

typedef void (*sql_read_fn)(const struct sql_row *row, struct store_job *job);

void sql_read_job(const struct sql_row *row, struct store_job *job);

/* Of one that was claimed just now, by a taker of this name. */
void sql_read_taken(const struct sql_row *row, const char *taker, struct store_job *job);

/* A row for people: behind those of a job payload, taker, awaited, its state, fingerprint, what it comes after, range. */
void sql_read_shown(const struct sql_row *row, struct store_job *job);

void sql_read_payload(const struct sql_row *row, int column, struct store_job *job);
void sql_read_fingerprint(const struct sql_row *row, int column, struct store_job *job);

void sql_read_ending(const struct sql_row *row, int64_t id, struct sql_ending *ending);

/* An attempt: attempt, taker, state, began, ended, why. */
void sql_read_run(const struct sql_row *row, struct store_run *run);

/*
 * The newest attempt lies in the row of its job, while that has not gone on: id, state, attempt, taker, began,
 * ended, why, max_takers.  0: it does not.
 */
int sql_read_newest(const struct sql_row *row, struct store_run *run);

#endif
