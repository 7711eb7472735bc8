/*
 * The easy call: a pool is made, filled and taken down within it.  Results
 * leave the pool as they are done (unless messages are wanted in the order of
 * the items), so that the first failure stops the rest at once and one slow
 * item holds no other up; each is put at the index of its input.  The place of every result is there before anything is started, so
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
	bool keep_going;       /* after a failure */
	bool has_first;        /* an item has failed */
	size_t first;          /* its offset */
	ord_event_fn on_event; /* the caller's */
	void *on_event_user;
	uint32_t events; /* that the caller wants; 0: all */
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
note_failure(struct map *map, uint64_t offset)
{
	if (map->has_first)
		return;
	map->has_first = true;
	map->first = (size_t)offset;
	if (!map->keep_going)
		ord_pool_interrupt(map->pool);
}

static void
on_result(const struct ord_result *result, void *user)
{
	struct map *map = user;
	struct ord_results *results = map->results;

	result_move(&results->at[result->sequence], result);
	if (!has_failed(result))
		return;
	results->failed++;
	note_failure(map, result->sequence);
}

/* Messages in the order of items hold results up; that one has failed is known when it ends. */
static void
on_event(const struct ord_event *event, void *user)
{
	struct map *map = user;
	int kind = ord_event_kind(event), state = ord_event_state(event);

	if (kind == ORD_TASK_ENDED && state != ORD_DONE && state != ORD_CANCELED)
		note_failure(map, ord_event_sequence(event));
	if (map->on_event != NULL && (map->events == 0 || (map->events & ORD_EVENT_BIT(kind)) != 0))
		map->on_event(event, map->on_event_user);
}

static void
watch_ends(struct map *map, struct ord_pool_options *pool)
{
	map->on_event = pool->on_event;
	map->on_event_user = pool->on_event_user;
	map->events = pool->events;
	if (pool->on_event == NULL)
		pool->events = ORD_EVENT_BIT(ORD_TASK_ENDED);
	else if (pool->events != 0)
		pool->events |= ORD_EVENT_BIT(ORD_TASK_ENDED);
	pool->on_event = on_event;
	pool->on_event_user = map;
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
			detail_error(&result->detail, "%s", text);
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
	pool->order = pool->messages == ORD_ORDERED ? ORD_SUBMISSION : ORD_COMPLETION;
	if (pool->messages == ORD_ORDERED)
		watch_ends(map, pool);
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
