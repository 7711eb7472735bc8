/* When what others hold is taken over, how much of it, and how large messages are. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "shared/region.h"
#include "support.h"

/* Place 0 holds n tasks that take mean_ns each and has started the first; the others have nothing. */
static void
open_loaded(struct stage *stage, uint32_t workers, uint32_t n, uint64_t mean_ns)
{
	stage_open(stage,
		(struct core_options){ .window = 64,
			.workers = workers,
			.recycle = 0,
			.functions = true,
			.batches = true },
		0);
	stage_bring_up(stage);
	stage->now_ns = CLOCK_NS_PER_S;
	stage->core.cursor = 0;
	stage->core.options.window = 64 * workers; /* a share that allows messages of many */
	stage->core.places[0].chunk = n;
	for (uint32_t i = 0; i < n; i++)
		stage_submit(stage, "x", 0);
	cr_assert_eq(stage_next(stage, DISPATCH_SEND, NULL), 0);
	cr_assert_eq(stage->n, n);
	if (mean_ns != 0)
		core_measured(&stage->core, mean_ns, 1);
	cr_assert(stage_start(stage, 0));
}

Test(take, work_that_is_worth_it_is_taken_at_once_if_no_more_comes)
{
	struct stage stage;
	uint64_t sequence;

	open_loaded(&stage, 2, 3, CLOCK_NS_PER_MS);
	stage.core.draining = true;
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, &sequence), 1);
	cr_assert_eq(sequence, 2);
	cr_assert_eq(stage.n, 1);
	cr_assert_eq(core_next_time(&stage.core), UINT64_MAX); /* nobody is idle */
	stage_close(&stage);
}

Test(take, one_that_has_just_become_idle_waits_for_new_tasks_first)
{
	struct stage stage;
	uint64_t idle_ns;

	open_loaded(&stage, 2, 4, CLOCK_NS_PER_MS);
	stage_submit(&stage, "x", 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 1);
	idle_ns = stage.now_ns += CLOCK_NS_PER_MS;
	stage.core.now_ns = stage.now_ns;
	stage_answer(&stage, 1, ORD_DONE, "");
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert(core_next_time(&stage.core) > idle_ns);
	stage_submit(&stage, "x", 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 1);
	stage_answer(&stage, 1, ORD_DONE, "");
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage.now_ns = core_next_time(&stage.core);
	cr_assert_lt(stage.now_ns, idle_ns + CLOCK_NS_PER_MS);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 1);
	cr_assert_eq(stage.n, 2);
	stage_close(&stage);
}

Test(take, short_work_is_left_to_its_worker_until_that_is_late)
{
	struct stage stage;

	open_loaded(&stage, 2, 8, 1000);
	stage.core.draining = true;
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert_eq(core_next_time(&stage.core), stage.now_ns + 3 * CLOCK_NS_PER_MS);
	stage.now_ns = core_next_time(&stage.core);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 4); /* so little is not divided further than in two */
	stage_close(&stage);
}

/* What was thought to be late has answered in the middle of a message: nothing is due, and nothing goes round in circles. */
Test(take, an_answer_puts_it_off)
{
	struct stage stage;

	open_loaded(&stage, 2, 6, 1000);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage.now_ns += 2 * CLOCK_NS_PER_MS;
	stage.core.now_ns = stage.now_ns;
	stage_answer(&stage, 0, ORD_DONE, "");
	for (int i = 0; i < 2; i++) {
		stage.now_ns += CLOCK_NS_PER_MS;
		stage_next(&stage, DISPATCH_NOTHING, NULL);
		cr_assert_gt(core_next_time(&stage.core), stage.now_ns);
	}
	stage_close(&stage);
}

/* Three have nothing to do: each gets a quarter of what can be copied, and a quarter stays. */
Test(take, all_that_are_idle_get_the_same)
{
	struct stage stage;

	open_loaded(&stage, 4, 13, CLOCK_NS_PER_MS);
	stage.core.draining = true;
	for (int i = 0; i < 3; i++) {
		stage_next(&stage, DISPATCH_SEND, NULL);
		cr_assert_eq(stage.n, 3);
	}
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* Who holds most gives. */
Test(take, the_fullest_is_looked_at_first)
{
	struct stage stage;
	uint64_t sequence;

	open_loaded(&stage, 3, 3, CLOCK_NS_PER_MS);
	stage.core.places[1].chunk = 8;
	for (int i = 0; i < 8; i++)
		stage_submit(&stage, "x", 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, NULL), 1);
	cr_assert_eq(stage.n, 8);
	stage.core.draining = true;
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, &sequence), 2);
	cr_assert_geq(sequence, 3);
	stage_close(&stage);
}

