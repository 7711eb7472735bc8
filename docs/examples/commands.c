/* Commands as tasks, and the results one by one: how each ended and what it wrote. */
#include <inttypes.h>
#include <stdio.h>

#include <orderly/orderly.h>

static const char *const scripts[] = {
	"echo fine",
	"echo half; exit 3",
	"kill -9 $$",
	"sleep 10",
};

static int
submit_all(struct ord_pool *pool)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < sizeof scripts / sizeof scripts[0]; i++) {
		const char *argv[] = { "sh", "-c", scripts[i], NULL };

		status = ord_pool_submit_command(
			pool, &ORD_COMMAND(.argv = argv, .timeout_ms = 500), NULL);
	}
	return status;
}

static void
show(const struct ord_result *result)
{
	size_t size;
	const void *output = ord_result_output(result, &size);

	printf("%" PRIu64 " %s: %s\n", ord_result_sequence(result),
		ord_state_name(ord_result_state(result)), ord_result_error(result));
	fwrite(output, 1, size, stdout);
}

int
main(int argc, char **argv)
{
	const struct ord_result *result = NULL;
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool, NULL);
	if (status != 0) {
		fprintf(stderr, "commands: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	if (status == 0)
		status = submit_all(pool);
	while (status == 0 && (status = ord_pool_next(pool, &result)) == 0 && result != NULL)
		show(result);
	if (status != 0)
		fprintf(stderr, "commands: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0;
}
