/*
 * Four threads put and four get, with random time-outs, while a fifth asks and cancels: every task that was put has
 * one result, gets come in the order of the puts, and of each producer in its own.
 *
 *   plain_queue [TASKS [SEED]]
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/orderly.h>

#include "host.h"

enum { PRODUCERS = 4, CONSUMERS = 4, DEADLINE_S = 1400 };

#ifdef __SANITIZE_THREAD__
enum { TASKS = 40000 };
#else
enum { TASKS = 1000000 };
#endif

/* One queue and what its threads do with it. */
struct round {
	struct ord_queue *queue;
	uint64_t tasks; /* of each producer */
	uint32_t order;
	bool cancels;
	uint64_t seed;
	atomic_bool over;
	atomic_uint_fast64_t got, next_thread;
	atomic_uint_fast64_t *seen; /* by sequence: 1 + the number that was put, and by whom */
};

static int
act(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);

	(void)user;
	if (*number % 50021 == 77)
		raise(SIGKILL);
	if (*number % 101 == 7)
		return ord_task_fail(task, "fails");
	return ord_task_return(task, number, sizeof *number);
}

static int
random_timeout(uint64_t *state)
{
	uint64_t number = host_random(state) % 100;

	return number < 60 ? -1 : number < 80 ? 0 : (int)(number % 4);
}

/* Puts its numbers in their order; the user pointer carries who and what. */
static void
put_number(struct round *round, uint64_t thread, uint64_t number, uint64_t *state)
{
	uint64_t mark = thread << 40 | number;
	const struct ord_task_options task = ORD_TASK(.input = &number, .input_size = sizeof number,
		.user = (void *)(uintptr_t)mark, .pass = number % 19 == 3);
	uint64_t sequence = UINT64_MAX;
	int status;

	do
		status = ord_queue_put_task(round->queue, &task, random_timeout(state), &sequence);
	while (status == ORD_EFULL);
	CHECK_OK(NULL, status);
	CHECK(sequence < PRODUCERS * round->tasks);
}

static void *
produce(void *user)
{
	struct round *round = user;
	uint64_t thread = atomic_fetch_add(&round->next_thread, 1);
	uint64_t state = round->seed + thread;

	for (uint64_t number = 0; number < round->tasks; number++)
		put_number(round, thread, number, &state);
	return NULL;
}

static void
check_result(struct round *round, const struct ord_result *result)
{
	uint64_t mark = (uintptr_t)ord_result_user(result);
	uint64_t number = mark & ((UINT64_C(1) << 40) - 1), sequence = ord_result_sequence(result);
	int state = ord_result_state(result);
	size_t size;
	const uint64_t *output = ord_result_output(result, &size);

	CHECK(sequence < PRODUCERS * round->tasks);
	CHECK(atomic_exchange(&round->seen[sequence], mark + 1) == 0);
	if (state == ORD_DONE || state == ORD_PASSED)
		CHECK(size == sizeof number && *output == number);
	else if (state == ORD_FAILED)
		CHECK(number % 101 == 7);
	else if (state == ORD_SIGNALED)
		CHECK(number % 50021 == 77 || round->cancels);
	else
		CHECK(state == ORD_CANCELED && round->cancels);
}

static void *
consume(void *user)
{
	struct round *round = user;
	uint64_t state = round->seed * 3 + 1, last = 0;
	struct ord_result *result;
	int status;

	for (;;) {
		status = ord_queue_get(round->queue, random_timeout(&state), &result);
		if (status == ORD_EEMPTY)
			continue;
		if (status == ORD_ECLOSED)
			return NULL;
		CHECK_OK(NULL, status);
		check_result(round, result);
		CHECK(round->order == ORD_COMPLETION || last <= ord_result_sequence(result));
		last = ord_result_sequence(result);
		ord_result_destroy(&result);
		atomic_fetch_add(&round->got, 1);
	}
}

