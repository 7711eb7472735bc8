/* Locks of the user's own: they lie in the list, so that who buries a taker frees its locks, too. */
#include "jobs/jobs.h"

static int
lock(struct ord_jobs *jobs, const char *name, int timeout_ms)
{
	uint64_t deadline = jobs_deadline(timeout_ms);
	char owner[256] = "";
	/* Nobody would free the lock of one who is dead to the others. */
	int status = jobs_beat_if_due(jobs, jobs->options.heartbeat_ms);

	/* Who has the lock may wait for what has ended here. */
	if (status == 0)
		status = jobs_tell_ends(jobs);
	if (status != 0)
		return status;
	for (;;) {
		int left = jobs_left(deadline);

		status = jobs_look_after(jobs, 1);
		if (status == 0)
			status = jobs->store.functions->lock(
				&jobs->store, name, owner, sizeof owner);
		if (status != 0)
			return status > 0 ? 0 : status;
		if (left != 0)
			status = jobs_wait(jobs, left);
		if (left == 0 || status == ORD_ETIMEDOUT)
			return error_set(&jobs->error, ORD_ETIMEDOUT,
				"the lock '%s' is the taker's '%s': wait for that, or end it", name,
				owner);
		if (status != 0)
			return status;
		/* What ended the wait may be a job. */
		jobs->store.heard = 1;
	}
}

int
ord_jobs_lock(struct ord_jobs *jobs, const char *name, int timeout_ms)
{
	int status = jobs_enter_writing(jobs);

	if (status == 0)
		status = jobs_check_name(&jobs->error, "lock", name);
	return status == 0 ? jobs_leave(jobs, lock(jobs, name, timeout_ms)) : status;
}

int
ord_jobs_unlock(struct ord_jobs *jobs, const char *name)
{
	int status = jobs_enter_writing(jobs);

	if (status == 0)
		status = jobs_check_name(&jobs->error, "lock", name);
	if (status != 0)
		return status;
	status = jobs->store.functions->unlock(&jobs->store, name);
	if (status == ORD_ELOST)
		error_set(&jobs->error, status, "this taker does not have the lock '%s'", name);
	return jobs_leave(jobs, status);
}
