/*
 * A control group for all that a pool starts: where this system lets the test make one.  What left its process
 * group and its parent ends with the pool, also when the spawner was killed and nobody else knows of it.
 */
#define _GNU_SOURCE /* usleep */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/process.h"
#include "pool/pool.h"
#include "tally.h"

/* A directory of version 2 that this process may use, or NULL: $ORDERLY_TEST_CGROUP, or where it is mounted as a rule. */
static const char *
delegated(void)
{
	static const char *const usual[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	const char *named = getenv("ORDERLY_TEST_CGROUP");
	char path[200];

	if (named != NULL)
		return named;
	for (int i = 0; i < 2; i++) {
		struct error error = { 0, "" };
		int procs;

		snprintf(path, sizeof path, "%s/orderly-test-%d", usual[i], (int)getpid());
		procs = group_open(path, &error);
		group_end(path);
		fd_close(&procs);
		if (error.status == 0)
			return usual[i];
	}
	fprintf(stderr, "skipped: no control group of version 2 can be made here\n");
	return NULL;
}

/* Its grandchild has another session and another parent; its pid is the result. */
static int
leave_one(struct ord_task *task, void *user)
{
	int ends[2];
	int32_t pid = 0;

	(void)user;
	if (pipe(ends) != 0)
		return -1;
	if (fork() == 0) {
		setsid();
		pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		_exit(write(ends[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
	}
	if (read(ends[0], &pid, sizeof pid) != sizeof pid)
		return -1;
	return ord_task_return(task, &pid, sizeof pid);
}

static void
note_pid(struct tally *tally, const struct ord_result *result)
{
	if (ord_result_state(result) == ORD_DONE)
		memcpy(tally->user, ord_result_output(result, NULL), sizeof(int32_t));
}

/* Nobody need have reaped it. */
static bool
is_gone(int32_t pid)
{
	char state = process_state(pid);

	return state == 'Z' || state == 'X' || kill(pid, 0) != 0;
}

static void
await_gone(int32_t pid)
{
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; !is_gone(pid); scene_pause_ms(5))
		CHECK(scene_now_ms() < end);
}

static void
check_in_group(const struct ord_pool *pool, int32_t pid)
{
	char path[64], line[1024];
	FILE *file;
	int found = 0;

	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	file = fopen(path, "r");
	CHECK(file != NULL);
	while (fgets(line, sizeof line, file) != NULL)
		found |= strncmp(line, "0::", 3) == 0 && strstr(line, strrchr(pool->group, '/')) != NULL;
	fclose(file);
	CHECK(found);
}

static void
check_removed(const char *group)
{
	struct stat status;

	CHECK(group[0] == '/');
	CHECK(stat(group, &status) != 0);
}

SCENE(group, what_left_everything_ends_with_the_pool)
{
	const char *directory = delegated();

	for EACH_START (start) {
		struct tally tally = { .on_result = note_pid };
		char group[GROUP_PATH_MAX];
		int32_t pid = 0;

		if (directory == NULL)
			return;
		tally.user = &pid;
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = leave_one, .workers = 1, .start = start, .cgroup = directory));
		memcpy(group, tally.pool->group, sizeof group);
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		CHECK_OK(tally.pool, ord_pool_run(tally.pool));
		CHECK(pid > 0 && kill(pid, 0) == 0);
		check_in_group(tally.pool, pid);
		check_in_group(tally.pool, tally.pool->incarnations[0].pid);
		tally_close(&tally, 1);
		await_gone(pid);
		check_removed(group);
	}
}

/* Without a group it would live on. */
SCENE(group, the_host_ends_what_a_killed_spawner_leaves_behind)
{
	const char *directory = delegated();
	struct tally tally = { .on_result = note_pid };
	char group[GROUP_PATH_MAX];
	int32_t pid = 0;

	if (directory == NULL)
		return;
	tally.user = &pid;
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = leave_one, .workers = 1, .cgroup = directory));
	memcpy(group, tally.pool->group, sizeof group);
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	CHECK_OK(tally.pool, ord_pool_run(tally.pool));
	CHECK(pid > 0 && kill(pid, 0) == 0);
	CHECK_EQ(kill(tally.pool->launch.pid, SIGKILL), 0);
	(void)!ord_pool_submit(tally.pool, "x", 1, NULL); /* the pool may know already */
	CHECK_EQ(ord_pool_finish(tally.pool), ORD_ELOST);
	ord_pool_destroy(&tally.pool);
	await_gone(pid);
	check_removed(group);
}

SCENE(group, commands)
{
	const char *argv[] = { "sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.2", NULL };
	const char *directory = delegated();
	struct ord_pool *pool;
	const struct ord_result *result;
	char group[GROUP_PATH_MAX];
	int32_t pid;

	if (directory == NULL)
		return;
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.workers = 1, .cgroup = directory)));
	CHECK_OK(pool, ord_pool_start(pool));
	memcpy(group, pool->group, sizeof group);
	CHECK_OK(pool, ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL));
	CHECK_OK(pool, ord_pool_next(pool, &result));
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	pid = (int32_t)atoi(ord_result_output(result, NULL));
	CHECK(pid > 0 && kill(pid, 0) == 0);
	check_in_group(pool, pid);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	await_gone(pid);
	check_removed(group);
}

/* Who asks for a group must know that there is none. */
SCENE(group, a_directory_that_is_none)
{
	struct ord_pool *pool;
	char directory[400];

	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = leave_one, .cgroup = "relative")), ORD_EINVAL);
	memset(directory, 'x', sizeof directory);
	directory[0] = '/';
	directory[sizeof directory - 1] = '\0';
	CHECK_EQ(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = leave_one, .cgroup = directory)), ORD_EINVAL);
	CHECK(getcwd(directory, 200) != NULL);
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			strcat(directory, "/none");
		CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = leave_one, .cgroup = directory)));
		CHECK_FAILS(pool, ord_pool_start(pool), ORD_ESYSTEM, i == 0 ? "cannot use the control group" : "cannot make the control group");
		CHECK(strstr(ord_pool_error(pool), "(.cgroup") != NULL);
		ord_pool_destroy(&pool);
	}
}
