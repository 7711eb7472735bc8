/*
 * Jobs that are added, and changes to many.  What is all new is added beside takers
 * that go on, by one after the other; all else while nobody else changes the list.
 */
#include <string.h>

#include <orderly/jobs.h>

#include "base/memory.h"
#include "jobs/postgresql/postgres.h"
#include "jobs/rules.h"

#define SLOW 2 /* what is added is not all new: to be done alone */

/* --- adding --- */

struct addition {
	const struct store_job *jobs;
	size_t count;
	uint64_t added;
	int alone; /* may it touch what is there? */
};

/* Is it another version than what is there? */
static int
is_changed(struct store *store, int64_t id, const struct store_job *new, int *changed)
{
	struct store_job there = { 0 };
	PGresult *result;
	int status = postgres_ask(store, &result, PG_CONTENT, "i", id);
	struct postgres_row row = postgres_row(result, 0);

	if (status == 0 && PQntuples(result) != 0) {
		sql_read_payload(&row.is, 0, &there);
		sql_read_fingerprint(&row.is, 1, &there);
	}
	if (status == 0)
		*changed = rules_is_changed(&there, new);
	PQclear(result);
	return status;
}

/* The types of payload and fingerprint: NULL where there is none. */
static void
put_bytes(struct pipe *pipe, enum pg which, int64_t id, const struct store_job *job)
{
	if (job->payload_size == 0)
		pipe_put(pipe, which, "inb", id, job->fingerprint, job->fingerprint_size);
	else if (job->fingerprint == NULL)
		pipe_put(pipe, which, "ibn", id, job->payload, job->payload_size);
	else
		pipe_put(pipe, which, "ibb", id, job->payload, job->payload_size, job->fingerprint,
			job->fingerprint_size);
}

static int
replace_job(struct store *store, const struct store_job *job, uint64_t *added)
{
	struct pipe pipe;
	int64_t id = 0;
	int state = 0, changed = 0;
	PGresult *row;
	int status = postgres_ask(store, &row, PG_FIND, "t", job->name);

	if (status == 0 && PQntuples(row) != 0) {
		id = postgres_int(row, 0, 0);
		state = (int)postgres_int(row, 0, 1);
	}
	PQclear(row);
	if (status == 0)
		status = is_changed(store, id, job, &changed);
	if (status != 0 || !changed)
		return status;
	*added += 1;
	pipe.n = 0;
	if (job->payload_size == 0 && job->fingerprint == NULL)
		pipe_put(&pipe, PG_DROP_CONTENT, "i", id);
	else
		put_bytes(&pipe, PG_PUT_CONTENT, id, job);
	pipe_put(&pipe, PG_CHANGE_JOB, "iti", id, job->payload_size != 0 ? "true" : "false",
		(int64_t)job->state);
	if (state == ORD_JOB_DONE && job->state != ORD_JOB_DONE)
		pipe_put(&pipe, PG_BLOCK_BEHIND, "i", id);
	status = pipe_go(store, &pipe);
	pipe_clear(&pipe);
	if (status != 0 || state == ORD_JOB_RUNNING)
		return status;
	if (job->state == ORD_JOB_DONE)
		return postgres_settle_done(store, id);
	return job->state == ORD_JOB_WAITING ? postgres_await_next(store, id, 0) : status;
}

/* What it comes after. */
static int
put_deps(struct store *store, int64_t id, const struct store_job *job)
{
	struct pipe pipe;
	int status = 0;

	for (size_t begun = 0; status == 0 && begun < job->n_after; begun += POSTGRES_PIPE) {
		pipe.n = 0;
		for (size_t i = begun; i < job->n_after && pipe.n < POSTGRES_PIPE; i++)
			pipe_put(&pipe, PG_PUT_DEP, "it", id, job->after[i]);
		status = pipe_go(store, &pipe);
		for (int i = 0; status == 0 && i < pipe.n; i++)
			if (PQntuples(pipe.queries[i].result) == 0)
				status = rules_no_dependency(
					store->error, job->name, job->after[begun + (size_t)i]);
		pipe_clear(&pipe);
	}
	return status == 0 && job->n_after != 0 && job->state == ORD_JOB_WAITING
		? postgres_await_next(store, id, 0)
		: status;
}

/* What another list knew of its last attempt; who had it there has left, as this list sees it. */
static int
put_past(struct store *store, int64_t id, const struct store_job *job)
{
	int status = 0;

	if (*job->taker == '\0' && job->began_ms == 0 && job->ended_ms == 0 && job->failures == 0)
		return 0;
	if (*job->taker != '\0')
		status = postgres_run(store, PG_PUT_PAST_TAKER, "t", job->taker);
	if (status != 0)
		return status;
	return postgres_run(store, PG_PUT_PAST, "iiiit", id, job->began_ms, job->ended_ms,
		(int64_t)job->failures, job->taker);
}

