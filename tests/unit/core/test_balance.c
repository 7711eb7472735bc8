/*
 * Which places may work: pools that grow and shrink, tasks that give their slot
 * back and want it again, workers that are replaced.
 */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "support.h"

/* Of so many places so many work, and as many tasks wait. */
static void
open_stage(struct stage *stage, uint32_t workers, uint32_t places, int tasks)
{
	stage_open(stage,
		(struct core_options){
			.window = 64, .workers = workers, .places = places, .functions = true },
		0);
	stage_bring_up(stage);
	for (int i = 0; i < tasks; i++)
		stage_submit(stage, "x", 5);
}

static uint32_t
send(struct stage *stage, uint64_t wanted)
{
	uint64_t sequence;
	uint32_t place = stage_next(stage, DISPATCH_SEND, &sequence);

	cr_assert_eq(sequence, wanted);
	return place;
}

static uint32_t
spawn(struct stage *stage)
{
	uint32_t place = stage_next(stage, DISPATCH_SPAWN, NULL);

	core_spawning(&stage->core, place);
	core_ready(&stage->core, place);
	return place;
}

/* The first task of a place starts and gives its slot back. */
static void
yield(struct stage *stage, uint32_t place)
{
	cr_assert(stage_start(stage, place));
	core_yield(&stage->core, place);
	cr_assert_null(core_check(&stage->core));
}

/* --- the size --- */

Test(balance, more_workers_start_at_once)
{
	struct stage stage;

	open_stage(&stage, 1, 3, 3);
	send(&stage, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	core_resize(&stage.core, 3);
	cr_assert_eq(spawn(&stage), 1);
	cr_assert_eq(spawn(&stage), 2);
	send(&stage, 1);
	send(&stage, 2);
	stage_close(&stage);
}

/* An idle worker leaves at once, one that works when it is done. */
Test(balance, fewer_workers_are_told_to_leave)
{
	struct stage stage;

	open_stage(&stage, 3, 3, 2);
	send(&stage, 0);
	send(&stage, 1);
	core_resize(&stage.core, 1);
	cr_assert_eq(stage_next(&stage, DISPATCH_BYE, NULL), 2);
	core_leaving(&stage.core, 2);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_submit(&stage, "x", 0);
	stage_answer(&stage, 1, ORD_DONE, "");
	cr_assert_eq(stage_next(&stage, DISPATCH_BYE, NULL), 1);
	core_leaving(&stage.core, 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 0, ORD_DONE, "");
	cr_assert_eq(send(&stage, 2), 0);
	stage_die(&stage, 1, EXITED(0));
	stage_die(&stage, 2, EXITED(0));
	cr_assert_eq(stage.core.deaths, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* One that still works is no more than before; then one whose worker lives. */
Test(balance, a_place_that_works_is_used_again_first)
{
	struct stage stage;

	open_stage(&stage, 3, 3, 3);
	for (uint64_t i = 0; i < 3; i++)
		send(&stage, i);
	core_resize(&stage.core, 1);
	stage_answer(&stage, 1, ORD_DONE, "");
	core_resize(&stage.core, 2);
	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_BYE, NULL), 1); /* 0 and 2 are enough */
	core_leaving(&stage.core, 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 2, ORD_DONE, "");
	cr_assert_eq(send(&stage, 3), 2);
	stage_close(&stage);
}

/* --- slots that are given back --- */

Test(balance, another_task_runs_meanwhile)
{
	struct stage stage;

	open_stage(&stage, 1, 4, 3);
	yield(&stage, send(&stage, 0));
	cr_assert_eq(spawn(&stage), 1);
	yield(&stage, send(&stage, 1));
	cr_assert_eq(spawn(&stage), 2);
	send(&stage, 2);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* Before a task that has not started, the first that was submitted first. */
Test(balance, who_wants_a_slot_again_has_its_turn)
{
	struct stage stage;

	open_stage(&stage, 1, 4, 4);
	for (uint64_t i = 0; i < 2; i++) {
		yield(&stage, send(&stage, i));
		spawn(&stage);
	}
	send(&stage, 2);
	core_wish(&stage.core, 1);
	core_wish(&stage.core, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 2, ORD_DONE, "");
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 0, ORD_DONE, "");
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 1, ORD_DONE, "");
	send(&stage, 3);
	stage_close(&stage);
}

