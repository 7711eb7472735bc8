/* What a list consists of, for people and programs that watch it. */
#include "jobs/jobs.h"

#include <stddef.h>
#include <string.h>

#include "base/options.h"
#include "jobs/labels.h"

#define ALL_STATES UINT32_MAX

/* Looking is for all, also for who may not write. */
static int
enter(struct ord_jobs *jobs)
{
	int status = jobs_enter(jobs);

	if (status != 0)
		return status;
	error_clear(&jobs->error);
	if (!jobs->open)
		return error_set(
			&jobs->error, ORD_EINVAL, "the list is not open: ord_jobs_open first");
	return 0;
}

int
ord_jobs_counts(struct ord_jobs *jobs, struct ord_job_counts *counts)
{
	struct ord_job_counts all = { 0 };
	uint64_t by_state[8] = { 0 };
	int status = enter(jobs);
	size_t size;

	if (status != 0)
		return status;
	if (counts == NULL || counts->size < OPTIONS_UP_TO(struct ord_job_counts, canceled))
		return error_set(
			&jobs->error, ORD_EINVAL, "counts need a size: use ORD_JOB_COUNTS");
	status = jobs->store.functions->counts(&jobs->store, by_state);
	if (status != 0)
		return status;
	size = counts->size;
	all.waiting = by_state[ORD_JOB_WAITING];
	all.running = by_state[ORD_JOB_RUNNING];
	all.done = by_state[ORD_JOB_DONE];
	all.failed = by_state[ORD_JOB_FAILED];
	all.killed = by_state[ORD_JOB_KILLED];
	all.blocked = by_state[ORD_JOB_BLOCKED];
	all.canceled = by_state[ORD_JOB_CANCELED];
	all.total = all.waiting + all.running + all.done + all.failed + all.killed + all.blocked +
		all.canceled;
	memset(counts, 0, size);
	memcpy(counts, &all, size < sizeof all ? size : sizeof all);
	counts->size = size;
	return 0;
}

struct job_call {
	ord_job_fn fn;
	void *user;
};

static int
call_for_job(void *user, const struct store_job *is)
{
	const struct job_call *call = user;
	struct job_texts texts;
	struct ord_job shown;

	job_show(&shown, &texts, is);
	return call->fn(&shown, call->user);
}

int
ord_jobs_each(struct ord_jobs *jobs, uint32_t states, ord_job_fn fn, void *user)
{
	struct job_call call = { fn, user };
	int status = enter(jobs);

	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the jobs");
	return jobs->store.functions->each(
		&jobs->store, states != 0 ? states : ALL_STATES, call_for_job, &call);
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
	int status = enter(jobs);

	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the takers");
	return jobs->store.functions->takers(&jobs->store, 1, call_for_taker, &call);
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
	int status = enter(jobs);

	if (status == 0)
		status = jobs_check_name(&jobs->error, "job", name);
	if (status != 0)
		return status;
	if (fn == NULL)
		return error_set(&jobs->error, ORD_EINVAL, "there is no function for the attempts");
	return jobs->store.functions->runs(&jobs->store, name, call_for_run, &call);
}

int
ord_jobs_watch(struct ord_jobs *jobs, int timeout_ms)
{
	int status = enter(jobs);

	if (status != 0)
		return status;
	jobs->store.watching = 1;
	status = jobs_wait(jobs, timeout_ms);
	jobs->store.watching = 0;
	if (status == ORD_ETIMEDOUT)
		return error_set(&jobs->error, status, "nothing has changed");
	return status;
}
