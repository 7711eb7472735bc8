/* What becomes of jobs, inside a transaction: ends, what they let go, jobs that are added, changes to many. */
#include "jobs/sqlite/sqlite.h"

#include <orderly/jobs.h>

#include "jobs/rules.h"

/* --- what comes behind a job --- */

/* A blocked job waits for the next of those that it comes after, or no more. */
static int
await_next(struct store *store, int64_t job, int64_t behind)
{
	int64_t next;
	int code = sqlite_number(store, SQL_NEXT_AWAITED, 0, &next, "ii", job, behind);

	/* Those before it may have been taken back meanwhile. */
	if (code == SQLITE_OK && next == 0 && behind != 0)
		code = sqlite_number(store, SQL_NEXT_AWAITED, 0, &next, "ii", job, (int64_t)0);
	if (code != SQLITE_OK)
		return code;
	return next == 0 ? sqlite_run(store, SQL_SET_AWAITED, "in", job)
			 : sqlite_run(store, SQL_SET_AWAITED, "ii", job, next);
}

int
sqlite_settle_done(struct store *store, int64_t job)
{
	int64_t blocked;

	for (;;) {
		int code = sqlite_number(store, SQL_AWAITING, 0, &blocked, "i", job);

		if (code != SQLITE_OK || blocked == 0)
			return code;
		code = await_next(store, blocked, job);
		if (code != SQLITE_OK)
			return code;
	}
}

int
sqlite_settle_undone(struct store *store, int64_t job)
{
	return sqlite_run(store, SQL_BLOCK_BEHIND, "i", job);
}

/* A job that waits from now on, unless it comes after something. */
static int
settle_waiting(struct store *store, int64_t job)
{
	return await_next(store, job, 0);
}

/* --- ends --- */

static int
read_ending(struct store *store, int64_t id, struct sql_ending *ending)
{
	int code;
	sqlite3_stmt *statement = sqlite_start(store, SQL_GET_ENDING, &code, "i", id);
	struct sqlite_row row = sqlite_row(statement);

	*ending = (struct sql_ending){ 0 };
	if (statement != NULL)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		sql_read_ending(&row.is, id, ending);
	return sqlite_done(statement, code);
}

/* Keep the last attempt, and no more than so many. */
static int
keep_run(struct store *store, const struct sql_ending *ending, int state, const char *why,
	int64_t now)
{
	const struct store_job *job = &ending->job;
	int code = sqlite_run(store, SQL_PUT_RUN, "iiiiiit", job->id, (int64_t)job->attempt,
		ending->taker, (int64_t)state, job->began_ms, now, why);

	/* The newest is in the row of the job itself, as a rule. */
	if (code == SQLITE_OK && job->attempt >= store->self.history)
		code = sqlite_run(store, SQL_PRUNE_RUNS, "ii", job->id,
			(int64_t)store->self.history - 1 > 0 ? (int64_t)store->self.history - 1
							     : (int64_t)1);
	return code;
}

static int
end_row(struct store *store, const struct sql_ending *ending, int how, const char *why, int64_t now)
{
	struct verdict verdict = rules_end(&ending->job, how, ending->again, 0, &store->self);
	int64_t id = ending->job.id;
	int waits = verdict.state == ORD_JOB_WAITING;
	int code = sqlite_run(store, SQL_END, "iiiiit", id, (int64_t)verdict.state,
		(int64_t)verdict.failures, (int64_t)verdict.kills, waits ? (int64_t)0 : now,
		why != NULL && *why != '\0' ? why : NULL);

	if (code == SQLITE_OK && waits)
		code = keep_run(store, ending, verdict.run_state, why, now);
	if (code == SQLITE_OK && verdict.state == ORD_JOB_DONE)
		code = sqlite_settle_done(store, id);
	return code;
}

/* --- jobs that may have several holders --- */

int
sqlite_join(struct store *store, const struct store_job *job, int64_t now)
{
	int code = sqlite_run(
		store, SQL_PUT_HOLDER, "iiii", job->id, (int64_t)job->attempt, store->self.id, now);

	return code == SQLITE_OK ? sqlite_run(store, SQL_SET_OPEN, "i", job->id) : code;
}

