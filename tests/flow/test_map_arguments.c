/* What ord_map refuses, and what it says when a pool cannot start, ends, or has no memory. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/memory_fault.h"
#include "map.h"

static int
echo(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	return ord_task_return(task, &number, sizeof number);
}

static void
ignore(const struct ord_result *result, void *user)
{
	(void)result;
	(void)user;
}

static void
refused(ord_task_fn function, const struct ord_bytes *inputs, size_t n, const struct ord_map_options *options)
{
	struct ord_results *results = (struct ord_results *)(uintptr_t)&results;

	CHECK_EQ(ord_map(function, inputs, n, &results, options), ORD_EINVAL);
	CHECK(results == NULL);
}

SCENE(map_arguments, wrong_ones_are_refused)
{
	static const struct ord_bytes bad[] = { { "x", 1 }, { NULL, 1 } };
	struct ord_map_options small = ORD_MAP_OPTIONS(.keep_going = 1), huge = ORD_MAP_OPTIONS(.keep_going = 1);

	small.size--;
	huge.size = SIZE_MAX;
	CHECK_EQ(ord_map(echo, map_numbers(1), 1, NULL, NULL), ORD_EINVAL);
	refused(NULL, map_numbers(1), 1, NULL);
	refused(echo, NULL, 1, NULL);
	refused(echo, bad, 2, NULL);
	refused(echo, map_numbers(1), 1, &small);
	refused(echo, map_numbers(1), 1, &huge);
	refused(echo, map_numbers(1), 1, &(struct ord_map_options){ 0 });
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.keep_going = 2));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.process_per_item = 2));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function = echo)));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.function_name = "echo")));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.on_result = ignore)));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &(struct ord_pool_options){ 0 }));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.retries = 1000)));
	refused(echo, map_numbers(1), 1, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 5000)));
	refused(echo, NULL, 0, &ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 5000)));
}

static int
measure(struct ord_task *task, void *user)
{
	size_t size;

	(void)user;
	ord_task_input(task, &size);
	return ord_task_return(task, &size, sizeof size);
}

SCENE(map_arguments, empty_inputs_are_inputs)
{
	static const struct ord_bytes inputs[] = { { NULL, 0 }, { "x", 0 }, { "x", 1 } };
	struct ord_results *results;

	CHECK_EQ(ord_map(measure, inputs, 3, &results, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		CHECK_EQ(*(const size_t *)ord_result_output(map_at(results, i, ORD_DONE), NULL), i / 2);
	ord_results_destroy(&results);
}

static void
all_canceled(const struct ord_results *results, size_t n, const char *word)
{
	CHECK_EQ(ord_results_count(results), n);
	CHECK_EQ(ord_results_failed(results), 0);
	CHECK_EQ(map_count(results, ORD_CANCELED), n);
	for (size_t i = 0; i < n; i++)
		CHECK(strstr(ord_result_error(ord_results_at(results, i)), word) != NULL);
}

SCENE(map_arguments, an_input_that_is_too_large_is_named_before_anything_runs)
{
	struct ord_bytes inputs[] = { { "a", 1 }, { "b", ((size_t)1 << 30) + 1 } };
	struct ord_results *results;
	int status = ord_map(measure, inputs, 2, &results, NULL);

	map_said(status, results, ORD_ETOOBIG, "the input at offset 1 is larger than 1 GiB");
	all_canceled(results, 2, "offset 1 is larger");
	ord_results_destroy(&results);
}

struct newer_map {
	struct ord_map_options known;
	uint64_t option;
};

struct newer_pool {
	struct ord_pool_options known;
	uint64_t option;
};

SCENE(map_arguments, options_of_a_newer_version)
{
	struct newer_map map = { ORD_MAP_OPTIONS(.keep_going = 1), 0 };
	struct newer_pool pool = { ORD_POOL_OPTIONS(.workers = 1), 0 };
	struct ord_results *results;

	map.known.size = sizeof map;
	map.known.pool = &pool.known;
	pool.known.size = sizeof pool;
	CHECK_EQ(ord_map(echo, map_numbers(3), 3, &results, &map.known), 0);
	ord_results_destroy(&results);
	for (int i = 0; i < 2; i++) {
		map.option = i == 0;
		pool.option = i == 1;
		CHECK_EQ(ord_map(echo, map_numbers(3), 3, &results, &map.known), ORD_ENOTSUP);
		all_canceled(results, 3, "does not know");
		ord_results_destroy(&results);
	}
}

SCENE(map_arguments, results_that_are_not_there)
{
	struct ord_results *results = NULL;

	CHECK_EQ(ord_results_count(NULL), 0);
	CHECK_EQ(ord_results_failed(NULL), 0);
	CHECK(ord_results_at(NULL, 0) == NULL);
	CHECK(strstr(ord_results_error(NULL), "no results") != NULL);
	ord_results_destroy(NULL);
	ord_results_destroy(&results);
}

/* --- pools that do not start, or end --- */

