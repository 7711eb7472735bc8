/*
 * What a task costs without processes and sockets: submit, give out, encode,
 * decode, run, answer, decode, reorder, deliver, at 64 tasks a message.  The
 * master's half and the worker's half run in one thread and hand each other
 * the bytes, so that callgrind counts the same instructions every time:
 * the difference of two runs of different length is the cost of a task.
 *
 *   bench_loopback [TASKS [BYTES]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/orderly.h>

#include "core/core.h"
#include "pool/pool.h"
#include "support/measure.h"
#include "worker/server.h"

enum { BATCH = 64, WINDOW = 2 * BATCH };

struct loopback {
	struct ord_pool *pool;
	struct server server;
	uint64_t results;
};

static size_t size = 8;

static int
echo(struct ord_task *task, void *user)
{
	size_t n;
	const void *input = ord_task_input(task, &n);

	(void)user;
	return ord_task_return(task, input, n);
}

static void
count(const struct ord_result *result, void *user)
{
	struct loopback *loopback = user;

	if (ord_result_sequence(result) != loopback->results++)
		fail("a result is out of order");
}


static void
bring_out(struct loopback *loopback, const struct dispatch *dispatch)
{
	struct channel_message message;
	struct frame frame;

	if (dispatch->kind != DISPATCH_SEND ||
		batch_compose(&loopback->pool->incarnations[0], dispatch, &message) != 0)
		fail("nothing to send");
	if (!server_open(&loopback->server, message.bytes, message.size, &frame))
		fail("the frame is not the worker's");
	server_run(&loopback->server, &frame);
	receive_outbox(&loopback->pool->incarnations[0]);
	channel_drop(&message);
}

static void
start(struct loopback *loopback)
{
	struct server *server = &loopback->server;
	struct ord_pool *pool;

	if (ord_pool_new(&pool,
		    &ORD_POOL_OPTIONS(.function = echo, .start = ORD_START_INLINE, .workers = 1,
			    .window = WINDOW, .on_result = count, .on_result_user = loopback)) !=
			0 ||
		ord_pool_start(pool) != 0)
		fail("no pool");
	loopback->pool = pool;
	pool->core.options.batches = true;
	pool->incarnations[0].region.page->id = pool->incarnations[0].id;
	server->worker = *pool->inline_worker;
	server->worker.owner = loopback;
	server->worker.instant = server->worker.stale = UINT64_MAX; /* under valgrind time means nothing */
}

/* A window's half after the other, as a busy pool has it: one is worked on while the other fills. */
static void
go_round(struct loopback *loopback, uint64_t tasks)
{
	struct ord_pool *pool = loopback->pool;
	unsigned char input[4096] = { 0 };
	uint64_t i = 0;

	while (loopback->results < tasks) {
		struct dispatch dispatch;

		for (unsigned k = 0; k < BATCH && i < tasks; k++, i++) {
			memcpy(input, &i, sizeof i);
			if (ord_pool_submit_wait(pool, input, size, NULL) != 0)
				fail("%s", ord_pool_error(pool));
		}
		while ((dispatch = core_dispatch(&pool->core, 0)).kind != DISPATCH_NOTHING)
			bring_out(loopback, &dispatch);
		pool_deliver(pool, false);
	}
}

int
main(int argc, char **argv)
{
	struct loopback *loopback = calloc(1, sizeof *loopback);
	uint64_t tasks = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000, from;

	if (argc > 2)
		size = strtoul(argv[2], NULL, 10);
	if (!loopback || tasks == 0 || size == 0 || size > 4096)
		fail("bench_loopback [TASKS [BYTES]]");
	start(loopback);
	from = now_ns();
	go_round(loopback, tasks);
	printf("{\"bench\":\"loopback\",\"tasks\":%llu,\"bytes\":%zu,\"ns_per_task\":%.1f}\n",
		(unsigned long long)tasks, size, (double)(now_ns() - from) / (double)tasks);
	ord_pool_destroy(&loopback->pool);
	free(loopback);
	return 0;
}
