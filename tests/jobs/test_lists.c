/* What every store does: adding, taking, ending, and what becomes of a job. */
#include "lists.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const int lists_server = 1;

SCENE(lists, a_list_is_worked_off_in_order)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
		struct ord_job *job;
		const char *names[] = { "b", "a", "c" };
		const void *payload;
		size_t size;
		int n = 0;

		ADD(jobs, .name = "b", .payload = "one\0two", .payload_size = 7);
		ADD(jobs, .name = "a");
		ADD(jobs, .name = "c", .payload = "", .payload_size = 0);
		CHECK_EQ(lists_counts(jobs).waiting, 3);
		while (ord_jobs_take(jobs, &job) == 0) {
			CHECK(n < 3 && strcmp(ord_job_name(job), names[n]) == 0);
			payload = ord_job_payload(job, &size);
			CHECK_EQ(size, n == 0 ? 7 : 0);
			CHECK(memcmp(payload, n == 0 ? "one\0two" : "", size + 1) == 0);
			CHECK_EQ(ord_job_attempt(job), 1);
			CHECK_EQ(ord_job_state(job), ORD_JOB_RUNNING);
			CHECK(ord_job_index(job) == ORD_JOB_NO_INDEX);
			CHECK(*ord_job_taker(job) != '\0');
			CHECK_EQ(lists_counts(jobs).done, n);
			CHECK_EQ(lists_counts(jobs).running, 1);
			n++;
		}
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "no job is left");
		CHECK(job == NULL);
		CHECK_EQ(n, 3);
		CHECK_EQ(lists_counts(jobs).done, 3);
		CHECK_EQ(lists_counts(jobs).total, 3);
		ord_jobs_destroy(&jobs);
	}
}

/* The seed of laufband: break fails the item, close completes it, run again resumes. */
SCENE(lists, a_range_is_iterated_and_resumed)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *keep = OPEN(&at, .taker = NULL), *jobs = OPEN(&at, .taker = NULL);
		struct ord_job *job;

		JOBS_OK(jobs, ord_jobs_add_range(jobs, 5));
		JOBS_OK(jobs, ord_jobs_add_range(jobs, 5));
		JOBS_SAYS(jobs, ord_jobs_add_range(jobs, 6), ORD_EINVAL, "size mismatch: the list was made for 5 jobs, not 6");
		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		CHECK_EQ(ord_job_index(job), 0);
		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		CHECK_EQ(ord_job_index(job), 1);
		ord_jobs_destroy(&jobs);
		CHECK(jobs == NULL);
		CHECK_EQ(lists_state(keep, "0"), ORD_JOB_DONE);
		CHECK_EQ(lists_state(keep, "1"), ORD_JOB_FAILED);
		jobs = OPEN(&at, .taker = NULL);
		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		CHECK_EQ(ord_job_index(job), 2);
		JOBS_OK(jobs, ord_jobs_close(jobs));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ECLOSED, "closed");
		ord_jobs_destroy(&jobs);
		CHECK_EQ(lists_state(keep, "2"), ORD_JOB_DONE);
		/* Closing does not leak into the next loop. */
		jobs = OPEN(&at, .taker = NULL);
		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		CHECK_EQ(ord_job_index(job), 3);
		JOBS_OK(jobs, ord_job_done(job));
		ord_jobs_destroy(&jobs);
		CHECK_EQ(lists_counts(keep).done, 3);
		CHECK_EQ(lists_counts(keep).waiting, 1);
		ord_jobs_destroy(&keep);
	}
}

