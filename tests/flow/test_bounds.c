/* From submission to delivery tasks and bytes are bounded: a slow first task cannot make memory grow. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tally.h"

enum { MIB = 1 << 20, PEAK_KIB = 100 << 10 };

/* The first task ends when the others have filled what they may fill, the others return a MiB each. */
static int
return_a_mib(struct ord_task *task, void *user)
{
	static char mib[MIB];

	(void)user;
	if (ord_task_sequence(task) == 0)
		scene_pause_ms(2000);
	memset(mib, (int)ord_task_sequence(task), sizeof mib);
	return ord_task_return(task, mib, sizeof mib);
}

static void
check_mib(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const char *output = ord_result_output(result, &size);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	CHECK_EQ(size, MIB);
	CHECK_EQ(output[size - 1], (char)ord_result_sequence(result));
}

static void
slow_head(uint32_t start, uint32_t messages, uint64_t behind)
{
	struct tally tally = { .on_result = check_mib };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = return_a_mib, .workers = 3, .start = start, .messages = messages));
	for (uint64_t i = 0; i <= behind; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	tally_close(&tally, behind + 1);
	CHECK(scene_memory_kib(0, "VmHWM") <= PEAK_KIB);
}

SCENE(bounds, slow_head_exec)
{
	slow_head(ORD_START_EXEC, ORD_LIVE, 4095);
}

SCENE(bounds, slow_head_fork)
{
	slow_head(ORD_START_FORK, ORD_ORDERED, 500);
}

/* The head logs all the time: its records come though the bytes are full; the others' records wait with their tasks. */
static int
log_a_lot(struct ord_task *task, void *user)
{
	static char text[1024];

	(void)user;
	memset(text, 'x', sizeof text - 1);
	for (int i = 0; i < 100; i++) {
		ord_log(ORD_INFO, "%s", text);
		if (ord_task_sequence(task) == 0)
			scene_pause_ms(5);
	}
	return 0;
}

SCENE(bounds, held_messages_count)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = log_a_lot, .workers = 3, .messages = ORD_ORDERED,
				   .window_bytes = 8 << 20));
	for (int i = 0; i < 1000; i++)
		CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1000);
	CHECK_EQ(tally.messages, 100000);
	CHECK(scene_memory_kib(0, "VmHWM") <= PEAK_KIB);
}

/* A host that submits without delivering is told, by tasks and by bytes. */
static int
nothing(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	return 0;
}

static uint64_t
submit_until_full(struct tally *tally, size_t size)
{
	char *input = calloc(1, size);
	uint64_t tasks = 0;
	int status;

	CHECK(input != NULL);
	while ((status = ord_pool_submit(tally->pool, input, size, NULL)) == 0)
		tasks++;
	CHECK_FAILS(tally->pool, status, ORD_EAGAIN, "window");
	free(input);
	return tasks;
}

SCENE(bounds, submit_says_when_it_is_full)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = nothing, .workers = 2, .window = 10, .window_bytes = MIB));
	CHECK_EQ(submit_until_full(&tally, 1), 10);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(submit_until_full(&tally, MIB / 4), 4);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(submit_until_full(&tally, 3 * MIB), 1); /* the first is always accepted */
	tally_close(&tally, 15);
}

/* At every instant no more than a window lies between submission and delivery. */
static void
count_window(struct tally *tally, const struct ord_result *result)
{
	struct ord_statistics statistics = ORD_STATISTICS;

	(void)result;
	CHECK_OK(tally->pool, ord_pool_statistics(tally->pool, &statistics));
	CHECK(statistics.submitted - statistics.delivered <= 7);
	CHECK_EQ(statistics.delivered, tally->results);
}

