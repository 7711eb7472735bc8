/*
 * Job lists in directories: takers that do nothing, against a raw loop of a
 * cached listing and two renames per job, in pairs in one run.
 *
 * usage: bench_directory [JOBS [TAKERS [ROUNDS [FOLDER]]]]
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <orderly/jobs.h>

#define TAKERS_MAX 16

struct seen {
	_Atomic unsigned ready;
	_Atomic unsigned go;
	_Atomic uint64_t taken;
	uint64_t of[TAKERS_MAX];
};

struct run {
	char path[300], address[310];
	uint64_t jobs;
	unsigned takers;
	struct seen *seen;
	double cpu_us; /* of all takers, per job */
	double share; /* of the taker who got the least */
};

static void
die(const char *why)
{
	fprintf(stderr, "bench_directory: %s\n", why);
	_exit(1);
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
remove_list(const struct run *run)
{
	char command[400];

	snprintf(command, sizeof command, "rm -rf '%s'", run->path);
	if (system(command) != 0)
		die("cannot remove the list");
}

static struct ord_jobs *
list_open(const struct run *run)
{
	struct ord_jobs *jobs;

	if (ord_jobs_new(&jobs, NULL) != 0)
		die("no memory");
	if (ord_jobs_open(jobs, run->address) != 0)
		die(ord_jobs_error(jobs));
	return jobs;
}

static uint64_t
list_take(const struct run *run)
{
	struct ord_jobs *jobs = list_open(run);
	struct ord_job *job;
	uint64_t taken = 0;

	while (run->seen->go == 0)
		usleep(100);
	while (ord_jobs_take(jobs, &job) == 0) {
		taken++;
		run->seen->taken++;
	}
	ord_jobs_destroy(&jobs);
	return taken;
}

/* The names that wait, in the order of the directory. */
static char **
raw_list(int root, uint64_t *n)
{
	char **names = malloc(1000000 * sizeof *names);
	int fd = openat(root, "00_waiting", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fdopendir(fd);
	const struct dirent *entry;

	for (*n = 0; (entry = readdir(stream)) != NULL && *n < 1000000;)
		if (entry->d_name[0] != '.')
			names[(*n)++] = strdup(entry->d_name);
	closedir(stream);
	return names;
}

static uint64_t
raw_take(const struct run *run)
{
	int root = open(run->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t taken = 0, n;
	char from[300], to[300], done[300];

	while (run->seen->go == 0)
		usleep(100);
	do {
		char **names = raw_list(root, &n);

		for (uint64_t i = 0; i < n; i++) {
			snprintf(from, sizeof from, "00_waiting/%s", names[i]);
			snprintf(to, sizeof to, "01_running/w%d.%s", (int)getpid(), names[i]);
			if (renameat(root, from, root, to) != 0)
				continue;
			snprintf(done, sizeof done, "02_done/%s", names[i]);
			if (renameat(root, to, root, done) != 0)
				die("a claim was lost");
			taken++;
			run->seen->taken++;
		}
		for (uint64_t i = 0; i < n; i++)
			free(names[i]);
		free(names);
	} while (n != 0);
	close(root);
	return taken;
}

/* Of children that were waited for. */
static double
cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Jobs a second, from the start barrier to the last job's end. */
static double
measure(struct run *run, uint64_t (*take)(const struct run *run))
{
	struct ord_jobs *jobs;
	double began, cpu;
	uint64_t least = UINT64_MAX;

	remove_list(run);
	jobs = list_open(run);
	if (ord_jobs_add_range(jobs, run->jobs) != 0)
		die(ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
	cpu = cpu_s();
	memset(run->seen, 0, sizeof *run->seen);
	for (unsigned i = 0; i < run->takers; i++) {
		if (fork() != 0)
			continue;
		run->seen->ready++;
		run->seen->of[i] = take(run);
		_exit(0);
	}
	while (run->seen->ready != run->takers)
		usleep(100);
	usleep(20000);
	began = now_s();
	run->seen->go = 1;
	while (wait(NULL) > 0)
		;
	began = now_s() - began;
	run->cpu_us = (cpu_s() - cpu) * 1e6 / (double)run->jobs;
	if (run->seen->taken != run->jobs)
		die("not every job was taken once");
	for (unsigned i = 0; i < run->takers; i++)
		least = run->seen->of[i] < least ? run->seen->of[i] : least;
	run->share = (double)least / (double)run->jobs;
	return (double)run->jobs / began;
}

int
main(int argc, char **argv)
{
	struct run run = { .jobs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000,
		.takers = argc > 2 ? (unsigned)atoi(argv[2]) : 2 };
	int rounds = argc > 3 ? atoi(argv[3]) : 3;
	char folder[256];

	snprintf(folder, sizeof folder, "%s/bench-jobs-XXXXXX", argc > 4 ? argv[4] : "/tmp");
	if (run.takers < 1 || run.takers > TAKERS_MAX || rounds < 1 || mkdtemp(folder) == NULL)
		die("usage: bench_directory [JOBS [TAKERS [ROUNDS [FOLDER]]]]");
	snprintf(run.path, sizeof run.path, "%s/jobs", folder);
	snprintf(run.address, sizeof run.address, "dir:%s", run.path);
	run.seen = mmap(NULL, sizeof *run.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (run.seen == MAP_FAILED)
		die("no memory");
	for (int i = 0; i < rounds; i++) {
		double raw = measure(&run, raw_take), raw_cpu = run.cpu_us, ours = measure(&run, list_take);

		printf("{\"bench\":\"jobs_directory\",\"jobs\":%" PRIu64 ",\"takers\":%u,\"raw_per_s\":%.0f,\"orderly_per_s\":%.0f,\"ratio\":%.2f,\"raw_cpu_us\":%.1f,\"orderly_cpu_us\":%.1f,\"least_share\":%.2f}\n",
			run.jobs, run.takers, raw, ours, ours / raw, raw_cpu, run.cpu_us, run.share);
		fflush(stdout);
	}
	remove_list(&run);
	rmdir(folder);
	return 0;
}
