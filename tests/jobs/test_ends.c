/* When the list hears of an end, and what becomes of jobs that were claimed with it, in every store. */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "lists.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "jobs/jobs.h"

const int lists_server = 1;

enum { MANY = 60 };

SCENE(ends, nothing_that_ended_waits_for_a_next_take)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other = OPEN(&at, .taker = "other"), *jobs = OPEN(&at, .batch = 10);

		ADD(other, .name = "a");
		ADD(other, .name = "b", .after = (const char *const[]){ "a", NULL });
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		CHECK_EQ(lists_state(other, "a"), ORD_JOB_DONE);
		JOBS_OK(other, ord_job_done(TAKE(other, "b")));
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

static void
fill(struct ord_jobs *jobs, unsigned n)
{
	char name[16];

	for (unsigned i = 0; i < n; i++) {
		snprintf(name, sizeof name, "job%03u", i);
		ADD(jobs, .name = name);
	}
}

/*
 * Another taker, and one that was given three of MANY jobs and has claimed more: the third.  As if the last ones
 * had taken no time, or it would claim one by one.
 */
static struct ord_job *
take_three(struct list_at *at, struct ord_jobs **other, struct ord_jobs **jobs, int (*next)(struct ord_jobs *, struct ord_job **))
{
	struct ord_job *job = NULL;

	*other = OPEN(at, .taker = "other");
	*jobs = OPEN(at, .batch = 20);
	fill(*other, MANY);
	(*jobs)->reach = 20;
	for (int i = 0; i < 3; i++) {
		if (job != NULL && next == ord_jobs_claim)
			JOBS_OK(*jobs, ord_job_done(job));
		JOBS_OK(*jobs, next(*jobs, &job));
	}
	CHECK(lists_counts(*other).running > 3);
	return job;
}

SCENE(ends, what_was_canceled_is_not_given_out)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;
		struct ord_job *job = take_three(&at, &other, &jobs, ord_jobs_claim);

		JOBS_OK(other, ord_jobs_cancel(other, NULL, NULL));
		CHECK_EQ(lists_counts(other).running, 0);
		/* It takes long. */
		scene_pause_ms(10);
		(void)ord_job_done(job);
		scene_pause_ms(10);
		for (int lost = 0, status; (status = ord_jobs_take(jobs, &job)) != ORD_EEMPTY; lost++) {
			CHECK_EQ(status, ORD_ELOST);
			CHECK(lost < 2);
		}
		CHECK_EQ(lists_counts(other).canceled + lists_counts(other).done, MANY);
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

/* What was lost before is told by the next take, and not by the end of another job. */
SCENE(ends, a_loss_is_told_of_the_job_that_was_lost)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;
		struct ord_job *before = take_three(&at, &other, &jobs, ord_jobs_claim), *job;
		int status;

		JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
		JOBS_OK(other, ord_jobs_cancel(other, ord_job_name(before), NULL));
		status = ord_job_done(before); /* told at once, or held back */
		CHECK(status == 0 || status == ORD_ELOST);
		JOBS_OK(jobs, ord_job_fail(job, "of its own"));
		CHECK_EQ(lists_counts(other).failed, 1);
		if (status == 0) {
			scene_pause_ms(10);
			JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ELOST, "a job taken before");
		}
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

SCENE(ends, a_close_gives_back_what_was_not_given)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;

		take_three(&at, &other, &jobs, ord_jobs_claim);
		JOBS_OK(jobs, ord_jobs_close(jobs));
		CHECK_EQ(lists_counts(other).running, 1);
		ord_jobs_destroy(&jobs);
		CHECK_EQ(lists_counts(other).failed, 1);
		ord_jobs_destroy(&other);
	}
}

