/*
 * The database of runs: what is written is read again as it was or not at all, whatever happens to the file, to the
 * process or to the disk. ORD_HISTORY_KILLS sets the rounds of the kill loop.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "graph/history/encoding.h"
#include "graph/history/history.h"
#include "memory_fault.h"

static char top[64], path[128];

static void
make_place(void)
{
	snprintf(top, sizeof top, "%s/ord-history-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	cr_assert_not_null(mkdtemp(top));
	snprintf(path, sizeof path, "%s/sub/.orderly.db", top);
}

static void
run(const char *command)
{
	char line[512];

	snprintf(line, sizeof line, "cd '%s' && { %s; }", top, command);
	cr_assert_eq(system(line), 0, "%s", line);
}

static void
remove_place(void)
{
	run("chmod -R u+rwx . && rm -rf sub other");
	cr_assert_eq(rmdir(top), 0, "%s", strerror(errno));
}

TestSuite(history, .init = make_place, .fini = remove_place, .timeout = 200);

/* A record in which everything follows from its version. */
enum { LIST = 3, TEXT = 40, RESULT = 700 };

struct made {
	struct record record;
	struct part parts[LIST];
	struct file inputs[LIST], found[LIST], outputs[LIST];
	struct dep deps[LIST];
	char texts[LIST * 6][TEXT];
	char result[RESULT];
};

static struct file
make_file(char *text, const char *what, uint64_t version, uint64_t i)
{
	snprintf(text, TEXT, "%s\n\xff/%llu-%llu", what, (unsigned long long)version, (unsigned long long)i);
	return (struct file){ text, FILE_REGULAR, 1, version, i, (int64_t)(version * i), -(int64_t)version, { version, i } };
}

static void
make(struct made *made, uint64_t version)
{
	uint32_t n = (uint32_t)(version % (LIST + 1)), text = 0;

	memset(made, 0, sizeof *made);
	for (uint32_t i = 0; i < n; i++) {
		made->inputs[i] = make_file(made->texts[text++], "in", version, i);
		made->found[i] = make_file(made->texts[text++], "found", version, i);
		made->outputs[i] = make_file(made->texts[text++], "out", version, i);
		snprintf(made->texts[text], TEXT, "dep %u", i);
		made->deps[i] = (struct dep){ made->texts[text++], version + i };
		snprintf(made->texts[text], TEXT, "part %u", i);
		snprintf(made->texts[text + 1], TEXT, "%llu", (unsigned long long)version);
		made->parts[i] = (struct part){ made->texts[text], made->texts[text + 1] };
		text += 2;
	}
	memset(made->result, (int)('a' + version % 26), RESULT);
	made->record = (struct record){ made->parts, made->inputs, made->found, made->deps, made->outputs, made->result, n, n,
		n, n, n, n + 1, version % RESULT, { ~version, version }, version, (int64_t)version, (int64_t)version + 1, 3, 4,
		5, version * 7, (double)version / 2, 0 };
}

static int
same_files(const struct file *a, const struct file *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (strcmp(a[i].path, b[i].path) != 0 || a[i].kind != b[i].kind || a[i].hashed != b[i].hashed ||
			a[i].size != b[i].size || a[i].inode != b[i].inode || a[i].mtime_ns != b[i].mtime_ns ||
			a[i].looked_ns != b[i].looked_ns || !digest_equal(&a[i].hash, &b[i].hash))
			return 0;
	return 1;
}

