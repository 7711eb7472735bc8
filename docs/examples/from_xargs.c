/*
 * What xargs -P4 -n1 wc -c does, with whole outputs in the order of the
 * arguments.  Usage: from_xargs FILE...
 */
#include <stdio.h>

#include <orderly/orderly.h>

static void
print(const struct ord_result *result, void *user)
{
	size_t size;
	const void *output = ord_result_output(result, &size);
	int *failed = user;

	fwrite(output, 1, size, stdout);
	if (ord_result_state(result) != ORD_DONE) {
		fprintf(stderr, "from_xargs: %s\n", ord_result_error(result));
		*failed = 1;
	}
}

/* While the window is full the pool is moved; print is called from in there. */
static int
submit(struct ord_pool *pool, const char *file)
{
	const char *const argv[] = { "wc", "-c", file, NULL };
	int status;

	while ((status = ord_pool_submit_command(pool, &ORD_COMMAND(.argv = argv), NULL)) ==
		ORD_EAGAIN)
		if ((status = ord_pool_step(pool, -1)) != 0)
			break;
	return status;
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;
	int status, failed = 0;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.workers = 4, .on_result = print, .on_result_user = &failed));
	if (status != 0) {
		fprintf(stderr, "from_xargs: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	for (int i = 1; status == 0 && i < argc; i++)
		status = submit(pool, argv[i]);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "from_xargs: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0 || failed;
}