/* n retries are n + 1 attempts. */
SCENE(lists, retries_are_counted_right)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .failed_retries = 2);
		struct ord_job *job;
		unsigned attempts[3] = { 0 };

		ADD(jobs, .name = "2");
		ADD(jobs, .name = "0", .failed_retries = ORD_JOBS_NONE);
		ADD(jobs, .name = "1", .failed_retries = 1);
		for (int i = 0; i < 6; i++) {
			JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
			CHECK_EQ(ord_job_attempt(job), ++attempts[*ord_job_name(job) - '0']);
			JOBS_OK(jobs, ord_job_fail(job, "no luck"));
		}
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "no job is left");
		CHECK_EQ(attempts[0], 1);
		CHECK_EQ(attempts[1], 2);
		CHECK_EQ(attempts[2], 3);
		CHECK_EQ(lists_counts(jobs).failed, 3);
		/* All of them again. */
		JOBS_OK(jobs, ord_jobs_retry(jobs, "[01]", NULL));
		CHECK_EQ(lists_counts(jobs).waiting, 2);
		job = TAKE(jobs, "0");
		CHECK_EQ(ord_job_attempt(job), 2);
		JOBS_OK(jobs, ord_job_done(job));
		ord_jobs_destroy(&jobs);
	}
}

static uint64_t
wall_ms(void)
{
	struct timespec now;

	CHECK_EQ(clock_gettime(CLOCK_REALTIME, &now), 0);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* As a shell does, whose commands are one taker: each is a process, or an object, of its own. */
SCENE(lists, retries_are_counted_for_takers_of_several_processes)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *keeps = OPEN(&at, .taker = "keeps"), *jobs;
		struct ord_job *job;

		/* Of one process only. */
		if (strcmp(at.scheme, "memory") == 0) {
			ord_jobs_destroy(&keeps);
			continue;
		}
		ADD(keeps, .name = "a", .failed_retries = 2);
		for (uint32_t attempt = 1; attempt <= 3; attempt++) {
			uint64_t claimed;

			jobs = OPEN(&at, .taker = "w", .pid = getpid());
			JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
			CHECK_EQ(ord_job_attempt(job), attempt);
			claimed = wall_ms();
			ord_jobs_destroy(&jobs);
			scene_pause_ms(5);
			jobs = OPEN(&at, .taker = "w", .pid = getpid());
			JOBS_OK(jobs, ord_jobs_held(jobs, "a", attempt, &job));
			JOBS_OK(jobs, ord_job_renew(job));
			CHECK(ord_job_began_ms(job) <= claimed);
			JOBS_OK(jobs, ord_job_fail(job, "bad"));
			CHECK_EQ(lists_state(jobs, "a"), attempt < 3 ? ORD_JOB_WAITING : ORD_JOB_FAILED);
			ord_jobs_destroy(&jobs);
		}
		ord_jobs_destroy(&keeps);
	}
}

static int
note_run(const struct ord_job_run *run, void *user)
{
	char *text = user;

	snprintf(text + strlen(text), 200, "%u %s %s;", run->attempt, ord_job_state_name(run->state), run->why);
	CHECK(*run->taker != '\0');
	CHECK((run->ended_ms == 0) == (run->state == ORD_JOB_RUNNING));
	return 0;
}

SCENE(lists, attempts_are_remembered_and_bounded)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .failed_retries = 100, .history = 3);
		struct ord_job *job;
		char text[2000] = "";
		char why[20];

		ADD(jobs, .name = "a");
		for (int i = 1; i <= 6; i++) {
			JOBS_OK(jobs, ord_jobs_claim(jobs, &job));
			snprintf(why, sizeof why, "why %d", i);
			JOBS_OK(jobs, i == 3 ? ord_job_requeue(job) : ord_job_fail(job, why));
		}
		JOBS_OK(jobs, ord_jobs_runs(jobs, "a", note_run, text));
		CHECK(strncmp(text, "6 failed why 6;5 failed why 5;", 30) == 0);
		CHECK(strstr(text, "2 failed") == NULL);
		job = TAKE(jobs, "a");
		text[0] = '\0';
		JOBS_OK(jobs, ord_jobs_runs(jobs, "a", note_run, text));
		CHECK(strncmp(text, "7 running ;6 failed why 6;", 26) == 0);
		JOBS_OK(jobs, ord_job_done(job));
		JOBS_SAYS(jobs, ord_jobs_runs(jobs, "b", note_run, text), ORD_EINVAL, "there is no job 'b'");
		ord_jobs_destroy(&jobs);
	}
}

