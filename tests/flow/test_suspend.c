/*
 * A pool that is halted: all its processes are stopped, nothing is given out, no time counts, and yet
 * everything can be ended.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tally.h"

enum { MOST = 64, GRACE_MS = 60 };

/* --- processes --- */

/* The state and the parent of a process; 0 if there is none. */
static char
state_of(pid_t pid, pid_t *parent)
{
	char path[64], text[512] = "", *end = NULL;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof text, file) != NULL)
		end = strrchr(text, ')');
	fclose(file);
	if (end == NULL || strlen(end) < 5)
		return 0;
	*parent = (pid_t)strtol(end + 4, NULL, 10);
	return end[2];
}

static size_t
children_of(pid_t parent, pid_t *children)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;
	pid_t its;

	CHECK(processes != NULL);
	while ((entry = readdir(processes)) != NULL && count < MOST) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && state_of(pid, &its) != 0 && its == parent)
			children[count++] = pid;
	}
	closedir(processes);
	return count;
}

/* Whether so many children of the pool's spawner are there, and all are stopped, or none is. */
static int
all_are(size_t wanted, int stopped)
{
	pid_t pids[MOST], parent;
	size_t count = children_of(getpid(), pids);

	if (count != 1)
		return 0;
	count = children_of(pids[0], pids);
	for (size_t i = 0; i < count; i++)
		if ((state_of(pids[i], &parent) == 'T') != stopped)
			return 0;
	return count == wanted;
}

static void
await_all(struct ord_pool *pool, size_t wanted, int stopped)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; !all_are(wanted, stopped); scene_pause_ms(2)) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 0));
	}
}

/* --- tasks --- */

enum verb { VERB_NOTHING, VERB_WAIT, VERB_DEAF, VERB_STUBBORN, VERB_LARGE };

struct input {
	enum verb verb;
	char gate[40]; /* VERB_WAIT lasts while this file is there */
};

static int
act(struct ord_task *task, void *user)
{
	static char large[3 << 20];
	struct input input = INPUT_AS(struct input, task);

	(void)user;
	if (input.verb == VERB_LARGE)
		return ord_task_return(task, large, sizeof large);
	if (input.verb == VERB_STUBBORN)
		signal(SIGTERM, SIG_IGN);
	if (input.verb != VERB_NOTHING)
		ord_log(ORD_INFO, "running");
	while (input.verb != VERB_NOTHING && access(input.gate, F_OK) == 0)
		scene_pause_ms(1);
	return ord_task_return(task, &input.verb, sizeof input.verb);
}

static struct input
gate_make(enum verb verb)
{
	struct input input = { verb, "/tmp/ord-gate-XXXXXX" };
	int fd = mkstemp(input.gate);

	CHECK(fd >= 0);
	close(fd);
	return input;
}

static void
submit(struct tally *tally, const struct input *input)
{
	CHECK_OK(tally->pool, ord_pool_submit(tally->pool, input, sizeof *input, NULL));
}

static void
submit_sleep(struct tally *tally, const char *seconds, uint32_t timeout_ms)
{
	const char *argv[] = { "sleep", seconds, NULL };

	CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &ORD_COMMAND(.argv = argv, .timeout_ms = timeout_ms), NULL));
}

static void
await_messages(struct tally *tally, uint64_t messages)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; tally->messages < messages;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(tally->pool, ord_pool_step(tally->pool, 100));
	}
}

/* Two tasks run and one waits; then all is stopped. */
static struct input
open_stopped(struct tally *tally, const struct ord_pool_options *options, enum verb verb)
{
	struct input input = gate_make(verb);

	tally_open(tally, options);
	for (int i = 0; i < 3; i++)
		submit(tally, &input);
	await_messages(tally, 2);
	CHECK_OK(tally->pool, ord_pool_suspend(tally->pool));
	await_all(tally->pool, 2, 1);
	return input;
}

#define OPTIONS(...) &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .grace_ms = GRACE_MS, __VA_ARGS__)

/* --- halting --- */

SCENE(suspend, stops_workers)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct input input = open_stopped(&tally, OPTIONS(.start = start), VERB_WAIT);
		struct input nothing = { .verb = VERB_NOTHING };

		unlink(input.gate);
		CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		submit(&tally, &nothing);
		for (int i = 0; i < 20; i++)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
		CHECK_EQ(tally.results, 0);
		CHECK(all_are(2, 1));
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		await_all(tally.pool, 2, 0);
		tally_close(&tally, 4);
		CHECK_EQ(tally.states[ORD_DONE], 4);
	}
}

