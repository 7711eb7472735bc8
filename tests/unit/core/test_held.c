/* Tasks are held back while something works, and never all of them. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "support.h"

static void
open_workers(struct stage *stage, uint32_t workers, bool batches)
{
	stage_open(stage,
		(struct core_options){ .window = 16, .workers = workers, .functions = true, .batches = batches }, 0);
	stage_bring_up(stage);
}

Test(held, one_at_a_time_goes_on)
{
	struct stage stage;
	uint64_t sequence;
	uint32_t place;

	open_workers(&stage, 3, true);
	stage.core.held = true;
	for (int i = 0; i < 6; i++)
		stage_submit(&stage, "x", 0);
	for (uint64_t i = 0; i < 6; i++) {
		place = stage_next(&stage, DISPATCH_SEND, &sequence);
		cr_assert_eq(sequence, i);
		cr_assert_eq(stage.n, 1);
		stage_next(&stage, DISPATCH_NOTHING, NULL);
		stage_answer(&stage, place, ORD_DONE, "y");
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_close(&stage);
}

Test(held, and_let_go)
{
	struct stage stage;

	open_workers(&stage, 2, false);
	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	stage.core.held = true;
	stage_next(&stage, DISPATCH_SEND, NULL);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage.core.held = false;
	stage_next(&stage, DISPATCH_SEND, NULL);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* A task that only waits may wait for another. */
Test(held, a_task_that_yields_does_not_work)
{
	struct stage stage;
	uint32_t place;

	open_workers(&stage, 2, false);
	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	stage.core.held = true;
	place = stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, place));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	core_yield(&stage.core, place);
	stage_next(&stage, DISPATCH_SEND, NULL);
	stage_close(&stage);
}

/* What died of its memory may have twice as much, as long as there is more to be had. */
static void
die_of_memory(struct stage *stage, uint64_t over_kib)
{
	struct end end = { .wait_status = SIGNALED(9), .over_kib = over_kib, .pid = 7 };
	uint32_t place = stage_next(stage, DISPATCH_SEND, NULL);

	cr_assert(stage_start(stage, place));
	core_ended(&stage->core, place, &end, stage->now_ns);
	cr_assert_null(core_check(&stage->core));
	stage_bring_up(stage);
}

Test(memory, doubles_up_to_the_most)
{
	struct task task = { .limits = { .bounded = 1 } };
	struct extra extra = { .bounds = { .memory_mib = 100, .memory_most_mib = 350 } };
	struct stage stage;
	struct slot *slot;
	struct ord_result result;

	open_workers(&stage, 1, false);
	slot = core_submit(&stage.core, &task, &extra);
	cr_assert_not(slot->task.plain);
	die_of_memory(&stage, 101 << 10);
	cr_assert_eq(slot->rest->extra.bounds.memory_mib, 200);
	die_of_memory(&stage, 201 << 10);
	cr_assert_eq(slot->rest->extra.bounds.memory_mib, 350);
	die_of_memory(&stage, 351 << 10);
	result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_OUT_OF_MEMORY);
	cr_assert_eq(result.attempts, 3);
	cr_assert_str_eq(result.detail->error,
		"the worker was killed: it had 351 MiB of memory, and its limit is 350 MiB (memory_mib)");
	cr_assert_eq(stage.core.retried, 2);
	result_finish(&result);
	stage_close(&stage);
}

Test(memory, does_not_grow_for_who_died_of_something_else)
{
	struct task task = { .limits = { .bounded = 1, .retries = 1 } };
	struct extra extra = { .bounds = { .memory_mib = 100, .memory_most_mib = 350 } };
	struct stage stage;
	struct slot *slot;

	open_workers(&stage, 1, false);
	slot = core_submit(&stage.core, &task, &extra);
	die_of_memory(&stage, 0);
	cr_assert_eq(slot->rest->extra.bounds.memory_mib, 100);
	die_of_memory(&stage, 0);
	stage_expect(&stage, 0, ORD_SIGNALED);
	stage_close(&stage);
}
