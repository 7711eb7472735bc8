/*
 * Memory that is missing at each allocation of each call, in turn: ORD_ENOMEM with a sentence, the list is whole,
 * and the same call goes well a moment later.
 */
#include "lists.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_fault.h"
#include "scale.h"

const int lists_server = 1;

/* --- the calls --- */

/* A list of a, b, c and what comes after them, in which somebody calls something. */
struct stage {
	struct list_at *at;
	struct ord_jobs *jobs, *other; /* other: a taker that has one job, if there is one */
	struct ord_job *job;           /* that jobs has */
	unsigned held;                 /* so many run before the call */
	unsigned shown;
	int missing; /* what a callback returned, which has no sentence */
};

static int
likes_all(const struct ord_job *job, void *user)
{
	(void)user;
	return *ord_job_name(job) != '\0';
}

static int
show(const struct ord_job *job, void *user)
{
	struct ord_job_options options = ORD_JOB(.name = NULL);
	struct stage *stage = user;

	stage->missing = ord_job_options_of(job, &options);
	stage->shown += stage->missing == 0;
	return stage->missing;
}

static int
show_taker(const struct ord_taker *taker, void *user)
{
	*(unsigned *)user += taker->name != NULL;
	return 0;
}

static int
show_run(const struct ord_job_run *run, void *user)
{
	*(unsigned *)user += run->taker != NULL;
	return 0;
}

static int
add(struct stage *stage)
{
	static const char *const after[] = { "a", "b", NULL }, *const needs[] = { "big", "fast", NULL };
	const struct ord_job_options *const all[] = { &ORD_JOB(.name = "a", .payload = "1", .payload_size = 1),
		&ORD_JOB(.name = "b", .failed_retries = 2, .killed_retries = 3),
		&ORD_JOB(.name = "c", .fingerprint = "x", .fingerprint_size = 1),
		&ORD_JOB(.name = "d", .requires = needs), &ORD_JOB(.name = "e", .after = after, .payload = "22", .payload_size = 2) };

	return ord_jobs_add_many(stage->jobs, all, 5, NULL);
}

static int
add_version(struct stage *stage)
{
	return ord_jobs_add(stage->jobs, &ORD_JOB(.name = "c", .fingerprint = "y", .fingerprint_size = 1, .payload = "33", .payload_size = 2));
}

static int
add_ended(struct stage *stage)
{
	return ord_jobs_add(stage->jobs, &ORD_JOB(.name = "z", .state = ORD_JOB_FAILED, .attempts = 3, .kills = 1, .why = "it was so"));
}

static int
add_range(struct stage *stage)
{
	return ord_jobs_add_range(stage->jobs, 3);
}

static int
claim(struct stage *stage)
{
	return ord_jobs_claim(stage->jobs, &stage->job);
}

static int
take(struct stage *stage)
{
	return ord_jobs_take(stage->jobs, &stage->job);
}

static int
find_held(struct stage *stage)
{
	struct ord_job *same = NULL;
	int status = ord_jobs_held(stage->jobs, ord_job_name(stage->job), 0, &same);

	CHECK((status == 0) == (same != NULL));
	return status;
}

static int
done(struct stage *stage)
{
	return ord_job_done(stage->job);
}

static int
fail(struct stage *stage)
{
	return ord_job_fail(stage->job, "it did not work");
}

static int
give_back(struct stage *stage)
{
	return ord_job_requeue(stage->job);
}

static int
renew(struct stage *stage)
{
	return ord_job_renew(stage->job);
}

static int
counts(struct stage *stage)
{
	struct ord_job_counts now = ORD_JOB_COUNTS;

	return ord_jobs_counts(stage->jobs, &now);
}

static int
each(struct stage *stage)
{
	return ord_jobs_each(stage->jobs, 0, show, stage);
}

static int
takers(struct stage *stage)
{
	return ord_jobs_takers(stage->jobs, show_taker, &stage->shown);
}

static int
runs(struct stage *stage)
{
	return ord_jobs_runs(stage->jobs, "a", show_run, &stage->shown);
}

static int
watch(struct stage *stage)
{
	int status = ord_jobs_watch(stage->jobs, 0);

	return status == ORD_ETIMEDOUT ? 0 : status;
}

