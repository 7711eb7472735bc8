/* Payloads without an allocation when they are small. */
#include "base/blob.h"

#include <stdint.h>
#include <string.h>

#include "base/memory.h"

int
blob_join(struct blob *blob, const void *first, size_t first_size, const void *second,
	size_t second_size)
{
	size_t size = first_size + second_size;
	char *to = blob->near;

	if (size < first_size || size == SIZE_MAX)
		return -1;
	if (size > BLOB_INLINE) {
		to = memory_resize(NULL, size + 1);
		if (to == NULL)
			return -1;
		blob->block = to;
	}
	if (first_size != 0)
		memcpy(to, first, first_size);
	if (second_size != 0)
		memcpy(to + first_size, second, second_size);
	to[size] = '\0';
	blob->size = size;
	return 0;
}

int
blob_set(struct blob *blob, const void *bytes, size_t size)
{
	return blob_join(blob, bytes, size, NULL, 0);
}

void
blob_finish(struct blob *blob)
{
	memory_free(blob->block);
	blob->block = NULL;
	blob->size = 0;
	blob->near[0] = '\0';
}
