/* The window: so many tasks, so many bytes, and the first task always goes on. */
#include <criterion/criterion.h>

#include <stdint.h>

#include <orderly/result.h>

#include "support.h"

static void
open_bytes(struct stage *stage, uint64_t window_bytes, bool completion)
{
	stage_open(stage,
		(struct core_options){ .window = 8,
			.window_bytes = window_bytes,
			.workers = 2,
			.functions = true,
			.completion = completion },
		0);
	stage_bring_up(stage);
}

Test(bounds, slots_are_a_power_of_two)
{
	cr_assert_eq(core_slots(1), 1);
	cr_assert_eq(core_slots(2), 2);
	cr_assert_eq(core_slots(3), 4);
	cr_assert_eq(core_slots(4096), 4096);
	cr_assert_eq(core_slots((1 << 24) - 1), 1 << 24);
}

Test(bounds, the_window_is_full_at_its_number)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 3, .workers = 1 }, 0);
	for (int i = 0; i < 3; i++)
		stage_submit_command(&stage, 0);
	cr_assert_not(core_has_room(&stage.core, 0));
	stage_end_command(&stage, stage_next(&stage, DISPATCH_COMMAND, NULL), EXITED(0));
	cr_assert_not(core_has_room(&stage.core, 0)); /* settled is not delivered */
	stage_expect(&stage, 0, ORD_DONE);
	cr_assert(core_has_room(&stage.core, 0));
	stage_close(&stage);
}

Test(bounds, bytes_fit_exactly_or_not)
{
	struct stage stage;

	open_bytes(&stage, 10, false);
	cr_assert(core_has_room(&stage.core, SIZE_MAX)); /* the first is always taken */
	stage_submit(&stage, "1234567", 0);
	cr_assert(core_has_room(&stage.core, 3));
	cr_assert_not(core_has_room(&stage.core, 4));
	cr_assert_not(core_has_room(&stage.core, SIZE_MAX));
	stage_submit(&stage, "890", 0);
	cr_assert_not(core_has_room(&stage.core, 0));
	stage_close(&stage);
}

/* Submits three tasks of which the first runs, and puts `bytes` of output on the scale. */
static struct slot *
weigh(struct stage *stage, uint32_t *place, ptrdiff_t bytes)
{
	struct slot *first = stage_submit(stage, "x", 0);

	stage_submit(stage, "x", 0);
	stage_submit(stage, "x", 0);
	*place = stage_next(stage, DISPATCH_SEND, NULL);
	core_charge(&stage->core, first, bytes);
	return first;
}

Test(bounds, over_the_bound_nothing_is_given_out_but_the_head)
{
	uint64_t sequence;
	uint32_t place;
	struct stage stage;

	open_bytes(&stage, 10, false);
	struct slot *first = weigh(&stage, &place, 7);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	core_charge(&stage.core, first, -1);
	cr_assert_eq(stage.core.bytes, 9);
	uint32_t other = stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(sequence, 1);
	/* The head's worker dies: the head waits, and it goes out over the bound. */
	core_charge(&stage.core, first, 100);
	stage_die(&stage, place, SIGNALED(9));
	stage_bring_up(&stage);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, &sequence), place);
	cr_assert_eq(sequence, 0);
	cr_assert(core_may_take(&stage.core, place));
	cr_assert_not(core_may_take(&stage.core, other));
	core_charge(&stage.core, first, -106);
	stage_answer(&stage, place, ORD_DONE, "");
	cr_assert(core_may_take(&stage.core, other));
	stage_close(&stage);
}

/* The head waits and no place is free: the worker that will be free for it first may go on. */
Test(bounds, workers_do_not_wait_for_a_head_that_waits_for_them)
{
	struct stage stage;
	uint64_t sequence;
	uint32_t places[3];

	stage_open(&stage,
		(struct core_options){
			.window = 8, .window_bytes = 10, .workers = 3, .functions = true },
		0);
	stage_bring_up(&stage);
	for (int i = 0; i < 3; i++) {
		stage_submit(&stage, "x", 0);
		places[i] = stage_next(&stage, DISPATCH_SEND, NULL);
	}
	stage_die(&stage, places[0], SIGNALED(9));
	core_charge(&stage.core, core_find(&stage.core, 2), 20);
	cr_assert_eq(core_head(&stage.core)->state, SLOT_WAITING);
	cr_assert(core_may_take(&stage.core, places[0])); /* it has nothing to do */
	cr_assert(core_may_take(&stage.core, places[1]));
	cr_assert_not(core_may_take(&stage.core, places[2]));
	stage_answer(&stage, places[1], ORD_DONE, "");
	core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, &sequence), places[1]);
	cr_assert_eq(sequence, 0);
	cr_assert(core_may_take(&stage.core, places[1]));
	cr_assert_not(core_may_take(&stage.core, places[2]));
	core_charge(&stage.core, core_find(&stage.core, 2), -20);
	stage_close(&stage);
}

/* In the order of completion the head is the oldest that is not delivered. */
Test(bounds, of_completion)
{
	uint64_t sequence;
	uint32_t place;
	struct stage stage;

	open_bytes(&stage, 10, true);
	struct slot *first = weigh(&stage, &place, 7);
	cr_assert_eq(core_head(&stage.core), first);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, place, ORD_DONE, "");
	stage_next(&stage, DISPATCH_SEND, &sequence); /* its input is gone, so there are 9 bytes */
	stage_expect(&stage, 0, ORD_DONE);
	cr_assert_eq(core_head(&stage.core)->sequence, 1);
	cr_assert_eq(stage.core.bytes, 2);
	stage_close(&stage);
}

Test(bounds, what_is_delivered_is_not_counted)
{
	struct stage stage;

	open_bytes(&stage, 100, false);
	struct slot *slot = stage_submit(&stage, "12345", 0);
	cr_assert_eq(stage.core.bytes, 5);
	uint32_t place = stage_next(&stage, DISPATCH_SEND, NULL);
	core_charge(&stage.core, slot, 20); /* a message that is held */
	stage_answer(&stage, place, ORD_DONE, "123");
	cr_assert_eq(stage.core.bytes, 23);
	core_charge(&stage.core, slot, -20);
	stage_expect(&stage, 0, ORD_DONE);
	cr_assert_eq(stage.core.bytes, 0);
	stage_close(&stage);
}
