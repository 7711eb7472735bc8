/*
 * Lists that are directories, where a file of ours is damaged: what it is about is held up, and nothing else; whoever
 * has nothing else to do is told of it, and everything goes on when it is gone.
 */
#include "folders.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a job that was added anew while it ran. */
SCENE(damage, what_is_added_anew_is_told_of)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER), *other;
	struct ord_job *job;

	put(&at, "00_waiting/a.txt", "1");
	job = TAKE(jobs, "a");
	put(&at, ".orderly/again/a.txt", "2");
	put(&at, ".orderly/next/a.txt", "");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &(struct ord_job *){ NULL }), ORD_EAGAIN, "only jobs that this taker holds");
	JOBS_OK(jobs, ord_job_done(job));
	CHECK(is_there(&at, "02_done/a.txt"));
	/* It stops nobody who has something to take. */
	other = OPEN(&at, .taker = "v", .wait = ORD_JOBS_WAIT_NEVER);
	put(&at, "00_waiting/b.txt", "");
	JOBS_OK(other, ord_job_done(TAKE(other, "b")));
	JOBS_SAYS(other, ord_jobs_claim(other, &job), ORD_EFAILED, "next/a.txt is damaged");
	CHECK_EQ(unlink(in(&at, ".orderly/next/a.txt")), 0);
	job = TAKE(other, "a");
	CHECK(*(const char *)ord_job_payload(job, NULL) == '2');
	JOBS_OK(other, ord_job_done(job));
	JOBS_SAYS(other, ord_jobs_take(other, &job), ORD_EEMPTY, "");
	ord_jobs_destroy(&other);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Claims of others are not looked at each time. */
static int
claim_soon(struct ord_jobs *jobs, struct ord_job **job)
{
	int status = ORD_EAGAIN;

	for (int tries = 0; tries < 100 && status == ORD_EAGAIN; tries++) {
		scene_pause_ms(20);
		status = ord_jobs_claim(jobs, job);
	}
	return status;
}

/* Of a job whose claim is to be freed, being old. */
SCENE(damage, stale_claims_are_told_of)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "w", .stale_ms = 100, .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *job;

	put(&at, "01_running/py.a.txt", "");
	put(&at, ".orderly/jobs/a.txt", "");
	scene_pause_ms(150);
	put(&at, "00_waiting/b.txt", "");
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
	JOBS_SAYS(jobs, claim_soon(jobs, &job), ORD_EFAILED, ".orderly/jobs/a.txt");
	CHECK_EQ(unlink(in(&at, ".orderly/jobs/a.txt")), 0);
	JOBS_OK(jobs, claim_soon(jobs, &job));
	JOBS_OK(jobs, ord_job_done(job));
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}

/* Who lives, and only could not be opened once more meanwhile, is a taker still. */
SCENE(damage, who_cannot_come_back_has_not_left)
{
	struct list_at at = lists_only("dir");
	struct ord_jobs *jobs = OPEN(&at, .taker = "adds");
	struct ord_job *job;
	pid_t lives = fork();
	int status;

	if (lives == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ADD(jobs, .name = "b", .killed_retries = 1);
	ord_jobs_destroy(&jobs);
	jobs = OPEN(&at, .taker = "s", .pid = lives);
	TAKE(jobs, "b");
	ADD(jobs, .name = "a", .killed_retries = 1);
	ord_jobs_destroy(&jobs);
	if (fork() == 0) {
		jobs = OPEN(&at, .taker = "dies");
		TAKE(jobs, "a");
		raise(SIGKILL);
	}
	CHECK(wait(&status) > 0);
	CHECK(WIFSIGNALED(status));
	put(&at, ".orderly/jobs/a.txt", "");
	jobs = OPEN(&at, .taker = "s", .pid = lives, .wait = ORD_JOBS_WAIT_NEVER);
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EFAILED, ".orderly/jobs/a.txt");
	ord_jobs_destroy(&jobs);
	for (int i = 0; i < 2; i++) {
		REFUSES(at.address, &ORD_JOBS_OPTIONS(.taker = "s", .pid = lives), ORD_EFAILED, ".orderly/jobs/a.txt");
		CHECK(is_there(&at, ".orderly/takers/s"));
		CHECK(is_there(&at, "01_running/s.b.txt"));
	}
	CHECK_EQ(unlink(in(&at, ".orderly/jobs/a.txt")), 0);
	/* What that said of attempts is gone with it. */
	jobs = OPEN(&at, .taker = "s", .pid = lives, .killed_retries = 1);
	JOBS_OK(jobs, ord_jobs_held(jobs, "b", 0, &job));
	CHECK_EQ(ord_job_attempt(job), 1);
	ord_jobs_destroy(&jobs);
	/* And what it holds is freed when it is dead. */
	CHECK_EQ(kill(lives, SIGKILL), 0);
	CHECK_EQ(waitpid(lives, NULL, 0), lives);
	jobs = OPEN(&at, .taker = "w", .wait = ORD_JOBS_WAIT_NEVER);
	for (int i = 0; i < 2; i++) {
		JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
		JOBS_OK(jobs, ord_job_done(job));
	}
	CHECK_EQ(lists_counts(jobs).done, 2);
	CHECK_EQ(count(&at, ".orderly/burying", "", NULL), 0);
	ord_jobs_destroy(&jobs);
	lists_end(&at);
}
