/*
 * The store "sqlite:PATH", for takers on one machine.  A claim is one UPDATE …
 * RETURNING; what ended before it is in the same transaction.  What each step
 * leaves if its taker dies in the middle is what SQLite promises: all or nothing.
 */
#include "jobs/sqlite/store_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/rules.h"
#include "jobs/sqlite/sqlite.h"

#define PAGE 64 /* jobs that wait, where they are asked for some at a time */

/* --- takers --- */

static void
read_life(sqlite3_stmt *row, int column, struct life *life)
{
	*life = (struct life){ .space = (uint64_t)sqlite3_column_int64(row, column + 2),
		.pid = sqlite3_column_int(row, column + 3),
		.start = (uint64_t)sqlite3_column_int64(row, column + 4) };
	snprintf(life->host, sizeof life->host, "%s", sqlite_text(row, column));
	snprintf(life->boot, sizeof life->boot, "%s", sqlite_text(row, column + 1));
}

/* Inside a transaction: whatever a taker holds. */
static int
end_all_of(struct store *store, int64_t taker, int how, const char *why, int64_t now)
{
	int code = SQLITE_OK;

	while (code == SQLITE_OK) {
		int64_t job;

		code = sqlite_number(store, SQL_RUNNING_OF, 0, &job, "i", taker);
		if (code != SQLITE_OK || job == 0)
			break;
		code = sqlite_end_job(store, job, how, why, now);
	}
	while (code == SQLITE_OK) {
		struct share whose = { taker, NULL, how, why, now };
		int64_t job;
		uint64_t n;

		code = sqlite_number(store, SQL_SHARED_BY, 0, &job, "i", taker);
		if (code != SQLITE_OK || job == 0)
			break;
		code = sqlite_end_shares(store, job, &whose, &n);
	}
	return code;
}

/* Inside a transaction. */
static int
bury_row(struct store *store, int64_t taker, int64_t now)
{
	int code = sqlite_run(
		store, SQL_SET_TAKER, "iiii", taker, (int64_t)ORD_TAKER_KILLED, now, (int64_t)0);

	if (code == SQLITE_OK)
		code = sqlite_run(store, SQL_DROP_LOCKS, "i", taker);
	return code == SQLITE_OK ? end_all_of(store, taker, -1, "its taker died", now) : code;
}

/* One who has the name of self already: *id is taken over, 0: it is dead, -1: it lives. */
static void
judge_namesake(struct store *store, sqlite3_stmt *row, int64_t now, int64_t *id)
{
	struct life life;

	read_life(row, 1, &life);
	*id = rules_namesake(&store->self, &life, now - sqlite3_column_int64(row, 6),
		sqlite3_column_int64(row, 7));
	if (*id == 1)
		*id = sqlite3_column_int64(row, 0);
}

/* Those with the name of self: dead ones are buried, a living one is an error, or self. */
static int
meet_namesakes(struct store *store, int64_t now, int *status)
{
	for (;;) {
		int code;
		int64_t id = 0, taker = 0;
		sqlite3_stmt *row =
			sqlite_start(store, SQL_TAKERS_NAMED, &code, "t", store->self.name);

		if (row != NULL)
			code = sqlite3_step(row);
		if (code == SQLITE_ROW) {
			taker = sqlite3_column_int64(row, 0);
			judge_namesake(store, row, now, &id);
		}
		code = sqlite_done(row, code);
		if (code != SQLITE_OK || taker == 0)
			return code;
		if (id < 0)
			*status = rules_name_is_taken(store->error, store->self.name);
		if (id > 0)
			store->self.id = id;
		if (id != 0)
			return code;
		code = bury_row(store, taker, now);
		if (code != SQLITE_OK)
			return code;
	}
}

static int
put_self(struct store *store, int64_t now)
{
	const struct store_self *self = &store->self;
	int code = sqlite_run(store, SQL_PUT_TAKER, "ttttiiiii", self->name, self->labels,
		self->life.host, self->life.boot, (int64_t)self->life.space,
		(int64_t)self->life.pid, (int64_t)self->life.start, now, self->timeout_ms);

	if (code == SQLITE_OK)
		store->self.id = sqlite3_last_insert_rowid(DATABASE_OF(store)->handle);
	return code;
}