static void *
meddle(void *user)
{
	struct round *round = user;
	uint64_t state = round->seed + 99;

	while (!atomic_load(&round->over)) {
		struct ord_statistics now = ORD_STATISTICS;

		CHECK_OK(NULL, ord_queue_statistics(round->queue, &now));
		CHECK(now.submitted == now.delivered + now.waiting + now.running + now.settled);
		CHECK(ord_queue_alive(round->queue) == 1);
		CHECK(strcmp(ord_queue_error(round->queue), "") == 0);
		if (round->cancels && host_random(&state) % 10 == 0)
			CHECK_OK(NULL, ord_queue_cancel_all(round->queue));
		host_pause_us(host_random(&state) % 3000);
	}
	return NULL;
}

/* Of each producer the numbers rise with the sequence, and each is there. */
static void
check_order(const struct round *round)
{
	uint64_t next[PRODUCERS] = { 0 };

	for (uint64_t i = 0; i < PRODUCERS * round->tasks; i++) {
		uint64_t mark = atomic_load(&round->seen[i]) - 1, thread = mark >> 40;

		CHECK(thread < PRODUCERS);
		CHECK((mark & ((UINT64_C(1) << 40) - 1)) == next[thread]);
		next[thread]++;
	}
}

static void
run(struct round *round)
{
	pthread_t producers[PRODUCERS], consumers[CONSUMERS], meddler;

	for (int i = 0; i < PRODUCERS; i++)
		CHECK(pthread_create(&producers[i], NULL, produce, round) == 0);
	for (int i = 0; i < CONSUMERS; i++)
		CHECK(pthread_create(&consumers[i], NULL, consume, round) == 0);
	CHECK(pthread_create(&meddler, NULL, meddle, round) == 0);
	for (int i = 0; i < PRODUCERS; i++)
		CHECK(pthread_join(producers[i], NULL) == 0);
	atomic_store(&round->over, true);
	CHECK(pthread_join(meddler, NULL) == 0);
	CHECK_OK(NULL, ord_queue_stop(round->queue));
	for (int i = 0; i < CONSUMERS; i++)
		CHECK(pthread_join(consumers[i], NULL) == 0);
	CHECK_OK(NULL, ord_queue_join(round->queue, -1));
}

static void
play(struct round round, const struct ord_pool_options *pool, uint32_t rows)
{
	uint64_t begin = host_now_ms();

	round.order = pool->order;
	round.seen = calloc(PRODUCERS * round.tasks, sizeof *round.seen);
	CHECK(round.seen != NULL);
	CHECK_OK(NULL,
		ord_queue_new(&round.queue,
			&ORD_QUEUE_OPTIONS(.pool = pool, .in_max = rows, .out_max = rows)));
	CHECK_OK(NULL, ord_queue_start(round.queue));
	run(&round);
	ord_queue_destroy(&round.queue);
	CHECK(atomic_load(&round.got) == PRODUCERS * round.tasks);
	check_order(&round);
	free(round.seen);
	printf("%" PRIu64 " tasks in %" PRIu64 " ms\n", PRODUCERS * round.tasks,
		host_now_ms() - begin);
}

#define POOL(...) \
	&ORD_POOL_OPTIONS(.function = act, .workers = 2, .grace_ms = 200, \
		.capture = ORD_CAPTURE_OFF, __VA_ARGS__)

int
main(int argc, char **argv)
{
	uint64_t tasks, seed;

	ord_worker_main(argc, argv);
	tasks = (argc > 1 ? strtoull(argv[1], NULL, 10) : TASKS) / PRODUCERS;
	seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	host_begin(DEADLINE_S);
	play((struct round){ .tasks = tasks, .seed = seed }, POOL(.window = 0), 0);
	play((struct round){ .tasks = tasks / 10, .seed = seed },
		POOL(.order = ORD_COMPLETION, .window = 100), 50);
	play((struct round){ .tasks = tasks / 10, .seed = seed, .cancels = true },
		POOL(.window = 200), 100);
	play((struct round){ .tasks = tasks / 100, .seed = seed }, POOL(.window = 1), 1);
	return host_end();
}
