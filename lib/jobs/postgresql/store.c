/*
 * The store "postgresql://…", for takers on many machines.  What each step leaves if
 * its taker dies in the middle is what the server promises: all or nothing.  Who
 * takes is known by a row, and by a lock that its connection holds (connect.c).
 *
 * Who waits says so in its row, while nobody changes the list; so whoever changes
 * it afterwards sees that, and notifies.  Else nobody does: notifying makes all
 * commits of a server wait for each other.
 */
#include "jobs/postgresql/store_postgres.h"

#include <stdio.h>
#include <string.h>

#include <orderly/jobs.h>

#include "base/memory.h"
#include "jobs/postgresql/postgres.h"
#include "jobs/rules.h"

/* --- takers --- */

/* Columns 0 to 5 of a row of takers. */
static void
read_life(const PGresult *rows, int row, struct life *life)
{
	*life = (struct life){ .space = (uint64_t)postgres_int(rows, row, 3),
		.pid = (int32_t)postgres_int(rows, row, 4),
		.start = (uint64_t)postgres_int(rows, row, 5) };
	snprintf(life->host, sizeof life->host, "%s", postgres_string(rows, row, 1));
	snprintf(life->boot, sizeof life->boot, "%s", postgres_string(rows, row, 2));
}

/* Inside an exclusive transaction. */
static int
end_all_of(struct store *store, int64_t taker, int how, const char *why)
{
	PGresult *rows;
	uint64_t count;
	int status = postgres_ask(store, &rows, PG_RUNNING_OF, "i", taker);

	for (int i = 0; status == 0 && i < PQntuples(rows); i++)
		status = postgres_end_job(store, postgres_int(rows, i, 0), how, why);
	PQclear(rows);
	if (status != 0)
		return status;
	status = postgres_ask(store, &rows, PG_SHARED_BY, "i", taker);
	for (int i = 0; status == 0 && i < PQntuples(rows); i++)
		status = postgres_end_shares(
			store, postgres_int(rows, i, 0), taker, NULL, how, why, &count);
	PQclear(rows);
	return status;
}

/* The taker has left, or died. */
static int
retire(struct store *store, int64_t taker, int state, uint64_t taken)
{
	struct pipe pipe;
	int status;

	pipe.n = 0;
	pipe_put(&pipe, PG_SET_TAKER, "iii", taker, (int64_t)state, (int64_t)taken);
	pipe_put(&pipe, PG_DROP_LOCKS, "i", taker);
	pipe_put(&pipe, PG_NOTIFY, "ti", SERVER_OF(store)->schema, store->self.id);
	status = pipe_go(store, &pipe);
	pipe_clear(&pipe);
	return status;
}

static int
bury_row(struct store *store, int64_t taker)
{
	int status = end_all_of(store, taker, -1, "its taker died");

	return status == 0 ? retire(store, taker, ORD_TAKER_KILLED, 0) : status;
}

/* Those with the name of self: dead ones are buried, a living one is an error, or self. */
static int
meet_namesakes(struct store *store)
{
	const struct store_self *self = &store->self;
	PGresult *rows;
	int status = postgres_ask(store, &rows, PG_TAKERS_NAMED, "itit", SERVER_OF(store)->oid,
		self->life.boot, (int64_t)self->life.space, self->name);

	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		struct life life;
		int is;

		read_life(rows, i, &life);
		is = rules_namesake(
			self, &life, postgres_int(rows, i, 6), postgres_int(rows, i, 7));
		if (is < 0)
			status = rules_name_is_taken(store->error, self->name);
		else if (is == 0)
			status = bury_row(store, postgres_int(rows, i, 0));
		else
			store->self.id = postgres_int(rows, i, 0);
	}
	PQclear(rows);
	return status;
}

