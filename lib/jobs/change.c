/* What is done to many jobs at once. */
#include "jobs/jobs.h"

#define ENDED \
	(ORD_JOB_IN(ORD_JOB_DONE) | ORD_JOB_IN(ORD_JOB_FAILED) | ORD_JOB_IN(ORD_JOB_KILLED) | \
		ORD_JOB_IN(ORD_JOB_CANCELED))

static int
change(struct ord_jobs *jobs, struct store_change *what, uint64_t *count)
{
	int status = jobs_enter_writing(jobs);

	if (status != 0)
		return status;
	status = jobs->store.functions->change(&jobs->store, what, jobs_now_ms());
	if (status == 0 && count != NULL)
		*count = what->count;
	return jobs_leave(jobs, status);
}

int
ord_jobs_cancel(struct ord_jobs *jobs, const char *pattern, uint64_t *count)
{
	struct store_change what = { .kind = STORE_CANCEL, .pattern = pattern };

	return change(jobs, &what, count);
}

int
ord_jobs_retry(struct ord_jobs *jobs, const char *pattern, uint64_t *count)
{
	struct store_change what = { .kind = STORE_RETRY, .pattern = pattern };

	return change(jobs, &what, count);
}

int
ord_jobs_requeue(struct ord_jobs *jobs, const char *pattern, const char *taker, uint64_t *count)
{
	struct store_change what = { .kind = STORE_REQUEUE, .pattern = pattern, .taker = taker };

	return change(jobs, &what, count);
}

int
ord_jobs_clear(struct ord_jobs *jobs, const char *pattern, uint32_t states, uint64_t *count)
{
	struct store_change what = {
		.kind = STORE_CLEAR, .pattern = pattern, .states = states != 0 ? states : ENDED
	};

	return change(jobs, &what, count);
}
