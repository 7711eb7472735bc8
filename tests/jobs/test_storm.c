/*
 * Everything at once, for as long as one likes: takers that are killed, a server that crashes, cables that are cut or
 * swallow, and a list with dependencies, labels and jobs of several takers. It is alone in this program.
 */
#include "cable.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 2;

enum { TAKERS = 8, JOBS_MOST = 200000, AHEAD = 200, ROUND = 40 };

/* What all processes see. */
struct sky {
	_Atomic pid_t holder[JOBS_MOST][2];
	_Atomic unsigned began[JOBS_MOST];
	_Atomic unsigned char finished[JOBS_MOST];
	_Atomic unsigned opened;
};

static const char *const needs[] = { "odd", NULL };

/* What kind of job the i-th is. */
static int
is_shared(unsigned i)
{
	return i % 11 == 5;
}

static int
is_odd(unsigned i)
{
	return i % 7 == 3;
}

static int
comes_behind(unsigned i, unsigned *other)
{
	*other = i - 1 - i % 13;
	return i % 5 == 4 && i > 20 && !is_shared(*other);
}

/* A process that is there, and not dead yet. */
static int
is_alive(pid_t pid)
{
	char path[40], line[200] = "", *state;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(line, sizeof line, file) == NULL)
		line[0] = '\0';
	fclose(file);
	state = strrchr(line, ')');
	return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

/* In this one's own place, which nobody alive has. */
static unsigned
enter(struct sky *sky, unsigned i)
{
	unsigned places = is_shared(i) ? 2 : 1;

	for (unsigned place = 0; place < places; place++) {
		pid_t before = atomic_load(&sky->holder[i][place]);

		if ((before == 0 || !is_alive(before)) &&
			atomic_compare_exchange_strong(&sky->holder[i][place], &before, getpid()))
			return place;
	}
	fprintf(stderr, "j%u is held by %d, who lives\n", i, (int)atomic_load(&sky->holder[i][0]));
	_exit(1);
}

/* Opening is not waited for by the library. */
static struct ord_jobs *
come(const struct list_at *at, unsigned number)
{
	struct ord_jobs *jobs;
	int status;

	CHECK_EQ(ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.wait = ORD_JOBS_WAIT_FOREVER, .batch = number % 3 == 0 ? 8 : 1,
					     .labels = number % 2 == 1 ? needs : NULL)), 0);
	while ((status = ord_jobs_open(jobs, at->address)) == ORD_ESYSTEM)
		scene_pause_ms(20);
	JOBS_OK(jobs, status);
	return jobs;
}

/* Until it gets a job called end…. */
static void
work(const struct list_at *at, struct sky *sky, uint64_t seed, unsigned number)
{
	int odd = number % 2 == 1;
	struct ord_jobs *jobs = come(at, number);
	struct ord_job *job;

	atomic_fetch_add(&sky->opened, 1);
	for (;;) {
		unsigned i, place, other;

		JOBS_OK(jobs, ord_jobs_take(jobs, &job));
		if (strncmp(ord_job_name(job), "end", 3) == 0)
			break;
		i = (unsigned)strtoul(ord_job_name(job) + 1, NULL, 10);
		CHECK(odd || !is_odd(i));
		CHECK(!comes_behind(i, &other) || atomic_load(&sky->finished[other]));
		place = enter(sky, i);
		atomic_fetch_add(&sky->began[i], 1);
		if (scene_random(&seed) % 2 == 0)
			scene_pause_ms((int)(scene_random(&seed) % 30));
		atomic_store(&sky->finished[i], 1);
		atomic_store(&sky->holder[i][place], 0);
		if (scene_random(&seed) % 4 == 0)
			JOBS_OK(jobs, ord_job_done(job));
	}
	JOBS_OK(jobs, ord_jobs_close(jobs));
	ord_jobs_destroy(&jobs);
	_exit(0);
}

static void
add(struct ord_jobs *jobs, unsigned from)
{
	const struct ord_job_options *all[ROUND];
	struct ord_job_options options[ROUND];
	char names[ROUND][16], before[ROUND][16];
	const char *after[ROUND][2];

	for (unsigned i = from; i < from + ROUND; i++) {
		unsigned at = i - from, other;
		int behind = comes_behind(i, &other);

		snprintf(names[at], sizeof names[at], "j%u", i);
		snprintf(before[at], sizeof before[at], "j%u", behind ? other : 0);
		after[at][0] = before[at];
		after[at][1] = NULL;
		options[at] = ORD_JOB(.name = names[at], .killed_retries = 100000, .requires = is_odd(i) ? needs : NULL,
			.after = behind ? after[at] : NULL, .max_takers = is_shared(i) ? 2 : 1);
		all[at] = &options[at];
	}
	JOBS_OK(jobs, ord_jobs_add_many(jobs, all, ROUND, NULL));
}

struct end {
	struct sky *sky;
	unsigned long kills, attempts;
};

