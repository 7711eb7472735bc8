/* Every public function with wrong arguments: a status, a sentence, and nothing else happens. */
#include <stdlib.h>
#include <stddef.h>
#include <string.h>

#include "../flow/tally.h"

static void
take(const struct ord_result *result, void *user)
{
	(void)result;
	(void)user;
}

Test(arguments, status_names)
{
	static const int known[] = { ORD_OK, ORD_EINVAL, ORD_ENOMEM, ORD_EAGAIN, ORD_ECLOSED, ORD_EBUSY, ORD_ENOTSUP, ORD_ESYSTEM,
		ORD_ETIMEDOUT, ORD_EPROGRAM, ORD_ECRASHLOOP, ORD_EFORKED, ORD_EINTERRUPTED, ORD_ETOOBIG, ORD_ESTALLED, ORD_ELOST, ORD_EFAILED, ORD_EFULL, ORD_EEMPTY };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		cr_assert_eq(known[i], -(int)i);
		cr_assert_eq(strncmp(ord_status_name(known[i]), "ORD_", 4), 0);
		cr_assert(strlen(ord_strerror(known[i])) > 5);
	}
	cr_assert_str_eq(ord_status_name(ORD_EAGAIN), "ORD_EAGAIN");
	cr_assert_str_eq(ord_status_name(1), "ORD_UNKNOWN");
	cr_assert_str_eq(ord_status_name(-99), "ORD_UNKNOWN");
	cr_assert_not_null(ord_strerror(77));
	cr_assert_str_eq(ord_version(), ORD_VERSION);
}

Test(arguments, state_names)
{
	cr_assert_str_eq(ord_state_name(ORD_DONE), "done");
	cr_assert_str_eq(ord_state_name(ORD_TIMED_OUT), "timed out");
	cr_assert_str_eq(ord_state_name(ORD_CANCELED), "canceled");
	cr_assert_str_eq(ord_state_name(0), "unknown");
	cr_assert_str_eq(ord_state_name(11), "unknown");
	cr_assert_str_eq(ord_state_name(-1), "unknown");
}

