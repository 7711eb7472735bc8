/*
 * Memory for many small things that are freed together.  A zeroed struct has
 * none.
 */
#ifndef GRAPH_BLOCKS_H
#define GRAPH_BLOCKS_H

#include <stddef.h>

struct block;

struct blocks {
	struct block *last; /* the one that is being filled */
	size_t used;        /* bytes of it */
	size_t size;        /* bytes that it has */
	size_t total;       /* bytes of all */
};

/* Zeroed memory, aligned for any struct; NULL if there is none. */
void *blocks_take(struct blocks *blocks, size_t size);

/* As blocks_take, for count things. */
void *blocks_take_many(struct blocks *blocks, size_t count, size_t size);

/* A copy of the bytes with a NUL behind them; NULL without memory. */
char *blocks_text(struct blocks *blocks, const char *bytes, size_t size);

/* Everything is free again, for what comes next: one block stays. */
void blocks_clear(struct blocks *blocks);

/* Free all of it; usable again. */
void blocks_finish(struct blocks *blocks);

#endif
