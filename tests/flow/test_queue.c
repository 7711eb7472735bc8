/* The queue's contract, call by call; test_queue_parity.c has what its model from another language got wrong. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "queued.h"

/* What a task is told to do: a number below this is given back plus one. */
enum { FAIL = 1000000, DIE, FOREVER };

static int
act(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	uint64_t number;

	(void)user;
	if (size != sizeof number)
		return ord_task_return(task, input, size);
	memcpy(&number, input, sizeof number);
	switch (number) {
	case FAIL: return ord_task_fail(task, "told to fail");
	case DIE: raise(SIGKILL); break;
	case FOREVER:
		while (!ord_task_canceled(task))
			scene_pause_ms(1);
		return ord_task_fail(task, "told to end");
	}
	number++;
	return ord_task_return(task, &number, sizeof number);
}

#define QUEUE(...) \
	queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act, .workers = 2, \
					       __VA_ARGS__)))

static void
put_one(struct ord_queue *queue, uint64_t number, int timeout_ms, int wanted)
{
	QUEUE_SAYS(queue, ord_queue_put(queue, &number, sizeof number, timeout_ms, NULL), wanted);
}

SCENE(queue, first_in_first_out)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct ord_queue *queue;
		uint64_t sequence = 77;

		if (start == ORD_START_COMMAND)
			continue;
		queue = QUEUE(.start = start);
		CHECK_EQ(ord_queue_alive(queue), 1);
		for (uint64_t i = 0; i < 500; i++) {
			QUEUE_OK(queue, ord_queue_put(queue, &i, sizeof i, -1, &sequence));
			CHECK_EQ(sequence, i);
		}
		for (uint64_t i = 0; i < 500; i++)
			CHECK_EQ(queued_number(queued_get(queue, i, ORD_DONE)), i + 1);
		CHECK_EQ(queued_close(&queue), 0);
	}
}

