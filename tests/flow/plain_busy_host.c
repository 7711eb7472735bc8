/*
 * A host whose other threads hold locks at every instant: the allocator's, the time zone's, the environment's,
 * syslog's, stdio's; that forks and spawns children of its own, and waits for whatever child ends, the spawner
 * too. Pools are made, used and destroyed among all that. Nothing hangs, and no program that the host starts
 * inherits a descriptor of a pool.
 *
 *   plain_busy_host [ROUNDS]
 */
#define _GNU_SOURCE /* environ, timegm */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "host.h"

enum { TASKS = 100, ROUNDS = 4, DEADLINE_S = 1400, STANDARD_FDS = 3, SPAWN_PAUSE_US = 3000 };

#define CHILD "--child"

static atomic_int over;

static void
use_memory(uint64_t turn)
{
	void *held[16];

	for (size_t i = 0; i < 16; i++)
		held[i] = malloc(1 + (turn + i) * 7919 % 100000);
	for (size_t i = 0; i < 16; i++)
		free(held[i]);
}

static void
use_time(uint64_t turn)
{
	time_t now = (time_t)turn * 100000;
	struct tm parts;

	tzset();
	CHECK(localtime_r(&now, &parts) != NULL);
}

/* Another value in an old place: readers of the environment are never left with freed memory. */
static void
use_environment(uint64_t turn)
{
	static char values[2][32] = { "ORDERLY_TEST_HOST=even", "ORDERLY_TEST_HOST=odd" };

	CHECK(putenv(values[turn % 2]) == 0);
	CHECK(getenv("ORDERLY_TEST_HOST") != NULL);
}

static void
use_syslog(uint64_t turn)
{
	(void)turn;
	syslog(LOG_DEBUG, "a test of orderly");
}

static void
use_stdio(uint64_t turn)
{
	FILE *file = fopen("/dev/null", "we");

	CHECK(file != NULL);
	fprintf(file, "%llu\n", (unsigned long long)turn);
	fclose(file);
	fflush(NULL);
}

static void
await_child(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return; /* the thread that waits for all was first */
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A child that ends with the number of descriptors that it got beside the standard ones. */
static void
use_children(uint64_t turn)
{
	char *argv[] = { (char *)(uintptr_t) "child", (char *)(uintptr_t)CHILD, NULL };
	pid_t pid = -1;

	if (turn % 2 == 0) {
		pid = fork();
		if (pid == 0)
			_exit(0);
		CHECK(pid > 0);
	} else {
		CHECK(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
	}
	await_child(pid);
	host_pause_us(SPAWN_PAUSE_US);
}

static void
use_wait(uint64_t turn)
{
	int status;

	if (waitpid(-1, &status, WNOHANG) > 0)
		CHECK(!WIFEXITED(status) || WEXITSTATUS(status) == 0);
	host_pause_us(turn % 500);
}

static void *
keep_busy(void *user)
{
	void (*use)(uint64_t);
	uint64_t turn = 0;

	memcpy(&use, user, sizeof use);
	while (!atomic_load(&over))
		use(turn++);
	use(turn);
	return NULL;
}

static int
act(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if (ord_task_sequence(task) == 50)
		raise(SIGKILL);
	use_time(1);
	printf("%s\n", input);
	return ord_task_return(task, input, size);
}

static void
on_message(const struct ord_message *message, void *user)
{
	(void)user;
	CHECK(strcmp(ord_message_text(message, NULL), "input") == 0);
}

static void
on_result(const struct ord_result *result, void *user)
{
	uint64_t *results = user;
	uint64_t sequence = ord_result_sequence(result);

	CHECK(sequence == *results);
	CHECK(ord_result_state(result) ==
		(sequence == 50                      ? ORD_SIGNALED
				: sequence % 25 == 7 ? ORD_EXITED
						     : ORD_DONE));
	(*results)++;
}

static void
run_pool(void)
{
	static const char *const argv[] = { "sh", "-c", "exit 3", NULL };
	uint64_t results = 0;
	struct ord_pool *pool;

	CHECK_OK(NULL,
		ord_pool_new(&pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = 2, .on_result = on_result,
				.on_result_user = &results, .on_message = on_message)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (int i = 0; i < TASKS; i++)
		if (i % 25 == 7)
			CHECK_OK(pool,
				ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL));
		else
			CHECK_OK(pool, ord_pool_submit_wait(pool, "input", 6, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK(results == TASKS);
	ord_pool_destroy(&pool);
}

int
main(int argc, char **argv)
{
	static void (*const uses[])(uint64_t) = { use_memory, use_memory, use_time, use_environment,
		use_syslog, use_stdio, use_children, use_children, use_wait };
	enum { USES = sizeof uses / sizeof uses[0] };
	pthread_t threads[USES];

	ord_worker_main(argc, argv);
	if (argc > 1 && strcmp(argv[1], CHILD) == 0)
		_exit((int)(host_count_fds() - STANDARD_FDS));
	CHECK(setenv("ORDERLY_TEST_HOST", "", 1) == 0);
	host_begin(DEADLINE_S);
	for (int i = 0; i < USES; i++)
		CHECK(pthread_create(&threads[i], NULL, keep_busy, (void *)(uintptr_t)&uses[i]) ==
			0);
	for (long round = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS; round > 0; round--)
		run_pool();
	atomic_store(&over, 1);
	for (int i = 0; i < USES; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	closelog();
	return host_end();
}
