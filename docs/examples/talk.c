/* What tasks say: log records, and what they and their children print. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <orderly/orderly.h>

static int
talk(struct ord_task *task, void *user)
{
	(void)user;
	ord_log(ORD_INFO, "task %" PRIu64 " begins", ord_task_sequence(task));
	printf("a line\n");
	if (system("echo a line of a child") != 0)
		ord_log(ORD_WARNING, "echo failed");
	ord_log(ORD_DEBUG, "this one is below the pool's level");
	return 0;
}

static void
show_message(const struct ord_message *message, void *user)
{
	size_t size;
	const char *text = ord_message_text(message, &size);

	(void)user;
	if (ord_message_source(message) == ORD_SOURCE_LOG)
		printf("%" PRIu64 " log, level %d: %.*s\n", ord_message_sequence(message),
			ord_message_level(message), (int)size, text);
	else
		printf("%" PRIu64 " words: %.*s\n", ord_message_sequence(message), (int)size, text);
}

static void
show_result(const struct ord_result *result, void *user)
{
	(void)user;
	printf("%" PRIu64 " %s\n", ord_result_sequence(result),
		ord_state_name(ord_result_state(result)));
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.function = talk, .on_message = show_message,
			.on_result = show_result, .messages = ORD_ORDERED));
	if (status != 0) {
		fprintf(stderr, "talk: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	for (int i = 0; status == 0 && i < 3; i++)
		status = ord_pool_submit_wait(pool, NULL, 0, NULL);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "talk: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0;
}