SCENE(bounds, window_of_tasks)
{
	for (uint32_t order = ORD_SUBMISSION; order <= ORD_COMPLETION; order++) {
		struct tally tally = { .on_result = count_window, .completion = order == ORD_COMPLETION };

		tally_open(&tally,
			&TALLY_OPTIONS(&tally, .function = nothing, .workers = 3, .window = 7, .order = order));
		for (int i = 0; i < 3000; i++)
			CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
		tally_close(&tally, 3000);
	}
}

/* The head waits until all others of the window have a result, then does what its input says. */
static int
head_waits(struct ord_task *task, void *user)
{
	const char *path = ord_task_input(task, NULL);

	(void)user;
	if (ord_task_sequence(task) != 0)
		return 0;
	while (access(path + 1, F_OK) != 0 && !ord_task_canceled(task))
		scene_pause_ms(1);
	if (path[0] == 'k')
		raise(SIGKILL);
	return path[0] == 'f' ? ord_task_fail(task, "late") : 0;
}

static void
run_head(char how, int state)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	char path[] = "x/tmp/ord-scene-XXXXXX";
	struct tally tally = { 0 };

	CHECK(mkdtemp(path + 1) != NULL && rmdir(path + 1) == 0);
	path[0] = how;
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = head_waits, .workers = 3, .window = 50));
	for (int i = 0; i < 50; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, path, sizeof path, NULL));
	while (statistics.settled != 49) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
		CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	}
	CHECK_EQ(tally.results, 0);
	if (how == 'c')
		CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, 0));
	else
		CHECK(mkdir(path + 1, 0700) == 0);
	tally_close(&tally, 50);
	CHECK_EQ(tally.states[state] + tally.states[ORD_DONE], state == ORD_DONE ? 100 : 50);
	CHECK((rmdir(path + 1) == 0) == (how != 'c'));
}

SCENE(bounds, head_with_a_full_window_behind)
{
	run_head('d', ORD_DONE);
	run_head('f', ORD_FAILED);
	run_head('k', ORD_SIGNALED);
	run_head('c', ORD_CANCELED);
}

/* The first task runs until it is canceled; the others say more than the window holds, ask, and die. */
static int
stay_or_say(struct ord_task *task, void *user)
{
	static char text[1024];

	(void)user;
	memset(text, 'x', sizeof text - 1);
	for (int i = 0; i < 100 && ord_task_sequence(task) != 0; i++)
		ord_log(ORD_INFO, "%s", text);
	while (ord_task_sequence(task) == 0 && !ord_task_canceled(task))
		scene_pause_ms(1);
	if (ord_task_sequence(task) != 0 && ord_task_ask(task, "?", 1, NULL, NULL) == 0)
		raise(SIGKILL);
	return 0;
}

static void
count_ask(const struct ord_ask *ask, void *user)
{
	(void)ask;
	++*(int *)user;
}

/* A worker that was not acknowledged dies, its place stays empty, and another is acknowledged later. */
SCENE(bounds, a_place_that_waited_is_left)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct tally tally = { 0 };
	int asks = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = stay_or_say, .workers = 4, .window_bytes = MIB / 32,
				   .messages = ORD_ORDERED, .on_ask = count_ask, .on_ask_user = &asks));
	while (ord_pool_statistics(tally.pool, &statistics) == 0 && statistics.workers < 4)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	for (int i = 0; i < 4; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, NULL, 0, NULL));
	while (asks < 3)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	CHECK_OK(tally.pool, ord_pool_resize(tally.pool, 1));
	CHECK_OK(tally.pool, ord_pool_answer(tally.pool, 1, NULL, 0));
	CHECK_OK(tally.pool, ord_pool_answer(tally.pool, 2, NULL, 0));
	while (ord_pool_statistics(tally.pool, &statistics) == 0 && statistics.settled < 2)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, 0));
	while (tally.results < 3)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	CHECK_OK(tally.pool, ord_pool_answer(tally.pool, 3, NULL, 0));
	tally_close(&tally, 4);
	CHECK_EQ(tally.states[ORD_SIGNALED], 3);
	CHECK_EQ(tally.messages, 300);
}
