/*
 * Allocation through one function, so that tests can make any call fail and
 * a reader knows that nothing else in the library takes memory.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *
memory_resize(void *block, size_t size)
{
	return realloc(block, size != 0 ? size : 1);
}

/* Not written to: pages of a large block that nobody touches cost nothing. */
void *
memory_new(size_t count, size_t size)
{
	return calloc(count != 0 ? count : 1, size != 0 ? size : 1);
}

void *
memory_copy(const void *bytes, size_t size)
{
	char *copy;

	if (size == SIZE_MAX)
		return NULL;
	copy = memory_resize(NULL, size + 1);
	if (copy == NULL)
		return NULL;
	if (size != 0)
		memcpy(copy, bytes, size);
	copy[size] = '\0';
	return copy;
}

void
memory_free(void *block)
{
	free(block);
}

int
memory_headroom(size_t size)
{
	void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (room == MAP_FAILED)
		return -1;
	munmap(room, size);
	return 0;
}
