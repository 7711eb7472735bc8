/*
 * Where blocks lie in a stretch of bytes.  Bookkeeping only: the bytes need
 * not be there.  First fit from the beginning, so that what is used stays
 * small, warm and dense, and the end can be given back to the kernel.
 */
#ifndef SHARED_ARENA_H
#define SHARED_ARENA_H

#include <stdint.h>

#define ARENA_UNIT 4096u /* blocks begin and end at multiples of it */

struct arena_block {
	uint64_t offset;
	uint64_t size;
};

/* A zeroed struct with begin, end and most set is empty. */
struct arena {
	uint64_t begin, end; /* multiples of ARENA_UNIT */
	uint32_t most;       /* blocks */
	uint32_t n;
	uint32_t room;
	struct arena_block *blocks; /* by offset */
	uint64_t top;               /* the highest end of a block in this period */
	uint64_t top_before;        /* and in the one before */
};

/* A block of at least size bytes, which is not 0; NULL: no room, or no memory to note it.  Valid until the next call. */
struct arena_block *arena_take(struct arena *arena, uint64_t size);

/* Note a block that is known to lie there; NULL as above, or if it overlaps another or lies outside. */
struct arena_block *arena_note(struct arena *arena, uint64_t offset, uint64_t size);

/* The block that begins there; NULL: none. */
struct arena_block *arena_find(struct arena *arena, uint64_t offset);

/* Free the block that begins there; nothing happens if there is none. */
void arena_give(struct arena *arena, uint64_t offset);

/* End a period.  Behind this offset there was no block in it nor in the one before. */
uint64_t arena_period(struct arena *arena);

void arena_finish(struct arena *arena);

#endif