static void
put_new(struct pipe *pipe, const struct store_job *job)
{
	const char *requires = *job->requires != '\0' ? job->requires : NULL;
	int n = pipe->n;

	pipe_put(pipe, PG_PUT_JOB, "ttnnnniiiint", job->name, requires, (int64_t)job->state,
		(int64_t)job->max_takers, (int64_t)job->attempt, (int64_t)job->kills,
		*job->why != '\0' ? job->why : NULL);
	if (job->item >= 0)
		pipe_set(pipe, n, 10, job->item);
	for (int i = 0; i < 2; i++) {
		int64_t retries = i == 0 ? job->failed_retries : job->killed_retries;

		if (retries >= 0)
			pipe_set(pipe, n, 2 + i, retries);
	}
	if (job->payload_size != 0)
		pipe_set_bytes(pipe, n, 4, job->payload, job->payload_size);
	if (job->fingerprint != NULL)
		pipe_set_bytes(pipe, n, 5, job->fingerprint, job->fingerprint_size);
}

/* As many as fit into one round trip. */
static int
add_some(struct store *store, struct addition *addition, size_t begun)
{
	int64_t ids[POSTGRES_PIPE] = { 0 };
	struct pipe pipe;
	int status, n = 0;

	pipe.n = 0;
	for (size_t i = begun; i < addition->count && pipe.n < POSTGRES_PIPE; i++)
		put_new(&pipe, &addition->jobs[i]);
	status = pipe_go(store, &pipe);
	for (; status == 0 && n < pipe.n; n++)
		if (PQntuples(pipe.queries[n].result) != 0)
			ids[n] = postgres_int(pipe.queries[n].result, 0, 0);
	pipe_clear(&pipe);
	for (int i = 0; status == 0 && i < n; i++) {
		const struct store_job *job = &addition->jobs[begun + (size_t)i];

		if (!addition->alone && (ids[i] == 0 || job->n_after != 0))
			return SLOW;
		if (ids[i] == 0)
			status = replace_job(store, job, &addition->added);
		else
			status = put_past(store, ids[i], job);
		if (status == 0 && ids[i] != 0)
			status = put_deps(store, ids[i], job);
		addition->added += ids[i] != 0;
	}
	return status;
}

static int
tell_others(struct store *store)
{
	return postgres_run(store, PG_NOTIFY, "ti", SERVER_OF(store)->schema, store->self.id);
}

/* The list is one range, or none. */
static int
put_range(struct store *store, const struct addition *addition)
{
	int64_t is = -2;
	int status = 0;

	for (size_t i = 0; status == 0 && i < addition->count; i++) {
		int64_t range = (int64_t)addition->jobs[i].range;

		if (range == 0)
			continue;
		if (is == -2)
			status = postgres_number(store, PG_GET_RANGE, -1, &is, "");
		if (status == 0 && is == -1) {
			is = range;
			status = postgres_run(store, PG_PUT_RANGE, "i", is);
		}
		if (status == 0 && is != range)
			status = rules_size_mismatch(store->error, (uint64_t)is, (uint64_t)range);
	}
	return status;
}

static int
add_all(struct store *store, void *user)
{
	struct addition *addition = user;
	int status = put_range(store, addition);

	addition->added = 0;
	for (size_t i = 0; status == 0 && i < addition->count; i += POSTGRES_PIPE)
		status = add_some(store, addition, i);
	return status == 0 && addition->added != 0 ? tell_others(store) : status;
}

int
postgres_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now)
{
	struct addition addition = { jobs, count, 0, 0 };
	int status;

	(void)now;
	for (size_t i = 0; i < count && !addition.alone; i++)
		addition.alone = jobs[i].n_after != 0 || jobs[i].range != 0;
	status = addition.alone ? SLOW
				: postgres_transact(store, POSTGRES_ADDING, add_all, &addition);
	if (status == SLOW) {
		addition.alone = 1;
		status = postgres_transact(store, POSTGRES_EXCLUSIVE, add_all, &addition);
	}
	*added = addition.added;
	return status;
}

static int
add_range(struct store *store, void *user)
{
	const uint64_t *count = user;
	struct pipe pipe;
	int64_t is;
	int status = postgres_number(store, PG_GET_RANGE, -1, &is, "");

	if (status == 0 && is >= 0 && (uint64_t)is != *count)
		return rules_size_mismatch(store->error, (uint64_t)is, *count);
	if (status != 0 || is >= 0)
		return status;
	pipe.n = 0;
	pipe_put(&pipe, PG_RANGE_JOBS, "i", (int64_t)*count);
	pipe_put(&pipe, PG_PUT_RANGE, "i", (int64_t)*count);
	pipe_put(&pipe, PG_NOTIFY, "ti", SERVER_OF(store)->schema, store->self.id);
	status = pipe_go(store, &pipe);
	for (int i = 0; i < pipe.n; i++) {
		const char *code = PQresultErrorField(pipe.queries[i].result, PG_DIAG_SQLSTATE);

		if (code != NULL && strcmp(code, "23505") == 0)
			status = rules_numbers_are_taken(store->error);
	}
	pipe_clear(&pipe);
	return status;
}

