/* Lists in a loop of the host's (ord_jobs_fd), what all takers have done (on_progress), and batches that leave something to others. */
#include "lists.h"

#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const int lists_server = 1;

#define LONG_MS 20000 /* far longer than anything takes */

static int
readable(int fd, int timeout_ms)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN };

	return poll(&entry, 1, timeout_ms) == 1;
}

/* The status of a take, once the descriptor could be read and there was something. */
static int
take_when_readable(struct ord_jobs *jobs, struct ord_job **job)
{
	for (int rounds = 0; rounds < 50; rounds++) {
		int status;

		CHECK(readable(ord_jobs_fd(jobs), LONG_MS));
		status = ord_jobs_claim(jobs, job);
		if (status != ORD_EAGAIN && status != ORD_EEMPTY)
			return status;
	}
	return ORD_ESTALLED;
}

/* Nothing more is to be heard: a few rounds may be for nothing. */
static void
calm_down(struct ord_jobs *jobs, int status)
{
	struct ord_job *job;
	int rounds = 0;

	for (; readable(ord_jobs_fd(jobs), 50) && rounds < 20; rounds++)
		CHECK_EQ(ord_jobs_claim(jobs, &job), status);
	CHECK(rounds < 20);
}

SCENE(loop, jobs_that_others_add_free_and_end)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .wait = ORD_JOBS_WAIT_NEVER), *two = OPEN(&at, .taker = "two");
		struct ord_job *mine, *other;
		int fd = ord_jobs_fd(one);

		CHECK(fd > 2);
		CHECK_EQ(ord_jobs_fd(one), fd);
		/* Nobody has looked yet. */
		CHECK(readable(fd, 0));
		calm_down(one, ORD_EEMPTY);
		ADD(two, .name = "a");
		CHECK_EQ(take_when_readable(one, &mine), 0);
		JOBS_OK(one, ord_job_done(mine));
		/* One that another holds, and gives back. */
		ADD(two, .name = "b", .failed_retries = 1);
		other = TAKE(two, "b");
		calm_down(one, ORD_EAGAIN);
		JOBS_OK(two, ord_job_fail(other, "first"));
		CHECK_EQ(take_when_readable(one, &mine), 0);
		CHECK_EQ(ord_job_attempt(mine), 2);
		calm_down(one, ORD_EAGAIN);
		/* Lost while it works: said by renew. */
		JOBS_OK(two, ord_jobs_cancel(two, "b", NULL));
		JOBS_SAYS(one, ord_job_renew(mine), ORD_ELOST, "'b'");
		CHECK_EQ(ord_jobs_interrupt(one), 0);
		CHECK_EQ(take_when_readable(one, &mine), ORD_EINTERRUPTED);
		calm_down(one, ORD_EEMPTY);
		JOBS_SAYS(two, ord_jobs_fd(two), ORD_EINVAL, "ORD_JOBS_WAIT_NEVER");
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
	CHECK_EQ(ord_jobs_fd(NULL), ORD_EINVAL);
}

static int
see_job(const struct ord_job *job, void *user)
{
	(void)job;
	(void)user;
	return 0;
}

static int
see_run(const struct ord_job_run *run, void *user)
{
	(void)run;
	(void)user;
	return 0;
}

static int
see_taker(const struct ord_taker *taker, void *user)
{
	(void)taker;
	(void)user;
	return 0;
}

/* Calls of the host's own that come between: by then the store has the news, and may tell them with its answer. */
static void
call_something(struct ord_jobs *one, int which)
{
	struct ord_job *job;

	switch (which) {
	case 0: lists_counts(one); break;
	case 1: JOBS_OK(one, ord_jobs_each(one, 0, see_job, NULL)); break;
	case 2: JOBS_OK(one, ord_jobs_takers(one, see_taker, NULL)); break;
	case 3: JOBS_OK(one, ord_jobs_runs(one, "mine", see_run, NULL)); break;
	case 4: ADD(one, .name = "mine"); break;
	case 5: JOBS_OK(one, ord_jobs_add_range(one, 0)); break;
	case 6: JOBS_OK(one, ord_jobs_cancel(one, "nothing", NULL)); break;
	case 7: JOBS_SAYS(one, ord_jobs_lock(one, "lock", 30), ORD_ETIMEDOUT, ""); break;
	case 8: JOBS_SAYS(one, ord_jobs_unlock(one, "lock"), ORD_ELOST, ""); break;
	case 9: JOBS_OK(one, ord_jobs_held(one, "mine", 0, &job)); break;
	default: JOBS_OK(one, ord_jobs_held(one, "mine", 0, &job)); JOBS_OK(one, ord_job_done(job));
	}
}

