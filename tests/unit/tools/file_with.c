/* See file_with.h. */
#define _GNU_SOURCE /* memfd_create */
#include "file_with.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

const char *
file_with(const char *bytes, size_t size)
{
	static char path[64];
	int fd = memfd_create("input", 0);

	cr_assert(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}