/* One of the holders is over: taker and began are its own. */
static int
end_share(struct store *store, struct sql_ending *ending, int how, const char *why, int64_t now)
{
	int64_t id = ending->job.id, others;
	const char *reason = why != NULL && *why != '\0' ? why : NULL;
	struct verdict verdict;
	int code = sqlite_run(store, SQL_DROP_HOLDER, "ii", id, (int64_t)ending->job.attempt);

	if (code == SQLITE_OK)
		code = sqlite_number(store, SQL_HOLDERS, 0, &others, "i", id);
	if (code != SQLITE_OK)
		return code;
	verdict = rules_end(&ending->job, how, ending->again, (uint64_t)others, &store->self);
	code = sqlite_run(store, SQL_END_SHARE, "iiiiitii", id, (int64_t)verdict.state,
		(int64_t)verdict.failures, (int64_t)verdict.kills,
		others != 0 || verdict.state == ORD_JOB_WAITING ? (int64_t)0 : now, reason,
		(int64_t)verdict.tends, ending->taker);
	if (code == SQLITE_OK)
		code = sqlite_run(store, SQL_SET_OPEN, "i", id);
	if (code == SQLITE_OK)
		code = keep_run(store, ending, verdict.run_state, why, now);
	if (code == SQLITE_OK && verdict.state == ORD_JOB_DONE)
		code = sqlite_settle_done(store, id);
	return code;
}

/* The holder of an attempt; *found: it is there. */
static int
read_share(struct store *store, uint32_t attempt, struct sql_ending *ending, int *found)
{
	int code;
	sqlite3_stmt *row =
		sqlite_start(store, SQL_GET_HOLDER, &code, "ii", ending->job.id, (int64_t)attempt);

	*found = 0;
	if (row != NULL)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		*found = 1;
		ending->job.attempt = attempt;
		ending->taker = sqlite3_column_int64(row, 0);
		ending->job.began_ms = sqlite3_column_int64(row, 1);
	}
	return sqlite_done(row, code);
}

int
sqlite_end_shares(struct store *store, int64_t job, const struct share *whose, uint64_t *count)
{
	for (*count = 0;; *count += 1) {
		struct sql_ending ending;
		int64_t attempt;
		int found,
			code = sqlite_number(store, SQL_HOLDER_AMONG, 0, &attempt, "iit", job,
				whose->taker, whose->name);

		if (code != SQLITE_OK || attempt == 0)
			return code;
		code = read_ending(store, job, &ending);
		if (code == SQLITE_OK)
			code = read_share(store, (uint32_t)attempt, &ending, &found);
		if (code == SQLITE_OK)
			code = end_share(store, &ending, whose->how, whose->why, whose->now);
		if (code != SQLITE_OK)
			return code;
	}
}

int
sqlite_end_job(struct store *store, int64_t job, int how, const char *why, int64_t now)
{
	struct sql_ending ending;
	int code = read_ending(store, job, &ending);

	return code == SQLITE_OK ? end_row(store, &ending, how, why, now) : code;
}

int
sqlite_end_own(struct store *store, struct store_end *end, int blocked, int64_t now)
{
	struct database *database = DATABASE_OF(store);
	struct sql_ending ending;
	int code = SQLITE_OK, found;

	end->lost = 0;
	if (end->kind == STORE_DONE) {
		code = sqlite_run(store, SQL_DONE, "iiii", end->job, store->self.id,
			(int64_t)end->attempt, now);
		if (code == SQLITE_OK && sqlite3_changes(database->handle) == 1)
			return blocked ? sqlite_settle_done(store, end->job) : SQLITE_OK;
	}
	if (code == SQLITE_OK)
		code = read_ending(store, end->job, &ending);
	if (code != SQLITE_OK)
		return code;
	if (ending.job.max_takers > 1) {
		code = read_share(store, end->attempt, &ending, &found);
		end->lost = !found || ending.taker != store->self.id;
		return code != SQLITE_OK || end->lost
			? code
			: end_share(store, &ending, (int)end->kind, end->why, now);
	}
	end->lost = ending.job.state != ORD_JOB_RUNNING || ending.taker != store->self.id ||
		ending.job.attempt != end->attempt;
	if (end->lost)
		return SQLITE_OK;
	return end_row(store, &ending, (int)end->kind, end->why, now);
}

