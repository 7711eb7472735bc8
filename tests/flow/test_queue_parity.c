/*
 * What the Python package parallel-queue promises, and what it got wrong: a stall after a wake-up that was lost, a
 * deadlock of failing tasks, results that never come, tasks that vanish, orphans.
 */
#define _GNU_SOURCE /* memfd_create */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queued.h"

enum act { GIVE, FAIL, SILENT, DIE, LEAVE, GATE, WAIT };

/* What a task is told: to wait for a file if it has a name, then to do something. */
struct order {
	char gate[64];
	uint32_t act;
	uint32_t number;
};

static int
obey(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);

	(void)user;
	while (order->gate[0] != '\0' && access(order->gate, F_OK) != 0)
		scene_pause_ms(1);
	switch (order->act) {
	case FAIL: return ord_task_fail(task, "number %u fails", order->number);
	case SILENT: return -1;
	case DIE: raise(SIGKILL); break;
	case LEAVE: exit(3);
	case WAIT:
		for (;;)
			pause();
	}
	return ord_task_return(task, &order->number, sizeof order->number);
}

#define POOL(...) &ORD_POOL_OPTIONS(.function = obey, .grace_ms = 100, __VA_ARGS__)

static void
gate_path(char path[64], const char *folder, uint32_t number)
{
	snprintf(path, 64, "%s/%u", folder, number);
}

static void
open_gate(const char *folder, uint32_t number)
{
	char path[64];
	FILE *file;

	gate_path(path, folder, number);
	file = fopen(path, "w");
	CHECK(file != NULL);
	fclose(file);
}

static void
close_gates(const char *folder, uint32_t count)
{
	char path[64];

	for (uint32_t i = 0; i < count; i++) {
		gate_path(path, folder, i);
		unlink(path);
	}
}

static void
put_order(struct ord_queue *queue, const char *folder, uint32_t act, uint32_t number)
{
	struct order order = { .act = act, .number = number };

	if (folder != NULL)
		gate_path(order.gate, folder, number);
	QUEUE_OK(queue, ord_queue_put(queue, &order, sizeof order, -1, NULL));
}

static void
take_number(struct ord_queue *queue, uint64_t number)
{
	struct ord_result *result = queued_get(queue, number, ORD_DONE);

	CHECK_EQ(*(const uint32_t *)ord_result_output(result, NULL), number);
	ord_result_destroy(&result);
}

/* --- the 24 orders --- */

static void
nth_order(uint32_t n, uint32_t order[4])
{
	uint32_t left[4] = { 0, 1, 2, 3 }, count = 4;

	for (uint32_t i = 0; i < 4; i++, count--) {
		uint32_t pick = n % count;

		n /= count;
		order[i] = left[pick];
		memmove(&left[pick], &left[pick + 1], (count - pick - 1) * sizeof left[0]);
	}
}

/* Opens the gates in an order; each task that can be done is, before the next gate opens. */
static void
complete_in_order(
	struct ord_queue *queue, const char *folder, const uint32_t order[4], uint32_t window)
{
	uint32_t open = 0;

	for (uint32_t i = 0; i < 4; i++) {
		uint64_t done = 0;

		open_gate(folder, order[i]);
		open |= 1u << order[i];
		/* The last of four fits into a window of three when the first has been delivered. */
		for (uint32_t task = 0; task < 4; task++)
			done += (open >> task & 1) != 0 && (task < window || (open & 1) != 0);
		QUEUE_AWAIT(queue, settled, done);
	}
}

static void
play_orders(uint32_t workers, uint32_t window, uint32_t completion)
{
	char folder[] = "/tmp/ord-gates-XXXXXX";
	struct ord_queue *queue;

	CHECK(mkdtemp(folder) != NULL);
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = workers, .window = window,
						       .order = completion)));
	for (uint32_t n = 0; n < 24; n++) {
		uint32_t order[4];

		nth_order(n, order);
		for (uint32_t i = 0; i < 4; i++)
			put_order(queue, folder, GIVE, i);
		complete_in_order(queue, folder, order, window);
		for (uint32_t i = 0; i < 4; i++) {
			struct ord_result *result;

			QUEUE_OK(queue, ord_queue_get(queue, -1, &result));
			CHECK_EQ(ord_result_sequence(result), 4 * n + (completion ? order[i] : i));
			CHECK_EQ(*(const uint32_t *)ord_result_output(result, NULL),
				completion ? order[i] : i);
			ord_result_destroy(&result);
		}
		close_gates(folder, 4);
	}
	CHECK_EQ(queued_close(&queue), 0);
	CHECK_EQ(rmdir(folder), 0);
}

