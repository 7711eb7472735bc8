/* Everything stopped and on again: no deadline passes meanwhile, but who is told to end does. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <orderly/pool.h>

#include "base/clock.h"
#include "base/fd.h"
#include "support.h"

#define TASK RUN_WORD(7, 1, 0)  /* what a worker of these tests runs */
#define OTHER RUN_WORD(8, 0, 0) /* another's */
#define TIME_MS 2000 /* of a task: a busy machine must have stopped it by then */
#define HALT_MS 1500 /* twice this is longer */

/* Is it stopped? */
static int
is_stopped(pid_t pid)
{
	char path[64], text[512] = "";
	const char *behind;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		text[0] = '\0';
	fd_close(&fd);
	behind = strrchr(text, ')');
	return behind != NULL && behind[2] == 'T';
}

static void
await_stopped(pid_t pid, int stopped)
{
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS; is_stopped(pid) != stopped;
		poll(NULL, 0, 1))
		CHECK(clock_now_ns() < end);
}

static void
await_run(struct actor *actor, uint64_t word)
{
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;
		atomic_load(&actor->region.page->run) != word; poll(NULL, 0, 1))
		CHECK(clock_now_ns() < end);
}

/* A worker that runs its task; after_ms 0: without a deadline.  Returns the deadline. */
static uint64_t
begin(struct stage *stage, struct actor *actor, enum act what, uint64_t after_ms)
{
	uint64_t deadline = after_ms != 0 ? clock_now_ns() + after_ms * CLOCK_NS_PER_MS : 0;

	stage_open(stage, ORD_START_EXEC);
	CHECK(region_new(&actor->region, &actor->region_fd) == 0);
	atomic_store(&actor->region.page->deadline_ns, deadline);
	actor_enter(actor, stage, 1, what, 0);
	if (what != ACT_SIT && what != ACT_FAMILY)
		await_run(actor, TASK | RUN_RUNNING);
	return deadline;
}

static void
halt(struct stage *stage, pid_t pid)
{
	CHECK(launch_suspend(&stage->launch, 1) == 0);
	await_stopped(pid, 1);
}

static void
finish(struct stage *stage, struct actor *actor)
{
	actor_leave(actor);
	stage_close(stage, 100);
}

/* --- deadlines --- */

/* It passes while all is stopped, twice, and then as much later as all was stopped. */
static void
moves_a_deadline(void)
{
	struct actor actor = { 0 };
	struct stage stage;
	uint64_t deadline = begin(&stage, &actor, ACT_RUN, TIME_MS), since, moved = 0;

	for (int i = 0; i < 2; i++) {
		halt(&stage, actor.pid);
		since = clock_now_ns();
		CHECK(!stage_hears(&stage, HALT_MS));
		moved += clock_now_ns() - since;
		CHECK(atomic_load(&actor.region.page->cancel) == 0);
		CHECK(is_stopped(actor.pid));
		CHECK(launch_suspend(&stage.launch, 0) == 0);
		await_stopped(actor.pid, 0);
	}
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	CHECK(stage.event.packet.flags == LIFE_TIMED_OUT);
	CHECK(clock_now_ns() >= deadline + moved);
	finish(&stage, &actor);
}

Test(suspend, moves_the_deadline_of_a_task)
{
	play(moves_a_deadline);
}

/* What another task was given more does not help the next one, which begins later. */
static void
moves_one_deadline(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_RUN, TIME_MS);
	halt(&stage, actor.pid);
	CHECK(!stage_hears(&stage, 100));
	/* 10 minutes later the look comes soon after, because the task that then runs has its own deadline. */
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	atomic_store(&actor.region.page->deadline_ns, clock_now_ns() + 2 * LONG_MS * CLOCK_NS_PER_MS);
	atomic_store(&actor.region.page->run, OTHER | RUN_RUNNING);
	CHECK(!stage_hears(&stage, TIME_MS + HALT_MS));
	CHECK(atomic_load(&actor.region.page->cancel) == 0);
	finish(&stage, &actor);
}

Test(suspend, moves_no_other_deadline)
{
	play(moves_one_deadline);
}

/* Its time has passed, and its grace has just begun. */
static void
run_late(struct stage *stage, struct actor *actor)
{
	begin(stage, actor, ACT_RUN, TIME_MS);
	atomic_store(&actor->region.page->grace_ms, TIME_MS);
	for (uint64_t end = clock_now_ns() + LONG_MS * CLOCK_NS_PER_MS;
		atomic_load(&actor->region.page->cancel) == 0; poll(NULL, 0, 1))
		CHECK(clock_now_ns() < end);
}

