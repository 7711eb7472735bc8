/*
 * Job lists in PostgreSQL: takers that do nothing, against a raw loop of libpq's pipelines on the same tables'
 * essentials, by turns in one run; the medians of all rounds. Claims and ends are durable in both.
 *
 * usage: bench_jobs_postgres [JOBS [TAKERS [BATCH]]]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/race.h"
#include "support/measure.h"

/* --- raw --- */

static PGconn *
raw_open(const struct race *race)
{
	PGconn *handle = PQconnectdb(race->address);

	if (PQstatus(handle) != CONNECTION_OK)
		fail("%s", PQerrorMessage(handle));
	PQclear(PQexec(handle, "SET client_min_messages TO error; SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET enable_bitmapscan TO off"));
	return handle;
}

static void
raw_do(PGconn *handle, const char *text)
{
	PGresult *result = PQexec(handle, text);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail("%s", PQerrorMessage(handle));
	PQclear(result);
}

static void
raw_fill(const struct race *race)
{
	PGconn *handle = raw_open(race);
	char text[400];

	raw_do(handle, "DROP TABLE IF EXISTS raw; CREATE TABLE raw (id int8 PRIMARY KEY, name text, state int4, taker int4, attempt int4);"
		"CREATE INDEX raw_waiting ON raw (id) WHERE state = 1");
	snprintf(text, sizeof text, "INSERT INTO raw SELECT i, i::text, 1, NULL, 0 FROM generate_series(0, %" PRIu64 ") i", race->jobs - 1);
	raw_do(handle, text);
	PQfinish(handle);
}

static void
raw_prepare(PGconn *handle, const struct race *race)
{
	char text[600];
	PGresult *result;

	snprintf(text, sizeof text,
		"UPDATE raw SET state = 2, taker = $1, attempt = attempt + 1 WHERE id = ANY (ARRAY (SELECT w.id FROM raw w WHERE w.state = 1 AND w.id >= $2 ORDER BY w.id LIMIT %u FOR UPDATE SKIP LOCKED)) RETURNING id, name",
		race->batch);
	result = PQprepare(handle, "claim", text, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail("%s", PQerrorMessage(handle));
	PQclear(result);
	result = PQprepare(handle, "done", "UPDATE raw SET state = 3 WHERE id = ANY ($1::int8[]) AND state = 2 AND taker = $2", 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		fail("%s", PQerrorMessage(handle));
	PQclear(result);
}

/* The ends of what was claimed before, and the next claim, in one pipeline. */
static uint64_t
raw_take(const struct race *race)
{
	PGconn *handle;
	char *ids = malloc(24 * 1001), self[16], from[24] = "0";
	uint64_t taken = 0;
	size_t used;
	int n = 0;

	race_ready(race);
	handle = raw_open(race);
	snprintf(self, sizeof self, "%d", (int)getpid());
	raw_prepare(handle, race);
	strcpy(ids, "{}");
	for (int first = 1; first || n != 0; first = 0) {
		const char *done[] = { ids, self }, *claim[] = { self, from };
		PGresult *result;

		PQenterPipelineMode(handle);
		if (n != 0)
			PQsendQueryPrepared(handle, "done", 2, done, NULL, NULL, 1);
		PQsendQueryPrepared(handle, "claim", 2, claim, NULL, NULL, 1);
		PQpipelineSync(handle);
		if (n != 0) {
			PQclear(PQgetResult(handle));
			PQgetResult(handle);
		}
		result = PQgetResult(handle);
		if (PQresultStatus(result) != PGRES_TUPLES_OK)
			fail("%s", PQerrorMessage(handle));
		n = PQntuples(result);
		used = 0;
		for (int i = 0; i < n; i++) {
			const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, i, 0);
			uint64_t id = 0;

			for (int b = 0; b < 8; b++)
				id = id << 8 | bytes[b];
			used += (size_t)sprintf(ids + used, "%c%" PRIu64, i == 0 ? '{' : ',', id);
			if (i == 0)
				snprintf(from, sizeof from, "%" PRIu64, id);
		}
		strcpy(ids + used, "}");
		PQclear(result);
		PQgetResult(handle);
		PQclear(PQgetResult(handle));
		PQexitPipelineMode(handle);
		taken += (uint64_t)n;
	}
	free(ids);
	PQfinish(handle);
	return taken;
}

/* --- ours --- */

static void
our_fill(const struct race *race)
{
	PGconn *handle = raw_open(race);

	raw_do(handle, "DROP SCHEMA IF EXISTS orderly_jobs CASCADE; DROP TABLE IF EXISTS raw");
	PQfinish(handle);
	list_fill(race);
}

/* A server that flushes, of the tests' script; it ends with the pipe's other end. */
static void
start_server(char *address, size_t size)
{
	const char *source = getenv("ORDERLY_SOURCE");
	char command[500], folder[200] = "";
	int in[2];
	FILE *out;

	snprintf(command, sizeof command, "ORD_TEST_SERVER_FLUSHES=1 TMPDIR=${ORD_BENCH_FOLDER:-/tmp} exec '%s/tests/jobs/server.sh'", source != NULL ? source : ".");
	if (pipe2(in, O_CLOEXEC) != 0 || dup2(in[0], 0) < 0)
		fail("no pipe");
	out = popen(command, "r");
	if (out == NULL || fgets(folder, sizeof folder, out) == NULL) {
		figure_skip("jobs a second, PostgreSQL", "raw loop", "the server of PostgreSQL is not installed");
		_exit(0);
	}
	folder[strcspn(folder, "\n")] = '\0';
	snprintf(address, size, "postgresql:///postgres?host=%s&user=orderly", folder);
}

static void
report(struct race race, uint64_t jobs, unsigned takers, unsigned batch, bool raced)
{
	struct race_store store = { .name = "PostgreSQL",
		.goal = "ratio >= 0.75",
		.raw_fill = raced ? raw_fill : NULL,
		.raw_take = raw_take,
		.our_fill = our_fill,
		.our_take = race_take };

	race.jobs = jobs;
	race.takers = takers;
	race.batch = batch;
	race_prepare(&race);
	race_report(&race, &store);
}

int
main(int argc, char **argv)
{
	char address[300];
	struct race race = { .address = address };
	unsigned batch = argc > 3 ? (unsigned)atoi(argv[3]) : 1;

	if (batch < 1 || batch > 1000)
		fail("usage: bench_jobs_postgres [JOBS [TAKERS [BATCH]]]");
	start_server(address, sizeof address);
	if (argc > 1) {
		report(race, strtoull(argv[1], NULL, 10), argc > 2 ? (unsigned)atoi(argv[2]) : 2, batch, true);
	} else {
		report(race, 10000, 2, 1, true);
		report(race, 100000, 2, 100, true);
		report(race, 10000, 4, 1, false);
		report(race, 100000, 4, 100, false);
	}
	return 0;
}
