/*
 * Job lists in SQLite: takers that do nothing, against a raw loop of prepared
 * statements on the same tables' essentials, by turns in one run; the medians of all rounds.
 * The share is what the taker with the fewest jobs had, in percent, when the first one ran dry.
 *
 * usage: bench_jobs [JOBS [TAKERS [BATCH]]]
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "jobs/race.h"
#include "support/measure.h"

static int
on_busy(void *user, int tries)
{
	struct timespec pause = { 0, 40000 + (long)((unsigned)(tries * 7919 + (int)getpid()) % 40000) };

	(void)user;
	nanosleep(&pause, NULL);
	return 1;
}

static sqlite3 *
raw_open(const struct race *race)
{
	sqlite3 *handle;

	if (sqlite3_open(race->path, &handle) != SQLITE_OK)
		fail("cannot open %s", race->path);
	sqlite3_busy_handler(handle, on_busy, NULL);
	if (sqlite3_exec(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK)
		fail("%s", sqlite3_errmsg(handle));
	return handle;
}

static void
raw_fill(const struct race *race)
{
	sqlite3 *handle;
	char text[400];

	list_remove(race->path);
	handle = raw_open(race);

	snprintf(text, sizeof text,
		"CREATE TABLE job (id INTEGER PRIMARY KEY, name TEXT, state INTEGER, taker INTEGER, attempt INTEGER);"
		"CREATE INDEX job_state ON job (state, id);"
		"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %" PRIu64 ")"
		" INSERT INTO job (name, state, attempt) SELECT CAST(i AS TEXT), 1, 0 FROM n",
		race->jobs);
	if (sqlite3_exec(handle, text, NULL, NULL, NULL) != SQLITE_OK)
		fail("%s", sqlite3_errmsg(handle));
	sqlite3_close(handle);
}

/* Claims, and the ends of what was claimed before, in statements of their own: as a loop of two calls has them. */
static uint64_t
raw_take(const struct race *race)
{
	sqlite3 *handle;
	sqlite3_stmt *claim, *done;
	int64_t ids[1000];
	uint64_t taken = 0;
	int n = 0;

	race_ready(race);
	handle = raw_open(race);
	if (sqlite3_prepare_v2(handle,
		    "UPDATE job SET state = 2, taker = ?1, attempt = attempt + 1 WHERE id IN (SELECT id FROM job WHERE state = 1 ORDER BY id LIMIT ?2) RETURNING id, name",
		    -1, &claim, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(handle, "UPDATE job SET state = 3 WHERE id = ?1 AND taker = ?2", -1, &done, NULL) != SQLITE_OK)
		fail("%s", sqlite3_errmsg(handle));
	for (;;) {
		int code;

		sqlite3_bind_int64(claim, 1, getpid());
		sqlite3_bind_int64(claim, 2, race->batch);
		for (n = 0; (code = sqlite3_step(claim)) == SQLITE_ROW; n++)
			ids[n] = sqlite3_column_int64(claim, 0);
		sqlite3_reset(claim);
		if (code != SQLITE_DONE)
			fail("%s", sqlite3_errmsg(handle));
		if (n == 0)
			break;
		if (sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			fail("%s", sqlite3_errmsg(handle));
		for (int i = 0; i < n; i++) {
			sqlite3_bind_int64(done, 1, ids[i]);
			sqlite3_bind_int64(done, 2, getpid());
			sqlite3_step(done);
			sqlite3_reset(done);
		}
		if (sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
			fail("%s", sqlite3_errmsg(handle));
		taken += (uint64_t)n;
	}
	sqlite3_finalize(claim);
	sqlite3_finalize(done);
	sqlite3_close(handle);
	return taken;
}

static void
report(struct race race, uint64_t jobs, unsigned takers, unsigned batch, bool raced)
{
	struct race_store store = { .name = "SQLite",
		.goal = "ratio >= 0.75",
		.raw_fill = raced ? raw_fill : NULL,
		.raw_take = raw_take,
		.our_fill = list_fill,
		.our_take = race_take,
		.inside = true,
		.original = batch == 1 ? "laufband, measured once" : NULL,
		.original_rate = 37 };

	race.jobs = jobs;
	race.takers = takers;
	race.batch = batch;
	race_prepare(&race);
	race_report(&race, &store);
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/bench-jobs-XXXXXX", path[64];
	struct race race = { .address = path, .path = path };
	unsigned batch = argc > 3 ? (unsigned)atoi(argv[3]) : 1;

	if (batch < 1 || batch > 1000 || mkdtemp(folder) == NULL)
		fail("usage: bench_jobs [JOBS [TAKERS [BATCH]]]");
	snprintf(path, sizeof path, "%s/jobs.sqlite", folder);
	if (argc > 1) {
		report(race, strtoull(argv[1], NULL, 10), argc > 2 ? (unsigned)atoi(argv[2]) : 2, batch, true);
	} else {
		report(race, 20000, 2, 1, true);
		report(race, 100000, 2, 100, true);
		report(race, 20000, 4, 1, false);
		report(race, 100000, 4, 100, false);
	}
	list_remove(path);
	rmdir(folder);
	return 0;
}
