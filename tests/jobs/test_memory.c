/* Memory that is missing at each allocation of each call: an error, nothing lost, and the next call goes on. */
#include "lists.h"

#include <string.h>

#include "memory_fault.h"

enum { JOBS = 3 };

/* Call until it is done without a fault; every fault must be told, and change nothing that counts. */
#define WITH_FAULTS(jobs, call, is_whole)                                        \
	for (unsigned long n = 1;; n++) {                                        \
		int status;                                                      \
                                                                                 \
		memory_fault_at(n);                                              \
		status = (call);                                                 \
		if (!memory_fault_came()) {                                      \
			memory_fault_at(0);                                      \
			CHECK_EQ(status, 0);                                     \
			break;                                                   \
		}                                                                \
		memory_fault_at(0);                                              \
		if (status == 0) /* what failed was not needed */                \
			break;                                                   \
		CHECK_EQ(status, ORD_ENOMEM);                                    \
		CHECK(is_whole);                                                 \
	}

static uint64_t
total(struct ord_jobs *jobs)
{
	return lists_counts(jobs).total;
}

/* Opening leaves nothing behind when it fails, so it can be tried again. */
static struct ord_jobs *
open_with_faults(struct list_at *at)
{
	struct ord_jobs *jobs = NULL;

	WITH_FAULTS(jobs, ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.taker = "w", .failed_retries = 5)), jobs == NULL);
	WITH_FAULTS(jobs, ord_jobs_open(jobs, at->address), *ord_jobs_error(jobs) != '\0');
	if (at->first == NULL)
		at->first = jobs;
	return jobs;
}

SCENE(memory, every_allocation_may_fail)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *jobs = open_with_faults(&at);
		const struct ord_job_options *const all[] = { &ORD_JOB(.name = "a", .payload = "1", .payload_size = 1),
			&ORD_JOB(.name = "b", .requires = NULL, .after = (const char *const[]){ "a", NULL }),
			&ORD_JOB(.name = "c", .fingerprint = "x", .fingerprint_size = 1) };
		const struct ord_job_options *const new[] = { &ORD_JOB(.name = "c", .fingerprint = "y", .fingerprint_size = 1) };
		struct ord_job *job = NULL;
		unsigned taken = 0;

		WITH_FAULTS(jobs, ord_jobs_add_many(jobs, all, 3, NULL), total(jobs) == 0);
		CHECK_EQ(total(jobs), JOBS);
		WITH_FAULTS(jobs, ord_jobs_add_many(jobs, new, 1, NULL), total(jobs) == JOBS);
		for (int i = 0; i < JOBS; i++) {
			/* One that was claimed without memory for it goes back, in a later attempt. */
			WITH_FAULTS(jobs, ord_jobs_claim(jobs, &job), job == NULL && lists_counts(jobs).running == 0);
			taken++;
			if (i == 0)
				WITH_FAULTS(jobs, ord_job_renew(job), lists_counts(jobs).running == 1);
			WITH_FAULTS(jobs, ord_job_done(job), lists_counts(jobs).running == 1);
			CHECK_EQ(lists_counts(jobs).done, taken);
		}
		WITH_FAULTS(jobs, ord_jobs_lock(jobs, "l", 0), 1);
		JOBS_OK(jobs, ord_jobs_unlock(jobs, "l"));
		WITH_FAULTS(jobs, ord_jobs_clear(jobs, NULL, 0, NULL), 1);
		CHECK_EQ(total(jobs), 0);
		ord_jobs_destroy(&jobs);
	}
}
