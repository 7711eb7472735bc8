/* Files of lists that are not as they should be: damaged, of others, newer, read-only, deleted, on full disks. */
#define _GNU_SOURCE /* RLIMIT_FSIZE */
#include "lists.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ORD_JOBS_SQLITE
#include "base/clock.h"
#include "jobs/jobs.h"
#include "jobs/place.h"
#include "jobs/sqlite/sqlite.h"

static const char *
path_of(const struct list_at *at)
{
	return at->address + strlen("sqlite:");
}

static void
write_file(const char *path, const char *bytes, off_t at)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	CHECK(fd >= 0);
	CHECK_EQ(pwrite(fd, bytes, strlen(bytes), at), strlen(bytes));
	close(fd);
}

SCENE(sqlite, a_list_that_is_not_there)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs;

	REFUSES(at.address, &ORD_JOBS_OPTIONS(.must_exist = 1), ORD_EINVAL, "there is no list");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.read_only = 1), ORD_EINVAL, "there is no list");
	CHECK(access(path_of(&at), F_OK) != 0);
	CHECK_EQ(ord_jobs_new(&jobs, NULL), 0);
	JOBS_SAYS(jobs, ord_jobs_open(jobs, "sqlite:"), ORD_EINVAL, "needs a path");
	JOBS_SAYS(jobs, ord_jobs_open(jobs, "sqlite:/nowhere/at/all.sqlite"), ORD_ESYSTEM, "/nowhere/at");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

SCENE(sqlite, a_damaged_list_is_set_aside_and_said)
{
	struct list_at at = lists_only("sqlite");
	char aside[300], bytes[16] = "";
	struct ord_jobs *jobs;
	int fd;

	write_file(path_of(&at), "This is no database, however long one looks at it.", 0);
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.read_only = 1), ORD_EFAILED, "is damaged");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_EFAILED, ".aside-1 now: open it again");
	snprintf(aside, sizeof aside, "%s.aside-1", path_of(&at));
	fd = open(aside, O_RDONLY | O_CLOEXEC);
	CHECK(fd >= 0 && read(fd, bytes, 7) == 7 && strcmp(bytes, "This is") == 0);
	close(fd);
	jobs = OPEN(&at, .taker = NULL);
	JOBS_OK(jobs, ord_jobs_add_range(jobs, 5000));
	ord_jobs_destroy(&jobs);
	/* The schema itself: the next one is another file. */
	write_file(path_of(&at), "nonsense nonsense nonsense nonsense nonsense", 100);
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_EFAILED, ".aside-2 now");
	jobs = OPEN(&at, .taker = NULL);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

SCENE(sqlite, a_newer_list_and_that_of_others_are_refused)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);

	ord_jobs_destroy(&jobs);
	lists_sql(&at, "PRAGMA user_version = 1000");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_ENOTSUP, "newer version");
	CHECK_EQ(unlink(path_of(&at)), 0);
	lists_sql(&at, "CREATE TABLE theirs (x)");
	REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_EINVAL, "of another program");
	lists_end(&at);
}

SCENE(sqlite, a_reader_sees_and_changes_nothing)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL), *reader = OPEN(&at, .read_only = 1);
	struct ord_job *job;

	JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
	CHECK_EQ(lists_counts(reader).waiting, 3);
	JOBS_OK(reader, ord_jobs_watch(reader, -1));
	JOBS_SAYS(reader, ord_jobs_take(reader, &job), ORD_EINVAL, "to look only");
	JOBS_SAYS(reader, ord_jobs_add(reader, &ORD_JOB(.name = "a")), ORD_EINVAL, "to look only");
	ord_jobs_destroy(&reader);
	ord_jobs_destroy(&jobs);
	if (geteuid() != 0) {
		CHECK_EQ(chmod(path_of(&at), 0444), 0);
		REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = NULL), ORD_ESYSTEM, "writable");
	}
	lists_end(&at);
}

SCENE(sqlite, a_list_that_is_deleted_or_replaced_is_an_error)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_FOREVER), *fresh;
	struct ord_job *job;

	ADD(jobs, .name = "a");
	job = TAKE(jobs, "a");
	CHECK_EQ(unlink(path_of(&at)), 0);
	JOBS_SAYS(jobs, ord_job_done(job), ORD_ESYSTEM, "deleted or replaced");
	JOBS_SAYS(jobs, ord_job_done(job), ORD_ESYSTEM, "deleted or replaced");
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ESYSTEM, "deleted or replaced");
	CHECK_EQ(ord_jobs_new(&fresh, NULL), 0);
	ord_jobs_destroy(&jobs);
	ord_jobs_destroy(&fresh);
	lists_end(&at);
}

