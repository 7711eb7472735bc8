/* Takers that race; see race.h. */
#define _GNU_SOURCE
#include "race.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/measure.h"

#define STEP 16 /* so many are told at once */

struct race_seen {
	_Atomic unsigned ready;
	_Atomic bool go, dry;
	uint64_t taken[RACE_TAKERS_MAX];
	uint64_t rich[RACE_TAKERS_MAX]; /* taken while nobody was dry */
	_Atomic uint64_t all;           /* taken by race_list */
	_Atomic uint64_t tenth_ns[11];  /* when so many tenths of the jobs were taken */
};

struct ord_jobs *
list_open(const char *address, const struct ord_jobs_options *options)
{
	struct ord_jobs *jobs;

	if (ord_jobs_new(&jobs, options) != 0)
		fail("no memory");
	if (ord_jobs_open(jobs, address) != 0)
		fail("%s", ord_jobs_error(jobs));
	return jobs;
}

void
list_remove(const char *path)
{
	char command[1000];

	snprintf(command, sizeof command, "rm -rf '%s' '%s-wal' '%s-shm'", path, path, path);
	if (system(command) != 0)
		fail("cannot remove the list %s", path);
}

static struct ord_jobs *
own_list(const struct race *race)
{
	return list_open(race->address, &ORD_JOBS_OPTIONS(.batch = race->batch));
}

void
list_fill(const struct race *race)
{
	struct ord_jobs *jobs;

	if (race->path != NULL)
		list_remove(race->path);
	jobs = own_list(race);
	if (ord_jobs_add_range(jobs, race->jobs) != 0)
		fail("%s", ord_jobs_error(jobs));
	ord_jobs_destroy(&jobs);
}

