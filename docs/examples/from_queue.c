/* What parallel-queue does: one thread puts, another gets, results in the order of the puts. */
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <orderly/orderly.h>

static int
square(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t answer = *number * *number;

	(void)user;
	if (*number == 7)
		return ord_task_fail(task, "no square of 7 today");
	return ord_task_return(task, &answer, sizeof answer);
}

/* Runs in a thread of its own; waits while the queue is full. */
static void *
put_all(void *user)
{
	struct ord_queue *queue = user;
	int status = 0;

	for (uint64_t number = 0; status == 0 && number < 10; number++)
		status = ord_queue_put(queue, &number, sizeof number, -1, NULL);
	ord_queue_stop(queue);
	return NULL;
}

static void
show(const struct ord_result *result)
{
	const uint64_t *answer = ord_result_output(result, NULL);

	if (ord_result_state(result) == ORD_DONE)
		printf("%" PRIu64 "\n", *answer);
	else
		printf("%s: %s\n", ord_state_name(ord_result_state(result)),
			ord_result_error(result));
}

static int
get_all(struct ord_queue *queue)
{
	struct ord_result *result;
	pthread_t thread;
	int status = ord_queue_start(queue);

	if (status != 0 || pthread_create(&thread, NULL, put_all, queue) != 0)
		return -1;
	while ((status = ord_queue_get(queue, -1, &result)) == 0) {
		show(result);
		ord_result_destroy(&result);
	}
	pthread_join(thread, NULL);
	return status == ORD_ECLOSED ? ord_queue_join(queue, -1) : status;
}

int
main(int argc, char **argv)
{
	struct ord_queue *queue;
	int status;

	ord_worker_main(argc, argv);
	status = ord_queue_new(
		&queue, &ORD_QUEUE_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = square)));
	if (status != 0) {
		fprintf(stderr, "from_queue: %s\n", ord_strerror(status));
		return 1;
	}
	status = get_all(queue);
	if (status != 0)
		fprintf(stderr, "from_queue: %s\n", ord_queue_error(queue));
	ord_queue_destroy(&queue);
	return status != 0;
}