int
postgres_add_range(struct store *store, uint64_t count, int64_t now)
{
	(void)now;
	return postgres_transact(store, POSTGRES_EXCLUSIVE, add_range, &count);
}

/* --- many at once --- */

static int
retry_job(struct store *store, const struct sql_ending *ending)
{
	int status = 0;

	/* What a retry has passed over is history. */
	if (ending->job.state != ORD_JOB_CANCELED && ending->job.max_takers == 1)
		status = postgres_keep_run(store, ending, ending->job.state, NULL);
	if (status == 0)
		status = postgres_run(store, PG_RETRY, "i", ending->job.id);
	return status == 0 ? postgres_await_next(store, ending->job.id, 0) : status;
}

/* Retry it, or take it from who holds it; *n: was it so? */
static int
change_job(struct store *store, const struct store_change *change, int64_t id, uint64_t *n)
{
	const char *why = change->kind == STORE_REQUEUE ? "taken away" : "canceled";
	struct sql_ending ending;
	int status = postgres_read_ending(store, id, &ending);

	*n = 1;
	if (status != 0)
		return status;
	if (change->kind == STORE_RETRY)
		return retry_job(store, &ending);
	if (ending.job.max_takers == 1)
		return postgres_end_row(store, &ending, STORE_BACK, why);
	status = postgres_end_shares(store, id, 0,
		change->kind == STORE_REQUEUE ? change->taker : NULL, STORE_BACK, why, n);
	/* The last of several holders may have left it done, which freed what comes behind it. */
	return status == 0 && change->kind == STORE_CANCEL
		? postgres_run(store, PG_BLOCK_BEHIND, "i", id)
		: status;
}

/* One statement for many. */
static int
change_many(struct store *store, struct store_change *change, const int64_t *ids, size_t n)
{
	char *array = postgres_array(ids, n);
	int64_t gone = 0;
	int status;

	if (array == NULL)
		return error_memory(store->error);
	if (change->kind == STORE_CANCEL)
		status = postgres_run(store, PG_CANCEL, "t", array);
	else
		status = postgres_number(store, PG_CLEAR, 0, &gone, "t", array);
	memory_free(array);
	change->count += change->kind == STORE_CANCEL ? n : (uint64_t)gone;
	return status;
}

/* Up to so many rows behind an id. */
static int
change_some(struct store *store, struct store_change *change, const PGresult *rows)
{
	int64_t ids[1000];
	size_t n = 0;
	int status = 0;

	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		int state = (int)postgres_int(rows, i, 1);
		int64_t id = postgres_int(rows, i, 0);
		uint64_t changed = 0;

		/* Of several holders each is looked at when it is taken away. */
		if (!rules_is_meant(change, state, postgres_string(rows, i, 2),
			    postgres_int(rows, i, 4) > 1 && change->taker != NULL
				    ? change->taker
				    : postgres_string(rows, i, 3)))
			continue;
		if (change->kind == STORE_CLEAR || change->kind == STORE_CANCEL)
			ids[n++] = id;
		if (change->kind != STORE_CLEAR &&
			(change->kind != STORE_CANCEL || state == ORD_JOB_RUNNING))
			status = change_job(store, change, id, &changed);
		if (change->kind == STORE_RETRY || change->kind == STORE_REQUEUE)
			change->count += changed != 0;
	}
	return status == 0 && n != 0 ? change_many(store, change, ids, n) : status;
}

static int
change_all(struct store *store, void *user)
{
	struct store_change *change = user;
	int64_t behind = 0, empty = 0;
	int status = 0, n = 1;

	change->count = 0;
	SERVER_OF(store)->floor = 0;
	while (status == 0 && n != 0) {
		PGresult *rows;

		status = postgres_ask(store, &rows, PG_JOBS_BEHIND, "i", behind);
		n = status == 0 ? PQntuples(rows) : 0;
		if (n != 0) {
			behind = postgres_int(rows, n - 1, 0);
			status = change_some(store, change, rows);
		}
		PQclear(rows);
	}
	if (status == 0 && change->kind == STORE_CLEAR)
		status = postgres_number(store, PG_IS_EMPTY, 0, &empty, "");
	if (status == 0 && empty)
		status = postgres_run(store, PG_DROP_RANGE, "");
	return status == 0 && change->count != 0 ? tell_others(store) : status;
}

int
postgres_change(struct store *store, struct store_change *change, int64_t now)
{
	(void)now;
	return postgres_transact(store, POSTGRES_EXCLUSIVE, change_all, change);
}
