/* A sorted list of blocks: there are never many, and each stands for at least 16 pages that are copied. */
#include "shared/arena.h"

#include <stddef.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_ROOM 16u

static uint64_t
end_of(const struct arena_block *block)
{
	return block->offset + block->size;
}

/* The first block that begins at or behind an offset. */
static uint32_t
place_of(const struct arena *arena, uint64_t offset)
{
	uint32_t low = 0, high = arena->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (arena->blocks[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int
grow(struct arena *arena)
{
	uint32_t room = arena->room != 0 ? arena->room * 2 : FIRST_ROOM;
	struct arena_block *blocks;

	if (arena->n < arena->room)
		return 0;
	blocks = memory_resize(arena->blocks, room * sizeof *blocks);
	if (blocks == NULL)
		return -1;
	arena->blocks = blocks;
	arena->room = room;
	return 0;
}

static struct arena_block *
insert(struct arena *arena, uint32_t at, uint64_t offset, uint64_t size)
{
	struct arena_block *block;

	if (arena->n >= arena->most || grow(arena) != 0)
		return NULL;
	block = &arena->blocks[at];
	memmove(block + 1, block, (arena->n - at) * sizeof *block);
	arena->n++;
	*block = (struct arena_block){ .offset = offset, .size = size };
	if (end_of(block) > arena->top)
		arena->top = end_of(block);
	return block;
}

struct arena_block *
arena_take(struct arena *arena, uint64_t size)
{
	uint64_t from = arena->begin;

	if (size > arena->end - arena->begin)
		return NULL;
	size = (size + ARENA_UNIT - 1) / ARENA_UNIT * ARENA_UNIT;
	for (uint32_t i = 0; i <= arena->n; i++) {
		uint64_t to = i < arena->n ? arena->blocks[i].offset : arena->end;

		if (to - from >= size)
			return insert(arena, i, from, size);
		if (i < arena->n)
			from = end_of(&arena->blocks[i]);
	}
	return NULL;
}

struct arena_block *
arena_note(struct arena *arena, uint64_t offset, uint64_t size)
{
	uint32_t at = place_of(arena, offset);

	if (size == 0 || offset < arena->begin || offset > arena->end ||
		size > arena->end - offset || (offset | size) % ARENA_UNIT != 0 ||
		(at > 0 && end_of(&arena->blocks[at - 1]) > offset) ||
		(at < arena->n && arena->blocks[at].offset < offset + size))
		return NULL;
	return insert(arena, at, offset, size);
}

struct arena_block *
arena_find(struct arena *arena, uint64_t offset)
{
	uint32_t at = place_of(arena, offset);

	return at < arena->n && arena->blocks[at].offset == offset ? &arena->blocks[at] : NULL;
}

void
arena_give(struct arena *arena, uint64_t offset)
{
	struct arena_block *block = arena_find(arena, offset);

	if (block == NULL)
		return;
	arena->n--;
	memmove(block, block + 1, (size_t)(arena->blocks + arena->n - block) * sizeof *block);
}

uint64_t
arena_period(struct arena *arena)
{
	uint64_t unused = arena->top > arena->top_before ? arena->top : arena->top_before;

	arena->top_before = arena->top;
	arena->top = arena->n != 0 ? end_of(&arena->blocks[arena->n - 1]) : arena->begin;
	return unused;
}

void
arena_finish(struct arena *arena)
{
	memory_free(arena->blocks);
	*arena = (struct arena){ 0 };
}