/* A changed job runs again, the same one does not; a name is never done twice by being added twice. */
SCENE(lists, fingerprints)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
		struct ord_job *job;
		uint64_t added = 7;

		ADD(jobs, .name = "a", .payload = "1", .payload_size = 1);
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		JOBS_OK(jobs, ord_jobs_add_many(jobs, (const struct ord_job_options *const[]){ &ORD_JOB(.name = "a", .payload = "1", .payload_size = 1) }, 1, &added));
		CHECK_EQ(added, 0);
		CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_DONE);
		ADD(jobs, .name = "a", .payload = "2", .payload_size = 1);
		CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_WAITING);
		job = TAKE(jobs, "a");
		CHECK(strcmp(ord_job_payload(job, NULL), "2") == 0);
		/* While it runs: it runs once more behind this. */
		ADD(jobs, .name = "a", .payload = "3", .payload_size = 1);
		CHECK_EQ(lists_state(jobs, "a"), ORD_JOB_RUNNING);
		JOBS_OK(jobs, ord_job_done(job));
		job = TAKE(jobs, "a");
		CHECK(strcmp(ord_job_payload(job, NULL), "3") == 0);
		CHECK_EQ(ord_job_attempt(job), 3);
		JOBS_OK(jobs, ord_job_done(job));
		/* Nothing is a payload like any other. */
		ADD(jobs, .name = "bare");
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "bare")));
		ADD(jobs, .name = "bare");
		CHECK_EQ(lists_state(jobs, "bare"), ORD_JOB_DONE);
		/* With a fingerprint the payload does not count. */
		ADD(jobs, .name = "b", .payload = "1", .payload_size = 1, .fingerprint = "x", .fingerprint_size = 1);
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
		ADD(jobs, .name = "b", .payload = "2", .payload_size = 1, .fingerprint = "x", .fingerprint_size = 1);
		CHECK_EQ(lists_state(jobs, "b"), ORD_JOB_DONE);
		ADD(jobs, .name = "b", .payload = "2", .payload_size = 1, .fingerprint = "y", .fingerprint_size = 1);
		CHECK_EQ(lists_state(jobs, "b"), ORD_JOB_WAITING);
		ord_jobs_destroy(&jobs);
	}
}

SCENE(lists, dependencies_are_awaited)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_NEVER), *other = OPEN(&at, .taker = NULL);
		struct ord_job *a, *b, *job;

		ADD(jobs, .name = "a");
		ADD(jobs, .name = "b");
		ADD(jobs, .name = "c", .after = (const char *const[]){ "a", "b", NULL });
		ADD(jobs, .name = "d", .after = (const char *const[]){ "c", "a", NULL });
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "e", .after = (const char *const[]){ "nobody", NULL })), ORD_EINVAL, "'nobody', which is not in the list");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "e", .after = (const char *const[]){ "e", NULL })), ORD_EINVAL, "'e', which is not in the list");
		CHECK_EQ(lists_state(jobs, "e"), 0);
		CHECK_EQ(lists_counts(jobs).blocked, 2);
		a = TAKE(jobs, "a");
		b = TAKE(other, "b");
		/* It runs elsewhere: that is waited for, not skipped. */
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
		JOBS_OK(jobs, ord_job_done(a));
		JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EAGAIN, "some still run");
		JOBS_OK(other, ord_job_done(b));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "c")));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "d")));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
		/* What changed is done again, and what waits behind it waits for that. */
		ADD(jobs, .name = "f", .after = (const char *const[]){ "b", NULL });
		ADD(jobs, .name = "b", .payload = "new", .payload_size = 3);
		CHECK_EQ(lists_state(jobs, "f"), ORD_JOB_BLOCKED);
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "f")));
		ord_jobs_destroy(&other);
		ord_jobs_destroy(&jobs);
	}
}

/* A dependency that failed is never silent. */
SCENE(lists, blocked_for_ever_is_said)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
		struct ord_job *job;

		ADD(jobs, .name = "a");
		ADD(jobs, .name = "b", .after = (const char *const[]){ "a", NULL });
		JOBS_OK(jobs, ord_job_fail(TAKE(jobs, "a"), "no"));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_ESTALLED, "'b' comes after a, which is failed");
		JOBS_OK(jobs, ord_jobs_retry(jobs, "a", NULL));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "b")));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EEMPTY, "");
		ord_jobs_destroy(&jobs);
	}
}

