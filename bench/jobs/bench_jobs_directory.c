/*
 * Job lists in directories: takers that do nothing, against a raw loop of a
 * cached listing and two renames per job, in pairs in one run.
 *
 * usage: bench_jobs_directory [JOBS [TAKERS [FOLDER]]]
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

static void
report(struct race race, uint64_t jobs, unsigned takers, double original)
{
	struct race_store store = { .name = "directory",
		.goal = "ratio >= 0.5",
		.raw_fill = takers <= 2 ? list_fill : NULL,
		.raw_take = raw_take,
		.our_fill = list_fill,
		.our_take = our_take,
		.inside = true,
		.original = original != 0 ? "dirjobs, measured once" : NULL,
		.original_rate = original };

	race.jobs = jobs;
	race.takers = takers;
	race_prepare(&race);
	race_report(&race, &store);
}

int
main(int argc, char **argv)
{
	char folder[256], path[300], address[310];
	struct race race = { .address = address, .path = path };

	snprintf(folder, sizeof folder, "%s/bench-jobs-XXXXXX", argc > 3 ? argv[3] : "/tmp");
	if (mkdtemp(folder) == NULL)
		fail("usage: bench_jobs_directory [JOBS [TAKERS [FOLDER]]]");
	snprintf(path, sizeof path, "%s/jobs", folder);
	snprintf(address, sizeof address, "dir:%s", path);
	if (argc > 1) {
		report(race, strtoull(argv[1], NULL, 10), argc > 2 ? (unsigned)atoi(argv[2]) : 2, 0);
	} else {
		report(race, 5000, 2, 510);
		report(race, 20000, 2, 351);
		report(race, 20000, 4, 0);
	}
	list_remove(path);
	rmdir(folder);
	return 0;
}
