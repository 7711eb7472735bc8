/* What a death costs: the one task that had started, and nothing else. */
#include <criterion/criterion.h>

#include <string.h>

#include <orderly/result.h>

#include "base/clock.h"
#include "support.h"

static void
open_one(struct stage *stage, uint32_t workers)
{
	stage_open(stage,
		(struct core_options){ .window = 8, .workers = workers, .functions = true }, 0);
	stage_bring_up(stage);
}

Test(death, a_task_that_had_not_started_takes_its_old_place)
{
	struct stage stage;
	uint64_t sequence;

	open_one(&stage, 2);
	for (int i = 0; i < 4; i++)
		stage_submit(&stage, "x", 0);
	uint32_t one = stage_next(&stage, DISPATCH_SEND, NULL);
	uint32_t two = stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert_null(core_running(&stage.core, one));
	stage_die(&stage, one, SIGNALED(9));
	stage_answer(&stage, two, ORD_DONE, "1");
	stage_bring_up(&stage);
	/* 0 goes out before 2 and 3, and no attempt is counted. */
	for (uint64_t expected = 0; expected < 4; expected += expected == 0 ? 2 : 1) {
		uint32_t place = stage_next(&stage, DISPATCH_SEND, &sequence);

		cr_assert_eq(sequence, expected);
		stage_answer(&stage, place, ORD_DONE, "");
	}
	for (uint64_t i = 0; i < 4; i++) {
		struct ord_result result = stage_take(&stage, i);

		cr_assert_eq(result.attempts, 1);
		result_finish(&result);
	}
	cr_assert_eq(stage.core.retried, 0);
	cr_assert_eq(stage.core.deaths, 1);
	stage_close(&stage);
}

Test(death, a_task_that_had_started_fails_with_what_is_known)
{
	struct stage stage;

	open_one(&stage, 1);
	stage_submit(&stage, "x", 0);
	uint32_t place = stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, place));
	cr_assert_eq(core_running(&stage.core, place)->sequence, 0);
	stage_die(&stage, place, SIGNALED(11) | 0x80);
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_SIGNALED);
	cr_assert_eq(result.detail->signal, 11);
	cr_assert_eq(result.detail->core_dumped, 1);
	cr_assert_eq(result.detail->exit_code, -1);
	cr_assert_str_eq(result.detail->error, "the worker was killed by SIGSEGV (core dumped)");
	cr_assert_eq(result.attempts, 1);
	cr_assert_eq(result.pid, 1000);
	result_finish(&result);
	stage_close(&stage);
}

Test(death, a_settled_task_is_not_lost_with_its_worker)
{
	struct stage stage;

	open_one(&stage, 1);
	stage_submit(&stage, "x", 0);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "kept");
	stage_die(&stage, 0, EXITED(1));
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_DONE);
	cr_assert_str_eq(blob_bytes(&result.output), "kept");
	result_finish(&result);
	stage_close(&stage);
}

/* Each attempt that started is counted; when none is left the last death is the result. */
Test(death, retries)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 8, .workers = 1, .functions = true, .quarantine = 100 },
		0);
	stage_submit(&stage, "x", 2);
	for (int attempt = 0; attempt < 3; attempt++) {
		stage_quiet(&stage);
		stage_bring_up(&stage);
		cr_assert(stage_start(&stage, stage_next(&stage, DISPATCH_SEND, NULL)));
		stage_die(&stage, 0, EXITED(7));
	}
	cr_assert_eq(stage.core.retried, 2);
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_EXITED);
	cr_assert_eq(result.attempts, 3);
	cr_assert_eq(result.detail->exit_code, 7);
	result_finish(&result);
	stage_close(&stage);
}

/* More retries than an attempt's byte can count are cut, and end. */
Test(death, attempts_end_at_256)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 1, .workers = 1, .max_deaths = 1 }, 0);
	stage_submit_command(&stage, 1000);
	for (int attempt = 0; attempt < 256; attempt++) {
		stage_quiet(&stage);
		stage_end_command(&stage, stage_next(&stage, DISPATCH_COMMAND, NULL), EXITED(1));
	}
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.attempts, 256);
	result_finish(&result);
	stage_close(&stage);
}

Test(death, a_task_that_kills_its_workers_is_quarantined)
{
	struct stage stage;

	open_one(&stage, 1);
	stage_submit(&stage, "x", 9);
	for (int kills = 0; kills < 3; kills++) {
		stage_quiet(&stage);
		stage_bring_up(&stage);
		cr_assert(stage_start(&stage, stage_next(&stage, DISPATCH_SEND, NULL)));
		stage_die(&stage, 0, SIGNALED(11));
	}
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_QUARANTINED);
	cr_assert_eq(result.attempts, 3);
	cr_assert_str_eq(result.detail->error,
		"killed 3 workers and is not tried again: the last ended by SIGSEGV in attempt 3 of 10");
	result_finish(&result);
	stage_close(&stage);
}

