/* What lies between a taker and the server: a cable that is cut, and one that swallows everything. */
#include "cable.h"
#include "many.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

const int lists_server = 2;

/* --- what never gets through --- */

SCENE(cable, what_never_gets_through_is_told)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_job_counts counts = ORD_JOB_COUNTS;
	struct ord_jobs *jobs;
	struct ord_job *job;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, "");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = "a");
	cable_do(cable, CUT_REQUEST, "claim_");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, "20 times at the same step");
	CHECK(cable->cuts >= 20);
	cable_do(cable, PASS, "");
	cable_do(cable, CUT_REQUEST, "SELECT state, count(*)");
	JOBS_SAYS(jobs, ord_jobs_counts(jobs, &counts), ORD_ESYSTEM, "20 times at the same step");
	cable_do(cable, PASS, "");
	CHECK_EQ(lists_counts(jobs).waiting, 1);
	job = TAKE(jobs, "a");
	CHECK_EQ(ord_job_attempt(job), 1);
	JOBS_OK(jobs, ord_job_done(job));
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- half a connection --- */

#define LOCKS_OF_TAKERS \
	"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 'job'::regclass::oid"

SCENE(cable, half_a_connection_is_none)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs;
	struct ord_job *job;
	pid_t pid;
	struct cable *cable = cable_new(&pid);
	const char *list = strstr(at.address, "list=") + 5;
	char text[200];

	far = cable_to(&at, cable, "&answer=1");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	/* Interrupted while it connects. */
	cable_do(cable, CUT_ALL, "");
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "a")), ORD_EINTERRUPTED, "waiting for the server");
	cable_do(cable, PASS, "");
	ADD(jobs, .name = "a");
	/* Interrupted while it waits for an answer. */
	cable_do(cable, SWALLOW, "");
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_EINTERRUPTED, "waiting for the server");
	cable_do(cable, PASS, "");
	/* It is connected, and cannot be who it was. */
	snprintf(text, sizeof text, "ALTER SCHEMA orderly_%s RENAME TO elsewhere", list);
	lists_sql(&at, text);
	cable_do(cable, CUT_ALL, "");
	cable_do(cable, PASS, "");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &job), ORD_ESYSTEM, "deleted or replaced");
	snprintf(text, sizeof text, "ALTER SCHEMA elsewhere RENAME TO orderly_%s", list);
	lists_sql(&at, text);
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
	CHECK_EQ(lists_number(&at, LOCKS_OF_TAKERS), 1);
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- claims whose answer is lost --- */