SCENE(loop, no_call_of_the_hosts_own_hides_news)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .wait = ORD_JOBS_WAIT_NEVER), *two = OPEN(&at, .taker = "two");
		struct ord_job *job;

		JOBS_OK(two, ord_jobs_lock(two, "lock", 0));
		ADD(one, .name = "mine");
		CHECK_EQ(take_when_readable(one, &job), 0);
		for (int i = 0; i <= 10; i++) {
			calm_down(one, ORD_EAGAIN);
			ADD(two, .name = "theirs", .payload = &i, .payload_size = sizeof i);
			scene_pause_ms(20);
			call_something(one, i);
			CHECK_EQ(take_when_readable(one, &job), 0);
			CHECK_EQ(strcmp(ord_job_name(job), "theirs"), 0);
			JOBS_OK(one, ord_job_done(job));
		}
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* Who holds as much as he can renews when the descriptor says so: that alone says nothing. */
SCENE(loop, renewing_is_no_news)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one", .wait = ORD_JOBS_WAIT_NEVER);
		struct ord_job *job;
		int rounds = 0;

		ADD(one, .name = "a");
		CHECK_EQ(take_when_readable(one, &job), 0);
		for (; readable(ord_jobs_fd(one), 50) && rounds < 20; rounds++)
			JOBS_OK(one, ord_job_renew(job));
		CHECK(rounds < 20);
		JOBS_OK(one, ord_job_done(job));
		ord_jobs_destroy(&one);
	}
}

static void
add_and_take(struct ord_jobs *jobs)
{
	ADD(jobs, .name = "a", .killed_retries = 1);
	TAKE(jobs, "a");
}

/* A taker that only watches hears of a death once, and of what changed too soon behind the last time it was told. */
SCENE(loop, a_watch_ends_with_a_death_once)
{
	for (EACH_STORE_BUT(at, "memory")) {
		struct ord_jobs *one;
		int rounds = 0;
		pid_t pid;

		pid = lists_holder(&at, &ORD_JOBS_OPTIONS(.taker = "other"), add_and_take);
		one = OPEN(&at, .taker = "one");
		while (ord_jobs_watch(one, 20) == 0)
			;
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		while (lists_counts(one).running != 0 && rounds++ < 20)
			JOBS_OK(one, ord_jobs_watch(one, LONG_MS));
		CHECK(rounds < 20);
		ord_jobs_destroy(&one);
	}
}

SCENE(loop, who_only_looks_hears_of_changes)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *eye = OPEN(&at, .read_only = 1);
		int rounds = 0;

		for (; readable(ord_jobs_fd(eye), 50) && rounds < 20; rounds++)
			ord_jobs_watch(eye, 0);
		CHECK(rounds < 20);
		ADD(one, .name = "a");
		CHECK(readable(ord_jobs_fd(eye), LONG_MS));
		JOBS_OK(eye, ord_jobs_watch(eye, 0));
		ord_jobs_destroy(&eye);
		ord_jobs_destroy(&one);
	}
}

/* Also of jobs that were taken and ended between two looks at the list. */
SCENE(loop, who_only_looks_hears_of_what_was_short)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .taker = "one"), *eye = OPEN(&at, .read_only = 1);
		struct ord_job *job;

		JOBS_OK(one, ord_jobs_add_range(one, 2));
		while (ord_jobs_watch(eye, 200) == 0)
			;
		JOBS_OK(one, ord_job_done(TAKE(one, "0")));
		JOBS_OK(eye, ord_jobs_watch(eye, LONG_MS));
		while (ord_jobs_watch(eye, 200) == 0)
			;
		JOBS_OK(one, ord_jobs_take(one, &job));
		JOBS_SAYS(one, ord_jobs_take(one, &job), ORD_EEMPTY, "");
		JOBS_OK(eye, ord_jobs_watch(eye, LONG_MS));
		ord_jobs_destroy(&eye);
		ord_jobs_destroy(&one);
	}
}

