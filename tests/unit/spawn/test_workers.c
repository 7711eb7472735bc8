/* Workers: how they start, what they have, and how their ends are told. */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "base/fd.h"
#include "support.h"

static void
answer(uint32_t start)
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
answer_exec(void)
{
	answer(ORD_START_EXEC);
}

static void
answer_fork(void)
{
	answer(ORD_START_FORK);
}

Test(workers, start_by_exec)
{
	play(answer_exec);
}

Test(workers, start_by_fork)
{
	play(answer_fork);
}

static void
die_as_they_like(void)
{
	struct stage stage;
	struct actor exits = { 0 }, crashes = { 0 }, killed = { 0 }, sits = { 0 };
	int status;

	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&sits, &stage, 1, ACT_SIT, 0);
	actor_enter(&exits, &stage, 2, ACT_EXIT, 0);
	status = stage_await(&stage, LIFE_ENDED, 2)->status;
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	actor_enter(&crashes, &stage, 3, ACT_SEGV, 0);
	status = stage_await(&stage, LIFE_ENDED, 3)->status;
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	actor_enter(&killed, &stage, 4, ACT_SIT, 0);
	kill(killed.pid, SIGKILL);
	status = stage_await(&stage, LIFE_ENDED, 4)->status;
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(stage.event.packet.flags == 0);
	CHECK(is_alive(sits.pid));
	actor_leave(&sits);
	actor_leave(&exits);
	actor_leave(&crashes);
	actor_leave(&killed);
	stage_close(&stage, 100);
}

Test(workers, are_told_apart_by_how_they_died)
{
	play(die_as_they_like);
}

/* 0, 1, 2, region, timer, bell, deadline; the words pipe where there is one; life is closed by its READY. */
static void
count(uint32_t start)
{
	struct stage stage;
	struct actor others[4] = { { 0 } }, actor = { 0 };
	int keep = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	stage_open(&stage, start);
	for (size_t i = 0; i < 4; i++)
		actor_enter(&others[i], &stage, 100 + i, ACT_SIT, 1);
	actor_enter(&actor, &stage, 5, ACT_FDS, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 5)->status) == 7);
	actor_leave(&actor);
	actor_enter(&actor, &stage, 6, ACT_FDS, 1);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 6)->status) == 8);
	actor_leave(&actor);
	for (size_t i = 0; i < 4; i++)
		actor_leave(&others[i]);
	close(keep);
	stage_close(&stage, 100);
}

static void
count_exec(void)
{
	count(ORD_START_EXEC);
}

static void
count_fork(void)
{
	count(ORD_START_FORK);
}

Test(workers, have_their_own_descriptors_only)
{
	play(count_exec);
	play(count_fork);
}

static void
keep_some(void)
{
	struct stage stage = { .launch.life = -1 };
	struct launch_options options = stage_options(&stage, ORD_START_FORK);
	struct actor actor = { 0 };
	int far = fcntl(0, F_DUPFD_CLOEXEC, 700), near = fcntl(0, F_DUPFD_CLOEXEC, 100);
	int keep[4] = { far, -1, near, far };

	options.keep_fds = keep;
	options.n_keep_fds = 4;
	CHECK(launch_start(&stage.launch, &options, &stage.error) == 0);
	actor_enter(&actor, &stage, 1, ACT_FDS, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 1)->status) == 9);
	actor_leave(&actor);
	close(far);
	close(near);
	stage_close(&stage, 100);
}

Test(workers, keep_what_the_host_names)
{
	play(keep_some);
}

static void
call(uint32_t start, int wanted)
{
	struct stage stage;
	struct actor actor = { 0 };

	stage_open(&stage, start);
	actor_enter(&actor, &stage, 1, ACT_FUNCTION, 0);
	CHECK(WEXITSTATUS(stage_await(&stage, LIFE_ENDED, 1)->status) == wanted);
	actor_leave(&actor);
	stage_close(&stage, 100);
}

static void
call_exec(void)
{
	call(ORD_START_EXEC, 42);
}

static void
call_fork(void)
{
	call(ORD_START_FORK, 43);
}

Test(workers, have_the_function)
{
	play(call_exec);
	play(call_fork);
}

/* The group of a worker goes with it, however it ends; a daemon goes with the spawner. */
static void
family(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	pid_t outsider;

	stage_open(&stage, ORD_START_EXEC);
	actor_enter(&actor, &stage, 1, ACT_FAMILY, 1);
	outsider = (pid_t)atomic_load(&actor.region.page->committed);
	kill(actor.pid, SIGKILL);
	stage_await(&stage, LIFE_ENDED, 1);
	for (uint64_t i = 0; kill(-actor.pid, 0) == 0; i++) {
		CHECK(i < LONG_MS);
		poll(NULL, 0, 1);
	}
	CHECK(is_alive(outsider));
	stage_close(&stage, 100);
	CHECK(!is_alive(outsider));
	actor_leave(&actor);
}

Test(workers, take_their_families_along)
{
	play(family);
}

static void
refused(void)
{
	struct stage stage;
	struct actor actor = { 0 };
	int ends[2];

	stage_open(&stage, ORD_START_EXEC);
	CHECK(fd_pipe(&ends[0], &ends[1]) == 0);
	CHECK(launch_worker(&stage.launch, 9, 1,
		      &(struct launch_gifts){ ends[0], ends[0], ends[0], -1 }) == 0);
	CHECK(stage_await(&stage, LIFE_FAILED, 9)->status == EINVAL);
	CHECK(strlen(stage.event.text) != 0);
	actor_enter(&actor, &stage, 1, ACT_SIT, 0);
	actor_leave(&actor);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	stage_close(&stage, 100);
}

Test(workers, with_no_region_are_refused)
{
	play(refused);
}

/* More than any socket holds at once, asked for without a look at the answers. */
static void
crowd(void)
{
	enum { CROWD = 300 };
	struct stage stage;
	struct actor actor = { 0 };

	stage_open(&stage, ORD_START_EXEC);
	CHECK(region_new(&actor.region, &actor.region_fd) == 0);
	actor.region.page->token = ACT_EXIT;
	actor.timer = fcntl(actor.region_fd, F_DUPFD_CLOEXEC, 3);
	for (uint64_t i = 0; i < CROWD; i++)
		CHECK(launch_worker(&stage.launch, i, 0,
			      &(struct launch_gifts){ actor.region_fd, actor.timer, actor.timer, -1 }) == 0);
	for (int ended = 0; ended < CROWD;) {
		CHECK(stage_hears(&stage, LONG_MS));
		CHECK(stage.event.packet.type == LIFE_READY ||
			stage.event.packet.type == LIFE_ENDED);
		if (stage.event.packet.type == LIFE_ENDED) {
			CHECK(WEXITSTATUS(stage.event.packet.status) == 3);
			ended++;
		}
	}
	CHECK(!launch_blocked(&stage.launch));
	actor.words = -1;
	actor_leave(&actor);
	stage_close(&stage, 100);
}

Test(workers, come_in_crowds)
{
	play(crowd);
}