Test(balance, a_free_slot_is_granted_at_once)
{
	struct stage stage;

	open_stage(&stage, 1, 2, 1);
	yield(&stage, send(&stage, 0));
	core_wish(&stage.core, 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* So that no worker waits for what nobody sends. */
Test(balance, who_has_a_slot_is_answered_too)
{
	struct stage stage;

	open_stage(&stage, 1, 1, 1);
	cr_assert(stage_start(&stage, send(&stage, 0)));
	core_wish(&stage.core, 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 0);
	stage_close(&stage);
}

/* A task that is to end does not wait, and after the end of the pool nobody does. */
Test(balance, who_is_to_end_does_not_wait)
{
	struct stage stage;

	open_stage(&stage, 1, 4, 3);
	for (uint64_t i = 0; i < 2; i++) {
		yield(&stage, send(&stage, i));
		spawn(&stage);
	}
	cr_assert(stage_start(&stage, send(&stage, 2)));
	core_wish(&stage.core, 0);
	core_wish(&stage.core, 1);
	core_grant(&stage.core, 1);
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	core_stop(&stage.core, NULL);
	cr_assert_eq(stage_next(&stage, DISPATCH_GRANT, NULL), 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* What was granted to a task that has ended meanwhile is told to nobody. */
Test(balance, who_is_gone_is_granted_nothing)
{
	struct stage stage;

	open_stage(&stage, 1, 2, 1);
	yield(&stage, send(&stage, 0));
	core_wish(&stage.core, 0);
	stage_answer(&stage, 0, ORD_TIMED_OUT, "its time was up");
	cr_assert_eq(send(&stage, 0), 0); /* tried again, where there is a worker */
	stage_close(&stage);
}

/* Workers stay for as many tasks as have yielded at once; a resize forgets that. */
Test(balance, workers_are_kept_for_tasks_that_yield)
{
	struct stage stage;

	open_stage(&stage, 1, 2, 2);
	yield(&stage, send(&stage, 0));
	spawn(&stage);
	stage_answer(&stage, send(&stage, 1), ORD_DONE, "");
	stage_answer(&stage, 0, ORD_DONE, "");
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	core_resize(&stage.core, 1);
	stage_next(&stage, DISPATCH_BYE, NULL);
	stage_close(&stage);
}

Test(balance, the_death_of_who_has_yielded)
{
	struct stage stage;

	open_stage(&stage, 1, 2, 2);
	yield(&stage, send(&stage, 0));
	spawn(&stage);
	send(&stage, 1);
	core_wish(&stage.core, 0);
	stage_die(&stage, 0, SIGNALED(9));
	cr_assert_eq(stage.core.n_yielded, 0);
	cr_assert_eq(stage.core.retried, 1);
	stage_next(
		&stage, DISPATCH_NOTHING, NULL); /* there is one that works: no other is started */
	stage_answer(&stage, 1, ORD_DONE, "");
	cr_assert_eq(send(&stage, 0), 1);
	stage_close(&stage);
}

/* --- what lies behind a task that waits --- */

/* Place 0 holds tasks 0 … 3, and task 0 has yielded. */
static void
open_behind(struct stage *stage)
{
	stage_open(stage,
		(struct core_options){ .window = 64,
			.workers = 1,
			.places = 4,
			.functions = true,
			.batches = true },
		0);
	stage_bring_up(stage);
	stage->core.places[0].chunk = 2;
	for (int i = 0; i < 4; i++)
		stage_submit(stage, "x", 1);
	stage_next(stage, DISPATCH_SEND, NULL);
	cr_assert_eq(stage->n, 4);
	yield(stage, 0);
	spawn(stage);
}

static void
pass_10_ms(struct stage *stage)
{
	stage_next(stage, DISPATCH_NOTHING, NULL);
	stage->now_ns += 10 * CLOCK_NS_PER_MS;
}

/* It is run elsewhere: also when the other that holds it has yielded too. */
Test(balance, what_lies_behind_is_taken_over)
{
	struct stage stage;
	uint64_t sequence;

	open_behind(&stage);
	pass_10_ms(&stage);
	cr_assert_eq(stage_next(&stage, DISPATCH_SEND, &sequence), 1);
	cr_assert_eq(sequence, 2);
	cr_assert_eq(stage.n, 2);
	yield(&stage, 1); /* with a copy of 3 behind it */
	cr_assert_eq(spawn(&stage), 2);
	stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(sequence, 3);
	stage_answer(&stage, 2, ORD_DONE, "");
	pass_10_ms(&stage); /* there may be new tasks first */
	stage_next(&stage, DISPATCH_SEND, &sequence);
	cr_assert_eq(sequence, 1);
	stage_answer(&stage, 2, ORD_DONE, "");
	stage_close(&stage);
}

/* Over the byte bound a head that waits for something holds nobody up … */
Test(balance, a_head_that_yielded_blocks_nobody_over_the_bound)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){ .window = 64,
			.window_bytes = 2,
			.workers = 1,
			.places = 2,
			.functions = true },
		0);
	stage_bring_up(&stage);
	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	yield(&stage, send(&stage, 0));
	spawn(&stage);
	cr_assert(core_may_take(&stage.core, 0));
	send(&stage, 1);
	cr_assert(core_may_take(&stage.core, 0) && core_may_take(&stage.core, 1));
	stage_close(&stage);
}

/* … and neither does one that lies behind such a task. */
Test(balance, a_head_behind_one_that_yielded_blocks_nobody_either)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 64, .workers = 2, .functions = true, .batches = true },
		0);
	stage_bring_up(&stage);
	for (int i = 0; i < 16; i++)
		stage_submit(&stage, "x", 1);
	cr_assert(stage_start(&stage, send(&stage, 0)));
	send(&stage, 1);
	cr_assert_eq(send(&stage, 2), 0);
	stage_die(&stage, 0, SIGNALED(9));
	core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
	cr_assert_eq(send(&stage, 0), 1); /* behind task 1 */
	yield(&stage, 1);
	core_ready(&stage.core, 0);
	stage.core.options.window_bytes = 1;
	send(&stage, 3);
	stage_close(&stage);
}

