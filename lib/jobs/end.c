/*
 * How jobs end that a taker holds, and how the taker says that it still has one.  Ends
 * are held back only behind jobs that took no time, so that little is done again if
 * this taker dies.
 */
#include "jobs/jobs.h"

#include <string.h>

/* For what needs a job that is held: 0 if that may be used. */
static int
enter_held(struct ord_jobs *jobs, const struct ord_job *job)
{
	int status = jobs_enter_writing(jobs);

	if (status == 0 && !jobs_is_held(jobs, job))
		status = error_set(&jobs->error, ORD_EINVAL, "the job was ended already");
	return status;
}

static int
say_lost(const struct ord_job *job)
{
	jobs_give_back(job->jobs);
	return error_set(&job->jobs->error, ORD_ELOST,
		"the job '%s' is another's now, or was canceled", job->is.name);
}

/* As much of a reason as is kept, not cut in the middle of a character. */
static const char *
keep_reason(const char *why, char kept[STORE_WHY_MAX + 1])
{
	size_t size = strnlen(why, STORE_WHY_MAX);

	while (size == STORE_WHY_MAX && size > 0 && ((unsigned char)why[size] & 0xc0) == 0x80)
		size--;
	memcpy(kept, why, size);
	kept[size] = '\0';
	return kept;
}

static int
end_job(struct ord_job *job, enum store_end_kind kind, const char *why)
{
	struct ord_jobs *jobs = job != NULL ? job->jobs : NULL;
	int status = enter_held(jobs, job);
	const struct store_end *own;
	char kept[STORE_WHY_MAX + 1];

	if (status == 0)
		status =
			jobs_note_end(jobs, job, kind, why != NULL ? keep_reason(why, kept) : NULL);
	if (status != 0)
		return status;
	if (why == NULL && jobs_may_hold_back(jobs)) {
		jobs_drop(jobs, job);
		jobs_arm(jobs);
		return 0;
	}
	own = &jobs->ends[jobs->n_ends - 1];
	status = jobs_tell_ends(jobs);
	if (status != 0) {
		/* It is still held, and nobody was told. */
		jobs->n_ends--;
		return jobs_leave(jobs, status);
	}
	if (own->lost) {
		jobs->lost--; /* of others' the next take tells */
		status = say_lost(job);
	}
	jobs_drop(jobs, job);
	return jobs_leave(jobs, status);
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
	int status = enter_held(jobs, job);

	if (status != 0)
		return status;
	/* Who renews works for long: others may wait for what has ended before. */
	status = jobs_tell_ends(jobs);
	if (status == 0)
		status = jobs_beat(jobs);
	if (status == 0)
		status = jobs_look_after(jobs, 0);
	/* That it wrote made the descriptor readable, too; what came before the look below is seen by it. */
	if (status == 0)
		status = jobs_disarm(jobs);
	if (status != 0)
		return status;
	status =
		jobs->store.functions->held(&jobs->store, job->is.name, job->is.attempt, see, NULL);
	if (status == ORD_ELOST) {
		status = say_lost(job);
		jobs_drop(jobs, job);
	}
	jobs_arm(jobs);
	return status;
}

int
ord_jobs_close(struct ord_jobs *jobs)
{
	struct ord_job *last;
	int status = jobs_enter_writing(jobs);

	if (status != 0)
		return status;
	last = jobs->last;
	jobs->closed = 1;
	if (last != NULL)
		status = ord_job_done(last);
	/* Nothing comes behind it that would tell what was held back, or take what was claimed. */
	if (status == 0)
		status = jobs_tell_ends(jobs);
	jobs_give_back(jobs);
	if (status == 0 || status == ORD_ELOST) {
		int told = jobs_tell_ends(jobs);

		status = told != 0 ? told : status;
	}
	if (status == 0 && jobs->lost)
		status = jobs_say_lost(jobs);
	return status;
}
