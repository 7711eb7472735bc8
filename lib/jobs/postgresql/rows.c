/*
 * What becomes of jobs: ends, and what they let go.  It happens while nobody else
 * changes the list; then rows are read and written like in a program that is alone.
 */
#include <string.h>

#include <orderly/jobs.h>

#include "jobs/postgresql/postgres.h"
#include "jobs/rules.h"

void
postgres_lower_floor(struct store *store, int64_t job)
{
	struct server *server = SERVER_OF(store);

	if (server->floor > job)
		server->floor = job;
}

/* --- what comes behind a job --- */

int
postgres_await_next(struct store *store, int64_t job, int64_t behind)
{
	int64_t next;
	int status = postgres_number(store, PG_NEXT_AWAITED, 0, &next, "ii", job, behind);

	/* Those before it may have been taken back meanwhile. */
	if (status == 0 && next == 0 && behind != 0)
		status = postgres_number(store, PG_NEXT_AWAITED, 0, &next, "ii", job, (int64_t)0);
	if (status != 0)
		return status;
	if (next == 0)
		postgres_lower_floor(store, job);
	return next == 0 ? postgres_run(store, PG_SET_AWAITED, "in", job)
			 : postgres_run(store, PG_SET_AWAITED, "ii", job, next);
}

int
postgres_settle_done(struct store *store, int64_t job)
{
	PGresult *rows;
	int status = postgres_ask(store, &rows, PG_AWAITING, "i", job);

	for (int i = 0; status == 0 && i < PQntuples(rows); i++)
		status = postgres_await_next(store, postgres_int(rows, i, 0), job);
	PQclear(rows);
	return status;
}

/* --- ends --- */

int
postgres_read_ending(struct store *store, int64_t id, struct sql_ending *ending)
{
	PGresult *result;
	int status = postgres_ask(store, &result, PG_GET_ENDING, "i", id);
	struct postgres_row row = postgres_row(result, 0);

	*ending = (struct sql_ending){ 0 };
	if (status == 0 && PQntuples(result) != 0)
		sql_read_ending(&row.is, id, ending);
	PQclear(result);
	return status;
}