SCENE(cable, an_end_does_not_forget_what_was_claimed)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs;
	struct ord_job *a, *b;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, "&patience=0");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	ADD(jobs, .name = "a");
	ADD(jobs, .name = "b");
	a = TAKE(jobs, "a");
	cable_do(cable, CUT_ANSWER, "claim_");
	JOBS_SAYS(jobs, ord_jobs_claim(jobs, &b), ORD_ESYSTEM, "");
	CHECK_EQ(cable->cuts, 1);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM job WHERE state = 2"), 2);
	cable_do(cable, PASS, "");
	/* Ends fail for a reason of their own. */
	lists_sql(&at, "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
		       " $$ BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = '42501'; END $$;"
		       "CREATE TRIGGER refuse BEFORE UPDATE ON job FOR EACH ROW WHEN (NEW.state = 3) EXECUTE FUNCTION refuse()");
	CHECK_EQ(lists_counts(jobs).running, 2);
	JOBS_SAYS(jobs, ord_job_done(a), ORD_ESYSTEM, "not now");
	lists_sql(&at, "DROP TRIGGER refuse ON job");
	JOBS_OK(jobs, ord_job_done(a));
	b = TAKE(jobs, "b");
	CHECK_EQ(ord_job_attempt(b), 1);
	JOBS_OK(jobs, ord_job_done(b));
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* Another joins before it asks what became of its claim. */
SCENE(cable, a_share_whose_answer_is_lost_is_had_once)
{
	struct list_at at = lists_only("postgresql"), beyond;
	struct ord_jobs *near, *far;
	struct ord_job *a, *b;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	beyond = cable_to(&at, cable, "&patience=0");
	near = OPEN(&at, .taker = "near");
	far = OPEN(&beyond, .taker = "far", .wait = ORD_JOBS_WAIT_NEVER);
	ADD(near, .name = "first");
	JOBS_OK(far, ord_job_done(TAKE(far, "first")));
	ADD(near, .name = "a", .max_takers = 2);
	cable_do(cable, CUT_ANSWER, "claim_");
	JOBS_SAYS(far, ord_jobs_claim(far, &a), ORD_ESYSTEM, "");
	b = TAKE(near, "a");
	CHECK_EQ(ord_job_attempt(b), 2);
	cable_do(cable, PASS, "");
	a = TAKE(far, "a");
	CHECK_EQ(ord_job_attempt(a), 1);
	JOBS_SAYS(far, ord_jobs_claim(far, &b), ORD_EAGAIN, "");
	JOBS_OK(far, ord_job_done(a));
	CHECK_EQ(lists_state(near, "a"), ORD_JOB_RUNNING);
	JOBS_OK(near, ord_jobs_held(near, "a", 2, &b));
	JOBS_OK(near, ord_job_done(b));
	CHECK_EQ(lists_state(near, "a"), ORD_JOB_DONE);
	ord_jobs_destroy(&far);
	ord_jobs_destroy(&near);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- calls that are made again behind a lost answer --- */

/* Whatever answer of the call it is: then it can be made again.  *none: the call has no n-th answer. */
#define LOSES(n, none, call) \
	do { \
		int said_; \
		cable_cut_from(cable, n); \
		said_ = (call); \
		*(none) = atomic_load(&cable->left) != 0; \
		JOBS_SAYS(jobs, said_, *(none) ? 0 : ORD_ESYSTEM, ""); \
		cable_do(cable, PASS, ""); \
		if (!*(none)) \
			JOBS_OK(jobs, call); \
	} while (0)

enum { N_ENDS = 5 };

static int
end(struct ord_job *job, int which)
{
	return which % 2 == 0 ? ord_job_done(job) : ord_job_fail(job, "no");
}

SCENE(cable, an_end_whose_answer_is_lost_can_be_told_again)
{
	static const int ended[N_ENDS] = { ORD_JOB_DONE, ORD_JOB_FAILED, ORD_JOB_DONE, ORD_JOB_FAILED, ORD_JOB_DONE };
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, "&patience=0");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	for (int which = 0; which < N_ENDS; which++) {
		int none = 0;

		for (unsigned n = 1; !none; n++) {
			char name[40];
			struct ord_job *job;

			CHECK(n < 100);
			snprintf(name, sizeof name, "%d_%u", which, n);
			ADD(jobs, .name = name, .max_takers = which >= 2 && which < 4 ? 2 : 1);
			job = TAKE(jobs, name);
			/* It is another one when it has ended: it waits again. */
			if (which == 4)
				ADD(jobs, .name = name, .payload = "x", .payload_size = 1, .fingerprint = "x", .fingerprint_size = 1);
			CHECK_EQ(lists_counts(jobs).running, 1);
			LOSES(n, &none, end(job, which));
			if (which == 4) {
				CHECK_EQ(lists_state(jobs, name), ORD_JOB_WAITING);
				JOBS_OK(jobs, ord_job_done(TAKE(jobs, name)));
			}
			CHECK_EQ(lists_state(jobs, name), ended[which]);
		}
	}
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	lists_end(&at);
}

/* It waits again, or is another's already. */
SCENE(cable, a_failure_whose_answer_is_lost_is_one_failure)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs, *other = OPEN(&at, .taker = "other", .wait = ORD_JOBS_WAIT_NEVER);
	int none = 0;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, "&patience=0");
	jobs = OPEN(&far, .taker = NULL, .wait = ORD_JOBS_WAIT_NEVER);
	for (unsigned n = 1; !none; n++) {
		struct ord_job *job, *again = NULL;
		char name[40];

		CHECK(n < 100);
		snprintf(name, sizeof name, "%u", n);
		ADD(jobs, .name = name, .failed_retries = 1);
		job = TAKE(jobs, name);
		cable_cut_from(cable, n);
		none = ord_job_fail(job, "no") == 0;
		cable_do(cable, PASS, "");
		if (n % 2 == 0 && ord_jobs_take(other, &again) != 0)
			again = NULL;
		if (!none)
			JOBS_OK(jobs, ord_job_fail(job, "no"));
		if (again != NULL)
			JOBS_OK(other, ord_job_done(again));
		else
			JOBS_OK(jobs, ord_job_done(TAKE(jobs, name)));
		CHECK_EQ(lists_attempt(jobs, name), 2);
		CHECK_EQ(lists_state(jobs, name), ORD_JOB_DONE);
	}
	ord_jobs_destroy(&jobs);
	ord_jobs_destroy(&other);
	cable_free(cable, pid);
	lists_end(&at);
}

