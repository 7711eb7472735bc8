/* A task function that fails with a sentence, crashes, and ends early when it is asked to. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <orderly/orderly.h>

static int
work(struct ord_task *task, void *user)
{
	const char *word = ord_task_input(task, NULL);
	const struct timespec a_while = { .tv_nsec = 10000000 };

	(void)user;
	if (strcmp(word, "bad") == 0)
		return ord_task_fail(task, "cannot work with '%s'", word);
	if (strcmp(word, "crash") == 0 && ord_task_attempt(task) == 0)
		abort();
	while (strcmp(word, "slow") == 0 && !ord_task_canceled(task))
		nanosleep(&a_while, NULL);
	return ord_task_return(task, word, strlen(word));
}

static void
show(const struct ord_result *result, void *user)
{
	(void)user;
	printf("%" PRIu64 " %s after %" PRIu32 ": %s\n", ord_result_sequence(result),
		ord_state_name(ord_result_state(result)), ord_result_attempts(result),
		ord_result_error(result));
}

int
main(int argc, char **argv)
{
	static const char *const words[] = { "good", "bad", "crash", "slow" };
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.function = work, .on_result = show, .retries = 1,
			.timeout_ms = 300));
	if (status != 0) {
		fprintf(stderr, "careful: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	for (size_t i = 0; status == 0 && i < sizeof words / sizeof words[0]; i++)
		status = ord_pool_submit_wait(pool, words[i], strlen(words[i]) + 1, NULL);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "careful: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0;
}
