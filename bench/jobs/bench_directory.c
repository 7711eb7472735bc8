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
#include <sys/stat.h>
#include <unistd.h>

#include "jobs/race.h"
#include "support/measure.h"

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
raw_take(const struct race *race)
{
	int root = open(race->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t taken = 0, n;
	char from[300], to[300], done[300];

	race_ready(race);
	do {
		char **names = raw_list(root, &n);

		for (uint64_t i = 0; i < n; i++) {
			snprintf(from, sizeof from, "00_waiting/%s", names[i]);
			snprintf(to, sizeof to, "01_running/w%d.%s", (int)getpid(), names[i]);
			if (renameat(root, from, root, to) != 0)
				continue;
			snprintf(done, sizeof done, "02_done/%s", names[i]);
			if (renameat(root, to, root, done) != 0)
				fail("a claim was lost");
			taken++;
		}
		for (uint64_t i = 0; i < n; i++)
			free(names[i]);
		free(names);
	} while (n != 0);
	close(root);
	return taken;
}

/* Behind the barrier there are only the jobs, as in the raw loop. */
static uint64_t
our_take(const struct race *race)
{
	struct ord_jobs *jobs = list_open(race->address, NULL);

	race_ready(race);
	return race_list(race, jobs);
}

int
main(int argc, char **argv)
{
	char folder[256], path[300], address[310];
	struct race race = { .address = address,
		.path = path,
		.jobs = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000,
		.takers = argc > 2 ? (unsigned)atoi(argv[2]) : 2 };
	int turns = argc > 3 ? atoi(argv[3]) : 3;

	snprintf(folder, sizeof folder, "%s/bench-jobs-XXXXXX", argc > 4 ? argv[4] : "/tmp");
	if (turns < 1 || mkdtemp(folder) == NULL)
		fail("usage: bench_directory [JOBS [TAKERS [ROUNDS [FOLDER]]]]");
	snprintf(path, sizeof path, "%s/jobs", folder);
	snprintf(address, sizeof address, "dir:%s", path);
	race_prepare(&race);
	for (int i = 0; i < turns; i++) {
		struct race_figures raw, ours;

		list_fill(&race);
		raw = race_run(&race, raw_take);
		list_fill(&race);
		ours = race_run(&race, our_take);
		printf("{\"bench\":\"jobs_directory\",\"jobs\":%" PRIu64 ",\"takers\":%u,\"raw_per_s\":%.0f,\"orderly_per_s\":%.0f,\"ratio\":%.2f,\"raw_cpu_us\":%.1f,\"orderly_cpu_us\":%.1f,\"least_share\":%.2f}\n",
			race.jobs, race.takers, raw.rate, ours.rate, ours.rate / raw.rate, raw.cpu_us, ours.cpu_us, ours.least);
		fflush(stdout);
	}
	list_remove(path);
	rmdir(folder);
	return 0;
}
