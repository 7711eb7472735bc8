/*
 * Lists that are directories where nothing can be written any more, from each step of each call on: whom it concerns
 * is told, nothing is lost, and when there is room again everything goes on.
 */
#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The step that fails, counted from now; -1: none.  all: those behind it, too. */
static int step = -1, all, reason, hit;

/* On a full disk names can still be changed and removed. */
static int
fails(int makes)
{
	if (step < 0 || (!makes && (reason == ENOSPC || reason == EDQUOT)))
		return 0;
	if (step > 0) {
		step--;
		return 0;
	}
	hit = 1;
	if (!all)
		step = -1;
	errno = reason;
	return 1;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to);
int renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return fails(0) ? -1 : (int)syscall(SYS_renameat, from_fd, from, to_fd, to);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return fails(0) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return fails(1) ? -1 : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int
unlinkat(int fd, const char *path, int flags)
{
	return fails(0) ? -1 : (int)syscall(SYS_unlinkat, fd, path, flags);
}

int
mkdirat(int fd, const char *path, mode_t mode)
{
	return fails(1) ? -1 : (int)syscall(SYS_mkdirat, fd, path, mode);
}

ssize_t
write(int fd, const void *bytes, size_t size)
{
	return fails(1) ? -1 : syscall(SYS_write, fd, bytes, size);
}

int
openat(int fd, const char *path, int flags, ...)
{
	va_list more;
	mode_t mode;

	va_start(more, flags);
	mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
	va_end(more);
	return (flags & O_CREAT) != 0 && fails(1) ? -1 : (int)syscall(SYS_openat, fd, path, flags, mode);
}

/* A list, a taker with a job of it, and another who opens it. */
struct stage {
	struct list_at at;
	struct ord_jobs *jobs, *other;
	struct ord_job *held, *more;
	int locked;
};

static int
opens(struct stage *stage)
{
	int status = ord_jobs_open(stage->other, stage->at.address);

	CHECK(status == 0 || strstr(ord_jobs_error(stage->other), "list") != NULL);
	if (status == 0) {
		ord_jobs_destroy(&stage->other);
		CHECK_EQ(ord_jobs_new(&stage->other, &ORD_JOBS_OPTIONS(.taker = "v")), 0);
	}
	return status;
}

static int
adds(struct stage *stage)
{
	return ord_jobs_add_many(stage->jobs,
		(const struct ord_job_options *const[]){ &ORD_JOB(.name = "e", .payload = "e", .payload_size = 1),
			&ORD_JOB(.name = "b", .payload = "anew", .payload_size = 4),
			&ORD_JOB(.name = "f", .after = (const char *const[]){ "a", NULL }) }, 3, NULL);
}

static int
claims(struct stage *stage)
{
	return stage->more != NULL ? 0 : ord_jobs_claim(stage->jobs, &stage->more);
}

static int
ends(struct stage *stage)
{
	int status = ord_job_done(stage->held);

	CHECK(status != 0 || is_there(&stage->at, "02_done/d.txt"));
	return status;
}

static int
failed(struct stage *stage)
{
	int status = ord_job_fail(stage->held, "no");

	if (status == 0) {
		step = -1;
		CHECK_EQ(lists_state(stage->jobs, "d"), ORD_JOB_FAILED);
		CHECK_EQ(lists_attempt(stage->jobs, "d"), 1);
	}
	return status;
}

static int
gives_back(struct stage *stage)
{
	return ord_job_requeue(stage->held);
}

static int
retries(struct stage *stage)
{
	return ord_jobs_retry(stage->jobs, NULL, NULL);
}

static int
cancels(struct stage *stage)
{
	return ord_jobs_cancel(stage->jobs, NULL, NULL);
}

static int
clears(struct stage *stage)
{
	return ord_jobs_clear(stage->jobs, NULL, ORD_JOB_IN(ORD_JOB_DONE), NULL);
}

static int
renews(struct stage *stage)
{
	return ord_job_renew(stage->held);
}

static int
locks(struct stage *stage)
{
	int status = stage->locked ? 0 : ord_jobs_lock(stage->jobs, "mine", 0);

	stage->locked |= status == 0;
	return status == 0 ? ord_jobs_unlock(stage->jobs, "mine") : status;
}