int
postgres_enter(struct store *store)
{
	const struct store_self *self = &store->self;
	int64_t was = self->id;
	int status;

	store->self.id = 0;
	SERVER_OF(store)->waits = 0;
	status = meet_namesakes(store);
	if (status == 0 && self->id == 0)
		status = postgres_number(store, PG_PUT_TAKER, 0, &store->self.id, "ttttiiiii",
			self->name, self->labels, self->life.host, self->life.boot,
			(int64_t)self->life.space, (int64_t)self->life.pid,
			(int64_t)self->life.start, self->timeout_ms, SERVER_OF(store)->step);
	else if (status == 0)
		status = postgres_run(store, PG_ADOPT_TAKER, "itii", self->id, self->labels,
			self->timeout_ms, SERVER_OF(store)->step);
	if (status == 0)
		status = postgres_run(store, PG_PRUNE_TAKERS, "");
	/* Before anybody sees it. */
	if (status == 0)
		status = postgres_hold_taker(store);
	if (status != 0)
		store->self.id = was;
	return status;
}

/* Who is not connected has half of its time-out to come back, from when it is noticed. */
static int
note_lost(struct store *store)
{
	const struct store_self *self = &store->self;

	return postgres_run(store, PG_LOST, "iti", SERVER_OF(store)->oid, self->life.boot,
		(int64_t)self->life.space);
}

static int
enter(struct store *store, void *user)
{
	(void)user;
	/* Once more on a new connection: the beginning of that has made the row, or found it. */
	return store->self.id != 0 && !store->self.adopt ? 0 : postgres_enter(store);
}

/* Has anybody else changed the list since the last look? */
static int
look(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int64_t newest;
	int status = postgres_number(store, PG_NEWEST, 0, &newest, "i", store->self.id);

	if (status != 0 || newest == server->newest)
		return status;
	server->newest = newest;
	return 1;
}

static int
store_open(struct store *store, const char *place, const struct store *beside, int64_t now)
{
	int status;

	(void)now;
	if (beside != NULL)
		return error_set(store->error, ORD_EINVAL,
			".beside is for memory: only: open the same address again");
	status = postgres_open(store, place);
	/* Also if nobody else is there to notice: one that wants its name comes back later. */
	if (status == 0 && !store->read_only)
		status = note_lost(store);
	if (status == 0 && !store->read_only)
		status = postgres_transact(store, POSTGRES_EXCLUSIVE, enter, NULL);
	if (status == 0)
		status = look(store);
	return status > 0 ? 0 : status;
}

static int
leave(struct store *store, void *user)
{
	int status = end_all_of(store, store->self.id, STORE_BACK, "its taker left");

	(void)user;
	return status == 0
		? retire(store, store->self.id, ORD_TAKER_OFFLINE, SERVER_OF(store)->uncounted)
		: status;
}

static int
store_leave(struct store *store, int64_t now)
{
	(void)now;
	return postgres_transact(store, POSTGRES_EXCLUSIVE, leave, NULL);
}

static int
beat(struct store *store, void *user)
{
	struct pipe pipe;
	int *found = user, status;

	pipe.n = 0;
	pipe_put(&pipe, PG_ASYNCHRONOUS, "");
	pipe_put(&pipe, PG_BEAT, "ii", store->self.id, (int64_t)SERVER_OF(store)->uncounted);
	status = pipe_go(store, &pipe);
	*found = status == 0 && PQntuples(pipe.queries[1].result) != 0;
	pipe_clear(&pipe);
	return status;
}

static int
store_beat(struct store *store, int64_t now)
{
	int found = 0, status = postgres_transact(store, POSTGRES_SHARED, beat, &found);

	(void)now;
	/* Such a transaction lets it enter anew. */
	if (status == 0 && !found)
		status = postgres_transact(store, POSTGRES_EXCLUSIVE, beat, &found);
	if (status == 0)
		SERVER_OF(store)->uncounted = 0;
	return status;
}

/* The places in a row of PG_LIVING and PG_TAKERS. */
enum { NAME = 6, LABELS, SINCE, SEEN, TIMEOUT, TAKEN, STATE, HELD, NOW, IS_LOST };

static int
ask_living(struct store *store, PGresult **rows)
{
	const struct store_self *self = &store->self;

	return postgres_ask(store, rows, PG_LIVING, "iti", SERVER_OF(store)->oid, self->life.boot,
		(int64_t)self->life.space);
}

struct burial {
	int64_t taker, seen_ms;
};

