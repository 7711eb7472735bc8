/* Outputs in a file: see spill.h. */
#define _GNU_SOURCE /* O_TMPFILE, fallocate, mkostemp, secure_getenv */
#include "deliver/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define NAME "orderly-spill-XXXXXX"
#define PATH_SIZE 4096

const char *
spill_directory(const char *option)
{
	const char *directory = option != NULL ? option : secure_getenv("TMPDIR");

	return directory != NULL && (option != NULL || directory[0] == '/') ? directory
									    : "/var/tmp";
}

/* Where the file system makes no files without a name. */
static int
open_named(const char *directory)
{
	char path[PATH_SIZE];
	int size = snprintf(path, sizeof path, "%s/" NAME, directory), fd;

	if (size < 0 || size >= (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int
spill_open(struct spill *spill, const char *directory, uint64_t limit, struct error *error)
{
	*spill = (struct spill){ .limit = limit };
	spill->fd = open(directory, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (spill->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		spill->fd = open_named(directory);
	if (spill->fd >= 0 && fd_lift(&spill->fd) == 0)
		return 0;
	return error_system(error, errno,
		"cannot make the spill file in %s (set .spill_directory to a directory that can be written)",
		directory);
}

static uint64_t
whole_blocks(size_t size)
{
	return ((uint64_t)size + SPILL_BLOCK - 1) / SPILL_BLOCK * SPILL_BLOCK;
}

/* A write behind RLIMIT_FSIZE would be a signal for the host; the limit may change at any time. */
static int
check_limits(const struct spill *spill, uint64_t space)
{
	uint64_t taken = spill->keeps ? spill->end : spill->used;
	struct rlimit limit;

	errno = ENOSPC;
	if (space > spill->limit || taken > spill->limit - space)
		return -1;
	errno = EFBIG;
	if (space > INT64_MAX || spill->end > INT64_MAX - space)
		return -1;
	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
			spill->end + space > limit.rlim_cur
		? -1
		: 0;
}

static void
make_hole(struct spill *spill, uint64_t offset, uint64_t space)
{
	if (!spill->keeps &&
		fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
			(off_t)space) != 0 &&
		(errno == EOPNOTSUPP || errno == ENOSYS))
		spill->keeps = true;
}

static int
write_all(int fd, const char *bytes, size_t size, uint64_t offset)
{
	while (size != 0) {
		ssize_t written = pwrite(fd, bytes, size, (off_t)offset);

		if (written < 0 && errno != EINTR)
			return -1;
		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
			offset += (uint64_t)written;
		}
	}
	return 0;
}

int
spill_put(struct spill *spill, const char *bytes, size_t size, uint64_t *offset)
{
	uint64_t space = whole_blocks(size);
	int kept;

	if (check_limits(spill, space) != 0)
		return -1;
	if (write_all(spill->fd, bytes, size, spill->end) != 0) {
		kept = errno;
		make_hole(spill, spill->end, space);
		errno = kept;
		return -1;
	}
	*offset = spill->end;
	spill->end += space;
	spill->used += space;
	return 0;
}

static int
read_all(int fd, char *bytes, size_t size, uint64_t offset)
{
	while (size != 0) {
		ssize_t got = pread(fd, bytes, size, (off_t)offset);

		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0) {
			errno = EIO; /* somebody has cut the file */
			return -1;
		}
		if (got > 0) {
			bytes += got;
			size -= (size_t)got;
			offset += (uint64_t)got;
		}
	}
	return 0;
}

void
spill_drop(struct spill *spill, uint64_t offset, size_t size)
{
	uint64_t space = whole_blocks(size);

	spill->used -= space;
	if (spill->used != 0) {
		make_hole(spill, offset, space);
		return;
	}
	/* What cannot be cut is written over. */
	(void)!ftruncate(spill->fd, 0);
	spill->end = 0;
}

int
spill_take(struct spill *spill, uint64_t offset, char *bytes, size_t size)
{
	int got = read_all(spill->fd, bytes, size, offset), kept = errno;

	spill_drop(spill, offset, size);
	errno = kept;
	return got;
}

void
spill_finish(struct spill *spill)
{
	fd_close(&spill->fd);
}
