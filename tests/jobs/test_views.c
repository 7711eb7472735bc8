/*
 * Lists that are directories on the network, whose views remember what is not true any more: names, listings, and
 * since when a file is there. They are played here, so that each is seen for certain; test_mounts.sh and
 * test_nfs.sh have real ones.
 */
#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *remembered; /* a path that this view believes to be there */
static const char *old;        /* a folder whose listing was empty when this view saw it last */
static const char *taken;      /* claims of this file come too late: it is listed, and another's */
static int sftp;               /* it has no time of a change, and a number for each name */
static int cut;                /* who removes a name behind a link dies before it */
static unsigned claims;        /* that were tried */
static unsigned listings;      /* of the jobs that wait */
static const char *refused;    /* renames to a path that begins so may not be */
static const char *theirs;     /* a claim of another host, that is seen in the wait of --sync */
static int behind_a_signal;    /* and only when one has interrupted that */
static unsigned interruptions; /* of waits */
static const char *ends;       /* a path that is gone when somebody would open it */
static const char *ends_at;    /* where it is then, or NULL */

/* It has no renames that leave what is there. */
int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (remembered != NULL && strcmp(to, remembered) == 0)
		errno = flags != 0 ? EEXIST : 0;
	else
		errno = flags != 0 ? EINVAL : 0;
	return errno != 0 ? -1 : (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	claims += strncmp(to, "01_running/", 11) == 0;
	if (refused != NULL && strncmp(to, refused, strlen(refused)) == 0) {
		errno = EPERM;
		return -1;
	}
	if (taken != NULL && strncmp(to, "01_running/", 11) == 0 && strstr(to, taken) != NULL) {
		errno = ENOENT;
		return -1;
	}
	return (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	if (remembered != NULL && strcmp(to, remembered) == 0) {
		errno = EEXIST;
		return -1;
	}
	if ((int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags) != 0)
		return -1;
	if (cut)
		raise(SIGKILL);
	return 0;
}

int
fstatat(int fd, const char *path, struct stat *is, int flags)
{
	int code = (int)syscall(SYS_newfstatat, fd, path, is, flags);

	if (code != 0 && remembered != NULL && strcmp(path, remembered) == 0)
		code = (int)syscall(SYS_newfstatat, fd, "00_waiting", is, flags);
	if (code == 0 && sftp && *path != '\0') {
		is->st_ctim = is->st_mtim;
		is->st_nlink = 1;
		for (const char *at = path; *at != '\0'; at++)
			is->st_ino = is->st_ino * 31 + (unsigned char)*at;
	}
	return code;
}

int
openat(int fd, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
	va_end(more);
	listings += strcmp(path, "00_waiting") == 0;
	if (old != NULL && strcmp(path, old) == 0)
		path = ".orderly/locks";
	if (ends != NULL && strcmp(path, ends) == 0) {
		ends = NULL;
		if (ends_at != NULL)
			syscall(SYS_renameat, fd, path, fd, ends_at);
		else
			syscall(SYS_unlinkat, fd, path, 0);
	}
	return (int)syscall(SYS_openat, fd, path, flags, mode);
}

int
poll(struct pollfd *entries, nfds_t n, int timeout)
{
	struct timespec left = { timeout / 1000, timeout % 1000 * 1000000L };
	int code;

	if (theirs != NULL && timeout > 0 && (!behind_a_signal || interruptions != 0)) {
		int fd = open(theirs, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

		CHECK(fd >= 0);
		CHECK_EQ(write(fd, "same", 4), 4);
		close(fd);
		theirs = NULL;
	}
	code = ppoll(entries, n, timeout < 0 ? NULL : &left, NULL);
	interruptions += code < 0 && errno == EINTR;
	return code;
}

int
utimensat(int fd, const char *path, const struct timespec times[2], int flags)
{
	if (old != NULL && strcmp(path, old) == 0)
		old = NULL;
	return (int)syscall(SYS_utimensat, fd, path, times, flags);
}

int
fstatfs(int fd, struct statfs *system)
{
	int code = (int)syscall(SYS_fstatfs, fd, system);

	system->f_type = 0x65735546; /* FUSE */
	return code;
}

/* A name that is only remembered is not in the way, and is no sign that a claim has worked. */
SCENE(views, names_that_are_only_remembered)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	ADD(jobs, .name = "a");
	remembered = "00_waiting/a.txt";
	JOBS_OK(jobs, ord_job_requeue(TAKE(jobs, "a")));
	CHECK(is_there(&at, "00_waiting/a.txt"));
	CHECK_EQ(count(&at, "99_failed", "", NULL), 0);
	remembered = "01_running/w.a.txt";
	taken = "a.txt";
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "");
	scene_pause_ms(1100);
	taken = NULL;
	remembered = "02_done/a.txt";
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	CHECK(is_there(&at, "02_done/a.txt"));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

static int
likes(const struct ord_job *job, void *user)
{
	(void)job;
	(void)user;
	return 1;
}

/* What is listed, and gone, is not tried again and again. */
SCENE(views, old_listings_are_no_busy_loop)
{
	for (int filtered = 0; filtered < 2; filtered++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_FOREVER,
			.filter = filtered ? likes : NULL);

		ADD(jobs, .name = "a");
		taken = "a.txt";
		claims = 0;
		if (fork() == 0) {
			scene_pause_ms(1500);
			put(&at, "00_waiting/b.txt", "");
			_exit(0);
		}
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
		CHECK(claims > 1);
		CHECK(claims < 50);
		lists_await(1);
		taken = NULL;
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

static void
take_one(struct ord_jobs *jobs)
{
	TAKE(jobs, "a");
}

/* What somebody who died held, and what is left, where this view has not seen it yet. */
SCENE(views, what_must_be_certain_is_listed_anew)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .killed_retries = 1, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;
	pid_t pid;

	ADD(jobs, .name = "a");
	pid = lists_holder(&at, &ORD_JOBS_OPTIONS(.taker = "v"), take_one);
	CHECK_EQ(kill(pid, SIGKILL), 0);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	old = "01_running";
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	put(&at, "01_running/py.b.txt", "");
	old = "01_running";
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
	CHECK_EQ(unlink(in(&at, "01_running/py.b.txt")), 0);
	put(&at, "00_waiting/c.txt", "");
	old = "00_waiting";
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "c")));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Where a claim is as old as its job: its age is counted from when it was seen. */
SCENE(views, claims_whose_age_nobody_knows)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .stale_ms = 500, .wait = ORD_JOBS_WAIT_NEVER), *other;
	struct ord_job *job;
	struct timespec long_ago[2] = { { 1700000000, 0 }, { 1700000000, 0 } };
	uint64_t began = scene_now_ms();

	sftp = 1;
	put(&at, "01_running/py.a.txt", "");
	CHECK_EQ((int)syscall(SYS_utimensat, AT_FDCWD, in(&at, "01_running/py.a.txt"), long_ago, 0), 0);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
	other = OPEN(&at, .taker = "v", .stale_ms = 500);
	JOBS_SAYS(other, ord_jobs_requeue(other, NULL, NULL, NULL), ORD_ENOTSUP, "name the taker");
	JOBS_OK(other, ord_job_done(TAKE(other, "a")));
	CHECK(scene_now_ms() - began >= 500);
	ord_jobs_destroy(&other);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

