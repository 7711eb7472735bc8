/*
 * Taking and ending.  Both go to the store in one exchange, at most `batch` at
 * a time: what has ended lies in ends, what was claimed in ready.  Ends are held
 * back only behind jobs that took no time, so that little is done again if this
 * taker dies.
 */
#include "jobs/jobs.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define HOLD_BACK_NS (UINT64_C(5) * CLOCK_NS_PER_MS)
#define REACH_NS (UINT64_C(20) * CLOCK_NS_PER_MS)
#define CANDIDATES 64 /* jobs that are asked for at once, where a filter chooses */

static const struct store_claim nothing = { 0 };

/* Append a claimed job.  Without memory for it, it is claimed all the same, and goes back with the next exchange. */
static int
keep_claimed(void *user, const struct store_job *is)
{
	struct ord_jobs *jobs = user;
	struct ord_job *job = job_new(jobs, is);

	if (job == NULL) {
		jobs->ends[jobs->options.batch + 1 + jobs->n_unseen++] =
			(struct store_end){ is->id, is->attempt, STORE_BACK, NULL, 0 };
		return ORD_ENOMEM;
	}
	if (jobs->ready == NULL)
		jobs->ready = job;
	else
		jobs->ready_last->next = job;
	jobs->ready_last = job;
	return 0;
}

/*
 * How many to claim at once, from what the last ones took: others may wait for what lies here, so it is no more
 * than a short time's work.
 */
static void
set_reach(struct ord_jobs *jobs, uint64_t spent_ns)
{
	uint64_t each = spent_ns / jobs->n_ends + 1, most = REACH_NS / each;

	if (most > 2 * (uint64_t)jobs->reach)
		most = 2 * (uint64_t)jobs->reach;
	if (most > jobs->options.batch)
		most = jobs->options.batch;
	jobs->reach = most > 1 ? (uint32_t)most : 1;
}

int
jobs_exchange(struct ord_jobs *jobs, const struct store_claim *claim, int *lost)
{
	uint64_t spent = clock_now_ns() - jobs->exchanged_ns;
	int status;

	*lost = 0;
	if (jobs->n_ends == 0 && claim->most == 0)
		return 0;
	status = jobs->store.functions->exchange(
		&jobs->store, jobs->ends, jobs->n_ends, claim, keep_claimed, jobs, jobs_now_ms());
	if (status != 0) {
		/* What was claimed in it was not. */
		jobs->n_unseen = 0;
		while (claim->most != 0 && jobs->ready != NULL) {
			struct ord_job *next = jobs->ready->next;

			job_free(jobs->ready);
			jobs->ready = next;
		}
		return status;
	}
	for (size_t i = 0; i < jobs->n_ends; i++)
		*lost |= jobs->ends[i].lost;
	memmove(jobs->ends, jobs->ends + jobs->options.batch + 1,
		jobs->n_unseen * sizeof *jobs->ends);
	if (jobs->n_ends != 0)
		set_reach(jobs, spent);
	jobs->n_ends = jobs->n_unseen;
	jobs->n_unseen = 0;
	jobs->exchanged_ns = clock_now_ns();
	return 0;
}

/* Some jobs that the filter likes. */
struct choice {
	struct ord_jobs *jobs;
	int64_t ids[CANDIDATES];
	size_t n, most;
};

static int
choose(void *user, const struct store_job *is)
{
	struct choice *choice = user;
	struct job_texts texts;
	struct ord_job shown;

	job_show(&shown, &texts, is);
	if (choice->jobs->options.filter(&shown, choice->jobs->options.filter_user))
		choice->ids[choice->n++] = is->id;
	return choice->n == choice->most;
}

/* Claim what there is now; ready is empty before. */
static int
claim_some(struct ord_jobs *jobs, int *lost)
{
	struct store_claim claim = { .most = jobs->reach, .share = (uint32_t)jobs->n_watched + 1 };
	struct choice choice = { .jobs = jobs,
		.most = claim.most < CANDIDATES ? claim.most : CANDIDATES };
	int status;

	if (jobs->options.filter == NULL)
		return jobs_exchange(jobs, &claim, lost);
	/* What it likes may be gone until it is claimed. */
	for (;;) {
		choice.n = 0;
		status = jobs->store.functions->waiting(&jobs->store, 0, choose, &choice);
		claim.only = choice.ids;
		claim.n_only = choice.n;
		if (choice.n == 0)
			claim.most = 0;
		if (status == 0)
			status = jobs_exchange(jobs, &claim, lost);
		/* What there was no memory for has to go back first: n_ends. */
		if (status != 0 || choice.n == 0 || jobs->ready != NULL || jobs->n_ends != 0 ||
			*lost)
			return status;
	}
}