SCENE(queue_parity, orders_of_4_by_3_in_a_window_of_3)
{
	play_orders(3, 3, ORD_SUBMISSION);
}

SCENE(queue_parity, orders_of_4_by_4)
{
	play_orders(4, 4, ORD_SUBMISSION);
}

SCENE(queue_parity, orders_of_4_by_4_as_they_are_done)
{
	play_orders(4, 4, ORD_COMPLETION);
}

/* --- a wake-up that was lost --- */

SCENE(queue_parity, no_wake_up_is_lost)
{
	static const uint32_t windows[] = { 1, 2, 20, 0 };

	for (int i = 0; i < 4; i++) {
		struct ord_queue *queue = queued_open(
			&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .window = windows[i]),
				.in_max = windows[i], .out_max = windows[i]));
		uint64_t put = 0, got = 0;
		struct ord_result *result;

		/* One thread does both, so every wait that nobody ends would be seen. */
		while (got < 20000 / (windows[i] == 1 ? 4 : 1)) {
			struct order order = { .number = (uint32_t)put };
			int status = ord_queue_put(queue, &order, sizeof order, 0, NULL);

			if (status == 0) {
				put++;
				continue;
			}
			QUEUE_SAYS(queue, status, ORD_EFULL);
			QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
			CHECK_EQ(ord_result_sequence(result), got++);
			ord_result_destroy(&result);
		}
		CHECK_EQ(queued_close(&queue), put - got);
	}
}

/* --- errors at their place --- */

SCENE(queue_parity, more_failing_tasks_than_the_window_behind_a_slow_head)
{
	static const uint32_t acts[] = { FAIL, SILENT, DIE, LEAVE };
	static const int states[] = { ORD_FAILED, ORD_FAILED, ORD_SIGNALED, ORD_EXITED };
	char folder[] = "/tmp/ord-gates-XXXXXX";
	struct ord_result *result;
	struct ord_queue *queue;

	CHECK(mkdtemp(folder) != NULL);
	queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 3, .window = 8, .quarantine = 100)));
	put_order(queue, folder, GIVE, 0);
	for (uint32_t i = 1; i < 60; i++)
		put_order(queue, NULL, acts[i % 4], i);
	QUEUE_AWAIT(queue, settled, 7);
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), ORD_EEMPTY);
	open_gate(folder, 0);
	take_number(queue, 0);
	for (uint32_t i = 1; i < 60; i++)
		queued_take(queue, i, states[i % 4]);
	put_order(queue, NULL, GIVE, 60);
	take_number(queue, 60);
	CHECK_EQ(queued_close(&queue), 0);
	close_gates(folder, 1);
	CHECK_EQ(rmdir(folder), 0);
}

SCENE(queue_parity, a_failing_task_is_raised_at_its_place_with_its_reason)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	struct ord_result *result;
	size_t size;

	for (uint32_t i = 0; i < 50; i++)
		put_order(queue, NULL, i % 5 == 3 ? FAIL : GIVE, i);
	for (uint32_t i = 0; i < 50; i++) {
		char reason[32];

		if (i % 5 != 3) {
			take_number(queue, i);
			continue;
		}
		snprintf(reason, sizeof reason, "number %u fails", i);
		result = queued_get(queue, i, ORD_FAILED);
		CHECK(strstr(ord_result_error(result), reason) != NULL);
		CHECK(strstr(ord_result_error(result), "test_queue_parity.c") != NULL);
		ord_result_output(result, &size);
		CHECK_EQ(size, 0);
		ord_result_destroy(&result);
	}
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue_parity, a_killed_worker_is_an_error_at_its_place)
{
	struct ord_queue *queue =
		queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .max_deaths = 1000)));

	for (uint32_t i = 0; i < 40; i++)
		put_order(queue, NULL, i % 10 == 4 ? DIE : i % 10 == 7 ? LEAVE : GIVE, i);
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_OK(queue, ord_queue_join(queue, SCENE_LONG_MS));
	for (uint32_t i = 0; i < 40; i++) {
		struct ord_result *result;

		if (i % 10 == 4) {
			result = queued_get(queue, i, ORD_SIGNALED);
			CHECK_EQ(ord_result_signal(result), SIGKILL);
			ord_result_destroy(&result);
		} else if (i % 10 == 7) {
			result = queued_get(queue, i, ORD_EXITED);
			CHECK_EQ(ord_result_exit_code(result), 3);
			ord_result_destroy(&result);
		} else
			take_number(queue, i);
	}
	CHECK_EQ(queued_close(&queue), 0);
}