/* Bytes that are no UTF-8 have no place in a column of text: '?' stands for them. */
static const char *
readable(const char *why, char *text, size_t size)
{
	size_t used = 0;

	if (why == NULL || *why == '\0')
		return NULL;
	for (const unsigned char *at = (const unsigned char *)why;
		*at != '\0' && used + 5 < size;) {
		size_t length = *at < 0x80          ? 1
			: *at >= 0xc2 && *at < 0xe0 ? 2
			: *at >= 0xe0 && *at < 0xf0 ? 3
			: *at >= 0xf0 && *at < 0xf5 ? 4
						    : 0;
		size_t i = 1;

		while (i < length && (at[i] & 0xc0) == 0x80)
			i++;
		/* Overlong, surrogates, and beyond the last plane. */
		if (i < length || (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
			(*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
			length = 0;
		if (length == 0) {
			text[used++] = '?';
			at++;
			continue;
		}
		memcpy(text + used, at, length);
		used += length;
		at += length;
	}
	text[used] = '\0';
	return text;
}

int
postgres_keep_run(struct store *store, const struct sql_ending *ending, int state, const char *why)
{
	const struct store_job *job = &ending->job;
	int64_t most = (int64_t)store->self.history - 1;
	int status = postgres_run(store, PG_PUT_RUN, "iiiiit", job->id, (int64_t)job->attempt,
		ending->taker, (int64_t)state, job->began_ms, why);

	/* The newest is in the row of the job itself, as a rule. */
	if (status == 0 && job->attempt >= store->self.history)
		status = postgres_run(
			store, PG_PRUNE_RUNS, "ii", job->id, most > 0 ? most : (int64_t)1);
	return status;
}

int
postgres_end_row(struct store *store, const struct sql_ending *ending, int how, const char *why)
{
	struct verdict verdict = rules_end(&ending->job, how, ending->again, 0, &store->self);
	char text[STORE_WHY_MAX + 8];
	const char *said = readable(why, text, sizeof text);
	int64_t id = ending->job.id;
	int status = postgres_run(store, PG_END, "iiiit", id, (int64_t)verdict.state,
		(int64_t)verdict.failures, (int64_t)verdict.kills, said);

	if (status == 0 && verdict.state == ORD_JOB_WAITING) {
		postgres_lower_floor(store, id);
		status = postgres_keep_run(store, ending, verdict.run_state, said);
	}
	if (status == 0 && verdict.state == ORD_JOB_DONE)
		status = postgres_settle_done(store, id);
	return status;
}

int
postgres_end_job(struct store *store, int64_t job, int how, const char *why)
{
	struct sql_ending ending;
	int status = postgres_read_ending(store, job, &ending);

	return status == 0 ? postgres_end_row(store, &ending, how, why) : status;
}

/* --- jobs that may have several holders --- */

/* One of the holders is over: taker and began are its own. */
static int
end_share(struct store *store, struct sql_ending *ending, int how, const char *why)
{
	char text[STORE_WHY_MAX + 8];
	const char *said = readable(why, text, sizeof text);
	int64_t id = ending->job.id, others;
	struct verdict verdict;
	int status = postgres_run(store, PG_DROP_HOLDER, "ii", id, (int64_t)ending->job.attempt);

	if (status == 0)
		status = postgres_number(store, PG_HOLDERS, 0, &others, "i", id);
	if (status != 0)
		return status;
	verdict = rules_end(&ending->job, how, ending->again, (uint64_t)others, &store->self);
	status = postgres_run(store, PG_END_SHARE, "iiiittii", id, (int64_t)verdict.state,
		(int64_t)verdict.failures, (int64_t)verdict.kills,
		others != 0 || verdict.state == ORD_JOB_WAITING ? "true" : "false", said,
		(int64_t)verdict.tends, ending->taker);
	postgres_lower_floor(store, id);
	if (status == 0)
		status = postgres_run(store, PG_SET_OPEN, "i", id);
	if (status == 0)
		status = postgres_keep_run(store, ending, verdict.run_state, said);
	return status == 0 && verdict.state == ORD_JOB_DONE ? postgres_settle_done(store, id)
							    : status;
}

/* The holder of an attempt; *found: it is there. */
static int
read_share(struct store *store, uint32_t attempt, struct sql_ending *ending, int *found)
{
	PGresult *row;
	int status =
		postgres_ask(store, &row, PG_GET_HOLDER, "ii", ending->job.id, (int64_t)attempt);

	*found = status == 0 && PQntuples(row) != 0;
	if (*found) {
		ending->job.attempt = attempt;
		ending->taker = postgres_int(row, 0, 0);
		ending->job.began_ms = postgres_int(row, 0, 1);
	}
	PQclear(row);
	return status;
}

int
postgres_end_shares(struct store *store, int64_t job, int64_t taker, const char *name, int how,
	const char *why, uint64_t *count)
{
	PGresult *rows;
	int status = postgres_ask(store, &rows, PG_HOLDERS_AMONG, "iit", job, taker, name);

	*count = status == 0 ? (uint64_t)PQntuples(rows) : 0;
	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		struct sql_ending ending;
		int found = 0;

		status = postgres_read_ending(store, job, &ending);
		if (status == 0)
			status = read_share(
				store, (uint32_t)postgres_int(rows, i, 0), &ending, &found);
		if (status == 0 && found)
			status = end_share(store, &ending, how, why);
	}
	PQclear(rows);
	return status;
}

/* It is not held any more: was it told already, and the connection lost before the answer? */
static int
ask_history(struct store *store, struct store_end *end)
{
	int64_t told = 0;
	int status = 0;

	/* Others put jobs back, too. */
	if (SERVER_OF(store)->ends_in_doubt && end->kind != STORE_BACK)
		status = postgres_number(store, PG_HAS_RUN, 0, &told, "iiii", end->job,
			(int64_t)end->attempt, store->self.id,
			(int64_t)(end->kind == STORE_DONE ? ORD_JOB_DONE : ORD_JOB_FAILED));
	end->lost = told == 0;
	return status;
}

int
postgres_end_own(struct store *store, struct store_end *end)
{
	struct sql_ending ending;
	int status = postgres_read_ending(store, end->job, &ending), own;

	end->lost = 0;
	if (status != 0)
		return status;
	if (ending.job.max_takers > 1) {
		status = read_share(store, end->attempt, &ending, &own);
		if (status == 0 && own && ending.taker == store->self.id)
			return end_share(store, &ending, (int)end->kind, end->why);
		return status != 0 ? status : ask_history(store, end);
	}
	own = ending.taker == store->self.id && ending.job.attempt == end->attempt;
	if (own && ending.job.state == ORD_JOB_RUNNING)
		return postgres_end_row(store, &ending, (int)end->kind, end->why);
	/* Of the newest attempt the job's own row tells it. */
	if (own && end->kind == STORE_DONE && ending.job.state == ORD_JOB_DONE)
		return 0;
	if (own && end->kind == STORE_FAILED && ending.job.state == ORD_JOB_FAILED &&
		SERVER_OF(store)->ends_in_doubt)
		return 0;
	return ask_history(store, end);
}
