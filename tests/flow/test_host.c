/* A guest in the host: threads, signals, children and memory of a host are its own. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "tally.h"

static int
echo(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);
	time_t now = time(NULL);
	struct tm tm;

	(void)user;
	if (localtime_r(&now, &tm) == NULL || getenv("HOME") == (char *)task)
		return -1;
	if (ord_task_sequence(task) % 97 == 96)
		raise(SIGKILL);
	return ord_task_return(task, input, size);
}

static void
run_tasks(const struct ord_pool_options *options, struct tally *tally, uint64_t tasks)
{
	tally_open(tally, options);
	for (uint64_t i = 0; i < tasks; i++)
		CHECK_OK(tally->pool, ord_pool_submit_wait(tally->pool, "x", 1, NULL));
	tally_close(tally, tasks);
	CHECK_EQ(tally->states[ORD_SIGNALED], tasks / 97);
	CHECK_EQ(tally->states[ORD_DONE], tasks - tasks / 97);
}

#define RUN_TASKS(tasks, ...)                                                                            \
	do {                                                                                             \
		struct tally tally = { 0 };                                                              \
		run_tasks(&TALLY_OPTIONS(&tally, .function = echo, .max_deaths = 1000, __VA_ARGS__), &tally, (tasks)); \
	} while (0)

static atomic_int stopping;

static void *
hammer(void *what)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[32];

	for (unsigned i = 0; !stopping; i++) {
		snprintf(text, sizeof text, "%u", i);
		if (what == NULL && localtime_r(&now, &tm) != NULL)
			mktime(&tm);
		else
			setenv("ORDERLY_TEST_HAMMERED", text, 1);
		if (i % 64 == 0)
			syslog(LOG_DEBUG, "orderly test");
		free(malloc(i % 5000));
	}
	return NULL;
}

SCENE(host, threads_that_hold_locks)
{
	pthread_t threads[2];

	CHECK_EQ(pthread_create(&threads[0], NULL, hammer, NULL), 0);
	CHECK_EQ(pthread_create(&threads[1], NULL, hammer, &stopping), 0);
	for (int i = 0; i < 10; i++)
		RUN_TASKS(500, .start = ORD_START_EXEC, .workers = 3);
	stopping = 1;
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
	closelog();
}

SCENE(host, sigchld_ignored)
{
	CHECK(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
	for EACH_START (start) {
		RUN_TASKS(1000, .start = start, .workers = 3);
		CHECK_EQ(waitpid(-1, NULL, 0), -1);
		CHECK_EQ(errno, ECHILD);
	}
}

static void *
reap_strangers(void *unused)
{
	(void)unused;
	while (!stopping)
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			scene_pause_ms(1);
	return NULL;
}

SCENE(host, a_thread_that_reaps_everything)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, reap_strangers, NULL), 0);
	for (int i = 0; i < 10; i++)
		RUN_TASKS(500, .start = ORD_START_EXEC, .workers = 3);
	stopping = 1;
	CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* What the library must not touch. */
struct manners {
	struct sigaction actions[32];
	sigset_t mask;
};

static void
note_manners(struct manners *manners)
{
	memset(manners, 0, sizeof *manners);
	for (int i = 1; i < 32; i++)
		CHECK(i == SIGKILL || i == SIGSTOP || sigaction(i, NULL, &manners->actions[i]) == 0);
	CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &manners->mask), 0);
}

static void
on_signal(int number)
{
	(void)number;
}

SCENE(host, signals)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct manners before, after;

	CHECK(sigaction(SIGCHLD, &action, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
	note_manners(&before);
	RUN_TASKS(500, .start = ORD_START_EXEC, .workers = 2);
	RUN_TASKS(500, .start = ORD_START_FORK, .workers = 2);
	note_manners(&after);
	for (int i = 1; i < 32; i++) {
		CHECK(before.actions[i].sa_handler == after.actions[i].sa_handler);
		CHECK_EQ(before.actions[i].sa_flags, after.actions[i].sa_flags);
	}
	CHECK(memcmp(&before.mask, &after.mask, sizeof before.mask) == 0);
}

/* A child of the host's lives on while the pool works and ends; it holds nothing of the pool's open. */
SCENE(host, forks_while_a_pool_lives)
{
	for EACH_START (start) {
		struct tally tally = { 0 };
		pid_t children[3];

		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = echo, .start = start, .workers = 2));
		for (int i = 0; i < 90; i++) {
			CHECK_OK(tally.pool, ord_pool_submit(tally.pool, "x", 1, NULL));
			if (i % 30 == 10 && (children[i / 30] = fork()) == 0) {
				for (;;)
					pause();
			}
			CHECK_OK(tally.pool, ord_pool_step(tally.pool, 1));
		}
		tally_close(&tally, 90);
		for (int i = 0; i < 3; i++) {
			CHECK_EQ(kill(children[i], SIGKILL), 0);
			CHECK_EQ(waitpid(children[i], NULL, 0), children[i]);
		}
	}
}

