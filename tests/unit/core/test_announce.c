/* What the core has to announce, in which order, and that it is announced once. */
#include <criterion/criterion.h>

#include <orderly/result.h>

#include "support.h"

static struct stage stage;

static void
set_up(void)
{
	stage_open(&stage,
		(struct core_options){ .window = 8, .workers = 2, .functions = true, .announce = true }, 0);
	stage_bring_up(&stage);
}

static void
tear_down(void)
{
	stage_close(&stage);
}

TestSuite(announce, .init = set_up, .fini = tear_down);

static void
expect(enum announcement_kind kind, uint64_t sequence, uint32_t attempt)
{
	struct announcement news = core_announcement(&stage.core);

	cr_assert_null(core_check(&stage.core));
	cr_assert_eq(news.kind, kind);
	cr_assert_eq(news.slot->sequence, sequence);
	cr_assert_eq(news.attempt, attempt);
}

static void
expect_nothing(uint64_t running, uint64_t ended)
{
	cr_assert_eq(core_announcement(&stage.core).kind, ANNOUNCE_NOTHING);
	cr_assert_eq(stage.core.n_told_running, running);
	cr_assert_eq(stage.core.n_told_ended, ended);
}

/* Starts the next task and says so; its place. */
static uint32_t
begin(uint64_t now_ns)
{
	uint32_t place = stage_next(&stage, DISPATCH_SEND, NULL);
	struct slot *slot;

	cr_assert(stage_start(&stage, place));
	core_expected(&stage.core, place, &slot);
	core_begun(&stage.core, slot, place, now_ns);
	cr_assert_eq(slot->result.started_ns, now_ns);
	return place;
}

Test(announce, a_start_and_an_end)
{
	uint32_t place;

	stage_submit(&stage, "x", 0);
	expect_nothing(0, 0);
	place = begin(77);
	expect(ANNOUNCE_STARTED, 0, 0);
	expect_nothing(1, 0);
	stage_answer(&stage, place, ORD_DONE, "y");
	expect(ANNOUNCE_ENDED, 0, 0);
	expect_nothing(0, 1);
	stage_expect(&stage, 0, ORD_DONE);
	expect_nothing(0, 1);
}

Test(announce, all_at_once_comes_in_order)
{
	stage_submit(&stage, "x", 2);
	stage_die(&stage, begin(1), SIGNALED(9));
	stage_bring_up(&stage);
	stage_die(&stage, begin(2), SIGNALED(9));
	stage_bring_up(&stage);
	stage_answer(&stage, begin(3), ORD_DONE, "y");
	for (uint32_t attempt = 0; attempt < 2; attempt++) {
		expect(ANNOUNCE_STARTED, 0, attempt);
		expect(ANNOUNCE_RETRIED, 0, attempt);
	}
	expect(ANNOUNCE_STARTED, 0, 2);
	expect(ANNOUNCE_ENDED, 0, 2);
	expect_nothing(0, 1);
	stage_expect(&stage, 0, ORD_DONE);
}

/* Its worker died between the claim and the word that it began. */
Test(announce, a_start_that_nobody_told)
{
	uint32_t place;

	stage_submit(&stage, "x", 1);
	for (uint32_t attempt = 0; attempt < 2; attempt++) {
		place = stage_next(&stage, DISPATCH_SEND, NULL);
		cr_assert(stage_start(&stage, place));
		stage_die(&stage, place, SIGNALED(11));
		expect(ANNOUNCE_STARTED, 0, attempt);
		cr_assert_eq(stage.core.n_told_running, 1);
		expect(attempt == 0 ? ANNOUNCE_RETRIED : ANNOUNCE_ENDED, 0, attempt);
		stage_bring_up(&stage);
	}
	expect_nothing(0, 1);
	stage_expect(&stage, 0, ORD_SIGNALED);
}

Test(announce, what_never_started_only_ends)
{
	struct slot *slot = stage_submit(&stage, "x", 0);
	struct task value = { .user = NULL };
	struct extra passed = { .pass = true };

	cr_assert_not(core_cancel(&stage.core, slot));
	core_pass(&stage.core, core_submit(&stage.core, &value, &passed));
	expect(ANNOUNCE_ENDED, 0, 0);
	expect(ANNOUNCE_ENDED, 1, 0);
	expect_nothing(0, 2);
	stage_expect(&stage, 0, ORD_CANCELED);
	stage_expect(&stage, 1, ORD_PASSED);
}

/* A callback about a retry cancels the task: its end is next, and comes once. */
Test(announce, canceled_while_its_retry_is_told)
{
	struct slot *slot = stage_submit(&stage, "x", 1);

	stage_die(&stage, begin(1), SIGNALED(9));
	expect(ANNOUNCE_STARTED, 0, 0);
	expect(ANNOUNCE_RETRIED, 0, 0);
	cr_assert_not(core_cancel(&stage.core, slot));
	expect(ANNOUNCE_ENDED, 0, 1);
	expect_nothing(0, 1);
	stage_expect(&stage, 0, ORD_CANCELED);
}

Test(announce, a_command)
{
	uint32_t place;
	struct slot *slot = stage_submit_command(&stage, 0);

	place = stage_next(&stage, DISPATCH_COMMAND, NULL);
	core_begun(&stage.core, slot, place, 5);
	expect(ANNOUNCE_STARTED, 0, 0);
	stage_end_command(&stage, place, EXITED(0));
	expect(ANNOUNCE_ENDED, 0, 0);
	expect_nothing(0, 1);
	stage_expect(&stage, 0, ORD_DONE);
}

Test(announce, what_is_stopped)
{
	uint32_t place;

	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	stage_submit(&stage, "x", 0);
	place = begin(1);
	core_stop(&stage.core, "because");
	expect(ANNOUNCE_STARTED, 0, 0);
	expect(ANNOUNCE_ENDED, 1, 0);
	expect(ANNOUNCE_ENDED, 2, 0);
	expect_nothing(1, 2);
	stage_answer(&stage, place, ORD_DONE, "y");
	expect(ANNOUNCE_ENDED, 0, 0);
	expect_nothing(0, 3);
	stage_expect(&stage, 0, ORD_DONE);
	stage_expect(&stage, 1, ORD_CANCELED);
	stage_expect(&stage, 2, ORD_CANCELED);
}

/* The same for an owner that does not want to know. */
Test(announce, nothing_is_kept_for_who_does_not_ask)
{
	uint32_t place;

	stage.core.options.announce = false;
	stage_submit(&stage, "x", 0);
	place = begin(1);
	stage_answer(&stage, place, ORD_DONE, "y");
	cr_assert_null(stage.core.news);
	expect_nothing(0, 0);
	stage_expect(&stage, 0, ORD_DONE);
}