static int
bury(struct store *store, void *user)
{
	const struct burial *burial = user;
	PGresult *rows;
	int meant = 0, status = ask_living(store, &rows);

	for (int i = 0; status == 0 && i < PQntuples(rows); i++)
		meant |= postgres_int(rows, i, 0) == burial->taker &&
			postgres_int(rows, i, SEEN) == burial->seen_ms;
	PQclear(rows);
	return status == 0 && meant ? bury_row(store, burial->taker) : status;
}

static int
store_bury(struct store *store, int64_t taker, int64_t seen_ms, int64_t now)
{
	struct burial burial = { taker, seen_ms };

	(void)now;
	return postgres_transact(store, POSTGRES_EXCLUSIVE, bury, &burial);
}

static int
store_takers(struct store *store, int all, store_taker_fn fn, void *user)
{
	PGresult *rows;
	int lost = 0,
	    status = all ? postgres_ask(store, &rows, PG_TAKERS, "i", SERVER_OF(store)->oid)
			 : ask_living(store, &rows);

	for (int i = 0; status == 0 && i < PQntuples(rows); i++) {
		struct store_taker taker = { .id = postgres_int(rows, i, 0),
			.name = postgres_string(rows, i, NAME),
			.labels = postgres_string(rows, i, LABELS),
			.since_ms = postgres_int(rows, i, SINCE),
			.seen_ms = postgres_int(rows, i, SEEN),
			.timeout_ms = postgres_int(rows, i, TIMEOUT),
			.taken = (uint64_t)postgres_int(rows, i, TAKEN),
			.state = (int)postgres_int(rows, i, STATE),
			.held = (uint64_t)postgres_int(rows, i, HELD) };

		store->ahead_ms = postgres_int(rows, i, NOW) - jobs_now_ms();
		lost |= postgres_int(rows, i, IS_LOST) != 0;
		read_life(rows, i, &taker.life);
		status = fn(user, &taker);
	}
	PQclear(rows);
	return status == 0 && lost && !store->read_only ? note_lost(store) : status;
}

/* --- looking --- */

static void
read_listed(const struct sql_row *row, struct store_job *job)
{
	sql_read_job(row, job);
	sql_read_payload(row, SQL_BEHIND_JOB, job);
}

static int
give_listed(struct store *store, enum pg which, int64_t behind, store_job_fn fn, void *user)
{
	int status = 0, n = 1;

	while (status == 0 && n != 0) {
		PGresult *rows;

		status = postgres_ask(store, &rows, which, "it", behind, store->self.labels);
		n = status == 0 ? PQntuples(rows) : 0;
		if (status == 0)
			status = postgres_give_rows(rows, read_listed, &behind, fn, user);
	}
	return status;
}

static int
store_waiting(struct store *store, int64_t behind, store_job_fn fn, void *user)
{
	int status = give_listed(store, PG_WAITING, behind, fn, user);

	if (status == 0)
		status = give_listed(store, PG_OPEN, behind, fn, user);
	return status < 0 ? status : 0;
}

static int
store_held(struct store *store, const char *name, uint32_t attempt, store_job_fn fn, void *user)
{
	static const enum pg looks[] = { PG_HELD, PG_HELD_SHARE };
	int status = ORD_ELOST;

	for (size_t i = 0; status == ORD_ELOST && i < 2; i++) {
		struct postgres_row row;
		struct store_job job;
		PGresult *rows;

		status = postgres_ask(
			store, &rows, looks[i], "tii", name, store->self.id, (int64_t)attempt);
		row = postgres_row(rows, 0);
		if (status == 0 && PQntuples(rows) == 0) {
			status = ORD_ELOST;
		} else if (status == 0) {
			read_listed(&row.is, &job);
			job.taker = store->self.name;
			status = fn(user, &job);
		}
		PQclear(rows);
	}
	return status;
}

/* --- locks, and changes by others --- */

struct lock {
	const char *name;
	char *owner;
	size_t size;
	int own;     /* out */
	int changed; /* out: it is, if that was committed */
};

