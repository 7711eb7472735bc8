/*
 * Lists that are directories, where a rename does not work, its caller is killed at it, or a file of ours is
 * damaged: nothing is lost, whom it concerns is told, and nobody waits for ever.
 */
#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Renames to a path with this in it fail so; 0: who calls dies; STOPS: it is stopped, and then does it. */
static const char *plan_to;
static int plan_errno;

#define STOPS (-1)
#define DIES_BEHIND (-2)

static int
rename_as_planned(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (plan_to != NULL && strstr(to, plan_to) != NULL) {
		if (plan_errno == 0)
			raise(SIGKILL);
		if (plan_errno >= 0) {
			errno = plan_errno;
			return -1;
		}
		raise(SIGSTOP);
		syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
		if (plan_errno == DIES_BEHIND)
			raise(SIGKILL);
		return 0;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

/* Instead of those of the C library. */
int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return rename_as_planned(from_fd, from, to_fd, to, 0);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return rename_as_planned(from_fd, from, to_fd, to, flags);
}

/* Called once, when something is removed that has this in its path. */
static const char *plan_unlink;
static void (*plan_then)(void *user);
static void *plan_user;

int
unlinkat(int fd, const char *path, int flags)
{
	if (plan_unlink != NULL && strstr(path, plan_unlink) != NULL) {
		plan_unlink = NULL;
		plan_then(plan_user);
	}
	return (int)syscall(SYS_unlinkat, fd, path, flags);
}

/* What has this in its path cannot be opened, for want of descriptors. */
static const char *plan_open;
static unsigned listed_failed;

int
openat(int fd, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;

	va_start(more, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(more, mode_t);
	va_end(more);
	listed_failed += strcmp(path, "99_failed") == 0;
	if (plan_open != NULL && strstr(path, plan_open) != NULL) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_openat, fd, path, flags, mode);
}

/* Looks at single files; fstatat of the C library ends here, too. */
static uint64_t looks;

int
fstatat(int fd, const char *path, struct stat *is, int flags)
{
	looks++;
	return (int)syscall(SYS_newfstatat, fd, path, is, flags);
}

/* The type of the file system that lists are on; 0: what it is. */
static long plan_type;

int
fstatfs(int fd, struct statfs *system)
{
	int code = (int)syscall(SYS_fstatfs, fd, system);

	if (plan_type != 0)
		system->f_type = plan_type;
	return code;
}

/* This host's clock is so many seconds behind, until somebody sets it. */
static int plan_behind;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int code = (int)syscall(SYS_clock_gettime, clock, now);

	if (clock == CLOCK_REALTIME)
		now->tv_sec -= plan_behind;
	return code;
}

/* What cannot be put there is taken back, and can be added again. */
SCENE(mishaps, what_cannot_be_added_is_told)
{
	static const int reasons[] = { EACCES, ENOSPC, EDQUOT, ENOMEM, EROFS };
	const struct ord_job_options *const all[] = { &ORD_JOB(.name = "a"), &ORD_JOB(.name = "b"),
		&ORD_JOB(.name = "c", .after = (const char *const[]){ "a", NULL }) };

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "w");
		struct ord_job *job;
		uint64_t added = 0;

		plan_to = "00_waiting/b.txt";
		plan_errno = reasons[i];
		JOBS_SAYS(jobs, ord_jobs_add_many(jobs, all, 3, &added),
			reasons[i] == ENOMEM ? ORD_ENOMEM : ORD_ESYSTEM, "the first 1 of 3 jobs are added");
		CHECK_EQ(lists_counts(jobs).total, 1);
		CHECK_EQ(count(&at, ".orderly/adding", "", NULL) + count(&at, ".orderly/fresh", "", NULL), 0);
		plan_to = NULL;
		JOBS_OK(jobs, ord_jobs_add_many(jobs, all, 3, &added));
		CHECK_EQ(added, 2);
		for (int n = 0; n < 3; n++) {
			JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
			JOBS_OK(jobs, ord_job_done(job));
		}
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

