/*
 * The cache of one pass.  A hash belongs to the stat beside it: it is only
 * taken while the stat is still what it was, before the read and after it,
 * as an old stat with a new hash would hide a change.
 */
#include "graph/inputs/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"

struct seen {
	struct file file;
	struct seen *next;
	uint64_t tick; /* of the look */
	int known;
	char path[];
};

static uint32_t
kind_of(const struct stat *stat)
{
	return S_ISREG(stat->st_mode)    ? FILE_REGULAR
		: S_ISDIR(stat->st_mode) ? FILE_DIRECTORY
					 : FILE_OTHER;
}

static void
fill(struct file *file, const struct stat *stat)
{
	file->kind = kind_of(stat);
	file->size = (uint64_t)stat->st_size;
	file->inode = (uint64_t)stat->st_ino;
	file->mtime_ns =
		(int64_t)stat->st_mtim.tv_sec * (int64_t)CLOCK_NS_PER_S + stat->st_mtim.tv_nsec;
}

/* The place for a path, new or not. */
static struct seen *
place_of(struct files *files, const char *path)
{
	size_t size = strlen(path);
	struct seen *seen = table_find(&files->table, path, size);

	if (seen != NULL)
		return seen;
	if (table_reserve(&files->table, 1) != 0)
		return NULL;
	seen = memory_new(1, sizeof *seen + size + 1);
	if (seen == NULL)
		return NULL;
	memcpy(seen->path, path, size + 1);
	seen->file.path = seen->path;
	seen->next = files->first;
	files->first = seen;
	if (table_put(&files->table, seen->path, size, seen) != 0)
		return NULL;
	return seen;
}

static int
is_missing(int errno_value)
{
	return errno_value == ENOENT || errno_value == ENOTDIR || errno_value == ELOOP;
}

/* It was not written since: it need not be read again. */
static void
keep_hash(struct file *file, const struct file *before)
{
	if (!before->hashed || before->kind != file->kind || before->size != file->size ||
		before->inode != file->inode || before->mtime_ns != file->mtime_ns ||
		stale_is_racy(before, 0))
		return;
	file->hash = before->hash;
	file->hashed = 1;
}

struct file *
files_look(struct files *files, const char *path)
{
	struct seen *seen = place_of(files, path);
	struct file *file, before;
	struct stat stat;

	if (seen == NULL) {
		error_memory(&files->error);
		return NULL;
	}
	file = &seen->file;
	if (seen->known && seen->tick >= files->not_before)
		return file;
	seen->known = 0;
	seen->tick = files->tick;
	before = *file;
	*file = (struct file){ .path = seen->path, .looked_ns = (int64_t)clock_wall_ns() };
	files->stats++;
	if (fstatat(files->root, path, &stat, 0) == 0) {
		fill(file, &stat);
	} else if (!is_missing(errno)) {
		error_system(&files->error, errno, "%s cannot be looked at", path);
		return NULL;
	}
	seen->known = 1;
	keep_hash(file, &before);
	return file;
}

const struct file *
files_peek(const struct files *files, const char *path)
{
	const struct seen *seen = table_find(&files->table, path, strlen(path));

	return seen != NULL && seen->known ? &seen->file : NULL;
}

/* Is what is open still what the file was? */
static int
is_still(int fd, const struct file *file)
{
	struct file now = { 0 };
	struct stat stat;

	if (fstat(fd, &stat) != 0)
		return 0;
	fill(&now, &stat);
	return now.kind == FILE_REGULAR && now.size == file->size && now.inode == file->inode &&
		now.mtime_ns == file->mtime_ns;
}

int
files_hash(struct files *files, struct file *file)
{
	int fd, status = 1;

	if (file->hashed)
		return 0;
	if (file->kind != FILE_REGULAR)
		return 1;
	/* Not blocking: by now it might be a fifo. */
	fd = openat(files->root, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 && is_missing(errno))
		return 1;
	if (fd < 0)
		return error_system(&files->error, errno, "%s cannot be opened", file->path);
	files->hashes++;
	if (is_still(fd, file)) {
		if (digest_of_file(fd, &file->hash) != 0)
			status = errno == ENOMEM ? error_memory(&files->error)
						 : error_system(&files->error, errno,
							   "%s cannot be read", file->path);
		else if (is_still(fd, file))
			status = 0;
	}
	file->hashed = status == 0;
	fd_close(&fd);
	return status;
}

int
files_hash_of(void *user, const struct file *file, struct digest *hash)
{
	struct files *files = user;
	struct file *known = files_look(files, file->path);

	if (known == NULL || files_hash(files, known) != 0)
		return -1;
	*hash = known->hash;
	return 0;
}

void
files_drop(struct files *files, const char *path)
{
	struct seen *seen = table_find(&files->table, path, strlen(path));

	if (seen != NULL)
		seen->known = 0;
}

void
files_drop_all(struct files *files)
{
	for (struct seen *seen = files->first; seen != NULL; seen = seen->next)
		seen->known = 0;
}

void
files_finish(struct files *files)
{
	while (files->first != NULL) {
		struct seen *next = files->first->next;

		memory_free(files->first);
		files->first = next;
	}
	table_finish(&files->table);
}