SCENE(queue, order_of_completion)
{
	struct ord_queue *queue = QUEUE(.order = ORD_COMPLETION, .grace_ms = 100);
	struct ord_result *result;
	uint64_t number;

	queued_put(queue, FOREVER);
	for (uint64_t i = 1; i <= 200; i++)
		queued_put(queue, i);
	for (uint64_t i = 0; i < 200; i++) {
		QUEUE_OK(queue, ord_queue_get(queue, -1, &result));
		CHECK(ord_result_sequence(result) != 0);
		number = ord_result_sequence(result) + 1;
		CHECK_EQ(queued_number(result), number);
	}
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), ORD_EEMPTY);
	CHECK(result == NULL);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	queued_take(queue, 0, ORD_CANCELED);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, arguments)
{
	struct ord_queue *queue = NULL;
	struct ord_statistics statistics = ORD_STATISTICS, other = { 0 };
	struct ord_result *result = (struct ord_result *)(uintptr_t)&queue;
	struct ord_queue_options options = ORD_QUEUE_OPTIONS();
	struct {
		struct ord_queue_options known;
		uint64_t unknown;
	} newer = { .known = ORD_QUEUE_OPTIONS(.in_max = 3) };
	struct ord_task_options task = ORD_TASK();
	uint64_t sequence = 5;
	char word[] = "word";

	QUEUE_SAYS(NULL, ord_queue_new(NULL, NULL), ORD_EINVAL);
	options.size--;
	QUEUE_SAYS(NULL, ord_queue_new(&queue, &options), ORD_EINVAL);
	options.size = 1 << 20;
	QUEUE_SAYS(NULL, ord_queue_new(&queue, &options), ORD_EINVAL);
	QUEUE_SAYS(
		NULL, ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.in_max = UINT32_MAX)), ORD_EINVAL);
	QUEUE_SAYS(
		NULL, ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.out_max = UINT32_MAX)), ORD_EINVAL);
	QUEUE_SAYS(NULL,
		ord_queue_new(
			&queue, &ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 5000))),
		ORD_EINVAL);
	QUEUE_SAYS(NULL,
		ord_queue_new(&queue,
			&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(
							   .on_result = (ord_result_fn)(uintptr_t)
								   word))),
		ORD_EINVAL);
	QUEUE_SAYS(NULL,
		ord_queue_new(&queue,
			&ORD_QUEUE_OPTIONS(.pool = &(struct ord_pool_options){ .size = 8 })),
		ORD_EINVAL);
	CHECK(queue == NULL);
	newer.known.size = sizeof newer;
	QUEUE_OK(NULL, ord_queue_new(&queue, &newer.known));
	ord_queue_destroy(&queue);
	newer.unknown = 1;
	QUEUE_SAYS(NULL, ord_queue_new(&queue, &newer.known), ORD_ENOTSUP);

	QUEUE_SAYS(NULL, ord_queue_start(NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_put(NULL, "", 0, 0, NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_put_task(NULL, &task, 0, NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_get(NULL, 0, &result), ORD_EINVAL);
	CHECK(result == NULL);
	QUEUE_SAYS(NULL, ord_queue_stop(NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_join(NULL, 0), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_cancel_all(NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_interrupt(NULL), ORD_EINVAL);
	QUEUE_SAYS(NULL, ord_queue_statistics(NULL, &statistics), ORD_EINVAL);
	CHECK_EQ(ord_queue_alive(NULL), 0);
	CHECK(strstr(ord_queue_error(NULL), "no queue") != NULL);
	ord_queue_destroy(&queue);
	ord_queue_destroy(NULL);

	QUEUE_OK(NULL,
		ord_queue_new(&queue,
			&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act,
						   .workers = 1))));
	CHECK_EQ(ord_queue_alive(queue), 0);
	QUEUE_SAYS(queue, ord_queue_put(queue, "", 0, -1, NULL), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_get(queue, -1, &result), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_join(queue, -1), ORD_EINVAL);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	QUEUE_OK(queue, ord_queue_start(queue));
	QUEUE_SAYS(queue, ord_queue_start(queue), ORD_EBUSY);
	QUEUE_SAYS(queue, ord_queue_join(queue, -1), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_put(queue, NULL, 1, 0, &sequence), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_put(queue, word, ((size_t)1 << 30) + 1, 0, &sequence),
		ORD_ETOOBIG);
	QUEUE_SAYS(queue, ord_queue_put_task(queue, NULL, 0, &sequence), ORD_EINVAL);
	task.size = 1;
	QUEUE_SAYS(queue, ord_queue_put_task(queue, &task, 0, &sequence), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_put_task(queue, &ORD_TASK(.retries = 255), 0, &sequence),
		ORD_EINVAL);
	QUEUE_SAYS(
		queue, ord_queue_put_task(queue, &ORD_TASK(.pass = 2), 0, &sequence), ORD_EINVAL);
	QUEUE_SAYS(queue,
		ord_queue_put_task(
			queue, &ORD_TASK(.function = act, .function_name = "act"), 0, &sequence),
		ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, NULL), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_statistics(queue, NULL), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_statistics(queue, &other), ORD_EINVAL);
	CHECK_EQ(sequence, 5);
	CHECK(strcmp(ord_queue_error(queue), "") == 0);
	ord_queue_destroy(&queue);
}

SCENE(queue, input_is_copied)
{
	struct ord_queue *queue = QUEUE(.capture = ORD_CAPTURE_OFF);
	char text[100000];
	struct ord_result *result;
	size_t size;

	for (size_t n = 1; n <= sizeof text; n *= 10) {
		memset(text, 'a', n);
		QUEUE_OK(queue, ord_queue_put(queue, text, n, -1, NULL));
		memset(text, 'b', n);
	}
	QUEUE_OK(queue, ord_queue_put(queue, NULL, 0, -1, NULL));
	memset(text, 'a', sizeof text);
	for (uint64_t i = 0, n = 1; n <= sizeof text; n *= 10, i++) {
		result = queued_get(queue, i, ORD_DONE);
		CHECK(memcmp(ord_result_output(result, &size), text, n) == 0);
		CHECK_EQ(size, n);
		ord_result_destroy(&result);
	}
	queued_take(queue, 6, ORD_DONE);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, full_and_empty_use_no_sequence)
{
	struct ord_queue *queue =
		queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act,
						       .workers = 1, .window = 1, .grace_ms = 100),
			.in_max = 2, .out_max = 1));
	struct ord_result *result;
	uint64_t put = 0, sequence, number = FOREVER;

	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), ORD_EEMPTY);
	QUEUE_SAYS(queue, ord_queue_get(queue, 20, &result), ORD_EEMPTY);
	/* One in the pool and two before it. */
	for (; put < 3; put++) {
		QUEUE_OK(queue, ord_queue_put(queue, &number, sizeof number, -1, &sequence));
		CHECK_EQ(sequence, put);
	}
	QUEUE_AWAIT(queue, running, 1);
	sequence = 99;
	for (int timeout_ms = 0; timeout_ms < 40; timeout_ms += 20)
		QUEUE_SAYS(queue,
			ord_queue_put(queue, &number, sizeof number, timeout_ms, &sequence),
			ORD_EFULL);
	QUEUE_SAYS(queue, ord_queue_get(queue, 20, &result), ORD_EEMPTY);
	CHECK_EQ(sequence, 99);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	number = 7;
	QUEUE_OK(queue, ord_queue_put(queue, &number, sizeof number, -1, &sequence));
	CHECK_EQ(sequence, 3);
	queued_take(queue, 0, ORD_CANCELED);
	queued_take(queue, 1, ORD_CANCELED);
	queued_take(queue, 2, ORD_CANCELED);
	CHECK_EQ(queued_number(queued_get(queue, 3, ORD_DONE)), 8);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, bytes_that_wait_are_bounded)
{
	struct ord_queue *queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act, .workers = 1,
					   .window = 1, .window_bytes = 1000, .grace_ms = 100)));
	char bytes[2000] = { 0 };

	put_one(queue, FOREVER, -1, 0);
	QUEUE_AWAIT(queue, running, 1);
	/* The first is always taken. */
	QUEUE_OK(queue, ord_queue_put(queue, bytes, 2000, 0, NULL));
	QUEUE_SAYS(queue, ord_queue_put(queue, bytes, 1, 10, NULL), ORD_EFULL);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	queued_take(queue, 0, ORD_CANCELED);
	queued_take(queue, 1, ORD_CANCELED);
	put_one(queue, FOREVER, -1, 0);
	QUEUE_AWAIT(queue, running, 1);
	QUEUE_OK(queue, ord_queue_put(queue, bytes, 600, 0, NULL));
	QUEUE_SAYS(queue, ord_queue_put(queue, bytes, 600, 0, NULL), ORD_EFULL);
	QUEUE_OK(queue, ord_queue_put(queue, bytes, 400, 0, NULL));
	QUEUE_SAYS(queue, ord_queue_put(queue, bytes, 0, 0, NULL), ORD_EFULL);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	CHECK_EQ(queued_close(&queue), 3);
}

