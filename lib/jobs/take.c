/*
 * Taking: what ended goes to the store, the next jobs come from it; where there are
 * none it is said why, or waited.
 */
#include "jobs/jobs.h"

#define CANDIDATES 64 /* jobs that are asked for at once, where a filter chooses */

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
claim_some(struct ord_jobs *jobs)
{
	struct store_claim claim = { .most = jobs->reach, .share = (uint32_t)jobs->n_watched + 1 };
	struct choice choice = { .jobs = jobs,
		.most = claim.most < CANDIDATES ? claim.most : CANDIDATES };
	int status;

	if (jobs->options.filter == NULL)
		return jobs_exchange(jobs, &claim);
	/* What it likes may be gone until it is claimed. */
	for (;;) {
		choice.n = 0;
		status = jobs->store.functions->waiting(&jobs->store, 0, choose, &choice);
		claim.only = choice.ids;
		claim.n_only = choice.n;
		if (choice.n == 0)
			claim.most = 0;
		if (status == 0)
			status = jobs_exchange(jobs, &claim);
		/* What there was no memory for has to go back first: n_ends. */
		if (status != 0 || choice.n == 0 || jobs->ready != NULL || jobs->n_ends != 0 ||
			jobs->lost)
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

/* Whether a failure anywhere in the list stops this taker. */
static int
stop_if_bad(struct ord_jobs *jobs, const struct store_outlook *outlook)
{
	if (jobs->options.on_failure != ORD_JOBS_STOP || !outlook->bad)
		return 0;
	return error_set(&jobs->error, ORD_EFAILED, "a job of the list has failed");
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
	status = stop_if_bad(jobs, &outlook);
	if (status == 0 && outlook.waiting)
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

/* The same before it claims. */
static int
check_failures(struct ord_jobs *jobs)
{
	struct store_outlook outlook;
	int status = jobs->store.functions->outlook(&jobs->store, &outlook);

	return status != 0 ? status : stop_if_bad(jobs, &outlook);
}

/* One try. */
static int
try_claim(struct ord_jobs *jobs)
{
	int status = 0;

	/* Ends must not wait for others, and others may wait for them. */
	if (jobs->options.on_failure == ORD_JOBS_STOP) {
		status = jobs_tell_ends(jobs);
		if (status == 0 && !jobs->lost)
			status = check_failures(jobs);
	}
	if (status == 0 && !jobs->lost)
		status = claim_some(jobs);
	if (status == 0 && jobs->lost)
		return jobs_say_lost(jobs);
	/* What there was no memory for goes back now, if that can be: else with the next exchange. */
	if (status == 0 && jobs->n_ends != 0) {
		jobs_tell_ends(jobs);
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
		int status = jobs_beat_if_due(jobs, jobs->options.heartbeat_ms);

		if (status == 0)
			status = jobs_look_after(jobs, !first);
		if (status == 0 && !now)
			status = judge(jobs, &now);
		if (status == 0 && now)
			status = try_claim(jobs);
		jobs_tell_progress(jobs, 0);
		if (status == 0 && jobs->ready != NULL)
			return jobs_give_ready(jobs, job);
		if (status == 0 && now)
			status = judge(jobs, &now);
		if (status == 0 && !now)
			status = jobs_wait(jobs, jobs_progress_left(jobs));
		if (status != 0 && status != ORD_ETIMEDOUT)
			return status;
	}
}

/* The last one that was taken ends, and then the next is had. */
static int
go_on(struct ord_jobs *jobs, struct ord_job **job, int completes)
{
	struct ord_job *last;
	int status = 0;

	if (jobs->closed)
		return error_set(
			&jobs->error, ORD_ECLOSED, "the list was closed by ord_jobs_close");
	last = completes ? jobs->last : NULL;
	if (last != NULL)
		status = jobs_note_end(jobs, last, STORE_DONE, NULL);
	if (status != 0)
		return status;
	if (last != NULL)
		jobs_drop(jobs, last);
	if (jobs->ready != NULL && (jobs->lost || !jobs_may_hold_back(jobs)))
		status = jobs_tell_ends(jobs);
	if (status == 0 && jobs->lost) {
		jobs_give_back(jobs);
		status = jobs_say_lost(jobs);
	}
	if (status == 0)
		status = jobs->ready != NULL ? jobs_give_ready(jobs, job) : next_job(jobs, job);
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
	status = jobs_leave(
		jobs, jobs->store.functions->held(&jobs->store, name, attempt, keep_held, &found));
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