SCENE(host, two_pools_at_once)
{
	struct tally first = { 0 }, second = { 0 };

	tally_open(&first, &TALLY_OPTIONS(&first, .function = echo, .start = ORD_START_EXEC, .workers = 2));
	tally_open(&second, &TALLY_OPTIONS(&second, .function = echo, .start = ORD_START_EXEC, .workers = 3));
	for (int i = 0; i < 90; i++) {
		CHECK_OK(first.pool, ord_pool_submit(first.pool, "x", 1, NULL));
		CHECK_OK(second.pool, ord_pool_submit(second.pool, "xy", 2, NULL));
		CHECK_OK(first.pool, ord_pool_step(first.pool, 0));
		CHECK_OK(second.pool, ord_pool_step(second.pool, 0));
	}
	tally_close(&second, 90);
	CHECK_OK(first.pool, ord_pool_submit(first.pool, "x", 1, NULL));
	tally_close(&first, 91);
	CHECK_EQ(first.states[ORD_DONE], 91);
}

static void *
own_pool(void *unused)
{
	(void)unused;
	for (int i = 0; i < 5; i++)
		RUN_TASKS(400, .start = ORD_START_EXEC, .workers = 2);
	return NULL;
}

SCENE(host, pools_on_threads)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, own_pool, NULL), 0);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(pthread_join(threads[i], NULL), 0);
}

/* A fork of this host would have to copy the tables of half a gigabyte. */
SCENE(host, large_heap)
{
	size_t size = (size_t)500 << 20;
	char *heap = malloc(size);

	CHECK(heap != NULL);
	memset(heap, 'h', size);
	RUN_TASKS(300, .start = ORD_START_EXEC, .workers = 2);
	CHECK_EQ(heap[size / 2], 'h');
	free(heap);
}

/* Of the host's descriptors only those that it keeps reach workers and commands. */
static int
look_for(struct ord_task *task, void *user)
{
	const int *fds = ord_task_input(task, NULL);
	int found[2] = { write(fds[0], "k", 1) == 1, write(fds[1], "d", 1) == 1 };

	(void)user;
	return ord_task_return(task, found, sizeof found);
}

static void
check_found(struct tally *tally, const struct ord_result *result)
{
	size_t size;
	const int *found = ord_result_output(result, &size);

	(void)tally;
	CHECK_EQ(ord_result_state(result), ORD_DONE);
	if (size == 0)
		return;
	CHECK_EQ(found[0], 1);
	CHECK_EQ(found[1], 0);
}

static const char *const look_argv[] = { "sh", "-c", "test -p /proc/self/fd/200 && ! test -e /proc/self/fd/201", NULL };

SCENE(host, descriptors)
{
	for EACH_START (start) {
		struct tally tally = { .on_result = check_found };
		int pipes[2][2], fds[2], keep[3] = { -1, 200, 199 };

		for (int i = 0; i < 2; i++) {
			CHECK(pipe(pipes[i]) == 0);
			fds[i] = dup2(pipes[i][1], 200 + i);
		}
		tally_open(&tally, &TALLY_OPTIONS(&tally, .function = look_for, .start = start, .workers = 1, .keep_fds = keep,
					   .n_keep_fds = 3));
		CHECK_OK(tally.pool, ord_pool_submit(tally.pool, fds, sizeof fds, NULL));
		CHECK_OK(tally.pool, ord_pool_submit_command(tally.pool, &ORD_COMMAND(.argv = look_argv), NULL));
		tally_close(&tally, 2);
		for (int i = 0; i < 2; i++) {
			close(pipes[i][0]);
			close(pipes[i][1]);
			close(fds[i]);
		}
	}
}
