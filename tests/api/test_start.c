/* How workers come to life, and the sentence for each way in which they do not. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../flow/tally.h"
#include "spawn/entry.h"
#include "spawn/life.h"

/* With this in the environment this program, as a spawner, says that it is of another version, or is silent. */
#define PRETENDS "ORDERLY_TEST_PRETENDS"

__attribute__((constructor(200))) static void
pretend(int argc, char **argv)
{
	struct { struct life_packet packet; char text[6]; } hello = {
		.packet = { .magic = LIFE_MAGIC, .type = LIFE_HELLO, .status = LIFE_VERSION, .text_size = 6 }, .text = "9.8.7" };
	const char *how = getenv(PRETENDS);

	if (how == NULL || argc < 2 || strcmp(argv[1], ENTRY_MARK) != 0)
		return;
	if (strcmp(how, "old protocol") == 0) {
		hello.packet.status = 999;
		memcpy(hello.text, ORD_VERSION, 6);
	}
	if (strcmp(how, "garbage") == 0)
		memset(&hello, 'x', sizeof hello);
	if (strcmp(how, "silence") != 0)
		CHECK(send(ENTRY_LIFE, &hello, sizeof hello.packet + 6, 0) > 0);
	pause();
	_exit(0);
}

/* Starting fails with this, twice in the same way; the pool can be destroyed. */
static void
start_says(const struct ord_pool_options *options, int status, const char *word)
{
	for (int i = 0; i < 2; i++) {
		unsigned fds = scene_count_fds();
		struct ord_pool *pool;

		CHECK_OK(NULL, ord_pool_new(&pool, options));
		CHECK_FAILS(pool, ord_pool_start(pool), status, word);
		CHECK(ord_pool_submit(pool, "x", 1, NULL) < 0);
		CHECK(ord_pool_finish(pool) < 0);
		ord_pool_destroy(&pool);
		scene_await_alone();
		CHECK_EQ(scene_count_fds(), fds);
		CHECK_EQ(scene_count_endpoints(), 0);
	}
}

#define START_SAYS(status, word, ...) start_says(&ORD_POOL_OPTIONS(.workers = 2, __VA_ARGS__), (status), (word))

SCENE(start, programs_that_are_no_workers)
{
	START_SAYS(ORD_EPROGRAM, "/nowhere/worker", .function = tally_echo, .program = "/nowhere/worker", .start = ORD_START_EXEC);
	START_SAYS(ORD_EPROGRAM, "/etc/passwd", .function = tally_echo, .program = "/etc/passwd", .start = ORD_START_EXEC);
	START_SAYS(ORD_EPROGRAM, "/tmp", .function = tally_echo, .program = "/tmp", .start = ORD_START_EXEC);
	START_SAYS(ORD_EPROGRAM, "/bin/true", .function = tally_echo, .program = "/bin/true", .start = ORD_START_EXEC);
	START_SAYS(ORD_EPROGRAM, "/bin/cat", .function = tally_echo, .program = "/bin/cat", .start = ORD_START_EXEC);
	START_SAYS(ORD_EPROGRAM, "/nowhere/worker", .program = "/nowhere/worker", .start = ORD_START_COMMAND);
}

SCENE(start, a_program_that_says_nothing)
{
	CHECK(setenv(PRETENDS, "silence", 1) == 0);
	START_SAYS(ORD_EPROGRAM, "said nothing", .function = tally_echo, .start_timeout_ms = 50, .start = ORD_START_EXEC);
}

SCENE(start, a_program_of_another_version)
{
	CHECK(setenv(PRETENDS, "other version", 1) == 0);
	START_SAYS(ORD_EPROGRAM, "9.8.7", .function = tally_echo, .start = ORD_START_EXEC);
	CHECK(setenv(PRETENDS, "old protocol", 1) == 0);
	START_SAYS(ORD_EPROGRAM, "protocol 999", .function = tally_echo, .start = ORD_START_EXEC);
	CHECK(setenv(PRETENDS, "garbage", 1) == 0);
	START_SAYS(ORD_EPROGRAM, "test_start", .function = tally_echo, .start = ORD_START_EXEC, .start_timeout_ms = 100);
}

SCENE(start, functions_out_of_reach)
{
	START_SAYS(ORD_ENOTSUP, "function_name", .function = tally_echo, .start = ORD_START_COMMAND);
	START_SAYS(ORD_ENOTSUP, "INLINE", .start = ORD_START_INLINE);
}