/* Whether a record is the one that was made, with all that is in it. */
static int
is_whole(const struct record *record)
{
	struct made made;
	const struct record *wanted = &made.record;

	make(&made, record->version);
	if (record->n_parts != wanted->n_parts || record->n_inputs != wanted->n_inputs || record->n_found != wanted->n_found ||
		record->n_deps != wanted->n_deps || record->n_outputs != wanted->n_outputs ||
		record->result_size != wanted->result_size || record->attempts != wanted->attempts ||
		record->start_ns != wanted->start_ns || record->end_ns != wanted->end_ns || record->user_ns != 3 ||
		record->system_ns != 4 || record->memory_bytes != 5 || record->mean_ns != wanted->mean_ns ||
		record->weight < wanted->weight || record->weight > wanted->weight ||
		!digest_equal(&record->result_hash, &wanted->result_hash))
		return 0;
	for (uint32_t i = 0; i < record->n_parts; i++)
		if (strcmp(record->parts[i].name, wanted->parts[i].name) != 0 ||
			strcmp(record->parts[i].value, wanted->parts[i].value) != 0 ||
			strcmp(record->deps[i].name, wanted->deps[i].name) != 0 ||
			record->deps[i].version != wanted->deps[i].version)
			return 0;
	return (record->result_size == 0 || memcmp(record->result, wanted->result, record->result_size) == 0) &&
	       same_files(record->inputs, wanted->inputs, record->n_inputs) &&
	       same_files(record->found, wanted->found, record->n_found) &&
	       same_files(record->outputs, wanted->outputs, record->n_outputs);
}

static struct history *
open_it(int mode)
{
	struct history *history;

	cr_assert_eq(history_new(&history), 0);
	cr_assert_eq(history_open(history, path, mode, 0), 0, "%s", history_error(history));
	return history;
}

static int
succeed(struct history *history, const char *name, uint64_t version)
{
	const struct run one = { (int64_t)version, (int64_t)version + 1, 3, 4, 5, 1, 0, "input a is new", 0 };
	struct made made;

	make(&made, version);
	return history_succeed(history, name, &one, &made.record);
}

static void
set(struct history *history, const char *name, uint64_t version)
{
	cr_assert_eq(history_begin(history, name), 0, "%s", history_error(history));
	cr_assert_eq(succeed(history, name, version), 0, "%s", history_error(history));
}

/* The version of a proc, which is whole; 0: nothing is known. */
static uint64_t
version_of(struct history *history, const char *name)
{
	struct record *record;

	cr_assert_eq(history_find(history, name, &record), 0);
	if (record == NULL || record->version == 0)
		return 0;
	cr_assert(is_whole(record), "%s is in pieces", name);
	return record->version;
}

static uint32_t
attempt_of(struct history *history, const char *name)
{
	struct record *record;

	cr_assert_eq(history_find(history, name, &record), 0);
	return record != NULL ? record->attempt : 99;
}

/* What is there for somebody who opens it now. */
static uint64_t
read_version(const char *name)
{
	struct history *history = open_it(HISTORY_WRITE);
	uint64_t version = version_of(history, name);

	history_destroy(&history);
	return version;
}

Test(history, what_is_written_is_read)
{
	struct history *history = open_it(HISTORY_WRITE);
	char name[32];

	cr_assert_str_eq(history_warning(history), "");
	cr_assert_eq(version_of(history, "none"), 0);
	for (uint64_t i = 1; i <= 50; i++) {
		snprintf(name, sizeof name, "p::%llu \xff\n", (unsigned long long)i);
		cr_assert_eq(history_next_version(history), i);
		set(history, name, i);
		cr_assert_eq(version_of(history, name), i);
	}
	history_destroy(&history);
	cr_assert_null(history);
	for (int mode = HISTORY_WRITE; mode <= HISTORY_READ; mode++) {
		history = open_it(mode);
		for (uint64_t i = 1; i <= 50; i++) {
			snprintf(name, sizeof name, "p::%llu \xff\n", (unsigned long long)i);
			cr_assert_eq(version_of(history, name), i);
			cr_assert_eq(attempt_of(history, name), ATTEMPT_ENDED);
		}
		cr_assert_eq(history_next_version(history), 51);
		history_destroy(&history);
	}
	history_destroy(&history);
}

/* An attempt that has not ended well stays known, beside the record of the success before it. */
Test(history, attempts)
{
	struct history *history = open_it(HISTORY_WRITE);
	const struct run failed = { .state = 2, .exit_code = 1 };

	set(history, "a", 1);
	set(history, "b", 2);
	cr_assert_eq(history_begin(history, "a"), 0);
	cr_assert_eq(history_begin(history, "b"), 0);
	cr_assert_eq(history_fail(history, "b", &failed), 0);
	cr_assert_eq(history_begin(history, "c"), 0);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(attempt_of(history, "a"), ATTEMPT_UNFINISHED);
		cr_assert_eq(attempt_of(history, "b"), ATTEMPT_FAILED);
		cr_assert_eq(attempt_of(history, "c"), ATTEMPT_UNFINISHED);
		cr_assert_eq(version_of(history, "a"), 1);
		cr_assert_eq(version_of(history, "b"), 2);
		cr_assert_eq(version_of(history, "c"), 0);
		history_destroy(&history);
		history = open_it(HISTORY_WRITE);
	}
	set(history, "a", 3);
	cr_assert_eq(attempt_of(history, "a"), ATTEMPT_ENDED);
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	cr_assert_eq(attempt_of(history, "a"), ATTEMPT_ENDED);
	cr_assert_eq(version_of(history, "a"), 3);
	history_destroy(&history);
}

