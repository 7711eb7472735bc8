/* The memory that two processes share: the ring shown twice, the seals, and what is refused. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "base/fd.h"
#include "shared/region.h"

Test(region, ring_goes_on_behind_its_end)
{
	struct region region;
	int fd;

	cr_assert_eq(region_new(&region, &fd), 0);
	memcpy(region.ring + REGION_RING_SIZE - 3, "around", 6);
	cr_assert_eq(memcmp(region.ring, "und", 3), 0);
	cr_assert_eq(region.page->magic, REGION_MAGIC);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	region_finish(&region);
	cr_assert_null(region.page);
	region_finish(&region);
	fd_close(&fd);
}

Test(region, both_sides_see_the_same)
{
	struct region ours, theirs, page;
	int fd;

	cr_assert_eq(region_new(&ours, &fd), 0);
	cr_assert_eq(region_map(&theirs, fd), 0);
	cr_assert_eq(region_map_page(&page, fd), 0);
	cr_assert_null(page.ring);
	atomic_store(&theirs.page->run, RUN_WORD(77, 2, RUN_RUNNING));
	cr_assert_eq(atomic_load(&ours.page->run), RUN_WORD(77, 2, RUN_RUNNING));
	cr_assert_eq(atomic_load(&page.page->run), RUN_WORD(77, 2, RUN_RUNNING));
	memcpy(theirs.ring + 5, "seen", 4);
	cr_assert_eq(memcmp(ours.ring + 5, "seen", 4), 0);
	region_finish(&ours);
	region_finish(&theirs);
	region_finish(&page);
	fd_close(&fd);
}

Test(region, cannot_change_its_size_and_is_there_in_full)
{
	struct region region;
	struct stat status;
	int fd;

	cr_assert_eq(region_new(&region, &fd), 0);
	cr_assert_eq(ftruncate(fd, 0), -1);
	cr_assert_eq(ftruncate(fd, 64 << 20), -1);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
	cr_assert_eq(fstat(fd, &status), 0);
	cr_assert(status.st_blocks * 512 >= status.st_size);
	region_finish(&region);
	fd_close(&fd);
}

Test(region, refuses_what_is_none)
{
	struct region region;
	int fd = memfd_create("small", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int ends[2];

	cr_assert_eq(region_map(&region, fd), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	cr_assert_eq(region_map(&region, fd), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(region.page);
	fd_close(&fd);

	/* The right size, but it could still shrink under us. */
	fd = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	cr_assert_eq(ftruncate(fd, REGION_PAGE_SIZE + REGION_RING_SIZE), 0);
	cr_assert_eq(region_map_page(&region, fd), -1);
	cr_assert_eq(errno, EINVAL);
	fd_close(&fd);

	cr_assert_eq(fd_pipe(&ends[0], &ends[1]), 0);
	cr_assert_eq(region_map(&region, ends[0]), -1);
	cr_assert_eq(region_map(&region, -1), -1);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

Test(claims, are_shared_and_counted)
{
	_Atomic uint64_t *ours, *theirs;
	uint32_t count;
	int fd;

	cr_assert_eq(claims_new(&ours, 1000, &fd), 0);
	cr_assert_eq(claims_map(&theirs, &count, fd), 0);
	cr_assert_eq(count, 1000);
	claim_arm(&ours[999], 12345, 1);
	cr_assert(!claim_start(&theirs[999], 12345, 2, 4095));
	cr_assert(claim_start(&theirs[999], 12345, 1, 4095));
	cr_assert_eq(CLAIM_STATE(atomic_load(&ours[999])), CLAIM_STARTED);
	cr_assert_eq(CLAIM_PLACE(atomic_load(&ours[999])), 4095);
	cr_assert(!claim_cancel(&ours[999], 12345, 1));
	claim_arm(&ours[0], 7, 0);
	cr_assert(claim_cancel(&ours[0], 7, 0));
	cr_assert(!claim_start(&theirs[0], 7, 0, 3));
	claims_unmap(ours, 1000);
	claims_unmap(theirs, count);
	claims_unmap(NULL, 0);
	fd_close(&fd);
}

Test(claims, refuses_what_is_none)
{
	_Atomic uint64_t *claims;
	uint32_t count;
	int fd = memfd_create("odd", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(ftruncate(fd, 12), 0);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	cr_assert_eq(claims_map(&claims, &count, fd), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(claims);
	fd_close(&fd);
}
