/*
 * Functions that tasks bring along.  Each has a number, given when a task
 * brings it for the first time; what crosses the wire with a task is the
 * number, and an incarnation is told what it means in front of the first call
 * with it.  A function that cannot be told is told too, as the sentence with
 * which its tasks fail at their places.
 */
#include "pool/pool.h"

#include <string.h>

#include <orderly/status.h>

#include "base/memory.h"
#include "spawn/function.h"

#define NUMBER_MAX 65535u /* what a CALL can say; stands for all functions beyond the others */
#define FIRST_ROOM 16u

/* --- finding the number again --- */

static uint32_t
hash_of(ord_task_fn function, const char *name)
{
	uint64_t hash = (uint64_t)(uintptr_t)function;

	for (; name != NULL && *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	return (uint32_t)((hash * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static bool
is_it(const struct pool_function *entry, ord_task_fn function, const char *name)
{
	if (name == NULL)
		return entry->name == NULL && entry->function == function;
	return entry->name != NULL && strcmp(entry->name, name) == 0;
}

/* Where the number of a function is, or belongs: open addressing, twice as many buckets as entries. */
static uint16_t *
bucket_of(const struct pool_functions *functions, ord_task_fn function, const char *name)
{
	uint32_t mask = functions->room * 2 - 1, at = hash_of(function, name) & mask;

	while (functions->buckets[at] != 0 &&
		!is_it(&functions->list[functions->buckets[at]], function, name))
		at = (at + 1) & mask;
	return &functions->buckets[at];
}

/* Number 0 is nobody's, so room for n functions is for n - 1. */
static int
grow(struct pool_functions *functions)
{
	uint32_t room = functions->room != 0 ? functions->room * 2 : FIRST_ROOM;
	uint16_t *buckets = memory_new((size_t)room * 2, sizeof *buckets);
	struct pool_function *list =
		buckets != NULL ? memory_resize(functions->list, room * sizeof *list) : NULL;

	if (list != NULL)
		functions->list = list;
	if (buckets == NULL || list == NULL) {
		memory_free(buckets);
		return -1;
	}
	memory_free(functions->buckets);
	functions->buckets = buckets;
	functions->room = room;
	for (uint32_t i = 1; i <= functions->n; i++)
		*bucket_of(functions, list[i].function, list[i].name) = (uint16_t)i;
	return 0;
}

/* --- a new one --- */

static int
describe(const struct ord_pool *pool, struct function_spec *spec, ord_task_fn function,
	const char *name, struct error *error)
{
	if (pool->functions.n + 1 >= NUMBER_MAX)
		return error_set(error, ORD_ENOTSUP,
			"the tasks of a pool can bring %u functions along, and this is one more: make another pool",
			NUMBER_MAX - 1);
	if (name != NULL)
		return function_describe_name(spec, name, error);
	switch (pool->start) {
	case ORD_START_FORK: return function_describe_here(spec, function, error);
	case ORD_START_INLINE:
		*spec = (struct function_spec){ .kind = FUNCTION_ADDRESS,
			.address = (uint64_t)(uintptr_t)function };
		return ORD_OK;
	case ORD_START_COMMAND:
		return error_set(error, ORD_ENOTSUP,
			"ORD_START_COMMAND cannot call a function of this program: use .function_name = "
			"\"file.so:function\", or call ord_worker_main at the top of main");
	default: return function_describe(spec, function, error);
	}
}

static int
add(struct ord_pool *pool, ord_task_fn function, const char *name)
{
	struct pool_function entry = { .function = function };
	char bytes[FUNCTION_BYTES_MAX];
	struct error error = { 0, "" };
	struct function_spec spec;

	if (pool->functions.n + 1 >= pool->functions.room && grow(&pool->functions) != 0)
		return -1;
	if (describe(pool, &spec, function, name, &error) != 0)
		function_refuse(&spec, error.text);
	entry.size = (uint32_t)function_encode(&spec, bytes);
	entry.bytes = memory_copy(bytes, entry.size);
	if (name != NULL)
		entry.name = memory_copy(name, strlen(name));
	if (entry.bytes == NULL || (name != NULL && entry.name == NULL)) {
		memory_free(entry.bytes);
		memory_free(entry.name);
		return -1;
	}
	*bucket_of(&pool->functions, function, name) = (uint16_t)(pool->functions.n + 1);
	pool->functions.list[++pool->functions.n] = entry;
	return 0;
}

static bool
is_the_pools(const struct ord_pool *pool, ord_task_fn function, const char *name)
{
	if (name == NULL)
		return function == pool->options.function;
	return pool->function_name != NULL && strcmp(name, pool->function_name) == 0;
}

int
pool_function(struct ord_pool *pool, ord_task_fn function, const char *name, uint32_t *number)
{
	struct pool_functions *functions = &pool->functions;

	*number = 0;
	if (pool->incarnations == NULL)
		return error_set(&pool->error, ORD_EINVAL,
			"the pool has no workers for functions: set .function, .function_name or .functions_by_task");
	if (is_the_pools(pool, function, name))
		return ORD_OK;
	if (functions->last != 0 && is_it(&functions->list[functions->last], function, name)) {
		*number = functions->last;
		return ORD_OK;
	}
	if (functions->room != 0)
		*number = *bucket_of(functions, function, name);
	if (*number == 0 && functions->n < NUMBER_MAX) {
		if (add(pool, function, name) != 0)
			return error_memory(&pool->error);
		*number = functions->n;
	}
	if (*number == 0)
		*number = NUMBER_MAX;
	functions->last = *number;
	return ORD_OK;
}

void
pool_functions_finish(struct pool_functions *functions)
{
	for (uint32_t i = 1; i <= functions->n; i++) {
		memory_free(functions->list[i].bytes);
		memory_free(functions->list[i].name);
	}
	memory_free(functions->list);
	memory_free(functions->buckets);
	*functions = (struct pool_functions){ 0 };
}

/* --- telling workers --- */

static bool
is_told(const struct incarnation *incarnation, uint32_t number)
{
	return (incarnation->told[number / 64] >> (number % 64) & 1) != 0;
}

static int
reserve_told(struct incarnation *incarnation)
{
	uint32_t words = incarnation->pool->functions.n / 64 + 1;
	uint64_t *told;

	if (words <= incarnation->told_words)
		return 0;
	told = memory_resize(incarnation->told, words * sizeof *told);
	if (told == NULL)
		return -1;
	memset(told + incarnation->told_words, 0, (words - incarnation->told_words) * sizeof *told);
	incarnation->told = told;
	incarnation->told_words = words;
	return 0;
}

int
functions_bytes(struct incarnation *incarnation, uint32_t n, size_t *size)
{
	struct ord_pool *pool = incarnation->pool;
	struct pool_functions *functions = &pool->functions;

	if (functions->n == 0)
		return 0;
	if (reserve_told(incarnation) != 0)
		return -1;
	functions->sends++;
	for (uint32_t back = n; back > 0; back--) {
		uint32_t number = core_sent(&pool->core, incarnation->place, back)->task.function;
		struct pool_function *function = &functions->list[number];

		if (number == 0 || function->sent == functions->sends ||
			is_told(incarnation, number))
			continue;
		function->sent = functions->sends;
		*size += record_space(function->size);
	}
	return 0;
}

char *
functions_put(struct incarnation *incarnation, char *to, uint32_t n)
{
	struct ord_pool *pool = incarnation->pool;

	for (uint32_t back = n; back > 0 && pool->functions.n != 0; back--) {
		uint32_t number = core_sent(&pool->core, incarnation->place, back)->task.function;
		const struct pool_function *function = &pool->functions.list[number];

		if (number == 0 || is_told(incarnation, number))
			continue;
		incarnation->told[number / 64] |= UINT64_C(1) << (number % 64);
		memcpy(record_begin(to, RECORD_FUNCTION, 0, (uint16_t)number, function->size),
			function->bytes, function->size);
		to += record_space(function->size);
	}
	return to;
}