SCENE(cable, a_lock_whose_answer_is_lost_can_be_asked_for_again)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *jobs, *other = OPEN(&at, .taker = "other");
	int none = 0, unlocked = 0;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, "&patience=0");
	jobs = OPEN(&far, .taker = NULL);
	for (unsigned n = 1; !none; n++) {
		CHECK(n < 100);
		LOSES(n, &none, ord_jobs_lock(jobs, "l", 0));
		JOBS_SAYS(jobs, ord_jobs_lock(jobs, "l", 0), ORD_EINVAL, "already");
		JOBS_SAYS(other, ord_jobs_lock(other, "l", 0), ORD_ETIMEDOUT, "taker's");
		LOSES(n, &unlocked, ord_jobs_unlock(jobs, "l"));
		none &= unlocked;
		JOBS_SAYS(jobs, ord_jobs_unlock(jobs, "l"), ORD_ELOST, "does not have");
		JOBS_OK(other, ord_jobs_lock(other, "l", 0));
		JOBS_OK(other, ord_jobs_unlock(other, "l"));
	}
	ord_jobs_destroy(&jobs);
	ord_jobs_destroy(&other);
	cable_free(cable, pid);
	lists_end(&at);
}

/* Whatever answer it is: nobody meets himself, or stays behind as one who lives. */
SCENE(cable, a_taker_whose_opening_is_cut_is_there_once)
{
	struct list_at at = lists_only("postgresql"), beyond;
	struct ord_jobs *first = OPEN(&at, .taker = "first");
	unsigned n = 20; /* before that it connects, and looks whether there is a list */
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	beyond = cable_to(&at, cable, "");
	do {
		struct ord_jobs *far;

		CHECK_EQ(ord_jobs_new(&far, &ORD_JOBS_OPTIONS(.taker = "far", .wait = ORD_JOBS_WAIT_NEVER)), 0);
		cable_cut(cable, ++n);
		/* Up to a place it is not waited for. */
		if (ord_jobs_open(far, beyond.address) != 0) {
			JOBS_SAYS(far, ORD_ESYSTEM, ORD_ESYSTEM, "");
			JOBS_OK(far, ord_jobs_open(far, beyond.address));
		}
		CHECK_EQ(lists_number(&at, "SELECT count(*) FROM taker WHERE state = 1 AND name = 'far'"), 1);
		ord_jobs_destroy(&far);
	} while (atomic_load(&cable->left) == 0);
	CHECK(n > 25);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM taker WHERE state = 1"), 1);
	ord_jobs_destroy(&first);
	cable_free(cable, pid);
	lists_end(&at);
}

/* --- silence --- */

#define QUICK "&answer=1&connect_timeout=2"

SCENE(cable, one_that_swallows_loses_nothing_and_does_nothing_twice)
{
	struct list_at at = lists_only("postgresql"), far;
	struct many *seen = lists_shared(sizeof *seen);
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, QUICK);
	for (unsigned i = 0; i < MANY_TAKERS; i++)
		if (fork() == 0)
			many_work(i == 0 ? &at : &far, seen, 31 + i, i == 0 ? 1 : 5 * i);
	for (unsigned i = 0; i < 2; i++)
		if (fork() == 0)
			many_add(&far, seen, i * MANY_JOBS / 2, (i + 1) * MANY_JOBS / 2);
	while (seen->opened != MANY_TAKERS + 2)
		scene_pause_ms(2);
	for (unsigned n = 0; n < lists_rounds("ORD_JOBS_SWALLOWS", 1); n++) {
		scene_pause_ms(100);
		cable_do(cable, SWALLOW, "");
		scene_pause_ms(500);
		cable_do(cable, PASS, "");
	}
	/* The proxy is a child, too. */
	lists_await(2);
	many_end(&at, seen);
	cable_free(cable, pid);
	munmap(seen, sizeof *seen);
	lists_end(&at);
}

/* The server learns it from its kernel, and gives the taker half of its time-out. */
SCENE(cable, what_is_held_beyond_a_dumb_cable_is_anothers)
{
	struct list_at at = lists_only("postgresql"), far;
	struct ord_jobs *here, *there;
	struct ord_job *job, *again;
	pid_t pid;
	struct cable *cable = cable_new(&pid);

	far = cable_to(&at, cable, QUICK);
	there = OPEN(&far, .taker = "there", .heartbeat_ms = 200, .timeout_ms = 400);
	here = OPEN(&at, .taker = "here");
	ADD(here, .name = "a", .killed_retries = 1);
	job = TAKE(there, "a");
	lists_sql(&at, "UPDATE taker SET space = 1 WHERE name = 'there'");
	cable_do(cable, SWALLOW_HALF, "");
	JOBS_OK(here, ord_jobs_take(here, &again));
	CHECK_EQ(ord_job_attempt(again), 2);
	cable_do(cable, PASS, "");
	JOBS_SAYS(there, ord_job_done(job), ORD_ELOST, "another's now");
	CHECK_EQ(lists_state(here, "a"), ORD_JOB_RUNNING);
	JOBS_OK(here, ord_job_done(again));
	ord_jobs_destroy(&there);
	ord_jobs_destroy(&here);
	cable_free(cable, pid);
	lists_end(&at);
}
