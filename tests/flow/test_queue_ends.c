/* How a queue ends before its time: a pool that fails, an interrupt, a fork; and what its callbacks may do. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "queued.h"

enum { WAIT = 1000000, SAY };

static int
act(struct ord_task *task, void *user)
{
	uint64_t number;

	(void)user;
	memcpy(&number, ord_task_input(task, NULL), sizeof number);
	if (number == SAY || number == WAIT)
		ord_log(ORD_INFO, "said");
	while (number == WAIT)
		pause();
	return ord_task_return(task, &number, sizeof number);
}

#define POOL(...) &ORD_POOL_OPTIONS(.function = act, .grace_ms = 100, __VA_ARGS__)

/* --- a pool that fails --- */

/* A program that is none of ours says nothing. */
SCENE(queue_ends, start_fails)
{
	struct ord_queue *queue;
	struct ord_result *result;

	QUEUE_OK(NULL,
		ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = POOL(.program = "/bin/true"))));
	QUEUE_FAILS(queue, ord_queue_start(queue), ORD_EPROGRAM, "/bin/true");
	QUEUE_SAYS(queue, ord_queue_start(queue), ORD_EBUSY);
	QUEUE_SAYS(queue, ord_queue_put(queue, NULL, 0, -1, NULL), ORD_EPROGRAM);
	QUEUE_SAYS(queue, ord_queue_get(queue, -1, &result), ORD_EPROGRAM);
	QUEUE_SAYS(queue, ord_queue_join(queue, -1), ORD_EPROGRAM);
	CHECK_EQ(ord_queue_alive(queue), 0);
	QUEUE_OK(queue, ord_queue_stop(queue));
	ord_queue_destroy(&queue);
}

SCENE_WITHOUT_WORKER_MAIN(queue_ends, exec_without_worker_main)
{
	struct ord_queue *queue;

	QUEUE_OK(NULL,
		ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = POOL(.start = ORD_START_EXEC))));
	QUEUE_FAILS(queue, ord_queue_start(queue), ORD_ENOTSUP, "ord_worker_main");
	ord_queue_destroy(&queue);
}

static void
check_failed(struct ord_queue *queue, uint64_t put, int status, const char *word)
{
	struct ord_result *result;
	uint64_t number = 0;

	for (uint64_t i = 0; i < put; i++) {
		QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
		CHECK_EQ(ord_result_sequence(result), i);
		if (ord_result_state(result) == ORD_CANCELED)
			CHECK(ord_result_error(result)[0] != '\0');
		ord_result_destroy(&result);
	}
	QUEUE_FAILS(queue, ord_queue_get(queue, SCENE_LONG_MS, &result), status, word);
	CHECK(result == NULL);
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), status);
	QUEUE_SAYS(queue, ord_queue_put(queue, &number, sizeof number, -1, NULL), status);
	QUEUE_FAILS(queue, ord_queue_join(queue, SCENE_LONG_MS), status, word);
	CHECK_EQ(ord_queue_alive(queue), 0);
	QUEUE_OK(queue, ord_queue_stop(queue));
	QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), status);
	QUEUE_SAYS(queue, ord_queue_join(queue, 0), status);
}

/* Workers of a spawner that was killed become children of this process, so they are awaited between two queues. */
static pid_t
only_child(void)
{
	char path[64];
	FILE *file;
	int pid = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "r");
	CHECK(file != NULL);
	CHECK_EQ(fscanf(file, "%d", &pid), 1);
	fclose(file);
	return pid;
}

SCENE(queue_ends, the_spawner_is_killed)
{
	for (uint32_t order = ORD_SUBMISSION; order <= ORD_COMPLETION; order++) {
		struct ord_queue *queue = queued_open(
			&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .window = 8, .order = order),
				.out_max = 2));
		uint64_t number = WAIT;
		struct ord_result *result;

		for (uint64_t i = 0; i < 40; i++)
			QUEUE_OK(queue,
				ord_queue_put_task(queue,
					&ORD_TASK(.input = &number, .input_size = sizeof number,
						.pass = i == 30),
					-1, NULL));
		QUEUE_AWAIT_AT_LEAST(queue, running, 2);
		CHECK_EQ(kill(only_child(), SIGKILL), 0);
		if (order == ORD_COMPLETION) {
			int seen[40] = { 0 };

			for (int i = 0; i < 40; i++) {
				QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
				CHECK_EQ(seen[ord_result_sequence(result)]++, 0);
				ord_result_destroy(&result);
			}
			check_failed(queue, 0, ORD_ELOST, "spawner");
		} else {
			for (uint64_t i = 0; i < 40; i++) {
				QUEUE_OK(queue, ord_queue_get(queue, SCENE_LONG_MS, &result));
				CHECK_EQ(ord_result_sequence(result), i);
				/* A value passes whatever happens. */
				CHECK_EQ(ord_result_state(result) == ORD_PASSED, i == 30);
				ord_result_destroy(&result);
			}
			check_failed(queue, 0, ORD_ELOST, "spawner");
		}
		ord_queue_destroy(&queue);
		scene_await_alone();
	}
}

