/*
 * Connections, and being who one was when the server has gone and come back.
 *
 * A taker is known by its row and, to those who cannot look at its process, by
 * a lock that its connection holds: the kernels on both sides tell the server
 * when that ends, also while the taker works and calls nothing.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs/postgresql/postgres.h"

#define LEAVING_MS 2000 /* so long a server is waited for by who leaves */
#define PAUSE_MS 20     /* behind the first try; it doubles up to MOST_PAUSE_MS */
#define MOST_PAUSE_MS 1000

static void
hear_nothing(void *user, const PGresult *result)
{
	(void)user;
	(void)result;
}

/* 0, or -1 when the wait is to end. */
static int
await_handle(
	struct store *store, const PGconn *handle, PostgresPollingStatusType want, int timeout_ms)
{
	struct pollfd entries[2] = { { .fd = PQsocket(handle),
					     .events = want == PGRES_POLLING_READING ? POLLIN
										     : POLLOUT },
		/* An interruption must not cost who leaves what has ended; it waits shortly anyhow. */
		{ .fd = store->leaving ? -1 : store->wake, .events = POLLIN } };

	poll(entries, 2, timeout_ms);
	return entries[1].revents != 0 ? -1 : 0;
}

int
postgres_dial(struct store *store, PGconn **handle, uint64_t most_ms)
{
	/* A connection whose cable was pulled is found dead in about 20 s by this side, and in 11 s by the server. */
	const char *const keywords[] = { "keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "fallback_application_name", "dbname",
		"client_encoding", NULL };
	const char *const values[] = { "10", "3", "3", "20000", "orderly",
		SERVER_OF(store)->address, "UTF8", NULL };
	uint64_t until = clock_now_ns() + most_ms * CLOCK_NS_PER_MS;
	PostgresPollingStatusType want = PGRES_POLLING_WRITING;
	int status = 0;

	*handle = PQconnectStartParams(keywords, values, 1);
	if (*handle == NULL)
		return error_memory(store->error);
	PQsetNoticeReceiver(*handle, hear_nothing, NULL);
	/* With the number of the error: its words are in the language of the server. */
	PQsetErrorVerbosity(*handle, PQERRORS_VERBOSE);
	while (PQstatus(*handle) != CONNECTION_BAD && want != PGRES_POLLING_OK &&
		want != PGRES_POLLING_FAILED) {
		int left = clock_left_ms(clock_now_ns(), until);

		if (left == 0)
			break;
		if (await_handle(store, *handle, want, left) != 0) {
			status = ORD_EINTERRUPTED;
			break;
		}
		want = PQconnectPoll(*handle);
	}
	/* One that is half open is none: the next call connects anew. */
	if (PQstatus(*handle) != CONNECTION_OK && PQstatus(*handle) != CONNECTION_BAD) {
		PQfinish(*handle);
		*handle = NULL;
	}
	/* What is sent waits in answer.c, if it has to. */
	if (PQstatus(*handle) == CONNECTION_OK)
		PQsetnonblocking(*handle, 1);
	return status;
}

/* PQstatus says what came of it; ORD_EINTERRUPTED or 0. */
static int
connect_once(struct store *store)
{
	struct server *server = SERVER_OF(store);

	PQfinish(server->handle);
	server->handle = NULL;
	server->process = 0;
	memset(server->prepared, 0, sizeof server->prepared);
	memset(server->prepared_claims, 0, sizeof server->prepared_claims);
	return postgres_dial(store, &server->handle,
		store->leaving && server->connect_ms > LEAVING_MS ? LEAVING_MS
								  : server->connect_ms);
}

