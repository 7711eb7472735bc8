/*
 * What content is, in 16 bytes: XXH3-128.  For telling apart what was there
 * from what is there, not against somebody who makes collisions on purpose.
 */
#ifndef GRAPH_DIGEST_H
#define GRAPH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

struct digest {
	uint64_t low, high;
};

/* Of bytes in memory. */
struct digest digest_of(const void *bytes, size_t size);

static inline int
digest_equal(const struct digest *a, const struct digest *b)
{
	return a->low == b->low && a->high == b->high;
}

/*
 * Of what a descriptor reads from its beginning to its end.  Returns 0, or -1
 * with errno (ENOMEM: without memory).
 */
int digest_of_file(int fd, struct digest *digest);

#endif
