/*
 * Allocation, the only place of it.  Tests make the n-th call fail by wrapping
 * these functions at link time.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for count things of size bytes; NULL if there is none or the product overflows. */
void *memory_new(size_t count, size_t size);

/* As realloc; a new block is not zeroed; size 0 is taken as 1. */
void *memory_resize(void *block, size_t size);

/* A copy of size bytes with one NUL behind it; NULL if there is no memory. */
void *memory_copy(const void *bytes, size_t size);

/* Could so much more be mapped now?  For what others allocate and cannot do without.  0 or -1 with errno. */
int memory_headroom(size_t size);

/* Frees a block; NULL is fine. */
void memory_free(void *block);

#endif
