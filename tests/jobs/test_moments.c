/*
 * Who uses a directory is killed before each of its steps in turn, and who repairs that is, too; others find each job
 * once, and finish it.  Also where no rename leaves what is there (NFS, sshfs): it is a link and the end of the old
 * name then.
 */
#define _GNU_SOURCE
#include "folders.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

/* Steps until the caller is killed; 0: it is not. */
static unsigned left;

static int far; /* the list is on the network */

static void
step(void)
{
	if (left != 0 && --left == 0)
		raise(SIGKILL);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	step();
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	if (far && flags != 0) {
		errno = EINVAL;
		return -1;
	}
	step();
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	step();
	return (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int
unlinkat(int fd, const char *path, int flags)
{
	step();
	return (int)syscall(SYS_unlinkat, fd, path, flags);
}

int
fstatfs(int fd, struct statfs *system)
{
	int code = (int)syscall(SYS_fstatfs, fd, system);

	if (far)
		system->f_type = 0x6969; /* NFS */
	return code;
}

/* A bit of everything, by one taker. */
static void
use(struct list_at *at, int range)
{
	struct ord_jobs *jobs = OPEN(at, .taker = "v", .failed_retries = 1, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	if (range) {
		JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
	} else {
		ADD(jobs, .name = "0");
		ADD(jobs, .name = "1");
		ADD(jobs, .name = "2", .after = (const char *const[]){ "0", NULL });
	}
	JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
	JOBS_OK(jobs, ord_job_done(job));
	JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
	JOBS_OK(jobs, ord_job_fail(job, "once"));
	JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
	JOBS_OK(jobs, ord_job_requeue(job));
	JOBS_OK(jobs, ord_jobs_cancel(jobs, "1", NULL));
	JOBS_OK(jobs, ord_jobs_retry(jobs, "1", NULL));
	JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
	ord_jobs_destroy(&jobs);
}

/* Once in all, and nothing of ours is half done. */
static void
look(const struct list_at *at, unsigned moment, uint64_t total)
{
	static const char *const all[] = { "00_waiting", "01_running", "99_failed", ".orderly/waiting",
		".orderly/canceled", ".orderly/again", ".orderly/moving", ".orderly/adding", ".orderly/burying" };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (count(at, all[i], "", NULL) != 0) {
			fprintf(stderr, "killed before step %u: something is left in %s\n", moment, all[i]);
			CHECK(0);
		}
	if ((uint64_t)count(at, "02_done", "", NULL) != total) {
		fprintf(stderr, "killed before step %u: %d done of %d\n", moment, count(at, "02_done", "", NULL), (int)total);
		CHECK(0);
	}
}

/* Take all there is; it may take a moment until the dead are buried. */
static void
finish(struct ord_jobs *jobs)
{
	struct ord_job *job;
	int status = ORD_EAGAIN;

	for (int tries = 0; tries < 100 && status == ORD_EAGAIN; tries++) {
		while ((status = ord_jobs_claim(jobs, &job)) == 0)
			JOBS_OK(jobs, ord_job_done(job));
		if (status == ORD_EAGAIN)
			scene_pause_ms(30);
	}
	JOBS_SAYS(jobs, status, status == ORD_ESTALLED ? ORD_ESTALLED : ORD_EEMPTY, "");
}

/* 1: it came through. */
static int
try_moment(unsigned moment, int range)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs;
	uint64_t total;
	int ended, status;

	if (fork() == 0) {
		left = moment;
		use(&at, range);
		_exit(0);
	}
	CHECK(wait(&ended) > 0);
	CHECK(WIFSIGNALED(ended) || ended == 0);
	if (fork() == 0) {
		left = 1 + moment * 7 % 31;
		finish(OPEN(&at, .taker = moment % 2 ? "v" : "w", .failed_retries = 3, .killed_retries = 3, .wait = ORD_JOBS_WAIT_NEVER));
		_exit(0);
	}
	CHECK(wait(&status) > 0);
	CHECK(WIFSIGNALED(status) || status == 0);
	jobs = OPEN(&at, .taker = "w", .failed_retries = 3, .killed_retries = 3, .wait = ORD_JOBS_WAIT_NEVER);
	if (range)
		JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
	finish(jobs);
	JOBS_OK(jobs, ord_jobs_retry(jobs, NULL, NULL));
	finish(jobs);
	total = lists_counts(jobs).total;
	CHECK(!range || total == 3);
	CHECK_EQ(lists_counts(jobs).done, total);
	look(&at, moment, total);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
	return ended == 0;
}

SCENE(moments, each_job_is_there_once)
{
	for (int i = 0; i < 4; i++) {
		unsigned moment = 1;

		far = i % 2;
		while (!try_moment(moment, i / 2))
			moment++;
		CHECK(moment > 25);
	}
}