/* --- adding --- */

/* Is it another version than what is there? */
static int
is_changed(struct store *store, int64_t id, const struct store_job *new, int *changed)
{
	struct store_job there = { 0 };
	int code;
	sqlite3_stmt *statement = sqlite_start(store, SQL_CONTENT, &code, "i", id);
	struct sqlite_row row = sqlite_row(statement);

	if (statement != NULL)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW) {
		sql_read_payload(&row.is, 0, &there);
		sql_read_fingerprint(&row.is, 1, &there);
	}
	*changed = rules_is_changed(&there, new);
	return sqlite_done(statement, code);
}

/* Only jobs with bytes have a row for them. */
static int
put_content(struct store *store, int64_t id, const struct store_job *job)
{
	if (job->payload_size == 0 && job->fingerprint == NULL)
		return sqlite_run(store, SQL_DROP_CONTENT, "i", id);
	if (job->fingerprint == NULL)
		return sqlite_run(
			store, SQL_PUT_CONTENT, "ibn", id, job->payload, job->payload_size);
	return sqlite_run(store, SQL_PUT_CONTENT, "ibb", id,
		job->payload != NULL ? job->payload : "", job->payload_size, job->fingerprint,
		job->fingerprint_size);
}

static int
replace_job(struct store *store, int64_t id, int old_state, const struct store_job *job,
	uint64_t *added, int64_t now)
{
	int changed, code = is_changed(store, id, job, &changed);

	if (code != SQLITE_OK || !changed)
		return code;
	*added += 1;
	code = put_content(store, id, job);
	if (code == SQLITE_OK)
		code = sqlite_run(store, SQL_CHANGE_JOB, "iiii", id,
			(int64_t)(job->payload_size != 0), (int64_t)job->state, now);
	if (code != SQLITE_OK || old_state == ORD_JOB_RUNNING)
		return code;
	if (job->state == ORD_JOB_DONE)
		return sqlite_settle_done(store, id);
	if (old_state == ORD_JOB_DONE)
		code = sqlite_settle_undone(store, id);
	if (code == SQLITE_OK && job->state == ORD_JOB_WAITING)
		code = settle_waiting(store, id);
	return code;
}

/* What it comes after.  *status: one of them is not there. */
static int
put_deps(struct store *store, int64_t id, const struct store_job *job, int *status)
{
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < job->n_after; i++) {
		int64_t needs;

		code = sqlite_number(store, SQL_FIND, 0, &needs, "t", job->after[i]);
		if (code == SQLITE_OK && (needs == 0 || needs == id))
			*status = rules_no_dependency(store->error, job->name, job->after[i]);
		if (*status != 0)
			return code;
		if (code == SQLITE_OK)
			code = sqlite_run(store, SQL_PUT_DEP, "it", id, job->after[i]);
	}
	return code == SQLITE_OK && job->n_after != 0 && job->state == ORD_JOB_WAITING
		? settle_waiting(store, id)
		: code;
}

/* What another list knew of its last attempt; who had it there has left, as this list sees it. */
static int
put_past(struct store *store, int64_t id, const struct store_job *job, int64_t now)
{
	int code = SQLITE_OK;

	if (*job->taker == '\0' && job->began_ms == 0 && job->ended_ms == 0 && job->failures == 0)
		return code;
	if (*job->taker != '\0')
		code = sqlite_run(store, SQL_PUT_PAST_TAKER, "ti", job->taker, now);
	if (code != SQLITE_OK)
		return code;
	return sqlite_run(store, SQL_PUT_PAST, "iiiit", id, job->began_ms, job->ended_ms,
		(int64_t)job->failures, job->taker);
}

