/*
 * SIGKILL from outside: of the master, of the spawner, of workers at any instant. Nobody is left over, no
 * committed result is lost or doubled.
 */
#define _DEFAULT_SOURCE /* usleep */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tally.h"

/* The parent of a process, or 0. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], text[512] = "";
	const char *end;
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	if (file == NULL)
		return 0;
	if (fgets(text, sizeof text, file) != NULL && (end = strrchr(text, ')')) != NULL && strlen(end) > 4)
		parent = (int)strtol(end + 4, NULL, 10);
	fclose(file);
	return parent;
}

/* The children of a process; how many. */
static size_t
children_of(pid_t parent, pid_t *children, size_t most)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	size_t count = 0;

	CHECK(processes != NULL);
	while ((entry = readdir(processes)) != NULL && count < most) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && parent_of(pid) == parent)
			children[count++] = pid;
	}
	closedir(processes);
	return count;
}

/* The spawner is the only child of its master. */
static pid_t
spawner_of(pid_t master)
{
	pid_t children[2];

	CHECK_EQ(children_of(master, children, 2), 1);
	return children[0];
}

/* In a session of its own, with SIGTERM ignored. */
static void
leave_a_daemon(void)
{
	if (fork() != 0)
		return;
	setsid();
	if (fork() != 0)
		_exit(0);
	signal(SIGTERM, SIG_IGN);
	for (;;)
		pause();
}

static int
raise_daemons(struct ord_task *task, void *user)
{
	(void)user;
	signal(SIGTERM, SIG_IGN);
	leave_a_daemon();
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
	return ord_task_return(task, NULL, 0);
}

static void
tell_ready(struct tally *tally, const struct ord_message *message)
{
	(void)message;
	if (tally->messages == 3)
		CHECK_EQ(write(2, "", 0), 0);
}

/* A master that waits to be killed: it stops itself when its three workers are busy. */
static void
be_master(void)
{
	struct tally tally = { .on_message = tell_ready };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = raise_daemons, .workers = 3));
	for (int i = 0; i < 10; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	while (tally.messages < 3)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, -1));
	raise(SIGSTOP);
	CHECK_OK(tally.pool, ord_pool_finish(tally.pool));
}

SCENE(kills, the_master)
{
	for (int round = 0; round < 5; round++) {
		pid_t master = scene_start(be_master);
		int status;

		CHECK_EQ(waitpid(master, &status, WUNTRACED), master);
		CHECK(WIFSTOPPED(status));
		CHECK_EQ(scene_count_endpoints(), 1);
		CHECK_EQ(kill(master, SIGKILL), 0);
		scene_await_alone();
		CHECK_EQ(scene_count_endpoints(), 0);
	}
}

/* A master that has hardly begun. */
static void
be_hasty_master(void)
{
	for (;;) {
		struct tally tally = { 0 };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = raise_daemons, .workers = 2));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 0));
		ord_pool_destroy(&tally.pool);
	}
}

SCENE(kills, the_master_at_any_instant)
{
	uint64_t state = 4711;

	for (int round = 0; round < 25; round++) {
		pid_t master = scene_start(be_hasty_master);

		scene_pause_ms((int)(scene_random(&state) % 40));
		CHECK_EQ(kill(master, SIGKILL), 0);
		scene_await_alone();
	}
	CHECK_EQ(scene_count_endpoints(), 0);
}

static int
work(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);

	(void)user;
	if (sequence % 50 == 20)
		scene_pause_ms(2);
	return ord_task_return(task, &sequence, sizeof sequence);
}

SCENE(kills, the_spawner)
{
	for (int round = 0; round < 10; round++) {
		struct tally tally = { 0 };
		int status = 0;

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 3));
		for (int i = 0; i < 2000; i++)
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		while (tally.results < (uint64_t)round * 100)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, -1));
		CHECK_EQ(kill(spawner_of(getpid()), SIGKILL), 0);
		while (status == 0 && tally.results < 2000)
			status = ord_pool_step(tally.pool, -1);
		CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ELOST, "spawner");
		CHECK_FAILS(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL), ORD_ELOST, "spawner");
		ord_pool_destroy(&tally.pool);
		CHECK_EQ(tally.results, 2000);
		scene_await_alone();
	}
}

/* One child in the worker's group, one in a session of its own; both are told. */
static int
leave_two(struct ord_task *task, void *user)
{
	(void)task;
	(void)user;
	for (int i = 0; i < 2; i++) {
		pid_t child = fork();

		if (child == 0) {
			if (i == 1)
				setsid();
			for (;;)
				pause();
		}
		ord_log(ORD_INFO, "%d", (int)child);
	}
	for (;;)
		pause();
	return 0;
}

static void
note_pid(struct tally *tally, const struct ord_message *message)
{
	pid_t *pids = tally->user;

	pids[tally->messages - 1] = (pid_t)strtol(ord_message_text(message, NULL), NULL, 10);
}

/* It becomes a child of this process when its parent has died; 0: and it lives. */
static pid_t
await_orphan(pid_t pid)
{
	uint64_t until_ms = scene_now_ms() + SCENE_LONG_MS;
	pid_t waited;

	while ((waited = waitpid(pid, NULL, WNOHANG)) < 0 && scene_now_ms() < until_ms)
		usleep(1000);
	return waited;
}

/*
 * What can survive the spawner's SIGKILL: what left its group, as a daemon does, and what a command had started.
 * Without the spawner nobody knows them. The worker, what is in its group, and the command are gone.
 */
