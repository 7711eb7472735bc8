/* The tables of a list: found, made, refused; and the end of a store. */
#define _GNU_SOURCE /* getrandom */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "jobs/postgresql/postgres.h"

#define VERSION 1
#define PATIENCE_MS 600000 /* so long a server may be away */
#define STARTING_MS 30000  /* for one that comes up when the list is opened */
#define PAUSE_MS 100
#define ANSWER_MS 10000  /* so long it may say nothing */
#define CONNECT_MS 15000 /* one try */

static int
run_text(struct store *store, const char *text, const char *what)
{
	PGresult *result = postgres_exec(store, text);
	ExecStatusType is = PQresultStatus(result);
	int status = is == PGRES_COMMAND_OK || is == PGRES_TUPLES_OK
		? 0
		: postgres_trouble(store, result, what);

	PQclear(result);
	return status;
}

/* One number that a text asks for. */
static int
ask_text(struct store *store, const char *text, int64_t *number)
{
	PGresult *result = postgres_exec_binary(store, text);
	int status = 0;

	*number = -1;
	if (PQresultStatus(result) != PGRES_TUPLES_OK)
		status = postgres_trouble(store, result, "read");
	else if (PQntuples(result) != 0 && !PQgetisnull(result, 0, 0))
		*number = postgres_int(result, 0, 0);
	PQclear(result);
	return status;
}

/* How many of these tables the schema has, -1: it may not be looked at. */
static int
count_tables(struct store *store, const char *which, int64_t *count)
{
	struct server *server = SERVER_OF(store);
	char text[600];

	snprintf(text, sizeof text,
		"SELECT CASE WHEN bool_and(has_schema_privilege(n.oid, 'USAGE')) THEN count(c.oid)"
		" ELSE -count(c.oid) END FROM pg_class c JOIN pg_namespace n ON n.oid ="
		" c.relnamespace WHERE n.nspname = '%s' AND c.relname LIKE ANY ('{%s}')",
		server->schema, which);
	return ask_text(store, text, count);
}

/* Whose schema it is: 0, and *version is -1 if there is none. */
static int
identify(struct store *store, int64_t *version)
{
	struct server *server = SERVER_OF(store);
	int64_t tables, ours = 0;
	int status;

	*version = -1;
	status = count_tables(store, "%", &tables);
	if (status == 0 && tables == 0)
		return 0;
	if (status == 0)
		status = count_tables(store, "list,job,taker", &ours);
	if (status == 0 && ours < 0)
		return error_set(store->error, ORD_ESYSTEM,
			"%s may not be looked at: have its owner grant USAGE on the schema %s, and SELECT, INSERT, UPDATE and DELETE on its tables",
			server->shown, server->schema);
	if (status == 0 && ours < 3)
		return error_set(store->error, ORD_EINVAL,
			"the schema %s has tables of another program: give another name with ?list=",
			server->schema);
	if (status == 0)
		status = ask_text(store, "SELECT value FROM list WHERE name = 'version'", version);
	if (status == 0 && *version > VERSION)
		return error_set(store->error, ORD_ENOTSUP,
			"%s was made by a newer version of orderly: use that, or give another with ?list=",
			server->shown);
	return status;
}

/* Another taker may make the same tables: who comes second finds them. */
static int
make_tables(struct store *store)
{
	struct server *server = SERVER_OF(store);
	char text[300];
	int64_t version, there;
	int status;

	snprintf(text, sizeof text,
		"BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('%s', 0))", server->schema);
	status = run_text(store, text, "made");
	if (status == 0)
		status = identify(store, &version);
	if (status != 0 || version >= 0)
		return status != 0 ? status : run_text(store, "COMMIT", "made");
	snprintf(text, sizeof text, "SELECT 1 FROM pg_namespace WHERE nspname = '%s'",
		server->schema);
	status = ask_text(store, text, &there);
	snprintf(text, sizeof text, "CREATE SCHEMA %s", server->schema);
	if (status == 0 && there != 1)
		status = run_text(store, text, "made");
	if (status == 0)
		status = run_text(store, postgres_tables, "made");
	snprintf(text, sizeof text, "INSERT INTO list (name, value) VALUES ('version', %d); COMMIT",
		VERSION);
	return status == 0 ? run_text(store, text, "made") : status;
}

static int
find_tables(struct store *store)
{
	struct server *server = SERVER_OF(store);
	int64_t version;
	int status = identify(store, &version);

	if (status == 0 && version < 0 && (store->must_exist || store->read_only))
		return error_set(store->error, ORD_EINVAL, "there is no list: %s", server->shown);
	if (status == 0 && version < 0)
		status = make_tables(store);
	if (status == 0)
		status = postgres_ask_oid(store, &server->oid);
	return status;
}

int
postgres_open(struct store *store, const char *place)
{
	struct server *server;
	uint64_t began = clock_now_ns();
	int status = libpq_open(store->error);

	if (status != 0)
		return status;
	server = memory_new(1, sizeof *server);
	if (server == NULL)
		return error_memory(store->error);
	server->store = store;
	server->patience_ms = PATIENCE_MS;
	server->answer_ms = ANSWER_MS;
	server->connect_ms = CONNECT_MS;
	store->inside = server;
	if (getrandom(&server->session, sizeof server->session, 0) != sizeof server->session)
		server->session = (int64_t)(clock_wall_ns() ^ ((uint64_t)getpid() << 40));
	server->session &= INT64_MAX;
	server->step = server->session & ~(int64_t)0xffffffff;
	status = postgres_set_address(store, place);
	if (status != 0)
		return status;
	/* One that comes up is waited for; one that is not there is said. */
	for (;;) {
		char code[6];

		status = postgres_connect(store, 0);
		postgres_refusal(server->handle, code);
		if (status == 0 || strcmp(code, "57P03") != 0 ||
			clock_now_ns() - began > STARTING_MS * CLOCK_NS_PER_MS)
			break;
		poll(NULL, 0, PAUSE_MS);
	}
	if (status == 0)
		error_clear(store->error);
	server->inside = 1;
	if (status == 0)
		status = find_tables(store);
	server->inside = 0;
	if (status == POSTGRES_AGAIN)
		status = error_set(store->error, ORD_ESYSTEM,
			"%s: the connection was lost while it was opened: open it again",
			server->shown);
	return status;
}

void
postgres_close_all(struct store *store, int forked)
{
	struct server *server = SERVER_OF(store);

	if (server == NULL)
		return;
	/* In a forked process libpq would say good-bye for the parent: only the descriptor goes. */
	if (!forked)
		PQfinish(server->handle);
	else if (server->handle != NULL && PQsocket(server->handle) >= 0)
		close(PQsocket(server->handle));
	memory_free(server->address);
	memory_free(server);
	store->inside = NULL;
}