SCENE(lists, labels)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *plain = OPEN(&at, .labels = (const char *const[]){ "gp", "u", "big", NULL });
		struct ord_jobs *able = OPEN(&at, .labels = (const char *const[]){ "big", "gpu", NULL });
		struct ord_job *job;

		ADD(plain, .name = "a", .requires = (const char *const[]){ "gpu", "big", NULL });
		ADD(plain, .name = "b");
		JOBS_OK(plain, ord_job_done(TAKE(plain, "b")));
		JOBS_SAYS(plain, ord_jobs_take(plain, &job), ORD_EEMPTY, "for takers with other labels");
		job = TAKE(able, "a");
		CHECK(strcmp(ord_job_requires(job), "gpu big") == 0);
		JOBS_OK(able, ord_job_done(job));
		JOBS_SAYS(plain, ord_jobs_add(plain, &ORD_JOB(.name = "x", .requires = (const char *const[]){ "a b", NULL })), ORD_EINVAL, "label");
		JOBS_SAYS(plain, ord_jobs_add(plain, &ORD_JOB(.name = "x", .requires = (const char *const[]){ "", NULL })), ORD_EINVAL, "label");
		ord_jobs_destroy(&able);
		ord_jobs_destroy(&plain);
	}
}

static int
likes_even(const struct ord_job *job, void *user)
{
	++*(int *)user;
	return ord_job_index(job) % 2 == 0;
}

SCENE(lists, a_filter_leaves_jobs_to_others)
{
	for (EACH_STORE(at)) {
		int asked = 0, n = 0;
		struct ord_jobs *even = OPEN(&at, .filter = likes_even, .filter_user = &asked, .batch = 3);
		struct ord_jobs *all = OPEN(&at, .taker = NULL);
		struct ord_job *job;

		JOBS_OK(even, ord_jobs_add_range(even, 200));
		while (ord_jobs_take(even, &job) == 0) {
			CHECK_EQ(ord_job_index(job), 2 * n);
			n++;
		}
		CHECK_EQ(n, 100);
		JOBS_SAYS(even, ord_jobs_take(even, &job), ORD_EEMPTY, "filters");
		while (ord_jobs_take(all, &job) == 0)
			CHECK(ord_job_index(job) % 2 == 1);
		CHECK_EQ(lists_counts(all).done, 200);
		ord_jobs_destroy(&even);
		ord_jobs_destroy(&all);
	}
}

SCENE(lists, a_failure_stops_who_wants_that)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *strict = OPEN(&at, .on_failure = ORD_JOBS_STOP), *other = OPEN(&at, .taker = NULL);
		struct ord_job *job;

		JOBS_OK(strict, ord_jobs_add_range(strict, 5));
		JOBS_OK(strict, ord_jobs_take(strict, &job));
		JOBS_OK(other, ord_job_fail(TAKE(other, "1"), NULL));
		JOBS_SAYS(strict, ord_jobs_take(strict, &job), ORD_EFAILED, "failed");
		CHECK_EQ(lists_state(other, "0"), ORD_JOB_DONE);
		JOBS_OK(other, ord_job_done(TAKE(other, "2")));
		ord_jobs_destroy(&strict);
		ord_jobs_destroy(&other);
	}
}

