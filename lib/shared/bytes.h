/* Bytes that the master gives to all its workers: written once, sealed, mapped read-only. */
#ifndef SHARED_BYTES_H
#define SHARED_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Copy size bytes (not 0) into a memfd that nobody can change any more; its descriptor, close-on-exec, or -1 with errno. */
int bytes_new(const void *bytes, size_t size);

/* Map one of exactly this size; NULL with errno: it is none (EINVAL), or cannot be mapped. */
const void *bytes_map(int fd, uint64_t size);

#endif
