/* Adding jobs: what a caller may say is checked here, before any store sees it. */
#include "jobs/jobs.h"

#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "jobs/labels.h"
#include "jobs/rules.h"

#define PAYLOAD_MAX ((size_t)512 << 20)
#define FINGERPRINT_MAX 4096
#define RETRIES_MAX 1000000
#define RANGE_MAX ((uint64_t)1 << 40)
#define TAKERS_MAX 1000000

static int
check_retries(struct error *error, const char *name, uint32_t retries, int64_t *number)
{
	*number = retries == 0 ? -1 : retries == ORD_JOBS_NONE ? 0 : (int64_t)retries;
	if (*number > RETRIES_MAX)
		return error_set(error, ORD_EINVAL, "the job '%s' asks for more than %d retries",
			name, RETRIES_MAX);
	return 0;
}

/* One of a range is called as its index is written. */
static int
check_index(struct error *error, const struct ord_job_options *own, struct store_job *job)
{
	uint64_t index = 0;

	if (own->range > RANGE_MAX)
		return error_set(error, ORD_ETOOBIG, "a list has at most 2^40 jobs");
	for (const char *at = own->name; *at != '\0' && index < own->range; at++)
		index = *at >= '0' && *at <= '9' && (index != 0 || at == own->name)
			? 10 * index + (uint64_t)(*at - '0')
			: own->range;
	if (index >= own->range)
		return error_set(error, ORD_EINVAL,
			"the name '%s' is no index in a range of %llu jobs", own->name,
			(unsigned long long)own->range);
	job->item = (int64_t)index;
	job->range = own->range;
	return 0;
}

/* What is told of attempts in another list. */
static int
check_past(struct error *error, const struct ord_job_options *own, struct store_job *job)
{
	int status = own->taker != NULL ? jobs_check_name(error, "taker", own->taker) : 0;

	if (status != 0)
		return status;
	if (own->began_ms > INT64_MAX || own->ended_ms > INT64_MAX || own->failures > UINT32_MAX)
		return error_set(error, ORD_EINVAL,
			"the job '%s' has a time that there is not, or too many failures",
			own->name);
	job->taker = own->taker != NULL ? own->taker : "";
	job->began_ms = (int64_t)own->began_ms;
	job->ended_ms = job->state != ORD_JOB_WAITING ? (int64_t)own->ended_ms : 0;
	job->failures = (uint32_t)own->failures;
	return 0;
}

/* One job as the store takes it; its labels are in *labels, to be freed. */
static int
convert(struct error *error, const struct ord_job_options *given, struct store_job *job,
	char **labels)
{
	struct ord_job_options own;
	int status = given == NULL
		? ORD_EINVAL
		: options_copy(&own, sizeof own,
			  OPTIONS_UP_TO(struct ord_job_options, killed_retries), given);

	if (status != 0)
		return error_set(error, status,
			status == ORD_ENOTSUP ? "an option of a job is not known to this version"
					      : "a job is NULL or without a size: use ORD_JOB");
	status = jobs_check_name(error, "job", own.name);
	if (status != 0)
		return status;
	if ((own.payload == NULL && own.payload_size != 0) ||
		(own.fingerprint == NULL && own.fingerprint_size != 0))
		return error_set(
			error, ORD_EINVAL, "the job '%s' has a size, but no bytes", own.name);
	if (own.payload_size > PAYLOAD_MAX || own.fingerprint_size > FINGERPRINT_MAX ||
		(own.why != NULL && strlen(own.why) > STORE_WHY_MAX))
		return error_set(error, ORD_ETOOBIG,
			"the job '%s' has a payload of more than 512 MiB, a fingerprint of more than %d bytes, or a reason of more than %d",
			own.name, FINGERPRINT_MAX, STORE_WHY_MAX);
	if (own.max_takers > TAKERS_MAX || own.state > ORD_JOB_CANCELED)
		return error_set(error, ORD_EINVAL,
			"the job '%s' has a state that there is not, or more than %d for .max_takers",
			own.name, TAKERS_MAX);
	*job = (struct store_job){ .item = -1,
		.name = own.name,
		.why = own.why != NULL ? own.why : "",
		.attempt = own.attempts,
		.kills = own.kills,
		.state = (int)own.state,
		.max_takers = own.max_takers != 0 ? own.max_takers : 1,
		.payload = own.payload,
		.payload_size = own.payload_size,
		.fingerprint = own.fingerprint,
		.fingerprint_size = own.fingerprint_size,
		.after = own.after };
	while (own.after != NULL && own.after[job->n_after] != NULL)
		job->n_after++;
	job->state = rules_added(job);
	status = check_past(error, &own, job);
	if (status == 0 && own.range != 0)
		status = check_index(error, &own, job);
	if (status == 0)
		status = check_retries(error, own.name, own.failed_retries, &job->failed_retries);
	if (status == 0)
		status = check_retries(error, own.name, own.killed_retries, &job->killed_retries);
	if (status == 0)
		status = labels_join(own.requires, labels, error);
	job->requires = *labels;
	return status;
}

int
ord_jobs_add_many(struct ord_jobs *jobs, const struct ord_job_options *const *all, size_t count,
	uint64_t *added)
{
	uint64_t new_ones = 0;
	struct store_job *converted;
	char **labels;
	int status = jobs_enter_writing(jobs);

	if (added != NULL)
		*added = 0;
	if (status != 0 || count == 0)
		return status;
	if (all == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there are no jobs to add");
	converted = memory_new(count, sizeof *converted);
	labels = memory_new(count, sizeof(char *));
	if (converted == NULL || labels == NULL)
		status = error_memory(&jobs->error);
	for (size_t i = 0; status == 0 && i < count; i++)
		status = convert(&jobs->error, all[i], &converted[i], &labels[i]);
	if (status == 0)
		status = jobs->store.functions->add(
			&jobs->store, converted, count, &new_ones, jobs_now_ms());
	for (size_t i = 0; labels != NULL && i < count; i++)
		memory_free(labels[i]);
	memory_free(labels);
	memory_free(converted);
	if (added != NULL && status == 0)
		*added = new_ones;
	return jobs_leave(jobs, status);
}

int
ord_jobs_add(struct ord_jobs *jobs, const struct ord_job_options *job)
{
	return ord_jobs_add_many(jobs, &job, 1, NULL);
}

int
ord_jobs_add_range(struct ord_jobs *jobs, uint64_t count)
{
	int status = jobs_enter_writing(jobs);

	if (status != 0)
		return status;
	if (count > RANGE_MAX)
		return error_set(&jobs->error, ORD_ETOOBIG, "a list has at most 2^40 jobs");
	return jobs_leave(
		jobs, jobs->store.functions->add_range(&jobs->store, count, jobs_now_ms()));
}
