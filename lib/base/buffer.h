/*
 * Bytes that grow.  A zeroed struct is an empty buffer.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>

struct buffer {
	char *bytes;     /* bytes[size], then room up to capacity; NULL if capacity is 0 */
	size_t size;     /* bytes in use */
	size_t capacity; /* bytes allocated */
};

/* Make room for more bytes behind size; -1 without memory, nothing changed. */
int buffer_reserve(struct buffer *buffer, size_t more);

/* Append bytes; -1 without memory, nothing changed. */
int buffer_append(struct buffer *buffer, const void *bytes, size_t size);

/* Drop the first size bytes. */
void buffer_drop(struct buffer *buffer, size_t size);

/* Free the memory; the buffer is empty and usable. */
void buffer_finish(struct buffer *buffer);

#endif
