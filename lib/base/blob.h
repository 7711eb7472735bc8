/*
 * A payload: small ones lie in the struct itself, so that a task of a few
 * bytes costs no allocation.  A zeroed struct is empty.  The bytes are aligned
 * to 8 and one NUL stands behind them.
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stdalign.h>
#include <stddef.h>

#define BLOB_INLINE 23 /* bytes that need no allocation */

struct blob {
	size_t size;
	char *block;                           /* NULL: the bytes are inline */
	alignas(8) char near[BLOB_INLINE + 1]; /* +1 for the NUL */
};

/* Copy bytes in; -1 without memory.  The blob must be empty. */
int blob_set(struct blob *blob, const void *bytes, size_t size);

/* Join two pieces in; -1 without memory.  The blob must be empty. */
int blob_join(struct blob *blob, const void *first, size_t first_size, const void *second,
	size_t second_size);

/* The bytes. */
static inline const char *
blob_bytes(const struct blob *blob)
{
	return blob->block != NULL ? blob->block : blob->near;
}

/* Free; the blob is empty. */
void blob_finish(struct blob *blob);

#endif