/* An idle queue learns of it too, and a thread that waits is told. */
SCENE(queue_ends, the_spawner_of_an_idle_queue_is_killed)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	struct ord_result *result;

	CHECK_EQ(kill(only_child(), SIGKILL), 0);
	QUEUE_SAYS(queue, ord_queue_get(queue, SCENE_LONG_MS, &result), ORD_ELOST);
	check_failed(queue, 0, ORD_ELOST, "spawner");
	ord_queue_destroy(&queue);
	scene_await_alone();
	/* With results that nobody got. */
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2), .out_max = 3));
	for (uint64_t i = 0; i < 10; i++)
		queued_put(queue, i);
	QUEUE_AWAIT(queue, settled, 10);
	CHECK_EQ(kill(only_child(), SIGKILL), 0);
	for (uint64_t i = 0; i < 10; i++)
		queued_take(queue, i, ORD_DONE);
	QUEUE_SAYS(queue, ord_queue_get(queue, SCENE_LONG_MS, &result), ORD_ELOST);
	ord_queue_destroy(&queue);
}

/* The first fork makes the spawner, the forks from there on make workers. */
static int forks;

static void
end_workers(void)
{
	if (++forks == 2)
		_exit(7);
}

SCENE(queue_ends, workers_end_again_and_again)
{
	struct ord_queue *queue;
	uint64_t number = 0, put = 0;
	int status;

	CHECK_EQ(pthread_atfork(NULL, NULL, end_workers), 0);
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2, .window = 4,
						       .max_deaths = 3, .start = ORD_START_FORK),
		.in_max = 5, .out_max = 2));
	while ((status = ord_queue_put(queue, &number, sizeof number, -1, NULL)) == 0)
		put++;
	QUEUE_SAYS(queue, status, ORD_ECRASHLOOP);
	check_failed(queue, put, ORD_ECRASHLOOP, "code 7");
	ord_queue_destroy(&queue);
}

/* --- interrupt --- */

static struct ord_queue *interrupted;
static atomic_int said;

static void
count_said(const struct ord_message *message, void *user)
{
	(void)message;
	(void)user;
	atomic_fetch_add(&said, 1);
}

static void
on_signal(int number)
{
	(void)number;
	ord_queue_interrupt(interrupted);
}

SCENE(queue_ends, interrupt)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct ord_result *result;
	struct ord_queue *queue;
	uint64_t waiting = WAIT;

	CHECK_EQ(sigaction(SIGUSR1, &action, NULL), 0);
	/* Once: what runs ends in its own time, here never; a second time: it is killed. */
	queue = interrupted = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 1, .window = 4,
								     .on_message = count_said),
		.out_max = 2));
	for (int i = 0; i < 20; i++)
		QUEUE_OK(queue, ord_queue_put(queue, &waiting, sizeof waiting, -1, NULL));
	while (atomic_load(&said) == 0)
		scene_pause_ms(1);
	CHECK_EQ(raise(SIGUSR1), 0);
	while (ord_queue_error(queue)[0] == '\0')
		scene_pause_ms(1);
	QUEUE_FAILS(queue, ord_queue_put(queue, &waiting, sizeof waiting, -1, NULL),
		ORD_EINTERRUPTED, "interrupted");
	QUEUE_SAYS(queue, ord_queue_get(queue, 20, &result), ORD_EEMPTY);
	CHECK_EQ(ord_queue_alive(queue), 1);
	CHECK_EQ(raise(SIGUSR1), 0);
	check_failed(queue, 20, ORD_EINTERRUPTED, "interrupted");
	ord_queue_destroy(&queue);
	/* Idle, and with tasks that end. */
	for (uint64_t n = 0; n < 300; n += 100) {
		queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
		for (uint64_t i = 0; i < n; i++)
			queued_put(queue, i);
		QUEUE_OK(queue, ord_queue_interrupt(queue));
		while (ord_queue_error(queue)[0] == '\0')
			scene_pause_ms(1);
		check_failed(queue, n, ORD_EINTERRUPTED, "interrupted");
		ord_queue_destroy(&queue);
	}
	/* Before its start, and many times. */
	QUEUE_OK(NULL, ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2))));
	for (int i = 0; i < 5; i++)
		QUEUE_OK(queue, ord_queue_interrupt(queue));
	QUEUE_OK(queue, ord_queue_start(queue));
	QUEUE_SAYS(queue, ord_queue_get(queue, SCENE_LONG_MS, &result), ORD_EINTERRUPTED);
	ord_queue_destroy(&queue);
}