/* --- ends --- */

SCENE(queue_parity, a_put_after_stop_is_said_and_not_dropped)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	struct order order = { .act = GIVE };
	uint64_t sequence = 99;

	for (uint32_t i = 0; i < 500; i++)
		put_order(queue, NULL, GIVE, i);
	/* The end stands behind what was queued. */
	QUEUE_OK(queue, ord_queue_stop(queue));
	for (int timeout_ms = -1; timeout_ms < 2; timeout_ms++)
		QUEUE_SAYS(queue, ord_queue_put(queue, &order, sizeof order, timeout_ms, &sequence),
			ORD_ECLOSED);
	CHECK_EQ(sequence, 99);
	for (uint32_t i = 0; i < 500; i++)
		take_number(queue, i);
	CHECK_EQ(queued_close(&queue), 0);
}

struct part {
	struct ord_queue *queue;
	int status;
};

static void *
put_on_a_thread(void *user)
{
	struct part *part = user;
	struct order order = { .act = GIVE };

	part->status = ord_queue_put(part->queue, &order, sizeof order, -1, NULL);
	return NULL;
}

static void *
stop_on_a_thread(void *user)
{
	struct part *part = user;

	part->status = ord_queue_stop(part->queue);
	return NULL;
}

static void
do_on_a_thread(struct ord_queue *queue, void *(*what)(void *), int wanted)
{
	struct part part = { queue, 1 };
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, what, &part), 0);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	QUEUE_SAYS(queue, part.status, wanted);
}

SCENE(queue_parity, put_and_stop_on_any_thread)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));

	put_order(queue, NULL, GIVE, 0);
	do_on_a_thread(queue, put_on_a_thread, 0);
	do_on_a_thread(queue, put_on_a_thread, 0);
	do_on_a_thread(queue, stop_on_a_thread, 0);
	do_on_a_thread(queue, put_on_a_thread, ORD_ECLOSED);
	CHECK_EQ(queued_close(&queue), 3);
}

/* A thread that waits for room is told of the stop. */
SCENE(queue_parity, stop_ends_a_put_that_waits)
{
	struct ord_queue *queue = queued_open(
		&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 1, .window = 1), .in_max = 1));
	struct part part = { queue, 1 };
	pthread_t thread;

	put_order(queue, NULL, WAIT, 0);
	QUEUE_AWAIT(queue, running, 1);
	put_order(queue, NULL, GIVE, 1);
	CHECK_EQ(pthread_create(&thread, NULL, put_on_a_thread, &part), 0);
	scene_pause_ms(20);
	QUEUE_OK(queue, ord_queue_stop(queue));
	CHECK_EQ(pthread_join(thread, NULL), 0);
	QUEUE_SAYS(queue, part.status, ORD_ECLOSED);
	QUEUE_OK(queue, ord_queue_cancel_all(queue));
	CHECK_EQ(queued_close(&queue), 2);
}

static int
be_silent(int (*what)(void))
{
	int log = memfd_create("stderr", MFD_CLOEXEC), kept = dup(2), done;
	char text[256];
	ssize_t size;

	CHECK(log >= 0 && kept >= 0);
	CHECK_EQ(dup2(log, 2), 2);
	done = what();
	CHECK_EQ(dup2(kept, 2), 2);
	size = pread(log, text, sizeof text, 0);
	if (size != 0)
		fprintf(stderr, "%.*s\n", (int)size, text);
	CHECK_EQ(size, 0);
	close(log);
	close(kept);
	return done;
}