/* Who lost a job cannot end it, however he lost it. */
SCENE(lists, an_attempt_that_is_over_cannot_end_the_job)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two");
		struct ord_job *job, *again;
		uint64_t n;

		ADD(one, .name = "a");
		job = TAKE(one, "a");
		JOBS_OK(one, ord_job_renew(job));
		JOBS_OK(two, ord_jobs_requeue(two, NULL, "nobody", &n));
		CHECK_EQ(n, 0);
		JOBS_OK(two, ord_jobs_requeue(two, "*", "one", &n));
		CHECK_EQ(n, 1);
		again = TAKE(two, "a");
		CHECK_EQ(ord_job_attempt(again), 2);
		JOBS_SAYS(one, ord_job_done(job), ORD_ELOST, "'a' is another's now");
		CHECK_EQ(lists_state(two, "a"), ORD_JOB_RUNNING);
		JOBS_OK(two, ord_jobs_cancel(two, NULL, &n));
		CHECK_EQ(n, 1);
		JOBS_SAYS(two, ord_job_renew(again), ORD_ELOST, "'a'");
		CHECK_EQ(lists_state(two, "a"), ORD_JOB_CANCELED);
		/* The same taker, a later attempt. */
		JOBS_OK(two, ord_jobs_retry(two, NULL, NULL));
		job = TAKE(one, "a");
		JOBS_OK(two, ord_jobs_requeue(two, "a", NULL, &n));
		again = TAKE(one, "a");
		JOBS_SAYS(one, ord_job_fail(job, "late"), ORD_ELOST, "");
		CHECK_EQ(lists_state(two, "a"), ORD_JOB_RUNNING);
		JOBS_OK(one, ord_job_done(again));
		CHECK_EQ(ord_job_done(NULL), ORD_EINVAL);
		CHECK_EQ(lists_state(two, "a"), ORD_JOB_DONE);
		/* In the loop: said once, and it goes on. */
		JOBS_OK(two, ord_jobs_add_range(two, 2));
		JOBS_OK(one, ord_jobs_take(one, &job));
		JOBS_OK(two, ord_jobs_cancel(two, "0", NULL));
		JOBS_SAYS(one, ord_jobs_take(one, &job), ORD_ELOST, "");
		JOBS_OK(one, ord_jobs_take(one, &job));
		CHECK_EQ(ord_job_index(job), 1);
		ord_jobs_destroy(&one);
		ord_jobs_destroy(&two);
	}
}

/* Of ends that are told together each counts for itself: attempts of the same job, others of a first attempt and of a later one. */
SCENE(lists, ends_of_a_batch_are_fenced_one_by_one)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .batch = 8), *two = OPEN(&at, .taker = "two");
		struct ord_job *lost, *again, *b, *c, *none;
		int status, told;

		ADD(one, .name = "a");
		ADD(one, .name = "b");
		ADD(one, .name = "c");
		lost = TAKE(one, "a");
		b = TAKE(one, "b");
		c = TAKE(one, "c");
		JOBS_OK(two, ord_jobs_requeue(two, "a", NULL, NULL));
		again = TAKE(one, "a");
		CHECK_EQ(ord_job_attempt(again), 2);
		/* Held back, or told at once: the loss is said at the end itself, or at the next call that tells. */
		JOBS_OK(one, ord_job_done(b));
		told = ord_job_done(lost) == ORD_ELOST;
		status = ord_jobs_claim(one, &none);
		CHECK_EQ(status, told ? ORD_EAGAIN : ORD_ELOST);
		CHECK_EQ(lists_state(two, "a"), ORD_JOB_RUNNING);
		CHECK_EQ(lists_state(two, "b"), ORD_JOB_DONE);
		JOBS_OK(one, ord_job_done(again));
		JOBS_OK(one, ord_job_done(c));
		JOBS_SAYS(one, ord_jobs_claim(one, &none), ORD_EEMPTY, "");
		CHECK_EQ(lists_counts(two).done, 3);
		ord_jobs_destroy(&one);
		ord_jobs_destroy(&two);
	}
}

SCENE(lists, names_of_living_takers_are_unique)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "w1"), *two;
		struct ord_jobs_options options = ORD_JOBS_OPTIONS(.taker = "w1", .beside = strcmp(at.scheme, "memory") == 0 ? one : NULL);

		CHECK_EQ(ord_jobs_new(&two, &options), 0);
		JOBS_SAYS(two, ord_jobs_open(two, at.address), ORD_EINVAL, "called 'w1'");
		if (options.beside == NULL) {
			ord_jobs_destroy(&one);
			JOBS_OK(two, ord_jobs_open(two, at.address));
		}
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

