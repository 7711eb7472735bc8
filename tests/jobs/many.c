#define _GNU_SOURCE /* usleep */
#include "many.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
many_work(struct list_at *at, struct many *seen, uint64_t seed, uint32_t batch)
{
	struct ord_jobs *jobs = OPEN(at, .wait = ORD_JOBS_WAIT_FOREVER, .batch = batch);
	struct ord_job *job;

	atomic_fetch_add(&seen->opened, 1);
	for (;;) {
		unsigned long i;

		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		if (strncmp(ord_job_name(job), "end", 3) == 0)
			break;
		i = strtoul(ord_job_name(job) + 1, NULL, 10);
		CHECK_EQ(atomic_exchange(&seen->holder[i], getpid()), 0);
		atomic_fetch_add(&seen->began[i], 1);
		usleep((unsigned)(scene_random(&seed) % 2000));
		CHECK_EQ(atomic_exchange(&seen->holder[i], 0), getpid());
		if (scene_random(&seed) % 4 == 0)
			JOBS_OK(jobs, ord_job_done(job));
	}
	JOBS_OK(jobs, ord_jobs_close(jobs));
	ord_jobs_destroy(&jobs);
	_exit(0);
}

void
many_add(struct list_at *at, struct many *seen, unsigned from, unsigned to)
{
	struct ord_jobs *jobs = OPEN(at, .taker = NULL);

	atomic_fetch_add(&seen->opened, 1);
	for (unsigned i = from; i < to; i += 2) {
		char one[16], other[16];
		uint64_t added;

		snprintf(one, sizeof one, "j%u", i);
		snprintf(other, sizeof other, "j%u", i + 1);
		JOBS_OK(jobs, ord_jobs_add_many(jobs, (const struct ord_job_options *const[]){ &ORD_JOB(.name = one), &ORD_JOB(.name = other) }, 2, &added));
		CHECK_EQ(added, 2);
	}
	ord_jobs_destroy(&jobs);
	_exit(0);
}

static int
check_once(const struct ord_job *job, void *user)
{
	struct many *seen = user;
	int is_end = strncmp(ord_job_name(job), "end", 3) == 0;

	/* Who leaves at an end gives those back that came with it. */
	if (ord_job_state(job) != ORD_JOB_DONE || (!is_end && ord_job_attempt(job) != 1))
		fprintf(stderr, "%s is %s after %u attempts, taker %s: %s\n", ord_job_name(job), ord_job_state_name(ord_job_state(job)),
			ord_job_attempt(job), ord_job_taker(job), ord_job_why(job));
	CHECK_EQ(ord_job_state(job), ORD_JOB_DONE);
	if (is_end)
		return 0;
	CHECK_EQ(ord_job_attempt(job), 1);
	CHECK_EQ(seen->began[strtoul(ord_job_name(job) + 1, NULL, 10)], 1);
	return 0;
}

static int
check_given_back(const struct ord_job_run *run, void *user)
{
	(void)user;
	CHECK(run->state == ORD_JOB_DONE || run->state == ORD_JOB_WAITING);
	return 0;
}

void
many_end(struct list_at *at, struct many *seen)
{
	struct ord_jobs *jobs;

	jobs = OPEN(at, .taker = NULL);
	for (unsigned i = 0; i < MANY_TAKERS; i++) {
		char name[16];

		snprintf(name, sizeof name, "end%u", i);
		ADD(jobs, .name = name);
	}
	lists_await(MANY_TAKERS);
	JOBS_OK(jobs, ord_jobs_each(jobs, 0, check_once, seen));
	for (unsigned i = 0; i < MANY_TAKERS; i++) {
		char name[16];

		snprintf(name, sizeof name, "end%u", i);
		JOBS_OK(jobs, ord_jobs_runs(jobs, name, check_given_back, NULL));
	}
	CHECK_EQ(lists_counts(jobs).done, MANY_JOBS + MANY_TAKERS);
	ord_jobs_destroy(&jobs);
}