static int
forget_to_stop(void)
{
	struct ord_queue *queue = NULL;

	/* Not started. */
	QUEUE_OK(queue, ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2))));
	ord_queue_destroy(&queue);
	/* Just started, idle. */
	for (int i = 0; i < 10; i++) {
		queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
		if (i % 2 == 0)
			QUEUE_AWAIT(queue, workers, 2);
		ord_queue_destroy(&queue);
	}
	/* With tasks that run, tasks that wait, and results that nobody got; every row full. */
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .window = 10),
		.in_max = 10, .out_max = 10));
	for (uint32_t i = 0; i < 16; i++)
		put_order(queue, NULL, i < 4 ? GIVE : i % 2 == 0 ? FAIL : WAIT, i);
	QUEUE_AWAIT_AT_LEAST(queue, settled, 4);
	ord_queue_destroy(&queue);
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .window = 10),
		.in_max = 10, .out_max = 10));
	for (uint32_t i = 0; i < 30; i++)
		put_order(queue, NULL, GIVE, i);
	QUEUE_AWAIT(queue, settled, 20);
	ord_queue_destroy(&queue);
	/* Stopped, not joined; with results, and without. */
	for (uint32_t n = 0; n < 3; n++) {
		queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
		for (uint32_t i = 0; i < n * 50; i++)
			put_order(queue, NULL, GIVE, i);
		QUEUE_OK(queue, ord_queue_stop(queue));
		ord_queue_destroy(&queue);
	}
	return 0;
}

SCENE(queue_parity, a_forgotten_stop_is_orderly_and_silent)
{
	CHECK_EQ(be_silent(forget_to_stop), 0);
}

/* --- orphans --- */

static void
be_owner(void)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 3)));

	for (uint32_t i = 0; i < 10; i++)
		put_order(queue, NULL, WAIT, i);
	QUEUE_AWAIT_AT_LEAST(queue, running, 3);
	raise(SIGSTOP);
	QUEUE_OK(queue, ord_queue_stop(queue));
}

SCENE(queue_parity, a_killed_owner_leaves_nothing)
{
	for (int round = 0; round < 5; round++) {
		pid_t owner = scene_start(be_owner);
		int status;

		CHECK_EQ(waitpid(owner, &status, WUNTRACED), owner);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(scene_count_endpoints(), 1);
		CHECK_EQ(kill(owner, SIGKILL), 0);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
}

/* --- the rest of its interface --- */

static int n_starts;

static void *
begin(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	n_starts++;
	return &n_starts;
}

static int
tell_user(struct ord_task *task, void *user)
{
	return ord_task_return(task, user, sizeof n_starts);
}

SCENE(queue_parity, workers_are_initialised)
{
	struct ord_queue *queue =
		queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = tell_user,
						       .on_worker_start = begin, .workers = 2)));
	struct ord_result *result;

	QUEUE_OK(queue, ord_queue_put(queue, NULL, 0, -1, NULL));
	result = queued_get(queue, 0, ORD_DONE);
	CHECK_EQ(*(const int *)ord_result_output(result, NULL), 1);
	ord_result_destroy(&result);
	CHECK_EQ(queued_close(&queue), 0);
}

/* A function, data and descriptors are inherited. */
SCENE(queue_parity, a_function_by_inheritance)
{
	struct ord_queue *queue;
	int data = 41;
	struct ord_result *result;

	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = tell_user,
						       .function_user = &data,
						       .start = ORD_START_FORK, .workers = 2)));
	data = 0;
	QUEUE_OK(queue, ord_queue_put(queue, NULL, 0, -1, NULL));
	result = queued_get(queue, 0, ORD_DONE);
	CHECK_EQ(*(const int *)ord_result_output(result, NULL), 41);
	ord_result_destroy(&result);
	CHECK_EQ(queued_close(&queue), 0);
}

