/*
 * Every way to die, at every place of a task's way. The task that had started is the one that fails, with
 * what it had said before; the tasks around it do not notice.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tally.h"

enum death { DEATH_ERROR, DEATH_EXIT, DEATH_SEGV, DEATH_KILL, DEATH_ABORT, DEATHS };

enum place { PLACE_BEFORE_INPUT, PLACE_IN_THE_MIDDLE, PLACE_WHILE_LOGGING, PLACE_AFTER_RETURN, PLACE_BETWEEN_TASKS, PLACES };

enum { AROUND = 20, VICTIM = 10 };

struct order {
	uint32_t death;
	uint32_t place;
	uint32_t victim;
};

static int
die(struct ord_task *task, uint32_t death)
{
	switch (death) {
	case DEATH_EXIT: exit(3);
	case DEATH_SEGV: raise(SIGSEGV); break;
	case DEATH_KILL: raise(SIGKILL); break;
	case DEATH_ABORT: abort();
	}
	return ord_task_fail(task, "as told");
}

/* Ends the worker when it has nothing to do: a timer's signal kills it some time after the task. */
static int
die_later(struct ord_task *task, uint32_t death)
{
	static const int numbers[DEATHS] = { 0, SIGTERM, SIGSEGV, SIGKILL, SIGABRT };
	char command[64];

	snprintf(command, sizeof command, "(sleep 0.02; kill -%d %d) &", numbers[death], (int)getpid());
	CHECK(numbers[death] == 0 || system(command) == 0);
	return ord_task_return(task, "late", 4);
}

static int
act(struct ord_task *task, void *user)
{
	const struct order *order = ord_task_input(task, NULL);

	(void)user;
	if (!order->victim)
		return ord_task_return(task, order, sizeof *order);
	if (order->place == PLACE_BETWEEN_TASKS)
		return die_later(task, order->death);
	ord_log(ORD_INFO, "log");
	printf("printed\n");
	if (order->place == PLACE_IN_THE_MIDDLE)
		scene_pause_ms(5);
	for (int i = 0; order->place == PLACE_WHILE_LOGGING && i < 1000; i++)
		ord_log(ORD_INFO, "more");
	if (order->place == PLACE_AFTER_RETURN)
		CHECK_EQ(ord_task_return(task, "gone", 4), 0);
	return die(task, order->death);
}

static void
check_victim(const struct order *order, const struct ord_result *result)
{
	static const int signals[DEATHS] = { 0, 0, SIGSEGV, SIGKILL, SIGABRT };
	int state = ord_result_state(result);
	size_t size;

	ord_result_output(result, &size);
	if (order->place == PLACE_BETWEEN_TASKS) {
		CHECK_EQ(state, ORD_DONE);
		return;
	}
	CHECK_EQ(size, 0);
	CHECK_EQ(state, order->death == DEATH_ERROR ? ORD_FAILED : order->death == DEATH_EXIT ? ORD_EXITED : ORD_SIGNALED);
	CHECK_EQ(ord_result_signal(result), signals[order->death]);
	CHECK_EQ(ord_result_exit_code(result), order->death == DEATH_EXIT ? 3 : -1);
	CHECK_EQ(ord_result_attempts(result), 1);
	CHECK(ord_result_pid(result) > 0);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	const struct order *order = tally->user;

	if (ord_result_sequence(result) != VICTIM) {
		CHECK_EQ(ord_result_state(result), ORD_DONE);
		return;
	}
	check_victim(order, result);
	if (order->place != PLACE_BETWEEN_TASKS)
		CHECK_EQ(tally->messages, 2 + (order->place == PLACE_WHILE_LOGGING ? 1000 : 0));
}

static void
run_case(uint32_t start, uint32_t death, uint32_t place)
{
	struct order order = { .death = death, .place = place };
	struct tally tally = { .on_result = check_result, .user = &order };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start));
	for (int i = 0; i < AROUND; i++) {
		order.victim = i == VICTIM;
		TALLY_SUBMIT(&tally, order);
		if (place == PLACE_BETWEEN_TASKS && i == VICTIM)
			CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		if (place == PLACE_BETWEEN_TASKS && i > VICTIM)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	}
	tally_close(&tally, AROUND);
}

static void
run_matrix(uint32_t start)
{
	for (uint32_t death = 0; death < DEATHS; death++)
		for (uint32_t place = 0; place < PLACES; place++)
			run_case(start, death, place);
}

SCENE(crash_matrix, exec)
{
	run_matrix(ORD_START_EXEC);
}

SCENE(crash_matrix, fork)
{
	run_matrix(ORD_START_FORK);
}

/* A worker that dies while its input of many megabytes is on the way, and while it writes its output. */
static int
die_with_load(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if (size != 0 && input[0] == 'k')
		raise(SIGKILL);
	return ord_task_return(task, input, size);
}

static void
check_load(struct tally *tally, const struct ord_result *result)
{
	size_t size;

	(void)tally;
	ord_result_output(result, &size);
	if (ord_result_sequence(result) % 2 == 0)
		CHECK_EQ(ord_result_signal(result), SIGKILL);
	else
		CHECK_EQ(size, 4 << 20);
}

SCENE(crash_matrix, large_inputs)
{
	struct tally tally = { .on_result = check_load };
	char *input = malloc(4 << 20);

	CHECK(input != NULL);
	memset(input, 'k', 4 << 20);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = die_with_load, .workers = 2));
	for (int i = 0; i < 40; i++) {
		input[0] = i % 2 == 0 ? 'k' : 'e';
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, input, 4 << 20, NULL));
	}
	free(input);
	tally_close(&tally, 40);
}