/* The death of another ends the host's wait; also if a process that the host forked has the descriptors. */
SCENE(loop, the_death_of_a_taker_is_heard)
{
	for (EACH_STORE_BUT(at, "memory")) {
		struct ord_jobs *one;
		struct ord_job *job;
		pid_t pid, heir;

		pid = lists_holder(&at, &ORD_JOBS_OPTIONS(.taker = "other"), add_and_take);
		one = OPEN(&at, .taker = "one", .wait = ORD_JOBS_WAIT_NEVER);
		calm_down(one, ORD_EAGAIN);
		heir = fork();
		if (heir == 0) {
			pause();
			_exit(0);
		}
		CHECK_EQ(kill(pid, SIGKILL), 0);
		CHECK_EQ(take_when_readable(one, &job), 0);
		CHECK_EQ(ord_job_kills(job), 1);
		CHECK_EQ(waitpid(pid, NULL, 0), pid);
		calm_down(one, ORD_EAGAIN);
		JOBS_OK(one, ord_job_done(job));
		CHECK_EQ(kill(heir, SIGKILL), 0);
		CHECK_EQ(waitpid(heir, NULL, 0), heir);
		ord_jobs_destroy(&one);
	}
}

/* --- progress --- */

struct told {
	unsigned times;
	struct ord_job_counts last;
};

static void
note(const struct ord_job_counts *counts, void *user)
{
	struct told *told = user;

	CHECK(memcmp(&told->last, counts, sizeof *counts) != 0);
	CHECK(counts->done >= told->last.done);
	told->times++;
	told->last = *counts;
}

/* What all takers completed, not only this one; seldom; and the last word is the end. */
SCENE(loop, progress_is_that_of_all_takers)
{
	for (EACH_STORE(at)) {
		struct told told = { 0 }, rare = { 0 };
		struct ord_jobs *one = OPEN(&at, .on_progress = note, .on_progress_user = &told, .progress_ms = 1);
		struct ord_jobs *two = OPEN(&at, .on_progress = note, .on_progress_user = &rare, .progress_ms = 1000000);
		struct ord_job *job;

		JOBS_OK(one, ord_jobs_add_range(one, 200));
		for (int i = 0; i < 100; i++) {
			JOBS_OK(one, ord_jobs_take(one, &job));
			JOBS_OK(two, ord_jobs_take(two, &job));
		}
		JOBS_OK(two, ord_jobs_close(two));
		JOBS_SAYS(one, ord_jobs_take(one, &job), ORD_EEMPTY, "");
		CHECK(told.times > 1);
		CHECK_EQ(told.last.done, 200);
		CHECK_EQ(told.last.total, 200);
		CHECK_EQ(rare.times, 1);
		ord_jobs_destroy(&two);
		ord_jobs_destroy(&one);
	}
}

/* --- batches --- */

/* A batch grows while jobs take no time, and is one job again behind a long one. */
SCENE(loop, a_batch_is_a_short_time_of_work)
{
	for (EACH_STORE(at)) {
		struct ord_jobs *one = OPEN(&at, .batch = 16);
		struct ord_job *job;
		uint64_t running;

		JOBS_OK(one, ord_jobs_add_range(one, 600));
		JOBS_OK(one, ord_jobs_take(one, &job));
		CHECK_EQ(lists_counts(one).running, 1);
		/* Counting is slow in some stores: not between all of them. */
		for (int i = 1; i < 500 && (i % 10 != 0 || lists_counts(one).running < 3); i++)
			JOBS_OK(one, ord_jobs_take(one, &job));
		CHECK(lists_counts(one).running >= 3);
		/* Slow ones: what is here is worked off, and then each is taken for itself. */
		for (int slow = 0; slow < 20; slow++) {
			poll(NULL, 0, 25);
			JOBS_OK(one, ord_jobs_take(one, &job));
			running = lists_counts(one).running;
		}
		CHECK_EQ(running, 1);
		ord_jobs_destroy(&one);
	}
}
