/* Tasks are taken from a worker that does not come to them, and it is not told: nobody starts them twice or is blamed. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "core/roster.h"
#include "shared/region.h"
#include "support.h"

static void
open_workers(struct stage *stage, uint32_t workers)
{
	stage_open(stage,
		(struct core_options){ .window = 4, .workers = workers, .functions = true }, 0);
	stage_bring_up(stage);
}

/* A place that was sent one task. */
static uint32_t
send_one(struct stage *stage)
{
	stage_submit(stage, "x", 0);
	return stage_next(stage, DISPATCH_SEND, NULL);
}

/* Its worker is killed because of it. */
static void
replace(struct stage *stage, uint32_t place)
{
	core_restore(&stage->core, place);
	core_leaving(&stage->core, place);
	stage_die(stage, place, SIGNALED(9));
	stage_bring_up(stage);
}

Test(withdraw, a_worker_that_wakes_finds_nothing_to_start)
{
	struct stage stage;

	open_workers(&stage, 1);
	uint32_t place = send_one(&stage);
	cr_assert(core_withdraw(&stage.core, place));
	cr_assert_not(claim_start(&stage.claims[0], 0, 0, place));
	cr_assert(core_is_withdrawn(&stage.core, core_find(&stage.core, 0)));
	replace(&stage, place);
	cr_assert_eq(stage.core.deaths, 0);
	cr_assert_eq(stage.core.fruitless, 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), place);
	cr_assert(stage_start(&stage, place));
	stage_answer(&stage, place, ORD_DONE, "");
	stage_expect_once(&stage, ORD_DONE);
	stage_close(&stage);
}

Test(withdraw, a_worker_that_has_started_one_is_left_alone)
{
	struct stage stage;

	open_workers(&stage, 1);
	uint32_t place = send_one(&stage);
	cr_assert(stage_start(&stage, place));
	cr_assert_not(core_withdraw(&stage.core, place));
	cr_assert_not(core_is_withdrawn(&stage.core, core_find(&stage.core, 0)));
	core_restore(&stage.core, place);
	stage_do_last(&stage, place);
}

Test(withdraw, a_cancel_meanwhile_holds)
{
	struct stage stage;

	open_workers(&stage, 1);
	uint32_t place = send_one(&stage);
	cr_assert(core_withdraw(&stage.core, place));
	cr_assert(core_cancel(&stage.core, core_find(&stage.core, 0)), "nobody can take it back yet");
	replace(&stage, place);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_close(&stage);
}

Test(withdraw, a_stop_meanwhile_holds)
{
	struct stage stage;

	open_workers(&stage, 1);
	uint32_t place = send_one(&stage);
	cr_assert(core_withdraw(&stage.core, place));
	core_stop(&stage.core, "over");
	core_restore(&stage.core, place);
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_close(&stage);
}

/* A second copy, as take-over makes it. */
static void
copy_to(struct core *core, struct slot *slot, uint32_t to)
{
	struct place *place = &core->places[to];

	place_out(core, place);
	cr_assert_eq(place_reserve(place, 1), 0);
	place_note(place, slot);
	place->batch = 1;
	slot->copies++;
	place_in(core, place);
}

/* Two hold it, and neither may start it until the last of those that are replaced has ended. */
Test(withdraw, what_two_hold)
{
	struct stage stage;

	open_workers(&stage, 2);
	uint32_t place = send_one(&stage);
	copy_to(&stage.core, core_find(&stage.core, 0), 1 - place);
	cr_assert(core_withdraw(&stage.core, 0));
	cr_assert(core_withdraw(&stage.core, 1));
	core_restore(&stage.core, place);
	core_leaving(&stage.core, place);
	stage_die(&stage, place, SIGNALED(9));
	cr_assert_not(claim_start(&stage.claims[0], 0, 0, 1 - place));
	core_restore(&stage.core, 1 - place);
	core_leaving(&stage.core, 1 - place);
	stage_die(&stage, 1 - place, SIGNALED(9));
	cr_assert_eq(stage.claims[0], CLAIM_WORD(0, 0, 0, CLAIM_ARMED));
	cr_assert_eq(core_find(&stage.core, 0)->state, SLOT_WAITING);
	core_stop(&stage.core, "over");
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_close(&stage);
}

/* One of two that hold it is replaced: the other may have skipped it, and it comes back. */
Test(withdraw, another_skips_it_meanwhile)
{
	struct stage stage;

	open_workers(&stage, 2);
	uint32_t place = send_one(&stage);
	copy_to(&stage.core, core_find(&stage.core, 0), 1 - place);
	cr_assert(core_withdraw(&stage.core, place));
	cr_assert_not(claim_start(&stage.claims[0], 0, 0, 1 - place));
	core_answered(&stage.core, 1 - place);
	replace(&stage, place);
	cr_assert_eq(core_find(&stage.core, 0)->state, SLOT_WAITING);
	place = stage_next(&stage, DISPATCH_SEND, NULL);
	stage_do_last(&stage, place);
}

Test(withdraw, only_once)
{
	struct stage stage;

	open_workers(&stage, 1);
	uint32_t place = send_one(&stage);
	cr_assert(core_withdraw(&stage.core, place));
	cr_assert_not(core_withdraw(&stage.core, place));
	replace(&stage, place);
	core_restore(&stage.core, place);
	cr_assert_eq(stage.core.n_withdrawn, 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), place);
	stage_do_last(&stage, place);
}