/* In the grace behind a deadline the task has time to obey, and none passes while it cannot. */
static void
keeps_a_grace(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	run_late(&stage, &actor);
	halt(&stage, actor.pid);
	CHECK(!stage_hears(&stage, 2 * HALT_MS));
	CHECK(is_stopped(actor.pid));
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	CHECK(stage_await(&stage, LIFE_ENDED, 1)->flags == LIFE_TIMED_OUT);
	finish(&stage, &actor);
}

Test(suspend, keeps_the_grace_of_a_deadline)
{
	play(keeps_a_grace);
}

static pid_t
command_pid(int words)
{
	char text[32] = "";
	size_t size = 0;

	do
		CHECK(read(words, text + size, 1) == 1);
	while (text[size++] != '\n');
	return (pid_t)strtol(text, NULL, 10);
}

/* A shell that says who it is. */
static pid_t
start_shell(struct stage *stage, const char *script, uint32_t timeout_ms, int *words)
{
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	int fds[3] = { -1, -1, -1 };
	pid_t pid;

	CHECK(fd_pipe(words, &fds[1]) == 0);
	stage_command(stage, 3, argv, NULL, NULL, timeout_ms, 100, fds);
	fd_close(&fds[1]);
	pid = command_pid(*words);
	return pid;
}

static void
moves_a_commands_deadline(void)
{
	struct stage stage;
	uint64_t lasted;
	pid_t pid;
	int words;

	stage_open(&stage, ORD_START_EXEC);
	pid = start_shell(&stage, "echo $$; exec sleep 1000", TIME_MS, &words);
	halt(&stage, pid);
	CHECK(!stage_hears(&stage, 2 * HALT_MS));
	CHECK(is_stopped(pid));
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	CHECK(stage_await(&stage, LIFE_ENDED, 3)->flags == LIFE_TIMED_OUT);
	lasted = stage.event.packet.ended_ns - stage.event.packet.started_ns;
	CHECK(lasted >= (TIME_MS + 2 * HALT_MS) * CLOCK_NS_PER_MS);
	fd_close(&words);
	stage_close(&stage, 100);
}

Test(suspend, moves_the_deadline_of_a_command)
{
	play(moves_a_commands_deadline);
}

/* --- who starts meanwhile --- */

static void
late_comers(void)
{
	const char *argv[] = { "/bin/sleep", "2", NULL };
	int words, fds[3] = { -1, -1, -1 };
	char text[32];
	struct stage stage;

	stage_open(&stage, ORD_START_EXEC);
	CHECK(fd_pipe(&words, &fds[1]) == 0);
	CHECK(launch_suspend(&stage.launch, 1) == 0);
	CHECK(launch_suspend(&stage.launch, 1) == 0);
	stage_command(&stage, 3, argv, NULL, NULL, 0, 100, fds);
	fd_close(&fds[1]);
	CHECK(!stage_hears(&stage, 2500));
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	CHECK(stage_await(&stage, LIFE_ENDED, 3)->status == 0);
	read_all(words, text, sizeof text);
	fd_close(&words);
	stage_close(&stage, 100);
}

Test(suspend, stops_who_comes_late)
{
	play(late_comers);
}

/* A command that is killed by somebody else leaves children behind that nobody would continue. */
static void
stragglers(void)
{
	pid_t shell, straggler;
	struct stage stage;
	int words;

	stage_open(&stage, ORD_START_EXEC);
	shell = start_shell(&stage, "echo $$; sleep 1000 & echo $!; wait", 0, &words);
	straggler = command_pid(words);
	halt(&stage, shell);
	await_stopped(straggler, 1);
	kill(shell, SIGKILL);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 3)->status) == SIGKILL);
	await_stopped(straggler, 0);
	CHECK(is_alive(straggler));
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	fd_close(&words);
	stage_close(&stage, 100);
	CHECK(await_death(straggler));
}

Test(suspend, forgets_nobody)
{
	play(stragglers);
}

/* --- ends --- */

static void
stops_a_task(int at_once)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_RUN, 0);
	halt(&stage, actor.pid);
	CHECK(launch_stop(&stage.launch, 1, TASK | RUN_RUNNING, 50, at_once) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	CHECK(stage.event.packet.flags == LIFE_STOPPED);
	CHECK(stage.event.packet.run == (TASK | RUN_DOOMED));
	finish(&stage, &actor);
}