/* A wait ends with it, too. */
SCENE(sqlite, a_wait_ends_when_the_list_is_deleted)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_FOREVER);
	struct ord_job *job;
	char log[300];

	snprintf(log, sizeof log, "%s-wal", path_of(&at));
	if (fork() == 0) {
		scene_pause_ms(50);
		unlink(path_of(&at));
		unlink(log);
		_exit(0);
	}
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ESYSTEM, "deleted or replaced");
	lists_await(1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* No room in the middle of a claim, an end, an add: nothing has happened, and it goes on when there is room. */
SCENE(sqlite, no_room_leaves_the_list_as_it_was)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
	struct rlimit limit, low;
	struct ord_job *job, *held;

	JOBS_OK(jobs, ord_jobs_add_range(jobs, 100));
	held = TAKE(jobs, "0");
	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
	low = limit;
	low.rlim_cur = 4096;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &low), 0);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, "cannot grow");
	JOBS_SAYS(jobs, ord_job_done(held), ORD_ESYSTEM, "cannot grow");
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a")), ORD_ESYSTEM, "ulimit -f");
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	CHECK_EQ(lists_counts(jobs).waiting, 99);
	JOBS_OK(jobs, ord_job_done(held));
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "1")));
	CHECK_EQ(lists_counts(jobs).done, 2);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

SCENE(sqlite, a_full_database_gives_nothing_out)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
	char *payload = malloc(1 << 20);
	int i = 0, status = 0;
	struct ord_job *job;
	sqlite3 *handle;

	memset(payload, 'x', 1 << 20);
	handle = DATABASE_OF(&jobs->store)->handle;
	CHECK_EQ(sqlite3_exec(handle, "PRAGMA max_page_count = 300", NULL, NULL, NULL), SQLITE_OK);
	for (; status == 0 && i < 10; i++) {
		char name[16];

		snprintf(name, sizeof name, "%d", i);
		status = ord_jobs_add(jobs, &ORD_JOB(.name = name, .payload = payload, .payload_size = 1 << 20));
	}
	CHECK_EQ(status, ORD_ESYSTEM);
	CHECK(strstr(ord_jobs_error(jobs), "make room") != NULL);
	CHECK_EQ(lists_counts(jobs).total, i - 1);
	while (ord_jobs_take(jobs, &job) == 0)
		;
	CHECK_EQ(lists_counts(jobs).done, i - 1);
	free(payload);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* The host may go elsewhere. */
SCENE(sqlite, a_relative_path_means_the_same_file_for_ever)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs;
	struct ord_job *job;

	CHECK_EQ(chdir(at.folder), 0);
	CHECK_EQ(ord_jobs_new(&jobs, NULL), 0);
	JOBS_OK(jobs, ord_jobs_open(jobs, "jobs.sqlite"));
	ADD(jobs, .name = "a");
	job = TAKE(jobs, "a");
	CHECK_EQ(chdir("/"), 0);
	JOBS_OK(jobs, ord_job_done(job));
	ord_jobs_destroy(&jobs);
	lists_next(&at);
}

/* What an open that failed had been given is not its own at the next one. */
SCENE(sqlite, an_open_that_failed_leaves_no_number)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *first = OPEN(&at, .taker = "first"), *late, *other;
	struct ord_job *job;

	lists_sql(&at, "CREATE TRIGGER gone AFTER INSERT ON taker WHEN NEW.name = 'late' BEGIN SELECT RAISE(ABORT, 'full'); END");
	CHECK_EQ(ord_jobs_new(&late, &ORD_JOBS_OPTIONS(.taker = "late")), 0);
	JOBS_SAYS(late, ord_jobs_open(late, at.address), ORD_ESYSTEM, "");
	lists_sql(&at, "DROP TRIGGER gone");
	late->store.self.id = 2; /* as behind a commit that failed */
	other = OPEN(&at, .taker = "other");
	JOBS_OK(late, ord_jobs_open(late, at.address));
	ADD(first, .name = "x");
	job = TAKE(late, "x");
	CHECK_EQ(ord_jobs_held(other, "x", 0, &(struct ord_job *){ NULL }), ORD_ELOST);
	JOBS_OK(late, ord_job_done(job));
	ord_jobs_destroy(&late);
	ord_jobs_destroy(&other);
	ord_jobs_destroy(&first);
	lists_next(&at);
}

static int
count_taker(const struct ord_taker *taker, void *user)
{
	*(int *)user += taker->state == ORD_TAKER_BUSY;
	return 0;
}

/* Declared dead for so long that nobody knows it any more: it is a taker anew, and can be buried again. */
SCENE(sqlite, a_forgotten_taker_has_a_row_again)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = "forgotten"), *other = OPEN(&at, .taker = "other");
	int busy = 0;

	ADD(jobs, .name = "x");
	ADD(jobs, .name = "y");
	lists_sql(&at, "DELETE FROM taker WHERE name = 'forgotten'");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "x")));
	TAKE(jobs, "y");
	JOBS_OK(other, ord_jobs_takers(other, count_taker, &busy));
	CHECK_EQ(busy, 1);
	ord_jobs_destroy(&jobs);
	CHECK_EQ(lists_state(other, "y"), ORD_JOB_FAILED);
	ord_jobs_destroy(&other);
	lists_next(&at);
}

