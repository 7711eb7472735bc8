/*
 * A payload: small ones lie in the struct itself, so that a task of a few
 * bytes costs no allocation.  A zeroed struct is empty.  The bytes are aligned
 * to 8 and one NUL stands behind them.
 */
#ifndef BASE_BLOB_H
#define BASE_BLOB_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOB_INLINE 23 /* bytes that need no allocation */

/* A block that is not memory of ours: who gets it back, and what it is there. */
struct blob_lease {
	void (*give_back)(void *owner, uint64_t handle); /* NULL: it is ours */
	void *owner;
	uint64_t handle;
};

struct blob {
	size_t size;
	char *block; /* NULL: the bytes are inline */
	union {
		alignas(8) char near[BLOB_INLINE + 1]; /* +1 for the NUL */
		struct blob_lease lease;               /* of the block */
	};
};

/* Copy bytes in; -1 without memory.  The blob must be empty. */
int blob_set(struct blob *blob, const void *bytes, size_t size);

/* Join two pieces in; -1 without memory.  The blob must be empty. */
int blob_join(struct blob *blob, const void *first, size_t first_size, const void *second,
	size_t second_size);

/* Take over a block of memory_resize, size bytes and a NUL behind them.  The blob must be empty. */
void blob_own(struct blob *blob, char *block, size_t size);

/* Take over a block of somebody else's, who is called when the blob is finished.  The blob must be empty. */
void blob_borrow(struct blob *blob, const char *block, size_t size, const struct blob_lease *lease);

/* Does its block belong to somebody else? */
static inline bool
blob_is_borrowed(const struct blob *blob)
{
	return blob->block != NULL && blob->lease.give_back != NULL;
}

/* The bytes. */
static inline const char *
blob_bytes(const struct blob *blob)
{
	return blob->block != NULL ? blob->block : blob->near;
}

/* Free, or give back; the blob is empty. */
void blob_finish(struct blob *blob);

#endif
