/*
 * The easy call: run a function once for each of n inputs, in worker
 * processes, and get n results, each at the index of its input.
 */
#ifndef ORDERLY_MAP_H
#define ORDERLY_MAP_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>
#include <orderly/pool.h>
#include <orderly/result.h>
#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One input. */
struct ord_bytes {
	const void *data; /* data[size]; NULL if size is 0 */
	size_t size;
};

/* The results of one call. */
struct ord_results;

struct ord_map_options {
	size_t size;                         /* set by ORD_MAP_OPTIONS; never by hand */
	const struct ord_pool_options *pool; /* workers (processes at once), callbacks, time-outs …; function, function_name and on_result must be unset, order is of no account; NULL: defaults */
	uint32_t process_per_item;           /* 1: each item has a new process of its own */
	uint32_t keep_going;                 /* 0: after the first item that fails, items that have not started are canceled; 1: all are run */
	/* fields are only ever appended; 0 always means the documented default */
};

#ifndef __cplusplus
#define ORD_MAP_OPTIONS(...) \
	((struct ord_map_options){ .size = sizeof(struct ord_map_options), __VA_ARGS__ })
#else
static inline ord_map_options
ord_map_options_default()
{
	ord_map_options options = ord_map_options();
	options.size = sizeof options;
	return options;
}
#endif

/*
 * Run function for inputs[0 … n) and wait for all results.
 *
 * function  what to do with each input
 * inputs    inputs[n], each at most 1 GiB; read only during the call; NULL if n is 0
 * results   out: n results, never fewer: an item that was not run is ORD_CANCELED, and
 *           its error says why; free them with ord_results_destroy; NULL only after
 *           ORD_EINVAL, and after ORD_ENOMEM if there was no memory to begin
 * options   NULL: all defaults
 *
 * Returns 0 if every item is ORD_DONE, or (the sentence is ord_results_error)
 *   ORD_EFAILED  some failed; it names their offsets
 *   ORD_EINVAL   an argument or option is wrong
 *   ORD_ENOTSUP  an option is set that this version does not know
 *   ORD_ETOOBIG  an input is larger than 1 GiB; nothing was run
 *   and as ord_pool_start and ord_pool_finish: what was not run then is canceled.
 * After the first item that fails, those that run end in their own time, and those that have
 * not started are canceled, unless .keep_going is set.  There are as many workers as .pool->workers
 * says, by default one per processor, also with .process_per_item, and never more than items.
 * With .messages ORD_ORDERED in .pool messages come in the order of the items.
 * Messages and events carry the item's offset as their sequence; start and end of each item
 * are ORD_TASK_STARTED and ORD_TASK_ENDED of .pool's on_event.  With n 0 it
 * returns at once and starts nothing.  A signal that ends the program, such as Ctrl-C, ends all workers.
 * Since 0.1.  Source: lib/map/map.c.  See ord_map(3).
 */
ORD_API int ORD_MUST_CHECK
ord_map(ord_task_fn function, const struct ord_bytes *inputs, size_t n,
	struct ord_results **results, const struct ord_map_options *options);

/* How many there are: n; 0 for NULL.  Since 0.1.  Source: lib/map/map.c. */
ORD_API size_t
ord_results_count(const struct ord_results *results);

/* The result of inputs[index], which is its sequence; NULL if there is no such index.  Valid until ord_results_destroy.  Since 0.1.  Source: lib/map/map.c. */
ORD_API const struct ord_result *
ord_results_at(const struct ord_results *results, size_t index);

/* How many failed: those that are neither ORD_DONE nor ORD_CANCELED; 0 for NULL.  Since 0.1.  Source: lib/map/map.c. */
ORD_API size_t
ord_results_failed(const struct ord_results *results);

/*
 * What went wrong, such as "the tasks at offset 1, 3 failed" (of very many the
 * first, and how many more); "" if nothing did.  Valid until ord_results_destroy; for NULL: that there are no results.
 * Since 0.1.  Source: lib/map/map.c.
 */
ORD_API const char *
ord_results_error(const struct ord_results *results);

/* Free them; NULL and *results NULL are fine; *results becomes NULL.  Since 0.1.  Source: lib/map/map.c. */
ORD_API void
ord_results_destroy(struct ord_results **results);

#ifdef __cplusplus
}
#endif
#endif
