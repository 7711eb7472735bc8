/* What a list consists of, for people and programs that watch it. */
#include "jobs/jobs.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "jobs/labels.h"

#define ALL_STATES UINT32_MAX

int
jobs_count(struct ord_jobs *jobs, struct ord_job_counts *counts)
{
	uint64_t by_state[8] = { 0 };
	int status = jobs->store.functions->counts(&jobs->store, by_state);

	if (status != 0)
		return status;
	counts->waiting = by_state[ORD_JOB_WAITING];
	counts->running = by_state[ORD_JOB_RUNNING];
	counts->done = by_state[ORD_JOB_DONE];
	counts->failed = by_state[ORD_JOB_FAILED];
	counts->killed = by_state[ORD_JOB_KILLED];
	counts->blocked = by_state[ORD_JOB_BLOCKED];
	counts->canceled = by_state[ORD_JOB_CANCELED];
	counts->total = counts->waiting + counts->running + counts->done + counts->failed +
		counts->killed + counts->blocked + counts->canceled;
	return 0;
}

int
ord_jobs_counts(struct ord_jobs *jobs, struct ord_job_counts *counts)
{
	struct ord_job_counts all = ORD_JOB_COUNTS;
	int status = jobs_enter_open(jobs);
	size_t size;

	if (status != 0)
		return status;
	if (counts == NULL || counts->size < OPTIONS_UP_TO(struct ord_job_counts, canceled))
		return error_set(
			&jobs->error, ORD_EINVAL, "counts need a size: use ORD_JOB_COUNTS");
	status = jobs_leave(jobs, jobs_count(jobs, &all));
	if (status != 0)
		return status;
	size = counts->size;
	memset(counts, 0, size);
	memcpy(counts, &all, size < sizeof all ? size : sizeof all);
	counts->size = size;
	return 0;
}

struct job_call {
	ord_job_fn fn;
	void *user;
};

/* The lines of a text as a list that ends with NULL, in one block; NULL without memory. */
static const char *const *
split(const char *lines, size_t *count)
{
	size_t size = strlen(lines), n = 0;
	const char **list;
	char *words;

	for (const char *at = lines; *at != '\0'; at++)
		n += *at == '\n';
	list = memory_new(1, (n + 2) * sizeof *list + size + 1);
	if (list == NULL)
		return NULL;
	words = memcpy((char *)(list + n + 2), lines, size + 1);
	*count = 0;
	for (char *end; *words != '\0'; words = end) {
		end = words + strcspn(words, "\n");
		if (*end != '\0')
			*end++ = '\0';
		if (*words != '\0')
			list[(*count)++] = words;
	}
	return list;
}

/* What ord_job_options_of was asked for. */
struct job_lists {
	const char *const *requires, *const *after;
	size_t n_requires, n_after;
};

static uint32_t
retries_of(int64_t retries)
{
	return retries < 0 ? 0 : retries == 0 ? ORD_JOBS_NONE : (uint32_t)retries;
}

int
ord_job_options_of(const struct ord_job *job, struct ord_job_options *options)
{
	struct job_lists *lists = job != NULL ? job->lists : NULL;
	struct ord_job_options all;
	size_t size = options != NULL ? options->size : 0;

	if (lists == NULL || size < OPTIONS_UP_TO(struct ord_job_options, killed_retries))
		return ORD_EINVAL;
	if (lists->requires == NULL)
		lists->requires = split(job->is.requires, &lists->n_requires);
	if (lists->after == NULL)
		lists->after = split(job->is.comes_after, &lists->n_after);
	if (lists->requires == NULL || lists->after == NULL)
		return ORD_ENOMEM;
	all = ORD_JOB(.name = job->is.name, .payload = job->is.payload,
		.payload_size = job->is.payload_size, .fingerprint = job->is.fingerprint,
		.fingerprint_size = job->is.fingerprint_size,
		.requires = lists->n_requires != 0 ? lists->requires : NULL,
		.after = lists->n_after != 0 ? lists->after : NULL,
		.failed_retries = retries_of(job->is.failed_retries),
		.killed_retries = retries_of(job->is.killed_retries),
		.max_takers = job->is.max_takers, .state = (uint32_t)job->is.state,
		.attempts = job->is.attempt, .kills = job->is.kills, .why = job->is.why,
		.range = job->is.range, .taker = *job->is.taker != '\0' ? job->is.taker : NULL,
		.began_ms = (uint64_t)job->is.began_ms, .ended_ms = (uint64_t)job->is.ended_ms,
		.failures = job->is.failures);
	memset(options, 0, size);
	memcpy(options, &all, size < sizeof all ? size : sizeof all);
	options->size = size;
	return 0;
}