static int
count(void *user, const char *name)
{
	(void)name;
	++*(int *)user;
	return 0;
}

/* A version is not given twice, even after what had it was forgotten. */
Test(history, forgotten)
{
	struct history *history = open_it(HISTORY_WRITE);
	int n = 0;

	set(history, "a", 1);
	set(history, "b", 7);
	cr_assert_eq(history_begin(history, "b"), 0);
	cr_assert_eq(history_forget(history, "b"), 0);
	cr_assert_eq(history_forget(history, "never"), 0);
	cr_assert_eq(attempt_of(history, "b"), 99);
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	cr_assert_eq(attempt_of(history, "b"), 99);
	cr_assert_eq(version_of(history, "a"), 1);
	cr_assert_eq(history_next_version(history), 8);
	cr_assert_eq(history_each(history, count, &n), 0);
	cr_assert_eq(n, 1);
	history_destroy(&history);
}

Test(history, refreshed)
{
	struct history *history = open_it(HISTORY_WRITE);
	struct record *record;

	set(history, "a", 3);
	cr_assert_eq(history_find(history, "a", &record), 0);
	record->inputs[1].mtime_ns = 77;
	cr_assert_eq(history_refresh(history, "a"), 0);
	cr_assert_eq(history_refresh(history, "none"), 0);
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	cr_assert_eq(history_find(history, "a", &record), 0);
	cr_assert_eq(record->inputs[1].mtime_ns, 77);
	record->inputs[1].mtime_ns = 3;
	cr_assert(is_whole(record));
	history_destroy(&history);
}

struct seen {
	int n;
	int64_t first, last;
	int64_t whole; /* of the newest */
	int n_whole;   /* runs in a row that were of the same */
	int state;     /* of the newest */
	int n_ones;    /* runs whose state is 1, as all are given it */
};

static int
see(void *user, const struct run *one)
{
	struct seen *seen = user;

	if (seen->n++ == 0) {
		seen->first = one->start_ns;
		seen->whole = one->whole_ns;
		seen->state = one->state;
	}
	seen->n_ones += one->state == 1;
	seen->n_whole += one->whole_ns == seen->whole;
	seen->last = one->start_ns;
	cr_assert_eq(one->end_ns, one->start_ns + 1);
	cr_assert_str_eq(one->why, "input a is new");
	return 0;
}

Test(history, runs_are_pruned)
{
	struct history *history = open_it(HISTORY_WRITE);
	struct seen seen = { 0 }, other = { 0 };

	set(history, "b", 1);
	for (uint64_t i = 2; i < 100; i++)
		set(history, "a", i);
	cr_assert_eq(history_runs(history, "a", see, &seen), 0);
	cr_assert_eq(seen.n, DATABASE_RUNS_MAX);
	cr_assert_eq(seen.first, 99);
	cr_assert_eq(seen.last, 100 - DATABASE_RUNS_MAX);
	cr_assert_eq(history_runs(history, "b", see, &other), 0);
	cr_assert_eq(other.n, 1);
	history_destroy(&history);
}

static void
fill(uint64_t n)
{
	struct history *history = open_it(HISTORY_WRITE);
	char name[32];

	for (uint64_t i = 1; i <= n; i++) {
		snprintf(name, sizeof name, "p%llu", (unsigned long long)i);
		cr_assert_eq(succeed(history, name, i), 0);
	}
	history_destroy(&history);
}

