/* A server that is full, busy, read-only or strict: each is said with its remedy, nothing is lost, and the same call goes well later. */
#define _GNU_SOURCE /* umount2 */
#include "lists.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 2;

/* The same list, with more in its address. */
static struct list_at
with(const struct list_at *at, const char *more)
{
	struct list_at other = *at;

	snprintf(other.address + strlen(other.address), sizeof other.address - strlen(other.address), "&%s", more);
	return other;
}

/* --- times --- */

#define LOCK_OF_LIST "pg_advisory_xact_lock('job'::regclass::oid::int8::int4, 0)"
#define LOCKED \
	"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND objid = 0 AND mode = 'ExclusiveLock' AND granted"

/* Somebody has the list for himself, longer than this user may wait. */
static void
wait_too_long(struct list_at *at, const char *setting)
{
	char more[100];
	struct list_at strict;
	struct ord_jobs *jobs;
	struct ord_job *job;
	pid_t pid;

	snprintf(more, sizeof more, "options=-c%%20%s%%3D150", setting);
	strict = with(at, more);
	jobs = OPEN(&strict, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = setting);
	pid = fork();
	if (pid == 0) {
		lists_sql(at, "SELECT " LOCK_OF_LIST "; SELECT pg_sleep(100)");
		_exit(0);
	}
	while (lists_number(at, LOCKED) == 0)
		scene_pause_ms(5);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, setting);
	CHECK(strstr(ord_jobs_error(jobs), "raise") != NULL);
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "more")), ORD_ESYSTEM, setting);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	lists_sql(at, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND pid <> pg_backend_pid()");
	while (lists_number(at, LOCKED) != 0)
		scene_pause_ms(5);
	job = TAKE(jobs, setting);
	CHECK_EQ(ord_job_attempt(job), 1);
	JOBS_OK(jobs, ord_job_done(job));
	CHECK_EQ(lists_counts(jobs).waiting, 0);
	ord_jobs_destroy(&jobs);
}

SCENE(pressure, who_may_not_wait_is_told)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);

	wait_too_long(&at, "statement_timeout");
	wait_too_long(&at, "lock_timeout");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* --- a server that may not be written --- */

