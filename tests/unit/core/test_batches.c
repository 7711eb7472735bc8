/* Messages of many tasks, one message ahead, and second copies of what a busy worker holds. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "shared/region.h"
#include "support.h"

static void
open_many(struct stage *stage, uint32_t workers, int tasks)
{
	stage_open(stage,
		(struct core_options){
			.window = 64, .workers = workers, .functions = true, .batches = true },
		0);
	stage_bring_up(stage);
	for (int i = 0; i < tasks; i++)
		stage_submit(stage, "x", 0);
}

Test(batches, messages_grow_and_one_lies_ahead)
{
	struct stage stage;
	uint64_t sequence;

	open_many(&stage, 1, 40);
	stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(stage.n, 1);
	cr_assert_eq(sequence, 0);
	stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(stage.n, 2);
	cr_assert_eq(sequence, 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL); /* one ahead, not two */
	stage_answer(&stage, 0, ORD_DONE, "");
	stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(stage.n, 4);
	cr_assert_eq(sequence, 3);
	for (int i = 0; i < 6; i++)
		stage_answer(&stage, 0, ORD_DONE, "");
	for (uint64_t i = 0; i < 7; i++)
		stage_expect(&stage, i, ORD_DONE);
	stage_close(&stage);
}

/* An idle worker gets the little that is there; the next message is as large as it would have been. */
Test(batches, a_small_message_makes_no_later_one_small)
{
	struct stage stage;

	open_many(&stage, 1, 0);
	stage.core.places[0].chunk = 8;
	stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 1);
	for (int i = 0; i < 40; i++)
		stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 16);
	stage_close(&stage);
}

/* Long tasks go one by one: a message holds 5 ms of work. */
Test(batches, long_tasks_go_alone)
{
	struct stage stage;

	open_many(&stage, 1, 20);
	for (int i = 0; i < 5; i++) {
		core_measured(&stage.core, 100 * CLOCK_NS_PER_MS, 2);
		stage_next(&stage, DISPATCH_SEND, NULL);
		cr_assert_eq(stage.n, 1);
		stage_answer(&stage, 0, ORD_DONE, "");
	}
	stage_close(&stage);
}

/* The answers to two messages find room in the ring of a worker. */
Test(batches, large_outputs_make_small_messages)
{
	struct stage stage;

	open_many(&stage, 1, 40);
	stage.core.places[0].chunk = 16;
	stage.core.mean_bytes = REGION_RING_SIZE / 8;
	for (int i = 0; i < 2; i++) {
		stage_next(&stage, DISPATCH_SEND, NULL);
		cr_assert_eq(stage.n, 4);
	}
	stage_close(&stage);
}

/* The window is two messages for each worker, and one where there are many and tasks are short. */
Test(batches, many_workers_get_their_share_in_one_message)
{
	struct stage stage;

	for (int i = 0; i < 2; i++) {
		open_many(&stage, 8, 60);
		for (uint32_t place = 0; place < 8; place++)
			stage.core.places[place].chunk = 16;
		stage.core.mean_ns = i == 0 ? 801 : 799;
		stage_next(&stage, DISPATCH_SEND, NULL);
		cr_assert_eq(stage.n, i == 0 ? 4 : 8);
		stage_close(&stage);
	}
}

Test(batches, a_command_is_in_no_message)
{
	struct stage stage;
	uint64_t sequence;

	open_many(&stage, 2, 0);
	stage.core.places[0].chunk = stage.core.places[1].chunk = 32;
	for (int i = 0; i < 3; i++)
		stage_submit(&stage, "x", 0);
	stage_submit_command(&stage, 0);
	stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 3);
	stage_next(&stage, DISPATCH_COMMAND, &sequence);
	cr_assert_eq(sequence, 3);
	stage_close(&stage);
}

/* A death gives back what lay behind the task that ran, each at its old place. */
Test(batches, a_death_costs_the_one_that_ran)
{
	struct stage stage;
	uint64_t sequence;
	uint32_t place;

	open_many(&stage, 1, 0);
	stage.core.places[0].chunk = 4;
	for (int i = 0; i < 8; i++)
		stage_submit(&stage, "x", 0);
	place = stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 8);
	stage_answer(&stage, place, ORD_DONE, "");
	cr_assert(stage_start(&stage, place));
	stage_die(&stage, place, SIGNALED(11));
	cr_assert_eq(stage.core.n_waiting, 6);
	stage_expect(&stage, 0, ORD_DONE);
	stage_expect(&stage, 1, ORD_SIGNALED);
	stage_bring_up(&stage);
	for (uint64_t i = 2; i < 8; i++) {
		if (stage.core.places[place].count == 0) {
			stage_next(&stage, DISPATCH_SEND, &sequence);
			cr_assert_eq(sequence, i);
		}
		stage_answer(&stage, place, ORD_DONE, "");
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_close(&stage);
}