/* --- workers that are replaced --- */

static void
open_recycling(struct stage *stage, uint32_t recycle, int tasks)
{
	stage_open(stage,
		(struct core_options){
			.window = 64, .workers = 1, .recycle = recycle, .functions = true },
		0);
	stage_bring_up(stage);
	for (int i = 0; i < tasks; i++)
		stage_submit(stage, "x", 0);
}

Test(balance, a_worker_is_replaced_after_its_share)
{
	struct stage stage;

	open_recycling(&stage, 2, 3);
	for (int i = 0; i < 2; i++) {
		struct dispatch next = core_dispatch(&stage.core, 0);

		cr_assert_eq(next.kind, DISPATCH_SEND);
		cr_assert_eq(next.last, i == 1);
		stage_answer(&stage, 0, ORD_DONE, "");
	}
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage.core.deaths, 0);
	cr_assert_eq(stage.core.recycled, 1);
	spawn(&stage);
	send(&stage, 2);
	stage_close(&stage);
}

/* With a task it is a death like any other. */
Test(balance, a_worker_dies_of_its_last_task)
{
	struct stage stage;

	open_recycling(&stage, 1, 1);
	cr_assert(stage_start(&stage, send(&stage, 0)));
	stage_die(&stage, 0, SIGNALED(11));
	cr_assert_eq(stage.core.deaths, 1);
	cr_assert_eq(stage.core.recycled, 0);
	stage_expect(&stage, 0, ORD_SIGNALED);
	stage_close(&stage);
}