SCENE(start, names_that_name_nothing)
{
	START_SAYS(ORD_ENOTSUP, "/nowhere/lib.so", .function_name = "/nowhere/lib.so:work", .start = ORD_START_EXEC);
	START_SAYS(ORD_ENOTSUP, "no_such_function", .function_name = "libc.so.6:no_such_function", .start = ORD_START_EXEC);
}

SCENE_WITHOUT_WORKER_MAIN(start, exec_without_worker_main)
{
	START_SAYS(ORD_ENOTSUP, "ord_worker_main", .function = tally_echo, .start = ORD_START_EXEC);
}

/* A function, and no ord_worker_main: the default is to fork. */
SCENE_WITHOUT_WORKER_MAIN(start, default_without_worker_main)
{
	struct tally tally = { 0 };

	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1);
	CHECK_EQ(tally.states[ORD_DONE], 1);
}

static void *
wait_for_end(void *pipe_end)
{
	char byte;

	CHECK_EQ(read(*(int *)pipe_end, &byte, 1), 0);
	return NULL;
}

SCENE(start, fork_with_another_thread)
{
	struct tally tally = { 0 };
	pthread_t thread;
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK_EQ(pthread_create(&thread, NULL, wait_for_end, &ends[0]), 0);
	START_SAYS(ORD_ENOTSUP, "ord_worker_main", .function = tally_echo, .start = ORD_START_FORK);
	START_SAYS(ORD_ENOTSUP, "threads", .function = tally_echo, .start = ORD_START_FORK);
	close(ends[1]);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	close(ends[0]);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1, .start = ORD_START_FORK));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1);
}

static int
say_user(struct ord_task *task, void *user)
{
	return user == NULL ? ord_task_return(task, "none", 5) : ord_task_return(task, user, 5);
}

static void
check_user(struct tally *tally, const struct ord_result *result)
{
	CHECK(strcmp(ord_result_output(result, NULL), tally->user) == 0);
	CHECK(ord_result_user(result) == NULL);
}

/* What lies in memory is there under FORK, and in other processes it is not. */
SCENE(start, function_user)
{
	char here[] = "here";

	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++) {
		struct tally tally = { .on_result = check_user };

		if (start == ORD_START_COMMAND)
			continue;
		tally.user = (char *)(uintptr_t)(start == ORD_START_EXEC ? "none" : "here");
		tally_open(&tally,
			&TALLY_OPTIONS(&tally, .function = say_user, .function_user = here, .workers = 1, .start = start));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
		tally_close(&tally, 1);
	}
}

/* The directory that the environment names cannot be used: another one is. */
SCENE(start, without_a_runtime_directory)
{
	char *folder = strdup(getenv("XDG_RUNTIME_DIR"));
	struct tally tally = { 0 };

	CHECK(folder != NULL && setenv("XDG_RUNTIME_DIR", "/nowhere", 1) == 0);
	tally_open(&tally, &TALLY_OPTIONS(&tally, .function = tally_echo, .workers = 1));
	CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
	tally_close(&tally, 1);
	CHECK(setenv("XDG_RUNTIME_DIR", folder, 1) == 0);
	free(folder);
}

/* As many workers as processors that the host may use: here one of all that there are. */
SCENE(start, workers_by_affinity)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct ord_pool *pool;
	cpu_set_t one, all;

	CHECK(sched_getaffinity(0, sizeof all, &all) == 0);
	CPU_ZERO(&one);
	for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	CHECK(sched_setaffinity(0, sizeof one, &one) == 0);
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = tally_echo)));
	CHECK(sched_setaffinity(0, sizeof all, &all) == 0);
	CHECK_OK(pool, ord_pool_start(pool));
	for (uint64_t end = scene_now_ms() + SCENE_LONG_MS; statistics.workers == 0;) {
		CHECK(scene_now_ms() < end);
		CHECK_OK(pool, ord_pool_step(pool, 100));
		CHECK_EQ(ord_pool_statistics(pool, &statistics), 0);
	}
	/* A second one would be ready soon. */
	for (uint64_t end = scene_now_ms() + 200; scene_now_ms() < end;)
		CHECK_OK(pool, ord_pool_step(pool, 10));
	CHECK_EQ(ord_pool_statistics(pool, &statistics), 0);
	CHECK_EQ(statistics.workers, 1);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}
