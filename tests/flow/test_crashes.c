/* What a death costs, what is tried again, and when a pool gives up. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

struct plan {
	uint32_t verb;
	uint32_t number;
};

enum verb { VERB_ECHO, VERB_KILL_SELF, VERB_KILL_OTHERS, VERB_DIE_AT_FIRST, VERB_ALWAYS_DIE };

static int
kill_neighbours(struct ord_task *task)
{
	char command[64];

	/* The workers are the children of the spawner. */
	snprintf(command, sizeof command, "pkill -KILL -P %d", (int)getppid());
	ord_log(ORD_INFO, "now");
	return system(command) >= 0 ? 0 : ord_task_fail(task, "no pkill");
}

static int
act(struct ord_task *task, void *user)
{
	struct plan plan = INPUT_AS(struct plan, task);

	(void)user;
	switch (plan.verb) {
	case VERB_KILL_OTHERS: return kill_neighbours(task);
	case VERB_DIE_AT_FIRST:
		if (ord_task_attempt(task) < plan.number)
			raise(SIGKILL);
		break;
	case VERB_KILL_SELF:
	case VERB_ALWAYS_DIE: raise(SIGKILL); break;
	}
	return ord_task_return(task, &plan.number, sizeof plan.number);
}

SCENE(crashes, one_of_a_hundred)
{
	for EACH_START (start) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 4, .start = start));
		for (uint32_t i = 0; i < 100; i++) {
			struct plan plan = { i == 50 ? VERB_KILL_SELF : VERB_ECHO, i };

			TALLY_SUBMIT(&tally, plan);
		}
		tally_close(&tally, 100);
		CHECK_EQ(tally.states[ORD_SIGNALED], 1);
		CHECK_EQ(tally.states[ORD_DONE], 99);
	}
}

/* Each of these ends at least its own worker; whatever else dies with it, every task has one result. */
SCENE(crashes, workers_that_kill_each_other)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 4, .max_deaths = 1000));
	for (uint32_t i = 0; i < 200; i++) {
		struct plan plan = { i % 10 == 3 ? VERB_KILL_OTHERS : VERB_ECHO, i };

		TALLY_SUBMIT(&tally, plan);
	}
	tally_close(&tally, 200);
	CHECK(tally.states[ORD_SIGNALED] >= 5);
	CHECK_EQ(tally.states[ORD_SIGNALED] + tally.states[ORD_DONE], 200);
}

static void
submit_after_a_crash(struct tally *tally, const struct ord_result *result)
{
	struct plan plan = { VERB_KILL_SELF, 0 };

	if (ord_result_sequence(result) < 20)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, &plan, sizeof plan, NULL));
	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
}

SCENE(crashes, submit_from_the_callback_of_a_crash)
{
	struct tally tally = { .on_result = submit_after_a_crash };
	struct plan plan = { VERB_KILL_SELF, 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 1, .max_deaths = 100));
	TALLY_SUBMIT(&tally, plan);
	tally_close(&tally, 21);
}

static void
check_retried(struct tally *tally, const struct ord_result *result)
{
	uint64_t sequence = ord_result_sequence(result);

	(void)tally;
	if (sequence % 10 != 0) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		CHECK_EQ(ord_result_attempts(result), 1);
		return;
	}
	CHECK_EQ(ord_result_attempts(result), sequence % 20 == 0 ? 3 : 2);
	CHECK_EQ(ord_result_state(result), ORD_DONE);
}

SCENE(crashes, retries)
{
	struct tally tally = { .on_result = check_retried };
	struct ord_statistics statistics = ORD_STATISTICS;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 3, .retries = 2, .max_deaths = 100));
	for (uint32_t i = 0; i < 100; i++) {
		struct plan plan = { i % 10 == 0 ? VERB_DIE_AT_FIRST : VERB_ECHO, i % 20 == 0 ? 2 : 1 };

		TALLY_SUBMIT(&tally, plan);
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK_EQ(statistics.retried, 15);
	CHECK_EQ(statistics.deaths, 15);
	CHECK_EQ(statistics.failed, 0);
	tally_close(&tally, 100);
}

SCENE(crashes, retries_are_bounded)
{
	struct tally tally = { 0 };
	struct plan plan = { VERB_ALWAYS_DIE, 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .retries = 2, .quarantine = 10));
	TALLY_SUBMIT(&tally, plan);
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_SIGNALED], 1);
}

static void
check_quarantined(struct tally *tally, const struct ord_result *result)
{
	(void)tally;
	if (ord_result_sequence(result) != 5)
		return;
	CHECK_EQ(ord_result_state(result), ORD_QUARANTINED);
	CHECK_EQ(ord_result_attempts(result), 3);
	CHECK_EQ(ord_result_signal(result), SIGKILL);
}

SCENE(crashes, quarantine)
{
	struct tally tally = { .on_result = check_quarantined };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .retries = 100));
	for (uint32_t i = 0; i < 10; i++) {
		struct plan plan = { i == 5 ? VERB_ALWAYS_DIE : VERB_ECHO, i };

		TALLY_SUBMIT(&tally, plan);
	}
	tally_close(&tally, 10);
	CHECK_EQ(tally.states[ORD_DONE], 9);
}

/* The first fork makes the spawner, the forks from there on make workers. */
static int forks;

static void
end_workers(void)
{
	if (++forks == 2)
		_exit(7);
}

SCENE(crashes, workers_that_are_never_ready_end_the_pool)
{
	struct tally tally = { 0 };

	CHECK_EQ(pthread_atfork(NULL, NULL, end_workers), 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .max_deaths = 3, .start = ORD_START_FORK));
	for (int i = 0; i < 10; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL));
	CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ECRASHLOOP, "code 7");
	CHECK_FAILS(tally.pool, ord_pool_submit(tally.pool, "", 1, NULL), ORD_ECRASHLOOP, "code 7");
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ECRASHLOOP, "code 7");
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.results, 10);
	CHECK_EQ(tally.states[ORD_CANCELED], 10);
}

static int
sleep_and_die_at_last(struct ord_task *task, void *user)
{
	(void)user;
	if (INPUT_AS(int, task) == 0)
		scene_pause_ms(5);
	else
		abort();
	return 0;
}

static void
must_be_short(struct tally *tally, const struct ord_result *result)
{
	uint64_t *first_ns = tally->user;

	if (ord_result_sequence(result) == 0)
		*first_ns = ord_result_started_ns(result);
	if (ord_result_state(result) != ORD_SIGNALED)
		return;
	/* Forty tasks of 5 ms lie between the two. */
	CHECK(ord_result_started_ns(result) - *first_ns >= 150 * UINT64_C(1000000));
	CHECK(ord_result_ended_ns(result) >= ord_result_started_ns(result));
}

/* The time of a task that died is its own, not that of its worker. */
SCENE(crashes, times_of_the_dead)
{
	for EACH_START (start) {
		uint64_t first_ns = 0;
		struct tally tally = { .on_result = must_be_short, .user = &first_ns };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = sleep_and_die_at_last, .workers = 1, .start = start));
		for (int i = 0; i <= 40; i++) {
			int die = i == 40;
			TALLY_SUBMIT(&tally, die);
		}
		tally_close(&tally, 41);
		CHECK_EQ(tally.states[ORD_SIGNALED], 1);
	}
}