/* After damage: it opens, what it knows is whole, and it can be written. Returns how many are left. */
static unsigned
check_damaged(uint64_t n, unsigned *warned)
{
	struct history *history = open_it(HISTORY_WRITE);
	unsigned left = 0;
	char name[32];

	for (uint64_t i = 1; i <= n; i++) {
		uint64_t version;

		snprintf(name, sizeof name, "p%llu", (unsigned long long)i);
		version = version_of(history, name);
		cr_assert(version == 0 || version == i, "%s: %llu", name, (unsigned long long)version);
		left += version != 0;
	}
	*warned += *history_warning(history) != '\0';
	if (left < n && *history_warning(history) != '\0')
		cr_assert(strstr(history_warning(history), "run"), "%s", history_warning(history));
	history_destroy(&history);
	return left;
}

static void
overwrite(const char *file, off_t at, const void *bytes, size_t size)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
	close(fd);
}

Test(history, garbage_is_set_aside)
{
	struct history *history;
	struct stat stat_now;
	char aside[160];
	unsigned warned = 0;

	run("mkdir sub; head -c 9999 /dev/urandom >sub/.orderly.db");
	/* Who only looks leaves it. */
	history = open_it(HISTORY_READ);
	cr_assert_not_null(strstr(history_warning(history), "is damaged"));
	history_destroy(&history);
	for (int i = 1; i <= 3; i++) {
		history = open_it(HISTORY_WRITE);
		snprintf(aside, sizeof aside, "%s.aside-%d", path, i);
		cr_assert(strstr(history_warning(history), "is damaged") && strstr(history_warning(history), aside), "%s",
			history_warning(history));
		cr_assert_eq(stat(aside, &stat_now), 0);
		set(history, "a", 5);
		history_destroy(&history);
		cr_assert_eq(read_version("a"), 5);
		run("printf 'not a database, but long enough to be looked at, this is' >sub/.orderly.db");
	}
	run("mv sub/.orderly.db.aside-1 sub/x; test $(wc -c <sub/x) = 9999; : >sub/.orderly.db");
	/* An empty file is a new database. */
	cr_assert_eq(check_damaged(1, &warned), 0);
	cr_assert_eq(warned, 0);
}

Test(history, truncated)
{
	struct stat stat_now;
	unsigned warned = 0;
	int rounds = 0;

	fill(60);
	cr_assert_eq(stat(path, &stat_now), 0);
	run("cp sub/.orderly.db sub/good");
	for (off_t size = stat_now.st_size - 1; size > 0; size -= 1 + stat_now.st_size / 17, rounds++) {
		run("cp sub/good sub/.orderly.db");
		cr_assert_eq(truncate(path, size), 0);
		cr_assert_lt(check_damaged(60, &warned), 60);
	}
	cr_assert_eq(warned, rounds);
}

/* Whatever byte is another one: what is read is as it was, or is not there. */
Test(history, flipped_bytes)
{
	struct stat stat_now;
	unsigned warned = 0, lost = 0, kept = 0;

	srand(7);
	fill(30);
	cr_assert_eq(stat(path, &stat_now), 0);
	run("cp sub/.orderly.db sub/good");
	for (int i = 0; i < 60; i++) {
		char bytes[4] = { (char)rand(), (char)rand(), (char)rand(), (char)rand() };
		unsigned left;

		run("cp sub/good sub/.orderly.db");
		overwrite(path, rand() % (stat_now.st_size - 4), bytes, 4);
		left = check_damaged(30, &warned);
		lost += left < 30;
		kept += left != 0;
	}
	cr_assert_gt(lost, 0);
	cr_assert_gt(kept, 0);
}

static void
sql(const char *text)
{
	sqlite3 *handle;

	run("mkdir -p sub");
	cr_assert_eq(sqlite3_open(path, &handle), 0);
	cr_assert_eq(sqlite3_exec(handle, text, NULL, NULL, NULL), 0, "%s", sqlite3_errmsg(handle));
	cr_assert_eq(sqlite3_close(handle), 0);
}

