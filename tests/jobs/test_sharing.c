/* Jobs that several takers may hold at once, and jobs that come from another list with their state. */
#include "lists.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 1;

/* A directory has no jobs for several takers: a file is at one place. */
#define EACH_SHARING_STORE(at) EACH_STORE_BUT(at, "dir")

#define LABELS(...) (const char *const[]){ __VA_ARGS__, NULL }

static int
note_run(const struct ord_job_run *run, void *user)
{
	char *text = user;

	sprintf(text + strlen(text), "%u %s %s;", run->attempt, run->taker, ord_job_state_name(run->state));
	return 0;
}

static void
check_runs(struct ord_jobs *jobs, const char *name, const char *wanted)
{
	char text[500] = "";

	JOBS_OK(jobs, ord_jobs_runs(jobs, name, note_run, text));
	if (strcmp(text, wanted) == 0)
		return;
	fprintf(stderr, "%s, not %s\n", text, wanted);
	_exit(1);
}

/* Work that nobody does goes before help; help is bounded; the last one ends the job. */
SCENE(sharing, who_has_nothing_else_helps)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two", .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_jobs *three = OPEN(&at, .taker = "three", .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *a, *b, *again, *none;

		ADD(one, .name = "big", .max_takers = 2);
		ADD(one, .name = "small");
		ADD(one, .name = "behind", .after = LABELS("big"));
		a = TAKE(one, "big");
		JOBS_OK(two, ord_job_done(TAKE(two, "small")));
		b = TAKE(two, "big");
		CHECK_EQ(ord_job_attempt(a), 1);
		CHECK_EQ(ord_job_attempt(b), 2);
		JOBS_SAYS(three, ord_jobs_claim(three, &none), ORD_EAGAIN, "");
		CHECK_EQ(lists_counts(one).running, 1);
		check_runs(one, "big", "2 two running;1 one running;");
		/* A place is free again. */
		JOBS_OK(two, ord_job_requeue(b));
		b = TAKE(three, "big");
		CHECK_EQ(ord_job_attempt(b), 3);
		JOBS_OK(three, ord_job_renew(b));
		JOBS_OK(three, ord_jobs_held(three, "big", 0, &again));
		CHECK_EQ(ord_job_attempt(again), 3);
		JOBS_OK(three, ord_job_done(b));
		JOBS_SAYS(three, ord_job_done(again), ORD_ELOST, "big");
		/* One has ended it: nobody joins, and it is done with the last. */
		CHECK_EQ(lists_state(one, "big"), ORD_JOB_RUNNING);
		CHECK_EQ(lists_state(one, "behind"), ORD_JOB_BLOCKED);
		JOBS_SAYS(two, ord_jobs_claim(two, &none), ORD_EAGAIN, "");
		JOBS_OK(one, ord_job_done(a));
		CHECK_EQ(lists_state(one, "big"), ORD_JOB_DONE);
		check_runs(one, "big", "3 three done;2 two waiting;1 one done;");
		JOBS_OK(two, ord_job_done(TAKE(two, "behind")));
		ord_jobs_destroy(&three);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* The worst end of several counts; a failure with retries left does not. */
SCENE(sharing, one_that_failed_for_good_makes_it_fail)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two");
		struct ord_job *a, *b;

		ADD(one, .name = "strict", .max_takers = 2);
		a = TAKE(one, "strict");
		b = TAKE(two, "strict");
		JOBS_OK(one, ord_job_fail(a, "broken"));
		CHECK_EQ(lists_state(one, "strict"), ORD_JOB_RUNNING);
		JOBS_OK(two, ord_job_done(b));
		CHECK_EQ(lists_state(one, "strict"), ORD_JOB_FAILED);
		/* A retry begins anew, for two again. */
		JOBS_OK(one, ord_jobs_retry(one, NULL, NULL));
		a = TAKE(one, "strict");
		b = TAKE(two, "strict");
		JOBS_OK(one, ord_job_done(a));
		JOBS_OK(two, ord_job_done(b));
		CHECK_EQ(lists_state(one, "strict"), ORD_JOB_DONE);
		ADD(one, .name = "patient", .max_takers = 2, .failed_retries = 1);
		a = TAKE(one, "patient");
		b = TAKE(two, "patient");
		JOBS_OK(one, ord_job_fail(a, "broken"));
		a = TAKE(one, "patient");
		JOBS_OK(one, ord_job_done(a));
		JOBS_OK(two, ord_job_done(b));
		CHECK_EQ(lists_state(one, "patient"), ORD_JOB_DONE);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* Requeue takes it from one of them, cancel from all; a new version waits for all to end. */