/* A range is all there or not begun: what could not be put there is put when who began it leaves. */
SCENE(mishaps, a_range_is_finished_by_who_leaves)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w");

	plan_to = "00_waiting/2.txt";
	plan_errno = ENOSPC;
	JOBS_SAYS(jobs, ord_jobs_add_range(jobs, 4), ORD_ESYSTEM, "2.txt");
	CHECK_EQ(count(&at, ".orderly/adding", "", NULL), 1);
	plan_to = NULL;
	ord_jobs_destroy(&jobs);
	CHECK_EQ(count(&at, ".orderly/adding", "", NULL), 0);
	CHECK_EQ(count(&at, "00_waiting", "", NULL), 4);
	/* Who cannot even then is buried, and others have it. */
	jobs = OPEN(&at, .taker = "w");
	JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, ORD_JOB_IN(ORD_JOB_WAITING), NULL));
	ord_jobs_destroy(&jobs);
	if (fork() == 0) {
		jobs = OPEN(&at, .taker = "w");
		plan_to = "00_waiting/2.txt";
		JOBS_SAYS(jobs, ord_jobs_add_range(jobs, 4), ORD_ESYSTEM, "2.txt");
		ord_jobs_destroy(&jobs);
		_exit(0);
	}
	lists_await(1);
	CHECK_EQ(count(&at, ".orderly/adding", "", NULL), 1);
	jobs = OPEN(&at, .taker = "v");
	for (int n = 0; n < 4; n++) {
		struct ord_job *job;

		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		JOBS_OK(jobs, ord_job_done(job));
	}
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* In the way of a job lies what is none. */
SCENE(mishaps, what_is_no_file_is_in_the_way)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w");

	CHECK_EQ(mkdir(in(&at, "00_waiting/a.txt"), 0777), 0);
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a")), ORD_EFAILED, "00_waiting/a.txt is there, and is no file");
	CHECK_EQ(rmdir(in(&at, "00_waiting/a.txt")), 0);
	CHECK_EQ(mkdir(in(&at, ".orderly/canceled/a.txt"), 0777), 0);
	ADD(jobs, .name = "a");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	CHECK(is_there(&at, "02_done/a.txt"));
	CHECK_EQ(count(&at, ".orderly/adding", "", NULL) + count(&at, ".orderly/fresh", "", NULL), 0);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Adding, killed between a job and its record: what it needs and comes after is known to who finishes it. */
SCENE(mishaps, a_record_is_there_before_and_behind_its_job)
{
	static const char *const moments[] = { ".orderly/jobs/b.txt", ".orderly/waiting/b.txt",
		".orderly/jobs/c.txt", ".orderly/waiting/c.txt" };
	const struct ord_job_options *const all[] = { &ORD_JOB(.name = "a"),
		&ORD_JOB(.name = "b", .after = (const char *const[]){ "a", NULL }),
		&ORD_JOB(.name = "c", .requires = (const char *const[]){ "gpu", NULL }) };

	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs;
		struct ord_job *job;
		int status;

		if (fork() == 0) {
			jobs = OPEN(&at, .taker = "w");
			plan_to = moments[i];
			plan_errno = 0;
			JOBS_OK(jobs, ord_jobs_add_many(jobs, all, 3, NULL));
			_exit(1);
		}
		CHECK(wait(&status) > 0);
		CHECK(WIFSIGNALED(status));
		/* Takes the name, and so what it has begun. */
		jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
		CHECK_EQ(count(&at, ".orderly/adding", "", NULL), 0);
		job = TAKE(jobs, "a");
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "");
		CHECK_EQ(lists_state(jobs, "b"), ORD_JOB_BLOCKED);
		CHECK(is_there(&at, ".orderly/waiting/b.txt") && is_there(&at, ".orderly/waiting/c.txt"));
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

struct taken {
	uint64_t held, calls;
};

static int
see_zz(const struct ord_taker *taker, void *user)
{
	struct taken *seen = user;

	if (strcmp(taker->name, "zz") == 0) {
		seen->calls++;
		seen->held = taker->held;
	}
	return 0;
}

/* A taker's file that a full disk left empty: its claims are like those of others that we know nothing of. */
SCENE(mishaps, a_damaged_taker_hides_no_claims)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .stale_ms = 100);
	struct taken seen = { 0 };

	put(&at, "01_running/zz.a.txt", "");
	put(&at, ".orderly/takers/zz", "");
	JOBS_OK(jobs, ord_jobs_takers(jobs, see_zz, &seen));
	CHECK_EQ(seen.calls, 1);
	CHECK_EQ(seen.held, 1);
	scene_pause_ms(150);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Who waits for somebody who adds is told when that has ended without a job. */
