/* Cancel: what has not started never starts, what runs is asked. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "shared/region.h"
#include "support.h"

static void
open_workers(struct stage *stage, uint32_t workers)
{
	stage_open(stage,
		(struct core_options){ .window = 4, .workers = workers, .functions = true }, 0);
	stage_bring_up(stage);
}

Test(cancel, what_waits_is_settled_at_once)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 0);
	cr_assert_not(core_cancel(&stage.core, slot));
	cr_assert_not(core_cancel(&stage.core, slot));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_CANCELED);
	cr_assert_eq(result.attempts, 0);
	cr_assert_eq(result.worker, UINT32_MAX);
	result_finish(&result);
	stage_close(&stage);
}

/* It was sent and had not started: its worker finds that out and says so, and its slot may be in use again. */
Test(cancel, what_was_sent_is_skipped)
{
	struct stage stage;
	uint64_t sequence;

	stage_open(
		&stage, (struct core_options){ .window = 1, .workers = 2, .functions = true }, 0);
	stage_bring_up(&stage);
	uint32_t place = (stage_submit(&stage, "x", 0), stage_next(&stage, DISPATCH_SEND, NULL));
	cr_assert_not(core_cancel(&stage.core, core_find(&stage.core, 0)));
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_submit(&stage, "x", 0);
	uint32_t other = stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_neq(other, place);
	cr_assert_not(stage_start(&stage, place));
	cr_assert(stage_start(&stage, other));
	stage_answer(&stage, other, ORD_DONE, "");
	stage_expect(&stage, 1, ORD_DONE);
	stage_close(&stage);
}

Test(cancel, what_runs_is_asked)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 9);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, 0));
	cr_assert(core_cancel(&stage.core, slot));
	cr_assert(core_cancel(&stage.core, slot));
	stage_answer(&stage, 0, ORD_CANCELED, "canceled while it ran");
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_close(&stage);
}

/* What it had done before it was asked counts. */
Test(cancel, a_result_beats_it)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, 0));
	cr_assert(core_cancel(&stage.core, slot));
	stage_answer(&stage, 0, ORD_DONE, "y");
	stage_expect(&stage, 0, ORD_DONE);
	stage_close(&stage);
}

/* A kill of what was asked to end is the cancel, and it is not tried again. */
Test(cancel, a_kill_is_its_end)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 9);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, 0));
	cr_assert(core_cancel(&stage.core, slot));
	stage_die(&stage, 0, SIGNALED(9));
	stage_expect_once(&stage, ORD_CANCELED);
	stage_close(&stage);
}

/* An attempt that ended is known, one that was not begun is not counted. */
Test(cancel, between_two_attempts)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 9);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, 0));
	stage_die(&stage, 0, SIGNALED(11));
	cr_assert_eq(slot->state, SLOT_WAITING);
	cr_assert_not(core_cancel(&stage.core, slot));
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_CANCELED);
	cr_assert_eq(result.attempts, 1);
	cr_assert_eq(result.worker, 0);
	cr_assert_eq(result.pid, 1000);
	result_finish(&result);
	stage_close(&stage);
}

/* The same when the second attempt was sent: its worker did nothing, so a death of it is fruitless. */
Test(cancel, of_a_second_attempt_that_was_sent)
{
	struct stage stage;

	open_workers(&stage, 1);
	struct slot *slot = stage_submit(&stage, "x", 9);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, 0));
	stage_die(&stage, 0, SIGNALED(11));
	stage_bring_up(&stage);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_not(core_cancel(&stage.core, slot));
	cr_assert_not(stage_start(&stage, 0));
	stage_die(&stage, 0, SIGNALED(11));
	cr_assert_eq(stage.core.fruitless, 1);
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.attempts, 1);
	result_finish(&result);
	stage_close(&stage);
}

Test(cancel, of_a_command)
{
	struct end end = { .wait_status = EXITED(0), .stopped = true };
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 2, .workers = 1 }, 0);
	struct slot *stopped = stage_submit_command(&stage, 3);
	struct slot *quick = stage_submit_command(&stage, 3);
	stage_next(&stage, DISPATCH_COMMAND, NULL);
	cr_assert(core_cancel(&stage.core, stopped));
	core_command_ended(&stage.core, 0, &end);
	stage_next(&stage, DISPATCH_COMMAND, NULL);
	cr_assert(core_cancel(&stage.core, quick));
	stage_end_command(&stage, 0, EXITED(0));
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_expect(&stage, 1, ORD_DONE);
	stage_close(&stage);
}
