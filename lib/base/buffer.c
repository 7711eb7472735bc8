/* Growth by doubling, so that n appends cost O(n). */
#include "base/buffer.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

int
buffer_reserve(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity != 0 ? buffer->capacity : 64;
	char *bytes;

	if (more > SIZE_MAX / 2 - buffer->size)
		return -1;
	if (buffer->size + more <= buffer->capacity)
		return 0;
	while (capacity < buffer->size + more)
		capacity *= 2;
	bytes = memory_resize(buffer->bytes, capacity);
	if (bytes == NULL)
		return -1;
	buffer->bytes = bytes;
	buffer->capacity = capacity;
	return 0;
}

int
buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
	if (size == 0)
		return 0;
	if (buffer_reserve(buffer, size) != 0)
		return -1;
	memmove(buffer->bytes + buffer->size, bytes,
		size); /* it may lie in the room of this buffer */
	buffer->size += size;
	return 0;
}

void
buffer_drop(struct buffer *buffer, size_t size)
{
	buffer->size -= size;
	if (buffer->size != 0)
		memmove(buffer->bytes, buffer->bytes + size, buffer->size);
}

void
buffer_finish(struct buffer *buffer)
{
	memory_free(buffer->bytes);
	*buffer = (struct buffer){ 0 };
}
