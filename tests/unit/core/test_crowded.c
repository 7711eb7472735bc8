/* A command for which the system has no room now: it waits for the end of another, in its old place. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "support.h"

static void
open_stage(struct stage *stage, uint32_t workers, int commands)
{
	stage_open(stage, (struct core_options){ .window = 8, .workers = workers }, 0);
	for (int i = 0; i < commands; i++)
		stage_submit_command(stage, 0);
}

static uint32_t
begin(struct stage *stage, uint64_t wanted)
{
	uint64_t sequence;
	uint32_t place = stage_next(stage, DISPATCH_COMMAND, &sequence);

	cr_assert_eq(sequence, wanted);
	return place;
}

Test(crowded, until_another_ends)
{
	struct stage stage;
	uint32_t first, second;

	open_stage(&stage, 2, 4);
	first = begin(&stage, 0);
	second = begin(&stage, 1);
	cr_assert(core_command_put_back(&stage.core, second, stage.now_ns));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert(core_has_time(&stage.core) && core_next_time(&stage.core) > stage.now_ns);
	stage_end_command(&stage, first, EXITED(0));
	first = begin(&stage, 1);
	second = begin(&stage, 2);
	stage_end_command(&stage, first, EXITED(0));
	stage_end_command(&stage, second, EXITED(0));
	stage_end_command(&stage, begin(&stage, 3), EXITED(0));
	for (uint64_t i = 0; i < 4; i++)
		stage_expect(&stage, i, ORD_DONE);
	stage_close(&stage);
}

/* Who else has taken the room may give it back, too. */
Test(crowded, for_a_while)
{
	struct stage stage;

	open_stage(&stage, 2, 2);
	begin(&stage, 0);
	cr_assert(core_command_put_back(&stage.core, begin(&stage, 1), stage.now_ns));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage.now_ns += CLOCK_NS_PER_S;
	begin(&stage, 1);
	stage_close(&stage);
}

Test(crowded, not_where_nothing_else_runs)
{
	struct stage stage;
	uint32_t place;

	open_stage(&stage, 2, 1);
	place = begin(&stage, 0);
	cr_assert(!core_command_put_back(&stage.core, place, stage.now_ns));
	core_command_failed(&stage.core, place, 126, "no room");
	stage_expect(&stage, 0, ORD_FAILED);
	cr_assert(!core_command_put_back(&stage.core, place, stage.now_ns));
	stage_close(&stage);
}

Test(crowded, not_what_is_canceled)
{
	struct stage stage;
	uint32_t place;

	open_stage(&stage, 2, 2);
	begin(&stage, 0);
	place = begin(&stage, 1);
	core_cancel(&stage.core, core_find(&stage.core, 1));
	cr_assert(!core_command_put_back(&stage.core, place, stage.now_ns));
	stage_close(&stage);
}
