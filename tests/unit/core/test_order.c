/* In which order results come out, whatever the order in which they came in. */
#include <criterion/criterion.h>

#include <stdio.h>

#include <orderly/result.h>

#include "support.h"

enum { TASKS = 4, ORDERS = 24, WINDOW = 3 };

/* Everything that a master with nothing else to do would do now; what is delivered must come in order. */
static void
move(struct stage *stage, uint32_t place_of[TASKS], uint64_t *submitted, uint64_t *delivered)
{
	uint64_t sequence;

	while (core_deliverable(&stage->core) != NULL)
		stage_expect(stage, (*delivered)++, ORD_DONE);
	while (*submitted < TASKS && core_has_room(&stage->core, 1)) {
		stage_submit(stage, "x", 0);
		(*submitted)++;
	}
	while (stage->core.n_waiting != 0 && stage->core.n_idle != 0) {
		uint32_t place = stage_next(stage, DISPATCH_SEND, &sequence);

		place_of[sequence] = place;
	}
	cr_assert(stage->core.live <= WINDOW);
	stage_quiet(stage);
}

static void
permutation(uint32_t which, uint32_t order[TASKS])
{
	uint32_t left[TASKS] = { 0, 1, 2, 3 }, radix = ORDERS;

	for (uint32_t i = 0; i < TASKS; i++) {
		radix /= TASKS - i;
		order[i] = left[which / radix];
		for (uint32_t k = which / radix; k + 1 < TASKS - i; k++)
			left[k] = left[k + 1];
		which %= radix;
	}
}

/*
 * Tasks want to end in the order of the permutation.  The fourth is given out
 * only when the first of three is delivered, so it waits for its turn when the
 * permutation has it earlier: then the first that has a place goes on.
 */
static void
complete_in(const uint32_t order[TASKS])
{
	uint32_t place_of[TASKS] = { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX };
	uint64_t submitted = 0, delivered = 0;
	bool done[TASKS] = { false };
	struct stage stage;

	stage_open(&stage,
		(struct core_options){ .window = WINDOW, .workers = 3, .functions = true }, 0);
	stage_bring_up(&stage);
	move(&stage, place_of, &submitted, &delivered);
	while (delivered < TASKS) {
		uint32_t i = 0;

		while (done[order[i]] || place_of[order[i]] == UINT32_MAX)
			i++;
		done[order[i]] = true;
		stage_answer(&stage, place_of[order[i]], ORD_DONE, "y");
		move(&stage, place_of, &submitted, &delivered);
	}
	cr_assert_eq(stage.core.live, 0);
	cr_assert_eq(stage.core.bytes, 0);
	stage_close(&stage);
}

Test(order, every_order_of_four_tasks_on_three_workers)
{
	uint32_t order[TASKS];

	for (uint32_t which = 0; which < ORDERS; which++) {
		permutation(which, order);
		complete_in(order);
	}
}

Test(order, a_slow_head_fills_the_window_and_no_more)
{
	struct stage stage;

	stage_open(
		&stage, (struct core_options){ .window = 3, .workers = 2, .functions = true }, 0);
	stage_bring_up(&stage);
	for (int i = 0; i < 3; i++)
		stage_submit(&stage, "x", 0);
	uint32_t slow = stage_next(&stage, DISPATCH_SEND, NULL);
	for (uint64_t i = 1; i < 3; i++) {
		uint64_t sequence;
		uint32_t fast = stage_next(&stage, DISPATCH_SEND, &sequence);

		cr_assert_eq(sequence, i);
		stage_answer(&stage, fast, ORD_DONE, "");
		stage_quiet(&stage);
	}
	cr_assert_not(core_has_room(&stage.core, 0));
	stage_answer(&stage, slow, ORD_DONE, "");
	for (uint64_t i = 0; i < 3; i++)
		stage_expect(&stage, i, ORD_DONE);
	cr_assert(core_has_room(&stage.core, 0));
	stage_close(&stage);
}

