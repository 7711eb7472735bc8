/*
 * What becomes of outputs that a slow first task holds up: with
 * ORD_OVERFLOW_SPILL they leave the memory when half of the byte bound is
 * reached, and come back when they are delivered.  An output that finds no
 * room in the file stays in memory; then the bounds hold as ever.
 */
#include <errno.h>

#include <orderly/result.h>
#include <orderly/status.h>

#include "base/clock.h"
#include "base/memory.h"
#include "pool/pool.h"

#define AGAIN_NS CLOCK_NS_PER_S /* after a failure, if nothing was taken out */

int
spill_start(struct ord_pool *pool)
{
	if (pool->options.overflow != ORD_OVERFLOW_SPILL)
		return ORD_OK;
	return spill_open(&pool->spill, spill_directory(pool->options.spill_directory),
		pool->options.spill_bytes, &pool->error);
}

static bool
is_needed(const struct ord_pool *pool)
{
	return pool->core.bulky != NULL && pool->core.bytes > pool->options.window_bytes / 2 &&
		(pool->spill_again_ns == 0 || clock_now_ns() >= pool->spill_again_ns);
}

/* The newest, which will wait longest; what is delivered next stays. */
static struct slot *
next_to_spill(const struct ord_pool *pool)
{
	const struct core *core = &pool->core;
	const struct slot *first = core->options.completion ? core->settled : core_head(core);

	return core->bulky != first ? core->bulky : core->bulky->rest->bulky_next;
}

void
pool_spill(struct ord_pool *pool)
{
	struct slot *slot;
	uint64_t offset;

	while (is_needed(pool) && (slot = next_to_spill(pool)) != NULL) {
		const struct blob *output = &slot->result.output;

		pool->spill_again_ns = 0;
		if (spill_put(&pool->spill, blob_bytes(output), output->size, &offset) == 0)
			core_spilled(&pool->core, slot, offset);
		else
			pool->spill_again_ns = clock_now_ns() + AGAIN_NS;
	}
}

static void
lose(struct ord_pool *pool, struct slot *slot, int failed)
{
	struct error error;

	if (failed == ENOMEM)
		error_set(&error, ORD_ENOMEM, "the master has no memory for its result");
	else
		error_system(&error, failed,
			"its output cannot be read back from the spill file in %s",
			spill_directory(pool->options.spill_directory));
	slot->result.state = ORD_FAILED;
	detail_error(&slot->rest->detail, "%s", error.text);
}

/* The bytes are not counted again: they are about to be the user's. */
void
pool_unspill(struct ord_pool *pool, struct slot *slot)
{
	size_t size = slot->rest->spill_size;
	char *bytes = memory_resize(NULL, size + 1);

	pool->spill_again_ns = 0;
	if (bytes == NULL) {
		spill_drop(&pool->spill, slot->rest->spill_offset, size);
		lose(pool, slot, ENOMEM);
	} else if (spill_take(&pool->spill, slot->rest->spill_offset, bytes, size) != 0) {
		lose(pool, slot, errno);
		memory_free(bytes);
	} else {
		bytes[size] = '\0';
		blob_own(&slot->result.output, bytes, size);
	}
}
