/*
 * One copy in all: written by write(2) straight from the owner's memory, sealed
 * against writing, shrinking and growing, and mapped by the spawner, from which
 * workers inherit the mapping.
 */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include "shared/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW)

static int
fill(int fd, const char *bytes, size_t size)
{
	while (size != 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

int
bytes_new(const void *bytes, size_t size)
{
	int fd = fd_may_grow(size) == 0
		? memfd_create("orderly-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING)
		: -1;

	if (fd < 0 || fd_lift(&fd) != 0)
		return -1;
	if (fill(fd, bytes, size) != 0 || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) != 0)
		fd_close(&fd);
	return fd;
}

const void *
bytes_map(int fd, uint64_t size)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);
	void *map;

	if (seals < 0 || fstat(fd, &status) != 0)
		return NULL;
	if ((seals & SEALS) != SEALS || size == 0 || (uint64_t)status.st_size != size) {
		errno = EINVAL;
		return NULL;
	}
	/* Private, because kernels before 6.7 refuse to map what is sealed against writing as shared; nothing is copied. */
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	return map != MAP_FAILED ? map : NULL;
}