/* A time-out is the task's fault too, but it does not kill: it is bounded by retries alone. */
Test(death, time_outs_are_retried_and_leave_nothing_behind)
{
	struct stage stage;

	open_one(&stage, 1);
	stage_submit(&stage, "x", 5);
	for (int i = 0; i < 4; i++) {
		stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_TIMED_OUT,
			"its time was up");
		stage_quiet(&stage);
	}
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "at last");
	struct ord_result result = stage_take(&stage, 0);
	cr_assert_eq(result.state, ORD_DONE);
	cr_assert_eq(result.attempts, 5);
	cr_assert(result.detail == NULL || result.detail->error == NULL);
	result_finish(&result);
	stage_close(&stage);
}

Test(death, places_that_only_die_are_left_alone_for_longer)
{
	static const uint64_t expected_ms[] = { 0, 10, 100, 1000, 1000 };
	struct stage stage;

	stage_open(
		&stage, (struct core_options){ .window = 1, .workers = 1, .functions = true }, 0);
	stage.now_ns = 5 * CLOCK_NS_PER_S;
	for (size_t i = 0; i < sizeof expected_ms / sizeof *expected_ms; i++) {
		stage_bring_up(&stage);
		cr_assert_eq(core_next_time(&stage.core), UINT64_MAX);
		stage_die(&stage, 0, EXITED(1));
		cr_assert_eq(core_next_time(&stage.core),
			stage.now_ns + expected_ms[i] * CLOCK_NS_PER_MS);
		if (expected_ms[i] != 0) {
			stage.now_ns = core_next_time(&stage.core) - 1;
			stage_next(&stage, DISPATCH_NOTHING, NULL);
			stage.now_ns++;
		}
	}
	/* One finished task, and it begins anew. */
	stage_bring_up(&stage);
	stage_submit(&stage, "x", 0);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
	stage_die(&stage, 0, EXITED(1));
	cr_assert(core_next_time(&stage.core) <= stage.now_ns);
	stage_expect(&stage, 0, ORD_DONE);
	stage_close(&stage);
}

Test(death, deaths_in_a_row_end_the_pool)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 1, .workers = 2, .functions = true, .max_deaths = 3 },
		0);
	for (uint32_t i = 0; i < 3; i++) {
		stage.now_ns += CLOCK_NS_PER_S;
		stage_bring_up(&stage);
		stage_die(&stage, i % 2, EXITED(1));
	}
	stage_next(&stage, DISPATCH_FAIL, NULL);
	core_stop(&stage.core, "workers die");
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_close(&stage);
}

Test(death, starts_that_fail_are_deaths_too)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 1, .workers = 1, .functions = true, .max_deaths = 2 },
		0);
	for (int i = 0; i < 2; i++) {
		core_spawning(&stage.core, stage_next(&stage, DISPATCH_SPAWN, NULL));
		core_spawn_failed(&stage.core, 0, stage.now_ns);
	}
	stage_next(&stage, DISPATCH_FAIL, NULL);
	stage_close(&stage);
}

/* Deaths with a task in between are not in a row. */
Test(death, a_finished_task_ends_the_row)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 1, .workers = 1, .functions = true, .max_deaths = 2 },
		0);
	for (uint64_t i = 0; i < 20; i++) {
		stage.now_ns += CLOCK_NS_PER_S;
		stage_bring_up(&stage);
		stage_die(&stage, 0, EXITED(1));
		stage_bring_up(&stage);
		stage_submit(&stage, "x", 0);
		stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
		stage_expect(&stage, i, ORD_DONE);
	}
	stage_close(&stage);
}

Test(death, a_worker_that_was_told_to_leave_does_not_count)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 2, .workers = 1, .functions = true, .max_deaths = 1 },
		0);
	stage_bring_up(&stage);
	core_leaving(&stage.core, 0);
	stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_die(&stage, 0, EXITED(0));
	cr_assert_eq(stage.core.deaths, 0);
	stage_bring_up(&stage);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
	stage_expect(&stage, 0, ORD_DONE);
	stage_close(&stage);
}

/* A command has a process of its own: the worker beside it may die and come again. */
Test(death, of_a_worker_beside_a_command)
{
	struct stage stage;

	open_one(&stage, 1);
	stage_submit_command(&stage, 0);
	uint32_t place = stage_next(&stage, DISPATCH_COMMAND, NULL);
	stage_die(&stage, place, EXITED(1));
	stage_quiet(&stage);
	stage_bring_up(&stage);
	stage_submit(&stage, "x", 0);
	stage_next(&stage, DISPATCH_NOTHING, NULL);
	stage_end_command(&stage, place, EXITED(0));
	stage_expect(&stage, 0, ORD_DONE);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
	stage_expect(&stage, 1, ORD_DONE);
	stage_close(&stage);
}