/* Of what is all started nothing is copied, and it is not tried again and again. */
Test(take, what_runs_is_left_alone)
{
	struct stage stage;

	open_loaded(&stage, 2, 2, CLOCK_NS_PER_MS);
	stage.core.draining = true;
	for (uint32_t back = 2; back > 0; back--) {
		struct slot *slot = core_sent(&stage.core, 0, back);

		claim_start(&stage.claims[slot->index], slot->sequence, 0, 0);
	}
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert_eq(core_next_time(&stage.core), UINT64_MAX);
	stage_close(&stage);
}

/* Copies travel in messages that are no larger than others. */
Test(take, large_inputs_are_not_copied_all_at_once)
{
	struct stage stage;

	open_loaded(&stage, 2, 9, CLOCK_NS_PER_MS);
	stage.core.draining = true;
	for (uint32_t i = 0; i < 9; i++)
		stage.core.slots[i].task.input.size = 100 * 1024;
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 2);
	for (uint32_t i = 0; i < 9; i++)
		stage.core.slots[i].task.input.size = 1;
	stage_close(&stage);
}

static uint32_t
next_size(uint64_t mean_ns, uint64_t late_ns, bool draining, int waiting)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = 1, .functions = true, .batches = true },
		0);
	stage_bring_up(&stage);
	stage.core.options.window = 1 << 20;
	stage.core.places[0].chunk = 4096;
	stage.core.draining = draining;
	core_measured(&stage.core, mean_ns, 1);
	core_late(&stage.core, late_ns);
	for (int i = 0; i < waiting; i++)
		stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_SEND, NULL);
	stage_close(&stage);
	return stage.n;
}

/* Ten milliseconds of work; more if answers are taken late; and half of what is left at the end. */
Test(take, how_large_messages_are)
{
	cr_assert_eq(next_size(CLOCK_NS_PER_MS, 0, false, 60), 9);
	cr_assert_eq(next_size(4 * CLOCK_NS_PER_MS, 0, false, 60), 2);
	cr_assert_eq(next_size(CLOCK_NS_PER_S, 0, false, 60), 1);
	cr_assert_eq(next_size(4 * CLOCK_NS_PER_MS, 4 * CLOCK_NS_PER_MS, false, 60), 2);
	cr_assert_eq(next_size(4 * CLOCK_NS_PER_MS, 50 * CLOCK_NS_PER_MS, false, 60), 24);
	cr_assert_eq(next_size(CLOCK_NS_PER_MS / 8, 0, true, 60), 30);
	cr_assert_eq(next_size(1000, 0, true, 60),
		60); /* nobody else could be given the other half in that time */
	cr_assert_eq(next_size(1000, 0, true, 1), 1);
}

/* One answer that was late is forgotten after some that were not. */
Test(take, an_owner_that_was_late_once)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 64, .workers = 1 }, 0);
	core_late(&stage.core, 100 * CLOCK_NS_PER_S);
	cr_assert_leq(stage.core.late_ns, CLOCK_NS_PER_S);
	for (int i = 0; i < 60; i++)
		core_late(&stage.core, 0);
	cr_assert_lt(stage.core.late_ns, CLOCK_NS_PER_MS);
	stage_close(&stage);
}

/* What lies ahead at one worker would be another's at the end: so nothing does while few wait. */
Test(take, nothing_lies_ahead_at_the_end)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = 2, .functions = true, .batches = true },
		0);
	stage_bring_up(&stage);
	core_measured(&stage.core, CLOCK_NS_PER_S, 1);
	for (int i = 0; i < 11; i++)
		stage_submit(&stage, "x", 0);
	for (int i = 0; i < 3; i++)
		stage_next(&stage, DISPATCH_SEND, NULL);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	cr_assert_eq(stage.core.n_waiting, 8);
	stage_close(&stage);
}