/* Commands that wait for a line each from a FIFO, and start nothing themselves. */
static struct input
fifo_make(void)
{
	struct input input = gate_make(VERB_WAIT);

	CHECK(unlink(input.gate) == 0 && mkfifo(input.gate, 0600) == 0);
	return input;
}

static void
submit_reader(struct tally *tally, const char *fifo, uint32_t timeout_ms)
{
	char script[80];
	const char *argv[] = { "sh", "-c", script, NULL };

	snprintf(script, sizeof script, "read -r line <%s", fifo);
	CHECK_OK(tally->pool, ord_pool_submit_command(tally->pool, &ORD_COMMAND(.argv = argv, .timeout_ms = timeout_ms), NULL));
}

/* What has to stay open until all have read. */
static int
fifo_feed(const char *fifo, size_t lines)
{
	int fd = open(fifo, O_RDWR | O_CLOEXEC);

	CHECK(fd >= 0 && write(fd, "\n\n\n\n\n\n", lines) == (ssize_t)lines);
	return fd;
}

SCENE(suspend, stops_commands)
{
	struct input input = fifo_make();
	struct tally tally = { 0 };
	int fed;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 3));
	for (int i = 0; i < 5; i++)
		submit_reader(&tally, input.gate, 0);
	/* What was asked for just before is started and stopped, what was not is not. */
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	await_all(tally.pool, 3, 1);
	fed = fifo_feed(input.gate, 5);
	scene_pause_ms(300);
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK_EQ(tally.results, 0);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 5);
	CHECK_EQ(tally.states[ORD_DONE], 5);
	CHECK(close(fed) == 0 && unlink(input.gate) == 0);
}

/* What a shell has started is in its group. */
SCENE(suspend, stops_what_commands_started)
{
	static const char *const argv[] = { "sh", "-c", "sleep 1000 & sleep 1000 & wait", NULL };
	struct tally tally = { 0 };
	pid_t pids[MOST], parent;
	size_t count = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 1, .grace_ms = GRACE_MS));
	CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = argv), NULL));
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; count != 2;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 2));
		count = children_of(getpid(), pids) == 1 && children_of(pids[0], pids) == 1 ? children_of(pids[0], pids) : 0;
	}
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	await_all(tally.pool, 1, 1);
	for (size_t i = 0; i < count; i++)
		for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; state_of(pids[i], &parent) != 'T'; scene_pause_ms(1))
			CHECK(scene_now_ms() < end);
	CHECK_OK(tally.pool, ord_pool_cancel_all(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(tally.states[ORD_CANCELED], 1);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 1);
}

/* Workers that are not ready yet are stopped as well, and are not late afterwards. */
static uint64_t
late_after_a_halt(uint32_t start, uint32_t start_timeout_ms)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct tally tally = { 0 };
	struct input nothing = { .verb = VERB_NOTHING };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 8, .start = start,
				   .start_timeout_ms = start_timeout_ms));
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	for (int i = 0; i < 20; i++)
		submit(&tally, &nothing);
	await_all(tally.pool, 8, 1);
	for (int i = 0; i < 15; i++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, (int)start_timeout_ms / 10));
	CHECK_EQ(tally.results, 0);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(ord_pool_statistics(tally.pool, &statistics), 0);
	tally_close(&tally, 20);
	return statistics.deaths;
}

/* On a busy machine eight may need longer. */
SCENE(suspend, workers_that_start)
{
	for EACH_START (start)
		for (uint32_t ms = 1000; late_after_a_halt(start, ms) != 0; ms *= 6)
			CHECK(ms < SCENE_LONG_MS / 2);
}

/* --- who waits for ever is told --- */