static int
put_job(struct store *store, const struct store_job *job, int64_t now, int *status)
{
	int64_t id;
	int code;
	sqlite3_stmt *row = sqlite_start(store, SQL_PUT_JOB, &code, "tt", job->name,
		*job->requires != '\0' ? job->requires : NULL);

	if (row != NULL) {
		if (job->failed_retries >= 0)
			sqlite3_bind_int64(row, 3, job->failed_retries);
		if (job->killed_retries >= 0)
			sqlite3_bind_int64(row, 4, job->killed_retries);
		sqlite3_bind_int64(row, 5, job->payload_size != 0);
		sqlite3_bind_int64(row, 6, job->max_takers);
		sqlite3_bind_int64(row, 7, job->state);
		sqlite3_bind_int64(row, 8, job->state != ORD_JOB_WAITING ? now : 0);
		sqlite3_bind_int64(row, 9, job->attempt);
		if (*job->why != '\0')
			sqlite3_bind_text(row, 10, job->why, -1, SQLITE_STATIC);
		if (job->item >= 0)
			sqlite3_bind_int64(row, 11, job->item);
		sqlite3_bind_int64(row, 12, job->kills);
		code = sqlite3_step(row);
	}
	code = sqlite_done(row, code);
	if (code != SQLITE_OK)
		return code;
	id = sqlite3_last_insert_rowid(DATABASE_OF(store)->handle);
	if (job->payload_size != 0 || job->fingerprint != NULL)
		code = put_content(store, id, job);
	if (code == SQLITE_OK)
		code = put_past(store, id, job, now);
	return code == SQLITE_OK ? put_deps(store, id, job, status) : code;
}

/* The list is one range, or none. */
static int
put_range(struct store *store, const struct store_job *jobs, size_t count, int *status)
{
	int64_t is = -2;
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && *status == 0 && i < count; i++) {
		if (jobs[i].range == 0)
			continue;
		if (is == -2)
			code = sqlite_number(store, SQL_GET_RANGE, -1, &is, "");
		if (code == SQLITE_OK && is == -1) {
			is = (int64_t)jobs[i].range;
			code = sqlite_run(store, SQL_PUT_RANGE, "i", is);
		}
		if (code == SQLITE_OK && (uint64_t)is != jobs[i].range)
			*status = rules_size_mismatch(store->error, (uint64_t)is, jobs[i].range);
	}
	return code;
}

int
sqlite_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now)
{
	int status = sqlite_begin(store), code;

	if (status != 0)
		return status;
	code = put_range(store, jobs, count, &status);
	for (size_t i = 0; code == SQLITE_OK && status == 0 && i < count; i++) {
		sqlite3_stmt *row = sqlite_start(store, SQL_FIND, &code, "t", jobs[i].name);
		int64_t id = 0;
		int state = 0;

		if (row != NULL)
			code = sqlite3_step(row);
		if (code == SQLITE_ROW) {
			id = sqlite3_column_int64(row, 0);
			state = sqlite3_column_int(row, 1);
		}
		code = sqlite_done(row, code);
		if (code == SQLITE_OK && id != 0) {
			code = replace_job(store, id, state, &jobs[i], added, now);
		} else if (code == SQLITE_OK) {
			code = put_job(store, &jobs[i], now, &status);
			*added += 1;
		}
	}
	return sqlite_end(store, code, status);
}

int
sqlite_add_range(struct store *store, uint64_t count, int64_t now)
{
	int status = sqlite_begin(store), code;
	int64_t is;

	(void)now;
	if (status != 0)
		return status;
	code = sqlite_number(store, SQL_GET_RANGE, -1, &is, "");
	if (code == SQLITE_OK && is >= 0 && (uint64_t)is != count)
		return sqlite_end(
			store, code, rules_size_mismatch(store->error, (uint64_t)is, count));
	if (code == SQLITE_OK && is < 0 && count != 0)
		code = sqlite_run(store, SQL_MAKE_RANGE, "i", (int64_t)count);
	if (code == SQLITE_OK && is < 0)
		code = sqlite_run(store, SQL_PUT_RANGE, "i", (int64_t)count);
	if ((code & 0xff) == SQLITE_CONSTRAINT)
		return sqlite_end(store, code, rules_numbers_are_taken(store->error));
	return sqlite_end(store, code, 0);
}

/* --- many at once --- */

