/*
 * Ends and claims.  In the common case (all is done, nothing in the list is
 * blocked) they are one pipeline, beside which those of other takers run; else a
 * transaction of several steps while nobody else changes the list.
 *
 * A claim writes a number into its rows that its taker gave to no other.  So
 * what a lost connection has left in doubt is asked for on the next one.
 */
#include <stdlib.h>
#include <string.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/memory.h"
#include "jobs/postgresql/postgres.h"
#include "jobs/rules.h"

#define COUNT_NS (UINT64_C(50) * CLOCK_NS_PER_MS)
#define BOTTOM_PART 50

/* What one call of exchange wants, and has got. */
struct exchange {
	struct store_end *ends;
	size_t n_ends;
	const struct store_claim *claim; /* most is 0: nothing any more */
	uint32_t most;
	store_job_fn give;
	void *user;
	char *ids, *attempts, *only; /* arrays, owned; attempts: NULL if all are in the same one */
	PGresult *claimed;           /* not given yet */
	uint32_t n_given;
	int64_t step; /* of what was given */
};

/* --- what was claimed is given --- */

struct order {
	int64_t id;
	int row;
};

static int
compare(const void *one, const void *other)
{
	int64_t left = ((const struct order *)one)->id, right = ((const struct order *)other)->id;

	return (left > right) - (left < right);
}

/* A row of TAKEN_COLUMNS.  What does not fit into memory goes back, so the answer means nothing. */
static void
give_row(struct store *store, const PGresult *result, int at, const struct exchange *exchange)
{
	struct postgres_row row = postgres_row(result, at);
	struct store_job job;

	sql_read_taken(&row.is, store->self.name, &job);
	job.began_ms = postgres_int(result, at, SQL_BEHIND_TAKEN);
	sql_read_payload(&row.is, SQL_BEHIND_TAKEN + 1, &job);
	exchange->give(exchange->user, &job);
}

/* In the order of the list: the server returns them in that of its table. */
static void
give_all(struct store *store, struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	struct order order[JOBS_BATCH_MAX];
	int n = exchange->claimed != NULL ? PQntuples(exchange->claimed) : 0;

	n = n < JOBS_BATCH_MAX ? n : JOBS_BATCH_MAX;
	for (int i = 0; i < n; i++)
		order[i] = (struct order){ postgres_int(exchange->claimed, i, 0), i };
	if (n > 1)
		qsort(order, (size_t)n, sizeof *order, compare);
	for (int i = 0; i < n; i++)
		give_row(store, exchange->claimed, order[i].row, exchange);
	if (n != 0 && exchange->claim->only == NULL)
		server->floor = order[0].id;
	server->uncounted += (uint64_t)n;
	exchange->n_given += (uint32_t)n;
	exchange->most = n != 0 ? 0 : exchange->most;
	PQclear(exchange->claimed);
	exchange->claimed = NULL;
	exchange->step = server->unsettled;
	server->unsettled = 0;
}

/* --- claims --- */

static void
put_claim(struct store *store, struct pipe *pipe, const struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	uint32_t most = exchange->most;

	if (exchange->only != NULL) {
		pipe_put(pipe, PG_CLAIM_THESE, "iit", store->self.id, server->step, exchange->only);
		return;
	}
	if (most > 1)
		most = rules_share(exchange->claim, server->left);
	/* What waits again has its old place. */
	if (clock_now_ns() >= server->bottom_ns)
		server->floor = 0;
	pipe_put(pipe, PG_CLAIM_THESE, "iiit", store->self.id, server->step, server->floor,
		store->self.labels);
	pipe->queries[pipe->n - 1].limit = most;
}

/*
 * Is the number of what waits to be asked for with this claim?  Counting costs a tenth of a batch, so while more
 * wait than matters it is not done each time: what is taken in that little time is soon worked off.
 */