SCENE(kills, the_spawner_and_who_survives_it)
{
	static const char *const command[] = { "sh", "-c", "sleep 1000 & echo $! >&2; wait", NULL };
	for EACH_START (start) {
		pid_t pids[3] = { 0 };
		struct tally tally = { .on_message = note_pid, .user = pids };

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = leave_two, .workers = 2, .start = start));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, NULL, 0, NULL));
		while (tally.messages < 2)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = command), NULL));
		while (tally.messages < 3)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 10));
		CHECK_EQ(kill(spawner_of(getpid()), SIGKILL), 0);
		CHECK_FAILS(tally.pool, ord_pool_finish(tally.pool), ORD_ELOST, "spawner");
		ord_pool_destroy(&tally.pool);
		CHECK_EQ(tally.results, 2);
		CHECK_EQ(await_orphan(pids[1]), 0);
		CHECK_EQ(await_orphan(pids[2]), 0);
		CHECK(kill(pids[1], SIGKILL) == 0 && kill(pids[2], SIGKILL) == 0);
		scene_await_alone();
	}
}

/* Each task says its number in two ways before its result; a twin that is tried again says it again. */
static int
stream(struct ord_task *task, void *user)
{
	uint64_t sequence = ord_task_sequence(task);

	(void)user;
	if (sequence % 5 == 0)
		ord_log(ORD_INFO, "%d", (int)sequence);
	if (sequence % 11 == 0)
		printf("%d\n", (int)sequence);
	if (sequence % 100 == 0)
		scene_pause_ms(1);
	return ord_task_return(task, &sequence, sizeof sequence);
}

struct toll {
	uint64_t logged;
	uint64_t printed;
	uint64_t died;
};

static void
count_said(struct tally *tally, const struct ord_message *message)
{
	struct toll *toll = tally->user;

	CHECK_EQ(strtoull(ord_message_text(message, NULL), NULL, 10), ord_message_sequence(message));
	if (ord_message_source(message) == ORD_SOURCE_LOG)
		toll->logged++;
	else
		toll->printed++;
}

static void
count_died(struct tally *tally, const struct ord_result *result)
{
	struct toll *toll = tally->user;
	uint64_t sequence = ord_result_sequence(result);

	CHECK_EQ(ord_result_attempts(result), 1);
	if (ord_result_state(result) == ORD_DONE) {
		CHECK_EQ(OUTPUT_AS(uint64_t, result), sequence);
		return;
	}
	CHECK_EQ(ord_result_state(result), ORD_SIGNALED);
	CHECK_EQ(ord_result_signal(result), SIGKILL);
	toll->died++;
}

static void
kill_one(struct tally *tally, pid_t spawner, uint64_t *state)
{
	pid_t workers[8];
	size_t count = children_of(spawner, workers, 8);

	(void)tally;
	if (count != 0)
		kill(workers[scene_random(state) % count], SIGKILL);
}

static void
kill_workers(uint32_t start, uint64_t state)
{
	struct toll toll = { 0 };
	struct tally tally = { .on_result = count_died, .on_message = count_said, .user = &toll };
	struct ord_statistics statistics = ORD_STATISTICS;
	uint64_t tasks = 0;
	pid_t spawner;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = stream, .workers = 3, .start = start, .max_deaths = 1000));
	spawner = spawner_of(getpid());
	for (int kills = 0; kills < 100; kills++) {
		for (uint64_t burst = scene_random(&state) % 400; burst > 0; burst--, tasks++)
			CHECK_OK(tally.pool, ord_pool_submit_wait(tally.pool, "x", 1, NULL));
		for (uint64_t steps = scene_random(&state) % 30; steps > 0; steps--)
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		kill_one(&tally, spawner, &state);
	}
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_OK(tally.pool, ord_pool_statistics(tally.pool, &statistics));
	CHECK(toll.died <= statistics.deaths && statistics.deaths <= 100);
	CHECK(toll.logged <= (tasks + 4) / 5 && toll.logged + toll.died >= tasks / 5);
	CHECK(toll.printed <= (tasks + 10) / 11 && toll.printed + toll.died >= tasks / 11);
	tally_close(&tally, tasks);
}

SCENE(kills, workers_at_any_instant_exec)
{
	kill_workers(ORD_START_EXEC, 88172645463325252);
}

SCENE(kills, workers_at_any_instant_fork)
{
	kill_workers(ORD_START_FORK, 123456789);
}

SCENE(kills, a_stopped_worker_goes_on)
{
	struct tally tally = { 0 };
	pid_t workers[8], spawner;
	size_t count = 0;

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 3));
	spawner = spawner_of(getpid());
	for (int i = 0; i < 500; i++)
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	while (count < 3) {
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		count = children_of(spawner, workers, 8);
	}
	CHECK_EQ(kill(workers[1], SIGSTOP), 0);
	for (int i = 0; i < 20; i++)
		CHECK_OK(tally.pool, ord_pool_step(tally.pool, 5));
	CHECK_EQ(kill(workers[1], SIGCONT), 0);
	tally_close(&tally, 500);
	CHECK_EQ(tally.states[ORD_DONE], 500);
}

/* One that stays stopped is ended with its pool. */
SCENE(kills, a_stopped_worker_is_ended)
{
	struct tally tally = { 0 };
	pid_t workers[8];

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = work, .workers = 1, .grace_ms = 50));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK_EQ(children_of(spawner_of(getpid()), workers, 8), 1);
	CHECK_EQ(kill(workers[0], SIGSTOP), 0);
	tally_close(&tally, 1);
}