SCENE(queue, results_that_wait_are_bounded)
{
	struct ord_queue *queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act, .workers = 1,
					   .window = 4, .window_bytes = 1 << 20),
			.out_max = 3));
	char *bytes = calloc(1, 1 << 20);
	struct ord_statistics statistics = ORD_STATISTICS;
	uint64_t n = 0;

	/* By number: three out, four in the pool. */
	for (uint64_t i = 0; i < 20; i++)
		queued_put(queue, i);
	QUEUE_AWAIT(queue, settled, 7);
	QUEUE_OK(queue, ord_queue_statistics(queue, &statistics));
	CHECK_EQ(statistics.waiting, 13);
	for (; n < 20; n++)
		queued_take(queue, n, ORD_DONE);
	/* By bytes: one out, one in the pool, one before it. */
	for (int i = 0; i < 3; i++)
		QUEUE_OK(queue, ord_queue_put(queue, bytes, 1 << 20, -1, NULL));
	QUEUE_AWAIT(queue, settled, 2);
	QUEUE_SAYS(queue, ord_queue_put(queue, bytes, 1 << 20, 20, NULL), ORD_EFULL);
	free(bytes);
	for (; n < 23; n++)
		queued_take(queue, n, ORD_DONE);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, stop_join_and_alive)
{
	struct ord_queue *queue = QUEUE(.grace_ms = 100);
	struct ord_result *result;

	for (uint64_t i = 0; i < 300; i++)
		queued_put(queue, i);
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_OK(queue, ord_queue_stop(queue));
	put_one(queue, 1, -1, ORD_ECLOSED);
	/* All of them fit, so nobody need get meanwhile. */
	QUEUE_OK(queue, ord_queue_join(queue, -1));
	QUEUE_OK(queue, ord_queue_join(queue, 0));
	CHECK_EQ(ord_queue_alive(queue), 0);
	for (uint64_t i = 0; i < 300; i++)
		queued_take(queue, i, ORD_DONE);
	QUEUE_SAYS(queue, ord_queue_get(queue, -1, &result), ORD_ECLOSED);
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), ORD_ECLOSED);
	CHECK(result == NULL);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	QUEUE_OK(queue, ord_queue_interrupt(queue));
	CHECK(strcmp(ord_queue_error(queue), "") == 0);
	ord_queue_destroy(&queue);

	queue = QUEUE(.grace_ms = 100);
	put_one(queue, FOREVER, 0, 0);
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_SAYS(queue, ord_queue_join(queue, 0), ORD_ETIMEDOUT);
	QUEUE_SAYS(queue, ord_queue_join(queue, 20), ORD_ETIMEDOUT);
	CHECK_EQ(ord_queue_alive(queue), 1);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	CHECK_EQ(queued_close(&queue), 1);

	/* Nothing was ever put. */
	queue = QUEUE(.grace_ms = 100);
	CHECK_EQ(queued_close(&queue), 0);
	QUEUE_OK(NULL,
		ord_queue_new(&queue,
			&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act,
						   .workers = 1))));
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_OK(queue, ord_queue_start(queue));
	QUEUE_OK(queue, ord_queue_join(queue, -1));
	ord_queue_destroy(&queue);
}