SCENE(lists, clearing)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL);
		struct ord_job *job;
		uint64_t n;

		ADD(jobs, .name = "a");
		ADD(jobs, .name = "b", .after = (const char *const[]){ "a", NULL });
		ADD(jobs, .name = "c");
		JOBS_OK(jobs, ord_jobs_cancel(jobs, "a", NULL));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "c")));
		JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, 0, &n));
		CHECK_EQ(n, 1);
		CHECK_EQ(lists_counts(jobs).total, 2);
		JOBS_OK(jobs, ord_jobs_retry(jobs, NULL, NULL));
		job = TAKE(jobs, "a");
		JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, UINT32_MAX, &n));
		CHECK_EQ(n, 1);
		JOBS_OK(jobs, ord_job_done(job));
		JOBS_OK(jobs, ord_jobs_clear(jobs, "?", 0, &n));
		CHECK_EQ(lists_counts(jobs).total, 0);
		/* A list that is empty may have another range. */
		JOBS_OK(jobs, ord_jobs_add_range(jobs, 3));
		JOBS_OK(jobs, ord_jobs_clear(jobs, NULL, UINT32_MAX, &n));
		CHECK_EQ(n, 3);
		JOBS_OK(jobs, ord_jobs_add_range(jobs, 4));
		ord_jobs_destroy(&jobs);
	}
}

SCENE(lists, locks)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two");

		JOBS_OK(one, ord_jobs_lock(one, "results", -1));
		JOBS_SAYS(one, ord_jobs_lock(one, "results", -1), ORD_EINVAL, "already");
		JOBS_SAYS(two, ord_jobs_lock(two, "results", 30), ORD_ETIMEDOUT, "'results' is the taker's 'one'");
		JOBS_SAYS(two, ord_jobs_unlock(two, "results"), ORD_ELOST, "'results'");
		JOBS_OK(two, ord_jobs_lock(two, "other", 0));
		JOBS_OK(one, ord_jobs_unlock(one, "results"));
		JOBS_OK(two, ord_jobs_lock(two, "results", 0));
		ord_jobs_destroy(&two);
		JOBS_OK(one, ord_jobs_lock(one, "results", 0));
		JOBS_OK(one, ord_jobs_lock(one, "other", 0));
		ord_jobs_destroy(&one);
	}
}

SCENE(lists, batches_leave_something_to_others)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .batch = 100), *two = OPEN(&at, .batch = 100, .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *a, *b;

		JOBS_OK(one, ord_jobs_add_range(one, 20));
		JOBS_OK(one, ord_jobs_take(one, &a));
		for (int i = 0; i < 10 && lists_counts(one).running < 3; i++)
			JOBS_OK(two, ord_jobs_take(two, &b));
		CHECK(lists_counts(one).waiting > 0);
		CHECK(lists_counts(one).running > 2);
		/* What one of them never saw goes back when it leaves; what it saw has failed. */
		ord_jobs_destroy(&two);
		CHECK_EQ(lists_counts(one).failed, 1);
		while (ord_jobs_take(one, &a) == 0)
			;
		CHECK_EQ(lists_counts(one).done, 19);
		ord_jobs_destroy(&one);
	}
}

/* What a batch holds back is told when nothing more is taken. */
SCENE(lists, a_close_tells_what_ended)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .batch = 10), *eye = OPEN(&at, .read_only = 1);
		struct ord_job *job;

		ADD(one, .name = "a");
		JOBS_OK(one, ord_jobs_take(one, &job));
		JOBS_OK(one, ord_jobs_close(one));
		CHECK_EQ(lists_state(eye, "a"), ORD_JOB_DONE);
		ord_jobs_destroy(&eye);
		ord_jobs_destroy(&one);
	}
}

SCENE(lists, a_wait_can_be_interrupted)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .wait = ORD_JOBS_WAIT_FOREVER), *other = OPEN(&at, .taker = NULL);
		struct ord_job *job;

		JOBS_OK(jobs, ord_jobs_interrupt(jobs));
		JOBS_SAYS(jobs, ord_jobs_take(jobs, &job), ORD_EINTERRUPTED, "interrupted");
		while (ord_jobs_watch(jobs, 0) == 0)
			;
		JOBS_SAYS(jobs, ord_jobs_watch(jobs, 10), ORD_ETIMEDOUT, "");
		ADD(other, .name = "a");
		JOBS_OK(jobs, ord_jobs_watch(jobs, -1));
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		ord_jobs_destroy(&other);
		ord_jobs_destroy(&jobs);
	}
}