SCENE(suspend, calls_that_would_wait)
{
	struct input nothing = { .verb = VERB_NOTHING };
	struct tally tally = { 0 };
	struct input input = open_stopped(&tally, OPTIONS(.window = 3), VERB_WAIT);

	CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ESTALLED, "ord_pool_resume");
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ESTALLED, "ord_pool_resume");
	while (ord_pool_step(tally.pool, -1) == 0)
		;
	CHECK_FAILS(tally.pool, ord_pool_step(tally.pool, -1), ORD_ESTALLED, "ord_pool_resume");
	CHECK_FAILS(tally.pool, ord_pool_submit_wait(tally.pool, &nothing, sizeof nothing, NULL), ORD_ESTALLED, "ord_pool_resume");
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 20));
	CHECK_EQ(tally.results, 0);
	unlink(input.gate);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	/* What submit_wait met is kept, as ever. */
	CHECK_EQ(ord_pool_finish(tally.pool), ORD_ESTALLED);
	ord_pool_destroy(&tally.pool);
	CHECK_EQ(tally.states[ORD_DONE], 3);
}

SCENE(suspend, a_finish_can_be_repeated)
{
	struct tally tally = { 0 };
	struct input input = open_stopped(&tally, OPTIONS(.start = ORD_START_EXEC), VERB_WAIT);

	unlink(input.gate);
	CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ESTALLED, "ord_pool_resume");
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 3);
	CHECK_EQ(tally.states[ORD_DONE], 3);
}

/* A pool with nothing to do finishes although it is halted. */
SCENE(suspend, a_finish_with_nothing_left)
{
	struct input nothing = { .verb = VERB_NOTHING };
	struct tally tally = { 0 };
	uint64_t began;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .workers = 2, .grace_ms = SCENE_LONG_MS));
	submit(&tally, &nothing);
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	while (ord_pool_step(tally.pool, -1) == 0)
		;
	CHECK_FAILS(tally.pool, ord_pool_step(tally.pool, -1), ORD_ESTALLED, "ord_pool_resume");
	began = scene_now_ms();
	tally_close(&tally, 1);
	CHECK(scene_now_ms() - began < SCENE_LONG_MS);
}

/* What was done before is delivered first. */
SCENE(suspend, results_that_are_there)
{
	struct input input = gate_make(VERB_WAIT), nothing = { .verb = VERB_NOTHING };
	struct ord_statistics statistics = ORD_STATISTICS;
	const struct ord_result *result;
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 2)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < 6; i++)
		CHECK_OK(pool, ord_pool_submit(pool, i == 4 ? &input : &nothing, sizeof nothing, NULL));
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; statistics.settled < 5;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 100));
		CHECK_EQ(ord_pool_statistics(pool, &statistics), 0);
	}
	CHECK_OK(pool, ord_pool_suspend(pool));
	for (uint64_t i = 0; i < 4; i++) {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		CHECK_EQ(ord_result_sequence(result), i);
	}
	CHECK_FAILS(pool, ord_pool_next(pool, &result), ORD_ESTALLED, "ord_pool_resume");
	CHECK(result == NULL);
	CHECK_EQ(ord_pool_next_within(pool, 0, &result), ORD_EAGAIN);
	CHECK_EQ(ord_pool_next_within(pool, 30, &result), ORD_EAGAIN);
	unlink(input.gate);
	CHECK_OK(pool, ord_pool_resume(pool));
	for (uint64_t i = 4; i < 6; i++) {
		CHECK_OK(pool, ord_pool_next(pool, &result));
		CHECK_EQ(ord_result_sequence(result), i);
	}
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(suspend, wrong_calls)
{
	struct ord_pool *pool;

	CHECK_EQ(ord_pool_suspend(NULL), ORD_EINVAL);
	CHECK_EQ(ord_pool_resume(NULL), ORD_EINVAL);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = act, .workers = 1)));
	CHECK_FAILS(pool, ord_pool_suspend(pool), ORD_EINVAL, "ord_pool_start");
	CHECK_FAILS(pool, ord_pool_resume(pool), ORD_EINVAL, "ord_pool_start");
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_resume(pool));
	if (fork() == 0)
		_exit(ord_pool_suspend(pool) != ORD_EFORKED || ord_pool_resume(pool) != ORD_EFORKED);
	CHECK(wait(&(int){ 0 }) > 0);
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_OK(pool, ord_pool_suspend(pool));
	CHECK_OK(pool, ord_pool_resume(pool));
	ord_pool_destroy(&pool);
}

SCENE(suspend, inline_tasks)
{
	struct input nothing = { .verb = VERB_NOTHING };
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = act, .start = ORD_START_INLINE));
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	submit(&tally, &nothing);
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
	CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ESTALLED, "ord_pool_resume");
	CHECK_EQ(tally.results, 0);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 1);
}

/* --- from callbacks --- */