static int
is_counting(struct store *store, const struct exchange *exchange)
{
	const struct server *server = SERVER_OF(store);

	return exchange->most > 1 && exchange->only == NULL && server->floor != 0 &&
		(server->left < rules_count_to(exchange->claim) ||
			clock_now_ns() - server->left_ns > COUNT_NS);
}

/* So that the last jobs are shared out: how many wait, as it was at the last claim. */
static int
count_waiting(struct store *store, const struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	int64_t waiting;
	int status;

	if (exchange->most <= 1 || exchange->only != NULL || server->left != 0)
		return 0;
	status = postgres_number(store, PG_COUNT_WAITING, 0, &waiting, "ii",
		(int64_t)rules_count_to(exchange->claim), (int64_t)0);
	server->left = (uint64_t)waiting;
	server->left_ns = clock_now_ns();
	return status;
}

/* --- the common case --- */

static void
put_ends(struct store *store, struct pipe *pipe, const struct exchange *exchange)
{
	if (exchange->n_ends == 1)
		pipe_put(pipe, PG_DONE, "iii", exchange->ends[0].job, store->self.id,
			(int64_t)exchange->ends[0].attempt);
	else if (exchange->n_ends != 0 && exchange->attempts == NULL)
		pipe_put(pipe, PG_DONE_MANY, "tii", exchange->ids, store->self.id,
			(int64_t)exchange->ends[0].attempt);
	else if (exchange->n_ends != 0)
		pipe_put(pipe, PG_DONE_MIXED, "tit", exchange->ids, store->self.id,
			exchange->attempts);
}

/* Were all of them?  Those that were not are found when they are ended again. */
static int
were_done(const struct exchange *exchange, PGresult *done)
{
	return strtoull(PQcmdTuples(done), NULL, 10) == exchange->n_ends;
}

/* What the pipeline is: places of its statements, -1 if it has none such. */
struct places {
	int done, claim, count, unwait, taken;
};

static struct places
put_all(struct store *store, struct pipe *pipe, const struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	struct places places = { -1, -1, -1, -1, -1 };

	pipe->n = 0;
	pipe_put(pipe, PG_SHARE, "i", (int64_t)(int32_t)server->oid);
	if (exchange->n_ends != 0)
		places.done = pipe->n;
	put_ends(store, pipe, exchange);
	/* It has got something since it waited. */
	if (server->waits && server->floor != 0) {
		places.unwait = pipe->n;
		pipe_put(pipe, PG_UNWAIT, "i", store->self.id);
	}
	if (exchange->most != 0) {
		places.claim = pipe->n;
		put_claim(store, pipe, exchange);
		if (is_counting(store, exchange)) {
			places.count = pipe->n;
			pipe_put(pipe, PG_COUNT_WAITING, "ii",
				(int64_t)rules_count_to(exchange->claim), server->floor);
		}
	}
	if (clock_now_ns() - server->counted_ns > CLOCK_NS_PER_S) {
		places.taken = pipe->n;
		pipe_put(pipe, PG_COUNT_TAKEN, "ii", store->self.id, (int64_t)server->uncounted);
	}
	if (exchange->n_ends != 0 && exchange->most == 0)
		pipe_put(pipe, PG_NOTIFY_IDLE, "tii", server->schema, store->self.id, server->step);
	return places;
}

/*
 * When the next claim begins at the bottom, from when this one did.  There it passes all that has waited before and
 * is not vacuumed: a moment, but seconds if an old transaction keeps the server from it, so it is a small part of the time.
 */
static uint64_t
next_bottom_ns(uint64_t began)
{
	uint64_t now = clock_now_ns(), pause = BOTTOM_PART * (now - began);

	return now + (pause > CLOCK_NS_PER_S ? pause : CLOCK_NS_PER_S);
}

