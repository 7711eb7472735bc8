/*
 * What one taker has of a list beside the jobs that it gave to the user: what was
 * claimed and is not given yet lies in ready, what has ended and is not told yet in
 * ends.  Both go through one exchange with the store, at most `batch` at a time.
 */
#include "jobs/jobs.h"

#include <string.h>

#include "base/clock.h"

#define HOLD_BACK_NS (UINT64_C(5) * CLOCK_NS_PER_MS)
#define REACH_NS (UINT64_C(20) * CLOCK_NS_PER_MS)

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

/* One that was claimed and never given to anybody is nobody's loss. */
static int
is_loss(const struct store_end *end)
{
	return end->lost && (end->kind != STORE_BACK || end->why != NULL);
}

int
jobs_exchange(struct ord_jobs *jobs, const struct store_claim *claim)
{
	uint64_t spent = clock_now_ns() - jobs->exchanged_ns;
	int status;

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
		if (is_loss(&jobs->ends[i]))
			jobs->lost++;
	memmove(jobs->ends, jobs->ends + jobs->options.batch + 1,
		jobs->n_unseen * sizeof *jobs->ends);
	if (jobs->n_ends != 0)
		set_reach(jobs, spent);
	jobs->n_ends = jobs->n_unseen;
	jobs->n_unseen = 0;
	jobs->exchanged_ns = clock_now_ns();
	return 0;
}

int
jobs_tell_ends(struct ord_jobs *jobs)
{
	static const struct store_claim nothing = { 0 };

	return jobs_exchange(jobs, &nothing);
}

int
jobs_say_lost(struct ord_jobs *jobs)
{
	jobs->lost = 0;
	return error_set(
		&jobs->error, ORD_ELOST, "a job taken before is another's now, or was canceled");
}

int
jobs_note_end(
	struct ord_jobs *jobs, const struct ord_job *job, enum store_end_kind kind, const char *why)
{
	int status = jobs->n_ends > jobs->options.batch ? jobs_tell_ends(jobs) : 0;

	if (status != 0)
		return status;
	jobs->ends[jobs->n_ends++] =
		(struct store_end){ job->is.id, job->is.attempt, kind, why, 0 };
	return 0;
}

int
jobs_may_hold_back(const struct ord_jobs *jobs)
{
	return jobs->ready != NULL && jobs->n_ends <= jobs->options.batch &&
		clock_now_ns() - jobs->exchanged_ns < HOLD_BACK_NS;
}

void
jobs_give_back(struct ord_jobs *jobs)
{
	if (jobs->n_ends != 0)
		return;
	while (jobs->ready != NULL) {
		struct ord_job *job = jobs->ready;

		jobs->ready = job->next;
		jobs_note_end(jobs, job, STORE_BACK, NULL);
		job_free(job);
	}
}

int
jobs_give_ready(struct ord_jobs *jobs, struct ord_job **job)
{
	*job = jobs->ready;
	jobs->ready = (*job)->next;
	(*job)->next = jobs->held;
	jobs->held = *job;
	return 0;
}

static struct ord_job **
place_of(struct ord_jobs *jobs, const struct ord_job *job)
{
	for (struct ord_job **at = &jobs->held; *at != NULL; at = &(*at)->next)
		if (*at == job)
			return at;
	return NULL;
}

int
jobs_is_held(struct ord_jobs *jobs, const struct ord_job *job)
{
	return place_of(jobs, job) != NULL;
}

void
jobs_drop(struct ord_jobs *jobs, struct ord_job *job)
{
	struct ord_job **at = place_of(jobs, job);

	if (at != NULL)
		*at = job->next;
	if (jobs->last == job)
		jobs->last = NULL;
	job_free(job);
}

/* It has ended like that, whatever the store says to it; where that cannot be reached it is not asked again. */
static void
end_for_good(struct ord_jobs *jobs, const struct ord_job *job, enum store_end_kind kind,
	const char *why, int *status)
{
	if (*status == ORD_ESYSTEM)
		return;
	jobs_note_end(jobs, job, kind, why);
	*status = jobs_tell_ends(jobs);
	jobs->n_ends = 0;
}

void
jobs_give_up(struct ord_jobs *jobs)
{
	int status;

	jobs->store.leaving = 1;
	/* It was meant for a wait; here it would only drop what has ended. */
	jobs_is_interrupted(jobs);
	status = jobs_tell_ends(jobs);
	if (status == ORD_EINTERRUPTED)
		status = jobs_tell_ends(jobs);
	jobs->n_ends = 0;
	for (struct ord_job *job; (job = jobs->held) != NULL;) {
		if (jobs->options.pid == 0)
			end_for_good(jobs, job, STORE_FAILED, "its taker left it", &status);
		jobs_drop(jobs, job);
	}
	for (struct ord_job *job; (job = jobs->ready) != NULL;) {
		end_for_good(jobs, job, STORE_BACK, NULL, &status);
		jobs->ready = job->next;
		job_free(job);
	}
	/* Also behind trouble: while its process lives, only this says that it has gone. */
	if (jobs->options.pid == 0)
		jobs->store.functions->leave(&jobs->store, jobs_now_ms());
	else
		jobs_beat(jobs);
}