static int
call_for_job(void *user, const struct store_job *is)
{
	const struct job_call *call = user;
	struct job_lists lists = { 0 };
	struct job_texts texts;
	struct ord_job shown;
	int status;

	job_show(&shown, &texts, is);
	shown.lists = &lists;
	status = call->fn(&shown, call->user);
	memory_free((void *)(uintptr_t)lists.requires);
	memory_free((void *)(uintptr_t)lists.after);
	return status;
}

int
ord_jobs_each(struct ord_jobs *jobs, uint32_t states, ord_job_fn fn, void *user)
{
	struct job_call call = { fn, user };
	int status = jobs_enter_open(jobs);

	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the jobs");
	status = jobs->store.functions->each(
		&jobs->store, states != 0 ? states : ALL_STATES, call_for_job, &call);
	return jobs_leave(jobs, status);
}

struct taker_call {
	ord_taker_fn fn;
	void *user;
};

static int
call_for_taker(void *user, const struct store_taker *is)
{
	const struct taker_call *call = user;
	char labels[LABELS_MAX];
	struct ord_taker taker = { .size = sizeof taker,
		.name = is->name,
		.host = is->life.host,
		.labels = labels_show(is->labels, labels),
		.since_ms = (uint64_t)is->since_ms,
		.seen_ms = (uint64_t)is->seen_ms,
		.taken = is->taken,
		.held = is->held,
		.pid = is->life.pid,
		.state =
			is->state == ORD_TAKER_IDLE && is->held != 0 ? ORD_TAKER_BUSY : is->state };

	return call->fn(&taker, call->user);
}

int
ord_jobs_takers(struct ord_jobs *jobs, ord_taker_fn fn, void *user)
{
	struct taker_call call = { fn, user };
	int status = jobs_enter_open(jobs);

	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the takers");
	return jobs_leave(
		jobs, jobs->store.functions->takers(&jobs->store, 1, call_for_taker, &call));
}

struct run_call {
	ord_job_run_fn fn;
	void *user;
};

static int
call_for_run(void *user, const struct store_run *is)
{
	const struct run_call *call = user;
	struct ord_job_run run = { .size = sizeof run,
		.taker = is->taker,
		.why = is->why,
		.began_ms = (uint64_t)is->began_ms,
		.ended_ms = (uint64_t)is->ended_ms,
		.attempt = is->attempt,
		.state = is->state };

	return call->fn(&run, call->user);
}

int
ord_jobs_runs(struct ord_jobs *jobs, const char *name, ord_job_run_fn fn, void *user)
{
	struct run_call call = { fn, user };
	int status = jobs_enter_open(jobs);

	if (status == 0)
		status = jobs_check_name(&jobs->error, "job", name);
	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the attempts");
	return jobs_leave(
		jobs, jobs->store.functions->runs(&jobs->store, name, call_for_run, &call));
}

/* Wait, and tell meanwhile what was too new to be told. */
static int
watch(struct ord_jobs *jobs, int timeout_ms)
{
	uint64_t deadline = jobs_deadline(timeout_ms);

	for (;;) {
		int progress = jobs_progress_left(jobs), left = jobs_left(deadline), status;

		if (progress < 0 || (left >= 0 && left <= progress))
			return jobs_wait(jobs, left);
		status = jobs_wait(jobs, progress);
		if (status != ORD_ETIMEDOUT)
			return status;
		jobs_tell_progress(jobs, 0);
	}
}

int
ord_jobs_watch(struct ord_jobs *jobs, int timeout_ms)
{
	int status = jobs_enter_open(jobs);

	if (status != 0)
		return status;
	if (!jobs->options.read_only) {
		/* Who changes something may wait for what has ended here. */
		status = jobs_tell_ends(jobs);
		/* A loop of the host's may do nothing else. */
		if (status == 0)
			status = jobs_beat_if_due(jobs, jobs->options.heartbeat_ms);
		if (status == 0)
			status = jobs_meet(jobs, 0);
	}
	if (status != 0)
		return status;
	jobs->store.watching = 1;
	status = watch(jobs, timeout_ms);
	jobs->store.watching = 0;
	/* A death ends the wait: without a burial it would end each one behind it. */
	if (status == 0 && !jobs->options.read_only)
		status = jobs_look_after(jobs, 0);
	jobs_tell_progress(jobs, 0);
	jobs_arm(jobs);
	if (status == ORD_ETIMEDOUT)
		return error_set(&jobs->error, status, "nothing has changed");
	return status;
}