/* What could not be ended when its taker left is nobody's, and waits. */
SCENE(sqlite, what_cannot_be_ended_is_not_left)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *other = OPEN(&at, .taker = "other"), *jobs = OPEN(&at, .taker = "leaves");

	ADD(jobs, .name = "a");
	ADD(jobs, .name = "b", .max_takers = 2);
	TAKE(jobs, "a");
	TAKE(jobs, "b");
	lists_sql(&at, "CREATE TRIGGER full BEFORE UPDATE OF state ON job WHEN NEW.state = 4"
		       " BEGIN SELECT RAISE(ABORT, 'full'); END");
	ord_jobs_destroy(&jobs);
	lists_sql(&at, "DROP TRIGGER full");
	JOBS_OK(other, ord_job_done(TAKE(other, "a")));
	JOBS_OK(other, ord_job_done(TAKE(other, "b")));
	ord_jobs_destroy(&other);
	lists_end(&at);
}

/* A call just before it is due does not put a heartbeat off. */
SCENE(sqlite, a_wait_ends_when_a_heartbeat_is_due)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .heartbeat_ms = 10000);

	jobs->beaten_ns -= 9990 * CLOCK_NS_PER_MS;
	CHECK(jobs_bound(jobs, -1) <= 10);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Another program that sits on the list is waited for, but not for longer than the user wants. */
SCENE(sqlite, a_wait_for_the_lock_can_be_interrupted)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
	struct ord_job *job;
	sqlite3 *handle;

	JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
	TAKE(jobs, "0");
	CHECK_EQ(sqlite3_open(path_of(&at), &handle), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(handle, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EINTERRUPTED, "interrupted while another program");
	/* What it held is told when that program is through, or others see that it has gone. */
	ord_jobs_destroy(&jobs);
	CHECK_EQ(sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(handle);
	jobs = OPEN(&at, .taker = NULL);
	CHECK_EQ(lists_counts(jobs).waiting, 2);
	ord_jobs_destroy(&jobs);
	lists_next(&at);
}

static int
count_steps(void *user)
{
	++*(unsigned long *)user;
	return 0;
}

static void
add_labelled(const struct list_at *at, unsigned n)
{
	char text[300];

	snprintf(text, sizeof text,
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
		" INSERT INTO job (name, state, requires) SELECT 'gpu' || i, 1, char(10) || 'gpu' || char(10) FROM n",
		n);
	lists_sql(at, text);
}

/* What it costs to take one job behind so many that need a label, in steps of SQLite's machine. */
static unsigned long
steps_behind(unsigned foreign, int (*filter)(const struct ord_job *job, void *user))
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .filter = filter, .wait = ORD_JOBS_WAIT_NEVER);
	unsigned long steps = 0;

	add_labelled(&at, foreign);
	ADD(jobs, .name = "mine");
	sqlite3_progress_handler(DATABASE_OF(&jobs->store)->handle, 1, count_steps, &steps);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "mine")));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &(struct ord_job *){ NULL }), ORD_EEMPTY, "other labels");
	sqlite3_progress_handler(DATABASE_OF(&jobs->store)->handle, 0, NULL, NULL);
	ord_jobs_destroy(&jobs);
	lists_next(&at);
	return steps;
}

static int
like_all(const struct ord_job *job, void *user)
{
	(void)job;
	(void)user;
	return 1;
}

/* The same for one of so many that its labels are enough for, and a filter chooses. */
static unsigned long
steps_of_labelled(unsigned n)
{
	struct list_at at = lists_only("sqlite");
	struct ord_jobs *jobs = OPEN(&at, .filter = like_all, .labels = (const char *const[]){ "gpu", NULL });
	unsigned long steps = 0;

	add_labelled(&at, n);
	ADD(jobs, .name = "last");
	sqlite3_progress_handler(DATABASE_OF(&jobs->store)->handle, 1, count_steps, &steps);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "gpu1")));
	sqlite3_progress_handler(DATABASE_OF(&jobs->store)->handle, 0, NULL, NULL);
	for (unsigned i = 2; i <= n; i++)
		JOBS_OK(jobs, ord_jobs_take(jobs, &(struct ord_job *){ NULL }));
	TAKE(jobs, "last");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
	return steps;
}

SCENE(sqlite, jobs_for_other_labels_cost_nothing)
{
	CHECK(steps_behind(3000, NULL) < 2 * steps_behind(3, NULL));
	CHECK(steps_behind(3000, like_all) < 2 * steps_behind(3, like_all));
	CHECK(steps_of_labelled(3000) < 2 * steps_of_labelled(100));
}

Test(sqlite, network_file_systems_are_known)
{
	cr_assert(place_is_network(0x6969));
	cr_assert(place_is_network(0xff534d42));
	cr_assert(place_is_network(0xfe534d42));
	cr_assert(place_is_network(0x65735546));
	cr_assert(place_is_network(0x0bd00bd0));
	cr_assert(place_is_network(0x47504653));
	cr_assert(!place_is_network(0xef53));     /* ext4 */
	cr_assert(!place_is_network(0x01021994)); /* tmpfs */
	cr_assert(!place_is_network(0x9123683e)); /* btrfs */
	cr_assert(!place_is_network(0x58465342)); /* xfs */
}
#endif