static int
enter(struct store *store, int64_t now)
{
	int status = sqlite_begin(store), code;

	if (status != 0)
		return status;
	code = meet_namesakes(store, now, &status);
	if (code == SQLITE_OK && status == 0 && store->self.id == 0)
		code = put_self(store, now);
	if (code == SQLITE_OK && status == 0)
		code = sqlite_run(store, SQL_PRUNE_TAKERS, "");
	return sqlite_end(store, code, status);
}

static int
store_open(struct store *store, const char *place, const struct store *beside, int64_t now)
{
	int status;

	if (beside != NULL)
		return error_set(store->error, ORD_EINVAL,
			".beside is for memory: only: open the same path again");
	status = sqlite_open(store, place);
	if (status == 0 && !store->read_only)
		status = enter(store, now);
	if (status == 0)
		store->functions->changed(store);
	return status;
}

/* Inside a transaction; one that was dead for so long that its row was forgotten gets a new one. */
static int
set_self(struct store *store, int state, int64_t now)
{
	struct database *database = DATABASE_OF(store);
	int code = sqlite_run(store, SQL_SET_TAKER, "iiii", store->self.id, (int64_t)state, now,
		(int64_t)database->uncounted);

	if (code == SQLITE_OK && state == ORD_TAKER_IDLE && sqlite3_changes(database->handle) == 0)
		code = put_self(store, now);
	return code;
}

/* The row of self, in a transaction of its own. */
static int
set_taker(struct store *store, int state, int64_t now)
{
	struct database *database = DATABASE_OF(store);
	int status = sqlite_begin(store), code;

	if (status != 0)
		return status;
	code = set_self(store, state, now);
	if (code == SQLITE_OK && state != ORD_TAKER_IDLE)
		code = sqlite_run(store, SQL_DROP_LOCKS, "i", store->self.id);
	/* What it held has ended, unless there was trouble; nobody buries one who has left. */
	if (code == SQLITE_OK && state != ORD_TAKER_IDLE)
		code = end_all_of(store, store->self.id, STORE_BACK, "its taker left", now);
	status = sqlite_end(store, code, 0);
	if (status == 0)
		database->uncounted = 0;
	return status;
}

static int
store_leave(struct store *store, int64_t now)
{
	return set_taker(store, ORD_TAKER_OFFLINE, now);
}

static int
store_beat(struct store *store, int64_t now)
{
	return set_taker(store, ORD_TAKER_IDLE, now);
}

static int
store_bury(struct store *store, int64_t taker, int64_t seen_ms, int64_t now)
{
	int status = sqlite_begin(store), code, meant = 0;
	sqlite3_stmt *row;

	if (status != 0)
		return status;
	row = sqlite_start(store, SQL_LIVING, &code, "");
	if (row != NULL)
		while (!meant && (code = sqlite3_step(row)) == SQLITE_ROW)
			meant = sqlite3_column_int64(row, 0) == taker &&
				sqlite3_column_int64(row, 9) == seen_ms;
	code = sqlite_done(row, code);
	if (code == SQLITE_OK && meant)
		code = bury_row(store, taker, now);
	return sqlite_end(store, code, 0);
}

static int
store_takers(struct store *store, int all, store_taker_fn fn, void *user)
{
	int code, status = 0;
	sqlite3_stmt *row = sqlite_start(store, all ? SQL_TAKERS : SQL_LIVING, &code, "");

	while (row != NULL && status == 0 && (code = sqlite3_step(row)) == SQLITE_ROW) {
		struct store_taker taker = { .id = sqlite3_column_int64(row, 0),
			.name = sqlite_text(row, 1),
			.labels = sqlite_text(row, 2),
			.since_ms = sqlite3_column_int64(row, 8),
			.seen_ms = sqlite3_column_int64(row, 9),
			.timeout_ms = sqlite3_column_int64(row, 10),
			.taken = (uint64_t)sqlite3_column_int64(row, 11),
			.state = sqlite3_column_int(row, 12),
			.held = (uint64_t)sqlite3_column_int64(row, 13) };

		read_life(row, 3, &taker.life);
		status = fn(user, &taker);
	}
	code = sqlite_done(row, code);
	return status != 0 || code == SQLITE_OK ? status : sqlite_trouble(store, code, "read");
}