static int
explain_blocked(void *user, const struct store_job *is)
{
	struct ord_jobs *jobs = user;
	struct job_texts texts;
	struct ord_job shown;

	job_show(&shown, &texts, is);
	error_set(&jobs->error, ORD_ESTALLED,
		"nothing can come any more, but jobs stay blocked: '%s' comes %s (retry that, or cancel this)",
		is->name, shown.why);
	return 1;
}

/* Does the filter like any that waits? */
static int
likes_some(struct ord_jobs *jobs, int *likes)
{
	struct choice choice = { .jobs = jobs, .most = 1 };
	int status = 0;

	*likes = 1;
	if (jobs->options.filter != NULL) {
		status = jobs->store.functions->waiting(&jobs->store, 0, choose, &choice);
		*likes = choice.n != 0;
	}
	return status;
}

/* Nothing can come: a status why. */
static int
judge_end(struct ord_jobs *jobs, const struct store_outlook *outlook)
{
	int status;

	if (outlook->running_own)
		return error_set(&jobs->error, ORD_EAGAIN,
			"only jobs that this taker holds are left: end them first");
	if (outlook->blocked && !outlook->waiting && !outlook->foreign) {
		status = jobs->store.functions->each(
			&jobs->store, ORD_JOB_IN(ORD_JOB_BLOCKED), explain_blocked, jobs);
		return status == 1 ? ORD_ESTALLED : status;
	}
	if (outlook->waiting || outlook->foreign)
		return error_set(&jobs->error, ORD_EEMPTY,
			"jobs wait, but for takers with other labels or filters");
	return error_set(&jobs->error, ORD_EEMPTY, "no job is left");
}

/* Nothing was there: a status why, or 0 if it is worth waiting; *now: there is something meanwhile. */
static int
judge(struct ord_jobs *jobs, int *now)
{
	struct store_outlook outlook;
	int status = jobs->store.functions->outlook(&jobs->store, &outlook);

	*now = 0;
	if (status != 0)
		return status;
	if (jobs->options.on_failure == ORD_JOBS_STOP && outlook.bad)
		return error_set(&jobs->error, ORD_EFAILED, "a job of the list has failed");
	if (outlook.waiting)
		status = likes_some(jobs, now);
	if (status != 0 || *now)
		return status;
	if (jobs->options.wait == ORD_JOBS_WAIT_FOREVER)
		return 0;
	if (!outlook.running_other)
		return judge_end(jobs, &outlook);
	if (jobs->options.wait == ORD_JOBS_WAIT_NEVER)
		return error_set(&jobs->error, ORD_EAGAIN, "no job now, but some still run");
	return 0;
}

/* A failure anywhere in the list stops this taker before it claims. */
static int
check_failures(struct ord_jobs *jobs)
{
	struct store_outlook outlook;
	int status;

	if (jobs->options.on_failure != ORD_JOBS_STOP)
		return 0;
	status = jobs->store.functions->outlook(&jobs->store, &outlook);
	if (status == 0 && outlook.bad)
		status = error_set(&jobs->error, ORD_EFAILED, "a job of the list has failed");
	return status;
}

static int
give_ready(struct ord_jobs *jobs, struct ord_job **job)
{
	*job = jobs->ready;
	jobs->ready = (*job)->next;
	(*job)->next = jobs->held;
	jobs->held = *job;
	return 0;
}

int
jobs_beat_if_due(struct ord_jobs *jobs)
{
	uint64_t now = clock_now_ns();

	if (now - jobs->beaten_ns < (uint64_t)jobs->options.heartbeat_ms * CLOCK_NS_PER_MS)
		return 0;
	jobs->beaten_ns = now;
	return jobs->store.functions->beat(&jobs->store, jobs_now_ms());
}

/* One try. */
static int
try_claim(struct ord_jobs *jobs)
{
	int lost = 0, status = 0;

	/* Ends must not wait for others, and others may wait for them. */
	if (jobs->options.on_failure == ORD_JOBS_STOP) {
		status = jobs_exchange(jobs, &nothing, &lost);
		if (status == 0 && !lost)
			status = check_failures(jobs);
	}
	if (status == 0 && !lost)
		status = claim_some(jobs, &lost);
	if (status == 0 && lost)
		return error_set(&jobs->error, ORD_ELOST,
			"a job taken before is another's now, or was canceled");
	/* What there was no memory for goes back now, if that can be: else with the next exchange. */
	if (status == 0 && jobs->n_ends != 0) {
		jobs_exchange(jobs, &nothing, &lost);
		if (jobs->ready == NULL)
			return error_memory(&jobs->error);
		error_clear(&jobs->error);
	}
	return status;
}

