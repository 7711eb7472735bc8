/*
 * (not under TSAN: it has a clock_gettime of its own)
 *
 * The wall clock is set forth and back by years while a pool works: deadlines, time-outs, durations and back-off go by
 * another clock; only the times of messages, which are for people, follow it.  Setting the real one is the
 * administrator's, so this program has a clock_gettime of its own, for the library and for libzmq too.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, syscall */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tally.h"

enum { YEAR_S = 365 * 86400, TASKS = 300 };

/* Seconds; shared with forked workers.  NULL: the real clock. */
static _Atomic int64_t *jump;

int
clock_gettime(clockid_t id, struct timespec *now)
{
	int status = (int)syscall(SYS_clock_gettime, id, now);

	if (status == 0 && id == CLOCK_REALTIME && jump != NULL)
		now->tv_sec += atomic_load(jump);
	return status;
}

static uint64_t
wall_ns(void)
{
	struct timespec now;

	CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

enum what { WORKS, HANGS, DIES };

static enum what
what_of(uint64_t sequence)
{
	return sequence % 20 == 7 ? HANGS : sequence % 20 == 13 ? DIES : WORKS;
}

static int
act(struct ord_task *task, void *user)
{
	enum what what = what_of(ord_task_sequence(task));

	(void)user;
	if (what == DIES)
		raise(SIGKILL);
	if (what == HANGS)
		pause();
	/* Another task sets it meanwhile, so only the pair of a moment can be compared. */
	ord_log(ORD_INFO, "%llu", (unsigned long long)wall_ns());
	scene_pause_ms(1);
	return ord_task_return(task, "x", 1);
}

/* A message's time is the wall clock's, as it was set at that moment or shortly before. */
static void
check_message(struct tally *tally, const struct ord_message *message)
{
	uint64_t said = strtoull(ord_message_text(message, NULL), NULL, 10), time = ord_message_time_ns(message);
	uint64_t off = said < time ? time - said : said - time;

	(void)tally;
	/* A whole number of jumps away if it was set between the two, else near. */
	off %= (uint64_t)YEAR_S * 1000000000;
	CHECK(off < UINT64_C(1000000000) * SCENE_LONG_MS / 1000 ||
		off > (uint64_t)YEAR_S * 1000000000 - UINT64_C(1000000000) * SCENE_LONG_MS / 1000);
}

static void
check_result(struct tally *tally, const struct ord_result *result)
{
	uint64_t duration_ns = ord_result_duration_ns(result);
	enum what what = what_of(ord_result_sequence(result));

	CHECK_EQ(ord_result_state(result), what == HANGS ? ORD_TIMED_OUT : what == DIES ? ORD_SIGNALED : ORD_DONE);
	CHECK(duration_ns < UINT64_C(1000000) * SCENE_LONG_MS);
	CHECK(what != HANGS || duration_ns >= 30 * UINT64_C(1000000));
	CHECK(ord_result_started_ns(result) <= ord_result_ended_ns(result));
	/* Set it anew: years forth, years back. */
	atomic_store(jump, (int64_t)(tally->results % 3 - 1) * 5 * YEAR_S);
}

SCENE(clock, jumps)
{
	struct tally tally = { .on_result = check_result, .on_message = check_message };
	static const char *const argv[] = { "sleep", "1000", NULL };

	jump = mmap(NULL, sizeof *jump, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(jump != MAP_FAILED);
	tally_open(&tally,
		&TALLY_OPTIONS(&tally, .function = act, .start = ORD_START_FORK, .workers = 3, .window = 16,
			.timeout_ms = 30, .grace_ms = 10, .max_deaths = TASKS));
	for (int i = 0; i < TASKS; i++) {
		if (what_of((uint64_t)i) != HANGS)
			CHECK_OK(tally.pool,
				ord_pool_submit_task_wait(tally.pool, &ORD_TASK(.timeout_ms = SCENE_LONG_MS), NULL));
		else if (i % 40 == 7)
			CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, NULL, 0, NULL));
		else
			while (ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL) == ORD_EAGAIN)
				CHECK_OK(tally.pool, ord_pool_step(tally.pool, -1));
	}
	tally_close(&tally, TASKS);
	CHECK_EQ(tally.states[ORD_TIMED_OUT], TASKS / 20);
	CHECK(munmap((void *)(uintptr_t)jump, sizeof *jump) == 0);
}
