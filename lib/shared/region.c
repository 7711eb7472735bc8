/*
 * The memory that two processes map: made by the master, passed as a memfd,
 * mapped by the worker and (its page only) by the spawner.  A memfd is sized,
 * allocated in full and then sealed, so that a full /dev/shm is an error here
 * and not a SIGBUS later, and so that the other side can never take a page
 * away.  Who maps one checks the size and the seals before it believes them.
 */
#define _GNU_SOURCE /* memfd_create, F_ADD_SEALS */
#include "shared/region.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define REGION_FILE_SIZE ((size_t)REGION_PAGE_SIZE + REGION_RING_SIZE)
#define REGION_MAP_SIZE (REGION_FILE_SIZE + REGION_RING_SIZE)

_Static_assert(sizeof(struct status_page) <= REGION_PAGE_SIZE, "the status page is one page");

static int
allocate(int fd, size_t size)
{
	int failed;

	if (ftruncate(fd, (off_t)size) != 0)
		return -1;
	do
		failed = posix_fallocate(fd, 0, (off_t)size);
	while (failed == EINTR);
	errno = failed;
	return failed == 0 ? 0 : -1;
}

static int
sealed_memfd(const char *name, size_t size)
{
	int fd = fd_may_grow(size) == 0 ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;

	if (fd < 0 || fd_lift(&fd) != 0)
		return -1;
	if (allocate(fd, size) != 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		fd_close(&fd);
	return fd;
}

/* The size of a memfd that can no longer shrink; -1 with errno if it is none. */
static off_t
sealed_size(int fd)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || fstat(fd, &status) != 0)
		return -1;
	if ((seals & F_SEAL_SHRINK) != 0)
		return status.st_size;
	errno = EINVAL;
	return -1;
}

static int
check_region(int fd)
{
	off_t size = sealed_size(fd);

	if (size == (off_t)REGION_FILE_SIZE)
		return 0;
	if (size >= 0)
		errno = EINVAL;
	return -1;
}

static void *
map_shared(void *at, size_t size, int fd, off_t offset)
{
	int flags = MAP_SHARED | (at != NULL ? MAP_FIXED : 0);

	return mmap(at, size, PROT_READ | PROT_WRITE, flags, fd, offset);
}

/* The page, the ring, and the ring once more, in one reserved stretch of addresses. */
static int
map_twice(struct region *region, int fd)
{
	char *base = mmap(NULL, REGION_MAP_SIZE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -1;
	if (map_shared(base, REGION_FILE_SIZE, fd, 0) == MAP_FAILED ||
		map_shared(base + REGION_FILE_SIZE, REGION_RING_SIZE, fd, REGION_PAGE_SIZE) ==
			MAP_FAILED) {
		int failed = errno;

		munmap(base, REGION_MAP_SIZE);
		errno = failed;
		return -1;
	}
	region->page = (struct status_page *)(void *)base;
	region->ring = base + REGION_PAGE_SIZE;
	return 0;
}

int
region_new(struct region *region, int *fd)
{
	memset(region, 0, sizeof *region);
	*fd = sealed_memfd("orderly-region", REGION_FILE_SIZE);
	if (*fd < 0)
		return -1;
	if (map_twice(region, *fd) != 0) {
		fd_close(fd);
		return -1;
	}
	region->page->magic = REGION_MAGIC;
	return 0;
}

void
region_clear(struct region *region)
{
	memset(region->page, 0, REGION_PAGE_SIZE);
	region->page->magic = REGION_MAGIC;
}

int
region_map(struct region *region, int fd)
{
	memset(region, 0, sizeof *region);
	return check_region(fd) == 0 ? map_twice(region, fd) : -1;
}

int
region_map_page(struct region *region, int fd)
{
	void *page;

	memset(region, 0, sizeof *region);
	if (check_region(fd) != 0)
		return -1;
	page = map_shared(NULL, REGION_PAGE_SIZE, fd, 0);
	if (page == MAP_FAILED)
		return -1;
	region->page = page;
	return 0;
}

void
region_finish(struct region *region)
{
	if (region->page != NULL)
		munmap(region->page, region->ring != NULL ? REGION_MAP_SIZE : REGION_PAGE_SIZE);
	memset(region, 0, sizeof *region);
}

int
claims_new(_Atomic uint64_t **claims, uint32_t count, int *fd)
{
	size_t size = count * sizeof(uint64_t);
	void *map;

	*claims = NULL;
	*fd = sealed_memfd("orderly-claims", size);
	if (*fd < 0)
		return -1;
	map = map_shared(NULL, size, *fd, 0);
	if (map == MAP_FAILED) {
		fd_close(fd);
		return -1;
	}
	*claims = map;
	return 0;
}

int
claims_map(_Atomic uint64_t **claims, uint32_t *count, int fd)
{
	off_t size = sealed_size(fd);
	void *map;

	*claims = NULL;
	*count = 0;
	if (size < 0)
		return -1;
	if (size == 0 || size % (off_t)sizeof(uint64_t) != 0 ||
		size / (off_t)sizeof(uint64_t) > UINT32_MAX) {
		errno = EINVAL;
		return -1;
	}
	map = map_shared(NULL, (size_t)size, fd, 0);
	if (map == MAP_FAILED)
		return -1;
	*claims = map;
	*count = (uint32_t)((size_t)size / sizeof(uint64_t));
	return 0;
}

void
claims_unmap(_Atomic uint64_t *claims, uint32_t count)
{
	if (claims != NULL)
		munmap((void *)(uintptr_t)claims, count * sizeof(uint64_t));
}
