/*
 * Job lists in SQLite: takers that do nothing, against a raw loop of prepared
 * statements on the same tables' essentials, by turns in one run; the medians of all rounds.
 * The share is what the taker with the fewest jobs had, in percent, when the first one ran dry.
 *
 * usage: bench_jobs [JOBS [TAKERS [BATCH [ROUNDS]]]]
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orderly/jobs.h>

#define TAKERS_MAX 16
#define ROUNDS_MAX 99

struct seen {
	_Atomic unsigned ready;
	_Atomic unsigned go, dry;
	uint64_t taken[TAKERS_MAX], before_dry[TAKERS_MAX];
};

struct figures {
	double rate, cpu_us, share;
};

struct run {
	const char *path;
	uint64_t jobs;
	unsigned takers, batch, self;
	struct seen *seen;
};

static void
die(const char *why)
{
	fprintf(stderr, "bench_jobs: %s\n", why);
	_exit(1);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
remove_list(const struct run *run)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[300];

	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s%s", run->path, ends[i]);
		unlink(path);
	}
}

/* --- raw --- */

static int
on_busy(void *user, int tries)
{
	struct timespec pause = { 0, 40000 + (long)((unsigned)(tries * 7919 + (int)getpid()) % 40000) };

	(void)user;
	nanosleep(&pause, NULL);
	return 1;
}

