/*
 * Job lists in PostgreSQL: takers that do nothing, against a raw loop of libpq's pipelines on the same tables'
 * essentials, by turns in one run; the medians of all rounds. Ends are durable in both. Without a server it
 * prints nothing.
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
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orderly/jobs.h>

#define TAKERS_MAX 16
#define ROUNDS 5

struct seen {
	_Atomic unsigned ready;
	_Atomic unsigned go;
	uint64_t taken[TAKERS_MAX];
};

struct run {
	char address[300];
	uint64_t jobs;
	unsigned takers, batch;
	struct seen *seen;
};

static void
die(const char *why)
{
	fprintf(stderr, "bench_jobs_postgres: %s\n", why);
	_exit(1);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- raw --- */

static PGconn *
raw_open(const struct run *run)
{
	PGconn *handle = PQconnectdb(run->address);

	if (PQstatus(handle) != CONNECTION_OK)
		die(PQerrorMessage(handle));
	PQclear(PQexec(handle, "SET client_min_messages TO error; SET plan_cache_mode TO force_generic_plan; SET enable_seqscan TO off; SET enable_hashjoin TO off; SET enable_mergejoin TO off; SET enable_bitmapscan TO off"));
	return handle;
}

static void
raw_do(PGconn *handle, const char *text)
{
	PGresult *result = PQexec(handle, text);

	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		die(PQerrorMessage(handle));
	PQclear(result);
}

static void
raw_fill(const struct run *run)
{
	PGconn *handle = raw_open(run);
	char text[400];

	raw_do(handle, "DROP TABLE IF EXISTS raw; CREATE TABLE raw (id int8 PRIMARY KEY, name text, state int4, taker int4, attempt int4);"
		"CREATE INDEX raw_waiting ON raw (id) WHERE state = 1");
	snprintf(text, sizeof text, "INSERT INTO raw SELECT i, i::text, 1, NULL, 0 FROM generate_series(0, %" PRIu64 ") i", run->jobs - 1);
	raw_do(handle, text);
	PQfinish(handle);
}

static void
raw_prepare(PGconn *handle, const struct run *run)
{
	char text[600];
	PGresult *result;

	snprintf(text, sizeof text,
		"UPDATE raw SET state = 2, taker = $1, attempt = attempt + 1 WHERE id = ANY (ARRAY (SELECT w.id FROM raw w WHERE w.state = 1 AND w.id >= $2 ORDER BY w.id LIMIT %u FOR UPDATE SKIP LOCKED)) RETURNING id, name",
		run->batch);
	result = PQprepare(handle, "claim", text, 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die(PQerrorMessage(handle));
	PQclear(result);
	result = PQprepare(handle, "done", "UPDATE raw SET state = 3 WHERE id = ANY ($1::int8[]) AND state = 2 AND taker = $2", 0, NULL);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die(PQerrorMessage(handle));
	PQclear(result);
}

/* The ends of what was claimed before, and the next claim, in one pipeline. */
static uint64_t
raw_take(const struct run *run)
{
	PGconn *handle = raw_open(run);
	char *ids = malloc(24 * 1001), self[16], from[24] = "0";
	uint64_t taken = 0;
	size_t used;
	int n = 0;

	snprintf(self, sizeof self, "%d", (int)getpid());
	raw_prepare(handle, run);
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
			die(PQerrorMessage(handle));
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

static struct ord_jobs *
list_open(const struct run *run)
{
	struct ord_jobs *jobs;

	if (ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.batch = run->batch)) != 0)
		die("no memory");
	if (ord_jobs_open(jobs, run->address) != 0)
		die(ord_jobs_error(jobs));
	return jobs;
}