/* Its deadline had passed and its grace does not go on; then it is canceled as well. */
static void
stops_a_late_task(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	run_late(&stage, &actor);
	halt(&stage, actor.pid);
	CHECK(launch_stop(&stage.launch, 1, TASK | RUN_RUNNING, 50, 0) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	CHECK(stage.event.packet.run == (TASK | RUN_DOOMED));
	finish(&stage, &actor);
}

/* It was asked before all was stopped. */
static void
goes_on_stopping(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_RUN, 0);
	CHECK(launch_stop(&stage.launch, 1, TASK | RUN_RUNNING, 200, 0) == 0);
	CHECK(launch_suspend(&stage.launch, 1) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	finish(&stage, &actor);
}

static void
stops_politely(void)
{
	stops_a_task(0);
}

static void
stops_at_once(void)
{
	stops_a_task(1);
}

Test(suspend, does_not_keep_tasks_from_ending)
{
	play(stops_politely);
	play(stops_at_once);
	play(stops_a_late_task);
	play(goes_on_stopping);
}

/* A task between its function and its result goes on until it has given it; then its worker is stopped again. */
static void
release_one(int at_once, uint64_t then)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_SIT, 0);
	atomic_store(&actor.region.page->run, TASK | RUN_COMMITTING);
	halt(&stage, actor.pid);
	CHECK(launch_stop(&stage.launch, 1, TASK, 30, at_once) == 0);
	await_stopped(actor.pid, 0);
	CHECK(!stage_hears(&stage, 100));
	CHECK(!is_stopped(actor.pid));
	atomic_store(&actor.region.page->run, then);
	await_stopped(actor.pid, 1);
	CHECK(atomic_load(&actor.region.page->run) == then);
	CHECK(launch_suspend(&stage.launch, 0) == 0);
	await_stopped(actor.pid, 0);
	CHECK(!stage_hears(&stage, 50));
	finish(&stage, &actor);
}

static void
release_politely(void)
{
	release_one(0, OTHER | RUN_RUNNING);
}

static void
release_at_once(void)
{
	release_one(1, OTHER | RUN_RUNNING);
}

static void
release_to_idle(void)
{
	release_one(0, RUN_IDLE);
}

/* One that was between its claim and its function, and begins: then it is doomed. */
static void
release_to_doom(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_SIT, 0);
	CHECK(launch_stop(&stage.launch, 1, TASK, 0, 1) == 0);
	CHECK(launch_suspend(&stage.launch, 1) == 0);
	CHECK(!stage_hears(&stage, 50));
	atomic_store(&actor.region.page->run, TASK | RUN_RUNNING);
	CHECK(stage_await(&stage, LIFE_ENDED, 1)->run == (TASK | RUN_DOOMED));
	finish(&stage, &actor);
}

Test(suspend, releases_who_is_about_to_end)
{
	play(release_politely);
	play(release_at_once);
	play(release_to_idle);
	play(release_to_doom);
}

/* The ladder is as long as ever: who ignores SIGTERM is killed. */
static void
ends_all(void)
{
	struct actor actor = { 0 };
	struct stage stage;
	pid_t pid;
	int words;

	begin(&stage, &actor, ACT_FAMILY, 0);
	pid = start_shell(&stage, "trap '' TERM; echo $$; exec sleep 1000", 0, &words);
	halt(&stage, pid);
	await_stopped(actor.pid, 1);
	CHECK(launch_stop(&stage.launch, 3, 0, 50, 0) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 3)->status) == SIGKILL);
	CHECK(launch_stop(&stage.launch, 1, 0, 50, 0) == 0);
	CHECK(WTERMSIG(stage_await(&stage, LIFE_ENDED, 1)->status) == SIGKILL);
	fd_close(&words);
	finish(&stage, &actor);
}

/* The master goes without a word. */
static void
loses_its_master(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_RUN, 0);
	halt(&stage, actor.pid);
	fd_close(&stage.launch.life);
	CHECK(await_death(actor.pid));
	CHECK(await_death(stage.launch.pid));
	CHECK(access(stage.directory, F_OK) != 0);
	actor_leave(&actor);
}

static void
closes(void)
{
	struct actor actor = { 0 };
	struct stage stage;

	begin(&stage, &actor, ACT_RUN, 0);
	halt(&stage, actor.pid);
	finish(&stage, &actor);
	CHECK(!is_alive(actor.pid));
}

Test(suspend, ends_with_everything)
{
	play(ends_all);
	play(closes);
	play(loses_its_master);
}