void
race_prepare(struct race *race)
{
	if (race->takers < 1 || race->takers > RACE_TAKERS_MAX)
		fail("there must be 1 … %d takers", RACE_TAKERS_MAX);
	race->seen = mmap(
		NULL, sizeof *race->seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (race->seen == MAP_FAILED)
		fail("no memory");
}

void
race_ready(const struct race *race)
{
	race->seen->ready++;
	while (!race->seen->go)
		usleep(100);
}

/* STEP more were taken. */
static void
note_tenth(const struct race *race)
{
	uint64_t all = race->seen->all += STEP, tenth = all * 10 / race->jobs;

	if (race->seen->tenth_ns[tenth] == 0)
		race->seen->tenth_ns[tenth] = now_ns();
}

uint64_t
race_list(const struct race *race, struct ord_jobs *jobs)
{
	struct ord_job *job;
	uint64_t taken = 0;
	int status;

	while ((status = ord_jobs_take(jobs, &job)) == 0) {
		taken++;
		if (taken % STEP == 0)
			note_tenth(race);
		if (!race->seen->dry)
			race->seen->rich[race->self] = taken;
	}
	if (status != ORD_EEMPTY)
		fail("%s", ord_jobs_error(jobs));
	race->seen->dry = true;
	ord_jobs_destroy(&jobs);
	return taken;
}

uint64_t
race_take(const struct race *race)
{
	race_ready(race);
	return race_list(race, own_list(race));
}

/* User and system time of the children that were waited for. */
static double
children_cpu_s(void)
{
	struct rusage usage;

	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
start_takers(
	const struct race *race, uint64_t (*take)(const struct race *race), pid_t pids[RACE_TAKERS_MAX])
{
	for (unsigned i = 0; i < race->takers; i++) {
		struct race own = *race;

		pids[i] = fork();
		if (pids[i] < 0)
			fail("cannot fork");
		if (pids[i] > 0)
			continue;
		own.self = i;
		race->seen->taken[i] = take(&own);
		_exit(0);
	}
	while (race->seen->ready != race->takers) {
		for (unsigned i = 0; i < race->takers; i++)
			if (waitpid(pids[i], NULL, WNOHANG) != 0)
				fail("a taker ended before the start");
		usleep(100);
	}
}

/* The takers only: the bench may have other children. */
static void
await_takers(const struct race *race, const pid_t pids[RACE_TAKERS_MAX])
{
	int status;

	for (unsigned i = 0; i < race->takers; i++)
		if (waitpid(pids[i], &status, 0) != pids[i] || status != 0)
			fail("a taker failed");
}

static uint64_t
total(const uint64_t *numbers, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += numbers[i];
	return sum;
}

static double
least_part(const uint64_t *numbers, unsigned n)
{
	uint64_t all = total(numbers, n), least = UINT64_MAX;

	for (unsigned i = 0; i < n; i++)
		if (numbers[i] < least)
			least = numbers[i];
	return all == 0 ? 0 : (double)least / (double)all;
}

static double
most_part(const uint64_t *numbers, unsigned n)
{
	uint64_t all = total(numbers, n), most = 0;

	for (unsigned i = 0; i < n; i++)
		if (numbers[i] > most)
			most = numbers[i];
	return all == 0 ? 0 : (double)most / (double)all;
}

static double
growth(const _Atomic uint64_t tenth_ns[11])
{
	return tenth_ns[2] == tenth_ns[1]
		? 0
		: (double)(tenth_ns[9] - tenth_ns[8]) / (double)(tenth_ns[2] - tenth_ns[1]);
}

struct race_figures
race_run(const struct race *race, uint64_t (*take)(const struct race *race))
{
	pid_t pids[RACE_TAKERS_MAX];
	double cpu = children_cpu_s(), seconds;
	uint64_t began;

	memset(race->seen, 0, sizeof *race->seen);
	start_takers(race, take, pids);
	began = now_ns();
	race->seen->go = true;
	await_takers(race, pids);
	seconds = (double)(now_ns() - began) / 1e9;
	cpu = children_cpu_s() - cpu;
	if (total(race->seen->taken, race->takers) != race->jobs)
		fail("not every job was taken once");
	return (struct race_figures){ (double)race->jobs / seconds, cpu * 1e6 / (double)race->jobs,
		least_part(race->seen->taken, race->takers), least_part(race->seen->rich, race->takers),
		most_part(race->seen->rich, race->takers), growth(race->seen->tenth_ns) };
}

/* --- what is printed --- */

/* Of a race that ran several times. */
struct told {
	struct series rate, cpu_us, least, most, growth;
};

static void
tell(struct told *told, const struct race_figures *figures)
{
	series_add(&told->rate, figures->rate);
	series_add(&told->cpu_us, figures->cpu_us);
	series_add(&told->least, 100 * figures->least_rich);
	series_add(&told->most, 100 * figures->most_rich);
	series_add(&told->growth, figures->growth);
}

static void
print(const struct race *race, const struct race_store *store, const struct figure *figure, const struct series *ours,
	const struct series *theirs)
{
	struct figure named = *figure;
	char name[200], how[40] = "";

	if (race->batch == 1)
		snprintf(how, sizeof how, " one at a time");
	else if (race->batch > 1)
		snprintf(how, sizeof how, " in batches of %u", race->batch);
	snprintf(name, sizeof name, "%s, %s, %u takers, %llu jobs%s", figure->name, store->name, race->takers,
		(unsigned long long)race->jobs, how);
	named.name = name;
	figure_print(&named, ours, theirs);
}

static void
print_rates(const struct race *race, const struct race_store *store, const struct told *ours, const struct told *raw)
{
	struct series original = { .n = 0 };

	print(race, store, &(struct figure){ .name = "jobs a second", .unit = "jobs/s", .against = "raw loop", .goal = store->goal },
		&ours->rate, &raw->rate);
	if (store->inside)
		print(race, store, &(struct figure){ .name = "CPU per job", .unit = "us", .against = "raw loop" }, &ours->cpu_us,
			&raw->cpu_us);
	for (size_t i = 0; i < ours->rate.n; i++)
		series_add(&original, store->original_rate);
	if (store->original != NULL)
		print(race, store, &(struct figure){ .name = "jobs a second", .unit = "jobs/s", .against = store->original },
			&ours->rate, &original);
	print(race, store, &(struct figure){ .name = "slowing down, ninth tenth to second", .unit = "x", .goal = "<= 1.5" },
		&ours->growth, NULL);
}

void
race_report(const struct race *race, const struct race_store *store)
{
	struct told raw = { .rate = { .n = 0 } }, ours = raw;

	for (size_t i = 0; i < rounds(); i++) {
		struct race_figures figures;

		if (store->raw_fill != NULL) {
			store->raw_fill(race);
			figures = race_run(race, store->raw_take);
			tell(&raw, &figures);
		}
		store->our_fill(race);
		figures = race_run(race, store->our_take);
		tell(&ours, &figures);
	}
	if (store->raw_fill != NULL)
		print_rates(race, store, &ours, &raw);
	/* With more takers than processors chance has a larger part. */
	print(race, store,
		&(struct figure){ .name = "smallest share", .unit = "%", .goal = race->takers > 2 ? ">= 15" : ">= 40" }, &ours.least, NULL);
	if (race->takers > 2)
		print(race, store, &(struct figure){ .name = "largest share", .unit = "%", .goal = "<= 40" }, &ours.most, NULL);
}
