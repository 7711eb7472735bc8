/*
 * Waiting for the server's answers.  A statement may take minutes, so a clock alone
 * does not tell one that works from one that will never be heard again: a cable
 * that swallows everything ends no connection, and what lies between may even
 * acknowledge what it drops.  So when the server has said nothing for a while, it is
 * asked through another connection what the process of this one does.  If that
 * waits for its client, twice, they wait for each other: the connection is lost.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "jobs/postgresql/postgres.h"

#define AGAIN_MS 1000   /* between two looks at a server that does not answer */
#define FLUSH_MIN 65536 /* bytes of a statement that do not wait for the next one */

/* What is known of a silence. */
struct silence {
	int looks;  /* how often the server was asked, and waited for us */
	int unsent; /* bytes that the kernel kept at the last look */
};

enum process { PROCESS_WORKS, PROCESS_WAITS, PROCESS_UNKNOWN };

/* What the connection's process does, asked through another one; within the time. */
static enum process
ask_beside(struct store *store, PGconn *beside, uint64_t until)
{
	char pid[24];
	const char *const values[] = { pid };
	enum process process = PROCESS_UNKNOWN;
	PGresult *result;

	snprintf(pid, sizeof pid, "%lld", (long long)SERVER_OF(store)->process);
	if (!PQsendQueryParams(beside,
		    "SELECT 1 FROM pg_stat_activity WHERE pid = $1::int4 AND wait_event_type IS"
		    " DISTINCT FROM 'Client'",
		    1, NULL, values, NULL, NULL, 0))
		return PROCESS_UNKNOWN;
	while (PQisBusy(beside)) {
		struct pollfd entry = { .fd = PQsocket(beside), .events = POLLIN };
		int left = clock_left_ms(clock_now_ns(), until);

		if (left == 0 || (poll(&entry, 1, left) < 0 && errno != EINTR))
			return PROCESS_WAITS;
		if (entry.revents != 0 && !PQconsumeInput(beside))
			return PROCESS_UNKNOWN;
	}
	result = PQgetResult(beside);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		process = PQntuples(result) != 0 ? PROCESS_WORKS : PROCESS_WAITS;
	PQclear(result);
	return process;
}

/* A server that cannot be reached either, or that comes up anew, has forgotten the connection, or will not be heard on it. */
static enum process
look_beside(struct store *store)
{
	struct server *server = SERVER_OF(store);
	uint64_t until = clock_now_ns() + server->answer_ms * CLOCK_NS_PER_MS;
	PGconn *beside = NULL;
	enum process process = PROCESS_WAITS;
	char code[6];

	if (server->process == 0)
		return PROCESS_WAITS;
	if (postgres_dial(store, &beside, server->answer_ms) != 0) {
		PQfinish(beside);
		return PROCESS_WAITS;
	}
	if (PQstatus(beside) == CONNECTION_OK) {
		process = ask_beside(store, beside, until);
	} else {
		/* It says no: so it is there, and nobody knows. */
		postgres_refusal(beside, code);
		if (code[0] != '\0' && strcmp(code, "57P03") != 0)
			process = PROCESS_UNKNOWN;
	}
	PQfinish(beside);
	return process;
}

/* Is there nothing more to come? */
static int
is_lost(struct store *store, struct silence *silence)
{
	int unsent = 0, went_on;

	/* What goes through a slow cable is not lost. */
	if (ioctl(PQsocket(SERVER_OF(store)->handle), TIOCOUTQ, &unsent) != 0)
		unsent = 0;
	went_on = unsent < silence->unsent;
	silence->unsent = unsent;
	if (went_on || look_beside(store) != PROCESS_WAITS)
		silence->looks = 0;
	else
		silence->looks++;
	return silence->looks >= 2;
}

/* Until there is something to read, or to write; then 1, or 0: this connection is lost. */
static int
await_server(struct store *store, int sends)
{
	struct server *server = SERVER_OF(store);
	struct silence silence = { 0, 0 };

	for (int asked = 0;; asked = 1) {
		uint64_t pause = silence.looks != 0 ? AGAIN_MS : server->answer_ms;
		uint64_t until = clock_now_ns() + pause * CLOCK_NS_PER_MS;
		struct pollfd entries[2] = {
			{ .fd = PQsocket(server->handle),
				.events = (short)(sends ? POLLIN | POLLOUT : POLLIN) },
			{ .fd = store->wake, .events = POLLIN }
		};
		int left;

		/* Who is in a hurry need not wait for one that does not answer. */
		while ((left = clock_left_ms(clock_now_ns(), until)) != 0) {
			int n = poll(entries, asked ? 2 : 1, left);

			if (n > 0 || (n < 0 && errno != EINTR))
				break;
		}
		if (entries[0].revents != 0)
			return 1;
		if (left != 0 || is_lost(store, &silence))
			break;
	}
	/* Its next word is the end: so libpq says of everything that it is lost. */
	shutdown(PQsocket(server->handle), SHUT_RDWR);
	return 0;
}

int
postgres_flush(struct store *store, size_t size)
{
	PGconn *handle = SERVER_OF(store)->handle;
	int left = 0;

	if (size < FLUSH_MIN)
		return 0;
	/* The server answers what it has got: who does not listen would keep it from reading. */
	while ((left = PQflush(handle)) == 1) {
		if (!await_server(store, 1))
			return -1;
		if (!PQconsumeInput(handle))
			return -1;
	}
	return left;
}

PGresult *
postgres_result(struct store *store)
{
	PGconn *handle = SERVER_OF(store)->handle;

	while (PQisBusy(handle)) {
		int left = PQflush(handle);

		if (PQsocket(handle) < 0)
			break;
		await_server(store, left == 1);
		if (!PQconsumeInput(handle))
			break;
	}
	return PQgetResult(handle);
}

/* The last one of a text. */
static PGresult *
last_result(struct store *store)
{
	PGresult *last = NULL, *one;

	while ((one = postgres_result(store)) != NULL) {
		PQclear(last);
		last = one;
		if (PQstatus(SERVER_OF(store)->handle) == CONNECTION_BAD)
			break;
	}
	return last;
}

PGresult *
postgres_exec(struct store *store, const char *text)
{
	return PQsendQuery(SERVER_OF(store)->handle, text) ? last_result(store) : NULL;
}

PGresult *
postgres_exec_binary(struct store *store, const char *text)
{
	return PQsendQueryParams(SERVER_OF(store)->handle, text, 0, NULL, NULL, NULL, NULL, 1)
		? last_result(store)
		: NULL;
}

PGresult *
postgres_prepare(struct store *store, const char *name, const char *text)
{
	return PQsendPrepare(SERVER_OF(store)->handle, name, text, 0, NULL) ? last_result(store)
									    : NULL;
}