Test(order, of_completion_when_asked)
{
	uint32_t places[3];
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 3, .workers = 3, .functions = true, .completion = true },
		0);
	stage_bring_up(&stage);
	for (uint32_t i = 0; i < 3; i++) {
		stage_submit(&stage, "x", 0);
		places[i] = stage_next(&stage, DISPATCH_SEND, NULL);
	}
	stage_answer(&stage, places[2], ORD_DONE, "");
	stage_answer(&stage, places[0], ORD_DONE, "");
	cr_assert_eq(core_head(&stage.core)->sequence, 0);
	stage_expect(&stage, 2, ORD_DONE);
	stage_expect(&stage, 0, ORD_DONE);
	cr_assert_eq(core_head(&stage.core)->sequence, 1);
	cr_assert_null(core_find(&stage.core, 0));
	cr_assert_eq(core_find(&stage.core, 1)->sequence, 1);
	/* One slow task leaves the rest of the window to the others. */
	for (uint64_t i = 3; i < 20; i++) {
		stage_submit(&stage, "x", 0);
		stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_answer(&stage, places[1], ORD_DONE, "");
	stage_expect(&stage, 1, ORD_DONE);
	stage_close(&stage);
}

/* Sequences, and the order of what waits, go on over the end of 64 bits. */
Test(order, wraps_around)
{
	uint64_t first = UINT64_MAX - 2, sequence;
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 8, .workers = 2, .functions = true },
		first);
	stage_bring_up(&stage);
	for (int i = 0; i < 6; i++)
		stage_submit(&stage, "x", 0);
	cr_assert_eq(core_find(&stage.core, 2)->sequence, 2);
	cr_assert_null(core_find(&stage.core, 3));
	uint32_t one = stage_next(&stage, DISPATCH_SEND, NULL);
	uint32_t two = stage_next(&stage, DISPATCH_SEND, NULL);
	stage_die(&stage, one, SIGNALED(9));
	stage_die(&stage, two, SIGNALED(9));
	stage_bring_up(&stage);
	for (uint64_t i = 0; i < 6; i++) {
		uint32_t place = stage_next(&stage, DISPATCH_SEND, &sequence);

		cr_assert_eq(sequence, first + i);
		stage_answer(&stage, place, ORD_DONE, "");
		stage_expect(&stage, first + i, ORD_DONE);
	}
	cr_assert_null(core_head(&stage.core));
	stage_close(&stage);
}

/* Over the bound the worker of the lowest sequence goes on; 2^64 - 1 is lower than 0. */
Test(order, the_lowest_sequence_is_not_the_smallest_number)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 4, .window_bytes = 3, .workers = 2, .functions = true },
		UINT64_MAX);
	stage_bring_up(&stage);
	stage_submit(&stage, "x", 0);
	struct slot *second = stage_submit(&stage, "x", 0);
	uint32_t one = stage_next(&stage, DISPATCH_SEND, NULL);
	uint32_t two = stage_next(&stage, DISPATCH_SEND, NULL);
	core_charge(&stage.core, second, 10);
	cr_assert(core_may_take(&stage.core, one));
	cr_assert_not(core_may_take(&stage.core, two));
	core_charge(&stage.core, second, -10);
	stage_close(&stage);
}

/* The place to look at first is a number that only grows. */
Test(order, places_are_found_after_four_thousand_million_tasks)
{
	struct stage stage;

	stage_open(
		&stage, (struct core_options){ .window = 4, .workers = 3, .functions = true }, 0);
	stage_bring_up(&stage);
	for (int round = 0; round < 3; round++) {
		stage.core.cursor = UINT32_MAX;
		for (int i = 0; i < 3; i++) {
			stage_submit(&stage, "x", 0);
			cr_assert(stage_next(&stage, DISPATCH_SEND, NULL) < 3);
		}
		stage.core.cursor = UINT32_MAX;
		stage_answer(&stage, (uint32_t)round, ORD_DONE, "");
		stage_submit(&stage, "x", 0);
		cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), (uint32_t)round);
		for (uint32_t i = 0; i < 3; i++)
			stage_answer(&stage, i, ORD_DONE, "");
		for (uint64_t i = 0; i < 4; i++)
			stage_expect(&stage, (uint64_t)round * 4 + i, ORD_DONE);
	}
	stage_close(&stage);
}
