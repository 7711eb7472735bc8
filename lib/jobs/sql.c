/* Rows of databases, read: sql.h has their columns. */
#include "jobs/sql.h"

#include <orderly/jobs.h>

static int64_t
number_or_none(const struct sql_row *row, int column)
{
	return row->is_null(row, column) ? -1 : row->number(row, column);
}

static uint32_t
count(const struct sql_row *row, int column)
{
	return (uint32_t)row->number(row, column);
}

void
sql_read_job(const struct sql_row *row, struct store_job *job)
{
	*job = (struct store_job){ .id = row->number(row, 0),
		.item = number_or_none(row, 1),
		.name = row->text(row, 2),
		.state = (int)row->number(row, 3),
		.attempt = count(row, 4),
		.failures = count(row, 5),
		.kills = count(row, 6),
		.failed_retries = number_or_none(row, 7),
		.killed_retries = number_or_none(row, 8),
		.requires = row->text(row, 9),
		.began_ms = row->number(row, 10),
		.ended_ms = row->number(row, 11),
		.why = row->text(row, 12),
		.max_takers = count(row, 14),
		.tends = (int)row->number(row, 15),
		.payload = "",
		.taker = "",
		.awaits = "" };
}

void
sql_read_taken(const struct sql_row *row, const char *taker, struct store_job *job)
{
	*job = (struct store_job){ .id = row->number(row, 0),
		.item = number_or_none(row, 1),
		.name = row->text(row, 2),
		.attempt = count(row, 3),
		.kills = count(row, 4),
		.requires = row->text(row, 5),
		.max_takers = count(row, 6),
		.state = ORD_JOB_RUNNING,
		.taker = taker,
		.payload = "",
		.why = "",
		.awaits = "" };
}

void
sql_read_payload(const struct sql_row *row, int column, struct store_job *job)
{
	job->payload = row->bytes(row, column, &job->payload_size);
}

void
sql_read_fingerprint(const struct sql_row *row, int column, struct store_job *job)
{
	if (!row->is_null(row, column))
		job->fingerprint = row->bytes(row, column, &job->fingerprint_size);
}

void
sql_read_shown(const struct sql_row *row, struct store_job *job)
{
	sql_read_job(row, job);
	sql_read_payload(row, SQL_BEHIND_JOB, job);
	job->taker = row->text(row, SQL_BEHIND_JOB + 1);
	job->awaits = row->text(row, SQL_BEHIND_JOB + 2);
	job->awaits_state = (int)row->number(row, SQL_BEHIND_JOB + 3);
	sql_read_fingerprint(row, SQL_BEHIND_JOB + 4, job);
	job->comes_after = row->text(row, SQL_BEHIND_JOB + 5);
	job->range = job->item >= 0 ? (uint64_t)row->number(row, SQL_BEHIND_JOB + 6) : 0;
}

void
sql_read_ending(const struct sql_row *row, int64_t id, struct sql_ending *ending)
{
	*ending = (struct sql_ending){ .taker = row->number(row, 1),
		.again = row->number(row, 8) != 0,
		.job = { .id = id,
			.state = (int)row->number(row, 0),
			.attempt = count(row, 2),
			.failures = count(row, 3),
			.kills = count(row, 4),
			.failed_retries = number_or_none(row, 5),
			.killed_retries = number_or_none(row, 6),
			.began_ms = row->number(row, 7),
			.max_takers = count(row, 9),
			.tends = (int)row->number(row, 10) } };
}

void
sql_read_run(const struct sql_row *row, struct store_run *run)
{
	*run = (struct store_run){ .attempt = count(row, 0),
		.taker = row->text(row, 1),
		.state = (int)row->number(row, 2),
		.began_ms = row->number(row, 3),
		.ended_ms = row->number(row, 4),
		.why = row->text(row, 5) };
}

int
sql_read_newest(const struct sql_row *row, struct store_run *run)
{
	*run = (struct store_run){ .state = (int)row->number(row, 1),
		.attempt = count(row, 2),
		.taker = row->text(row, 3),
		.began_ms = row->number(row, 4),
		.ended_ms = row->number(row, 5),
		.why = row->text(row, 6) };
	/* Of one with several holders all of them lie with the older attempts. */
	return count(row, 7) == 1 &&
		(run->state == ORD_JOB_RUNNING || run->state == ORD_JOB_DONE ||
			run->state == ORD_JOB_FAILED || run->state == ORD_JOB_KILLED);
}
