/*
 * Takers of a list in SQLite that do something: what a second one gains on items of 20 ms, and how long a job of one
 * that was killed lies until another has it.
 *
 * usage: bench_takers [ITEMS [KILLS]]
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orderly/jobs.h>

#define KILLS_MAX 1000

static char path[64];

static void
die(const char *why)
{
	fprintf(stderr, "bench_takers: %s\n", why);
	_exit(1);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct ord_jobs *
list_open(void)
{
	struct ord_jobs *jobs;

	if (ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.killed_retries = 1000000)) != 0)
		die("no memory");
	if (ord_jobs_open(jobs, path) != 0)
		die(ord_jobs_error(jobs));
	return jobs;
}

static void
remove_list(void)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char name[80];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof name, "%s%s", path, ends[i]);
		unlink(name);
	}
}

/* Seconds for so many items of 20 ms. */
static double
work(unsigned takers, unsigned items)
{
	struct ord_jobs *jobs = list_open();
	struct ord_job *job;
	double began;

	if (ord_jobs_add_range(jobs, items) != 0)
		die(ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
	began = now_s();
	for (unsigned i = 0; i < takers; i++) {
		if (fork() != 0)
			continue;
		jobs = list_open();
		while (ord_jobs_take(jobs, &job) == 0)
			usleep(20000);
		ord_jobs_destroy(&jobs);
		_exit(0);
	}
	while (wait(NULL) > 0)
		;
	began = now_s() - began;
	remove_list();
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
		die("cannot add");
	pid = fork();
	if (pid == 0) {
		jobs = list_open();
		if (ord_jobs_take(jobs, &job) != 0 || write(pipes[1], "x", 1) != 1)
			die("cannot take");
		for (;;)
			pause();
	}
	if (read(pipes[0], &byte, 1) != 1)
		die("no holder");
	killer = fork();
	if (killer == 0) {
		usleep(20000);
		killed = now_s();
		kill(pid, SIGKILL);
		_exit(write(pipes[1], &killed, sizeof killed) != sizeof killed);
	}
	if (ord_jobs_take(jobs, &job) != 0 || read(pipes[0], &killed, sizeof killed) != sizeof killed)
		die(ord_jobs_error(jobs));
	killed = (now_s() - killed) * 1e3;
	if (ord_job_done(job) != 0)
		die(ord_jobs_error(jobs));
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
	unsigned items = argc > 1 ? (unsigned)atoi(argv[1]) : 100, kills = argc > 2 ? (unsigned)atoi(argv[2]) : 20;
	double one, two, sum = 0, most = 0;
	struct ord_jobs *jobs;

	if (items < 1 || kills < 1 || kills > KILLS_MAX || mkdtemp(folder) == NULL)
		die("usage: bench_takers [ITEMS [KILLS]]");
	snprintf(path, sizeof path, "%s/jobs.sqlite", folder);
	one = work(1, items);
	two = work(2, items);
	jobs = list_open();
	for (unsigned i = 0; i < kills; i++) {
		double lay = taken_again(jobs);

		sum += lay;
		if (lay > most)
			most = lay;
	}
	ord_jobs_destroy(&jobs);
	remove_list();
	printf("{\"bench\":\"jobs_takers\",\"items\":%u,\"item_ms\":20,\"one_s\":%.3f,\"two_s\":%.3f,\"gain\":%.2f,\"kills\":%u,\"again_mean_ms\":%.1f,\"again_most_ms\":%.1f}\n",
		items, one, two, one / two, kills, sum / kills, most);
	rmdir(folder);
	return 0;
}
