/*
 * No-op tasks a second through a queue, one thread that puts and one that gets,
 * against the plain pool of the same run, and against the best case of the
 * Python package that is the queue's model.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "support/measure.h"
#include "support/ours.h"

enum { WORKERS = 2 };

#define TASKS 400000u
/* A constant, not measured in this run: the package where its window never fills. */
#define PYTHON_RATE 16100.0

struct flow {
	struct ord_queue *queue;
	uint64_t put, got;
	uint64_t tasks; /* of one round */
};

static int
add_one(struct ord_task *task, void *user)
{
	uint64_t number;

	(void)user;
	memcpy(&number, ord_task_input(task, NULL), sizeof number);
	number++;
	return ord_task_return(task, &number, sizeof number);
}

static void
start(struct flow *flow, const struct ord_queue_options *options)
{
	if (ord_queue_new(&flow->queue, options) != 0 || ord_queue_start(flow->queue) != 0)
		fail("start: %s", ord_queue_error(flow->queue));
}

static void *
put_all(void *user)
{
	struct flow *flow = user;

	for (uint64_t end = flow->put + flow->tasks; flow->put < end; flow->put++)
		if (ord_queue_put(flow->queue, &flow->put, sizeof flow->put, -1, NULL) != 0)
			fail("put: %s", ord_queue_error(flow->queue));
	return NULL;
}

static void
get_all(struct flow *flow)
{
	for (uint64_t end = flow->got + flow->tasks; flow->got < end; flow->got++) {
		struct ord_result *result;
		uint64_t number;

		if (ord_queue_get(flow->queue, -1, &result) != 0)
			fail("get: %s", ord_queue_error(flow->queue));
		memcpy(&number, ord_result_output(result, NULL), sizeof number);
		if (ord_result_state(result) != ORD_DONE || number != flow->got + 1)
			fail("a result is wrong: %s", ord_result_error(result));
		ord_result_destroy(&result);
	}
}

static double
rate_of_queue(struct flow *flow)
{
	uint64_t begin = now_ns();
	pthread_t producer;

	if (pthread_create(&producer, NULL, put_all, flow) != 0)
		fail("no thread");
	get_all(flow);
	pthread_join(producer, NULL);
	return (double)flow->tasks * 1e9 / (double)(now_ns() - begin);
}

static double
rate_of_pool(struct ours *ours)
{
	uint64_t begin = now_ns();

	ours_run(ours, TASKS);
	return TASKS * 1e9 / (double)(now_ns() - begin);
}

static void
bench_capture(uint32_t capture, const char *name)
{
	struct series queue = { 0 }, pool = { 0 }, python = { 0 };
	struct flow flow = { .tasks = TASKS };
	struct ours ours;
	char text[96];

	start(&flow,
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = add_one,
					   .workers = WORKERS, .capture = capture)));
	memset(&ours, 0, sizeof ours);
	ours_start(&ours, &ORD_POOL_OPTIONS(.workers = WORKERS, .capture = capture));
	rate_of_queue(&flow);
	rate_of_pool(&ours);
	for (size_t round = 0; round < rounds(); round++) {
		series_add(&queue, rate_of_queue(&flow));
		series_add(&pool, rate_of_pool(&ours));
		series_add(&python, PYTHON_RATE);
	}
	snprintf(text, sizeof text, "no-op tasks put and got, %s", name);
	figure_print(&(struct figure){ .name = text,
			     .unit = "tasks/s",
			     .against = "plain pool",
			     .goal = "ratio >= 0.15" },
		&queue, &pool);
	figure_print(&(struct figure){ .name = text,
			     .unit = "tasks/s",
			     .against = "parallel-queue at its best, 16,100/s",
			     .goal = "ratio >= 10" },
		&queue, &python);
	ord_queue_destroy(&flow.queue);
	ours_stop(&ours);
}

/* Small rows: every bound is met all the time. */
static void
bench_small(void)
{
	struct series queue = { 0 }, python = { 0 };
	struct flow flow = { .tasks = TASKS / 20 };

	start(&flow,
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = add_one,
					   .workers = WORKERS, .window = 20),
			.in_max = 10, .out_max = 10));
	rate_of_queue(&flow);
	for (size_t round = 0; round < rounds(); round++) {
		series_add(&queue, rate_of_queue(&flow));
		series_add(&python, PYTHON_RATE);
	}
	figure_print(&(struct figure){ .name = "no-op tasks put and got, window 20, rows of 10",
			     .unit = "tasks/s",
			     .against = "parallel-queue at its best, 16,100/s" },
		&queue, &python);
	ord_queue_destroy(&flow.queue);
}

/* Put one, get one. */
static void
bench_round_trip(void)
{
	struct series us = { 0 };
	struct flow flow = { .tasks = 1 };

	start(&flow,
		&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = add_one,
					   .workers = WORKERS)));
	put_all(&flow);
	get_all(&flow);
	for (size_t round = 0; round < rounds(); round++) {
		uint64_t begin = now_ns();

		for (int i = 0; i < 5000; i++) {
			put_all(&flow);
			get_all(&flow);
		}
		series_add(&us, (double)(now_ns() - begin) / 5000e3);
	}
	figure_print(
		&(struct figure){ .name = "round trip of one task, put and get", .unit = "us" },
		&us, NULL);
	ord_queue_destroy(&flow.queue);
}

int
main(int argc, char **argv)
{
	ord_worker_main(argc, argv);
	bench_capture(ORD_CAPTURE_OFF, "capture off");
	bench_capture(ORD_CAPTURE_EXACT, "exact capture");
	bench_small();
	bench_round_trip();
	return 0;
}
