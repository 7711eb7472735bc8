/* What a callback may do, and what it is refused. */
#include <stdlib.h>
#include <string.h>

#include "../flow/tally.h"

static int
echo(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);

	(void)user;
	ord_log(ORD_INFO, "task %d says a few words", (int)ord_task_sequence(task));
	return ord_task_return(task, input, size);
}

static int
wait_for_cancel(struct ord_task *task, void *user)
{
	(void)user;
	while (ord_task_sequence(task) != 0 && !ord_task_canceled(task))
		scene_pause_ms(1);
	return 0;
}

static void
try_what_waits(struct ord_pool *pool)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	const struct ord_result *next;

	CHECK_FAILS(pool, ord_pool_submit_wait(pool, "x", 1, NULL), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_step(pool, 0), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_run(pool), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_next(pool, &next), ORD_EBUSY, "callback");
	CHECK_FAILS(pool, ord_pool_finish(pool), ORD_EBUSY, "callback");
	CHECK_EQ(ord_pool_start(pool), ORD_EBUSY);
	CHECK_OK(pool, ord_pool_statistics(pool, &statistics));
	CHECK_OK(pool, ord_pool_cancel(pool, 0));
}

static void
try_on_result(struct tally *tally, const struct ord_result *result)
{
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	try_what_waits(tally->pool);
	if (ord_result_sequence(result) == 9)
		CHECK_OK(tally->pool, ord_pool_close(tally->pool));
	else if (tally->results <= 9)
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "y", 1, NULL));
}

static void
try_on_message(struct tally *tally, const struct ord_message *message)
{
	CHECK_EQ(ord_message_source(message), ORD_SOURCE_LOG);
	try_what_waits(tally->pool);
}

SCENE(callbacks, what_waits_is_refused)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { .on_result = try_on_result, .on_message = try_on_message };

		if (start == ORD_START_COMMAND)
			continue;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = echo, .workers = 2, .start = start));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		tally_close(&tally, 10);
		CHECK_EQ(tally.messages, 10);
	}
}

static void
destroy_at_third(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_sequence(result) == 2)
		ord_pool_destroy(&tally->pool);
	CHECK(ord_result_sequence(result) <= 2);
	CHECK_EQ(ord_result_state(result), ORD_DONE);
}

/* How the owner moves the pool while its callback destroys it. */
static int
move(struct ord_pool *pool, int how)
{
	int status = 0;

	switch (how) {
	case 0: return ord_pool_run(pool);
	case 1: return ord_pool_finish(pool);
	case 2:
		for (int i = 0; i < 100 && status != ORD_ECLOSED; i++)
			status = ord_pool_submit_wait(pool, "x", 1, NULL);
		return status;
	default: return 0;
	}
}

SCENE(callbacks, destroy)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++)
		for (int how = 0; how < 3 && start != ORD_START_COMMAND; how++) {
			struct tally tally = { .on_result = destroy_at_third };
			struct ord_pool *pool;

			tally_open(&tally,
				&TALLY_OPTIONS(&tally, .function = echo, .workers = 2, .window = 6, .start = start));
			pool = tally.pool;
			for (int i = 0; i < 6; i++)
				CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
			CHECK_EQ(move(pool, how), how == 2 ? ORD_ECLOSED : 0);
			CHECK(tally.pool == NULL);
			CHECK_EQ(tally.results, 3);
			scene_await_alone();
		}
}

static void
destroy_on_message(struct tally *tally, const struct ord_message *message)
{
	CHECK_EQ(ord_message_sequence(message), 1);
	ord_pool_destroy(&tally->pool);
}

static int
log_once(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) == 1)
		ord_log(ORD_INFO, "the end");
	return 0;
}

SCENE(callbacks, destroy_from_a_message)
{
	struct tally tally = { .on_message = destroy_on_message };
	struct ord_pool *pool;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = log_once, .workers = 1));
	pool = tally.pool;
	for (int i = 0; i < 6; i++)
		CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_EQ(ord_pool_run(pool), 0);
	CHECK(tally.pool == NULL);
}

static void
cancel_the_others(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_sequence(result) != 0)
		return;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	if (tally->user == NULL) {
		CHECK_OK(tally->pool, ord_pool_cancel_all(tally->pool));
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "x", 0, NULL));
		CHECK_OK(tally->pool, ord_pool_cancel(tally->pool, 50));
		return;
	}
	for (uint64_t i = 1; i <= 50; i++)
		CHECK_OK(tally->pool, i < 50 ? ord_pool_cancel(tally->pool, i) : 0);
}

SCENE(callbacks, cancel)
{
	for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
		struct tally tally = { .on_result = cancel_the_others, .user = one_by_one ? &tally : NULL };
		uint64_t tasks = one_by_one ? 50 : 51;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wait_for_cancel, .workers = 3));
		for (int i = 0; i < 50; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		tally_close(&tally, tasks);
		CHECK_EQ(tally.states[ORD_CANCELED], tasks - 1);
	}
}

static void
interrupt_twice(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_sequence(result) == 0)
		for (int i = 0; i < 2; i++)
			CHECK_OK(tally->pool, ord_pool_interrupt(tally->pool));
}

SCENE(callbacks, interrupt)
{
	struct tally tally = { .on_result = interrupt_twice };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = wait_for_cancel, .workers = 3));
	for (int i = 0; i < 50; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.results, 50);
	CHECK_EQ(tally.states[ORD_CANCELED], 49);
}

static void
submit_a_command(struct tally *tally, const struct ord_message *message)
{
	char *argv[] = { (char *)(uintptr_t)"true", tally->user, NULL };
	char before[64], *filler = tally->user;
	size_t size;

	memset(before, 0, sizeof before);
	ord_message_text(message, &size);
	CHECK(size < sizeof before);
	memcpy(before, ord_message_text(message, NULL), size);
	memset(filler, 'z', 100000);
	CHECK_OK(tally->pool,
		ord_pool_submit_command(tally->pool, &ORD_COMMAND(.argv = (const char *const *)argv), NULL));
	CHECK_EQ(strcmp(before, ord_message_text(message, NULL)), 0);
	CHECK(strstr(ord_message_file(message), "test_callbacks.c") != NULL);
}

SCENE(callbacks, a_message_stays_while_its_callback_submits)
{
	struct tally tally = { .on_message = submit_a_command, .user = calloc(1, 100001) };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = echo, .workers = 2));
	for (int i = 0; i < 20; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 40);
	CHECK_EQ(tally.messages, 20);
	free(tally.user);
}