/* Gets leave room for what is still in the pool, one by one, also when it is little. */
SCENE(queue, join_after_few_gets)
{
	struct ord_queue *queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act, .workers = 1),
			.out_max = 100));

	for (uint64_t i = 0; i < 110; i++)
		queued_put(queue, i);
	QUEUE_AWAIT(queue, settled, 110);
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_SAYS(queue, ord_queue_join(queue, 10), ORD_ETIMEDOUT);
	for (uint64_t i = 0; i < 10; i++)
		queued_take(queue, i, ORD_DONE);
	QUEUE_OK(queue, ord_queue_join(queue, SCENE_LONG_MS));
	CHECK_EQ(queued_close(&queue), 100);
}

/* One result that is got makes room for one task, though the queue prefers to move many. */
SCENE(queue, one_get_one_put)
{
	struct ord_queue *queue =
		queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act,
						       .workers = 1, .window = 10),
			.in_max = 10, .out_max = 10));
	uint64_t put = 0;

	while (ord_queue_put(queue, &put, sizeof put, 200, NULL) == 0)
		put++;
	CHECK_EQ(put, 30);
	for (uint64_t got = 0; got < 100; got++, put++) {
		queued_take(queue, got, ORD_DONE);
		queued_put(queue, put);
	}
	CHECK_EQ(queued_close(&queue), 30);
}

