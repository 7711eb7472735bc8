/*
 * Takers of a list in SQLite that do something: what a second one gains on items of 20 ms, and how long a job of one
 * that was killed lies until another has it.
 *
 * usage: bench_jobs_takers [ITEMS [KILLS]]
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/race.h"
#include "support/measure.h"

#define KILLS_MAX 1000

static char path[64];

static double
now_s(void)
{
	return (double)now_ns() / 1e9;
}

static struct ord_jobs *
own_list(void)
{
	return list_open(path, &ORD_JOBS_OPTIONS(.killed_retries = 1000000));
}

/* Seconds for so many items of 20 ms. */
static double
work(unsigned takers, unsigned items)
{
	struct ord_jobs *jobs = own_list();
	struct ord_job *job;
	double began;

	if (ord_jobs_add_range(jobs, items) != 0)
		fail("%s", ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
	began = now_s();
	for (unsigned i = 0; i < takers; i++) {
		if (fork() != 0)
			continue;
		jobs = own_list();
		while (ord_jobs_take(jobs, &job) == 0)
			usleep(20000);
		ord_jobs_destroy(&jobs);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	began = now_s() - began;
	list_remove(path);
	return began;
}

/* Milliseconds from SIGKILL to the next holder, who waits for it in ord_jobs_take. */
static double
taken_again(struct ord_jobs *jobs)
{
	struct ord_job *job;
	double killed;
	int pipes[2];
	char byte;
	pid_t pid, killer;

	if (ord_jobs_add(jobs, &ORD_JOB(.name = "a", .payload = &(double){ now_s() }, .payload_size = sizeof(double))) != 0 || pipe(pipes) != 0)
		fail("cannot add");
	pid = fork();
	if (pid == 0) {
		jobs = own_list();
		if (ord_jobs_take(jobs, &job) != 0 || write(pipes[1], "x", 1) != 1)
			fail("cannot take");
		for (;;)
			pause();
	}
	if (read(pipes[0], &byte, 1) != 1)
		fail("no holder");
	killer = fork();
	if (killer == 0) {
		usleep(20000);
		killed = now_s();
		kill(pid, SIGKILL);
		_exit(write(pipes[1], &killed, sizeof killed) != sizeof killed);
	}
	if (ord_jobs_take(jobs, &job) != 0 || read(pipes[0], &killed, sizeof killed) != sizeof killed)
		fail("%s", ord_jobs_error(jobs));
	killed = (now_s() - killed) * 1e3;
	if (ord_job_done(job) != 0)
		fail("%s", ord_jobs_error(jobs));
	while (wait(NULL) > 0)
		;
	close(pipes[0]);
	close(pipes[1]);
	return killed;
}

int
main(int argc, char **argv)
{
	char folder[] = "/tmp/bench-takers-XXXXXX";
	unsigned items = argc > 1 ? (unsigned)atoi(argv[1]) : 100, kills = argc > 2 ? (unsigned)atoi(argv[2]) : 10;
	struct series gain = { .n = 0 }, original = gain, lay = gain, most = gain;

	if (items < 1 || kills < 1 || kills > KILLS_MAX || mkdtemp(folder) == NULL)
		fail("usage: bench_jobs_takers [ITEMS [KILLS]]");
	snprintf(path, sizeof path, "%s/jobs.sqlite", folder);
	for (size_t i = 0; i < rounds(); i++) {
		double one = work(1, items), sum = 0, worst = 0;
		struct ord_jobs *jobs;

		series_add(&gain, one / work(2, items));
		series_add(&original, 0.94);
		jobs = own_list();
		for (unsigned k = 0; k < kills; k++) {
			double ms = taken_again(jobs);

			sum += ms;
			worst = ms > worst ? ms : worst;
		}
		series_add(&lay, sum / kills);
		series_add(&most, worst);
		ord_jobs_destroy(&jobs);
		list_remove(path);
	}
	figure_print(&(struct figure){ .name = "two takers to one, items of 20 ms, SQLite", .unit = "x", .against = "laufband, measured once", .goal = ">= 1.95" }, &gain, &original);
	figure_print(&(struct figure){ .name = "a killed taker's job is another's after, SQLite", .unit = "ms" }, &lay, NULL);
	figure_print(&(struct figure){ .name = "a killed taker's job is another's after, SQLite, the longest of several", .unit = "ms", .goal = "<= 100" }, &most, NULL);
	rmdir(folder);
	return 0;
}
