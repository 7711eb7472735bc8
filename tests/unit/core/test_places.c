/* Many places: the one that is wanted is found, whichever it is. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "core/sets.h"
#include "support.h"

enum { PLACES = 150 }; /* more than two words of a set */

static void
open_places(struct stage *stage, uint32_t tasks)
{
	stage_open(stage,
		(struct core_options){
			.window = 64, .workers = PLACES, .functions = true, .batches = true },
		0);
	stage_bring_up(stage);
	for (uint32_t i = 0; i < tasks; i++)
		stage_submit(stage, "x", 0);
}

/* A place answers all that it holds. */
static void
answer_all(struct stage *stage, uint32_t place)
{
	while (stage->core.places[place].count != 0)
		stage_answer(stage, place, ORD_DONE, "");
}

Test(places, workers_are_started_from_the_first_on)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){ .window = 64, .workers = PLACES, .functions = true }, 0);
	for (uint32_t i = 0; i < PLACES; i++) {
		cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), i);
		core_spawning(&stage.core, i);
	}
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

Test(places, idle_ones_take_turns)
{
	struct stage stage;

	open_places(&stage, 0);
	for (uint32_t i = 0; i < 2 * PLACES; i++) {
		stage_submit(&stage, "x", 0);
		cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), i % PLACES);
		answer_all(&stage, i % PLACES);
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_close(&stage);
}

/* One place after the other is the only one that is idle. */
Test(places, the_only_idle_one_is_found)
{
	struct ord_result result;
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = 63, .functions = true, .completion = true },
		0);
	stage_bring_up(&stage);
	for (int i = 0; i < 63; i++) {
		stage_submit(&stage, "x", 0);
		stage_next(&stage, DISPATCH_SEND, NULL);
	}
	for (uint32_t i = 0; i < 63; i++) {
		uint32_t place = i * 37 % 63;

		stage_submit(&stage, "x", 0);
		stage_next(&stage, DISPATCH_NOTHING, NULL);
		answer_all(&stage, place);
		cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), place);
		core_release(&stage.core, core_deliverable(&stage.core), &result);
		result_finish(&result);
	}
	stage_close(&stage);
}

/* A worker that is tried again later does not stand in the way of one that can be started. */
Test(places, who_waits_is_passed_over)
{
	struct stage stage;

	open_places(&stage, 0);
	for (int i = 0; i < 2; i++) { /* the first try is at once */
		stage_die(&stage, 70, EXITED(1));
		stage_die(&stage, 140, EXITED(1));
		cr_assert_eq(stage_next(&stage, i == 0 ? DISPATCH_SPAWN : DISPATCH_NOTHING, NULL),
			i == 0 ? 70u : 0u);
		if (i == 0)
			stage_bring_up(&stage);
	}
	cr_assert_eq(core_next_time(&stage.core), stage.now_ns + 10 * CLOCK_NS_PER_MS);
	stage_die(&stage, 149, EXITED(1));
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 149);
	core_spawning(&stage.core, 149);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage.now_ns = core_next_time(&stage.core);
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 70);
	stage_close(&stage);
}

/* A message ahead goes to a place that has little left. */
Test(places, the_next_message_is_for_who_has_least)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = 3, .functions = true, .batches = true },
		0);
	stage_bring_up(&stage);
	stage.core.places[0].chunk = 8;
	stage.core.places[1].chunk = 1;
	stage.core.places[2].chunk = 3;
	for (int i = 0; i < 40; i++)
		stage_submit(&stage, "x", 0);
	for (uint32_t place = 0; place < 3; place++)
		cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), place);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 1);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 2);
	stage_close(&stage);
}

/* Nothing is copied before its worker is late; the clock of an event says nothing before it is looked at. */
Test(places, what_is_not_late_is_not_copied)
{
	struct stage stage;
	uint32_t busy;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = PLACES, .functions = true, .batches = true },
		0);
	stage_bring_up(&stage);
	stage.now_ns = 77 * CLOCK_NS_PER_S;
	busy = stage.core.cursor % PLACES;
	stage.core.options.window = 64 * PLACES; /* a share that allows messages of several */
	stage.core.places[busy].chunk = 2;
	for (int i = 0; i < 4; i++)
		stage_submit(&stage, "x", 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), busy);
	cr_assert_eq(stage.n, 4);
	cr_assert_eq(core_dispatch(&stage.core, 0).kind, DISPATCH_NOTHING);
	cr_assert_eq(core_next_time(&stage.core), stage.now_ns + 3 * CLOCK_NS_PER_MS);
	stage.now_ns += 2 * CLOCK_NS_PER_MS;
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert(stage_start(&stage, busy));
	stage.core.now_ns = stage.now_ns;
	stage_answer(&stage, busy, ORD_DONE, ""); /* it answers: from now on it counts anew */
	stage.now_ns += 2 * CLOCK_NS_PER_MS;
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert_eq(core_next_time(&stage.core), stage.now_ns + 1 * CLOCK_NS_PER_MS);
	stage.now_ns += 1 * CLOCK_NS_PER_MS;
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 1);
	stage_close(&stage);
}