SCENE_WITHOUT_WORKER_MAIN(map_arguments, a_pool_that_cannot_start_is_told_in_the_results)
{
	struct ord_results *results;
	int status = ord_map(echo, map_numbers(3), 3, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.start = ORD_START_EXEC)));

	map_said(status, results, ORD_ENOTSUP, "ord_worker_main");
	all_canceled(results, 3, "ord_worker_main");
	ord_results_destroy(&results);
}

SCENE(map_arguments, a_program_that_is_missing_is_told_in_the_results)
{
	struct ord_results *results;
	int status = ord_map(echo, map_numbers(3), 3, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.program = "/none/such")));

	map_said(status, results, ORD_EPROGRAM, "/none/such");
	all_canceled(results, 3, "/none/such");
	ord_results_destroy(&results);
}

/* The first fork makes the spawner, the forks from there on make workers. */
static int forks;

static void
end_workers(void)
{
	if (++forks == 2)
		_exit(7);
}

SCENE(map_arguments, a_pool_that_ends_cancels_the_rest)
{
	struct ord_results *results;
	int status;

	CHECK_EQ(pthread_atfork(NULL, NULL, end_workers), 0);
	status = ord_map(echo, map_numbers(20), 20, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(
					 .workers = 2, .max_deaths = 3, .start = ORD_START_FORK, .window = 5)));
	map_said(status, results, ORD_ECRASHLOOP, "code 7");
	all_canceled(results, 20, "code 7");
	ord_results_destroy(&results);
}

/* Item 2 kills the spawner, which is its parent. */
static int
kill_spawner(struct ord_task *task, void *user)
{
	uint64_t number = map_number(task);

	(void)user;
	if (number == 2) {
		kill(getppid(), SIGKILL);
		for (;;)
			pause();
	}
	return ord_task_return(task, &number, sizeof number);
}

SCENE(map_arguments, a_spawner_that_is_killed_cancels_the_rest)
{
	struct ord_results *results;
	int status = ord_map(kill_spawner, map_numbers(50), 50, &results,
		&ORD_MAP_OPTIONS(.keep_going = 1, .pool = &ORD_POOL_OPTIONS(.workers = 1, .window = 10)));

	map_said(status, results, ORD_ELOST, "spawner");
	map_gave(results, 0, 0);
	map_gave(results, 1, 1);
	map_at(results, 2, ORD_SIGNALED);
	map_at(results, 49, ORD_CANCELED);
	CHECK_EQ(map_count(results, ORD_CANCELED), 47);
	ord_results_destroy(&results);
}

/* --- no memory --- */

static int
map_with_fault(uint32_t start, int n)
{
	struct ord_results *results = NULL;
	size_t done;
	int status, came;

	memory_fault_at((unsigned long)n);
	status = ord_map(echo, map_numbers(8), 8, &results,
		&ORD_MAP_OPTIONS(.pool = &ORD_POOL_OPTIONS(.workers = 2, .start = start)));
	came = memory_fault_came();
	memory_fault_at(0);
	if (results == NULL) {
		CHECK_EQ(status, ORD_ENOMEM);
		return came;
	}
	done = 0;
	for (size_t i = 0; i < 8; i++)
		done += ord_result_state(ord_results_at(results, i)) == ORD_DONE;
	CHECK_EQ(ord_results_count(results), 8);
	CHECK_EQ(status == 0, done == 8);
	CHECK_EQ(status == 0, ord_results_error(results)[0] == '\0');
	ord_results_destroy(&results);
	return came;
}

SCENE(map_arguments, without_memory_nothing_is_lost_or_left)
{
	for (uint32_t start = ORD_START_EXEC; start <= ORD_START_INLINE; start++)
		for (int n = 1; start != ORD_START_COMMAND && map_with_fault(start, n); n++)
			CHECK(n < 300);
}