/* 0, POSTGRES_AGAIN or a status; ends that are not told by it are lost, as far as it knows. */
static int
exchange_at_once(struct store *store, struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	uint64_t began = clock_now_ns();
	struct places places;
	struct pipe pipe;
	int status;

	server->step++;
	places = put_all(store, &pipe, exchange);
	if (places.claim >= 0)
		server->unsettled = server->step;
	status = pipe_go(store, &pipe);
	if (places.claim >= 0 && server->floor == 0)
		server->bottom_ns = next_bottom_ns(began);
	if (status == 0) {
		/* Nobody tells one that does not wait. */
		if (places.unwait >= 0) {
			server->waits = 0;
			store->heard = 1;
		}
		if (places.taken >= 0) {
			server->uncounted = 0;
			server->counted_ns = clock_now_ns();
		}
		if (places.count >= 0) {
			server->left =
				(uint64_t)postgres_int(pipe.queries[places.count].result, 0, 0);
			server->left_ns = clock_now_ns();
		}
		if (places.claim >= 0) {
			exchange->claimed = pipe.queries[places.claim].result;
			pipe.queries[places.claim].result = NULL;
			give_all(store, exchange);
		}
		if (places.done >= 0 && were_done(exchange, pipe.queries[places.done].result))
			exchange->n_ends = 0;
	} else if (status != POSTGRES_AGAIN && places.claim >= 0) {
		server->unsettled = 0;
	}
	pipe_clear(&pipe);
	return status;
}

/* --- all other cases --- */

static int
exchange_alone(struct store *store, void *user)
{
	struct server *server = SERVER_OF(store);
	struct exchange *exchange = user;
	struct pipe pipe;
	int64_t blocked = 0;
	int status = 0;

	PQclear(exchange->claimed);
	exchange->claimed = NULL;
	for (size_t i = 0; status == 0 && i < exchange->n_ends; i++)
		status = postgres_end_own(store, &exchange->ends[i]);
	if (status == 0)
		status = postgres_number(store, PG_ANY_BLOCKED, 0, &blocked, "");
	server->blocked = blocked != 0;
	if (status != 0)
		return status;
	pipe.n = 0;
	if (exchange->n_ends != 0)
		pipe_put(&pipe, PG_NOTIFY, "ti", server->schema, store->self.id);
	if (exchange->most != 0) {
		server->unsettled = server->step;
		put_claim(store, &pipe, exchange);
	}
	if (pipe.n != 0)
		status = pipe_go(store, &pipe);
	if (status == 0 && exchange->most != 0) {
		exchange->claimed = pipe.queries[pipe.n - 1].result;
		pipe.queries[pipe.n - 1].result = NULL;
	}
	pipe_clear(&pipe);
	return status;
}

/* What a transaction claimed whose answer never came. */
static int
settle(struct store *store, struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	int status;

	if (server->unsettled == 0 || exchange->most == 0)
		return 0;
	status = postgres_ask(
		store, &exchange->claimed, PG_CLAIMED, "ii", store->self.id, server->unsettled);
	if (status == 0)
		give_all(store, exchange);
	return status;
}

static int
exchange_once(struct store *store, struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	int status = settle(store, exchange), plain = !server->blocked;

	for (size_t i = 0; i < exchange->n_ends; i++) {
		exchange->ends[i].lost = 0;
		plain = plain && exchange->ends[i].kind == STORE_DONE;
	}
	if (status == 0)
		status = count_waiting(store, exchange);
	if (status == 0 && plain && (exchange->n_ends != 0 || exchange->most != 0)) {
		status = exchange_at_once(store, exchange);
		if (status == POSTGRES_AGAIN) {
			status = PQstatus(server->handle) == CONNECTION_BAD
				? postgres_reconnect(store)
				: 0;
			if (status == 0)
				status = settle(store, exchange);
		} else if (status != 0 || exchange->n_ends == 0) {
			return status;
		}
	}
	if (status != 0 || (exchange->n_ends == 0 && exchange->most == 0))
		return status;
	status = postgres_transact(store, POSTGRES_EXCLUSIVE, exchange_alone, exchange);
	if (status == 0) {
		exchange->n_ends = 0;
		give_all(store, exchange);
	}
	return status;
}

