/*
 * A host whose threads are interrupted by signals all the time, with a handler that restarts nothing: every system
 * call of the library sees EINTR, from the start of a pool to its end, and no call may be lost or repeated by it.
 *
 *   plain_signals [ROUNDS]
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <orderly/orderly.h>

#include "host.h"

enum { TASKS = 150, ROUNDS = 6, DEADLINE_S = 1400, PERIOD_US = 150, SIZE = 200 };

static atomic_int over;
static atomic_uint caught;

static void
on_signal(int number)
{
	(void)number;
	atomic_fetch_add(&caught, 1);
}

static void *
storm(void *user)
{
	const pthread_t *owner = user;

	while (!atomic_load(&over)) {
		CHECK(pthread_kill(*owner, SIGUSR1) == 0);
		host_pause_us(PERIOD_US);
	}
	return NULL;
}

static int
act(struct ord_task *task, void *user)
{
	size_t size;
	const char *input = ord_task_input(task, &size);

	(void)user;
	if (ord_task_sequence(task) % 7 == 0)
		ord_log(ORD_INFO, "a record");
	if (ord_task_sequence(task) % 40 == 30)
		raise(SIGKILL);
	return ord_task_return(task, input, size);
}

static void
on_message(const struct ord_message *message, void *user)
{
	uint64_t *messages = user;

	(void)message;
	(*messages)++;
}

static void
on_result(const struct ord_result *result, void *user)
{
	uint64_t *results = user;
	size_t size;

	CHECK(ord_result_sequence(result) == *results);
	CHECK(ord_result_state(result) == (*results % 40 == 30 ? ORD_SIGNALED : ORD_DONE));
	ord_result_output(result, &size);
	CHECK(size == (*results % 40 == 30 ? 0 : *results * SIZE));
	(*results)++;
}

static void
run_pool(int finish)
{
	static char input[TASKS * SIZE];
	uint64_t results = 0, messages = 0;
	struct ord_pool *pool;

	CHECK_OK(NULL,
		ord_pool_new(&pool,
			&ORD_POOL_OPTIONS(.function = act, .workers = 2, .on_result = on_result,
				.on_result_user = &results, .on_message = on_message,
				.on_message_user = &messages)));
	CHECK_OK(pool, ord_pool_start(pool));
	for (size_t i = 0; i < TASKS; i++)
		CHECK_OK(pool, ord_pool_submit_wait(pool, input, i * SIZE, NULL));
	if (finish) {
		CHECK_OK(pool, ord_pool_finish(pool));
		CHECK(results == TASKS && messages == (TASKS + 6) / 7);
	}
	ord_pool_destroy(&pool);
}

int
main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t owner, disturber;

	ord_worker_main(argc, argv);
	host_begin(DEADLINE_S);
	owner = pthread_self();
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	CHECK(pthread_create(&disturber, NULL, storm, &owner) == 0);
	for (long round = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS; round > 0; round--)
		run_pool(round % 3 != 0);
	atomic_store(&over, 1);
	CHECK(pthread_join(disturber, NULL) == 0);
	CHECK(atomic_load(&caught) > 0);
	return host_end();
}