static void
list_fill(const struct run *run)
{
	PGconn *handle = raw_open(run);
	struct ord_jobs *jobs;

	raw_do(handle, "DROP SCHEMA IF EXISTS orderly_jobs CASCADE; DROP TABLE IF EXISTS raw");
	PQfinish(handle);
	jobs = list_open(run);
	if (ord_jobs_add_range(jobs, run->jobs) != 0)
		die(ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
}

static uint64_t
list_take(const struct run *run)
{
	struct ord_jobs *jobs = list_open(run);
	struct ord_job *job;
	uint64_t taken = 0;
	int status;

	while ((status = ord_jobs_take(jobs, &job)) == 0)
		taken++;
	if (status != ORD_EEMPTY)
		die(ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
	return taken;
}

/* Jobs a second, from the start barrier to the last taker's end. */
static double
measure(const struct run *run, void (*fill)(const struct run *run), uint64_t (*take)(const struct run *run))
{
	double began;
	uint64_t sum = 0;

	fill(run);
	memset(run->seen, 0, sizeof *run->seen);
	for (unsigned i = 0; i < run->takers; i++) {
		if (fork() != 0)
			continue;
		run->seen->ready++;
		while (run->seen->go == 0)
			usleep(100);
		run->seen->taken[i] = take(run);
		_exit(0);
	}
	while (run->seen->ready != run->takers)
		usleep(100);
	began = now_s();
	run->seen->go = 1;
	for (unsigned i = 0; i < run->takers; i++)
		wait(NULL);
	began = now_s() - began;
	for (unsigned i = 0; i < run->takers; i++)
		sum += run->seen->taken[i];
	if (sum != run->jobs)
		die("not every job was taken once");
	return (double)run->jobs / began;
}

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double
median(double *numbers)
{
	qsort(numbers, ROUNDS, sizeof *numbers, compare);
	return numbers[ROUNDS / 2];
}

/* A server that flushes, of the tests' script; it ends with the pipe's other end. */
static void
start_server(struct run *run)
{
	const char *source = getenv("ORDERLY_SOURCE");
	char command[500], folder[200] = "";
	int in[2];
	FILE *out;

	snprintf(command, sizeof command, "ORD_TEST_SERVER_FLUSHES=1 TMPDIR=${ORD_BENCH_FOLDER:-/tmp} exec '%s/tests/jobs/server.sh'", source != NULL ? source : ".");
	if (pipe2(in, O_CLOEXEC) != 0 || dup2(in[0], 0) < 0)
		die("no pipe");
	out = popen(command, "r");
	if (out == NULL || fgets(folder, sizeof folder, out) == NULL) {
		fprintf(stderr, "bench_jobs_postgres: skipped: no server\n");
		_exit(0);
	}
	folder[strcspn(folder, "\n")] = '\0';
	snprintf(run->address, sizeof run->address, "postgresql:///postgres?host=%s&user=orderly", folder);
}

int
main(int argc, char **argv)
{
	struct run run = { .jobs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000,
		.takers = argc > 2 ? (unsigned)atoi(argv[2]) : 2,
		.batch = argc > 3 ? (unsigned)atoi(argv[3]) : 1 };
	double raw[ROUNDS], ours[ROUNDS], ratio[ROUNDS];

	if (run.takers < 1 || run.takers > TAKERS_MAX || run.batch < 1 || run.batch > 1000)
		die("usage: bench_jobs_postgres [JOBS [TAKERS [BATCH]]]");
	run.seen = mmap(NULL, sizeof *run.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.seen == MAP_FAILED)
		die("no memory");
	start_server(&run);
	for (int i = 0; i < ROUNDS; i++) {
		raw[i] = measure(&run, raw_fill, raw_take);
		ours[i] = measure(&run, list_fill, list_take);
		ratio[i] = ours[i] / raw[i];
	}
	printf("{\"bench\":\"jobs_postgresql\",\"jobs\":%" PRIu64 ",\"takers\":%u,\"batch\":%u,\"raw_per_s\":%.0f,\"orderly_per_s\":%.0f,\"ratio\":%.2f}\n",
		run.jobs, run.takers, run.batch, median(raw), median(ours), median(ratio));
	return 0;
}