/* One place runs a long task with three behind it, the other has nothing to do: it gets copies of the hindmost two. */
static uint32_t
take_over(struct stage *stage)
{
	uint64_t sequence;
	uint32_t busy;

	open_many(stage, 2, 0);
	stage->core.places[0].chunk = stage->core.places[1].chunk = 2;
	for (int i = 0; i < 4; i++)
		stage_submit(stage, "x", 2);
	busy = stage_next(stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage->n, 4);
	cr_assert(stage_start(stage, busy));
	stage_next(stage, DISPATCH_NOTHING, NULL);
	cr_assert(core_next_time(&stage->core) > stage->now_ns);
	stage->now_ns = core_next_time(&stage->core);
	cr_assert_eq(stage_next(stage, DISPATCH_SEND, &sequence), 1 - busy);
	cr_assert_eq(stage->n, 2);
	cr_assert_eq(sequence, 2);
	stage_next(stage, DISPATCH_NOTHING, NULL);
	return busy;
}

Test(batches, whoever_comes_first_runs_a_copy)
{
	struct stage stage;
	uint32_t busy = take_over(&stage), idle = 1 - busy;

	stage_answer(&stage, idle, ORD_DONE, "2");
	stage_answer(&stage, busy, ORD_DONE, "0");
	stage_answer(&stage, busy, ORD_DONE, "1");
	cr_assert_not(stage_start(&stage, busy)); /* 2 has its result */
	cr_assert(stage_start(&stage, busy));
	cr_assert_not(stage_start(&stage, idle)); /* 3 runs over there */
	stage_answer(&stage, busy, ORD_DONE, "3");
	for (uint64_t i = 0; i < 4; i++) {
		struct ord_result result = stage_take(&stage, i);

		cr_assert_eq(result.attempts, 1);
		cr_assert_eq(result.worker, i == 2 ? idle : busy);
		cr_assert_eq(blob_bytes(&result.output)[0], (char)('0' + i));
		result_finish(&result);
	}
	stage_close(&stage);
}

/* What another place holds too is not given back, and what it runs is not lost. */
Test(batches, a_copy_outlives_its_other_worker)
{
	struct stage stage;
	uint32_t busy = take_over(&stage), idle = 1 - busy;

	cr_assert(stage_start(&stage, idle));
	stage_die(&stage, busy, SIGNALED(9));
	cr_assert_eq(stage.core.n_waiting, 2); /* 0 for its retry, 1 */
	stage_answer(&stage, idle, ORD_DONE, "2");
	stage_answer(&stage, idle, ORD_DONE, "3");
	cr_assert_eq(stage.core.n_sent, 0);
	stage_close(&stage);
}

/* Both die before one starts it: it comes back once. */
Test(batches, a_copy_that_nobody_started_comes_back)
{
	struct stage stage;
	uint32_t busy = take_over(&stage), idle = 1 - busy;

	stage_die(&stage, idle, SIGNALED(9));
	cr_assert_eq(stage.core.n_waiting, 0);
	stage_die(&stage, busy, SIGNALED(9));
	cr_assert_eq(stage.core.n_waiting, 4);
	cr_assert_eq(stage.core.retried, 1);
	stage_close(&stage);
}

Test(batches, a_copy_is_canceled_in_both_places)
{
	struct stage stage;
	uint32_t busy = take_over(&stage), idle = 1 - busy;

	cr_assert_not(core_cancel(&stage.core, core_find(&stage.core, 2)));
	cr_assert_not(stage_start(&stage, idle));
	stage_answer(&stage, busy, ORD_DONE, "");
	stage_answer(&stage, busy, ORD_DONE, "");
	cr_assert_not(stage_start(&stage, busy));
	stage_expect(&stage, 0, ORD_DONE);
	stage_expect(&stage, 1, ORD_DONE);
	stage_expect(&stage, 2, ORD_CANCELED);
	stage_close(&stage);
}

/* The hindmost quarter of an end is small, so that all workers end together. */
Test(batches, the_last_tasks_are_shared_out)
{
	struct stage stage;

	open_many(&stage, 2, 8);
	stage.core.draining = true;
	stage.core.places[0].chunk = stage.core.places[1].chunk = 16;
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 2);
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 1);
	stage_close(&stage);
}

/* Its answers made no sense and were not taken: whatever it had started has a result all the same. */
Test(batches, all_that_a_distrusted_worker_had_started_dies_with_it)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 16, .workers = 1, .functions = true, .batches = true }, 0);
	stage_bring_up(&stage);
	for (int i = 0; i < 4; i++)
		stage_submit(&stage, "x", i == 2 ? 1 : 0);
	uint32_t place = stage_next(&stage, DISPATCH_SEND, NULL);
	stage_answer(&stage, place, ORD_DONE, "");
	stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage.n, 2);
	for (uint32_t back = 2; back > 0; back--) {
		struct slot *slot = core_sent(&stage.core, place, back);

		cr_assert(claim_start(&stage.core.options.claims[slot->index], slot->sequence, 0, place));
	}
	stage_die(&stage, place, SIGNALED(9));
	cr_assert_null(core_check(&stage.core));
	stage_expect(&stage, 0, ORD_DONE);
	stage_expect(&stage, 1, ORD_SIGNALED);
	cr_assert_eq(stage.core.n_waiting, 2); /* 2 is tried again, 3 had not started */
	cr_assert_eq(stage.core.retried, 1);
	stage_bring_up(&stage);
	for (uint64_t i = 2; i < 4; i++) {
		stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_close(&stage);
}