Test(arguments, null_pools)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	const struct ord_result *result;
	struct ord_pool *none = NULL;

	cr_assert_eq(ord_pool_new(NULL, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_start(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_submit(NULL, "", 1, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_submit_wait(NULL, "", 1, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_submit_command(NULL, NULL, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_step(NULL, 0), ORD_EINVAL);
	cr_assert_eq(ord_pool_run(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_next(NULL, &result), ORD_EINVAL);
	cr_assert_eq(ord_pool_close(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_finish(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_cancel(NULL, 0), ORD_EINVAL);
	cr_assert_eq(ord_pool_cancel_all(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_interrupt(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_fd(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_statistics(NULL, &statistics), ORD_EINVAL);
	cr_assert_eq(ord_pool_submit_task(NULL, NULL, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_submit_task_wait(NULL, NULL, NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_next_within(NULL, 0, &result), ORD_EINVAL);
	cr_assert_eq(ord_pool_answer(NULL, 0, NULL, 0), ORD_EINVAL);
	cr_assert_eq(ord_pool_resize(NULL, 1), ORD_EINVAL);
	cr_assert_eq(ord_pool_suspend(NULL), ORD_EINVAL);
	cr_assert_eq(ord_pool_resume(NULL), ORD_EINVAL);
	cr_assert(strlen(ord_pool_error(NULL)) > 5);
	ord_pool_destroy(NULL);
	ord_pool_destroy(&none);
}

static int
new_says(const struct ord_pool_options *options)
{
	struct ord_pool *pool = (struct ord_pool *)&pool;
	int status = ord_pool_new(&pool, options);

	cr_assert_eq(status == 0, pool != NULL);
	ord_pool_destroy(&pool);
	return status;
}

#define NEW_SAYS(...) new_says(&ORD_POOL_OPTIONS(__VA_ARGS__))

Test(arguments, options_at_their_limits)
{
	static const int fds[] = { 0 };

	cr_assert_eq(new_says(NULL), 0);
	cr_assert_eq(NEW_SAYS(.workers = 0), 0);
	cr_assert_eq(NEW_SAYS(.workers = 4096), 0);
	cr_assert_eq(NEW_SAYS(.workers = 4097), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.window = 1u << 24), 0);
	cr_assert_eq(NEW_SAYS(.window = (1u << 24) + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.start = ORD_START_INLINE + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.order = ORD_COMPLETION + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.messages = ORD_ORDERED + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.capture = ORD_CAPTURE_OFF + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.level = ORD_CRITICAL), 0);
	cr_assert_eq(NEW_SAYS(.level = ORD_CRITICAL + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.line_bytes = 63), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.line_bytes = 64), 0);
	cr_assert_eq(NEW_SAYS(.line_bytes = 1 << 20), 0);
	cr_assert_eq(NEW_SAYS(.line_bytes = (1 << 20) + 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.functions_by_task = 2), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.n_keep_fds = 1), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.keep_fds = fds, .n_keep_fds = 1), 0);
	cr_assert_eq(NEW_SAYS(.function = tally_echo, .function_name = "x.so:f"), ORD_EINVAL);
	cr_assert_eq(NEW_SAYS(.timeout_ms = UINT32_MAX, .grace_ms = UINT32_MAX, .start_timeout_ms = UINT32_MAX), 0);
	cr_assert_eq(NEW_SAYS(.max_deaths = UINT32_MAX, .quarantine = UINT32_MAX, .window_bytes = UINT64_MAX), 0);
}

/* The options of a later release, and those of none. */
Test(arguments, options_of_other_sizes)
{
	struct {
		struct ord_pool_options options;
		unsigned char tail[64];
	} later = { .options = ORD_POOL_OPTIONS(.workers = 1) };

	later.options.size = sizeof later;
	cr_assert_eq(new_says(&later.options), 0);
	later.tail[63] = 1;
	cr_assert_eq(new_says(&later.options), ORD_ENOTSUP);
	later.options.size = sizeof later - 1;
	cr_assert_eq(new_says(&later.options), 0);
	later.options.size = 0;
	cr_assert_eq(new_says(&later.options), ORD_EINVAL);
	later.options.size = sizeof(size_t);
	cr_assert_eq(new_says(&later.options), ORD_EINVAL);
	later.options.size = SIZE_MAX;
	cr_assert_eq(new_says(&later.options), ORD_EINVAL);
}

/* A task of another release. */
SCENE(arguments, tasks_of_other_sizes)
{
	struct {
		struct ord_task_options task;
		unsigned char tail[64];
	} later = { .task = ORD_TASK(.input = "x", .input_size = 1, .pass = 1) };
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.on_result = take, .workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	later.task.size = sizeof later;
	CHECK_OK(pool, ord_pool_submit_task(pool, &later.task, NULL));
	later.tail[63] = 1;
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &later.task, NULL), ORD_ENOTSUP, ORD_VERSION);
	CHECK_FAILS(pool, ord_pool_submit_task_wait(pool, &later.task, NULL), ORD_ENOTSUP, ORD_VERSION);
	later.task.size = sizeof later - 1;
	CHECK_OK(pool, ord_pool_submit_task_wait(pool, &later.task, NULL));
	later.task.size = offsetof(struct ord_task_options, pass); /* less than the first release had */
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &later.task, NULL), ORD_EINVAL, "ORD_TASK");
	later.task.size = SIZE_MAX;
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &later.task, NULL), ORD_EINVAL, "ORD_TASK");
	ord_pool_destroy(&pool);
}

/* A command of another release. */
SCENE(arguments, commands_of_other_sizes)
{
	static const char *const argv[] = { "true", NULL };
	struct {
		struct ord_command command;
		unsigned char tail[64];
	} later = { .command = ORD_COMMAND(.argv = argv) };
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.on_result = take, .workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	later.command.size = sizeof later;
	CHECK_OK(pool, ord_pool_submit_command(pool, &later.command, NULL));
	later.tail[0] = 1;
	CHECK_FAILS(pool, ord_pool_submit_command(pool, &later.command, NULL), ORD_ENOTSUP, ORD_VERSION);
	later.command.size = sizeof(struct ord_command);
	CHECK_OK(pool, ord_pool_submit_command(pool, &later.command, NULL));
	later.command.size = offsetof(struct ord_command, retries); /* less than the first release had */
	CHECK_FAILS(pool, ord_pool_submit_command(pool, &later.command, NULL), ORD_EINVAL, "ORD_COMMAND");
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
}

SCENE(arguments, inputs)
{
	struct ord_pool *pool;
	uint64_t sequence = 77;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = tally_echo, .on_result = take, .workers = 1)));
	CHECK(strcmp(ord_pool_error(pool), "") == 0);
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_submit(pool, NULL, 1, &sequence), ORD_EINVAL, "NULL");
	CHECK_FAILS(pool, ord_pool_submit(pool, "", ((size_t)1 << 30) + 1, &sequence), ORD_ETOOBIG, "1 GiB");
	CHECK_FAILS(pool, ord_pool_submit(pool, "", SIZE_MAX, &sequence), ORD_ETOOBIG, "1 GiB");
	CHECK_EQ(sequence, 77);
	CHECK_OK(pool, ord_pool_submit(pool, NULL, 0, &sequence));
	CHECK_EQ(sequence, 0);
	CHECK_OK(pool, ord_pool_submit_wait(pool, "x", 1, &sequence));
	CHECK_EQ(sequence, 1);
	CHECK_FAILS(pool, ord_pool_cancel(pool, 2), ORD_EINVAL, "no task 2");
	CHECK_FAILS(pool, ord_pool_cancel(pool, UINT64_MAX), ORD_EINVAL, "no task");
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_OK(pool, ord_pool_cancel(pool, 1));
	ord_pool_destroy(&pool);
}