SCENE(sharing, it_can_be_taken_away)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two", .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *a, *b, *none;
		uint64_t n;

		ADD(one, .name = "a", .max_takers = 3);
		a = TAKE(one, "a");
		b = TAKE(two, "a");
		JOBS_OK(one, ord_jobs_requeue(one, NULL, "nobody", &n));
		CHECK_EQ(n, 0);
		JOBS_OK(one, ord_jobs_requeue(one, NULL, "two", &n));
		CHECK_EQ(n, 1);
		JOBS_SAYS(two, ord_job_done(b), ORD_ELOST, "a");
		CHECK_EQ(lists_state(one, "a"), ORD_JOB_RUNNING);
		b = TAKE(two, "a");
		JOBS_OK(one, ord_jobs_cancel(one, "a", &n));
		JOBS_SAYS(two, ord_job_done(b), ORD_ELOST, "a");
		JOBS_SAYS(one, ord_job_done(a), ORD_ELOST, "a");
		CHECK_EQ(lists_state(one, "a"), ORD_JOB_CANCELED);
		JOBS_OK(one, ord_jobs_retry(one, NULL, NULL));
		a = TAKE(one, "a");
		b = TAKE(two, "a");
		ADD(one, .name = "a", .max_takers = 3, .payload = "new", .payload_size = 3);
		JOBS_OK(two, ord_job_done(b));
		JOBS_SAYS(two, ord_jobs_claim(two, &none), ORD_EAGAIN, "");
		JOBS_OK(one, ord_job_done(a));
		CHECK_EQ(lists_state(one, "a"), ORD_JOB_WAITING);
		JOBS_OK(one, ord_job_done(TAKE(one, "a")));
		CHECK_EQ(lists_state(one, "a"), ORD_JOB_DONE);
		JOBS_OK(one, ord_jobs_clear(one, NULL, 0, &n));
		CHECK_EQ(n, 1);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* One of two has ended it, so that it would be done; canceled, it is no more than that to what comes behind it. */
SCENE(sharing, canceled_behind_one_end_it_frees_nothing)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two", .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *a, *b, *none;
		uint64_t n;

		ADD(one, .name = "a", .max_takers = 2);
		ADD(one, .name = "first");
		ADD(one, .name = "behind", .after = LABELS("first", "a"));
		a = TAKE(one, "a");
		JOBS_OK(two, ord_job_done(TAKE(two, "first")));
		b = TAKE(two, "a");
		JOBS_OK(one, ord_job_done(a));
		JOBS_OK(one, ord_jobs_cancel(one, "a", &n));
		CHECK_EQ(n, 1);
		JOBS_SAYS(two, ord_job_done(b), ORD_ELOST, "a");
		CHECK_EQ(lists_state(one, "behind"), ORD_JOB_BLOCKED);
		JOBS_SAYS(two, ord_jobs_claim(two, &none), ORD_ESTALLED, "'behind' comes after a, which is canceled");
		JOBS_OK(one, ord_jobs_retry(one, "a", NULL));
		JOBS_OK(two, ord_job_done(TAKE(two, "a")));
		/* All of them at once: what comes behind is canceled as well. */
		JOBS_OK(two, ord_job_requeue(TAKE(two, "behind")));
		ADD(one, .name = "a", .max_takers = 2, .payload = "new", .payload_size = 3);
		a = TAKE(one, "a");
		b = TAKE(two, "a");
		JOBS_OK(one, ord_job_done(a));
		JOBS_OK(one, ord_jobs_cancel(one, NULL, &n));
		CHECK_EQ(n, 2);
		CHECK_EQ(lists_state(one, "behind"), ORD_JOB_CANCELED);
		JOBS_SAYS(two, ord_jobs_claim(two, &none), ORD_EEMPTY, "");
		JOBS_SAYS(two, ord_job_done(b), ORD_ELOST, "a");
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