/* The same rules whether a command runs in the place or not. */
Test(death, beside_a_command_counts_as_any_other)
{
	struct stage stage;

	stage_open(&stage,
		(struct core_options){
			.window = 2, .workers = 1, .functions = true, .max_deaths = 1 },
		0);
	stage_bring_up(&stage);
	stage_submit(&stage, "x", 0);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
	stage_submit_command(&stage, 0);
	stage_next(&stage, DISPATCH_COMMAND, NULL);
	stage_die(&stage, 0, EXITED(1)); /* it had finished a task */
	cr_assert_eq(stage.core.fruitless, 0);
	stage_bring_up(&stage);
	core_leaving(&stage.core, 0);
	stage_die(&stage, 0, EXITED(0)); /* it was told to */
	cr_assert_eq(stage.core.fruitless, 0);
	stage_expect(&stage, 0, ORD_DONE);
	stage_close(&stage);
}

Test(death, commands_end_as_they_end)
{
	struct stage stage;

	stage_open(&stage, (struct core_options){ .window = 4, .workers = 1 }, 0);
	for (int i = 0; i < 4; i++)
		stage_submit_command(&stage, 0);
	stage_end_command(&stage, stage_next(&stage, DISPATCH_COMMAND, NULL), EXITED(0));
	stage_end_command(&stage, stage_next(&stage, DISPATCH_COMMAND, NULL), EXITED(3));
	stage_end_command(&stage, stage_next(&stage, DISPATCH_COMMAND, NULL), SIGNALED(15));
	core_command_failed(
		&stage.core, stage_next(&stage, DISPATCH_COMMAND, NULL), 127, "no such program");
	stage_expect(&stage, 0, ORD_DONE);
	stage_expect(&stage, 1, ORD_EXITED);
	stage_expect(&stage, 2, ORD_SIGNALED);
	struct ord_result result = stage_take(&stage, 3);
	cr_assert_eq(result.state, ORD_FAILED);
	cr_assert_eq(result.detail->exit_code, 127);
	cr_assert_str_eq(result.detail->error, "no such program");
	result_finish(&result);
	/* What is told of a place where nothing runs is not heard. */
	stage_end_command(&stage, 0, EXITED(0));
	core_command_failed(&stage.core, 0, 127, "nothing");
	stage_close(&stage);
}

/* Nothing is given out after a stop, so what has not started then can only be settled. */
Test(death, after_a_stop_nothing_waits)
{
	struct stage stage;

	open_one(&stage, 2);
	for (int i = 0; i < 3; i++)
		stage_submit(&stage, "x", 3);
	uint32_t running = stage_next(&stage, DISPATCH_SEND, NULL);
	uint32_t sent = stage_next(&stage, DISPATCH_SEND, NULL);
	cr_assert(stage_start(&stage, running));
	core_stop(&stage.core, "stopped");
	cr_assert_null(core_check(&stage.core));
	stage_die(&stage, sent, SIGNALED(9));
	stage_die(&stage, running, SIGNALED(9));
	cr_assert_eq(stage.core.n_waiting, 0);
	stage_expect(&stage, 0, ORD_SIGNALED);
	stage_expect(&stage, 1, ORD_CANCELED);
	struct ord_result result = stage_take(&stage, 2);
	cr_assert_eq(result.state, ORD_CANCELED);
	cr_assert_eq(result.attempts, 0);
	cr_assert_str_eq(result.detail->error, "stopped");
	result_finish(&result);
	stage_close(&stage);
}

Test(death, of_the_spawner_settles_everything)
{
	struct stage stage;

	open_one(&stage, 3);
	for (int i = 0; i < 3; i++)
		stage_submit(&stage, "x", 3);
	stage_submit_command(&stage, 3);
	uint32_t started = stage_next(&stage, DISPATCH_SEND, NULL);
	stage_next(&stage, DISPATCH_SEND, NULL);
	stage_answer(&stage, stage_next(&stage, DISPATCH_SEND, NULL), ORD_DONE, "");
	stage_next(&stage, DISPATCH_COMMAND, NULL);
	cr_assert(stage_start(&stage, started));
	stage_submit(&stage, "x", 3);
	core_lost(&stage.core, "lost");
	cr_assert_null(core_check(&stage.core));
	stage_expect(&stage, 0, ORD_SIGNALED);
	stage_expect(&stage, 1, ORD_CANCELED);
	stage_expect(&stage, 2, ORD_DONE);
	stage_expect(&stage, 3, ORD_SIGNALED);
	stage_expect(&stage, 4, ORD_CANCELED);
	cr_assert_null(core_head(&stage.core));
	stage_close(&stage);
}
