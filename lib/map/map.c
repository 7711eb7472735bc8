/*
 * The easy call: a pool is made, filled and taken down within it.  Results
 * leave the pool as they are done, so that the first failure stops the rest at
 * once and one slow item holds no other up; each is put at the index of its
 * input.  The place of every result is there before anything is started, so
 * nothing that was computed can be lost for want of memory.
 */
#include <orderly/map.h>

#include <stdbool.h>
#include <stdio.h>

#include <orderly/status.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/processors.h"
#include "core/core.h"
#include "deliver/result.h"

#define FIRST_SIZE OPTIONS_UP_TO(struct ord_map_options, keep_going)
#define FIRST_POOL_SIZE OPTIONS_UP_TO(struct ord_pool_options, functions_by_task)
#define INPUT_MAX ((size_t)1 << 30) /* as ord_pool_submit has it */
#define WORKERS_MAX 4096            /* as struct ord_pool_options has it */
#define NAMED_MAX 900               /* bytes of the sentence that names offsets */

struct ord_results {
	size_t n;
	size_t failed;         /* of them, neither ORD_DONE nor ORD_CANCELED */
	struct ord_result *at; /* at[n]; state 0: not there yet */
	struct error error;
};

/* A call that goes on. */
struct map {
	struct ord_pool *pool;
	struct ord_results *results;
	size_t first;    /* offset of the item that failed first */
	bool keep_going; /* after a failure */
};

/* --- results --- */

static struct ord_results *
results_new(size_t n)
{
	struct ord_results *results = memory_new(1, sizeof *results);

	if (results == NULL)
		return NULL;
	results->n = n;
	results->at = memory_new(n != 0 ? n : 1, sizeof *results->at);
	if (results->at == NULL)
		ord_results_destroy(&results);
	return results;
}

static bool
has_failed(const struct ord_result *result)
{
	return result->state != ORD_DONE && result->state != ORD_CANCELED;
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct map *map = user;
	struct ord_results *results = map->results;
	size_t offset = (size_t)result->sequence;

	result_move(&results->at[offset], result);
	if (!has_failed(&results->at[offset]))
		return;
	if (results->failed++ != 0)
		return;
	map->first = offset;
	if (!map->keep_going)
		ord_pool_interrupt(map->pool);
}

/* "the tasks at offset 1, 3 failed", as long as a sentence can be. */
static void
name_failed(struct ord_results *results)
{
	char *text = results->error.text;
	size_t size = sizeof results->error.text, used, named = 0;

	results->error.status = ORD_EFAILED;
	used = (size_t)snprintf(
		text, size, "the task%s at offset", results->failed == 1 ? "" : "s");
	for (size_t i = 0; i < results->n && used < NAMED_MAX; i++)
		if (has_failed(&results->at[i]))
			used += (size_t)snprintf(
				text + used, size - used, "%s %zu", named++ == 0 ? "" : ",", i);
	if (named < results->failed)
		used += (size_t)snprintf(
			text + used, size - used, " … and %zu more", results->failed - named);
	snprintf(text + used, size - used, " failed");
}

/* Every item that was not run says why. */
static void
fill_in(struct ord_results *results, const char *why)
{
	char text[sizeof results->error.text + 16];

	snprintf(text, sizeof text, "canceled: %s", why);
	for (size_t i = 0; i < results->n; i++) {
		struct ord_result *result = &results->at[i];

		if (result->state == 0)
			result_set_unrun(result, i, ORD_CANCELED, text);
		else if (result->state == ORD_CANCELED)
			result_error(result, "%s", text);
	}
}

/* --- the call --- */

static int
submit_all(struct ord_pool *pool, const struct ord_bytes *inputs, size_t n)
{
	int status = ORD_OK;

	for (size_t i = 0; i < n && status == ORD_OK; i++)
		status = ord_pool_submit_wait(pool, inputs[i].data, inputs[i].size, NULL);
	return status;
}

/* What the pool or the items say, as the error of the results. */
static void
judge(struct map *map, int status)
{
	struct ord_results *results = map->results;
	char why[96];

	/* Nobody else knows the pool, so that it was interrupted here. */
	if (status != ORD_OK && status != ORD_EINTERRUPTED) {
		error_set(&results->error, status, "%s", ord_pool_error(map->pool));
		fill_in(results, results->error.text);
	} else if (results->failed != 0) {
		snprintf(why, sizeof why, "the task at offset %zu failed first", map->first);
		fill_in(results, why);
		name_failed(results);
	}
}

static int
run(struct map *map, const struct ord_bytes *inputs)
{
	int status = ord_pool_start(map->pool);

	if (status == ORD_OK) {
		submit_all(map->pool, inputs, map->results->n);
		status = ord_pool_finish(map->pool); /* the first error, also of submitting */
	}
	judge(map, status);
	return map->results->error.status;
}