SCENE(mishaps, the_end_of_an_adding_wakes)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .heartbeat_ms = 1000000);
	struct ord_job *job;

	CHECK_EQ(mkdir(in(&at, ".orderly/adding/1-1"), 0777), 0);
	if (fork() == 0) {
		scene_pause_ms(300);
		CHECK_EQ(rmdir(in(&at, ".orderly/adding/1-1")), 0);
		_exit(0);
	}
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
	lists_await(1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* On the network, too, where what others have claimed is no error. */
SCENE(mishaps, a_user_who_may_not_claim_is_told)
{
	static const int reasons[] = { EACCES, EPERM, EROFS, ENOSPC, EDQUOT };
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs;
	struct ord_job *job;

	plan_type = 0x6969; /* NFS */
	jobs = OPEN(&at, .taker = "w");
	ADD(jobs, .name = "a");
	plan_to = "01_running/";
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		plan_errno = reasons[i];
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ESYSTEM, "claim a.txt");
	}
	plan_to = NULL;
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* What is done and has failed is not looked at, file by file, for each that is added. */
SCENE(mishaps, adding_does_not_look_at_all_that_has_failed)
{
	enum { FAILED = 500, NEW = 20 };
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w");
	char name[64];

	for (int i = 0; i < FAILED; i++) {
		snprintf(name, sizeof name, "99_failed/1795241922.f%d.txt", i);
		put(&at, name, "");
		snprintf(name, sizeof name, "02_done/d%d.txt", i);
		put(&at, name, "");
	}
	/* What is settled is not listed once more for each of them. */
	scene_pause_ms(100);
	looks = 0;
	listed_failed = 0;
	for (int i = 0; i < NEW; i++) {
		snprintf(name, sizeof name, "n%d", i);
		ADD(jobs, .name = name);
	}
	CHECK(looks > 0 && looks < 100 * NEW);
	CHECK(listed_failed > 0 && listed_failed < 10);
	/* But its own are: it is known. */
	ADD(jobs, .name = "f7");
	CHECK_EQ(lists_attempt(jobs, "f7"), 1);
	put(&at, "99_failed/1795241923.g.txt", "");
	ADD(jobs, .name = "g");
	CHECK_EQ(lists_attempt(jobs, "g"), 1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* A process that takes a job as `name`, and is killed. */
static void
die_with_a_job(struct list_at *at, const char *name)
{
	int status;

	if (fork() == 0) {
		struct ord_jobs *jobs = OPEN(at, .taker = name);
		struct ord_job *job;

		JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
		raise(SIGKILL);
	}
	CHECK(wait(&status) > 0);
	CHECK(WIFSIGNALED(status));
}

/* Who cannot read the file of a dead taker for a moment does not forget whose claims these are. */
SCENE(mishaps, a_burial_without_descriptors_is_one_later)
{
	static const char *const files[] = { ".orderly/takers/", ".orderly/burying/" };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "w", .killed_retries = 1, .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *job;

		ADD(jobs, .name = "a");
		die_with_a_job(&at, "v");
		plan_open = files[i];
		for (int n = 0; n < 3; n++) {
			JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), i == 0 ? ORD_EAGAIN : ORD_ESYSTEM, "");
			scene_pause_ms(60);
		}
		plan_open = NULL;
		scene_pause_ms(60);
		job = TAKE(jobs, "a");
		CHECK_EQ(ord_job_attempt(job), 2);
		JOBS_OK(jobs, ord_job_done(job));
		CHECK_EQ(count(&at, ".orderly/burying", "", NULL), 0);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

/* Who leaves and cannot end what it holds is buried, though its process lives. */
SCENE(mishaps, what_cannot_be_ended_is_not_left)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	ADD(jobs, .name = "a", .killed_retries = 1);
	for (uint32_t attempt = 1; attempt <= 2; attempt++) {
		struct ord_jobs *leaves = OPEN(&at, .taker = "v");

		JOBS_OK(leaves, ord_jobs_claim(leaves, &job));
		CHECK_EQ(ord_job_attempt(job), attempt);
		plan_open = ".record";
		ord_jobs_destroy(&leaves);
		plan_open = NULL;
		CHECK_EQ(count(&at, "01_running", "", NULL), 1);
		/* The name is free, and what was its before is not what it has now. */
		leaves = OPEN(&at, .taker = "v");
		CHECK_EQ(count(&at, "01_running", "", NULL), 0);
		ord_jobs_destroy(&leaves);
		CHECK_EQ(lists_state(jobs, "a"), attempt == 1 ? ORD_JOB_WAITING : ORD_JOB_KILLED);
	}
	JOBS_OK(jobs, ord_jobs_retry(jobs, NULL, NULL));
	job = TAKE(jobs, "a");
	plan_to = ".orderly/moving/";
	plan_errno = EIO;
	ord_jobs_destroy(&jobs);
	plan_to = NULL;
	/* Without that name. */
	jobs = OPEN(&at, .taker = "u");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	CHECK_EQ(count(&at, ".orderly/burying", "", NULL), 0);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Who comes anew under the name of one that died buries that first, and may die in it. */
SCENE(mishaps, a_burial_by_its_namesake_is_finished_by_others)
{
	static const char *const moments[] = { ".orderly/takers/v", ".orderly/burying/", ".orderly/moving/",
		".orderly/jobs/a.txt", "00_waiting/a.txt", ".orderly/gone/" };
	static const char *const names[] = { "v", "w" };

	for (size_t i = 0; i < 2 * (sizeof moments / sizeof *moments); i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "adds");
		struct ord_job *job = NULL;
		int status;

		ADD(jobs, .name = "a", .killed_retries = 5);
		ord_jobs_destroy(&jobs);
		die_with_a_job(&at, "v");
		if (fork() == 0) {
			plan_to = moments[i / 2];
			plan_errno = 0;
			OPEN(&at, .taker = "v");
			_exit(1);
		}
		CHECK(wait(&status) > 0);
		CHECK(WIFSIGNALED(status));
		jobs = OPEN(&at, .taker = names[i % 2], .wait = ORD_JOBS_WAIT_NEVER);
		for (int tries = 0; tries < 100 && ord_jobs_claim(jobs, &job) == ORD_EAGAIN; tries++)
			scene_pause_ms(60);
		CHECK(job != NULL);
		CHECK_EQ(ord_job_attempt(job), 2);
		JOBS_OK(jobs, ord_job_done(job));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
		CHECK_EQ(count(&at, ".orderly/burying", "", NULL) + count(&at, ".orderly/moving", "", NULL), 0);
		CHECK_EQ(count(&at, ".orderly/takers", "", NULL), 1);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

/* Who comes too late to bury one that died under its name does not bury who came before it. */
SCENE(mishaps, a_burial_that_comes_late_buries_nobody)
{
	static const int ends[] = { STOPS, DIES_BEHIND };

	for (size_t i = 0; i < 2; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "adds");
		struct ord_job *job;
		int status;
		pid_t late;

		ADD(jobs, .name = "a", .killed_retries = 5);
		ord_jobs_destroy(&jobs);
		die_with_a_job(&at, "v");
		late = fork();
		if (late == 0) {
			plan_to = ".orderly/burying/";
			plan_errno = ends[i];
			CHECK_EQ(ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.taker = "v")), 0);
			JOBS_SAYS(jobs, ord_jobs_open(jobs, at.address), ORD_EINVAL, "another living taker is called 'v'");
			ord_jobs_destroy(&jobs);
			_exit(0);
		}
		CHECK_EQ(waitpid(late, &status, WUNTRACED), late);
		CHECK(WIFSTOPPED(status));
		jobs = OPEN(&at, .taker = "v");
		job = TAKE(jobs, "a");
		CHECK_EQ(ord_job_attempt(job), 2);
		CHECK_EQ(kill(late, SIGCONT), 0);
		CHECK_EQ(waitpid(late, &status, 0), late);
		CHECK_EQ(status, i == 0 ? 0 : SIGKILL);
		if (i == 0)
			CHECK(is_there(&at, ".orderly/takers/v"));
		JOBS_OK(jobs, ord_job_renew(job));
		CHECK(is_there(&at, ".orderly/takers/v"));
		CHECK(is_there(&at, "01_running/v.a.txt"));
		JOBS_OK(jobs, ord_job_done(job));
		CHECK_EQ(count(&at, ".orderly/burying", "", NULL) + count(&at, ".orderly/moving", "", NULL), 0);
		CHECK_EQ(count(&at, ".orderly/takers", "", NULL), 1);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

/* As if nobody could look at its process. */
static void
put_elsewhere(const struct list_at *at, const char *taker)
{
	char command[800];

	snprintf(command, sizeof command, "sed -i 's/^space .*/space 1/' '%s/.orderly/takers/%s'",
		strchr(at->address, ':') + 1, taker);
	CHECK_EQ(system(command), 0);
}

/* Whose clock is set while it works takes nobody's silence for longer than it was. */
SCENE(mishaps, a_clock_that_is_set_kills_nobody)
{
	for (int i = 0; i < 8; i++) {
		static const int seconds[] = { -300, -100, 100, 300 };
		int behind = seconds[i / 2], ours = i % 2;
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs, *far;
		struct ord_job *job, *other;

		far = OPEN(&at, .taker = "far", .heartbeat_ms = 30000);
		plan_behind = behind;
		jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER, .stale_ms = 60000, .killed_retries = 1);
		plan_behind = 0;
		/* One of ours that cannot be looked at, or a foreign one. */
		if (ours) {
			ADD(far, .name = "a");
			job = TAKE(far, "a");
			put_elsewhere(&at, "far");
		} else {
			put(&at, "01_running/zz.b.txt", "");
		}
		for (int n = 0; n < 4; n++) {
			plan_behind = n < 2 ? behind : 0;
			JOBS_SAYS(jobs, ord_jobs_claim(jobs, &other), ORD_EAGAIN, "");
			scene_pause_ms(60);
		}
		CHECK(is_there(&at, ours ? "01_running/far.a.txt" : "01_running/zz.b.txt"));
		if (ours)
			JOBS_OK(far, ord_job_done(job));
		ord_jobs_destroy(&far);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

static void
add_once_more(void *user)
{
	ADD(user, .name = "z", .payload = "precious", .payload_size = 8);
	ADD(user, .name = "y", .payload = "precious", .payload_size = 8);
	JOBS_OK(user, ord_job_done(TAKE(user, "z")));
	ADD(user, .name = "z", .payload = "precious, too", .payload_size = 13);
	TAKE(user, "y");
}

/* While a long list is cleared somebody adds what was in it, and takes some of that. */
SCENE(mishaps, what_is_added_meanwhile_is_not_cleared)
{
	static const struct {
		uint32_t states;
		int fails;
	} kinds[] = { { ORD_JOB_IN(ORD_JOB_DONE), 0 }, { ORD_JOB_IN(ORD_JOB_FAILED), 1 } };

	for (size_t i = 0; i < 2; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "w"), *other = OPEN(&at, .taker = "v", .failed_retries = 3);
		static const char *const names[] = { "a", "y", "z" };
		struct ord_job *job;
		uint64_t count_cleared = 0;

		for (size_t n = 0; n < 3; n++) {
			ADD(jobs, .name = names[n], .fingerprint = "1", .fingerprint_size = 1);
			job = TAKE(jobs, names[n]);
			JOBS_OK(jobs, kinds[i].fails ? ord_job_fail(job, "bad") : ord_job_done(job));
		}
		plan_unlink = "a.txt";
		plan_then = add_once_more;
		plan_user = other;
		JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, kinds[i].states, &count_cleared));
		CHECK(plan_unlink == NULL);
		CHECK_EQ(count_cleared, 1);
		CHECK_EQ(lists_state(jobs, "a"), 0);
		/* The one runs, in an attempt that is known, and the other waits. */
		CHECK_EQ(lists_state(jobs, "y"), ORD_JOB_RUNNING);
		CHECK_EQ(lists_attempt(jobs, "y"), 2);
		CHECK_EQ(lists_state(jobs, "z"), ORD_JOB_WAITING);
		job = TAKE(jobs, "z");
		CHECK(strcmp(ord_job_payload(job, NULL), "precious, too") == 0);
		JOBS_OK(jobs, ord_job_done(job));
		JOBS_OK(other, ord_jobs_held(other, "y", 2, &job));
		JOBS_OK(other, ord_job_fail(job, "once more"));
		CHECK_EQ(lists_state(jobs, "y"), ORD_JOB_WAITING);
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "y")));
		ord_jobs_destroy(&other);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}
