/* A server that goes away, with and without notice, and comes back. It is alone in this program. */
#include "many.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

const int lists_server = 2;

SCENE(restarts, of_the_server_lose_nothing_and_do_nothing_twice)
{
	struct list_at at = lists_only("postgresql");
	struct ord_jobs *jobs = OPEN(&at, .taker = NULL), *away;
	struct many *seen = lists_shared(sizeof *seen);
	char address[400];

	for (unsigned i = 0; i < MANY_TAKERS; i++)
		if (fork() == 0)
			many_work(&at, seen, 77 + i, i == 0 ? 1 : 5 * i);
	for (unsigned i = 0; i < 2; i++)
		if (fork() == 0)
			many_add(&at, seen, i * MANY_JOBS / 2, (i + 1) * MANY_JOBS / 2);
	/* Opening is not waited for. */
	while (seen->opened != MANY_TAKERS + 2)
		scene_pause_ms(2);
	for (unsigned n = 0; n < lists_rounds("ORD_JOBS_RESTARTS", 6); n++) {
		scene_pause_ms(60);
		lists_tell_server(n % 2 == 0 ? "crash" : "stop");
		scene_pause_ms(20);
		lists_tell_server("start");
	}
	lists_await(2);
	many_end(&at, seen);
	/* Who has no patience is told. */
	snprintf(address, sizeof address, "%s&patience=0", at.address);
	CHECK_EQ(ord_jobs_new(&away, NULL), 0);
	JOBS_OK(away, ord_jobs_open(away, address));
	lists_tell_server("crash");
	JOBS_SAYS(away, ord_jobs_add(away, &ORD_JOB(.name = "z")), ORD_ESYSTEM, "is the server running");
	/* And who is interrupted. */
	JOBS_OK(jobs, ord_jobs_interrupt(jobs));
	JOBS_SAYS(jobs, ord_jobs_add(jobs, &ORD_JOB(.name = "z")), ORD_EINTERRUPTED, "waiting for the server");
	lists_tell_server("start");
	JOBS_OK(away, ord_jobs_add(away, &ORD_JOB(.name = "z")));
	JOBS_OK(jobs, ord_job_done(TAKE(jobs, "z")));
	ord_jobs_destroy(&away);
	ord_jobs_destroy(&jobs);
	munmap(seen, sizeof *seen);
	lists_end(&at);
}
