/* How far all takers are together, for on_progress: seldom enough that counting costs next to nothing. */
#include "jobs/jobs.h"

#include <string.h>

#include "base/clock.h"

#define COUNTING_SHARE 50 /* counting takes a 50th of the time at most */

int
jobs_progress_left(const struct ord_jobs *jobs)
{
	/* Without a change there is nothing to wake up for. */
	if (!jobs->progress_due)
		return -1;
	return clock_left_ms(clock_now_ns(), jobs->progress_ns);
}

void
jobs_tell_progress(struct ord_jobs *jobs, int last)
{
	struct ord_job_counts counts = ORD_JOB_COUNTS;
	uint64_t now = clock_now_ns(), pause, cost;

	if (jobs->options.on_progress == NULL)
		return;
	jobs->progress_due = !last && now < jobs->progress_ns;
	if (jobs->progress_due || jobs_count(jobs, &counts) != 0)
		return;
	cost = clock_now_ns() - now;
	pause = (uint64_t)jobs->options.progress_ms * CLOCK_NS_PER_MS;
	if (pause < COUNTING_SHARE * cost)
		pause = COUNTING_SHARE * cost;
	jobs->progress_ns = now + cost + pause;
	if (memcmp(&counts, &jobs->told, sizeof counts) == 0)
		return;
	jobs->told = counts;
	jobs->options.on_progress(&counts, jobs->options.on_progress_user);
}
