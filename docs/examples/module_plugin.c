/*
 * A plug-in: a shared object whose host has a main that knows nothing of
 * orderly, so that it cannot be started anew as a worker.  Its workers are the
 * installed `orderly` command, which loads this file and finds the function by
 * its name.  plugin_host.c is such a host.
 */
#define _GNU_SOURCE /* dladdr */
#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orderly/orderly.h>

int plugin_letters(struct ord_task *task, void *user);
int plugin_count(const char *const words[], size_t n);

/* What a task does: exported, so that a worker finds it. */
int
plugin_letters(struct ord_task *task, void *user)
{
	uint64_t letters = strlen(ord_task_input(task, NULL));

	(void)user;
	return ord_task_return(task, &letters, sizeof letters);
}

static void
show(const struct ord_result *result, void *user)
{
	const char *const *words = user;
	const char *word = words[ord_result_sequence(result)];

	if (ord_result_state(result) == ORD_DONE)
		printf("%s: %" PRIu64 "\n", word,
			*(const uint64_t *)ord_result_output(result, NULL));
	else
		printf("%s: %s\n", word, ord_result_error(result));
}

/* What the host calls. */
int
plugin_count(const char *const words[], size_t n)
{
	static const char in_this_file;
	struct ord_pool *pool;
	char function[4096];
	Dl_info here;
	int status;

	if (dladdr(&in_this_file, &here) == 0)
		return ORD_ESYSTEM;
	snprintf(function, sizeof function, "%s:plugin_letters", here.dli_fname);
	status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.start = ORD_START_COMMAND, .function_name = function,
			.on_result = show, .on_result_user = (void *)(uintptr_t)words));
	if (status == 0)
		status = ord_pool_start(pool);
	for (size_t i = 0; status == 0 && i < n; i++)
		status = ord_pool_submit_wait(pool, words[i], strlen(words[i]) + 1, NULL);
	if (status == 0)
		status = ord_pool_finish(pool);
	if (status != 0)
		fprintf(stderr, "plugin: %s\n", ord_pool_error(pool));
	ord_pool_destroy(&pool);
	return status;
}