Test(history, newer_and_foreign)
{
	struct history *history;

	fill(3);
	sql("PRAGMA user_version = 1000");
	history = open_it(HISTORY_READ);
	cr_assert_not_null(strstr(history_warning(history), "later version"));
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	cr_assert_not_null(strstr(history_warning(history), "later version"));
	cr_assert_eq(version_of(history, "p1"), 0);
	set(history, "p1", 9);
	history_destroy(&history);
	run("test -e sub/.orderly.db.aside-1");
	cr_assert_eq(read_version("p1"), 9);
	run("rm sub/.orderly.db");
	sql("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)");
	run("cp sub/.orderly.db sub/theirs");
	cr_assert_eq(history_new(&history), 0);
	cr_assert_eq(history_open(history, path, HISTORY_WRITE, 0), ORD_EINVAL);
	cr_assert_not_null(strstr(history_error(history), "another program"));
	cr_assert_eq(history_begin(history, "a"), ORD_EINVAL);
	history_destroy(&history);
	run("cmp sub/.orderly.db sub/theirs");
	/* No version at all. */
	run("rm sub/.orderly.db");
	sql("PRAGMA application_id = 1332896889; PRAGMA user_version = -3; CREATE TABLE record (x)");
	history = open_it(HISTORY_READ);
	cr_assert_not_null(strstr(history_warning(history), "damaged"));
	history_destroy(&history);
	/* Its version without its tables. */
	run("rm sub/.orderly.db");
	sql("PRAGMA application_id = 1332896889; PRAGMA user_version = 1; CREATE TABLE record (x)");
	history = open_it(HISTORY_WRITE);
	cr_assert_not_null(strstr(history_warning(history), "damaged"));
	history_destroy(&history);
}

/* Each opening is another run; one of the first version has none and calls successes 3; it is read as it is, and becomes a new one when it is written. */
Test(history, of_which_run)
{
	static const char first_version[] =
		"ALTER TABLE run RENAME TO old; CREATE TABLE run (id INTEGER PRIMARY KEY, name BLOB NOT NULL, start_ns INTEGER,"
		" end_ns INTEGER, user_ns INTEGER, system_ns INTEGER, memory_bytes INTEGER, state INTEGER, exit_code INTEGER,"
		" why TEXT); INSERT INTO run SELECT id, name, start_ns, end_ns, user_ns, system_ns, memory_bytes, state,"
		" exit_code, why FROM old; DROP TABLE old; CREATE INDEX run_of ON run (name, id);"
		" UPDATE run SET state = 3 WHERE start_ns = 5; PRAGMA user_version = 1";
	struct history *history = open_it(HISTORY_WRITE);
	struct seen seen = { 0 };

	set(history, "a", 1);
	set(history, "a", 2);
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	set(history, "a", 3);
	set(history, "a", 4);
	set(history, "a", 5);
	cr_assert_eq(history_runs(history, "a", see, &seen), 0);
	cr_assert_eq(seen.n, 5);
	cr_assert_eq(seen.n_whole, 3);
	cr_assert_gt(seen.whole, 0);
	history_destroy(&history);

	sql(first_version);
	for (int mode = HISTORY_READ; mode >= HISTORY_WRITE; mode--) {
		struct seen old = { 0 };

		history = open_it(mode);
		cr_assert_str_eq(history_warning(history), "");
		cr_assert_eq(version_of(history, "a"), 5);
		cr_assert_eq(history_runs(history, "a", see, &old), 0);
		cr_assert_eq(old.n, 5);
		cr_assert_eq(old.whole, 0);
		cr_assert_eq(old.state, 4);
		cr_assert_eq(old.n_ones, 4);
		if (mode == HISTORY_WRITE)
			set(history, "a", 6);
		history_destroy(&history);
	}
	seen = (struct seen){ 0 };
	history = open_it(HISTORY_READ);
	cr_assert_eq(history_runs(history, "a", see, &seen), 0);
	cr_assert_eq(seen.n, 6);
	cr_assert_eq(seen.n_whole, 1);
	cr_assert_gt(seen.whole, 0);
	history_destroy(&history);
}

