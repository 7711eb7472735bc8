/* Retries: n of them are n + 1 attempts, counted apart for failures and for deaths. */
#include "jobs/rules.h"

#include <fnmatch.h>
#include <string.h>

#include <orderly/jobs.h>

#include "base/fd.h"

/* Of several holders the worst end counts. */
static int
worse(int one, int other)
{
	static const int order[] = { ORD_JOB_FAILED, ORD_JOB_KILLED, ORD_JOB_DONE };

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (one == order[i] || other == order[i])
			return order[i];
	return 0;
}

struct verdict
rules_end(const struct store_job *job, int how, int again, uint64_t others,
	const struct store_self *self)
{
	struct verdict verdict = {
		.run_state = ORD_JOB_WAITING, .failures = job->failures, .kills = job->kills
	};
	int64_t retries;
	int ends = 0;

	if (how == STORE_DONE) {
		ends = verdict.run_state = ORD_JOB_DONE;
	} else if (how == STORE_FAILED) {
		retries = job->failed_retries >= 0 ? job->failed_retries : self->failed_retries;
		verdict.run_state = ORD_JOB_FAILED;
		if (verdict.failures++ >= retries)
			ends = ORD_JOB_FAILED;
	} else if (how != STORE_BACK) {
		retries = job->killed_retries >= 0 ? job->killed_retries : self->killed_retries;
		verdict.run_state = ORD_JOB_KILLED;
		if (verdict.kills++ >= retries)
			ends = ORD_JOB_KILLED;
	}
	verdict.tends = worse(job->tends, ends);
	verdict.state = verdict.tends != 0 && !again ? verdict.tends : ORD_JOB_WAITING;
	if (others != 0)
		verdict.state = ORD_JOB_RUNNING;
	else
		verdict.tends = 0;
	return verdict;
}

int
rules_may_join(const struct store_job *job, int again, uint64_t holders)
{
	return job->state == ORD_JOB_RUNNING && job->tends == 0 && !again &&
		holders < job->max_takers;
}

int
rules_added(const struct store_job *job)
{
	switch (job->state) {
	case ORD_JOB_DONE:
	case ORD_JOB_FAILED:
	case ORD_JOB_KILLED:
	case ORD_JOB_CANCELED: return job->state;
	default: return ORD_JOB_WAITING;
	}
}

int
rules_concerns(const struct store_change *change, int state)
{
	switch (change->kind) {
	case STORE_CANCEL:
		return state == ORD_JOB_WAITING || state == ORD_JOB_BLOCKED ||
			state == ORD_JOB_RUNNING;
	case STORE_RETRY:
		return state == ORD_JOB_FAILED || state == ORD_JOB_KILLED ||
			state == ORD_JOB_CANCELED;
	case STORE_REQUEUE: return state == ORD_JOB_RUNNING;
	default: return state != ORD_JOB_RUNNING && (change->states & ORD_JOB_IN(state)) != 0;
	}
}

int
rules_is_meant(const struct store_change *change, int state, const char *name, const char *taker)
{
	return rules_concerns(change, state) &&
		(change->pattern == NULL || fnmatch(change->pattern, name, 0) == 0) &&
		(change->taker == NULL || strcmp(change->taker, taker) == 0);
}

static int
is_same(const void *one, size_t size, const void *other, size_t other_size)
{
	return size == other_size && (size == 0 || memcmp(one, other, size) == 0);
}

int
rules_is_changed(const struct store_job *there, const struct store_job *added)
{
	if ((there->fingerprint != NULL) != (added->fingerprint != NULL))
		return 1;
	if (added->fingerprint != NULL)
		return !is_same(there->fingerprint, there->fingerprint_size, added->fingerprint,
			added->fingerprint_size);
	return !is_same(there->payload, there->payload_size, added->payload, added->payload_size);
}

int
rules_namesake(const struct store_self *self, const struct life *life, int64_t silent_ms,
	int64_t timeout_ms)
{
	enum life_sign sign;
	int fd = -1;

	if (self->adopt && life_is_same(&self->life, life))
		return 1;
	sign = life_look(&self->life, life, &fd);
	fd_close(&fd);
	if (sign == LIFE_UNKNOWN && silent_ms > timeout_ms)
		sign = LIFE_ENDED;
	return sign == LIFE_ENDED ? 0 : -1;
}

uint64_t
rules_count_to(const struct store_claim *claim)
{
	return (uint64_t)claim->most * 2 * claim->share;
}

uint32_t
rules_share(const struct store_claim *claim, uint64_t waiting)
{
	uint64_t share = waiting / (2 * (uint64_t)claim->share);

	if (share < 1)
		share = 1;
	return share < claim->most ? (uint32_t)share : claim->most;
}

int
rules_size_mismatch(struct error *error, uint64_t is, uint64_t wanted)
{
	return error_set(error, ORD_EINVAL,
		"size mismatch: the list was made for %llu jobs, not %llu: clear it, or give another",
		(unsigned long long)is, (unsigned long long)wanted);
}

int
rules_no_sharing(struct error *error, const char *scheme, const char *name)
{
	return error_set(error, ORD_ENOTSUP,
		"the job '%s' has .max_takers, which the store %s: does not have: take sqlite:",
		name, scheme);
}

int
rules_lock_is_own(struct error *error, const char *name)
{
	return error_set(error, ORD_EINVAL, "this taker has the lock '%s' already", name);
}

int
rules_name_is_taken(struct error *error, const char *name)
{
	return error_set(error, ORD_EINVAL,
		"another living taker is called '%s': give this one another name", name);
}

int
rules_no_such_job(struct error *error, const char *name)
{
	return error_set(error, ORD_EINVAL, "there is no job '%s' in the list", name);
}

int
rules_no_dependency(struct error *error, const char *name, const char *after)
{
	return error_set(error, ORD_EINVAL,
		"the job '%s' is to come after '%s', which is not in the list: add that first",
		name, after);
}

int
rules_numbers_are_taken(struct error *error)
{
	return error_set(error, ORD_EINVAL,
		"the list has jobs whose names are numbers already: clear them first");
}
