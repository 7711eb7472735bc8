/*
 * Several threads of one host, each with pools of its own, stream tasks at the same time: values, log records,
 * words, failures, crashes. What a thread gets is its own, in its order, each task once.
 *
 *   plain_threads [ROUNDS]
 */
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/orderly.h>

#include "host.h"

enum { THREADS = 4, TASKS = 400, DEADLINE_S = 1400 };

struct order {
	uint32_t thread;
	uint32_t number;
};

struct stream {
	struct ord_pool *pool;
	uint32_t thread;
	uint64_t results, logs, words;
	int state_now;
};

static int
state_wanted(uint32_t number)
{
	return number % 97 == 13 ? ORD_SIGNALED : number % 31 == 7 ? ORD_FAILED : ORD_DONE;
}

static int
act(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);

	(void)user;
	if (order->number % 3 == 0)
		ord_log(ORD_WARNING, "%" PRIu32 " %" PRIu32, order->thread, order->number);
	if (order->number % 5 == 0)
		printf("%" PRIu32 " %" PRIu32 "\n", order->thread, order->number);
	fflush(stdout);
	switch (state_wanted(order->number)) {
	case ORD_SIGNALED: raise(SIGKILL); break;
	case ORD_FAILED: return ord_task_fail(task, "number %" PRIu32, order->number);
	}
	return ord_task_return(task, order, sizeof *order);
}

static void
on_message(const struct ord_message *message, void *user)
{
	struct stream *stream = user;
	uint32_t thread, number;

	CHECK(sscanf(ord_message_text(message, NULL), "%" SCNu32 " %" SCNu32, &thread, &number) ==
		2);
	CHECK(thread == stream->thread && number == ord_message_sequence(message));
	CHECK(number >= stream->results);
	if (ord_message_source(message) == ORD_SOURCE_LOG)
		stream->logs++;
	else
		stream->words++;
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct stream *stream = user;
	const struct order *order;
	uint64_t number = ord_result_sequence(result);
	size_t size;

	CHECK(number == stream->results);
	CHECK(ord_result_state(result) == state_wanted((uint32_t)number));
	order = ord_result_output(result, &size);
	if (ord_result_state(result) == ORD_DONE)
		CHECK(size == sizeof *order && order->thread == stream->thread &&
			order->number == number);
	stream->results++;
}

static void
take(struct stream *stream, int wait)
{
	const struct ord_result *result;

	do {
		CHECK_OK(stream->pool, ord_pool_next(stream->pool, &result));
		if (result != NULL)
			on_result(result, stream);
	} while (wait && result != NULL);
}

/* By the iterator or by callbacks. */
static void
run_pool(struct stream *stream, int iterate)
{
	uint64_t logs = 0, words = 0;

	CHECK_OK(NULL,
		ord_pool_new(&stream->pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = 2, .window = 64,
				.on_message = on_message, .on_message_user = stream,
				.on_result = iterate ? NULL : on_result, .on_result_user = stream,
				.messages = stream->thread % 2 == 0 ? ORD_LIVE : ORD_ORDERED)));
	CHECK_OK(stream->pool, ord_pool_start(stream->pool));
	for (uint32_t i = 0; i < TASKS; i++) {
		struct order order = { stream->thread, i };
		int status;

		while ((status = ord_pool_submit_wait(stream->pool, &order, sizeof order, NULL)) ==
			ORD_EAGAIN)
			take(stream, 0);
		CHECK_OK(stream->pool, status);
		logs += i % 3 == 0;
		words += i % 5 == 0;
	}
	if (iterate)
		take(stream, 1);
	CHECK_OK(stream->pool, ord_pool_finish(stream->pool));
	ord_pool_destroy(&stream->pool);
	CHECK(stream->results == TASKS && stream->logs == logs && stream->words == words);
}

static void *
live(void *user)
{
	const uint32_t *thread = user;

	for (int iterate = 0; iterate < 2; iterate++) {
		struct stream stream = { .thread = *thread };

		run_pool(&stream, iterate);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	uint32_t numbers[THREADS];

	ord_worker_main(argc, argv);
	host_begin(DEADLINE_S);
	for (long round = argc > 1 ? strtol(argv[1], NULL, 10) : 1; round > 0; round--) {
		for (uint32_t i = 0; i < THREADS; i++) {
			numbers[i] = i;
			CHECK(pthread_create(&threads[i], NULL, live, &numbers[i]) == 0);
		}
		for (uint32_t i = 0; i < THREADS; i++)
			CHECK(pthread_join(threads[i], NULL) == 0);
	}
	return host_end();
}