static void
halt_and_go_on(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_sequence(result) % 10 != 3)
		return;
	CHECK_OK(tally->pool, ord_pool_suspend(tally->pool));
	if (ord_result_sequence(result) % 20 == 3)
		CHECK_OK(tally->pool, ord_pool_resume(tally->pool));
}

SCENE(suspend, from_a_callback)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = halt_and_go_on };
		struct input nothing = { .verb = VERB_NOTHING };
		int status, stalls = 0;

		tally_open(&tally, OPTIONS(.start = start));
		for (int i = 0; i < 200; i++)
			submit(&tally, &nothing);
		while ((status = ord_pool_run(tally.pool)) != 0) {
			CHECK_EQ(status, ORD_ESTALLED);
			stalls++;
			CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		}
		CHECK(stalls <= 10);
		tally_close(&tally, 200);
		CHECK_EQ(tally.states[ORD_DONE], 200);
	}
}

/* --- deadlines --- */

SCENE(suspend, no_time_counts)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct input input;

		input = open_stopped(&tally, OPTIONS(.start = start, .timeout_ms = 2500), VERB_WAIT);
		for (int i = 0; i < 2; i++) {
			scene_pause_ms(2000);
			CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
			CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		}
		unlink(input.gate);
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		tally_close(&tally, 3);
		CHECK_EQ(tally.states[ORD_DONE], 3);
	}
}

SCENE(suspend, no_time_of_commands_counts)
{
	struct input input = fifo_make();
	struct tally tally = { 0 };
	int fed;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 2, .grace_ms = GRACE_MS));
	submit_reader(&tally, input.gate, 3000);
	submit_sleep(&tally, "1000", 3000);
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	await_all(tally.pool, 2, 1);
	fed = fifo_feed(input.gate, 1);
	scene_pause_ms(3500);
	CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
	CHECK(all_are(2, 1));
	CHECK_EQ(tally.results, 0);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 2);
	CHECK_EQ(tally.states[ORD_DONE], 1);
	CHECK_EQ(tally.states[ORD_TIMED_OUT], 1);
	CHECK(close(fed) == 0 && unlink(input.gate) == 0);
}

/* A deadline still holds afterwards. */
SCENE(suspend, deadlines_go_on)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct input input;

		input = open_stopped(&tally, OPTIONS(.start = start, .timeout_ms = 2000), VERB_DEAF);
		scene_pause_ms(500);
		CHECK(all_are(2, 1));
		CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		tally_close(&tally, 3);
		CHECK_EQ(tally.states[ORD_TIMED_OUT], 3);
		unlink(input.gate);
	}
}

/* --- ends --- */

static void
cancel_some(enum verb verb, uint32_t start)
{
	struct tally tally = { 0 };
	struct input input = open_stopped(&tally, OPTIONS(.start = start), verb);

	CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, 0));
	CHECK_OK(tally.pool, ord_pool_cancel(tally.pool, 2));
	CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ESTALLED, "ord_pool_resume");
	CHECK_EQ(tally.results, 1);
	CHECK_EQ(tally.states[ORD_CANCELED], 1);
	await_all(tally.pool, 1, 1);
	unlink(input.gate);
	CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
	tally_close(&tally, 3);
	CHECK_EQ(tally.states[ORD_CANCELED], 2);
	CHECK_EQ(tally.states[ORD_DONE], 1);
}

SCENE(suspend, then_cancel)
{
	for EACH_START (start) {
		cancel_some(VERB_WAIT, start);
		cancel_some(VERB_STUBBORN, start);
	}
}

SCENE(suspend, then_interrupt)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct input input = open_stopped(&tally, OPTIONS(.start = start), VERB_STUBBORN);

		CHECK_EQ(ord_pool_interrupt(tally.pool), 0);
		CHECK_FAILS(tally.pool, ord_pool_run(tally.pool), ORD_ESTALLED, "ord_pool_resume");
		CHECK_EQ(tally.results, 0);
		CHECK_EQ(ord_pool_interrupt(tally.pool), 0);
		CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
		CHECK_EQ(tally.states[ORD_CANCELED], 3);
		ord_pool_destroy(&tally.pool);
		unlink(input.gate);
	}
}

SCENE(suspend, then_destroy)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		struct input input = open_stopped(&tally, OPTIONS(.start = start), VERB_STUBBORN);

		ord_pool_destroy(&tally.pool);
		scene_await_alone();
		CHECK_EQ(tally.results, 0);
		unlink(input.gate);
	}
}

