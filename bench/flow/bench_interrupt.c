/*
 * From the second ord_pool_interrupt to the end of the pool, with tasks that
 * never end and ignore SIGTERM: what who presses Ctrl-C twice waits for.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "support/measure.h"

#include <orderly/orderly.h>

static int
stay(struct ord_task *task, void *user)
{
	(void)user;
	signal(SIGTERM, SIG_IGN);
	ord_log(ORD_INFO, "stays");
	for (;;)
		pause();
	return ord_task_return(task, NULL, 0);
}

static void
count(const struct ord_message *message, void *user)
{
	(void)message;
	++*(uint32_t *)user;
}

static void
drop(const struct ord_result *result, void *user)
{
	(void)user;
	if (ord_result_state(result) != ORD_CANCELED)
		fail("a task: %s", ord_result_error(result));
}

/* Milliseconds. */
static double
end_once(uint32_t workers)
{
	struct ord_pool *pool;
	uint32_t busy = 0;
	uint64_t began_ns;

	if (ord_pool_new(&pool,
		    &ORD_POOL_OPTIONS(.function = stay, .workers = workers, .on_result = drop,
			    .on_message = count, .on_message_user = &busy)) != 0 ||
		ord_pool_start(pool) != 0)
		fail("start: %s", ord_pool_error(pool));
	for (uint32_t i = 0; i < workers; i++)
		if (ord_pool_submit(pool, NULL, 0, NULL) != 0)
			fail("submit: %s", ord_pool_error(pool));
	while (busy < workers)
		if (ord_pool_step(pool, -1) != 0)
			fail("step: %s", ord_pool_error(pool));
	ord_pool_interrupt(pool);
	began_ns = now_ns();
	ord_pool_interrupt(pool);
	if (ord_pool_finish(pool) != ORD_EINTERRUPTED)
		fail("finish: %s", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return (double)(now_ns() - began_ns) / 1e6;
}

int
main(int argc, char **argv)
{
	static const uint32_t workers[] = { 2, 16 };
	char name[96];

	ord_worker_main(argc, argv);
	for (size_t i = 0; i < sizeof workers / sizeof workers[0]; i++) {
		struct series series = { .n = 0 };

		for (size_t round = 0; round < rounds(); round++)
			series_add(&series, end_once(workers[i]));
		snprintf(name, sizeof name,
			"close, from the second interrupt on, %u tasks that ignore SIGTERM",
			workers[i]);
		figure_print(&(struct figure){ .name = name, .unit = "ms" }, &series, NULL);
	}
	return 0;
}