static int
check(const struct ord_job *job, void *user)
{
	struct end *end = user;
	unsigned i = (unsigned)strtoul(ord_job_name(job) + 1, NULL, 10);
	int is_end = strncmp(ord_job_name(job), "end", 3) == 0;

	if (ord_job_state(job) != ORD_JOB_DONE)
		fprintf(stderr, "%s is %s: %s\n", ord_job_name(job), ord_job_state_name(ord_job_state(job)), ord_job_why(job));
	CHECK_EQ(ord_job_state(job), ORD_JOB_DONE);
	end->kills += ord_job_kills(job);
	end->attempts += ord_job_attempt(job);
	if (is_end || is_shared(i))
		return 0;
	if (ord_job_attempt(job) != 1 + ord_job_kills(job) || atomic_load(&end->sky->began[i]) > ord_job_attempt(job))
		fprintf(stderr, "%s: %u attempts, %u kills, begun %u times\n", ord_job_name(job), ord_job_attempt(job), ord_job_kills(job),
			atomic_load(&end->sky->began[i]));
	CHECK_EQ(ord_job_attempt(job), 1 + ord_job_kills(job));
	CHECK(atomic_load(&end->sky->began[i]) >= 1 && atomic_load(&end->sky->began[i]) <= ord_job_attempt(job));
	return 0;
}

/* One thing that goes wrong. */
static void
disturb(struct cable *cable, pid_t *takers, unsigned which, uint64_t *seed)
{
	unsigned long long dice = scene_random(seed) % 20;
	int status;

	if (dice < 12) {
		CHECK_EQ(kill(takers[which], SIGKILL), 0);
		CHECK_EQ(waitpid(takers[which], &status, 0), takers[which]);
		CHECK(WIFSIGNALED(status));
		takers[which] = 0;
	} else if (dice < 17) {
		cable_do(cable, dice == 16 ? SWALLOW : CUT_ALL, "");
		scene_pause_ms((int)(scene_random(seed) % 100));
		cable_do(cable, PASS, "");
	} else if (dice < 19) {
		lists_tell_server(dice == 17 ? "crash" : "stop");
		lists_tell_server("start");
	}
}

SCENE(storm, of_everything_leaves_every_job_done)
{
	struct list_at at = lists_only("postgresql"), far;
	struct sky *sky = lists_shared(sizeof *sky);
	struct ord_jobs *jobs = OPEN(&at, .taker = "adds", .wait = ORD_JOBS_WAIT_NEVER);
	struct ord_job *none;
	uint64_t seed = lists_rounds("ORD_JOBS_STORM_SEED", 5), until;
	unsigned added = 0, number = 0, things = 0;
	pid_t pid, takers[TAKERS] = { 0 };
	struct cable *cable = cable_new(&pid);
	struct end end = { sky, 0, 0 };

	far = cable_to(&at, cable, "&answer=1&connect_timeout=2");
	until = scene_now_ms() + 1000 * lists_rounds("ORD_JOBS_STORM_S", 2);
	while (scene_now_ms() < until) {
		for (unsigned i = 0; i < TAKERS; i++, number++) {
			if (takers[i] != 0)
				continue;
			takers[i] = fork();
			if (takers[i] == 0)
				work(i % 4 == 0 ? &at : &far, sky, 1000 + number, i);
		}
		if (added + ROUND <= JOBS_MOST && lists_counts(jobs).waiting < AHEAD) {
			add(jobs, added);
			added += ROUND;
		}
		scene_pause_ms((int)(scene_random(&seed) % 60));
		if (scene_random(&seed) % 2 == 0) {
			disturb(cable, takers, (unsigned)(scene_random(&seed) % TAKERS), &seed);
			things++;
		}
	}
	for (unsigned i = 0; i < TAKERS; i++)
		if (takers[i] == 0 && (takers[i] = fork()) == 0)
			work(&at, sky, 77 + i, i);
	for (uint64_t last = scene_now_ms() + SCENE_LONG_MS; lists_counts(jobs).done != added; scene_pause_ms(20))
		CHECK(scene_now_ms() < last);
	for (unsigned i = 0; i < TAKERS; i++) {
		char name[16];

		snprintf(name, sizeof name, "end%u", i);
		ADD(jobs, .name = name);
	}
	for (unsigned i = 0; i < TAKERS; i++)
		CHECK_EQ(scene_await(takers[i]), 0);
	/* It buries who has died last. */
	JOBS_SAYS(jobs, ord_jobs_take(jobs, &none), ORD_EEMPTY, "no job is left");
	JOBS_OK(jobs, ord_jobs_each(jobs, 0, check, &end));
	CHECK_EQ(lists_counts(jobs).total, added + TAKERS);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM holder"), 0);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM job WHERE state = 2"), 0);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM taker WHERE state = 1"), 1);
	CHECK_EQ(lists_number(&at, "SELECT count(*) FROM lock"), 0);
	if (getenv("ORD_JOBS_STORM_S") != NULL)
		fprintf(stderr, "%u jobs, %u things that went wrong, %lu attempts, %lu kills\n", added, things, end.attempts, end.kills);
	ord_jobs_destroy(&jobs);
	cable_free(cable, pid);
	munmap(sky, sizeof *sky);
	lists_end(&at);
}