/* --- callbacks --- */

struct caller {
	struct ord_queue *queue;
	atomic_int calls;
	pthread_t thread;
};

static void
call_everything(const struct ord_message *message, void *user)
{
	struct caller *caller = user;
	struct ord_queue *queue = caller->queue;
	struct ord_statistics statistics = ORD_STATISTICS;
	uint64_t number = 5;
	struct ord_result *result;

	CHECK(strcmp(ord_message_text(message, NULL), "said") == 0);
	caller->thread = pthread_self();
	if (atomic_load(&caller->calls) == 0) {
		/* There is room for one more. */
		QUEUE_OK(queue, ord_queue_put(queue, &number, sizeof number, -1, NULL));
		QUEUE_SAYS(
			queue, ord_queue_put(queue, &number, sizeof number, 10, NULL), ORD_EBUSY);
		QUEUE_SAYS(
			queue, ord_queue_put(queue, &number, sizeof number, -1, NULL), ORD_EBUSY);
		QUEUE_SAYS(queue, ord_queue_put(queue, &number, sizeof number, 0, NULL), ORD_EFULL);
		QUEUE_SAYS(queue, ord_queue_get(queue, 10, &result), ORD_EBUSY);
		QUEUE_SAYS(queue, ord_queue_get(queue, 0, &result), ORD_EEMPTY);
		QUEUE_SAYS(queue, ord_queue_join(queue, 0), ORD_EBUSY);
		CHECK_EQ(ord_queue_alive(queue), 1);
		QUEUE_OK(queue, ord_queue_statistics(queue, &statistics));
		CHECK_EQ(statistics.submitted, 2);
		QUEUE_OK(queue, ord_queue_stop(queue));
	}
	atomic_fetch_add(&caller->calls, 1);
}

SCENE(queue_ends, calls_from_callbacks)
{
	struct caller caller = { 0 };
	uint64_t number = SAY;

	QUEUE_OK(NULL,
		ord_queue_new(&caller.queue,
			&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 1, .on_message = call_everything,
						   .on_message_user = &caller, .window = 1),
				.in_max = 1)));
	QUEUE_OK(caller.queue, ord_queue_start(caller.queue));
	QUEUE_OK(caller.queue, ord_queue_put(caller.queue, &number, sizeof number, -1, NULL));
	queued_take(caller.queue, 0, ORD_DONE);
	CHECK_EQ(queued_number(queued_get(caller.queue, 1, ORD_DONE)), 5);
	CHECK_EQ(queued_close(&caller.queue), 0);
	CHECK_EQ(atomic_load(&caller.calls), 1);
	CHECK(!pthread_equal(caller.thread, pthread_self()));
}

/* Signals of the host are not taken by the queue's thread. */
SCENE(queue_ends, signals_are_blocked_in_the_thread)
{
	struct ord_queue *queue;
	sigset_t before, after;
	char line[128], path[64];
	unsigned long long blocked = 0;
	FILE *file;

	CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &before), 0);
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = act,
						       .start = ORD_START_INLINE)));
	CHECK_EQ(pthread_sigmask(SIG_SETMASK, NULL, &after), 0);
	CHECK_EQ(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
	queued_put(queue, 1);
	queued_take(queue, 0, ORD_DONE);
	/* INLINE has no other thread. */
	for (pid_t id = getpid() + 1; id < getpid() + 10000 && blocked == 0; id++) {
		snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)id);
		file = fopen(path, "r");
		while (file != NULL && fgets(line, sizeof line, file) != NULL)
			if (strncmp(line, "SigBlk:", 7) == 0)
				blocked = strtoull(line + 7, NULL, 16);
		if (file != NULL)
			fclose(file);
	}
	for (int number = 1; number < 32; number++)
		if (number != SIGKILL && number != SIGSTOP)
			CHECK((blocked >> (number - 1) & 1) != 0);
	CHECK_EQ(queued_close(&queue), 0);
}