SCENE(queue_parity, two_queues)
{
	struct ord_queue *queues[2];
	struct ord_result *result;

	for (int i = 0; i < 2; i++)
		queues[i] = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	/* What one gives the other takes. */
	for (uint32_t i = 0; i < 200; i++)
		put_order(queues[0], NULL, GIVE, i);
	for (uint32_t i = 0; i < 200; i++) {
		struct order order = { .act = GIVE };

		result = queued_get(queues[0], i, ORD_DONE);
		order.number = *(const uint32_t *)ord_result_output(result, NULL);
		ord_result_destroy(&result);
		QUEUE_OK(queues[1], ord_queue_put(queues[1], &order, sizeof order, -1, NULL));
	}
	CHECK_EQ(queued_close(&queues[0]), 0);
	for (uint32_t i = 0; i < 200; i++)
		take_number(queues[1], i);
	CHECK_EQ(queued_close(&queues[1]), 0);
}

/* --- tasks bring their functions, as its put(function, arguments) does --- */

static int
add(struct ord_task *task, void *user)
{
	const int *numbers = ord_task_input(task, NULL);
	int sum = numbers[0] + numbers[1];

	(void)user;
	return ord_task_return(task, &sum, sizeof sum);
}

static int
multiply(struct ord_task *task, void *user)
{
	const int *numbers = ord_task_input(task, NULL);
	int product = numbers[0] * numbers[1];

	(void)user;
	return ord_task_return(task, &product, sizeof product);
}

static void
put_functions(struct ord_queue *queue, int count)
{
	for (int i = 0; i < count; i++) {
		int numbers[2] = { i, i + 1 };

		/* A value among them passes through. */
		QUEUE_OK(queue,
			ord_queue_put_task(queue,
				&ORD_TASK(.input = numbers, .input_size = sizeof numbers,
					.function = i % 3 == 0 ? add
						: i % 3 == 1   ? multiply
							       : NULL,
					.pass = i % 3 == 2),
				-1, NULL));
	}
}

static void
take_functions(struct ord_queue *queue, int count)
{
	for (int i = 0; i < count; i++) {
		struct ord_result *result =
			queued_get(queue, (uint64_t)i, i % 3 == 2 ? ORD_PASSED : ORD_DONE);

		CHECK_EQ(*(const int *)ord_result_output(result, NULL),
			i % 3 == 0           ? 2 * i + 1
				: i % 3 == 1 ? i * (i + 1)
					     : i);
		ord_result_destroy(&result);
	}
}

SCENE(queue_parity, functions_come_with_the_tasks)
{
	/* Without a pool's options, and with options that have no function. */
	struct ord_queue *queue = queued_open(NULL);

	put_functions(queue, 300);
	QUEUE_SAYS(queue, ord_queue_put(queue, NULL, 0, -1, NULL), ORD_EINVAL);
	take_functions(queue, 300);
	CHECK_EQ(queued_close(&queue), 0);
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2,
							       .start = start)));
		put_functions(queue, 300);
		take_functions(queue, 300);
		CHECK_EQ(queued_close(&queue), 0);
	}
}

/* What the pool refuses, and what no worker finds, fails at its place. */
SCENE(queue_parity, functions_that_are_not_there)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	char name[] = "no_such_function";
	struct ord_result *result;
	int mine;

	for (uint32_t i = 0; i < 100; i++) {
		if (i % 10 != 6) {
			put_order(queue, NULL, GIVE, i);
			continue;
		}
		QUEUE_OK(queue,
			ord_queue_put_task(
				queue, &ORD_TASK(.function_name = name, .user = &mine), -1, NULL));
		memset(name, 'x', 2); /* it was copied */
		memcpy(name, "no", 2);
	}
	for (uint32_t i = 0; i < 100; i++) {
		if (i % 10 != 6) {
			take_number(queue, i);
			continue;
		}
		result = queued_get(queue, i, ORD_FAILED);
		CHECK(ord_result_user(result) == &mine);
		CHECK(strstr(ord_result_error(result), "no_such_function") != NULL);
		ord_result_destroy(&result);
	}
	CHECK_EQ(queued_close(&queue), 0);
}
