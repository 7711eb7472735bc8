/*
 * A page that is missing when it is touched is a SIGBUS, or the end of a
 * worker: so pages are asked for by fallocate first, and where the system has
 * none the payload takes the other way.  Blocks that were not needed for two
 * periods give their pages back, when the next one is taken.
 */
#define _GNU_SOURCE /* memfd_create, fallocate, MADV_POPULATE_WRITE */
#include "shared/slab.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define STRETCH_LEAST (UINT64_C(256) << 20)
#define STRETCH_MOST (UINT64_C(16) << 30)
#define FILL_STEP (UINT64_C(256) << 10) /* pages are asked for in such pieces at least */
#define TAIL_SIZE 4096u

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

_Static_assert(sizeof(struct slab_control) <= SLAB_CONTROL_SIZE, "the control words have room");
_Static_assert(SLAB_CONTROL_SIZE % ARENA_UNIT == 0, "blocks lie behind the control words");

_Static_assert(sizeof(struct slab_handle) == SLAB_OUTPUT_SIZE &&
		offsetof(struct slab_handle, index) == SLAB_INPUT_SIZE,
	"a handle goes as it is");

void
slab_handle_put(char *to, const struct slab_handle *handle, size_t size)
{
	memcpy(to, handle, size);
}

void
slab_handle_get(struct slab_handle *handle, const char *from, size_t size)
{
	*handle = (struct slab_handle){ 0 };
	memcpy(handle, from, size);
}

uint64_t
slab_stretch(uint64_t window_bytes)
{
	uint64_t stretch = STRETCH_LEAST;

	while (stretch < STRETCH_MOST && stretch / 4 < window_bytes)
		stretch *= 2;
	return stretch;
}

int
slab_file(uint64_t stretch, uint32_t places)
{
	uint64_t size = slab_place(stretch, places);
	int fd;

	if (fd_may_grow(size) != 0)
		return -1;
	fd = memfd_create("orderly-slab", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || fd_lift(&fd) != 0)
		return -1;
	if (ftruncate(fd, (off_t)size) != 0 ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		fd_close(&fd);
	return fd;
}

char *
slab_map(int fd, uint64_t offset, uint64_t size, int writable)
{
	int protection = PROT_READ | (writable ? PROT_WRITE : 0);
	char *map = mmap(NULL, size + TAIL_SIZE, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int failed;

	if (map == MAP_FAILED)
		return NULL;
	if (mmap(map, size, protection, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) != MAP_FAILED) {
		/* A core file would fill the holes. */
		madvise(map, size, MADV_DONTDUMP);
		return map;
	}
	failed = errno;
	munmap(map, size + TAIL_SIZE);
	errno = failed;
	return NULL;
}

void
slab_unmap(const char *map, uint64_t size)
{
	if (map != NULL)
		munmap((void *)(uintptr_t)map, size + TAIL_SIZE);
}

int
slab_fill(int fd, uint64_t offset, uint64_t size)
{
	int failed;

	do
		failed = fallocate(fd, 0, (off_t)offset, (off_t)size);
	while (failed != 0 && errno == EINTR);
	return failed;
}

int
slab_open(struct slab *slab, int fd, uint64_t offset, uint64_t begin, uint64_t size, uint32_t most)
{
	*slab = (struct slab){ .fd = fd,
		.offset = offset,
		.filled = begin,
		.looked_ns = clock_now_ns(),
		.arena = { .begin = begin, .end = size, .most = most } };
	if (begin != 0 && slab_fill(fd, offset, begin) != 0)
		return -1;
	slab->map = slab_map(fd, offset, size, 1);
	return slab->map != NULL ? 0 : -1;
}

/* Faults are taken all at once, which costs half of what they cost one by one; kernels before 5.14 take them so. */
static int
fill_up_to(struct slab *slab, uint64_t end)
{
	uint64_t to = (end + FILL_STEP - 1) / FILL_STEP * FILL_STEP;

	if (end <= slab->filled)
		return 0;
	if (slab_fill(slab->fd, slab->offset + slab->filled, to - slab->filled) != 0)
		return -1;
	madvise(slab->map + slab->filled / ARENA_UNIT * ARENA_UNIT, to - slab->filled,
		MADV_POPULATE_WRITE);
	slab->filled = to;
	return 0;
}

static void
give_back_unused(struct slab *slab)
{
	uint64_t now_ns = clock_now_ns(), from;

	if (now_ns - slab->looked_ns < SLAB_PERIOD_NS)
		return;
	slab->looked_ns = now_ns;
	from = arena_period(&slab->arena);
	from = (from + FILL_STEP - 1) / FILL_STEP * FILL_STEP;
	if (from < slab->filled &&
		fallocate(slab->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(off_t)(slab->offset + from), (off_t)(slab->filled - from)) == 0)
		slab->filled = from;
}

struct arena_block *
slab_take(struct slab *slab, uint64_t size)
{
	struct arena_block *block;

	give_back_unused(slab);
	block = arena_take(&slab->arena, size);
	if (block == NULL)
		return NULL;
	if (fill_up_to(slab, block->offset + block->size) == 0)
		return block;
	arena_give(&slab->arena, block->offset);
	return NULL;
}

void
slab_close(struct slab *slab)
{
	slab_unmap(slab->map, slab->arena.end);
	arena_finish(&slab->arena);
	*slab = (struct slab){ 0 };
}
