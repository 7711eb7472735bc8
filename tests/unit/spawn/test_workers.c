/* Workers: how they start, what they have, and how their ends are told. */
#define _GNU_SOURCE /* WCOREDUMP */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "support.h"

static void
one_worker(uint32_t start)
{
	struct stage stage;
	struct actor actor = { 0 };
	const struct life_packet *ended;
	char text[64];

	stage_open(&stage, start);
	actor_enter(&actor, &stage, 11, ACT_ANSWER, 1);
	read_all(actor.words, text, sizeof text);
	CHECK(strcmp(text, "ORDERLY") == 0);
	ended = stage_await(&stage, LIFE_ENDED, 11);
	CHECK(ended->pid == actor.pid && ended->place == 5);
	CHECK(ended->status == 0 && ended->flags == 0 && ended->run == 0);
	CHECK(ended->started_ns != 0 && ended->ended_ns > ended->started_ns);
	CHECK(ended->max_rss_kib != 0);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

static void
exec_scene(void)
{
	one_worker(ORD_START_EXEC);
}

static void
fork_scene(void)
{
	one_worker(ORD_START_FORK);
}

Test(workers, start_by_exec)
{
	play(exec_scene);
}

Test(workers, start_by_fork)
{
	play(fork_scene);
}
