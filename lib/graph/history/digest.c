/*
 * Content as 16 bytes.  The only file that knows which hash that is; a
 * database says it by its version.
 */
#include "graph/history/digest.h"

#include <errno.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/memory.h"

#define READ_SIZE ((size_t)256 * 1024)

static struct digest
from(XXH128_hash_t hash)
{
	return (struct digest){ hash.low64, hash.high64 };
}

struct digest
digest_of(const void *bytes, size_t size)
{
	return from(XXH3_128bits(size != 0 ? bytes : "", size));
}

/* Read until room is full or the file ends; how much, or -1 with errno. */
static ssize_t
read_full(int fd, char *to, size_t room)
{
	size_t used = 0;

	while (used < room) {
		ssize_t got = read(fd, to + used, room - used);

		if (got == 0)
			break;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

/* The rest of a file of which the first block is already there. */
static int
stream(int fd, char *block, XXH3_state_t *state, struct digest *digest)
{
	ssize_t got = (ssize_t)READ_SIZE;

	XXH3_128bits_reset(state);
	while (got > 0) {
		XXH3_128bits_update(state, block, (size_t)got);
		got = read_full(fd, block, READ_SIZE);
	}
	if (got < 0)
		return -1;
	*digest = from(XXH3_128bits_digest(state));
	return 0;
}

int
digest_of_file(int fd, struct digest *digest)
{
	char *block = memory_resize(NULL, READ_SIZE);
	XXH3_state_t *state = NULL;
	int status = 0, kept;
	ssize_t got;

	if (block == NULL) {
		errno = ENOMEM;
		return -1;
	}
	got = read_full(fd, block, READ_SIZE);
	if (got < 0) {
		status = -1;
	} else if ((size_t)got < READ_SIZE) {
		*digest = digest_of(block, (size_t)got);
	} else if ((state = XXH3_createState()) == NULL) {
		errno = ENOMEM;
		status = -1;
	} else {
		status = stream(fd, block, state, digest);
	}
	kept = errno;
	if (state != NULL)
		XXH3_freeState(state);
	memory_free(block);
	errno = kept;
	return status;
}
