/* The tasks of workers: their deadlines, and the ladder that ends one attempt and no other. */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "base/clock.h"
#include "support.h"

#define TASK RUN_WORD(7, 1, 0) /* what a worker of these tests runs */

static void
await_run(struct actor *actor, uint64_t word)
{
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;
		atomic_load(&actor->region.page->run) != word;) {
		CHECK(clock_now_ns() < end);
		poll(NULL, 0, 1);
	}
}

/* A worker that runs its task; after_ms 0: without a deadline. */
static void
begin(struct stage *stage, struct actor *actor, enum act what, uint64_t after_ms)
{
	stage_open(stage, ORD_START_EXEC);
	CHECK(region_new(&actor->region, &actor->region_fd) == 0);
	if (after_ms != 0)
		atomic_store(&actor->region.page->deadline_ns,
			clock_now_ns() + after_ms * CLOCK_NS_PER_MS);
	actor_enter(actor, stage, 1, what, 0);
}

static void
finish(struct stage *stage, struct actor *actor)
{
	actor_leave(actor);
	stage_close(stage, 100);
}

static void
passes(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	uint64_t began = clock_now_ns();

	begin(&stage, &actor, ACT_RUN, 200);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	CHECK(stage.event.packet.flags == LIFE_TIMED_OUT);
	CHECK(stage.event.packet.run == (TASK | RUN_DOOMED));
	CHECK(atomic_load(&actor.region.page->cancel) == (TASK | CANCEL_TIMEOUT));
	CHECK(atomic_load(&actor.region.page->run) == (TASK | RUN_DOOMED));
	/* 200 for the task, 100 until SIGTERM, 100 until SIGKILL. */
	CHECK(clock_now_ns() - began >= 400 * CLOCK_NS_PER_MS);
	finish(&stage, &actor);
}

Test(deadlines, that_pass_end_the_worker)
{
	play(passes);
}

static void
obeys(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	begin(&stage, &actor, ACT_OBEY, 100);
	await_run(&actor, TASK | RUN_IDLE);
	CHECK(atomic_load(&actor.region.page->cancel) == (TASK | CANCEL_TIMEOUT));
	CHECK(!stage_hears(&stage, 400));
	CHECK(is_alive(actor.pid));
	finish(&stage, &actor);
}

Test(deadlines, that_are_obeyed_leave_the_worker)
{
	play(obeys);
}

/* The timer fires too early again and again; the deadline that holds is the page's. */
static void
moves(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	uint64_t began = clock_now_ns(), deadline = began + 1500 * CLOCK_NS_PER_MS;

	begin(&stage, &actor, ACT_LATE, 1);
	await_run(&actor, TASK | RUN_RUNNING);
	/* The worker set its timer for the deadline of before. */
	CHECK(!stage_hears(&stage, 100));
	CHECK(atomic_load(&actor.region.page->cancel) == 0);
	atomic_store(&actor.region.page->deadline_ns, deadline);
	CHECK(stage_await(&stage, LIFE_ENDED, 1)->flags == LIFE_TIMED_OUT);
	CHECK(clock_now_ns() >= deadline);
	finish(&stage, &actor);
}

Test(deadlines, are_those_of_the_page)
{
	play(moves);
}

static void
far(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	begin(&stage, &actor, ACT_RUN, 2 * LONG_MS);
	await_run(&actor, TASK | RUN_RUNNING);
	CHECK(!stage_hears(&stage, 100));
	CHECK(atomic_load(&actor.region.page->cancel) == 0);
	finish(&stage, &actor);
}

Test(deadlines, that_are_far_do_nothing)
{
	play(far);
}

static void
stop_one(int at_once, int signal_wanted)
{
	struct stage stage;
	struct actor actor = { 0 };

	begin(&stage, &actor, ACT_RUN, 0);
	await_run(&actor, TASK | RUN_RUNNING);
	/* Another attempt, another task: not this one. */
	CHECK(launch_stop(&stage.launch, 1, RUN_WORD(7, 2, RUN_RUNNING), 1, 1) == 0);
	CHECK(launch_stop(&stage.launch, 1, RUN_WORD(8, 1, RUN_RUNNING), 1, 0) == 0);
	CHECK(!stage_hears(&stage, 200));
	CHECK(is_alive(actor.pid));
	CHECK(launch_stop(&stage.launch, 1, TASK | RUN_RUNNING, 50, at_once) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == signal_wanted);
	CHECK(stage.event.packet.flags == LIFE_STOPPED);
	CHECK(stage.event.packet.run == (TASK | RUN_DOOMED));
	finish(&stage, &actor);
}

static void
stop_slowly(void)
{
	stop_one(0, SIGKILL);
}

static void
stop_at_once(void)
{
	stop_one(1, SIGKILL);
}

Test(stops, are_for_one_attempt)
{
	play(stop_slowly);
	play(stop_at_once);
}

/* Asked gently first, then told. */
static void
impatient(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	uint64_t began = clock_now_ns();

	begin(&stage, &actor, ACT_RUN, 0);
	await_run(&actor, TASK | RUN_RUNNING);
	CHECK(launch_stop(&stage.launch, 1, TASK, 2 * LONG_MS, 0) == 0);
	CHECK(launch_stop(&stage.launch, 1, TASK, 0, 1) == 0);
	CHECK(stage_await(&stage, LIFE_ENDED, 1)->run == (TASK | RUN_DOOMED));
	CHECK(clock_now_ns() - began < LONG_MS * CLOCK_NS_PER_MS);
	finish(&stage, &actor);
}

Test(stops, can_become_kills)
{
	play(impatient);
}

/* What is being committed can no longer be doomed. */
static void
committing(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	begin(&stage, &actor, ACT_SIT, 0);
	atomic_store(&actor.region.page->run, TASK | RUN_COMMITTING);
	CHECK(launch_stop(&stage.launch, 1, TASK, 10, 0) == 0);
	CHECK(launch_stop(&stage.launch, 1, TASK, 10, 1) == 0);
	CHECK(!stage_hears(&stage, 200));
	CHECK(atomic_load(&actor.region.page->run) == (TASK | RUN_COMMITTING));
	CHECK(is_alive(actor.pid));
	/* The whole worker is another thing. */
	CHECK(launch_stop(&stage.launch, 1, 0, LONG_MS, 0) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGTERM);
	CHECK(stage.event.packet.flags == LIFE_STOPPED && stage.event.packet.run == 0);
	finish(&stage, &actor);
}

Test(stops, come_too_late_for_a_commit)
{
	play(committing);
}

/* A crash in the grace is a crash. */
static void
crash_in_grace(void)
{
	struct stage stage;
	struct actor actor = { 0 };

	begin(&stage, &actor, ACT_RUN, 0);
	await_run(&actor, TASK | RUN_RUNNING);
	CHECK(launch_stop(&stage.launch, 1, TASK, 2 * LONG_MS, 0) == 0);
	while (atomic_load(&actor.region.page->cancel) == 0)
		poll(NULL, 0, 1);
	kill(actor.pid, SIGSEGV);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGSEGV);
	CHECK(stage.event.packet.flags == 0 && stage.event.packet.run == 0);
	finish(&stage, &actor);
}

Test(stops, do_not_take_the_blame_for_a_crash)
{
	play(crash_in_grace);
}
