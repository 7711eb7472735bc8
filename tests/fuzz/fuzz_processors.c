/*
 * Files about control groups: the lines of /proc/self/cgroup and mountinfo and
 * the quotas that they lead to, as the input has them.
 */
#define _GNU_SOURCE /* memfd_create */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/processors.h"
#include "fuzz.h"

enum { FILES = 3 };

static int files[FILES] = { -1, -1, -1 };

int __wrap_open(const char *path, int flags, ...);

/* A fresh descriptor of what the input says that this file is. */
int
__wrap_open(const char *path, int flags, ...)
{
	int file = strcmp(path, "/proc/self/cgroup") == 0 ? 0 : strcmp(path, "/proc/self/mountinfo") == 0 ? 1 : 2;
	int fd;

	must((flags & O_ACCMODE) == O_RDONLY, "a file is not only read");
	fd = dup(files[file]);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input = { bytes, size };
	uint32_t quota;

	for (int i = 0; i < FILES; i++) {
		size_t part = i + 1 < FILES ? input_number(&input, 2) : input.left;

		part = part < input.left ? part : input.left;
		if (files[i] < 0)
			files[i] = memfd_create("fuzz", MFD_CLOEXEC);
		must(files[i] >= 0 && ftruncate(files[i], 0) == 0, "no file");
		must(pwrite(files[i], input.bytes, part, 0) == (ssize_t)part, "a file cannot be written");
		input.bytes += part;
		input.left -= part;
	}
	quota = processors_quota("");
	must(quota != 0, "no processor may be used");
	return 0;
}