static int
likes_two(const struct ord_job *job, void *user)
{
	(void)user;
	return strcmp(ord_job_name(job), "two") == 0;
}

SCENE(sharing, labels_and_filters_hold_for_those_who_join)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .labels = LABELS("gpu")), *two = OPEN(&at, .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_jobs *three = OPEN(&at, .labels = LABELS("gpu"), .filter = likes_two, .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *job;

		ADD(one, .name = "one", .max_takers = 9, .requires = LABELS("gpu"));
		ADD(one, .name = "two", .max_takers = 9, .requires = LABELS("gpu"));
		TAKE(one, "one");
		TAKE(one, "two");
		JOBS_SAYS(two, ord_jobs_claim(two, &job), ORD_EAGAIN, "");
		TAKE(three, "two");
		ord_jobs_destroy(&three);
		CHECK_EQ(lists_state(two, "two"), ORD_JOB_RUNNING);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* A taker that dies while it helps: the job goes on, and its place is free again.  (Memory has no takers in other processes.) */
SCENE(sharing, a_helper_that_dies_is_replaced)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one;
		struct ord_job *a, *b;
		pid_t pid;

		if (strcmp(at.scheme, "memory") == 0)
			continue;
		one = OPEN(&at, .taker = "one");
		ADD(one, .name = "a", .max_takers = 2, .killed_retries = 1);
		a = TAKE(one, "a");
		pid = fork();
		if (pid == 0) {
			CHECK_EQ(ord_job_attempt(TAKE(OPEN(&at, .taker = "other"), "a")), 2);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		b = TAKE(one, "a");
		CHECK_EQ(ord_job_attempt(b), 3);
		JOBS_OK(one, ord_job_done(b));
		JOBS_OK(one, ord_job_done(a));
		CHECK_EQ(lists_state(one, "a"), ORD_JOB_DONE);
		check_runs(one, "a", "3 one done;2 other killed;1 one done;");
		ord_jobs_destroy(&one);
	}
}

/* --- from one list to another --- */

static int
copy(const struct ord_job *job, void *user)
{
	struct ord_job_options options = ORD_JOB(.name = NULL);

	CHECK_EQ(ord_job_options_of(job, &options), 0);
	JOBS_OK(user, ord_jobs_add(user, &options));
	return 0;
}

static int
describe(const struct ord_job *job, void *user)
{
	struct ord_job_options o = ORD_JOB(.name = NULL);
	char *text = user;

	CHECK_EQ(ord_job_options_of(job, &o), 0);
	text += strlen(text);
	text += sprintf(text, "%s %s %.*s %s %u %s f%u k%u m%u r%d ", o.name, ord_job_state_name(ord_job_state(job)), (int)o.payload_size,
		(const char *)o.payload, o.fingerprint != NULL ? (const char *)o.fingerprint : "-", o.attempts, o.why, o.failed_retries,
		o.killed_retries, o.max_takers, (int)o.range);
	for (size_t i = 0; o.requires != NULL && o.requires[i] != NULL; i++)
		text += sprintf(text, "+%s", o.requires[i]);
	for (size_t i = 0; o.after != NULL && o.after[i] != NULL; i++)
		text += sprintf(text, "<%s", o.after[i]);
	sprintf(text + strlen(text), " %s %d %llu %llu\n", o.taker != NULL ? o.taker : "-", (int)o.failures, (unsigned long long)o.began_ms,
		(unsigned long long)o.ended_ms);
	return 0;
}

static struct ord_jobs *
open_memory(void)
{
	struct ord_jobs *jobs;

	CHECK_EQ(ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.taker = "one")), 0);
	JOBS_OK(jobs, ord_jobs_open(jobs, "memory:"));
	return jobs;
}