static int
clear_job(struct store *store, int64_t id, int state, uint64_t *count)
{
	static const enum sql drops[] = { SQL_DROP_JOB, SQL_DROP_CONTENT, SQL_DROP_RUNS,
		SQL_DROP_DEPS };
	int64_t awaited = 0;
	int code = SQLITE_OK;

	if (state != ORD_JOB_DONE)
		code = sqlite_number(store, SQL_IS_AWAITED, 0, &awaited, "i", id);
	if (awaited)
		return code;
	for (size_t i = 0; code == SQLITE_OK && i < sizeof drops / sizeof *drops; i++)
		code = sqlite_run(store, drops[i], "i", id);
	*count += 1;
	return code;
}

static int
retry_job(struct store *store, const struct sql_ending *ending, int64_t now)
{
	int state = ending->job.state, code = SQLITE_OK;

	/* What a retry has passed over is history. */
	if (state != ORD_JOB_CANCELED && ending->job.max_takers == 1)
		code = keep_run(store, ending, state, NULL, now);
	if (code == SQLITE_OK)
		code = sqlite_run(store, SQL_SET_STATE, "iiii", ending->job.id,
			(int64_t)ORD_JOB_WAITING, (int64_t)0, (int64_t)1);
	return code == SQLITE_OK ? settle_waiting(store, ending->job.id) : code;
}

/* Take it from who holds it; *n: how many did. */
static int
take_away(struct store *store, const struct sql_ending *ending, const struct share *whose,
	uint64_t *n)
{
	*n = 1;
	return ending->job.max_takers > 1
		? sqlite_end_shares(store, ending->job.id, whose, n)
		: end_row(store, ending, whose->how, whose->why, whose->now);
}

static int
change_job(struct store *store, struct store_change *change, int64_t id, int64_t now)
{
	struct share whose = { 0, NULL, STORE_BACK, "canceled", now };
	struct sql_ending ending;
	uint64_t n;
	int code = read_ending(store, id, &ending);

	if (code != SQLITE_OK)
		return code;
	if (change->kind == STORE_CLEAR)
		return clear_job(store, id, ending.job.state, &change->count);
	if (change->kind == STORE_REQUEUE) {
		whose.name = change->taker;
		whose.why = "taken away";
		code = take_away(store, &ending, &whose, &n);
		change->count += n != 0;
		return code;
	}
	change->count++;
	if (change->kind == STORE_RETRY)
		return retry_job(store, &ending, now);
	if (ending.job.state == ORD_JOB_RUNNING)
		code = take_away(store, &ending, &whose, &n);
	if (code == SQLITE_OK)
		code = sqlite_run(store, SQL_SET_STATE, "iiii", id, (int64_t)ORD_JOB_CANCELED, now,
			(int64_t)0);
	/* The last of several holders may have left it done, which freed what comes behind it. */
	if (code == SQLITE_OK && ending.job.state == ORD_JOB_RUNNING)
		code = sqlite_settle_undone(store, id);
	return code;
}

int
sqlite_change(struct store *store, struct store_change *change, int64_t now)
{
	int status = sqlite_begin(store), code = SQLITE_OK;
	int64_t empty = 0;

	if (status != 0)
		return status;
	for (int64_t id = 0; code == SQLITE_OK;) {
		sqlite3_stmt *row = sqlite_start(store, SQL_CHUNK, &code, "i", id);
		int meant = 0, found = 0;

		if (row != NULL)
			code = sqlite3_step(row);
		if (code == SQLITE_ROW) {
			found = 1;
			id = sqlite3_column_int64(row, 0);
			/* Of several holders each is looked at when it is taken away. */
			meant = rules_is_meant(change, sqlite3_column_int(row, 1),
				sqlite_text(row, 2),
				sqlite3_column_int64(row, 4) > 1 && change->taker != NULL
					? change->taker
					: sqlite_text(row, 3));
		}
		code = sqlite_done(row, code);
		if (!found)
			break;
		if (code == SQLITE_OK && meant)
			code = change_job(store, change, id, now);
	}
	if (code == SQLITE_OK && change->kind == STORE_CLEAR)
		code = sqlite_number(store, SQL_IS_EMPTY, 0, &empty, "");
	if (code == SQLITE_OK && empty)
		code = sqlite_run(store, SQL_DROP_RANGE, "");
	return sqlite_end(store, code, 0);
}
