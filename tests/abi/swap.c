/*
 * A program that is run with another version of the library than it was built
 * for.  Built with -DNEWER its header has a field more in each struct with a
 * size.  Usage: swap same|newer, what the library is.
 */
#include <stdio.h>
#include <string.h>

#include <orderly/orderly.h>

/* One line that says what was not as it should be. */
#define EXPECT(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "swap.c:%d: not so: %s\n", __LINE__, #condition); \
			return 1; \
		} \
	} while (0)

#ifdef NEWER
#define SET_NEW(options, value) ((options)->swap_first = (value))
#else
#define SET_NEW(options, value) ((void)(options), (void)(value))
#endif

static int
echo(struct ord_task *task, void *user)
{
	size_t size;
	const void *input = ord_task_input(task, &size);

	(void)user;
	return ord_task_return(task, input, size);
}

/* What a struct says whose new field is set: known to a newer library, refused by this one. */
static int
as_known(int status, int knows)
{
	return knows ? status == 0 : status == ORD_ENOTSUP;
}

static int
check_new(int knows)
{
	struct ord_pool_options options = ORD_POOL_OPTIONS(.function = echo);
	struct ord_pool *pool;

	SET_NEW(&options, 1);
	EXPECT(as_known(ord_pool_new(&pool, &options), knows));
	EXPECT(knows == (pool != NULL));
	ord_pool_destroy(&pool);
	options.size = offsetof(struct ord_pool_options, functions_by_task);
	EXPECT(ord_pool_new(&pool, &options) == ORD_EINVAL);
	return 0;
}

static int
check_task(struct ord_pool *pool, int knows)
{
	struct ord_task_options task = ORD_TASK(.input = "task", .input_size = 5, .pass = 1);

	EXPECT(ord_pool_submit_task(pool, &task, NULL) == 0);
	SET_NEW(&task, 1);
	EXPECT(as_known(ord_pool_submit_task(pool, &task, NULL), knows));
	task.size = offsetof(struct ord_task_options, pass);
	EXPECT(ord_pool_submit_task(pool, &task, NULL) == ORD_EINVAL);
	return 0;
}

static int
check_command(struct ord_pool *pool, int knows)
{
	static const char *const argv[] = { "printf", "command", NULL };
	struct ord_command command = ORD_COMMAND(.argv = argv);

	EXPECT(ord_pool_submit_command(pool, &command, NULL) == 0);
	SET_NEW(&command, 1);
	EXPECT(as_known(ord_pool_submit_command(pool, &command, NULL), knows));
	command.size = offsetof(struct ord_command, retries);
	EXPECT(ord_pool_submit_command(pool, &command, NULL) == ORD_EINVAL);
	return 0;
}

/* A library writes no further than the program's struct, and a program sees 0 where the library knows nothing. */
static int
check_statistics(struct ord_pool *pool, uint64_t submitted)
{
	struct {
		struct ord_statistics statistics;
		unsigned char behind[64];
	} numbers = { .statistics = ORD_STATISTICS }, zero = { .behind = { 0 } };

	EXPECT(ord_pool_statistics(pool, &numbers.statistics) == 0);
	EXPECT(numbers.statistics.submitted == submitted);
	EXPECT(numbers.statistics.size <= sizeof numbers.statistics);
	EXPECT(memcmp(numbers.behind, zero.behind, sizeof zero.behind) == 0);
#ifdef NEWER
	EXPECT(numbers.statistics.swap_first == 0);
#endif
	return 0;
}

static int
take_all(struct ord_pool *pool, uint64_t *taken)
{
	const struct ord_result *result;

	for (*taken = 0;; ++*taken) {
		EXPECT(ord_pool_next(pool, &result) == 0);
		if (result == NULL)
			return 0;
		EXPECT(ord_result_sequence(result) == *taken);
		EXPECT(ord_result_state(result) == ORD_DONE ||
			ord_result_state(result) == ORD_PASSED);
		EXPECT(strlen(ord_result_output(result, NULL)) >= 4);
	}
}