/* --- taking --- */

/* Hand a job out, with its payload. */
static int
give_job(struct store *store, struct store_job *job, int has_payload, store_job_fn fn, void *user,
	int *status)
{
	sqlite3_stmt *content = NULL;
	int code = SQLITE_OK;

	if (has_payload) {
		content = sqlite_start(store, SQL_PAYLOAD, &code, "i", job->id);
		if (content != NULL)
			code = sqlite3_step(content);
		if (code == SQLITE_ROW) {
			job->payload = sqlite_text(content, 0); /* with a NUL */
			job->payload_size = (size_t)sqlite3_column_bytes(content, 0);
		}
	}
	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		*status = fn(user, job);
	return sqlite_done(content, code);
}

/* A row of SQL_JOB_COLUMNS. */
static int
give_row(struct store *store, sqlite3_stmt *statement, store_job_fn fn, void *user, int *status)
{
	struct sqlite_row row = sqlite_row(statement);
	struct store_job job;

	sql_read_job(&row.is, &job);
	job.taker = job.state == ORD_JOB_RUNNING ? store->self.name : "";
	return give_job(
		store, &job, sqlite3_column_int(statement, SQL_HAS_PAYLOAD), fn, user, status);
}

/* What was claimed is given out when it is certain. */
struct claimed {
	store_job_fn give;
	void *user;
	int64_t now;
	uint32_t n;
};

/* A row of TAKEN_COLUMNS.  What does not fit into memory goes back, so give's answer means nothing. */
static int
give_claimed(struct store *store, sqlite3_stmt *statement, struct claimed *claimed)
{
	struct sqlite_row row = sqlite_row(statement);
	struct store_job job;
	int ignored, code = SQLITE_OK;

	sql_read_taken(&row.is, store->self.name, &job);
	job.began_ms = claimed->now;
	if (job.max_takers > 1)
		code = sqlite_join(store, &job, claimed->now);
	if (code == SQLITE_OK)
		code = give_job(store, &job, sqlite3_column_int(statement, SQL_BEHIND_TAKEN),
			claimed->give, claimed->user, &ignored);
	claimed->n++;
	return code;
}

static int
step_claim(struct store *store, sqlite3_stmt *row, int code, struct claimed *claimed)
{
	int given = SQLITE_OK;

	while (row != NULL && given == SQLITE_OK && (code = sqlite3_step(row)) == SQLITE_ROW)
		given = give_claimed(store, row, claimed);
	code = sqlite_done(row, code);
	return given != SQLITE_OK ? given : code;
}

/* One job; those that nobody has are before those that it may join. */
static int
claim_this(struct store *store, int64_t job, struct claimed *claimed)
{
	int code;
	sqlite3_stmt *row = sqlite_start(
		store, SQL_CLAIM_THIS, &code, "iii", store->self.id, claimed->now, job);

	return step_claim(store, row, code, claimed);
}

