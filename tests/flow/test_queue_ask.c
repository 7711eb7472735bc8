/* Tasks of a queue that ask: answered by the callback, by another thread, or by nobody. */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "queued.h"

enum { MANY = 300 };

static int
ask(struct ord_task *task, void *user)
{
	const void *answer;
	size_t size;
	int status = ord_task_ask(task, ord_task_input(task, NULL), 8, &answer, &size);

	(void)user;
	return status != 0 ? status : ord_task_return(task, answer, size);
}

struct host {
	struct ord_queue *queue;
	int link[2];
};

static void
answer_at_once(const struct ord_ask *question, void *user)
{
	struct host *host = user;
	uint64_t number = *(const uint64_t *)ord_ask_request(question, NULL) + 1000;

	QUEUE_OK(host->queue, ord_queue_answer(host->queue, ord_ask_sequence(question), &number, sizeof number));
	QUEUE_SAYS(host->queue, ord_queue_answer(host->queue, ord_ask_sequence(question), "", 0), ORD_EINVAL);
}

static void
play(struct host *host, ord_ask_fn on_ask, uint32_t start)
{
	host->queue = queued_open(&ORD_QUEUE_OPTIONS(
		.pool = &ORD_POOL_OPTIONS(.function = ask, .workers = 3, .start = start, .on_ask = on_ask, .on_ask_user = host)));
	for (uint64_t i = 0; i < MANY; i++)
		queued_put(host->queue, i);
	for (uint64_t i = 0; i < MANY; i++)
		CHECK_EQ(queued_number(queued_get(host->queue, i, ORD_DONE)), i + 1000);
}

SCENE(queue_ask, answered_by_the_callback)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_FORK; start++) {
		struct host host = { .queue = NULL };

		play(&host, answer_at_once, start);
		CHECK_EQ(queued_close(&host.queue), 0);
	}
}

static void
pass_on(const struct ord_ask *question, void *user)
{
	struct host *host = user;
	uint64_t sequence = ord_ask_sequence(question);

	CHECK_EQ(write(host->link[1], &sequence, sizeof sequence), (ssize_t)sizeof sequence);
}

static void *
answer_in_turn(void *user)
{
	struct host *host = user;
	uint64_t sequence;

	while (read(host->link[0], &sequence, sizeof sequence) == (ssize_t)sizeof sequence) {
		uint64_t number = sequence + 1000;

		QUEUE_OK(host->queue, ord_queue_answer(host->queue, sequence, &number, sizeof number));
		/* One that is not asked is dropped. */
		QUEUE_OK(host->queue, ord_queue_answer(host->queue, MANY + sequence, "", 0));
	}
	return NULL;
}

SCENE(queue_ask, answered_by_another_thread)
{
	struct host host;
	pthread_t thread;

	CHECK_EQ(pipe(host.link), 0);
	/* The queue is there before anybody asks, and the thread reads only what was asked. */
	CHECK_EQ(pthread_create(&thread, NULL, answer_in_turn, &host), 0);
	play(&host, pass_on, ORD_START_EXEC);
	close(host.link[1]);
	CHECK_EQ(pthread_join(thread, NULL), 0);
	close(host.link[0]);
	CHECK_EQ(queued_close(&host.queue), 0);
}

static void
say_nothing(const struct ord_ask *question, void *user)
{
	(void)question;
	(void)user;
}

SCENE(queue_ask, destroyed_while_a_task_waits)
{
	struct ord_queue *queue = queued_open(&ORD_QUEUE_OPTIONS(
		.pool = &ORD_POOL_OPTIONS(.function = ask, .workers = 1, .grace_ms = 10, .on_ask = say_nothing)));

	queued_put(queue, 1);
	QUEUE_AWAIT(queue, running, 1);
	for (int i = 0; i < 10; i++)
		QUEUE_OK(queue, ord_queue_answer(queue, 77, "nobody", 6));
	ord_queue_destroy(&queue);
}

SCENE(queue_ask, wrong_answers)
{
	struct ord_queue *queue;

	CHECK_EQ(ord_queue_answer(NULL, 0, "", 0), ORD_EINVAL);
	CHECK_EQ(ord_queue_new(&queue, NULL), 0);
	QUEUE_SAYS(queue, ord_queue_answer(queue, 0, "", 0), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_answer(queue, 0, NULL, 1), ORD_EINVAL);
	QUEUE_SAYS(queue, ord_queue_answer(queue, 0, "", SIZE_MAX), ORD_ETOOBIG);
	ord_queue_destroy(&queue);
}