/* --- forks --- */

static void
check_forked(struct ord_queue *queue)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct ord_result *result;

	CHECK_EQ(ord_queue_start(queue), ORD_EFORKED);
	CHECK_EQ(ord_queue_put(queue, NULL, 0, -1, NULL), ORD_EFORKED);
	CHECK_EQ(ord_queue_put_task(queue, &ORD_TASK(.pass = 1), -1, NULL), ORD_EFORKED);
	CHECK_EQ(ord_queue_get(queue, -1, &result), ORD_EFORKED);
	CHECK_EQ(ord_queue_stop(queue), ORD_EFORKED);
	CHECK_EQ(ord_queue_join(queue, -1), ORD_EFORKED);
	CHECK_EQ(ord_queue_alive(queue), 0);
	CHECK_EQ(ord_queue_cancel_all(queue), ORD_EFORKED);
	CHECK_EQ(ord_queue_interrupt(queue), ORD_EFORKED);
	CHECK_EQ(ord_queue_statistics(queue, &statistics), ORD_EFORKED);
	CHECK(strstr(ord_queue_error(queue), "forked") != NULL);
	ord_queue_destroy(&queue);
	CHECK(queue == NULL);
	ord_queue_destroy(&queue);
	_exit(0);
}

static atomic_int flowing;

static void *
get_on(void *user)
{
	struct ord_result *result;

	while (ord_queue_get(user, -1, &result) == 0)
		ord_result_destroy(&result);
	return NULL;
}

static void *
put_on(void *user)
{
	for (uint64_t i = 0; atomic_load(&flowing); i++)
		ord_queue_put(user, &i, sizeof i, 10, NULL);
	return NULL;
}

static void
fork_a_child(struct ord_queue *queue)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		check_forked(queue);
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
}

SCENE(queue_ends, the_host_forks)
{
	struct ord_queue *queue;
	pthread_t threads[2];

	/* Not started, idle, with results, over. */
	QUEUE_OK(NULL, ord_queue_new(&queue, &ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2))));
	fork_a_child(queue);
	QUEUE_OK(queue, ord_queue_start(queue));
	fork_a_child(queue);
	for (uint64_t i = 0; i < 100; i++)
		queued_put(queue, i);
	QUEUE_AWAIT(queue, settled, 100);
	fork_a_child(queue);
	CHECK_EQ(queued_close(&queue), 100);
	/* At any instant. */
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = POOL(.workers = 2)));
	atomic_store(&flowing, 1);
	CHECK_EQ(pthread_create(&threads[0], NULL, put_on, queue), 0);
	CHECK_EQ(pthread_create(&threads[1], NULL, get_on, queue), 0);
	for (int i = 0; i < 100; i++)
		fork_a_child(queue);
	atomic_store(&flowing, 0);
	CHECK_EQ(pthread_join(threads[0], NULL), 0);
	QUEUE_OK(queue, ord_queue_stop(queue));
	CHECK_EQ(pthread_join(threads[1], NULL), 0);
	QUEUE_OK(queue, ord_queue_join(queue, -1));
	fork_a_child(queue);
	ord_queue_destroy(&queue);
}

/* --- functions elsewhere --- */

SCENE_WITHOUT_WORKER_MAIN(queue_ends, workers_of_the_command)
{
	char program[4096], name[4200];
	const char *build = getenv("ORDERLY_BUILD");
	struct ord_queue *queue;
	struct ord_result *result;

	CHECK(build != NULL);
	snprintf(program, sizeof program, "%s/orderly", build);
	snprintf(name, sizeof name, "%s/modules/module_double.so:double_it", build);
	queue = queued_open(&ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function_name = name,
						       .program = program,
						       .start = ORD_START_COMMAND, .workers = 2)));
	for (uint64_t i = 0; i < 100; i++)
		queued_put(queue, i);
	for (uint64_t i = 0; i < 100; i++) {
		result = queued_get(queue, i, ORD_DONE);
		CHECK_EQ(queued_number(result), 2 * i);
	}
	CHECK_EQ(queued_close(&queue), 0);
}