SCENE(suspend, then_destroy_commands)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .workers = 3, .grace_ms = SCENE_LONG_MS));
	for (int i = 0; i < 5; i++)
		submit_sleep(&tally, "1000", 0);
	CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
	await_all(tally.pool, 3, 1);
	ord_pool_destroy(&tally.pool);
	scene_await_alone();
}

/* It stops itself when its workers are stopped, and waits to be killed. */
static void
be_master(void)
{
	struct tally tally = { 0 };
	struct input input = open_stopped(&tally, OPTIONS(.start = ORD_START_EXEC), VERB_STUBBORN);

	unlink(input.gate);
	raise(SIGSTOP);
}

SCENE(suspend, then_the_master_is_killed)
{
	for (int round = 0; round < 3; round++) {
		pid_t master = scene_start(be_master);
		int status;

		CHECK_EQ(waitpid(master, &status, WUNTRACED), master);
		CHECK(WIFSTOPPED(status));
		CHECK(kill(master, SIGKILL) == 0);
		CHECK_EQ(WTERMSIG(scene_await(master)), SIGKILL);
		scene_await_alone();
	}
}

/* --- at any moment --- */

/* Small tasks, so that workers are stopped between them, too; some are canceled while they are. */
static void
storm(uint32_t start, enum verb verb, uint64_t seed, int tasks, int cancels)
{
	struct input input = { .verb = verb };
	struct tally tally = { 0 };
	uint64_t state = seed;

	tally_open(&tally, OPTIONS(.start = start, .window_bytes = 8 << 20));
	for (int i = 0; i < tasks; i++) {
		if (ord_pool_submit(tally.pool, &input, sizeof input, NULL) == ORD_EAGAIN)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		if (scene_random(&state) % 50 == 0) {
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
			CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
			for (int k = 0; k < cancels; k++)
				CHECK(ord_pool_cancel(tally.pool, tally.results + scene_random(&state) % 16) <= 0);
			scene_pause_ms((int)(scene_random(&state) % 5));
			/* Whoever was asked to end does, or has ended. */
			if (cancels != 0 && scene_random(&state) % 3 == 0)
				CHECK(ord_pool_run(tally.pool) <= 0);
			CHECK_OK(tally.pool, ord_pool_resume(tally.pool));
		}
	}
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
	CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_CANCELED], tally.results);
	CHECK(cancels != 0 || tally.states[ORD_CANCELED] == 0);
	ord_pool_destroy(&tally.pool);
}

SCENE(suspend, at_any_moment)
{
	for EACH_START (start) {
		storm(start, VERB_NOTHING, 7 + start, 5000, 0);
		storm(start, VERB_LARGE, 70 + start, 500, 0);
	}
}

SCENE(suspend, and_cancel_at_any_moment)
{
	for EACH_START (start) {
		storm(start, VERB_NOTHING, 700 + start, 3000, 4);
		storm(start, VERB_LARGE, 7000 + start, 500, 2);
	}
}

/* Interrupted twice in the middle of everything: workers between two tasks are no exception. */
SCENE(suspend, and_interrupt_at_any_moment)
{
	for (uint64_t round = 1; round <= 20; round++) {
		struct input input = { .verb = round % 4 == 0 ? VERB_LARGE : VERB_NOTHING };
		struct tally tally = { 0 };
		uint64_t state = round;

		tally_open(&tally, OPTIONS(.start = 1 + (uint32_t)round % 2));
		for (int i = 0; i < 400; i++)
			if (ord_pool_submit(tally.pool, &input, sizeof input, NULL) != 0)
				break;
		for (uint64_t i = scene_random(&state) % 30; i > 0; i--)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		CHECK_OK(tally.pool, ord_pool_suspend(tally.pool));
		scene_pause_ms((int)(scene_random(&state) % 3));
		CHECK_EQ(ord_pool_interrupt(tally.pool), 0);
		CHECK_EQ(ord_pool_interrupt(tally.pool), 0);
		CHECK_EQ(ord_pool_finish(tally.pool), ORD_EINTERRUPTED);
		CHECK_EQ(tally.states[ORD_DONE] + tally.states[ORD_CANCELED], tally.results);
		ord_pool_destroy(&tally.pool);
	}
}