static void
give_back(struct ord_jobs *jobs)
{
	cut = 1;
	ord_job_requeue(TAKE(jobs, "a"));
}

static void
add(struct ord_jobs *jobs)
{
	cut = 1;
	ADD(jobs, .name = "b");
}

/* A rename that is a link and the end of the old name, cut between them: one job is one job. */
SCENE(views, renames_of_two_steps)
{
	static void (*const dies[])(struct ord_jobs *jobs) = { give_back, add };

	for (int i = 0; i < 4; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "v");
		int status;

		sftp = i / 2;
		ADD(jobs, .name = "a");
		ord_jobs_destroy(&jobs);
		if (fork() == 0) {
			jobs = OPEN(&at, .taker = "w");
			dies[i % 2](jobs);
			_exit(1);
		}
		CHECK(wait(&status) > 0);
		CHECK(WIFSIGNALED(status));
		jobs = OPEN(&at, .taker = "w");
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		if (i % 2 == 1)
			JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &(struct ord_job *){ NULL }), ORD_EEMPTY, "");
		CHECK_EQ(count(&at, "02_done", "", NULL), 1 + i % 2);
		CHECK_EQ(count(&at, "99_failed", "", NULL), 0);
		CHECK_EQ(count(&at, ".orderly/moving", "", NULL) + count(&at, ".orderly/adding", "", NULL), 0);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

static void
end_it(struct ord_jobs *jobs)
{
	struct ord_job *job = TAKE(jobs, "a");

	cut = 1;
	JOBS_OK(jobs, ord_job_done(job));
	raise(SIGKILL);
}

/* What is done is done in one step. */
SCENE(views, the_end_of_a_job_is_one_step)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "v");

	ADD(jobs, .name = "a");
	if (fork() == 0) {
		end_it(OPEN(&at, .taker = "w"));
		_exit(1);
	}
	CHECK(wait(NULL) > 0);
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &(struct ord_job *){ NULL }), ORD_EEMPTY, "");
	CHECK_EQ(count(&at, "02_done", "", NULL), 1);
	CHECK_EQ(count(&at, "99_failed", "", NULL), 0);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Fault of dirjobs: each claim listed all that waits. */