static int
check_pool(struct ord_pool *pool, int knows)
{
	const uint64_t submitted = knows ? 5 : 3;
	uint64_t taken;

	EXPECT(ord_pool_start(pool) == 0);
	EXPECT(ord_pool_submit(pool, "plain", 6, NULL) == 0);
	if (check_task(pool, knows) != 0 || check_command(pool, knows) != 0 ||
		check_statistics(pool, submitted) != 0 || take_all(pool, &taken) != 0)
		return 1;
	EXPECT(taken == submitted);
	EXPECT(ord_pool_finish(pool) == 0);
	return 0;
}

static int
check_map(int knows)
{
	static const struct ord_bytes inputs[] = { { "one", 4 }, { "two", 4 } };
	struct ord_pool_options pool = ORD_POOL_OPTIONS(.workers = 1);
	struct ord_map_options options = ORD_MAP_OPTIONS(.pool = &pool);
	struct ord_results *results;

	EXPECT(ord_map(echo, inputs, 2, &results, &options) == 0);
	EXPECT(strcmp(ord_result_output(ord_results_at(results, 1), NULL), "two") == 0);
	ord_results_destroy(&results);
	SET_NEW(&options, 1);
	EXPECT(as_known(ord_map(echo, inputs, 2, &results, &options), knows));
	ord_results_destroy(&results);
	options = ORD_MAP_OPTIONS(.pool = &pool);
	SET_NEW(&pool, 1);
	EXPECT(as_known(ord_map(echo, inputs, 2, &results, &options), knows));
	ord_results_destroy(&results);
	options.size = offsetof(struct ord_map_options, keep_going);
	EXPECT(ord_map(echo, inputs, 2, &results, &options) == ORD_EINVAL);
	ord_results_destroy(&results);
	return 0;
}

static int
check_put(struct ord_queue *queue, int knows)
{
	struct ord_task_options task = ORD_TASK(.input = "task", .input_size = 5);
	struct ord_result *result;

	EXPECT(ord_queue_put_task(queue, &task, -1, NULL) == 0);
	SET_NEW(&task, 1);
	EXPECT(as_known(ord_queue_put_task(queue, &task, -1, NULL), knows));
	task.size = offsetof(struct ord_task_options, pass);
	EXPECT(ord_queue_put_task(queue, &task, -1, NULL) == ORD_EINVAL);
	for (int i = 0; i <= knows; i++) {
		EXPECT(ord_queue_get(queue, -1, &result) == 0);
		EXPECT(strcmp(ord_result_output(result, NULL), "task") == 0);
		ord_result_destroy(&result);
	}
	return 0;
}

static int
check_queue(int knows)
{
	struct ord_pool_options pool = ORD_POOL_OPTIONS(.workers = 1, .function = echo);
	struct ord_queue_options options = ORD_QUEUE_OPTIONS(.pool = &pool);
	struct ord_queue *queue;
	int failed;

	SET_NEW(&options, 1);
	EXPECT(as_known(ord_queue_new(&queue, &options), knows));
	ord_queue_destroy(&queue);
	options.size = offsetof(struct ord_queue_options, out_max);
	EXPECT(ord_queue_new(&queue, &options) == ORD_EINVAL);
	options = ORD_QUEUE_OPTIONS(.pool = &pool);
	SET_NEW(&pool, 1);
	EXPECT(as_known(ord_queue_new(&queue, &options), knows));
	ord_queue_destroy(&queue);
	SET_NEW(&pool, 0);
	EXPECT(ord_queue_new(&queue, &options) == 0);
	EXPECT(ord_queue_start(queue) == 0);
	failed = check_put(queue, knows);
	ord_queue_destroy(&queue);
	return failed;
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;
	int knows, failed;

	ord_worker_main(argc, argv);
	EXPECT(argc == 2);
	knows = strcmp(argv[1], "newer") == 0;
#ifndef NEWER
	knows = 1; /* it has nothing that a library could not know */
#endif
	EXPECT(ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = echo, .workers = 1)) == 0);
	failed = check_new(knows) != 0 || check_pool(pool, knows) != 0 || check_map(knows) != 0 ||
		check_queue(knows) != 0;
	if (failed)
		fprintf(stderr, "swap: the last sentence was: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return failed;
}
