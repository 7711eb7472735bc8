/* What the databases have alike: the columns of a job in the order in which their rows are read. */
#ifndef JOBS_SQL_H
#define JOBS_SQL_H

#define SQL_JOB_COLUMNS \
	"id, item, name, state, attempt, failures, kills, failed_retries, killed_retries, requires," \
	" began, ended, why, has_payload, max_takers, tends"

#endif