static int
claim_any(struct store *store, const struct store_claim *claim, struct claimed *claimed)
{
	uint32_t most = claim->most;
	int64_t self = store->self.id, number, labelled;
	int code = SQLITE_OK;
	sqlite3_stmt *row;

	/* Are there enough for all?  That is told faster than how many there are. */
	if (most > 1)
		code = sqlite_number(store, SQL_NTH_WAITING, 0, &number, "i",
			(int64_t)rules_count_to(claim) - 1);
	if (code == SQLITE_OK && most > 1 && number == 0) {
		code = sqlite_number(
			store, SQL_COUNT_WAITING, 0, &number, "i", (int64_t)rules_count_to(claim));
		most = rules_share(claim, (uint64_t)number);
	}
	if (code != SQLITE_OK)
		return code;
	code = sqlite_number(store, SQL_ANY_LABELLED, 0, &labelled, "");
	if (code != SQLITE_OK)
		return code;
	row = most == 1 && !labelled
		? sqlite_start(store, SQL_CLAIM_ONE, &code, "ii", self, claimed->now)
		: sqlite_start(store, labelled ? SQL_CLAIM_MIXED : SQL_CLAIM_SOME, &code, "iii",
			  self, claimed->now, (int64_t)most);
	code = step_claim(store, row, code, claimed);
	if (code != SQLITE_OK || claimed->n != 0)
		return code;
	code = sqlite_number(store, SQL_FIRST_OPEN, 0, &number, "");
	return code != SQLITE_OK || number == 0 ? code : claim_this(store, number, claimed);
}

static int
claim_jobs(struct store *store, const struct store_claim *claim, struct claimed *claimed)
{
	int code = SQLITE_OK;

	if (claim->most == 0)
		return code;
	if (claim->only == NULL)
		return claim_any(store, claim, claimed);
	for (size_t i = 0; code == SQLITE_OK && i < claim->n_only; i++)
		code = claim_this(store, claim->only[i], claimed);
	return code;
}

/* One that was declared dead is a taker again; what it took is counted from time to time only. */
static int
settle_self(struct store *store, int64_t now)
{
	int64_t state;
	int code = sqlite_number(
		store, SQL_TAKER_STATE, ORD_TAKER_KILLED, &state, "i", store->self.id);

	if (code != SQLITE_OK || state == ORD_TAKER_IDLE)
		return code;
	return set_self(store, ORD_TAKER_IDLE, now);
}

static int
store_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now)
{
	struct database *database = DATABASE_OF(store);
	struct claimed claimed = { give, user, now, 0 };
	int64_t blocked = 0;
	int status = sqlite_begin(store), code = SQLITE_OK;

	if (status != 0)
		return status;
	if (n_ends != 0)
		code = sqlite_number(store, SQL_ANY_BLOCKED, 0, &blocked, "");
	for (size_t i = 0; code == SQLITE_OK && i < n_ends; i++)
		code = sqlite_end_own(store, &ends[i], blocked != 0, now);
	if (code == SQLITE_OK && claim->most != 0)
		code = settle_self(store, now);
	if (code == SQLITE_OK)
		code = claim_jobs(store, claim, &claimed);
	if (code == SQLITE_OK && clock_now_ns() - database->counted_ns > CLOCK_NS_PER_S) {
		code = sqlite_run(
			store, SQL_COUNT_TAKEN, "ii", store->self.id, (int64_t)database->uncounted);
		database->uncounted = 0;
		database->counted_ns = clock_now_ns();
	}
	status = sqlite_end(store, code, 0);
	if (status == 0)
		database->uncounted += claimed.n;
	return status;
}

/* All of a statement; *behind is the last of them then, and *n how many they were. */
static int
give_listed(
	struct store *store, enum sql which, int64_t *behind, int *n, store_job_fn fn, void *user)
{
	int code, status = 0, given = SQLITE_OK;
	sqlite3_stmt *row = which == SQL_WAITING_MIXED
		? sqlite_start(store, which, &code, "ii", *behind, (int64_t)PAGE)
		: sqlite_start(store, which, &code, "i", *behind);

	for (*n = 0; row != NULL && status == 0 && given == SQLITE_OK &&
		(code = sqlite3_step(row)) == SQLITE_ROW;
		++*n) {
		*behind = sqlite3_column_int64(row, 0);
		given = give_row(store, row, fn, user, &status);
	}
	code = sqlite_done(row, code);
	if (given != SQLITE_OK)
		code = given;
	return code != SQLITE_OK ? sqlite_trouble(store, code, "read") : status;
}

