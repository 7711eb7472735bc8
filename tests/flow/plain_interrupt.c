/*
 * ord_pool_interrupt at random instants, once or twice: from another thread, and from a signal handler on the
 * pool's own thread; before the start, in it, while tasks are submitted, while they run, at the end. However it falls,
 * every accepted task has one result, in order, finish says whether it was interrupted, and after the second
 * call tasks that would run for ever end soon.
 *
 *   plain_interrupt [ROUNDS [SEED]]
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "host.h"

enum {
	TASKS = 300,
	ROUNDS = 40,
	DEADLINE_S = 1400,
	INSTANT_US = 40000,
	SOON_MS = 100000,
	GRACE_MS = 200
};

/* What one round does; read-only while it runs, but for the last two. */
struct round {
	struct ord_pool *pool;
	pthread_t owner;
	uint64_t first_us, second_us; /* when; the second is 0: once */
	int by_signal;
	int for_ever; /* tasks that do not end are among them */
	uint64_t accepted, delivered;
};

static _Atomic(struct ord_pool *) current;
static atomic_uint caught;

static int
act(struct ord_task *task, void *user)
{
	const uint32_t *us = ord_task_input(task, NULL);

	(void)user;
	if (*us == UINT32_MAX)
		for (;;)
			pause();
	host_pause_us(*us);
	return ord_task_return(task, us, sizeof *us);
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct round *round = user;
	int state = ord_result_state(result);

	CHECK(ord_result_sequence(result) == round->delivered);
	CHECK(state == ORD_DONE || state == ORD_CANCELED);
	round->delivered++;
}

static void
on_signal(int number)
{
	(void)number;
	ord_pool_interrupt(atomic_load(&current));
	atomic_fetch_add(&caught, 1);
}

/* Two signals that are not caught yet are one: the next may come only then. */
static void
interrupt(const struct round *round)
{
	unsigned before = atomic_load(&caught);

	if (!round->by_signal) {
		CHECK_OK(NULL, ord_pool_interrupt(round->pool));
		return;
	}
	CHECK(pthread_kill(round->owner, SIGUSR1) == 0);
	while (atomic_load(&caught) == before)
		host_pause_us(50);
}

static void *
disturb(void *user)
{
	const struct round *round = user;

	host_pause_us(round->first_us);
	interrupt(round);
	if (round->second_us != 0) {
		host_pause_us(round->second_us);
		interrupt(round);
	}
	return NULL;
}

static void
submit_all(struct round *round)
{
	for (uint32_t i = 0; i < TASKS; i++) {
		uint32_t us = round->for_ever && i % 50 == 20 ? UINT32_MAX : i % 10 * 30;
		int status = ord_pool_submit_wait(round->pool, &us, sizeof us, NULL);

		if (status == ORD_ECLOSED)
			return;
		CHECK_OK(round->pool, status);
		round->accepted++;
	}
}

static void
play(struct round *round)
{
	pthread_t disturber;
	uint64_t began_ms;
	int status;

	CHECK_OK(NULL,
		ord_pool_new(&round->pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = 2, .window = 100,
				.grace_ms = GRACE_MS, .on_result = on_result,
				.on_result_user = round)));
	round->owner = pthread_self();
	atomic_store(&current, round->pool);
	CHECK(pthread_create(&disturber, NULL, disturb, round) == 0);
	CHECK_OK(round->pool, ord_pool_start(round->pool));
	submit_all(round);
	began_ms = host_now_ms();
	status = ord_pool_finish(round->pool);
	if (status != 0)
		CHECK_STATUS(round->pool, status, ORD_EINTERRUPTED);
	CHECK(status == 0 ? round->delivered == TASKS : round->delivered == round->accepted);
	CHECK(status != 0 || !round->for_ever);
	CHECK(host_now_ms() - began_ms < SOON_MS);
	CHECK(pthread_join(disturber, NULL) == 0);
	ord_pool_destroy(&round->pool);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	uint64_t seed;
	long rounds;

	ord_worker_main(argc, argv);
	host_begin(DEADLINE_S);
	rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 88172645463325252U;
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (long i = 0; i < rounds; i++) {
		struct round round = { .by_signal = i % 2 == 0, .for_ever = i % 4 >= 2 };

		round.first_us = host_random(&seed) % INSTANT_US;
		if (round.for_ever || host_random(&seed) % 2 == 0)
			round.second_us = 1 + host_random(&seed) % INSTANT_US;
		play(&round);
	}
	return host_end();
}