static int
descriptor(struct stage *stage)
{
	int fd = ord_jobs_fd(stage->jobs);

	return fd < 0 ? fd : 0;
}

static int
cancel(struct stage *stage)
{
	return ord_jobs_cancel(stage->jobs, NULL, NULL);
}

static int
retry(struct stage *stage)
{
	return ord_jobs_retry(stage->jobs, NULL, NULL);
}

static int
take_away(struct stage *stage)
{
	return ord_jobs_requeue(stage->jobs, NULL, NULL, NULL);
}

static int
clear(struct stage *stage)
{
	return ord_jobs_clear(stage->jobs, "[bc]", ORD_JOB_IN(ORD_JOB_WAITING), NULL);
}

static int
lock(struct stage *stage)
{
	return ord_jobs_lock(stage->jobs, "l", 0);
}

static int
unlock(struct stage *stage)
{
	return ord_jobs_unlock(stage->jobs, "l");
}

static int
close_it(struct stage *stage)
{
	return ord_jobs_close(stage->jobs);
}

/* --- what was before --- */

static void
with_jobs(struct stage *stage)
{
	JOBS_OK(stage->jobs, add(stage));
}

static void
with_own(struct stage *stage)
{
	with_jobs(stage);
	stage->job = TAKE(stage->jobs, "a");
	stage->held = 1;
}

static void
with_taken(struct stage *stage)
{
	with_jobs(stage);
	JOBS_OK(stage->jobs, ord_jobs_take(stage->jobs, &stage->job));
	stage->held = 1;
}

/* One is another's, and one has a history. */
static void
with_other(struct stage *stage)
{
	with_jobs(stage);
	stage->other = OPEN(stage->at, .taker = "other");
	JOBS_OK(stage->other, ord_job_requeue(TAKE(stage->other, "a")));
	CHECK(TAKE(stage->other, "a") != NULL);
	stage->held = 1;
}

static void
with_failed(struct stage *stage)
{
	with_jobs(stage);
	JOBS_OK(stage->jobs, ord_job_fail(TAKE(stage->jobs, "a"), "so"));
}

static void
with_lock(struct stage *stage)
{
	JOBS_OK(stage->jobs, ord_jobs_lock(stage->jobs, "l", 0));
}


