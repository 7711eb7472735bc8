/* Payloads without an allocation when they are small. */
#include "base/blob.h"

#include <string.h>

#include "base/memory.h"

void
blob_own(struct blob *blob, char *block, size_t size)
{
	blob->block = block;
	blob->size = size;
	blob->lease.give_back = NULL;
}

void
blob_borrow(struct blob *blob, const char *block, size_t size, const struct blob_lease *lease)
{
	blob->block = (char *)(uintptr_t)block;
	blob->size = size;
	blob->lease = *lease;
}

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
		blob_own(blob, to, size);
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

static void
drop_block(struct blob *blob)
{
	if (blob->lease.give_back != NULL)
		blob->lease.give_back(blob->lease.owner, blob->lease.handle);
	else
		memory_free(blob->block);
	blob->block = NULL;
}

void
blob_finish(struct blob *blob)
{
	if (blob->block != NULL)
		drop_block(blob);
	blob->size = 0;
	blob->near[0] = '\0';
}