/* When the answer to a commit is lost the same call is made again: then it is not to be told that it was made. */
static int
keep_doubt(struct store *store, const struct lock *lock, int status)
{
	struct server *server = SERVER_OF(store);

	if (status != 0 && lock->changed)
		snprintf(server->doubtful, sizeof server->doubtful, "%s", lock->name);
	else if (status == 0 && strcmp(server->doubtful, lock->name) == 0)
		server->doubtful[0] = '\0';
	return status;
}

static int
lock(struct store *store, void *user)
{
	struct lock *lock = user;
	int64_t holder = 0;
	PGresult *row;
	int status = postgres_ask(store, &row, PG_LOCK_OWNER, "t", lock->name);

	if (status == 0 && PQntuples(row) != 0) {
		holder = postgres_int(row, 0, 0);
		snprintf(lock->owner, lock->size, "%s", postgres_string(row, 0, 1));
	}
	PQclear(row);
	lock->own = holder == 0;
	if (status != 0 || (holder != 0 && holder != store->self.id))
		return status;
	if (holder == store->self.id) {
		lock->own = strcmp(SERVER_OF(store)->doubtful, lock->name) == 0;
		return lock->own ? 0 : rules_lock_is_own(store->error, lock->name);
	}
	lock->changed = 1;
	return postgres_run(store, PG_PUT_LOCK, "ti", lock->name, store->self.id);
}

static int
store_lock(struct store *store, const char *name, char *owner, size_t size)
{
	struct lock wanted = { name, owner, size, 0, 0 };
	int status = keep_doubt(
		store, &wanted, postgres_transact(store, POSTGRES_EXCLUSIVE, lock, &wanted));

	return status == 0 ? wanted.own : status;
}

static int
unlock(struct store *store, void *user)
{
	struct lock *lock = user;
	int64_t taker;
	int status =
		postgres_number(store, PG_DROP_LOCK, 0, &taker, "ti", lock->name, store->self.id);

	lock->changed |= taker != 0;
	lock->own = taker != 0 || strcmp(SERVER_OF(store)->doubtful, lock->name) == 0;
	return status == 0
		? postgres_run(store, PG_NOTIFY, "ti", SERVER_OF(store)->schema, store->self.id)
		: status;
}

static int
store_unlock(struct store *store, const char *name)
{
	struct lock given = { name, NULL, 0, 0, 0 };
	int status = keep_doubt(
		store, &given, postgres_transact(store, POSTGRES_EXCLUSIVE, unlock, &given));

	return status == 0 && !given.own ? ORD_ELOST : status;
}

/* Who watches looks from time to time: being told of everything would cost the takers. */
static int
store_descriptor(struct store *store)
{
	struct server *server = SERVER_OF(store);

	if (store->read_only || store->watching || PQstatus(server->handle) == CONNECTION_BAD)
		return -1;
	return PQsocket(server->handle);
}

static int
wait_for(struct store *store, void *user)
{
	(void)user;
	return postgres_run(store, PG_WAIT, "i", store->self.id);
}

static int
store_changed(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int status;

	if (store->read_only || store->watching)
		return look(store);
	if (!PQconsumeInput(server->handle)) {
		status = postgres_reconnect(store);
		if (status != 0)
			return status;
	}
	postgres_hear(store);
	if (!server->waits) {
		/* What was changed up to here has to be looked at again. */
		status = postgres_transact(store, POSTGRES_EXCLUSIVE, wait_for, NULL);
		if (status != 0)
			return status;
		server->waits = server->notified = 1;
		server->floor = 0;
	}
	status = server->notified;
	server->notified = 0;
	return status;
}

const struct store_functions store_postgres = {
	.scheme = "postgresql",
	.open = store_open,
	.leave = store_leave,
	.close = postgres_close_all,
	.beat = store_beat,
	.add = postgres_add,
	.add_range = postgres_add_range,
	.exchange = postgres_exchange,
	.waiting = store_waiting,
	.held = store_held,
	.bury = store_bury,
	.takers = store_takers,
	.outlook = postgres_outlook,
	.each = postgres_each,
	.counts = postgres_counts,
	.runs = postgres_runs,
	.change = postgres_change,
	.lock = store_lock,
	.unlock = store_unlock,
	.descriptor = store_descriptor,
	.changed = store_changed,
};
