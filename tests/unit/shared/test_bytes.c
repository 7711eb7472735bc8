/* Bytes for all workers: one sealed copy. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "shared/bytes.h"

Test(bytes, are_the_same_and_stay)
{
	static const size_t sizes[] = { 1, 4095, 4096, 4097, 3 << 20 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char *given = malloc(sizes[i]);
		const void *map;
		int fd;

		for (size_t at = 0; at < sizes[i]; at++)
			given[at] = (char)(at * 7);
		fd = bytes_new(given, sizes[i]);
		cr_assert_geq(fd, 3);
		cr_assert_neq(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		map = bytes_map(fd, sizes[i]);
		cr_assert_not_null(map);
		cr_assert_eq(memcmp(map, given, sizes[i]), 0);
		cr_assert_eq(pwrite(fd, "x", 1, 0), -1);
		cr_assert_eq(ftruncate(fd, 0), -1);
		cr_assert_eq(ftruncate(fd, (off_t)sizes[i] + 1), -1);
		cr_assert_eq(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
		cr_assert_eq(munmap((void *)(uintptr_t)map, sizes[i]), 0);
		close(fd);
		free(given);
	}
}

/* A descriptor that can still change, or has another size, is none. */
Test(bytes, that_could_change_are_refused)
{
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(ftruncate(fd, 4096), 0);
	cr_assert_null(bytes_map(fd, 4096));
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	cr_assert_null(bytes_map(fd, 4096));
	cr_assert_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	cr_assert_null(bytes_map(fd, 4095));
	cr_assert_null(bytes_map(fd, 4097));
	cr_assert_null(bytes_map(fd, 0));
	cr_assert_not_null(bytes_map(fd, 4096));
	close(fd);
	cr_assert_null(bytes_map(-1, 4096));
	cr_assert_null(bytes_map(STDIN_FILENO, 4096));
}