/* A pool that has finished takes every call and does nothing any more. */
SCENE(arguments, a_finished_pool)
{
	struct ord_statistics statistics = ORD_STATISTICS;
	struct ord_pool *pool;

	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.function = tally_echo, .on_result = take, .workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_OK(pool, ord_pool_submit(pool, "x", 1, NULL));
	CHECK_OK(pool, ord_pool_finish(pool));
	CHECK_FAILS(pool, ord_pool_submit_task(pool, &ORD_TASK(.pass = 1), NULL), ORD_ECLOSED, "closed");
	CHECK_FAILS(pool, ord_pool_submit_task_wait(pool, &ORD_TASK(.pass = 1), NULL), ORD_ECLOSED, "closed");
	CHECK_FAILS(pool, ord_pool_answer(pool, 0, NULL, 0), ORD_EINVAL, "task 0");
	CHECK_OK(pool, ord_pool_suspend(pool));
	CHECK_OK(pool, ord_pool_resume(pool));
	ord_pool_resize(pool, 3);
	CHECK_OK(pool, ord_pool_step(pool, 0));
	CHECK_OK(pool, ord_pool_run(pool));
	CHECK_OK(pool, ord_pool_cancel_all(pool));
	CHECK_OK(pool, ord_pool_interrupt(pool));
	CHECK_OK(pool, ord_pool_statistics(pool, &statistics));
	CHECK_EQ(statistics.delivered, 1);
	CHECK_EQ(statistics.workers, 0);
	ord_pool_destroy(&pool);
}

static int
command_says(struct ord_pool *pool, struct ord_command command, const char *word)
{
	uint64_t sequence = 77;
	int status = ord_pool_submit_command(pool, &command, &sequence);

	CHECK(status < 0 && sequence == 77);
	CHECK(strstr(ord_pool_error(pool), word) != NULL);
	return status;
}

#define COMMAND_SAYS(word, ...) command_says(pool, ORD_COMMAND(__VA_ARGS__), (word))

SCENE(arguments, commands)
{
	static const char *const argv[] = { "true", NULL };
	char *large = malloc((2 << 20) + 1);
	const char *large_argv[] = { "true", large, NULL };
	struct ord_pool *pool;

	CHECK(large != NULL);
	memset(large, 'x', 2 << 20);
	large[2 << 20] = '\0';
	CHECK_OK(NULL, ord_pool_new(&pool, &ORD_POOL_OPTIONS(.on_result = take, .workers = 1)));
	CHECK_OK(pool, ord_pool_start(pool));
	CHECK_FAILS(pool, ord_pool_submit(pool, "", 1, NULL), ORD_EINVAL, "no function");
	CHECK_FAILS(pool, ord_pool_submit_command(pool, NULL, NULL), ORD_EINVAL, "ORD_COMMAND");
	CHECK_EQ(COMMAND_SAYS("ORD_COMMAND", .argv = NULL), ORD_EINVAL);
	CHECK_EQ(COMMAND_SAYS("ORD_COMMAND", .argv = argv + 1), ORD_EINVAL);
	CHECK_EQ(command_says(pool, (struct ord_command){ .size = 8, .argv = argv }, "ORD_COMMAND"), ORD_EINVAL);
	CHECK_EQ(COMMAND_SAYS("", .argv = argv, .retries = 255), ORD_EINVAL);
	CHECK_EQ(COMMAND_SAYS("", .argv = argv, .output = ORD_OUTPUT_INHERIT + 1), ORD_EINVAL);
	CHECK_EQ(COMMAND_SAYS("", .argv = argv, .input_size = 1), ORD_EINVAL);
	CHECK_EQ(COMMAND_SAYS("1 GiB", .argv = argv, .input = large, .input_size = (1u << 30) + 1), ORD_ETOOBIG);
	CHECK_EQ(COMMAND_SAYS("2 MiB", .argv = large_argv), ORD_ETOOBIG);
	CHECK_EQ(COMMAND_SAYS("2 MiB", .argv = argv, .env = large_argv + 1), ORD_ETOOBIG);
	CHECK_OK(pool, ord_pool_finish(pool));
	ord_pool_destroy(&pool);
	free(large);
}

Test(arguments, log_outside_of_a_task)
{
	cr_assert_eq(ord_log(ORD_INFO, "nobody hears"), ORD_ENOTSUP);
	cr_assert_eq(ord_log(0, "nobody hears"), ORD_EINVAL);
	cr_assert_eq(ord_log(ORD_CRITICAL + 1, "nobody hears"), ORD_EINVAL);
}
