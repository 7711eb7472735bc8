/*
 * Many short tasks: the rate of the last looks, which knows what starting a
 * command costs and how much of the machine others use.  Few long tasks: too
 * few end between looks for a rate, so the mean of the last durations, shared
 * by those that run at once.  The mean is not trimmed, because long tasks are
 * part of the work that is left.
 */
#include "estimate.h"

void
estimate_task(struct estimate *estimate, uint64_t duration_ns)
{
	estimate->durations[estimate->n_durations++ % ESTIMATE_RECENT] = duration_ns;
}

void
estimate_look(struct estimate *estimate, uint64_t now_ns, uint64_t done)
{
	size_t at;

	/* Jobs of a list can wait again: what was seen before says nothing then. */
	if (estimate->n_looks > 0 && done < estimate->done[(estimate->n_looks - 1) % ESTIMATE_RECENT])
		estimate->n_looks = 0;
	at = estimate->n_looks++ % ESTIMATE_RECENT;
	estimate->times[at] = now_ns;
	estimate->done[at] = done;
}

/* What happened between the oldest and the newest look. */
static void
span(const struct estimate *estimate, uint64_t *time_ns, uint64_t *tasks)
{
	size_t newest = (estimate->n_looks + ESTIMATE_RECENT - 1) % ESTIMATE_RECENT;
	size_t oldest =
		estimate->n_looks > ESTIMATE_RECENT ? estimate->n_looks % ESTIMATE_RECENT : 0;

	*time_ns = *tasks = 0;
	if (estimate->n_looks < 2)
		return;
	*time_ns = estimate->times[newest] - estimate->times[oldest];
	*tasks = estimate->done[newest] - estimate->done[oldest];
}

double
estimate_rate(const struct estimate *estimate)
{
	uint64_t time_ns, tasks;

	span(estimate, &time_ns, &tasks);
	return time_ns == 0 ? 0 : (double)tasks * 1e9 / (double)time_ns;
}

static uint64_t
mean_duration(const struct estimate *estimate)
{
	size_t i, n = estimate->n_durations;
	uint64_t sum = 0;

	if (n > ESTIMATE_RECENT)
		n = ESTIMATE_RECENT;
	for (i = 0; i < n; i++)
		sum += estimate->durations[i];
	return n == 0 ? 0 : sum / n;
}

uint64_t
estimate_rest(const struct estimate *estimate, uint64_t tasks, uint32_t jobs)
{
	uint64_t time_ns, seen, mean = mean_duration(estimate);
	double rest;

	if (tasks == 0)
		return 0;
	span(estimate, &time_ns, &seen);
	if (seen >= 2 * (uint64_t)jobs && seen > 8)
		rest = (double)tasks * (double)time_ns / (double)seen;
	else if (estimate->n_durations > 0)
		/* The last tasks run side by side, but none is shorter than itself. */
		rest = (double)mean * (double)(tasks < jobs ? jobs : tasks) / (double)jobs;
	else
		return ESTIMATE_UNKNOWN;
	return rest < 1e18 ? (uint64_t)rest : ESTIMATE_UNKNOWN;
}