SCENE(pressure, a_server_that_is_read_only_is_told)
{
	struct list_at at = lists_only("postgresql"), own = at, strict;
	struct ord_jobs *jobs, *looks;
	struct ord_job *job;

	lists_sql(&at, "DROP ROLE IF EXISTS writer; CREATE ROLE writer LOGIN; GRANT CREATE ON DATABASE postgres TO writer");
	snprintf(own.address, sizeof own.address, "postgresql://writer@/postgres?host=%s&%s", getenv(SERVER), strstr(at.address, "list="));
	strict = with(&own, "options=-c%20default_transaction_read_only%3Don");
	jobs = OPEN(&own, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = "a");
	ADD(jobs, .name = "b");
	job = TAKE(jobs, "a");
	/* For one who comes, and for one who looks. */
	REFUSES(strict.address, NULL, ORD_ESYSTEM, "give the server that may be written");
	looks = OPEN(&strict, .read_only = 1);
	CHECK_EQ(lists_counts(looks).running, 1);
	/* And in the middle of work. */
	lists_sql(&at, "ALTER ROLE writer SET default_transaction_read_only = on");
	lists_sql(&at, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'writer'");
	JOBS_SAYS(jobs, ord_job_done(job), ORD_ESYSTEM, "read-only");
	lists_sql(&at, "ALTER ROLE writer RESET default_transaction_read_only");
	JOBS_OK(jobs, ord_job_done(job));
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
	CHECK_EQ(lists_counts(looks).done, 2);
	ord_jobs_destroy(&looks);
	ord_jobs_destroy(&jobs);
	lists_sql(&at, "DROP OWNED BY writer CASCADE; DROP ROLE writer");
	lists_end(&at);
}

/* --- no connection left --- */

SCENE(pressure, who_waits_for_a_connection_goes_on)
{
	struct list_at at = lists_only("postgresql"), poor = at;
	struct ord_jobs *jobs, *hasty;
	struct ord_job *job;
	char text[400];
	int status;
	pid_t pid;

	lists_sql(&at, "DROP ROLE IF EXISTS guarded; CREATE ROLE guarded LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO guarded");
	snprintf(poor.address, sizeof poor.address, "postgresql://guarded:secret@/postgres?host=%s&%s", getenv(SERVER), strstr(at.address, "list="));
	jobs = OPEN(&poor, .taker = "first");
	pid = fork();
	if (pid == 0) {
		struct ord_jobs *waits = OPEN(&poor, .taker = "waits", .wait = ORD_JOBS_WAIT_FOREVER);

		JOBS_OK(waits, ord_job_done(TAKE(waits, "a")));
		ord_jobs_destroy(&waits);
		_exit(0);
	}
	snprintf(text, sizeof text, "%s&patience=0", poor.address);
	CHECK_EQ(ord_jobs_new(&hasty, NULL), 0);
	JOBS_OK(hasty, ord_jobs_open(hasty, text));
	while (lists_number(&at, "SELECT count(*) FROM taker WHERE waits AND name = 'waits'") == 0)
		scene_pause_ms(5);
	lists_sql(&at, "ALTER ROLE guarded CONNECTION LIMIT 0");
	lists_sql(&at, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'guarded'");
	while (lists_number(&at, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'guarded'") != 0)
		scene_pause_ms(5);
	JOBS_SAYS(hasty, ord_jobs_claim(hasty, &job), ORD_ESYSTEM, "each taker needs one");
	lists_sql(&at, "ALTER ROLE guarded CONNECTION LIMIT -1");
	ADD(jobs, .name = "a");
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(lists_counts(jobs).done, 1);
	ord_jobs_destroy(&hasty);
	ord_jobs_destroy(&jobs);
	lists_sql(&at, "DROP OWNED BY guarded CASCADE; DROP ROLE guarded");
	lists_end(&at);
}

/* --- no room left --- */

/* A disk of some MiB for a tablespace of the server; 0, or -1: this user makes none. The script of the server removes it. */
static int
small_disk(const struct list_at *at, char *folder, size_t size)
{
	char text[300];
	struct stat is;

	snprintf(folder, size, "%s/full", getenv(SERVER));
	if (geteuid() != 0 || stat(getenv(SERVER), &is) != 0 || mkdir(folder, 0700) != 0)
		return -1;
	if (mount("none", folder, "tmpfs", 0, "size=4m") != 0) {
		CHECK_EQ(rmdir(folder), 0);
		return -1;
	}
	CHECK_EQ(chown(folder, is.st_uid, is.st_gid), 0);
	snprintf(text, sizeof text, "CREATE TABLESPACE small LOCATION '%s'", folder);
	lists_sql(at, text);
	return 0;
}

static uint64_t
fill(const char *folder, char *path, size_t size)
{
	static const char bytes[65536];
	uint64_t all = 0;
	ssize_t n;
	int fd;

	snprintf(path, size, "%s/filler", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0);
	while ((n = write(fd, bytes, sizeof bytes)) > 0)
		all += (uint64_t)n;
	close(fd);
	return all;
}

SCENE(pressure, a_full_disk_of_the_server_is_told)
{
	struct list_at at = lists_only("postgresql"), tight;
	char folder[200], path[250];
	static char payload[400000];
	struct ord_jobs *jobs;
	uint64_t state = 7;

	if (small_disk(&at, folder, sizeof folder) != 0) {
		lists_end(&at);
		return;
	}
	tight = with(&at, "options=-c%20default_tablespace%3Dsmall");
	jobs = OPEN(&tight, .taker = "w");
	/* What cannot be compressed. */
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (char)scene_random(&state);
	ADD(jobs, .name = "a", .payload = payload, .payload_size = 1000);
	CHECK(fill(folder, path, sizeof path) > 0);
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "b", .payload = payload, .payload_size = sizeof payload)), ORD_ESYSTEM,
		"make room on the server's disk");
	CHECK_EQ(lists_counts(jobs).total, 1);
	CHECK_EQ(unlink(path), 0);
	ADD(jobs, .name = "b", .payload = payload, .payload_size = sizeof payload);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
	ord_jobs_destroy(&jobs);
	lists_off_server(&at);
	lists_sql(&at, "DROP TABLESPACE small");
	lists_end(&at);
	CHECK_EQ(umount2(folder, MNT_DETACH), 0);
	CHECK_EQ(rmdir(folder), 0);
}