static int
store_waiting(struct store *store, int64_t behind, store_job_fn fn, void *user)
{
	int64_t labelled, from = behind;
	int n, code = sqlite_number(store, SQL_ANY_LABELLED, 0, &labelled, ""), status;

	if (code != SQLITE_OK)
		return sqlite_trouble(store, code, "read");
	/* To have them in order the first of each kind are sorted, so these are asked for some at a time. */
	do
		status = give_listed(
			store, labelled ? SQL_WAITING_MIXED : SQL_WAITING, &from, &n, fn, user);
	while (status == 0 && labelled && n == PAGE);
	if (status == 0)
		status = give_listed(store, SQL_OPEN, &behind, &n, fn, user);
	return status < 0 ? status : 0;
}

static int
store_held(struct store *store, const char *name, uint32_t attempt, store_job_fn fn, void *user)
{
	static const enum sql looks[] = { SQL_HELD, SQL_HELD_SHARE };
	int code = SQLITE_OK, status = ORD_ELOST;

	for (size_t i = 0; code == SQLITE_OK && status == ORD_ELOST && i < 2; i++) {
		sqlite3_stmt *row = sqlite_start(
			store, looks[i], &code, "tii", name, store->self.id, (int64_t)attempt);

		if (row != NULL)
			code = sqlite3_step(row);
		if (code == SQLITE_ROW)
			code = give_row(store, row, fn, user, &status);
		code = sqlite_done(row, code);
	}
	return code != SQLITE_OK ? sqlite_trouble(store, code, "read") : status;
}

/* --- locks, and changes by others --- */

static int
store_lock(struct store *store, const char *name, char *owner, size_t size)
{
	int status = sqlite_begin(store), code;
	int64_t holder = 0;
	sqlite3_stmt *row;

	if (status != 0)
		return status;
	row = sqlite_start(store, SQL_LOCK_OWNER, &code, "t", name);
	if (row != NULL)
		code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		holder = sqlite3_column_int64(row, 0);
		snprintf(owner, size, "%s", sqlite_text(row, 1));
	}
	code = sqlite_done(row, code);
	if (code == SQLITE_OK && holder == store->self.id)
		return sqlite_end(store, code, rules_lock_is_own(store->error, name));
	if (code == SQLITE_OK && holder == 0)
		code = sqlite_run(store, SQL_PUT_LOCK, "ti", name, store->self.id);
	status = sqlite_end(store, code, 0);
	return status != 0 ? status : holder == 0;
}

static int
store_unlock(struct store *store, const char *name)
{
	int status = sqlite_begin(store), code, own;

	if (status != 0)
		return status;
	code = sqlite_run(store, SQL_DROP_LOCK, "ti", name, store->self.id);
	own = sqlite3_changes(DATABASE_OF(store)->handle) != 0;
	status = sqlite_end(store, code, 0);
	return status != 0 || own ? status : ORD_ELOST;
}

static int
store_descriptor(struct store *store)
{
	return DATABASE_OF(store)->inotify;
}

static int
store_changed(struct store *store)
{
	struct database *database = DATABASE_OF(store);
	char events[4096];
	int64_t version;
	int code, status = sqlite_check_place(store);

	while (database->inotify >= 0 && read(database->inotify, events, sizeof events) > 0)
		;
	if (status != 0)
		return status;
	code = sqlite_number(store, SQL_DATA_VERSION, 0, &version, "");
	if (code != SQLITE_OK)
		return sqlite_trouble(store, code, "read");
	if (version == database->version)
		return 0;
	database->version = version;
	return 1;
}

const struct store_functions store_sqlite = {
	.scheme = "sqlite",
	.open = store_open,
	.leave = store_leave,
	.close = sqlite_close_all,
	.beat = store_beat,
	.add = sqlite_add,
	.add_range = sqlite_add_range,
	.exchange = store_exchange,
	.waiting = store_waiting,
	.held = store_held,
	.bury = store_bury,
	.takers = store_takers,
	.outlook = sqlite_outlook,
	.each = sqlite_each,
	.counts = sqlite_counts,
	.runs = sqlite_runs,
	.change = sqlite_change,
	.lock = store_lock,
	.unlock = store_unlock,
	.descriptor = store_descriptor,
	.changed = store_changed,
};