static int
next_job(struct ord_jobs *jobs, struct ord_job **job)
{
	/* Others' deaths are looked for before each try; a try writes, so only the first is made without reason. */
	for (int now = 1, first = 1;; first = 0) {
		int status = jobs_beat_if_due(jobs);

		if (status == 0)
			status = jobs_look_after(jobs, !first);
		if (status == 0 && !now)
			status = judge(jobs, &now);
		if (status == 0 && now)
			status = try_claim(jobs);
		jobs_tell_progress(jobs, 0);
		if (status == 0 && jobs->ready != NULL)
			return give_ready(jobs, job);
		if (status == 0 && now)
			status = judge(jobs, &now);
		if (status == 0 && !now)
			status = jobs_wait(jobs, jobs_progress_left(jobs));
		if (status != 0 && status != ORD_ETIMEDOUT)
			return status;
	}
}

static struct ord_job **
place_of(struct ord_jobs *jobs, const struct ord_job *job)
{
	for (struct ord_job **at = &jobs->held; *at != NULL; at = &(*at)->next)
		if (*at == job)
			return at;
	return NULL;
}

static void
drop(struct ord_jobs *jobs, struct ord_job *job)
{
	struct ord_job **at = place_of(jobs, job);

	if (at != NULL)
		*at = job->next;
	if (jobs->last == job)
		jobs->last = NULL;
	job_free(job);
}

/* Note an end; a full array is told at once. */
static void
note_end(
	struct ord_jobs *jobs, const struct ord_job *job, enum store_end_kind kind, const char *why)
{
	jobs->ends[jobs->n_ends++] =
		(struct store_end){ job->is.id, job->is.attempt, kind, why, 0 };
}

/* The last one that was taken ends, and then the next is had. */
static int
go_on(struct ord_jobs *jobs, struct ord_job **job, int completes)
{
	struct ord_job *last;
	int status = 0, lost;

	if (jobs->closed)
		return error_set(
			&jobs->error, ORD_ECLOSED, "the list was closed by ord_jobs_close");
	last = completes ? jobs->last : NULL;
	if (last != NULL && jobs->n_ends > jobs->options.batch)
		status = jobs_exchange(jobs, &nothing, &lost);
	if (status != 0)
		return status;
	if (last != NULL) {
		note_end(jobs, last, STORE_DONE, NULL);
		drop(jobs, last);
	}
	if (jobs->ready != NULL &&
		(jobs->n_ends > jobs->options.batch ||
			clock_now_ns() - jobs->exchanged_ns > HOLD_BACK_NS)) {
		status = jobs_exchange(jobs, &nothing, &lost);
		if (status == 0 && lost)
			status = error_set(&jobs->error, ORD_ELOST,
				"a job taken before is another's now, or was canceled");
	}
	if (status == 0)
		status = jobs->ready != NULL ? give_ready(jobs, job) : next_job(jobs, job);
	if (status == 0 && completes)
		jobs->last = *job;
	return status;
}

static int
take(struct ord_jobs *jobs, struct ord_job **job, int completes)
{
	int status = jobs_enter_writing(jobs);

	if (job == NULL)
		return ORD_EINVAL;
	*job = NULL;
	/* What comes behind this look makes the descriptor readable again. */
	if (status == 0)
		status = jobs_disarm(jobs);
	if (status != 0)
		return status;
	status = go_on(jobs, job, completes);
	if (status == ORD_EEMPTY || status == ORD_ESTALLED)
		jobs_tell_progress(jobs, 1);
	if (jobs->epoll >= 0 && (status == ORD_EAGAIN || status == ORD_EEMPTY) &&
		jobs_is_interrupted(jobs) != 0)
		status = ORD_EINTERRUPTED;
	jobs_arm(jobs);
	return status;
}

int
ord_jobs_take(struct ord_jobs *jobs, struct ord_job **job)
{
	return take(jobs, job, 1);
}

int
ord_jobs_claim(struct ord_jobs *jobs, struct ord_job **job)
{
	return take(jobs, job, 0);
}

static int
keep_held(void *user, const struct store_job *is)
{
	struct ord_job **job = user;

	*job = job_new((*job)->jobs, is);
	return *job != NULL ? 0 : ORD_ENOMEM;
}

