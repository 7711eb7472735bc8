/*
 * Each call with its first, second, third … allocation failing until it needs no more: it says ORD_ENOMEM or
 * gets by without, and the pool stays usable. Memory of libzmq is not the library's and does not fail here.
 */
#include <stdlib.h>
#include <string.h>

#include "../flow/tally.h"
#include "memory_fault.h"

static int
act(struct ord_task *task, void *user)
{
	static char large[200000];

	(void)user;
	ord_log(ORD_INFO, "a record");
	return ord_task_return(task, large, sizeof large);
}

SCENE(memory, new)
{
	static const int fds[] = { 0, 1 };
	int n = 1, status;

	do {
		struct ord_pool *pool = (struct ord_pool *)&pool;

		memory_fault_at((unsigned long)n++);
		status = ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function_name = "a.so:b", .program = "/bin/true", .keep_fds = fds,
						     .n_keep_fds = 2));
		CHECK_EQ(status, memory_fault_came() ? ORD_ENOMEM : 0);
		memory_fault_at(0);
		CHECK((pool == NULL) == (status != 0));
		ord_pool_destroy(&pool);
	} while (status != 0);
	CHECK(n > 4);
}

static int
start_with_fault(uint32_t start, int n)
{
	struct tally tally = { 0 };
	unsigned fds = scene_count_fds();
	int status, came;

	CHECK_OK(NULL, ord_pool_new(&tally.pool, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start)));
	memory_fault_at((unsigned long)n);
	status = ord_pool_start(tally.pool);
	came = memory_fault_came();
	memory_fault_at(0);
	if (status != 0)
		CHECK_FAILS(tally.pool, status, ORD_ENOMEM, "memory");
	if (status == 0) {
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_EQ(tally.states[ORD_DONE], 1);
	}
	ord_pool_destroy(&tally.pool);
	scene_await_alone();
	CHECK_EQ(scene_count_fds(), fds);
	CHECK_EQ(scene_count_endpoints(), 0);
	return came;
}

/* In a spawner that is forked the count goes on, and its failures are told. */
SCENE(memory, start)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++)
		for (int n = 1; start != ORD_START_COMMAND && start_with_fault(start, n); n++)
			CHECK(n < 100);
}

static int
submit_with_fault(struct tally *tally, int how, int n)
{
	static const char *const argv[] = { "true", NULL };
	static const char *const env[] = { "A=B", NULL };
	static char input[1000];
	uint64_t sequence = 77;
	int status, came;

	memory_fault_at((unsigned long)n);
	if (how == 0)
		status = ord_pool_submit(tally->pool, input, sizeof input, &sequence);
	else if (how == 1)
		status = ord_pool_submit_wait(tally->pool, input, sizeof input, &sequence);
	else
		status = ord_pool_submit_command(tally->pool,
			&ORD_COMMAND(.argv = argv, .env = env, .cwd = "/", .input = input, .input_size = sizeof input), &sequence);
	came = memory_fault_came();
	memory_fault_at(0);
	CHECK(status == 0 || (status == ORD_ENOMEM && came && sequence == 77));
	return came;
}

/* Whatever was accepted has a result, whatever was refused has none. */
SCENE(memory, submit)
{
	for (int how = 0; how < 3; how++) {
		struct ord_statistics statistics = ORD_STATISTICS;
		struct tally tally = { 0 };
		int n = 1;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2));
		while (submit_with_fault(&tally, how, n))
			CHECK(n++ < 100);
		CHECK(n > 1);
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
		CHECK_EQ(statistics.submitted, tally.results);
		CHECK_EQ(statistics.bytes, 0);
		if (how != 1)
			CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
		ord_pool_destroy(&tally.pool);
	}
}

static int
deliver_with_fault(const struct ord_pool_options *options, struct tally *tally, int n)
{
	static const char *const argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	int came;

	tally_open(tally, options);
	for (int i = 0; i < 4; i++) {
		CHECK_OK(tally->pool, ord_pool_submit(tally->pool, "x", 1, NULL));
		if (options->start != ORD_START_INLINE)
			CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &ORD_COMMAND(.argv = argv), NULL));
	}
	memory_fault_at((unsigned long)n);
	CHECK_OK(tally->pool, ord_pool_run(tally->pool));
	came = memory_fault_came();
	memory_fault_at(0);
	tally_close(tally, options->start == ORD_START_INLINE ? 4 : 8);
	return came;
}

/* At most one task or one message suffers from an allocation that fails on the way back. */
static void
deliver_all(uint32_t start, uint32_t messages)
{
	int n = 1;

	for (int came = 1; came; n++) {
		struct tally tally = { 0 };

		came = deliver_with_fault(&TALLY_OPTIONS(&tally, .function = act, .workers = 2, .start = start,
						  .messages = messages),
			&tally, n);
		CHECK(tally.states[ORD_DONE] + 1 >= tally.results);
		CHECK(n < 400);
	}
	CHECK(n > 2);
}

SCENE(memory, delivery)
{
	deliver_all(ORD_START_EXEC, ORD_LIVE);
}

SCENE(memory, delivery_of_held_messages)
{
	deliver_all(ORD_START_EXEC, ORD_ORDERED);
}

SCENE(memory, delivery_inline)
{
	deliver_all(ORD_START_INLINE, ORD_LIVE);
	deliver_all(ORD_START_INLINE, ORD_ORDERED);
}

static int
iterate_with_fault(int n)
{
	const struct ord_result *result;
	struct ord_pool *pool;
	int results = 0, came;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 2)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 4; i++)
		CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_cancel(pool, 3));
	memory_fault_at((unsigned long)n);
	do {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		results += result != NULL;
	} while (result != NULL);
	came = memory_fault_came();
	memory_fault_at(0);
	CHECK_EQ(results, 4);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	return came;
}

SCENE(memory, iterator)
{
	for (int n = 1; iterate_with_fault(n); n++)
		CHECK(n < 200);
}
