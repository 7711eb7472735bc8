/* Functions by name, each task with its own.  Usage: functions [FUNCTION WORD]... */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <orderly/orderly.h>

static int
upper(struct ord_task *task, void *user)
{
	size_t size;
	const char *word = ord_task_input(task, &size);
	char answer[64];

	(void)user;
	if (size > sizeof answer)
		return ord_task_fail(task, "a word of %zu bytes is too long", size);
	for (size_t i = 0; i < size; i++)
		answer[i] = (char)toupper((unsigned char)word[i]);
	return ord_task_return(task, answer, size);
}
ORD_FUNCTION(upper);

static int
reverse(struct ord_task *task, void *user)
{
	size_t size;
	const char *word = ord_task_input(task, &size);
	char answer[64];

	(void)user;
	if (size > sizeof answer)
		return ord_task_fail(task, "a word of %zu bytes is too long", size);
	for (size_t i = 0; i < size; i++)
		answer[size - 1 - i] = word[i];
	return ord_task_return(task, answer, size);
}
ORD_FUNCTION(reverse);

static void
show(const struct ord_result *result, void *user)
{
	(void)user;
	if (ord_result_state(result) == ORD_DONE)
		printf("%s\n", (const char *)ord_result_output(result, NULL));
	else
		printf("failed\n");
}

int
main(int argc, char **argv)
{
	struct ord_pool *pool;
	int status;

	ord_worker_main(argc, argv);
	status = ord_pool_new(&pool, &ORD_POOL_OPTIONS(.functions_by_task = 1, .on_result = show));
	if (status != 0) {
		fprintf(stderr, "functions: %s\n", ord_strerror(status));
		return 1;
	}
	status = ord_pool_start(pool);
	for (int i = 1; status == 0 && i + 1 < argc; i += 2)
		status = ord_pool_submit_task_wait(pool,
			&ORD_TASK(.function_name = argv[i], .input = argv[i + 1],
				.input_size = strlen(argv[i + 1])),
			NULL);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "functions: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status != 0;
}