/* Nothing was there: from the bottom, and if this taker was declared dead, as one that lives. */
static int
claim_once_more(struct store *store, struct exchange *exchange)
{
	struct server *server = SERVER_OF(store);
	int64_t state = ORD_TAKER_KILLED;
	PGresult *row;
	int status = 0;

	if (server->floor != 0 && exchange->only == NULL) {
		server->floor = 0;
		status = exchange_once(store, exchange);
	}
	if (status != 0 || exchange->n_given != 0)
		return status;
	status =
		postgres_ask(store, &row, PG_TAKER_STATE, "it", store->self.id, store->self.labels);
	server->open = 0;
	if (status == 0 && PQntuples(row) != 0) {
		state = postgres_int(row, 0, 0);
		server->open = PQgetisnull(row, 0, 1) ? 0 : postgres_int(row, 0, 1);
	}
	PQclear(row);
	if (status == 0 && state != ORD_TAKER_IDLE)
		status = store->functions->beat(store, 0);
	else if (status == 0 && (server->open == 0 || exchange->only != NULL))
		return 0;
	/* Help with what runs, where it is wanted. */
	if (status == 0 && server->open != 0 && exchange->only == NULL)
		exchange->only = postgres_array(&server->open, 1);
	return status == 0 ? exchange_once(store, exchange) : status;
}

/* The arrays of its ends, if there is more than one, and of what alone may be claimed. */
static int
set_arrays(struct store *store, struct exchange *exchange)
{
	size_t n = exchange->n_ends;
	int64_t *numbers = n > 1 ? memory_new(2 * n, sizeof *numbers) : NULL;
	int mixed = 0;

	if (n > 1 && numbers == NULL)
		return error_memory(store->error);
	for (size_t i = 0; n > 1 && i < n; i++) {
		numbers[i] = exchange->ends[i].job;
		numbers[n + i] = exchange->ends[i].attempt;
		mixed |= exchange->ends[i].attempt != exchange->ends[0].attempt;
	}
	if (n > 1)
		exchange->ids = postgres_array(numbers, n);
	if (mixed)
		exchange->attempts = postgres_array(numbers + n, n);
	if (exchange->claim->only != NULL)
		exchange->only = postgres_array(exchange->claim->only, exchange->claim->n_only);
	memory_free(numbers);
	if ((n > 1 && exchange->ids == NULL) || (mixed && exchange->attempts == NULL) ||
		(exchange->claim->only != NULL && exchange->only == NULL))
		return error_memory(store->error);
	return 0;
}

int
postgres_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now)
{
	struct exchange exchange = { .ends = ends,
		.n_ends = n_ends,
		.claim = claim,
		.most = claim->most,
		.give = give,
		.user = user };
	int status = set_arrays(store, &exchange), ended = n_ends != 0 && exchange.most != 0;

	(void)now;
	if (status == 0)
		status = exchange_once(store, &exchange);
	if (status == 0 && exchange.most != 0)
		status = claim_once_more(store, &exchange);
	/* Its last job has ended: others may wait for that. */
	if (status == 0 && ended && exchange.n_given == 0)
		status = postgres_run(store, PG_NOTIFY_IDLE, "tii", SERVER_OF(store)->schema,
			store->self.id, ++SERVER_OF(store)->step);
	/* The same ends come again. */
	if (status != 0 && n_ends != 0)
		SERVER_OF(store)->ends_in_doubt = 1;
	/* Then nobody keeps what was given: it is, anew, at the next call. */
	if (status != 0 && exchange.n_given != 0)
		SERVER_OF(store)->unsettled = exchange.step;
	PQclear(exchange.claimed);
	memory_free(exchange.ids);
	memory_free(exchange.attempts);
	memory_free(exchange.only);
	return status;
}