SCENE(queue, values_pass_at_their_place)
{
	struct ord_queue *queue = QUEUE(.grace_ms = 100);
	int mine;
	struct ord_result *result;

	for (uint64_t i = 0; i < 100; i++)
		QUEUE_OK(queue,
			ord_queue_put_task(queue,
				&ORD_TASK(.input = &i, .input_size = sizeof i, .pass = i % 3 == 0,
					.user = &mine),
				-1, NULL));
	for (uint64_t i = 0; i < 100; i++) {
		result = queued_get(queue, i, i % 3 == 0 ? ORD_PASSED : ORD_DONE);
		CHECK(ord_result_user(result) == &mine);
		CHECK_EQ(queued_number(result), i + (i % 3 != 0));
	}
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, limits_of_one_task)
{
	struct ord_queue *queue = QUEUE(.timeout_ms = 60000, .retries = 3, .grace_ms = 100);
	uint64_t number = FOREVER;
	struct ord_result *result;

	QUEUE_OK(queue,
		ord_queue_put_task(queue,
			&ORD_TASK(.input = &number, .input_size = sizeof number, .timeout_ms = 20,
				.grace_ms = 50, .retries = 1),
			-1, NULL));
	number = DIE;
	QUEUE_OK(queue,
		ord_queue_put_task(queue,
			&ORD_TASK(.input = &number, .input_size = sizeof number,
				.retries = ORD_NONE),
			-1, NULL));
	result = queued_get(queue, 0, ORD_TIMED_OUT);
	CHECK_EQ(ord_result_attempts(result), 2);
	ord_result_destroy(&result);
	result = queued_get(queue, 1, ORD_SIGNALED);
	CHECK_EQ(ord_result_attempts(result), 1);
	ord_result_destroy(&result);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, cancel_all)
{
	struct ord_queue *queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act, .workers = 2,
					   .window = 4, .grace_ms = 100)));
	struct ord_result *result;
	int mine;

	for (uint64_t i = 0; i < 20; i++) {
		uint64_t number = FOREVER;

		QUEUE_OK(queue,
			ord_queue_put_task(queue,
				&ORD_TASK(.input = &number, .input_size = sizeof number,
					.pass = i == 15, .user = &mine),
				0, NULL));
	}
	QUEUE_AWAIT_AT_LEAST(queue, running, 2);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	for (uint64_t i = 0; i < 20; i++)
		queued_put(queue, i);
	for (uint64_t i = 0; i < 20; i++) {
		QUEUE_OK(queue, ord_queue_get(queue, -1, &result));
		CHECK_EQ(ord_result_sequence(result), i);
		CHECK(ord_result_user(result) == &mine);
		if (i == 15)
			CHECK_EQ(ord_result_state(result), ORD_PASSED);
		else {
			CHECK_EQ(ord_result_state(result), ORD_CANCELED);
			CHECK(strstr(ord_result_error(result),
				      ord_result_attempts(result) != 0 ? "while" : "before") !=
				NULL);
		}
		ord_result_destroy(&result);
	}
	for (uint64_t i = 20; i < 40; i++)
		CHECK_EQ(queued_number(queued_get(queue, i, ORD_DONE)), i - 19);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue, statistics)
{
	struct ord_queue *queue = QUEUE(.window = 8, .grace_ms = 100);
	struct ord_statistics now = ORD_STATISTICS;
	uint64_t state = 1, put = 0, got = 0;
	struct ord_result *result;

	for (int i = 0; i < 3000; i++) {
		uint64_t number = scene_random(&state) % 5 == 0 ? FAIL : put;

		if (scene_random(&state) % 2 == 0)
			put += ord_queue_put(queue, &number, sizeof number, 0, NULL) == 0;
		else if (ord_queue_get(queue, 0, &result) == 0) {
			got++;
			ord_result_destroy(&result);
		}
		QUEUE_OK(queue, ord_queue_statistics(queue, &now));
		CHECK_EQ(now.submitted, put);
		CHECK_EQ(now.delivered, got);
		CHECK_EQ(now.submitted, now.delivered + now.waiting + now.running + now.settled);
		CHECK_EQ(now.size, sizeof now);
	}
	QUEUE_OK(queue, ord_queue_stop(queue));
	while (ord_queue_get(queue, -1, &result) == 0) {
		got++;
		ord_result_destroy(&result);
	}
	QUEUE_OK(queue, ord_queue_join(queue, -1));
	QUEUE_OK(queue, ord_queue_statistics(queue, &now));
	CHECK_EQ(now.delivered, put);
	CHECK_EQ(now.delivered, got);
	CHECK(now.failed > 0 && now.failed < put);
	CHECK_EQ(now.workers, 0);
	CHECK_EQ(now.bytes, 0);
	now.size = offsetof(struct ord_statistics, delivered);
	now.delivered = 12345;
	QUEUE_OK(queue, ord_queue_statistics(queue, &now));
	CHECK_EQ(now.delivered, 12345);
	ord_queue_destroy(&queue);
}
