/* ord_pool_fd in a loop of the host's: poll the descriptor, step without waiting, and nothing is ever forgotten. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../flow/tally.h"

enum { TASKS = 10000 };

static int
act(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);

	(void)user;
	if (sequence % 1000 == 999)
		raise(SIGKILL);
	if (sequence % 100 == 0)
		printf("a line of %d\n", (int)sequence);
	if (sequence % 100 == 1) {
		ord_log(ORD_INFO, "a record");
		scene_pause_ms(1);
	}
	return 0;
}

/* Without a single step more than the descriptor asks for. */
static void
loop(struct tally *tally, uint64_t results, uint64_t messages)
{
	struct pollfd loop = { .fd = ord_pool_fd(tally->pool), .events = POLLIN };

	CHECK(loop.fd >= 0);
	while (tally->results < results || tally->messages < messages) {
		CHECK(poll(&loop, 1, SCENE_LONG_MS / 2) == 1);
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, 0));
	}
}

static void
loop_over(const struct ord_pool_options *options, struct tally *tally)
{
	tally_open(tally, options);
	for (int i = 0; i < TASKS; i++)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "x", 1, NULL));
	loop(tally, TASKS, 0);
	CHECK_EQ(tally->messages, 2 * TASKS / 100);
	tally_close(tally, TASKS);
}

SCENE(foreign_loop, many_tasks)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { 0 };

		if (start != ORD_START_COMMAND && start != ORD_START_INLINE)
			loop_over(&TALLY_OPTIONS(&tally, .function = act, .workers = 3, .window = TASKS, .start = start,
					  .max_deaths = 1000),
				&tally);
	}
}

SCENE(foreign_loop, one_at_a_time)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2));
	for (uint64_t i = 0; i < 500; i++) {
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		loop(&tally, i + 1, 0);
	}
	tally_close(&tally, 500);
}

static int
talk(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	ord_log(ORD_INFO, "before");
	scene_pause_ms(20);
	return 0;
}

SCENE(foreign_loop, records_and_commands)
{
	static const char *const argv[] = { "sh", "-c", "echo line", NULL };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = talk, .workers = 2));
	for (uint64_t i = 0; i < 20; i++) {
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool,
					     &ORD_COMMAND(.argv = argv, .output = ORD_OUTPUT_LINES), NULL));
		loop(&tally, 2 * i, 2 * i + 1);
	}
	loop(&tally, 40, 40);
	tally_close(&tally, 40);
}

SCENE(foreign_loop, interrupt_wakes_it)
{
	struct tally tally = { 0 };
	struct pollfd pool;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = talk, .workers = 1));
	pool = (struct pollfd){ .fd = ord_pool_fd(tally.pool), .events = POLLIN };
	for (int quiet = 0; quiet < 3; quiet++) {
		while (poll(&pool, 1, 50) == 1)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	}
	CHECK_OK(tally.pool, ord_pool_interrupt(tally.pool));
	CHECK_EQ(poll(&pool, 1, SCENE_LONG_MS), 1);
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
	ord_pool_destroy(&tally.pool);
}
