/* The file of large payloads: its seals, its pages, and where there are none. */
#define _GNU_SOURCE /* F_GET_SEALS */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/fd.h"
#include "memory_fault.h"
#include "shared/slab.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static uint64_t
bytes_in(int fd)
{
	struct stat status;

	cr_assert_eq(fstat(fd, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

Test(slab, stretches_are_large_enough_and_end)
{
	cr_assert_eq(slab_stretch(0), UINT64_C(256) << 20);
	cr_assert_eq(slab_stretch(UINT64_C(64) << 20), UINT64_C(256) << 20);
	cr_assert_eq(slab_stretch((UINT64_C(64) << 20) + 1), UINT64_C(512) << 20);
	cr_assert_eq(slab_stretch(UINT64_MAX), UINT64_C(16) << 30);
}

Test(slab, file_keeps_its_size_and_takes_no_memory)
{
	uint64_t stretch = slab_stretch(UINT64_MAX);
	int fd = slab_file(stretch, 4096);

	cr_assert_geq(fd, 3);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(bytes_in(fd), 0);
	cr_assert_eq(ftruncate(fd, 0), -1);
	cr_assert_eq(ftruncate(fd, (off_t)slab_place(stretch, 4097)), -1);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	fd_close(&fd);
}

Test(slab, a_limit_of_file_sizes_is_no_signal)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	errno = 0;
	cr_assert_eq(slab_file(slab_stretch(0), 1), -1);
	cr_assert_eq(errno, EFBIG);
}

Test(slab, both_sides_see_the_same_and_a_zero_behind)
{
	uint64_t stretch = slab_stretch(0);
	int fd = slab_file(stretch, 2);
	struct slab slab;
	const char *other;
	char *at;

	cr_assert_eq(slab_open(&slab, fd, slab_place(stretch, 1), SLAB_CONTROL_SIZE, stretch, SLAB_BLOCKS), 0);
	other = slab_map(fd, slab_place(stretch, 1), stretch, 0);
	cr_assert_not_null(other);
	at = slab.map + slab_take(&slab, 100 * KIB)->offset;
	memset(at, 'x', 100 * KIB);
	cr_assert_eq(memcmp(other + (at - slab.map), at, 100 * KIB), 0);
	cr_assert_eq(other[stretch], '\0');
	slab_unmap(other, stretch);
	slab_unmap(NULL, stretch);
	slab_close(&slab);
	slab_close(&slab);
	fd_close(&fd);
}

/* Only what is used is there; and what is used again is not asked for again. */
Test(slab, pages_stay)
{
	uint64_t stretch = slab_stretch(0), before;
	int fd = slab_file(stretch, 1);
	struct slab slab;

	cr_assert_eq(slab_open(&slab, fd, 0, ARENA_UNIT, stretch, 8), 0);
	for (int i = 0; i < 1000; i++) {
		struct arena_block *block = slab_take(&slab, MIB);

		cr_assert_eq(block->offset, ARENA_UNIT);
		memset(slab.map + block->offset, 'x', MIB);
		arena_give(&slab.arena, block->offset);
	}
	before = bytes_in(fd);
	cr_assert(before >= MIB && before <= MIB + 512 * KIB);
	slab_close(&slab);
	fd_close(&fd);
}

Test(slab, pages_that_are_not_needed_are_given_back)
{
	uint64_t stretch = slab_stretch(0), offset;
	int fd = slab_file(stretch, 1);
	struct slab slab;

	cr_assert_eq(slab_open(&slab, fd, 0, ARENA_UNIT, stretch, 8), 0);
	offset = slab_take(&slab, 64 * MIB)->offset;
	memset(slab.map + offset, 'x', 64 * MIB);
	arena_give(&slab.arena, offset);
	cr_assert(bytes_in(fd) >= 64 * MIB);
	for (int i = 0; i < 4; i++) {
		slab.looked_ns -= SLAB_PERIOD_NS;
		offset = slab_take(&slab, 100 * KIB)->offset;
		arena_give(&slab.arena, offset);
	}
	cr_assert(bytes_in(fd) <= MIB);
	offset = slab_take(&slab, 64 * MIB)->offset;
	cr_assert(bytes_in(fd) >= 64 * MIB);
	cr_assert_eq(slab.map[offset + 32 * MIB], '\0');
	slab_close(&slab);
	fd_close(&fd);
}

Test(slab, without_memory)
{
	uint64_t stretch = slab_stretch(0);
	int fd = slab_file(stretch, 1);
	struct slab slab;

	cr_assert_eq(slab_open(&slab, fd, 0, ARENA_UNIT, stretch, 8), 0);
	memory_fault_at(1);
	cr_assert_null(slab_take(&slab, MIB));
	cr_assert(memory_fault_came());
	cr_assert_null(slab_take(&slab, stretch));
	cr_assert_not_null(slab_take(&slab, MIB));
	slab_close(&slab);
	fd_close(&fd);
	cr_assert_neq(slab_open(&slab, -1, 0, ARENA_UNIT, stretch, 8), 0);
	slab_close(&slab);
}

Test(slab, handles_come_back)
{
	struct slab_handle in = { 4096, 77, 3, 9 }, out;
	char bytes[SLAB_OUTPUT_SIZE + 1];

	memset(bytes, '!', sizeof bytes);
	slab_handle_put(bytes, &in, SLAB_INPUT_SIZE);
	cr_assert_eq(bytes[SLAB_INPUT_SIZE], '!');
	slab_handle_get(&out, bytes, SLAB_INPUT_SIZE);
	cr_assert(out.offset == 4096 && out.size == 77 && out.index == 0 && out.generation == 0);
	slab_handle_put(bytes, &in, SLAB_OUTPUT_SIZE);
	cr_assert_eq(bytes[SLAB_OUTPUT_SIZE], '!');
	slab_handle_get(&out, bytes, SLAB_OUTPUT_SIZE);
	cr_assert_eq(memcmp(&in, &out, sizeof in), 0);
}