static void
check_same(struct ord_jobs *one, struct ord_jobs *two)
{
	char was[2000] = "", is[2000] = "";

	JOBS_OK(one, ord_jobs_each(one, 0, describe, was));
	JOBS_OK(two, ord_jobs_each(two, 0, describe, is));
	CHECK(strstr(is, "1 failed  - 1 was bad f0 k0 m1 r2") != NULL);
	CHECK(strstr(is, "a waiting pay print 0  f3 k4294967295 m7 r0 +x+y - 0 0 0\n") != NULL);
	CHECK(strstr(is, "b blocked  - 0  f0 k0 m1 r0 <") != NULL);
	CHECK(strstr(is, "m1 r2  one 1 ") != NULL);
	if (strcmp(is, was) == 0)
		return;
	fprintf(stderr, "%s\nnot\n%s", is, was);
	_exit(1);
}

static void
fill(struct ord_jobs *one)
{
	JOBS_OK(one, ord_jobs_add_range(one, 2));
	JOBS_OK(one, ord_job_done(TAKE(one, "0")));
	JOBS_OK(one, ord_job_fail(TAKE(one, "1"), "was bad"));
	ADD(one, .name = "a", .payload = "pay", .payload_size = 3, .fingerprint = "print", .fingerprint_size = 6,
		.requires = LABELS("x", "y"), .failed_retries = 3, .killed_retries = ORD_JOBS_NONE, .max_takers = 7);
	ADD(one, .name = "b", .after = LABELS("1", "a"));
	ADD(one, .name = "c");
	JOBS_OK(one, ord_jobs_cancel(one, "c", NULL));
}

/* From memory to each store and back. */
SCENE(sharing, a_list_can_be_copied)
{
	for (EACH_SHARING_STORE(at)) {
		struct ord_jobs *one = open_memory(), *two = OPEN(&at, .taker = "two"), *three = open_memory();
		struct ord_job *job;

		fill(one);
		JOBS_OK(one, ord_jobs_each(one, 0, copy, two));
		check_same(one, two);
		JOBS_OK(two, ord_jobs_each(two, 0, copy, three));
		check_same(one, three);
		/* The range is known there, and the failed one goes on behind its attempt. */
		JOBS_OK(two, ord_jobs_add_range(two, 2));
		JOBS_SAYS(two, ord_jobs_add_range(two, 3), ORD_EINVAL, "2 jobs, not 3");
		JOBS_OK(two, ord_jobs_retry(two, "1", NULL));
		job = TAKE(two, "1");
		CHECK_EQ(ord_job_attempt(job), 2);
		CHECK_EQ(ord_job_index(job), 1);
		CHECK_EQ(ord_job_options_of(job, &ORD_JOB(.name = NULL)), ORD_EINVAL);
		JOBS_OK(two, ord_job_done(job));
		/* Done already, but changed: done elsewhere in that version, too. */
		ADD(two, .name = "1", .payload = "new", .payload_size = 3, .state = ORD_JOB_DONE, .range = 2);
		CHECK_EQ(lists_state(two, "1"), ORD_JOB_DONE);
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "2", .range = 2)), ORD_EINVAL, "'2' is no index in a range of 2");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "01", .range = 2)), ORD_EINVAL, "'01'");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "5", .range = 9)), ORD_EINVAL, "2 jobs, not 9");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "d", .state = 9)), ORD_EINVAL, "'d' has a state");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "d", .taker = "a/b")), ORD_EINVAL, "must not have a '/'");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "d", .began_ms = UINT64_MAX)), ORD_EINVAL, "a time that there is not");
		JOBS_SAYS(two, ord_jobs_add(two, &ORD_JOB(.name = "d", .max_takers = 1000001)), ORD_EINVAL, "max_takers");
		ord_jobs_destroy(&three);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}