int
ord_jobs_held(struct ord_jobs *jobs, const char *name, uint32_t attempt, struct ord_job **job)
{
	struct ord_job seed = { .jobs = jobs }, *found = &seed;
	int status = jobs_enter_writing(jobs);

	if (job == NULL)
		return ORD_EINVAL;
	*job = NULL;
	if (status == 0)
		status = jobs_check_name(&jobs->error, "job", name);
	if (status != 0)
		return status;
	status = jobs->store.functions->held(&jobs->store, name, attempt, keep_held, &found);
	if (status == ORD_ELOST)
		return error_set(&jobs->error, ORD_ELOST,
			"the taker '%s' does not hold the job '%s'", jobs->taker, name);
	if (status == ORD_ENOMEM)
		return error_memory(&jobs->error);
	if (status != 0)
		return status;
	found->next = jobs->held;
	jobs->held = found;
	*job = found;
	return 0;
}

/* --- ends --- */

static int
end_job(struct ord_job *job, enum store_end_kind kind, const char *why)
{
	struct ord_jobs *jobs = job != NULL ? job->jobs : NULL;
	int status = jobs_enter_writing(jobs), lost = 0;
	char kept[STORE_WHY_MAX + 1];

	if (status != 0)
		return status;
	if (place_of(jobs, job) == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "the job was ended already");
	if (why != NULL) {
		size_t size = strnlen(why, STORE_WHY_MAX);

		/* Not in the middle of a character. */
		while (size == STORE_WHY_MAX && size > 0 &&
			((unsigned char)why[size] & 0xc0) == 0x80)
			size--;
		memcpy(kept, why, size);
		kept[size] = '\0';
		why = kept;
	}
	if (jobs->n_ends > jobs->options.batch)
		status = jobs_exchange(jobs, &nothing, &lost);
	if (status != 0)
		return status;
	note_end(jobs, job, kind, why);
	if (why == NULL && jobs->n_ends <= jobs->options.batch && jobs->options.batch > 1 &&
		clock_now_ns() - jobs->exchanged_ns < HOLD_BACK_NS) {
		drop(jobs, job);
		jobs_arm(jobs);
		return 0;
	}
	status = jobs_exchange(jobs, &nothing, &lost);
	if (status != 0) {
		/* It is still held, and nobody was told. */
		jobs->n_ends--;
		return status;
	}
	if (lost)
		status = error_set(&jobs->error, ORD_ELOST,
			"the job '%s' is another's now, or was canceled", job->is.name);
	drop(jobs, job);
	return status;
}

int
ord_job_done(struct ord_job *job)
{
	return end_job(job, STORE_DONE, NULL);
}

int
ord_job_fail(struct ord_job *job, const char *why)
{
	return end_job(job, STORE_FAILED, why != NULL ? why : "");
}

int
ord_job_requeue(struct ord_job *job)
{
	return end_job(job, STORE_BACK, "");
}

static int
see(void *user, const struct store_job *is)
{
	(void)user;
	(void)is;
	return 0;
}

int
ord_job_renew(struct ord_job *job)
{
	struct ord_jobs *jobs = job != NULL ? job->jobs : NULL;
	int status = jobs_enter_writing(jobs);

	if (status != 0)
		return status;
	if (place_of(jobs, job) == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "the job was ended already");
	status = jobs->store.functions->beat(&jobs->store, jobs_now_ms());
	if (status == 0) {
		jobs->beaten_ns = clock_now_ns();
		status = jobs_look_after(jobs, 0);
	}
	/* That it wrote made the descriptor readable, too; what came before the look below is seen by it. */
	if (status == 0)
		status = jobs_disarm(jobs);
	if (status != 0)
		return status;
	status =
		jobs->store.functions->held(&jobs->store, job->is.name, job->is.attempt, see, NULL);
	if (status == ORD_ELOST) {
		error_set(&jobs->error, ORD_ELOST, "the job '%s' is another's now, or was canceled",
			job->is.name);
		drop(jobs, job);
	}
	jobs_arm(jobs);
	return status;
}

int
ord_jobs_close(struct ord_jobs *jobs)
{
	struct ord_job *last;
	int status = jobs_enter_writing(jobs), lost = 0;

	if (status != 0)
		return status;
	last = jobs->last;
	jobs->closed = 1;
	if (last != NULL)
		status = ord_job_done(last);
	/* Nothing comes behind it that would tell what was held back. */
	if (status == 0)
		status = jobs_exchange(jobs, &nothing, &lost);
	if (status == 0 && lost)
		status = error_set(&jobs->error, ORD_ELOST,
			"a job taken before is another's now, or was canceled");
	return status;
}
