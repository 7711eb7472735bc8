/* Tasks ask their master: it hands out numbers that no two tasks may share. */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/orderly.h>

static int
take_number(struct ord_task *task, void *user)
{
	const void *number;
	size_t size;
	int status = ord_task_ask(task, "number", 6, &number, &size);

	(void)user;
	return status != 0 ? status : ord_task_return(task, number, size);
}

/* What the master has: the pool to answer to, and the next number. */
struct office {
	struct ord_pool *pool;
	uint64_t next;
};

static void
answer(const struct ord_ask *ask, void *user)
{
	struct office *office = user;
	uint64_t number = office->next++;

	ord_pool_answer(office->pool, ord_ask_sequence(ask), &number, sizeof number);
}

static void
add(const struct ord_result *result, void *user)
{
	const uint64_t *number = ord_result_output(result, NULL);
	uint64_t *sum = user;

	if (ord_result_state(result) == ORD_DONE)
		*sum += *number;
	else
		fprintf(stderr, "ask: %s\n", ord_result_error(result));
}

int
main(int argc, char **argv)
{
	struct office office = { .next = 100 };
	uint64_t sum = 0;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&office.pool,
		&ORD_POOL_OPTIONS(.function = take_number, .on_ask = answer, .on_ask_user = &office,
			.on_result = add, .on_result_user = &sum));
	if (status != 0) {
		fprintf(stderr, "ask: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(office.pool);
	for (int i = 0; status == 0 && i < 5; i++)
		status = ord_pool_submit_wait(office.pool, NULL, 0, NULL);
	if (status == 0)
		status = ord_pool_finish(office.pool);
	if (status != 0)
		fprintf(stderr, "ask: %s\n", ord_pool_error(office.pool));
	ord_pool_destroy(&office.pool);
	printf("the numbers add up to %" PRIu64 "\n", sum);
	return status != 0;
}
