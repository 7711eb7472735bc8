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
#include <string.h>

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

/* Copy up to BLOB_INLINE bytes: what memcpy does, without a call. */
static inline void
copy_near(char *to, const char *from, size_t size)
{
	uint64_t first, last;
	uint32_t head, tail;

	if (size >= 8) {
		memcpy(&first, from, 8);
		memcpy(&last, from + size - 8, 8);
		if (size > 16)
			memcpy(to + 8, from + 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + size - 8, &last, 8);
	} else if (size >= 4) {
		memcpy(&head, from, 4);
		memcpy(&tail, from + size - 4, 4);
		memcpy(to, &head, 4);
		memcpy(to + size - 4, &tail, 4);
	} else if (size != 0) {
		to[0] = from[0];
		to[size / 2] = from[size / 2];
		to[size - 1] = from[size - 1];
	}
}

/* Copy what an inline blob can have, whatever of it is used: both sides have that much room. */
static inline void
copy_all_near(char *to, const char *from)
{
	uint64_t words[3];

	_Static_assert(sizeof words == BLOB_INLINE + 1, "three words");
	/* Word by word: a wider load of what was just stored in words would wait for the stores. */
	for (int i = 0; i < 3; i++) {
		memcpy(&words[i], from + 8 * i, 8);
		memcpy(to + 8 * i, &words[i], 8);
	}
}

/* Copy up to BLOB_INLINE bytes in; zeros behind them, up to a multiple of 8.  The blob must be empty. */
static inline void
blob_set_near(struct blob *blob, const void *bytes, size_t size)
{
	memset(blob->near + (size & ~(size_t)7), 0, 8);
	copy_near(blob->near, bytes, size);
	blob->size = size;
}

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