/* A child that has the database until it is killed. */
static pid_t
hold(int for_ms)
{
	int ends[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct history *history;

		if (history_new(&history) != 0 || history_open(history, path, HISTORY_WRITE, 0) != 0 ||
			history_begin(history, "held") != 0 || write(ends[1], "x", 1) != 1)
			_exit(1);
		if (for_ms == 0)
			for (;;)
				pause();
		usleep((useconds_t)for_ms * 1000);
		_exit(0);
	}
	close(ends[1]);
	cr_assert_eq(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	return pid;
}

Test(history, one_writer)
{
	struct history *history, *second;
	char text[32];
	pid_t pid;

	history = open_it(HISTORY_WRITE);
	cr_assert_eq(history_new(&second), 0);
	cr_assert_eq(history_open(second, path, HISTORY_WRITE, 0), ORD_ETIMEDOUT);
	snprintf(text, sizeof text, "pid %ld:", (long)getpid());
	cr_assert_not_null(strstr(history_error(second), text), "%s", history_error(second));
	/* A reader sees what is committed. */
	set(history, "a", 4);
	cr_assert_eq(history_open(second, path, HISTORY_READ, 0), 0, "%s", history_error(second));
	cr_assert_eq(version_of(second, "a"), 4);
	set(history, "a", 5);
	history_destroy(&second);
	set(history, "a", 6);
	cr_assert_eq(history_open(history, path, HISTORY_WRITE, 0), ORD_EINVAL);
	history_destroy(&history);

	pid = hold(0);
	cr_assert_eq(history_new(&second), 0);
	cr_assert_eq(history_open(second, path, HISTORY_WRITE, 50), ORD_ETIMEDOUT);
	snprintf(text, sizeof text, "pid %ld:", (long)pid);
	cr_assert_not_null(strstr(history_error(second), text), "%s", history_error(second));
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_assert_eq(history_open(second, path, HISTORY_WRITE, 0), 0, "%s", history_error(second));
	cr_assert_eq(attempt_of(second, "held"), ATTEMPT_UNFINISHED);
	cr_assert_eq(version_of(second, "a"), 6);
	history_destroy(&second);

	pid = hold(100);
	cr_assert_eq(history_new(&second), 0);
	cr_assert_eq(history_open(second, path, HISTORY_WRITE, 100000), 0);
	history_destroy(&second);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

Test(history, deleted_while_open)
{
	struct history *history = open_it(HISTORY_WRITE);

	set(history, "a", 1);
	run("rm sub/.orderly.db");
	set(history, "b", 2);
	cr_assert_not_null(strstr(history_warning(history), "deleted"));
	cr_assert_eq(version_of(history, "a"), 1);
	run("rm -r sub");
	set(history, "c", 3);
	history_destroy(&history);
	history = open_it(HISTORY_WRITE);
	cr_assert_eq(version_of(history, "a"), 0);
	cr_assert_eq(version_of(history, "b"), 0);
	cr_assert_eq(version_of(history, "c"), 3);
	/* Replaced by another one: what is there is not mixed with what is known. */
	run("cp sub/.orderly.db sub/old");
	set(history, "c", 4);
	run("mv sub/old sub/.orderly.db");
	set(history, "d", 5);
	cr_assert_eq(version_of(history, "c"), 4);
	cr_assert_eq(history_next_version(history), 6);
	history_destroy(&history);
	cr_assert_eq(read_version("d"), 5);
	cr_assert_eq(read_version("c"), 3);
}

/* As somebody whom permissions bind; 0, or the number of what does not hold. */
static int
without_permission(int what)
{
	struct history *history;

	if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
		return 77;
	if (history_new(&history) != 0 || history_open(history, path, HISTORY_WRITE, 0) != 0)
		return what + 1;
	if (strstr(history_warning(history), "cannot be written") == NULL)
		return what + 2;
	if (version_of(history, "p2") != 2)
		return what + 3;
	if (history_begin(history, "p2") != 0 || succeed(history, "p2", 8) != 0 || version_of(history, "p2") != 8)
		return what + 4;
	history_destroy(&history);
	if (history_new(&history) != 0 || history_open(history, path, HISTORY_READ, 0) != 0 || version_of(history, "p2") != 2)
		return what + 5;
	history_destroy(&history);
	return 0;
}

Test(history, read_only)
{
	static const char *const commands[] = { "chmod 755 . sub; chmod 444 sub/.orderly.db; chmod 555 sub",
		"chmod 755 sub; mv sub 'sub%41?#'; ln -s 'sub%41?#' sub; chmod 555 sub/." };

	fill(3);
	for (int i = 0; i < 2; i++) {
		int status;
		pid_t pid;

		run(commands[i]);
		pid = fork();
		if (pid == 0)
			_exit(without_permission(10 * i));
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77), "%d", WEXITSTATUS(status));
	}
	run("rm sub; mv sub* sub");
	cr_assert_eq(read_version("p2"), 2);
}

