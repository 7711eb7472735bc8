/*
 * A list of jobs that any number of these programs work off together: start it
 * in two terminals.  The first one to come makes the list; who is killed loses
 * its job to the others.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/jobs.h>

#define COUNT 20

static int
complain(struct ord_jobs *jobs)
{
	fprintf(stderr, "jobs: %s\n", ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
	return 1;
}

/* What all of them have done: a bar on a terminal, nothing elsewhere. */
static void
show(const struct ord_job_counts *counts, void *user)
{
	char bar[31] = "                              ";

	(void)user;
	for (int i = 0; counts->total != 0 && i < (int)(30 * counts->done / counts->total); i++)
		bar[i] = '#';
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\rsquares [%s] %llu/%llu%s", bar, (unsigned long long)counts->done,
			(unsigned long long)counts->total, counts->done == counts->total ? "\n" : "");
}

int
main(int argc, char **argv)
{
	struct ord_jobs *jobs;
	struct ord_job *job;
	int status;

	if (ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.killed_retries = 3, .on_progress = show)) != 0 ||
		ord_jobs_open(jobs, argc > 1 ? argv[1] : "jobs.sqlite") != 0 ||
		ord_jobs_add_range(jobs, COUNT) != 0)
		return complain(jobs);
	while ((status = ord_jobs_take(jobs, &job)) == 0) { /* taking the next completes the last */
		unsigned long long index = ord_job_index(job);

		printf("%llu squared is %llu\n", index, index * index);
		fflush(stdout);
	}
	if (status != ORD_EEMPTY)
		return complain(jobs);
	ord_jobs_destroy(&jobs); /* a job still held would have failed, as with break */
	return 0;
}