static const struct {
	const char *name;
	int (*call)(struct stage *stage);
	int has_ended; /* the job that is held */
} calls[] = { { "open", opens, 0 }, { "add", adds, 0 }, { "claim", claims, 0 }, { "done", ends, 1 }, { "fail", failed, 1 },
	{ "requeue", gives_back, 1 }, { "retry", retries, 0 }, { "cancel", cancels, 0 }, { "clear", clears, 0 },
	{ "renew", renews, 0 }, { "lock", locks, 0 } };

static void
begin(struct stage *stage)
{
	stage->jobs = OPEN(&stage->at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	CHECK_EQ(ord_jobs_new(&stage->other, &ORD_JOBS_OPTIONS(.taker = "v")), 0);
	ADD(stage->jobs, .name = "z");
	JOBS_OK(stage->jobs, ord_job_done(TAKE(stage->jobs, "z")));
	ADD(stage->jobs, .name = "c");
	JOBS_OK(stage->jobs, ord_job_fail(TAKE(stage->jobs, "c"), "as was to be"));
	ADD(stage->jobs, .name = "d", .payload = "d", .payload_size = 1);
	stage->held = TAKE(stage->jobs, "d");
	ADD(stage->jobs, .name = "a", .payload = "a", .payload_size = 1);
	ADD(stage->jobs, .name = "b");
}

/* Whoever comes next has everything done, once. */
static void
work_off(struct list_at *at, const char *what)
{
	struct ord_jobs *jobs = OPEN(at, .taker = "u");
	struct ord_job_counts counts;
	struct ord_job *job;
	int status;

	JOBS_OK(jobs, ord_jobs_retry(jobs, NULL, NULL));
	while ((status = ord_jobs_take(jobs, &job)) == 0)
		;
	counts = lists_counts(jobs);
	if (status != ORD_EEMPTY || counts.done != counts.total || counts.total < 4)
		fprintf(stderr, "%s: %s, %d of %d are done\n", what, ord_jobs_error(jobs), (int)counts.done, (int)counts.total);
	CHECK_EQ(status, ORD_EEMPTY);
	CHECK_EQ(counts.done, counts.total);
	for (int i = 0; i < 4; i++)
		CHECK(is_there(at, (const char *[]){ "02_done/a.txt", "02_done/b.txt", "02_done/c.txt", "02_done/d.txt" }[i]));
	/* Where an old version could not be removed both are done. */
	if (count(at, "02_done", ".txt", NULL) != (int)counts.total || (strncmp(what, "add", 3) != 0 && count(at, "02_done", "", NULL) != (int)counts.total))
		fprintf(stderr, "%s: %d files of %d jobs are done\n", what, count(at, "02_done", "", NULL), (int)counts.total);
	CHECK_EQ(count(at, "02_done", ".txt", NULL), counts.total);
	CHECK(strncmp(what, "add", 3) == 0 || count(at, "02_done", "", NULL) == (int)counts.total);
	ord_jobs_destroy(&jobs);
	for (int i = 0; i < 6; i++) {
		const char *const folder = (const char *[]){ ".orderly/moving", ".orderly/adding", ".orderly/fresh",
			".orderly/burying", ".orderly/takers", ".orderly/locks" }[i];

		/* A file of some bytes that never became a taker. */
		if (strncmp(what, "open", 4) == 0 && strcmp(folder, ".orderly/fresh") == 0)
			continue;
		if (count(at, folder, "", NULL) != 0)
			fprintf(stderr, "%s: %s is not empty\n", what, folder);
		CHECK_EQ(count(at, folder, "", NULL), 0);
	}
}

/* In a process of its own: what it cannot take back is for others. */
static void
fail_at(struct list_at *at, size_t i, int n, const char *what)
{
	struct stage stage = { .at = *at };
	int status;

	begin(&stage);
	hit = 0;
	step = n;
	status = calls[i].call(&stage);
	step = -1;
	if (status != 0 && (status != ORD_ESYSTEM || !hit))
		fprintf(stderr, "%s: %s\n", what, ord_jobs_error(stage.jobs));
	CHECK(status == 0 || (status == ORD_ESYSTEM && hit));
	/* There is room again. */
	if (status != 0) {
		status = calls[i].call(&stage);
		if (status != 0)
			fprintf(stderr, "%s, and again: %s\n", what, ord_jobs_error(stage.jobs));
		CHECK_EQ(status, 0);
	}
	if (stage.more != NULL)
		JOBS_OK(stage.jobs, ord_job_done(stage.more));
	if (!calls[i].has_ended && strcmp(calls[i].name, "cancel") != 0)
		JOBS_OK(stage.jobs, ord_job_done(stage.held));
	ord_jobs_destroy(&stage.jobs);
	ord_jobs_destroy(&stage.other);
	_exit(hit ? 0 : 3);
}

/* One call, whose n-th step fails; 0: it has not so many. */
static int
play(size_t i, int n)
{
	struct list_at at = lists_only("dir");
	char what[100];
	int status;

	snprintf(what, sizeof what, "%s, step %d, %s%s", calls[i].name, n, strerror(reason), all ? ", and all behind it" : "");
	if (fork() == 0)
		fail_at(&at, i, n, what);
	CHECK(wait(&status) > 0);
	if (status != 0 && status != 3 << 8)
		fprintf(stderr, "%s: 0x%x\n", what, status);
	CHECK(status == 0 || status == 3 << 8);
	work_off(&at, what);
	lists_end(&at);
	return status == 0;
}

SCENE(full, each_step_of_each_call)
{
	static const int reasons[] = { ENOSPC, EIO, EDQUOT, EROFS };

	int stride = (int)lists_rounds("ORD_JOBS_FULL", 5);

	/* Once, or from then on; each of the first steps, and some behind. */
	for (size_t r = 0; r < sizeof reasons / sizeof *reasons; r++)
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
			int n = 0;

			all = r >= 2;
			reason = reasons[r];
			while (play(i, n))
				n += n < 2 ? 1 : stride;
			CHECK(n > 0 || reason == ENOSPC || reason == EDQUOT);
		}
}