/* Writes until it fails; then what is known is whole, and what was written is there. */
static int
fill_disk(const char *word)
{
	struct history *history;
	uint64_t version = 1;
	int status = 0;

	if (history_new(&history) != 0 || history_open(history, path, HISTORY_WRITE, 0) != 0)
		return 1;
	while (status == 0 && version < 1000000)
		status = succeed(history, "a", version++);
	if (status != ORD_ESYSTEM || strstr(history_error(history), word) == NULL)
		return 2;
	if (version_of(history, "a") != version - 2)
		return 3;
	if (succeed(history, "a", version) != ORD_ESYSTEM)
		return 4;
	history_destroy(&history);
	if (history_new(&history) != 0 || history_open(history, path, HISTORY_READ, 0) != 0 ||
		version_of(history, "a") != version - 2)
		return 5;
	history_destroy(&history);
	return 0;
}

static int
limited(void)
{
	const struct rlimit limit = { (rlim_t)2 << 20, (rlim_t)2 << 20 };

	/* A write behind it would end this process. */
	signal(SIGXFSZ, SIG_DFL);
	return setrlimit(RLIMIT_FSIZE, &limit) == 0 ? fill_disk("ulimit -f") : 77;
}

static int
small_disk(void)
{
	if ((geteuid() != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) || (geteuid() == 0 && unshare(CLONE_NEWNS) != 0))
		return 77;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mkdir("sub", 0755) != 0 ||
		mount("tmpfs", "sub", "tmpfs", 0, "size=400k") != 0)
		return 77;
	return fill_disk("make room there");
}

Test(history, full_disk)
{
	int (*const bodies[])(void) = { limited, small_disk };

	for (int i = 0; i < 2; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(chdir(top) == 0 ? bodies[i]() : 9);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77), "%d: %x", i, status);
		if (WEXITSTATUS(status) == 77)
			fprintf(stderr, "full_disk: part %d needs more rights than there are\n", i);
		run("rm -rf sub");
	}
}

/* Writes for ever: two procs, each version at once said to be written after it is. */
static void
write_for_ever(int fd)
{
	struct history *history;
	uint64_t version;

	if (history_new(&history) != 0 || history_open(history, path, HISTORY_WRITE, 0) != 0)
		_exit(1);
	for (;;) {
		const char *name;

		version = history_next_version(history);
		name = version % 2 == 0 ? "even" : "odd";
		if (history_begin(history, name) != 0 || succeed(history, name, version) != 0 ||
			write(fd, &version, sizeof version) != sizeof version)
			_exit(1);
	}
}

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

Test(history, killed)
{
	const char *asked = getenv("ORD_HISTORY_KILLS");
	int rounds = asked != NULL ? atoi(asked) : 200, unfinished = 0;
	uint64_t said = 0, version = 0;

	srand((unsigned)time(NULL));
	for (int i = 0; i < rounds; i++) {
		struct timespec wait = { 0, rand() % 9000000 };
		struct history *history;
		int ends[2], status;
		pid_t pid;

		cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
		pid = fork();
		if (pid == 0)
			write_for_ever(ends[1]);
		close(ends[1]);
		if (i % 8 != 0)
			cr_assert_eq(read(ends[0], &said, sizeof said), (ssize_t)sizeof said);
		nanosleep(&wait, NULL);
		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status), "round %d: the writer ended by itself", i);
		while (read(ends[0], &version, sizeof version) == (ssize_t)sizeof version)
			said = version;
		close(ends[0]);
		history = open_it(HISTORY_WRITE);
		cr_assert_str_eq(history_warning(history), "");
		version = later(version_of(history, "odd"), version_of(history, "even"));
		/* Nothing that was said is lost, and at most one more is there. */
		cr_assert(version == said || version == said + 1, "round %d: %llu is there, %llu was said", i,
			(unsigned long long)version, (unsigned long long)said);
		said = version;
		cr_assert_eq(history_next_version(history), said + 1);
		unfinished += attempt_of(history, "odd") == ATTEMPT_UNFINISHED || attempt_of(history, "even") == ATTEMPT_UNFINISHED;
		history_destroy(&history);
	}
	cr_assert_gt(said, 0);
	fprintf(stderr, "%d kills, %llu records, %d attempts found unfinished\n", rounds, (unsigned long long)said, unfinished);
}