static sqlite3 *
raw_open(const struct run *run)
{
	sqlite3 *handle;

	if (sqlite3_open(run->path, &handle) != SQLITE_OK)
		die("cannot open");
	sqlite3_busy_handler(handle, on_busy, NULL);
	if (sqlite3_exec(handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(handle));
	return handle;
}

static void
raw_fill(const struct run *run)
{
	sqlite3 *handle = raw_open(run);
	char text[400];

	snprintf(text, sizeof text,
		"CREATE TABLE job (id INTEGER PRIMARY KEY, name TEXT, state INTEGER, taker INTEGER, attempt INTEGER);"
		"CREATE INDEX job_state ON job (state, id);"
		"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %" PRIu64 ")"
		" INSERT INTO job (name, state, attempt) SELECT CAST(i AS TEXT), 1, 0 FROM n",
		run->jobs);
	if (sqlite3_exec(handle, text, NULL, NULL, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(handle));
	sqlite3_close(handle);
}

/* Claims, and the ends of what was claimed before, in statements of their own: as a loop of two calls has them. */
static uint64_t
raw_take(const struct run *run)
{
	sqlite3 *handle = raw_open(run);
	sqlite3_stmt *claim, *done;
	int64_t ids[1000];
	uint64_t taken = 0;
	int n = 0;

	if (sqlite3_prepare_v2(handle,
		    "UPDATE job SET state = 2, taker = ?1, attempt = attempt + 1 WHERE id IN (SELECT id FROM job WHERE state = 1 ORDER BY id LIMIT ?2) RETURNING id, name",
		    -1, &claim, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(handle, "UPDATE job SET state = 3 WHERE id = ?1 AND taker = ?2", -1, &done, NULL) != SQLITE_OK)
		die(sqlite3_errmsg(handle));
	for (;;) {
		int code;

		sqlite3_bind_int64(claim, 1, getpid());
		sqlite3_bind_int64(claim, 2, run->batch);
		for (n = 0; (code = sqlite3_step(claim)) == SQLITE_ROW; n++)
			ids[n] = sqlite3_column_int64(claim, 0);
		sqlite3_reset(claim);
		if (code != SQLITE_DONE)
			die(sqlite3_errmsg(handle));
		if (n == 0)
			break;
		if (sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
			die(sqlite3_errmsg(handle));
		for (int i = 0; i < n; i++) {
			sqlite3_bind_int64(done, 1, ids[i]);
			sqlite3_bind_int64(done, 2, getpid());
			sqlite3_step(done);
			sqlite3_reset(done);
		}
		if (sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
			die(sqlite3_errmsg(handle));
		taken += (uint64_t)n;
	}
	sqlite3_finalize(claim);
	sqlite3_finalize(done);
	sqlite3_close(handle);
	return taken;
}

/* --- ours --- */

static struct ord_jobs *
list_open(const struct run *run)
{
	struct ord_jobs *jobs;

	if (ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.batch = run->batch)) != 0)
		die("no memory");
	if (ord_jobs_open(jobs, run->path) != 0)
		die(ord_jobs_error(jobs));
	return jobs;
}

static void
list_fill(const struct run *run)
{
	struct ord_jobs *jobs = list_open(run);

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

	while (ord_jobs_take(jobs, &job) == 0) {
		taken++;
		if (!run->seen->dry)
			run->seen->before_dry[run->self] = taken;
	}
	run->seen->dry = 1;
	ord_jobs_destroy(&jobs);
	return taken;
}

static double
cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double
least_share(const struct run *run)
{
	uint64_t all = 0, least = UINT64_MAX;

	for (unsigned i = 0; i < run->takers; i++) {
		all += run->seen->before_dry[i];
		if (run->seen->before_dry[i] < least)
			least = run->seen->before_dry[i];
	}
	return all == 0 ? 0 : 100 * (double)least / (double)all;
}

/* From the start barrier to the last taker's end. */
static struct figures
measure(const struct run *run, void (*fill)(const struct run *run), uint64_t (*take)(const struct run *run))
{
	double began, cpu;
	uint64_t sum = 0;

	remove_list(run);
	fill(run);
	memset(run->seen, 0, sizeof *run->seen);
	cpu = cpu_s();
	for (unsigned i = 0; i < run->takers; i++) {
		struct run own = *run;

		if (fork() != 0)
			continue;
		own.self = i;
		run->seen->ready++;
		while (run->seen->go == 0)
			usleep(100);
		run->seen->taken[i] = take(&own);
		_exit(0);
	}
	while (run->seen->ready != run->takers)
		usleep(100);
	began = now_s();
	run->seen->go = 1;
	while (wait(NULL) > 0)
		;
	began = now_s() - began;
	for (unsigned i = 0; i < run->takers; i++)
		sum += run->seen->taken[i];
	if (sum != run->jobs)
		die("not every job was taken once");
	remove_list(run);
	return (struct figures){ (double)run->jobs / began, (cpu_s() - cpu) * 1e6 / (double)run->jobs, least_share(run) };
}

static int
compare(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static double
median(double *numbers, unsigned n)
{
	qsort(numbers, n, sizeof *numbers, compare);
	return numbers[n / 2];
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/bench-jobs-XXXXXX", path[64];
	struct run run = { .path = path,
		.jobs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000,
		.takers = argc > 2 ? (unsigned)atoi(argv[2]) : 2,
		.batch = argc > 3 ? (unsigned)atoi(argv[3]) : 1 };
	unsigned rounds = argc > 4 ? (unsigned)atoi(argv[4]) : 3;
	double raw[ROUNDS_MAX], ours[ROUNDS_MAX], raw_cpu[ROUNDS_MAX], our_cpu[ROUNDS_MAX], share[ROUNDS_MAX];

	if (run.takers < 1 || run.takers > TAKERS_MAX || run.batch < 1 || run.batch > 1000 || rounds < 1 || rounds > ROUNDS_MAX ||
		mkdtemp(folder) == NULL)
		die("usage: bench_jobs [JOBS [TAKERS [BATCH [ROUNDS]]]]");
	snprintf(path, sizeof path, "%s/jobs.sqlite", folder);
	run.seen = mmap(NULL, sizeof *run.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.seen == MAP_FAILED)
		die("no memory");
	for (unsigned i = 0; i < rounds; i++) {
		struct figures one = measure(&run, raw_fill, raw_take), other = measure(&run, list_fill, list_take);

		raw[i] = one.rate;
		raw_cpu[i] = one.cpu_us;
		ours[i] = other.rate;
		our_cpu[i] = other.cpu_us;
		share[i] = other.share;
	}
	printf("{\"bench\":\"jobs_sqlite\",\"jobs\":%" PRIu64 ",\"takers\":%u,\"batch\":%u,\"rounds\":%u,\"raw_per_s\":%.0f,\"orderly_per_s\":%.0f,\"ratio\":%.2f,",
		run.jobs, run.takers, run.batch, rounds, median(raw, rounds), median(ours, rounds), median(ours, rounds) / median(raw, rounds));
	printf("\"raw_cpu_us\":%.2f,\"orderly_cpu_us\":%.2f,\"cpu_ratio\":%.2f,\"least_share\":%.1f}\n", median(raw_cpu, rounds),
		median(our_cpu, rounds), median(raw_cpu, rounds) / median(our_cpu, rounds), median(share, rounds));
	rmdir(folder);
	return 0;
}
