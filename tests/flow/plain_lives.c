/*
 * Pools that come and go in several threads at once: never started, started and destroyed at once, destroyed
 * over tasks that run and wait, destroyed from a callback, finished; and one that goes from thread to thread,
 * each of which ends before the next one takes it.
 *
 *   plain_lives [ROUNDS]
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/orderly.h>

#include "host.h"

enum { THREADS = 3, ROUNDS = 3, DEADLINE_S = 1400, GRACE_MS = 100, RELAY = 5, RELAY_TASKS = 50 };

enum life { NEVER_STARTED, AT_ONCE, OVER_TASKS, FROM_CALLBACK, FINISHED, LIVES };

struct holder {
	struct ord_pool *pool;
	int destroy_at;
	uint64_t results;
};

static int
act(struct ord_task *task, void *user)
{
	(void)user;
	if (ord_task_sequence(task) % 8 == 5)
		host_pause_us(20000);
	if (ord_task_sequence(task) == 60)
		for (;;)
			pause();
	return 0;
}

static int
nothing(struct ord_task *task, void *user)
{
	(void)task, (void)user;
	return 0;
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct holder *holder = user;

	CHECK(ord_result_sequence(result) == holder->results);
	holder->results++;
	if (holder->destroy_at == (int)holder->results)
		ord_pool_destroy(&holder->pool);
}

static void
make(struct holder *holder, ord_task_fn function)
{
	CHECK_OK(NULL,
		ord_pool_new(&holder->pool,
			&ORD_POOL_OPTIONS(.function = function, .workers = 2, .grace_ms = GRACE_MS,
				.on_result = on_result, .on_result_user = holder)));
}

static void
submit(struct holder *holder, int tasks)
{
	for (int i = 0; i < tasks; i++)
		CHECK_OK(holder->pool, ord_pool_submit(holder->pool, "input", 6, NULL));
}

static void
live_once(enum life life, uint64_t *random)
{
	struct holder holder = { 0 };

	make(&holder, life == FINISHED ? nothing : act);
	if (life != NEVER_STARTED)
		CHECK_OK(holder.pool, ord_pool_start(holder.pool));
	switch (life) {
	case OVER_TASKS:
		submit(&holder, 100);
		CHECK_OK(holder.pool, ord_pool_step(holder.pool, (int)(host_random(random) % 30)));
		break;
	case FROM_CALLBACK:
		holder.destroy_at = 1 + (int)(host_random(random) % 20);
		submit(&holder, 100);
		ord_pool_run(holder.pool);
		CHECK(holder.pool == NULL && holder.results == (uint64_t)holder.destroy_at);
		break;
	case FINISHED:
		submit(&holder, 100);
		CHECK_OK(holder.pool, ord_pool_finish(holder.pool));
		CHECK(holder.results == 100);
		break;
	default: break;
	}
	ord_pool_destroy(&holder.pool);
}

static void *
live(void *user)
{
	uint64_t random = *(const uint64_t *)user;

	for (enum life life = NEVER_STARTED; life < LIVES; life++)
		live_once((enum life)(host_random(&random) % LIVES), &random);
	return NULL;
}

static void
live_together(uint64_t *random)
{
	pthread_t threads[THREADS];
	uint64_t seeds[THREADS];

	for (int i = 0; i < THREADS; i++) {
		seeds[i] = host_random(random);
		CHECK(pthread_create(&threads[i], NULL, live, &seeds[i]) == 0);
	}
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

static void *
start(void *user)
{
	struct holder *holder = user;

	make(holder, nothing);
	CHECK_OK(holder->pool, ord_pool_start(holder->pool));
	return NULL;
}

static void *
carry(void *user)
{
	struct holder *holder = user;

	submit(holder, RELAY_TASKS);
	CHECK_OK(holder->pool, ord_pool_run(holder->pool));
	return NULL;
}

static void *
end(void *user)
{
	struct holder *holder = user;

	CHECK_OK(holder->pool, ord_pool_finish(holder->pool));
	ord_pool_destroy(&holder->pool);
	return NULL;
}

static void
relay(void)
{
	struct holder holder = { 0 };
	pthread_t thread;

	for (int i = 0; i <= RELAY; i++) {
		void *(*leg)(void *) = i == 0 ? start : i == RELAY ? end : carry;

		CHECK(pthread_create(&thread, NULL, leg, &holder) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		host_pause_us(30000); /* time for what would die with the thread to die */
	}
	CHECK(holder.results == RELAY_TASKS * (RELAY - 1));
}

int
main(int argc, char **argv)
{
	uint64_t random = 362436069362436069U;

	ord_worker_main(argc, argv);
	host_begin(DEADLINE_S);
	for (long round = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS; round > 0; round--) {
		live_together(&random);
		relay();
	}
	return host_end();
}
