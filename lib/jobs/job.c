/* What a job says of itself. */
#include "jobs/jobs.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/labels.h"

void
job_show(struct ord_job *shown, struct job_texts *texts, const struct store_job *is)
{
	*shown = (struct ord_job){ .is = *is, .why = is->why };
	shown->requires = labels_show(is->requires, texts->requires);
	if (is->state != ORD_JOB_BLOCKED || is->awaits[0] == '\0')
		return;
	snprintf(texts->why, sizeof texts->why, "after %s, which is %s", is->awaits,
		ord_job_state_name(is->awaits_state));
	shown->why = texts->why;
}

struct ord_job *
job_new(struct ord_jobs *jobs, const struct store_job *is)
{
	struct ord_job *job = memory_new(1, sizeof *job);
	size_t name = strlen(is->name) + 1, labels = strlen(is->requires) + 1;
	size_t taker = strlen(is->taker) + 1;
	const char *path = is->file != NULL ? is->file : "";
	size_t file = strlen(path) + 1;
	char *at;

	if (job == NULL)
		return NULL;
	job->storage = memory_resize(NULL, is->payload_size + 1 + name + 2 * labels + taker + file);
	if (job->storage == NULL) {
		memory_free(job);
		return NULL;
	}
	job->jobs = jobs;
	job->is = *is;
	at = job->storage; /* first, so that it is aligned */
	if (is->payload_size != 0)
		memcpy(at, is->payload, is->payload_size);
	at[is->payload_size] = '\0';
	job->is.payload = at;
	at += is->payload_size + 1;
	job->is.name = memcpy(at, is->name, name);
	job->is.requires = memcpy(at + name, is->requires, labels);
	job->requires = labels_show(is->requires, at + name + labels);
	job->is.taker = memcpy(at + name + 2 * labels, is->taker, taker);
	job->is.file = memcpy(at + name + 2 * labels + taker, path, file);
	job->why = job->is.why = job->is.awaits = "";
	job->is.fingerprint = NULL;
	job->is.after = NULL;
	return job;
}

void
job_free(struct ord_job *job)
{
	if (job == NULL)
		return;
	memory_free(job->storage);
	memory_free(job);
}

const char *
ord_job_name(const struct ord_job *job)
{
	return job != NULL ? job->is.name : "";
}

uint64_t
ord_job_index(const struct ord_job *job)
{
	return job != NULL && job->is.item >= 0 ? (uint64_t)job->is.item : ORD_JOB_NO_INDEX;
}

const void *
ord_job_payload(const struct ord_job *job, size_t *size)
{
	if (size != NULL)
		*size = job != NULL ? job->is.payload_size : 0;
	return job != NULL ? job->is.payload : NULL;
}

const char *
ord_job_file(const struct ord_job *job)
{
	return job != NULL && job->is.file != NULL ? job->is.file : "";
}

uint32_t
ord_job_attempt(const struct ord_job *job)
{
	return job != NULL ? job->is.attempt : 0;
}

uint32_t
ord_job_kills(const struct ord_job *job)
{
	return job != NULL ? job->is.kills : 0;
}

int
ord_job_state(const struct ord_job *job)
{
	return job != NULL ? job->is.state : ORD_EINVAL;
}

const char *
ord_job_requires(const struct ord_job *job)
{
	return job != NULL ? job->requires : "";
}

const char *
ord_job_taker(const struct ord_job *job)
{
	return job != NULL ? job->is.taker : "";
}

const char *
ord_job_why(const struct ord_job *job)
{
	return job != NULL ? job->why : "";
}

uint64_t
ord_job_began_ms(const struct ord_job *job)
{
	return job != NULL ? (uint64_t)job->is.began_ms : 0;
}

uint64_t
ord_job_ended_ms(const struct ord_job *job)
{
	return job != NULL ? (uint64_t)job->is.ended_ms : 0;
}

const char *
ord_job_state_name(int state)
{
	switch (state) {
#define NAME_OF_STATE(name, number, word) \
	case name: return word;
		ORD_JOB_STATE_MAP(NAME_OF_STATE)
#undef NAME_OF_STATE
	default: return "unknown";
	}
}

const char *
ord_taker_state_name(int state)
{
	switch (state) {
#define NAME_OF_STATE(name, number, word) \
	case name: return word;
		ORD_TAKER_STATE_MAP(NAME_OF_STATE)
#undef NAME_OF_STATE
	default: return "unknown";
	}
}
