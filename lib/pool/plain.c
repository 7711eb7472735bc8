/*
 * Plain tasks on their way back: a few bytes for the pool's own function were
 * answered with a few bytes.  They are what a pool is slow or fast with, so
 * here nothing is called and nothing asked that is the same for the next.
 * Whatever is not plain goes the way of receive.c.
 */
#include <orderly/result.h>

#include "core/plain.h"
#include "pool/pool.h"

/* The words of a RESULT that is done, says no times and no marks, but for its size. */
#define DONE_WORD RECORD_WORD(RECORD_RESULT, 0, ORD_DONE, 0)

/*
 * The payload size of the plain result at cursor; BLOB_INLINE + 1: another
 * record is there, or none, or it is so near the end that reading as much as
 * the largest could have would go beyond.
 */
static inline size_t
plain_size(const char *cursor, const char *end)
{
	size_t size;

	if (end - cursor < (ptrdiff_t)record_space(BLOB_INLINE))
		return BLOB_INLINE + 1;
	size = wire_get64(cursor) - DONE_WORD;
	return size <= BLOB_INLINE ? size : BLOB_INLINE + 1;
}

static uint32_t
most(const struct incarnation *incarnation)
{
	const struct core *core = &incarnation->pool->core;

	if (!incarnation->known || incarnation->attempt != 0 || incarnation->parts.size != 0 ||
		incarnation->parts_lost || incarnation->block.block != NULL)
		return 0;
	return plain_answers(core, &core->places[incarnation->place]);
}

void
plain_take(struct incarnation *incarnation, const char **cursor, const char *end)
{
	struct core *core = &incarnation->pool->core;
	uint32_t at_most = most(incarnation), n = 0;
	struct plain_reader reader;
	const char *at = *cursor;
	size_t size, bytes = 0;
	struct slot *slot;

	plain_reader_init(&reader, core, incarnation->place, incarnation->sequence);
	while (n < at_most && (size = plain_size(at, end)) <= BLOB_INLINE &&
		(slot = plain_expected(&reader, n)) != NULL) {
		slot->result.pid = incarnation->pid;
		slot->result.started_ns = incarnation->started_ns;
		slot->result.ended_ns = incarnation->ended_ns;
		plain_settle(core, slot, reader.place, at + RECORD_HEADER, size);
		at += record_space(size);
		bytes += size;
		n++;
	}
	if (n == 0)
		return;
	plain_settled(core, reader.place, n, bytes);
	incarnation->sequence += n;
	incarnation->batch_tasks += n;
	incarnation->taken += (uint64_t)(at - *cursor);
	*cursor = at;
}