SCENE(views, one_listing_serves_many_claims)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "v");
	struct ord_job *job;
	unsigned n = 0;
	uint64_t began;

	JOBS_OK(jobs, ord_jobs_add_range(jobs, 300));
	listings = 0;
	began = scene_now_ms();
	while (ord_jobs_take(jobs, &job) == 0)
		n++;
	CHECK_EQ(n, 300);
	/* One a second, and some at the end. */
	CHECK(listings < 10 + (scene_now_ms() - began) / 500);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

static void
hear(int number)
{
	(void)number;
}

/* Signals that the host has handlers for do not make the wait of --sync shorter: who comes behind them is seen. */
SCENE(views, signals_do_not_end_a_wait)
{
	static const struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never;
	const struct sigaction heard = { .sa_handler = hear };
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "m", .sync_ms = 1000, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;
	uint64_t began;

	put(&at, "00_waiting/a.txt", "same");
	behind_a_signal = 1;
	theirs = in(&at, "01_running/b.a.txt");
	CHECK_EQ(sigaction(SIGALRM, &heard, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	began = scene_now_ms();
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
	CHECK(scene_now_ms() - began >= 999);
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	CHECK(theirs == NULL && interruptions != 0);
	CHECK(!is_there(&at, "01_running/m.a.txt") && is_there(&at, "01_running/b.a.txt"));
	CHECK_EQ(rename(in(&at, "01_running/b.a.txt"), in(&at, "02_done/a.txt")), 0);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* A claim that was listed, and has ended before it is compared, is no other submission. */
SCENE(views, lower_claims_that_end_meanwhile)
{
	for (int done = 0; done < 2; done++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "m", .sync_ms = 50, .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *job;

		put(&at, "00_waiting/a.txt", "same");
		theirs = in(&at, "01_running/b.a.txt");
		ends = "01_running/b.a.txt";
		ends_at = done ? "02_done/a.txt" : NULL;
		/* Who has given it up leaves it to this one. */
		if (done)
			JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
		else
			JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		CHECK(theirs == NULL && ends == NULL);
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
		CHECK_EQ(count(&at, "02_done", "", NULL), 1);
		CHECK_EQ(count(&at, ".orderly/again", "", NULL) + count(&at, "01_running", "", NULL), 0);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}

/* What may not be is no sign that a job is another's. */
SCENE(views, moves_that_are_refused)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	ADD(jobs, .name = "a");
	job = TAKE(jobs, "a");
	refused = ".orderly/moving/";
	JOBS_SAYS(jobs, ord_job_fail(job, "no"), ORD_ESYSTEM, "move 01_running/w.a.txt");
	CHECK(is_there(&at, "01_running/w.a.txt"));
	JOBS_OK(jobs, ord_job_renew(job));
	refused = NULL;
	JOBS_OK(jobs, ord_job_fail(job, "no"));
	CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_FAILED);
	CHECK_EQ(lists_attempt(jobs, "a"), 1);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* A rename of two steps, cut between them, of a job that foreign takers have ended since, or somebody has canceled. */
SCENE(views, renames_of_two_steps_whose_job_has_ended)
{
	static const char *const ended[] = { "02_done/a.txt", ".orderly/canceled/a.txt" };

	for (int i = 0; i < 4; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs = OPEN(&at, .taker = "v");
		struct ord_job *job;
		int status;

		sftp = i / 2;
		ADD(jobs, .name = "a");
		ord_jobs_destroy(&jobs);
		if (fork() == 0) {
			give_back(OPEN(&at, .taker = "w"));
			_exit(1);
		}
		CHECK(wait(&status) > 0);
		CHECK(WIFSIGNALED(status));
		CHECK_EQ(count(&at, ".orderly/moving", "", NULL), 1);
		CHECK_EQ(rename(in(&at, "00_waiting/a.txt"), in(&at, ended[i % 2])), 0);
		jobs = OPEN(&at, .taker = "u", .wait = ORD_JOBS_WAIT_NEVER);
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EEMPTY, "");
		CHECK_EQ(lists_state(jobs, "a"), i % 2 == 0 ? ORD_JOB_DONE : ORD_JOB_CANCELED);
		CHECK(is_there(&at, ended[i % 2]));
		CHECK_EQ(lists_counts(jobs).total, 1);
		CHECK_EQ(count(&at, ".orderly/moving", "", NULL) + count(&at, "99_failed", "", NULL), 0);
		ord_jobs_destroy(&jobs);
		lists_end(&at);
	}
}
