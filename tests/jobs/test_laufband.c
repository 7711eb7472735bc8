/* What users of laufband had and missed, as far as no other scene shows it: identifiers, states of takers, iteration without a list. */
#include "lists.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 1;

/* An identifier can be used again, behind a taker that left and behind one that died; defaults are unique, with the host. */
SCENE(laufband, identifiers_can_be_used_again)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *keep = OPEN(&at, .taker = NULL), *one, *two;
		struct ord_job *a, *b;
		char host[256] = "";

		for (int i = 0; i < 3; i++) {
			one = OPEN(&at, .taker = "slurm-4711");
			ord_jobs_destroy(&one);
		}
		if (strcmp(at.scheme, "memory") != 0) {
			pid_t pid = fork();

			if (pid == 0) {
				OPEN(&at, .taker = "slurm-4711");
				_exit(0);
			}
			CHECK_EQ(waitpid(pid, NULL, 0), pid);
			one = OPEN(&at, .taker = "slurm-4711");
			ord_jobs_destroy(&one);
		}
		ADD(keep, .name = "a");
		ADD(keep, .name = "b");
		one = OPEN(&at, .taker = NULL);
		two = OPEN(&at, .taker = NULL);
		a = TAKE(one, "a");
		b = TAKE(two, "b");
		CHECK(strcmp(ord_job_taker(a), ord_job_taker(b)) != 0);
		CHECK_EQ(gethostname(host, sizeof host - 1), 0);
		CHECK(strncmp(ord_job_taker(a), host, strlen(host)) == 0);
		ord_jobs_destroy(&one);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&keep);
	}
}

struct wanted {
	const char *name;
	int state;
	int32_t pid;
	char host[256];
};

static int
find(const struct ord_taker *taker, void *user)
{
	struct wanted *wanted = user;

	if (strcmp(taker->name, wanted->name) != 0)
		return 0;
	wanted->state = taker->state;
	wanted->pid = taker->pid;
	snprintf(wanted->host, sizeof wanted->host, "%s", taker->host);
	return 0;
}

static void
check_state(struct ord_jobs *jobs, const char *name, int state, int32_t pid)
{
	struct wanted wanted = { .name = name };
	char host[256] = "";

	JOBS_OK(jobs, ord_jobs_takers(jobs, find, &wanted));
	CHECK_EQ(wanted.state, state);
	CHECK_EQ(wanted.pid, pid);
	CHECK_EQ(gethostname(host, sizeof host - 1), 0);
	CHECK(strncmp(wanted.host, host, 64) == 0);
}

/* Idle, busy, offline, killed: with host and pid. */
SCENE(laufband, states_of_takers)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *keep = OPEN(&at, .killed_retries = 1), *one = OPEN(&at, .taker = "one");
		struct ord_job *job;
		pid_t pid;

		ADD(keep, .name = "a");
		check_state(keep, "one", ORD_TAKER_IDLE, getpid());
		job = TAKE(one, "a");
		check_state(keep, "one", ORD_TAKER_BUSY, getpid());
		JOBS_OK(one, ord_job_requeue(job));
		check_state(keep, "one", ORD_TAKER_IDLE, getpid());
		ord_jobs_destroy(&one);
		check_state(keep, "one", ORD_TAKER_OFFLINE, getpid());
		if (strcmp(at.scheme, "memory") != 0) {
			pid = fork();
			if (pid == 0) {
				TAKE(OPEN(&at, .taker = "two"), "a");
				_exit(0);
			}
			CHECK_EQ(waitpid(pid, NULL, 0), pid);
			JOBS_OK(keep, ord_job_done(TAKE(keep, "a")));
			check_state(keep, "two", ORD_TAKER_KILLED, pid);
		}
		ord_jobs_destroy(&keep);
	}
}

/* Switched off: the same loop over a list that is in this process only, and costs next to nothing also when it is long. */
SCENE(laufband, without_a_list_there_is_memory)
{
	struct ord_jobs *jobs;
	struct ord_job *job;
	uint64_t n = 0;

	CHECK_EQ(ord_jobs_new(&jobs, NULL), 0);
	JOBS_OK(jobs, ord_jobs_open(jobs, "memory:"));
	JOBS_OK(jobs, ord_jobs_add_range(jobs, 3000));
	while (ord_jobs_take(jobs, &job) == 0)
		CHECK_EQ(ord_job_index(job), n++);
	CHECK_EQ(n, 3000);
	ord_jobs_destroy(&jobs);
}

/* The first one that is through leaves; the list stays, and the others go on. */
SCENE(laufband, who_is_through_takes_nothing_away)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .wait = ORD_JOBS_WAIT_NEVER), *two = OPEN(&at, .taker = "two");
		struct ord_job *job, *last;

		JOBS_OK(one, ord_jobs_add_range(one, 3));
		JOBS_OK(two, ord_jobs_take(two, &last));
		while (ord_jobs_take(one, &job) == 0)
			;
		ord_jobs_destroy(&one);
		JOBS_SAYS(two, ord_jobs_take(two, &job), ORD_EEMPTY, "");
		CHECK_EQ(lists_counts(two).done, 3);
		/* Run again: nothing is left to do. */
		JOBS_OK(two, ord_jobs_add_range(two, 3));
		JOBS_SAYS(two, ord_jobs_take(two, &job), ORD_EEMPTY, "");
		ord_jobs_destroy(&two);
	}
}
