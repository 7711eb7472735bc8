/* What the tests of ord_map share: inputs that are numbers, a page that master and workers see, and checks. */
#ifndef FLOW_MAP_H
#define FLOW_MAP_H

#include <stdatomic.h>

#include "scene.h"

enum { MAP_MAX = 1000 };

/* Shared with workers that are forked after map_page. */
struct map_page {
	_Atomic uint64_t heard[MAP_MAX]; /* messages of each item that reached the master */
	_Atomic uint32_t runs[MAP_MAX];  /* how often each item was run */
	atomic_uint running, most;       /* items at once, and the most of them */
	atomic_uint turn;
	atomic_uint failed;
	uint32_t order[4]; /* an item's place in the order of completion */
};

struct map_page *map_page(void);

/* Waits for something that another process does. */
#define MAP_AWAIT(condition)                                                       \
	for (uint64_t until_ = scene_now_ms() + SCENE_LONG_MS; !(condition); scene_pause_ms(1)) \
	CHECK(scene_now_ms() < until_)

/* inputs[n] that are 0 … n - 1, each a uint64_t. Static memory. */
const struct ord_bytes *map_numbers(size_t n);

/* The input as a number. */
uint64_t map_number(const struct ord_task *task);

/* The result at an index, which must have this state; its error is "" only if it is ORD_DONE. */
const struct ord_result *map_at(const struct ord_results *results, size_t index, int state);

/* The output at an index, which must be ORD_DONE with this number. */
void map_gave(const struct ord_results *results, size_t index, uint64_t number);

/* How many have this state; each result is at its index. */
size_t map_count(const struct ord_results *results, int state);

/* A call that must return `status`, with a sentence that holds `word`. */
void map_said(int status, const struct ord_results *results, int wanted, const char *word);

#endif