/* --- before the start --- */

static bool
are_inputs(const struct ord_bytes *inputs, size_t n)
{
	if (inputs == NULL)
		return n == 0;
	for (size_t i = 0; i < n; i++)
		if (inputs[i].data == NULL && inputs[i].size != 0)
			return false;
	return true;
}

static int
copy_options(struct ord_map_options *to, struct ord_pool_options *pool,
	const struct ord_map_options *from)
{
	int status = ORD_OK;

	if (from != NULL)
		status = options_copy(to, sizeof *to, FIRST_SIZE, from);
	if (status == ORD_OK && to->pool != NULL)
		status = options_copy(pool, sizeof *pool, FIRST_POOL_SIZE, to->pool);
	if (status == ORD_OK &&
		(to->process_per_item > 1 || to->keep_going > 1 || pool->function != NULL ||
			pool->function_name != NULL || pool->on_result != NULL))
		status = ORD_EINVAL;
	return status;
}

static int
check_sizes(const struct ord_bytes *inputs, size_t n, struct error *error)
{
	for (size_t i = 0; i < n; i++)
		if (inputs[i].size > INPUT_MAX)
			return error_set(error, ORD_ETOOBIG,
				"the input at offset %zu is larger than 1 GiB: pass a file's name instead",
				i);
	return ORD_OK;
}

/* No more workers than items; a number that is none stays so. */
static uint32_t
workers_for(uint32_t workers, size_t n)
{
	if (workers == 0)
		workers = processors_usable();
	return n != 0 && n < workers && workers <= WORKERS_MAX ? (uint32_t)n : workers;
}

static int
make_pool(struct map *map, ord_task_fn function, const struct ord_map_options *options,
	struct ord_pool_options *pool)
{
	pool->size = sizeof *pool;
	pool->function = function;
	pool->on_result = on_result;
	pool->on_result_user = map;
	pool->order = ORD_COMPLETION;
	if (pool->start != ORD_START_INLINE)
		pool->workers = workers_for(pool->workers, map->results->n);
	if (options->process_per_item != 0)
		pool->recycle_tasks = 1;
	map->keep_going = options->keep_going != 0;
	return ord_pool_new(&map->pool, pool);
}

/* A pool that is not started; the sentence of what is wrong, if it can be told at all. */
static int
prepare(struct map *map, ord_task_fn function, const struct ord_bytes *inputs,
	const struct ord_map_options *options)
{
	struct ord_pool_options pool = { 0 };
	struct ord_map_options ours = { 0 };
	struct error *error = &map->results->error;
	int status = copy_options(&ours, &pool, options);

	if (status == ORD_ENOTSUP)
		return error_set(error, status,
			"an option is set that this version of orderly does not know");
	if (status == ORD_OK)
		status = make_pool(map, function, &ours, &pool);
	return status != ORD_OK ? status : check_sizes(inputs, map->results->n, error);
}

int
ord_map(ord_task_fn function, const struct ord_bytes *inputs, size_t n, struct ord_results **out,
	const struct ord_map_options *options)
{
	struct map map = { 0 };
	int status;

	if (out == NULL)
		return ORD_EINVAL;
	*out = NULL;
	if (function == NULL || !are_inputs(inputs, n))
		return ORD_EINVAL;
	map.results = results_new(n);
	if (map.results == NULL)
		return ORD_ENOMEM;
	status = prepare(&map, function, inputs, options);
	if (status == ORD_OK && n != 0)
		status = run(&map, inputs);
	else if (status == ORD_EINVAL || status == ORD_ENOMEM)
		ord_results_destroy(&map.results);
	else if (status != ORD_OK)
		fill_in(map.results, map.results->error.text);
	ord_pool_destroy(&map.pool);
	*out = map.results;
	return status;
}

/* --- what came of it --- */

size_t
ord_results_count(const struct ord_results *results)
{
	return results != NULL ? results->n : 0;
}

const struct ord_result *
ord_results_at(const struct ord_results *results, size_t index)
{
	return results != NULL && index < results->n ? &results->at[index] : NULL;
}

size_t
ord_results_failed(const struct ord_results *results)
{
	return results != NULL ? results->failed : 0;
}

const char *
ord_results_error(const struct ord_results *results)
{
	return results != NULL
		? results->error.text
		: "there are no results: ord_strerror of what ord_map returned says why";
}

void
ord_results_destroy(struct ord_results **out)
{
	struct ord_results *results;

	if (out == NULL || *out == NULL)
		return;
	results = *out;
	*out = NULL;
	for (size_t i = 0; results->at != NULL && i < results->n; i++)
		result_finish(&results->at[i]);
	memory_free(results->at);
	memory_free(results);
}