Test(history, forked)
{
	struct history *history = open_it(HISTORY_WRITE);
	int status;
	pid_t pid;

	set(history, "a", 1);
	pid = fork();
	if (pid == 0) {
		if (history_begin(history, "a") != ORD_EFORKED || strstr(history_error(history), "process") == NULL)
			_exit(1);
		history_destroy(&history);
		_exit(history == NULL ? 0 : 2);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0);
	set(history, "a", 2);
	history_destroy(&history);
	cr_assert_eq(read_version("a"), 2);
}

/* Opens, writes and reads; a status. */
static int
use(uint64_t version)
{
	const struct run failed = { 0 };
	struct history *history;
	struct record *record;
	int status = history_new(&history);

	if (status == 0)
		status = history_open(history, path, HISTORY_WRITE, 0);
	if (status == 0)
		status = history_begin(history, "new");
	if (status == 0)
		status = succeed(history, "new", version);
	if (status == 0)
		status = history_find(history, "p2", &record);
	if (status == 0)
		status = history_refresh(history, "p2");
	if (status == 0)
		status = history_fail(history, "failed", &failed);
	if (status == 0)
		status = history_forget(history, "new");
	if (status != 0 && history != NULL)
		cr_assert_neq(*history_error(history), '\0');
	history_destroy(&history);
	return status;
}

Test(history, without_memory)
{
	unsigned warned = 0;

	fill(20);
	for (unsigned long n = 1;; n++) {
		int status, came;

		memory_fault_at(n);
		status = use(100 + n);
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert(status == 0 || (came && status == ORD_ENOMEM), "%lu: %d", n, status);
		cr_assert_eq(check_damaged(20, &warned), 20);
		if (!came)
			break;
		cr_assert_lt(n, 1000);
	}
	cr_assert_eq(warned, 0);
}

/* SQLite's own memory. */
Test(history, without_memory_of_sqlite)
{
	unsigned warned = 0, failed = 0;
	sqlite3_int64 limit = 20000;
	int status;

	fill(20);
	do {
		sqlite3_hard_heap_limit64(limit);
		status = use(200);
		sqlite3_hard_heap_limit64(0);
		cr_assert(status == 0 || status == ORD_ENOMEM, "%lld: %d", (long long)limit, status);
		failed += status != 0;
		cr_assert_eq(check_damaged(20, &warned), 20);
		limit += 5000;
	} while (status != 0 && limit < 10000000);
	cr_assert_gt(failed, 0);
	cr_assert_eq(status, 0);
	cr_assert_eq(warned, 0);
}

/* Bytes that are no record are refused, whatever they are; those of a record are read. */
Test(history, encoding)
{
	struct buffer bytes = { 0 };
	struct record record;
	struct made made;

	srand(3);
	make(&made, 1 + 2 * (LIST + 1) + 2);
	cr_assert_eq(record_encode(&made.record, &bytes), 0);
	for (size_t size = 0; size < bytes.size; size++) {
		char *copy = malloc(size + 1);

		memcpy(copy, bytes.bytes, size);
		cr_assert_eq(record_decode(&record, copy, size), 1);
		free(copy);
	}
	for (int i = 0; i < 20000; i++) {
		char *copy = malloc(bytes.size);

		memcpy(copy, bytes.bytes, bytes.size);
		for (int j = rand() % 4; j >= 0; j--)
			copy[(size_t)rand() % bytes.size] = (char)rand();
		if (record_decode(&record, copy, bytes.size) == 0)
			record_finish(&record);
		free(copy);
	}
	cr_assert_eq(record_decode(&record, bytes.bytes, bytes.size), 0);
	cr_assert(is_whole(&record));
	record_finish(&record);
	buffer_finish(&bytes);
}