/* One that was taken by a process that is dead. */
static void
with_dead(struct stage *stage)
{
	int status;
	pid_t pid;

	with_jobs(stage);
	pid = fork();
	if (pid == 0) {
		stage->other = OPEN(stage->at, .taker = "dies");
		CHECK(TAKE(stage->other, "a") != NULL);
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	stage->held = 1;
}

/* One that another has, and that this one may join. */
static void
with_shared(struct stage *stage)
{
	ADD(stage->jobs, .name = "s", .max_takers = 2);
	stage->other = OPEN(stage->at, .taker = "other");
	CHECK(TAKE(stage->other, "s") != NULL);
	stage->held = 1;
}

static void
with_joined(struct stage *stage)
{
	with_shared(stage);
	stage->job = TAKE(stage->jobs, "s");
}

enum { MOST = 60, SOME = 12 };

enum { PLAIN = 0, FILTERED = 1, SHARED = 2, TOLD_LATER = 4, DEATH = 8, BATCH = 16, MANY = 32, GROWS = 64 };

struct step {
	const char *name;
	void (*before)(struct stage *stage);
	int (*call)(struct stage *stage);
	int more; /* so many more jobs run behind it */
	int how;
};

static const struct step steps[] = {
	{ "add", NULL, add, 0, PLAIN },
	{ "add again", with_jobs, add, 0, PLAIN },
	{ "another version", with_jobs, add_version, 0, PLAIN },
	{ "what has ended elsewhere", with_jobs, add_ended, 0, PLAIN },
	{ "add_range", NULL, add_range, 0, PLAIN },
	{ "claim", with_jobs, claim, 1, PLAIN },
	{ "claim of some", with_jobs, claim, 1, BATCH },
	{ "claim with a filter", with_jobs, claim, 1, FILTERED },
	{ "claim of some with a filter", with_jobs, claim, 1, BATCH | FILTERED },
	{ "claim beside another", with_other, claim, 1, PLAIN },
	{ "claim beside another with a filter", with_other, claim, 1, FILTERED },
	{ "claim behind a death", with_dead, claim, 0, DEATH },
	{ "join", with_shared, claim, 0, SHARED },
	{ "join with a filter", with_shared, claim, 0, SHARED | FILTERED },
	{ "end what is shared", with_joined, done, 0, SHARED },
	{ "fail what is shared", with_joined, fail, 0, SHARED },
	{ "take", with_jobs, take, 1, PLAIN },
	{ "take the next", with_taken, take, 0, TOLD_LATER },
	{ "take the next some", with_taken, take, 0, TOLD_LATER | BATCH },
	{ "held", with_own, find_held, 0, PLAIN },
	{ "done", with_own, done, -1, PLAIN },
	{ "fail", with_own, fail, -1, PLAIN },
	{ "requeue a job", with_own, give_back, -1, PLAIN },
	{ "renew", with_own, renew, 0, PLAIN },
	{ "counts", with_own, counts, 0, PLAIN },
	{ "each", with_other, each, 0, PLAIN },
	{ "takers", with_other, takers, 0, GROWS },
	{ "runs", with_other, runs, 0, PLAIN },
	{ "watch", with_other, watch, 0, PLAIN },
	{ "fd", with_own, descriptor, 0, PLAIN },
	{ "cancel", with_own, cancel, -1, MANY },
	{ "retry", with_failed, retry, 0, MANY },
	{ "requeue", with_other, take_away, -1, MANY },
	{ "clear", with_own, clear, 0, MANY },
	{ "lock", with_own, lock, 0, PLAIN },
	{ "unlock", with_lock, unlock, 0, PLAIN },
	{ "close", with_taken, close_it, -1, TOLD_LATER },
	{ "close behind some", with_taken, close_it, -1, TOLD_LATER | BATCH },
};

/* --- the faults --- */

struct picture {
	char text[2000];
	size_t size;
};

static int
draw(const struct ord_job *job, void *user)
{
	struct picture *picture = user;

	picture->size += (size_t)snprintf(picture->text + picture->size, sizeof picture->text - picture->size, "%s is %s; ",
		ord_job_name(job), ord_job_state_name(ord_job_state(job)));
	return 0;
}

static struct picture
look(struct ord_jobs *keeper)
{
	struct picture picture = { .size = 0 };

	JOBS_OK(keeper, ord_jobs_each(keeper, 0, draw, &picture));
	return picture;
}

/* Where it is, for what is said if something does not hold. */
static void
must(int holds, const struct stage *stage, const struct step *step, unsigned long n, int status, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s: %s, allocation %lu: not so: %s: %s: %s\n", stage->at->scheme, step->name, n, what,
		ord_status_name(status), ord_jobs_error(stage->jobs));
	_exit(1);
}

static void
clear_all(struct stage *stage, struct ord_jobs *keeper)
{
	ord_jobs_destroy(&stage->other);
	ord_jobs_destroy(&stage->jobs);
	JOBS_OK(keeper, ord_jobs_cancel(keeper, NULL, NULL));
	JOBS_OK(keeper, ord_jobs_clear(keeper, NULL, 0, NULL));
	CHECK_EQ(lists_counts(keeper).total, 0);
}

static void
begin(struct stage *stage, const struct step *step)
{
	*stage = (struct stage){ .at = stage->at };
	stage->jobs = OPEN(stage->at, .taker = "w", .filter = step->how & FILTERED ? likes_all : NULL,
		.batch = step->how & BATCH ? 3 : 1, .wait = ORD_JOBS_WAIT_NEVER, .history = 3);
	if (step->before != NULL)
		step->before(stage);
}