/* Also if the job that it completes is another's. */
SCENE(ends, a_close_behind_a_loss_gives_back_too)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;
		struct ord_job *job = take_three(&at, &other, &jobs, ord_jobs_take);

		JOBS_OK(other, ord_jobs_cancel(other, ord_job_name(job), NULL));
		scene_pause_ms(10);
		JOBS_SAYS(jobs, ord_jobs_close(jobs), ORD_ELOST, "another's now");
		CHECK_EQ(lists_counts(other).running, 0);
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

/* Who works for long says so, and with it what has ended before. */
SCENE(ends, a_renewal_tells_what_was_held_back)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;
		struct ord_job *job = take_three(&at, &other, &jobs, ord_jobs_take);

		JOBS_OK(jobs, ord_job_renew(job));
		/* Its name is how many were before it. */
		CHECK_EQ(lists_counts(other).done, atoi(ord_job_name(job) + strlen("job")));
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

/* An interruption that was meant for a wait costs nothing that has ended. */
SCENE(ends, who_leaves_interrupted_tells_what_has_ended)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other, *jobs;

		take_three(&at, &other, &jobs, ord_jobs_take);
		JOBS_OK(jobs, ord_jobs_interrupt(jobs));
		ord_jobs_destroy(&jobs);
		CHECK_EQ(lists_counts(other).failed, 1);
		CHECK_EQ(lists_counts(other).running, 0);
		ord_jobs_destroy(&other);
	}
}

/* A range is added to a list without such names, or not at all; in a directory a file that is there is one of it. */
SCENE(ends, a_range_replaces_nothing)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
		uint64_t added = 7;

		JOBS_OK(jobs, ord_jobs_add_many(jobs, NULL, 0, &added));
		CHECK_EQ(added, 0);
		ADD(jobs, .name = "1", .payload = "precious", .payload_size = 8);
		if (strcmp(at.scheme, "dir") == 0)
			JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
		else
			JOBS_SAYS(jobs, ord_jobs_add_range(jobs, 3), ORD_EINVAL, "names are numbers already");
		CHECK_EQ(lists_counts(jobs).total, strcmp(at.scheme, "dir") == 0 ? 3 : 1);
		CHECK_EQ(memcmp(ord_job_payload(TAKE(jobs, "1"), NULL), "precious", 8), 0);
		ord_jobs_destroy(&jobs);
	}
}

/* Beside a taker of the same process that has been silent for long nobody looks again and again. */
SCENE(ends, a_silent_neighbour_wakes_nobody)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *other = OPEN(&at, .taker = "other", .timeout_ms = 100), *jobs = OPEN(&at, .taker = "self");
		struct rusage before, behind;

		scene_pause_ms(200);
		getrusage(RUSAGE_THREAD, &before);
		while (ord_jobs_watch(jobs, 1000) == 0)
			; /* what was before */
		getrusage(RUSAGE_THREAD, &behind);
		CHECK(behind.ru_nvcsw - before.ru_nvcsw < 200);
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&other);
	}
}

/* A loop of the host's that only watches wakes up for its heartbeats, and not all the time behind the first. */
SCENE(ends, who_only_watches_says_that_it_lives)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_NEVER, .heartbeat_ms = 100);
		struct pollfd entry = { .fd = ord_jobs_fd(jobs), .events = POLLIN };
		uint64_t end = clock_now_ns() + CLOCK_NS_PER_S;
		int wakes = 0;

		for (; clock_now_ns() < end; wakes += poll(&entry, 1, 100))
			CHECK(ord_jobs_watch(jobs, 0) == 0 || *ord_jobs_error(jobs) != '\0');
		CHECK(wakes < 100);
		ord_jobs_destroy(&jobs);
	}
}

SCENE(ends, a_forked_child_interrupts_nobody)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = "self");
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(ord_jobs_interrupt(jobs) == ORD_EFORKED ? 0 : 1);
		CHECK_EQ(waitpid(child, &status, 0), child);
		CHECK_EQ(status, 0);
		while ((status = ord_jobs_watch(jobs, 10)) == 0)
			;
		CHECK_EQ(status, ORD_ETIMEDOUT);
		ord_jobs_destroy(&jobs);
	}
}
