/* Numbers squared in worker processes; the results come back in the order of submission. */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/orderly.h>

static int
square(struct ord_task *task, void *user)
{
	const uint64_t *number = ord_task_input(task, NULL);
	uint64_t answer = *number * *number;

	(void)user;
	return ord_task_return(task, &answer, sizeof answer);
}

static void
show(const struct ord_result *result, void *user)
{
	const uint64_t *answer = ord_result_output(result, NULL);

	(void)user;
	if (ord_result_state(result) == ORD_DONE)
		printf("%" PRIu64 "\n", *answer);
	else
		printf("task %" PRIu64 ": %s\n", ord_result_sequence(result),
			ord_result_error(result));
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = square, .on_result = show));
	if (status != 0) {
		fprintf(stderr, "squares: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	for (uint64_t number = 0; status == 0 && number < 10; number++)
		status = ord_pool_submit_wait(pool, &number, sizeof number, NULL);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "squares: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0;
}