/* Fills what is left, or makes room again. */
static void
fill_up(const struct list_at *at, int fill)
{
	char name[32];

	for (int i = 0; i < 1000; i++) {
		int fd;

		snprintf(name, sizeof name, "filler%d", i);
		if (!fill) {
			unlink(in(at, name));
			continue;
		}
		fd = open(in(at, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0)
			break;
		while (write(fd, name, sizeof name) > 0)
			;
		close(fd);
	}
}

/* A real one, in a namespace of its own: bytes run out, or files do; jobs are taken and done all the same. */
SCENE(full, a_small_disk)
{
	static const char *const sizes[] = { "size=300k", "size=8m,nr_inodes=150" };

	for (int i = 0; i < 2; i++) {
		struct list_at at = lists_only("dir");
		struct ord_jobs *jobs;
		struct ord_job *job;
		char name[32], much[2000] = { 0 };
		int n = 0, ended = 0, status;

		if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
			mount("tmpfs", at.folder, "tmpfs", 0, sizes[i]) != 0) {
			fprintf(stderr, "left out: only root may mount a small disk\n");
			lists_end(&at);
			return;
		}
		jobs = OPEN(&at, .taker = "w");
		do {
			snprintf(name, sizeof name, "j%d", n);
			status = ord_jobs_add(jobs, &ORD_JOB(.name = name, .payload = much, .payload_size = sizeof much));
		} while (status == 0 && ++n < 1000);
		CHECK_EQ(status, ORD_ESYSTEM);
		CHECK(strstr(ord_jobs_error(jobs), "make room") != NULL);
		CHECK(n > 20);
		CHECK_EQ(lists_counts(jobs).waiting, n);
		fill_up(&at, 1);
		JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
		JOBS_SAYS(jobs, ord_job_fail(job, "no"), ORD_ESYSTEM, "make room");
		JOBS_OK(jobs, ord_job_renew(job));
		JOBS_OK(jobs, ord_job_done(job));
		for (ended = 1; ended < n / 2; ended++) {
			JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
			JOBS_OK(jobs, ord_job_done(job));
		}
		fill_up(&at, 0);
		JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, 0, NULL));
		JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
		JOBS_OK(jobs, ord_job_fail(job, "no"));
		JOBS_OK(jobs, ord_jobs_retry(jobs, NULL, NULL));
		while ((status = ord_jobs_take(jobs, &job)) == 0)
			ended++;
		JOBS_SAYS(jobs, status, ORD_EEMPTY, "");
		CHECK_EQ(ended, n);
		CHECK_EQ(lists_counts(jobs).done, n - n / 2);
		ord_jobs_destroy(&jobs);
		CHECK_EQ(umount(at.folder), 0);
		lists_end(&at);
	}
}