SCENE(lists, bad_input)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = OPEN(&at, .taker = NULL), *other;
		struct ord_job *job;
		char name[300], address[40];

		memset(name, 'x', sizeof name);
		name[299] = '\0';
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = name)), ORD_ETOOBIG, "299 bytes");
		/* A directory needs some of it for what stands before and behind the name. */
		name[strcmp(at.scheme, "dir") == 0 ? 186 : 255] = '\0';
		ADD(jobs, .name = name);
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a/b")), ORD_EINVAL, "'/'");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a\n")), ORD_EINVAL, "control character");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = ".a")), ORD_EINVAL, "dot");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "")), ORD_EINVAL, "needs a name");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = NULL)), ORD_EINVAL, "needs a name");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, NULL), ORD_EINVAL, "");
		JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a", .payload_size = 3)), ORD_EINVAL, "no bytes");
		JOBS_SAYS(jobs, ord_jobs_open(jobs, at.address), ORD_EINVAL, "open already");
		JOBS_SAYS(jobs, ord_jobs_lock(jobs, "a/b", 0), ORD_EINVAL, "");
		CHECK_EQ(ord_jobs_take(jobs, NULL), ORD_EINVAL);
		CHECK_EQ(ord_jobs_take(NULL, &job), ORD_EINVAL);
		CHECK_EQ(lists_counts(jobs).total, 1);
		/* All or none. */
		JOBS_SAYS(jobs, ord_jobs_add_many(jobs, (const struct ord_job_options *const[]){ &ORD_JOB(.name = "p"), &ORD_JOB(.name = "q", .after = (const char *const[]){ "p", NULL }), &ORD_JOB(.name = "r", .after = (const char *const[]){ "s", NULL }) }, 3, NULL), ORD_EINVAL, "'s'");
		CHECK_EQ(lists_counts(jobs).total, 1);
		CHECK_EQ(ord_jobs_new(&other, &ORD_JOBS_OPTIONS(.wait = 3)), ORD_EINVAL);
		CHECK_EQ(ord_jobs_new(&other, &ORD_JOBS_OPTIONS(.batch = 1001)), ORD_EINVAL);
		CHECK_EQ(ord_jobs_new(&other, &ORD_JOBS_OPTIONS(.taker = "a/b")), ORD_EINVAL);
		CHECK_EQ(ord_jobs_new(&other, NULL), 0);
		JOBS_SAYS(other, ord_jobs_take(other, &job), ORD_EINVAL, "not open");
		JOBS_SAYS(other, ord_jobs_open(other, "nonsense"), ORD_EINVAL, "there is no store for the address 'nonsense'");
		snprintf(address, sizeof address, "memory:x");
		JOBS_SAYS(other, ord_jobs_open(other, address), ORD_EINVAL, "memory:x");
		ord_jobs_destroy(&other);
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(&jobs);
		ord_jobs_destroy(NULL);
	}
}

static int
note_taker(const struct ord_taker *taker, void *user)
{
	char *text = user;

	snprintf(text + strlen(text), 200, "%s %s %llu %llu %s;", taker->name, ord_taker_state_name(taker->state),
		(unsigned long long)taker->taken, (unsigned long long)taker->held, taker->labels);
	CHECK_EQ(taker->pid, getpid());
	return 0;
}

SCENE(lists, takers_are_shown)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *two = OPEN(&at, .taker = "two", .labels = (const char *const[]){ "x", "y", NULL });
		struct ord_job *job;
		char text[1000] = "";

		JOBS_OK(one, ord_jobs_add_range(one, 3));
		job = TAKE(two, "0");
		JOBS_OK(one, ord_jobs_takers(one, note_taker, text));
		CHECK(strstr(text, "one idle 0 0 ;") != NULL);
		CHECK(strstr(text, "two busy") != NULL && strstr(text, "1 x y;") != NULL);
		JOBS_OK(two, ord_job_done(job));
		ord_jobs_destroy(&two);
		text[0] = '\0';
		JOBS_OK(one, ord_jobs_takers(one, note_taker, text));
		CHECK(strstr(text, "two offline 1 0 x y;") != NULL);
		ord_jobs_destroy(&one);
	}
}
