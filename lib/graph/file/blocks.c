/*
 * Small things in large blocks.  What is larger than a quarter of a block gets
 * one of its own, so that little room is lost at the end of one.
 */
#include "graph/file/blocks.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK_BYTES 65536
#define ALIGN alignof(max_align_t)

struct block {
	struct block *before;
	alignas(max_align_t) char bytes[];
};

/* A block behind the list's head, or as its head. */
static struct block *
add(struct blocks *blocks, size_t size, int alone)
{
	struct block *block =
		size <= SIZE_MAX - sizeof *block ? memory_new(1, sizeof *block + size) : NULL;

	if (block == NULL)
		return NULL;
	blocks->total += size;
	if (alone && blocks->last != NULL) {
		block->before = blocks->last->before;
		blocks->last->before = block;
		return block;
	}
	block->before = blocks->last;
	blocks->last = block;
	blocks->used = 0;
	blocks->size = size;
	return block;
}

void *
blocks_take(struct blocks *blocks, size_t size)
{
	struct block *block;
	size_t wanted;

	if (size > SIZE_MAX - ALIGN)
		return NULL;
	wanted = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (wanted > BLOCK_BYTES / 4) {
		block = add(blocks, wanted, 1);
		if (block != NULL && block == blocks->last)
			blocks->used = wanted;
		return block != NULL ? block->bytes : NULL;
	}
	if (blocks->last == NULL || blocks->size - blocks->used < wanted)
		if (add(blocks, BLOCK_BYTES, 0) == NULL)
			return NULL;
	blocks->used += wanted;
	return blocks->last->bytes + blocks->used - wanted;
}

void *
blocks_take_many(struct blocks *blocks, size_t count, size_t size)
{
	return size == 0 || count <= SIZE_MAX / size ? blocks_take(blocks, count * size) : NULL;
}

char *
blocks_text(struct blocks *blocks, const char *bytes, size_t size)
{
	char *copy = size < SIZE_MAX ? blocks_take(blocks, size + 1) : NULL;

	if (copy != NULL && size != 0)
		memcpy(copy, bytes, size);
	return copy;
}

void
blocks_clear(struct blocks *blocks)
{
	struct block *last = blocks->last;
	size_t used = blocks->used, size = blocks->size;

	if (last == NULL)
		return;
	blocks->last = last->before;
	blocks_finish(blocks);
	if (size != BLOCK_BYTES) {
		memory_free(last);
		return;
	}
	memset(last->bytes, 0, used);
	last->before = NULL;
	*blocks = (struct blocks){ .last = last, .size = size, .total = size };
}

void
blocks_finish(struct blocks *blocks)
{
	struct block *block, *before;

	for (block = blocks->last; block != NULL; block = before) {
		before = block->before;
		memory_free(block);
	}
	*blocks = (struct blocks){ 0 };
}