/* What it has not started comes back, and no attempt is counted; it is counted once though it had its share too. */
Test(balance, a_worker_leaves_by_its_own_wish)
{
	struct stage stage;
	struct ord_result result;

	open_recycling(&stage, 1, 2);
	stage_answer(&stage, send(&stage, 0), ORD_DONE, "");
	core_retiring(&stage.core, 0);
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage.core.recycled, 1);
	spawn(&stage);
	send(&stage, 1);
	core_retiring(&stage.core, 0);
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage.core.recycled, 2);
	cr_assert_eq(stage.core.deaths, 0);
	spawn(&stage);
	stage_answer(&stage, send(&stage, 1), ORD_DONE, "");
	stage_expect(&stage, 0, ORD_DONE);
	result = stage_take(&stage, 1);
	cr_assert_eq(result.attempts, 1);
	result_finish(&result);
	stage_close(&stage);
}

/* --- workers that start ahead --- */

static void
open_ahead(struct stage *stage, uint32_t workers, int tasks)
{
	stage_open(stage,
		(struct core_options){ .window = 64,
			.workers = workers,
			.places = 16,
			.recycle = 1,
			.functions = true },
		0);
	stage_bring_up(stage);
	for (int i = 0; i < tasks; i++)
		stage_submit(stage, "x", 0);
}

/* A place's worker is ready. */
static void
get_ready(struct stage *stage, uint32_t place)
{
	core_ready(&stage->core, place);
	cr_assert_null(core_check(&stage->core));
}

/* The next worker starts while one works on its last task, and takes its place when that is done. */
Test(balance, the_next_worker_starts_ahead)
{
	struct stage stage;

	open_ahead(&stage, 1, 4);
	send(&stage, 0);
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 1);
	core_spawning(&stage.core, 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	get_ready(&stage, 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL); /* one task at once, whoever is there */
	stage_answer(&stage, 0, ORD_DONE, "");
	cr_assert_eq(send(&stage, 1), 1);
	stage_next(&stage, DISPATCH_NOTHING, NULL); /* one that still ends counts */
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 0);
	core_spawning(&stage.core, 0);
	stage_answer(&stage, 1, ORD_DONE, "");
	stage_next(&stage, DISPATCH_NOTHING, NULL); /* nobody is ready */
	get_ready(&stage, 0);
	cr_assert_eq(send(&stage, 2), 0);
	cr_assert_eq(stage.core.n_places, 2);
	cr_assert_eq(stage.core.deaths, 0);
	stage_close(&stage);
}

/* What worked ends before the next is ready: both start, and the first that is ready works. */
Test(balance, whoever_is_ready_first_works)
{
	struct stage stage;

	open_ahead(&stage, 1, 4);
	send(&stage, 0);
	core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
	stage_answer(&stage, 0, ORD_DONE, "");
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 0);
	core_spawning(&stage.core, 0);
	get_ready(&stage, 1);
	cr_assert_eq(send(&stage, 1), 1);
	get_ready(&stage, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_answer(&stage, 1, ORD_DONE, "");
	cr_assert_eq(send(&stage, 2), 0);
	stage_close(&stage);
}

/* No more than wait for one, and at most half as many as work, and one. */
Test(balance, few_start_ahead)
{
	struct stage stage;

	open_ahead(&stage, 4, 5);
	for (uint64_t i = 0; i < 4; i++)
		send(&stage, i);
	core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	for (int i = 0; i < 10; i++)
		stage_submit(&stage, "x", 0);
	for (int i = 0; i < 2; i++)
		core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	for (uint32_t place = 4; place < 7; place++)
		get_ready(&stage, place);
	stage_next(&stage, DISPATCH_NOTHING, NULL); /* and none of them is sent away */
	cr_assert_eq(stage.core.n_sent, 4);
	stage_close(&stage);
}

/* The start of a worker is nothing beside a long task, and a worker that only waits costs memory. */
Test(balance, none_starts_ahead_of_long_tasks)
{
	struct stage stage;

	open_ahead(&stage, 1, 4);
	core_measured(&stage.core, 200 * CLOCK_NS_PER_MS, 1);
	send(&stage, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

/* Workers that only die are not started all over the place. */
Test(balance, none_starts_ahead_where_workers_die)
{
	struct stage stage;

	open_ahead(&stage, 2, 4);
	stage_die(&stage, 1, EXITED(1));
	cr_assert_eq(stage_next(&stage, DISPATCH_SPAWN, NULL), 1); /* its own replacement */
	core_spawning(&stage.core, 1);
	send(&stage, 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}