void
postgres_refusal(const PGconn *handle, char code[6])
{
	const char *text = PQerrorMessage(handle), *at = text;

	code[0] = '\0';
	while ((at = strstr(at, ":  ")) != NULL) {
		at += 3;
		if (strspn(at, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && at[5] == ':')
			snprintf(code, 6, "%s", at);
	}
}

/* Would it be the same another time? */
static int
is_lasting(PGconn *handle)
{
	char code[6];

	postgres_refusal(handle, code);
	return PQconnectionNeedsPassword(handle) || strncmp(code, "28", 2) == 0 ||
		strcmp(code, "3D000") == 0 || strncmp(code, "42", 2) == 0 ||
		strcmp(code, "22023") == 0;
}

static int
say_refusal(struct store *store)
{
	struct server *server = SERVER_OF(store);
	const char *text = PQerrorMessage(server->handle), *at;
	const char *remedy = " (is the server running, and is this its address?)";
	char code[6];
	int size;

	postgres_refusal(server->handle, code);
	if (server->handle == NULL)
		text = "it does not answer";
	if (PQconnectionNeedsPassword(server->handle))
		remedy = " (give it in ~/.pgpass or PGPASSWORD)";
	else if (strncmp(code, "28", 2) == 0)
		remedy =
			" (check the user, and the password in the address, in ~/.pgpass or PGPASSWORD)";
	else if (strcmp(code, "3D000") == 0)
		remedy = " (make it with createdb, or name another)";
	else if (strcmp(code, "42501") == 0)
		remedy = " (have the owner of the database grant CONNECT)";
	else if (strcmp(code, "53300") == 0)
		remedy =
			" (end some of its connections, or raise max_connections there: each taker needs one)";
	else if (code[0] != '\0')
		remedy = "";
	/* Behind the number, if there is one; only the first line of it. */
	at = code[0] != '\0' ? strstr(text, code) : NULL;
	text = at != NULL ? at + 7 : text;
	size = (int)strcspn(text, "\n");
	return error_set(store->error, ORD_ESYSTEM, "%s cannot be reached: %.*s%s", server->shown,
		size < 400 ? size : 400, text, remedy);
}

/* Read the wake's count: this interruption has been told. */
static int
say_interrupted(struct store *store)
{
	uint64_t count;
	ssize_t n = read(store->wake, &count, sizeof count);

	(void)n;
	return error_set(store->error, ORD_EINTERRUPTED,
		"interrupted while waiting for the server of %s", SERVER_OF(store)->shown);
}

/* How plans are made, when a connection is dead, and what else must not depend on how the server is set up. */
static int
set_session(struct store *store)
{
	struct server *server = SERVER_OF(store);
	char text[1500];
	PGresult *result;
	int status = 0;

	snprintf(text, sizeof text,
		"SET search_path TO %s;"
		"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
		"SET client_min_messages TO warning;"
		"SET plan_cache_mode TO force_generic_plan; SET jit TO off; SET enable_seqscan TO off;"
		"SET enable_tidscan TO on; SET enable_bitmapscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off;"
		"SET idle_in_transaction_session_timeout TO '30s';"
		"SET tcp_keepalives_idle TO 5; SET tcp_keepalives_interval TO 2;"
		"SET tcp_keepalives_count TO 3;"
		/* Some servers do not have them.  Whose connection is ended while it works is taken for dead. */
		"SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN"
		" ('idle_session_timeout', 'transaction_timeout');"
		"SELECT set_config('synchronous_commit', 'on', false) WHERE"
		" current_setting('synchronous_commit') = 'off';"
		"SELECT pg_backend_pid()",
		server->schema);
	result = postgres_exec(store, text);
	if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
		status = postgres_trouble(store, result, "used");
	else
		server->process = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return status;
}

/* End what the last connection of this object may have left on the server, and wait until it is over. */
static int
hold_session(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int status = postgres_run(store, PG_END_OLD, "i", server->session);

	return status == 0 ? postgres_run(store, PG_LOCK_SESSION, "i", server->session) : status;
}

int
postgres_hold_taker(struct store *store)
{
	struct server *server = SERVER_OF(store);
	char text[sizeof server->schema + 16];
	PGresult *result;
	int status = postgres_run(
		store, PG_LOCK_TAKER, "ii", (int64_t)(int32_t)server->oid, store->self.id);

	if (status != 0)
		return status;
	snprintf(text, sizeof text, "LISTEN %s", server->schema);
	result = postgres_exec(store, text);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		status = postgres_trouble(store, result, "used");
	PQclear(result);
	return status;
}

int
postgres_ask_oid(struct store *store, int64_t *oid)
{
	struct server *server = SERVER_OF(store);
	char text[sizeof server->schema + 8];

	snprintf(text, sizeof text, "%s.job", server->schema);
	return postgres_number(store, PG_LIST_OID, 0, oid, "t", text);
}

/* One that was a taker before is it again. */
static int
resume(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int64_t oid;
	int status = set_session(store);

	if (status == 0 && !store->read_only)
		status = hold_session(store);
	if (status == 0 && server->oid != 0) {
		status = postgres_ask_oid(store, &oid);
		if (status == 0 && oid != server->oid)
			return error_set(store->error, ORD_ESYSTEM,
				"%s was deleted or replaced while it was open: open it anew",
				server->shown);
	}
	if (status == 0 && store->self.id != 0)
		status = postgres_hold_taker(store);
	if (status == 0 && store->self.id != 0)
		status = postgres_run(store, PG_IS_BACK, "i", store->self.id);
	return status;
}

/* 0, POSTGRES_AGAIN, or a status that will not change by itself. */
static int
try_connect(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int status = connect_once(store);

	if (status == ORD_EINTERRUPTED)
		return say_interrupted(store);
	if (status != 0)
		return status;
	if (PQstatus(server->handle) == CONNECTION_OK)
		return resume(store);
	return is_lasting(server->handle) ? say_refusal(store) : POSTGRES_AGAIN;
}

int
postgres_connect(struct store *store, uint64_t patience_ms)
{
	struct server *server = SERVER_OF(store);
	uint64_t until = clock_now_ns() + patience_ms * CLOCK_NS_PER_MS;
	int inside = server->inside, status;

	server->inside = 1; /* nothing is tried anew below this */
	for (int pause = PAUSE_MS;; pause = pause * 2 < MOST_PAUSE_MS ? pause * 2 : MOST_PAUSE_MS) {
		struct pollfd wake = { .fd = store->leaving ? -1 : store->wake, .events = POLLIN };
		int left = clock_left_ms(clock_now_ns(), until);

		status = try_connect(store);
		if (status != POSTGRES_AGAIN)
			break;
		if (left == 0) {
			status = PQstatus(server->handle) == CONNECTION_BAD
				? say_refusal(store)
				: error_set(store->error, ORD_ESYSTEM,
					  "%s: the connection is lost again and again",
					  server->shown);
			break;
		}
		if (poll(&wake, 1, pause < left ? pause : left) == 1) {
			status = say_interrupted(store);
			break;
		}
	}
	/* Half of its session would be the next call's: it connects anew. */
	if (status != 0 && PQstatus(server->handle) == CONNECTION_OK) {
		PQfinish(server->handle);
		server->handle = NULL;
	}
	server->inside = inside;
	return status;
}

int
postgres_reconnect(struct store *store)
{
	struct server *server = SERVER_OF(store);
	uint64_t most = store->leaving ? LEAVING_MS : UINT64_MAX;
	int status =
		postgres_connect(store, server->patience_ms < most ? server->patience_ms : most);

	/* What changed meanwhile nobody told. */
	server->notified = store->heard = 1;
	/* Nor whether the list still says that self waits: the answer that tells may be what was lost. */
	server->waits = 0;
	if (status == 0)
		error_clear(store->error);
	return status;
}