/* The call has failed for want of memory. */
static void
check_failed(struct stage *stage, const struct step *step, unsigned long n, int status, int lasts,
	const struct picture *before, struct ord_jobs *keeper)
{
	/* A directory changes one job after the other: what was changed stays so. */
	int changes = step->how & (strcmp(stage->at->scheme, "dir") == 0 ? TOLD_LATER | DEATH | MANY : TOLD_LATER | DEATH);
	struct picture after;

	must(status == ORD_ENOMEM, stage, step, n, status, "ENOMEM");
	must(*ord_jobs_error(stage->jobs) != '\0' || stage->missing == status, stage, step, n, status, "a sentence");
	/* What there is no memory to give back goes back with the next call. */
	if (lasts)
		return;
	after = look(keeper);
	if (!changes && strcmp(before->text, after.text) != 0) {
		fprintf(stderr, "before: %s\nafter:  %s\n", before->text, after.text);
		must(0, stage, step, n, status, "nothing has changed");
	}
	must(lists_counts(keeper).running <= stage->held, stage, step, n, status, "nothing runs that nobody has");
}

/* One step with its n-th allocation missing, n from 1 on; lasts: and all behind it. */
static void
play(struct list_at *at, struct ord_jobs *keeper, const struct step *step, int lasts)
{
	struct stage stage = { .at = at };
	/* Takers that have left are remembered, so what is shown grows with each round. */
	unsigned long most = step->how & GROWS ? SOME : MOST, stride = (lasts ? 3 : 1) * 4 / SCALED(4);
	int came = 1, fresh = 1;

	for (unsigned long n = 1; came && n <= most; n += stride) {
		struct picture before;
		int status;

		if (fresh) {
			begin(&stage, step);
			before = look(keeper);
		}
		memory_fault_at(n);
		memory_fault_lasts(lasts);
		status = step->call(&stage);
		came = memory_fault_came();
		memory_fault_at(0);
		fresh = status == 0 || step->how & MANY;
		if (came && status != 0)
			check_failed(&stage, step, n, status, lasts, &before, keeper);
		if (status != 0 && (fresh || n + stride > most))
			status = step->call(&stage);
		if (!fresh)
			continue;
		must(status == 0, &stage, step, n, status, "it goes well a moment later");
		/* Of a batch some are claimed and not given yet. */
		if (!(step->how & (DEATH | BATCH)))
			must(lists_counts(keeper).running == stage.held + (unsigned)step->more, &stage, step, n, status, "the right jobs run");
		clear_all(&stage, keeper);
	}
	if (!fresh)
		clear_all(&stage, keeper);
}

SCENE(memory, every_allocation_of_every_call_may_fail)
{
	for (EACH_STORE(at)) {
		int is_server = strcmp(at.scheme, "postgresql") == 0;

		for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
			/* A list on the server is dear, others grow old with all that was there. */
			struct list_at own = is_server ? at : lists_only(at.scheme);
			struct ord_jobs *keeper = OPEN(&own, .taker = "keeper");

			if ((strcmp(at.scheme, "dir") != 0 || !(steps[i].how & SHARED)) &&
				(strcmp(at.scheme, "memory") != 0 || !(steps[i].how & DEATH))) {
				play(&own, keeper, &steps[i], 0);
				play(&own, keeper, &steps[i], 1);
			}
			ord_jobs_destroy(&keeper);
			if (!is_server)
				lists_end(&own);
		}
	}
}

/* Opening leaves nothing behind when it fails, so it can be tried again. */
SCENE(memory, opening_may_be_tried_again)
{
	for (EACH_STORE(at)) {
		static const char *const labels[] = { "big", "fast", NULL };
		struct ord_jobs *jobs = NULL;
		int status = ORD_ENOMEM;

		for (unsigned long n = 1; status != 0; n++) {
			memory_fault_at(n);
			status = ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.taker = "w", .labels = labels, .job_ext = ".job"));
			CHECK(status == 0 || (status == ORD_ENOMEM && jobs == NULL && memory_fault_came()));
		}
		status = ORD_ENOMEM;
		for (unsigned long n = 1; status != 0; n++) {
			memory_fault_at(n);
			status = ord_jobs_open(jobs, at.address);
			CHECK(status == 0 || (status == ORD_ENOMEM && *ord_jobs_error(jobs) != '\0' && memory_fault_came()));
		}
		memory_fault_at(0);
		ADD(jobs, .name = "a");
		JOBS_OK(jobs, ord_job_done(TAKE(jobs, "a")));
		ord_jobs_destroy(&jobs);
	}
}
