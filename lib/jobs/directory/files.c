/*
 * Files below the root of a list: made in one step (written elsewhere, then
 * renamed), never written again.  All paths are relative to the root's descriptor,
 * so the list may be renamed as a whole while it is worked on.
 */
#define _GNU_SOURCE /* renameat2 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/place.h"

#define VERSION 1
#define CONTENT_MAX ((size_t)512 << 20)

static const char *const folders[DIR_N + 1] = {
	[DIR_WAITING] = "00_waiting",
	[DIR_RUNNING] = "01_running",
	[DIR_DONE] = "02_done",
	[DIR_FAILED] = "99_failed",
	[DIR_HOME] = ".orderly",
	[DIR_HIDDEN] = ".orderly/waiting",
	[DIR_CANCELED] = ".orderly/canceled",
	[DIR_AGAIN] = ".orderly/again",
	[DIR_NEXT] = ".orderly/next",
	[DIR_RECORDS] = ".orderly/jobs",
	[DIR_MOVING] = ".orderly/moving",
	[DIR_TAKERS] = ".orderly/takers",
	[DIR_GONE] = ".orderly/gone",
	[DIR_BURYING] = ".orderly/burying",
	[DIR_LOCKS] = ".orderly/locks",
	[DIR_FRESH] = ".orderly/fresh",
	[DIR_ADDING] = ".orderly/adding",
	[DIR_N] = ".",
};

const char *
dir_folder(enum folder folder)
{
	return folders[folder];
}

char *
dir_path(char path[DIR_PATH], enum folder folder, const char *before, const char *file)
{
	snprintf(path, DIR_PATH, "%s/%s%s%s", folders[folder], before != NULL ? before : "",
		before != NULL ? "." : "", file);
	return path;
}

const char *
dir_whole(const struct directory *directory, char whole[DIR_WHOLE], const char *path)
{
	snprintf(whole, DIR_WHOLE, "%s/%s", directory->path, path);
	return whole;
}

int
dir_trouble(struct store *store, int errno_value, const char *what, const char *path)
{
	const struct directory *directory = DIRECTORY_OF(store);

	if (errno_value == ENOMEM)
		return error_memory(store->error);
	if (errno_value == EROFS || errno_value == EACCES || errno_value == EPERM)
		return error_system(store->error, errno_value,
			"the list %s: %s %s: it has to be writable for this user", directory->path,
			what, path);
	return error_system(store->error, errno_value, "the list %s: cannot %s %s", directory->path,
		what, path);
}

int
dir_read(const struct directory *directory, const char *path, struct buffer *to, struct stat *is)
{
	/* Not to wait for a pipe, and not to follow a link out of the list. */
	int fd = openat(directory->root, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	ssize_t got = 0;
	int wrong;

	to->size = 0;
	if (fd < 0)
		return -1;
	wrong = fstat(fd, is) != 0;
	if (!wrong && !S_ISREG(is->st_mode)) {
		wrong = 1;
		errno = S_ISDIR(is->st_mode) ? EISDIR : EINVAL;
	}
	if (!wrong && buffer_reserve(to, (size_t)(is->st_size < 0 ? 0 : is->st_size) + 1) != 0) {
		wrong = 1;
		errno = ENOMEM;
	}
	while (!wrong && is->st_size != 0 && to->size < CONTENT_MAX) {
		if (buffer_reserve(to, 4096) != 0) {
			wrong = 1;
			errno = ENOMEM;
			break;
		}
		got = read(fd, to->bytes + to->size, to->capacity - to->size - 1);
		if (got <= 0)
			break;
		to->size += (size_t)got;
	}
	wrong |= got < 0;
	fd_close(&fd);
	if (!wrong)
		to->bytes[to->size] = '\0';
	return wrong ? -1 : 0;
}

/* So many bytes, or up to the end; -1 with errno. */
static ssize_t
read_all(int fd, char *bytes, size_t size)
{
	size_t used = 0;
	ssize_t got = 1;

	while (used < size && (got = read(fd, bytes + used, size - used)) > 0)
		used += (size_t)got;
	return got < 0 ? -1 : (ssize_t)used;
}

int
dir_is_same(const struct directory *directory, const char *one, const char *other)
{
	const char *const paths[] = { one, other };
	char bytes[2][4096];
	int fds[] = { -1, -1 }, same = 1;
	ssize_t n[] = { 1, 1 };

	for (int i = 0; i < 2; i++)
		fds[i] = openat(
			directory->root, paths[i], O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	same = fds[0] >= 0 && fds[1] >= 0;
	while (same && n[0] > 0) {
		for (int i = 0; i < 2; i++)
			n[i] = read_all(fds[i], bytes[i], sizeof bytes[i]);
		same = n[0] >= 0 && n[0] == n[1] && memcmp(bytes[0], bytes[1], (size_t)n[0]) == 0;
	}
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	return same;
}

int
dir_was_done(const struct directory *directory, const char *claim, const char *file)
{
	char done[DIR_PATH];
	struct stat is, was;

	dir_path(done, DIR_DONE, NULL, file);
	return fstatat(directory->root, claim, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
		fstatat(directory->root, done, &was, AT_SYMLINK_NOFOLLOW) == 0 &&
		(was.st_ctim.tv_sec > is.st_ctim.tv_sec ||
			(was.st_ctim.tv_sec == is.st_ctim.tv_sec &&
				was.st_ctim.tv_nsec > is.st_ctim.tv_nsec)) &&
		dir_is_same(directory, claim, done);
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size != 0) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

int
dir_write(const struct directory *directory, const char *path, const void *bytes, size_t size,
	int64_t stamp_ns)
{
	struct timespec times[2] = { { 0, UTIME_OMIT },
		{ (time_t)(stamp_ns / 1000000000), (long)(stamp_ns % 1000000000) } };
	int fd, kept;

	if (fd_may_grow(size) != 0)
		return -1;
	fd = openat(directory->root, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0)
		return -1;
	if (write_all(fd, bytes, size) == 0 && (stamp_ns == 0 || futimens(fd, times) == 0) &&
		close(fd) == 0)
		return 0;
	kept = errno;
	fd_close(&fd);
	unlinkat(directory->root, path, 0);
	errno = kept;
	return -1;
}

/*
 * A view of the network may remember a name for a minute, or that there was none: what opens its folder and then
 * the file itself asks those who keep the files.
 */
static int
exists_there(const struct directory *directory, const char *path)
{
	const char *name = strrchr(path, '/');
	char parent[DIR_PATH];
	int folder, fd, kept;

	snprintf(parent, sizeof parent, "%.*s", name != NULL ? (int)(name - path) : 1,
		name != NULL ? path : ".");
	folder = openat(directory->root, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno != ENOENT;
	fd = openat(folder, name != NULL ? name + 1 : path,
		O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	kept = errno;
	fd_close(&folder);
	if (fd < 0)
		return kept != ENOENT && kept != ESTALE;
	fd_close(&fd);
	return 1;
}

int
dir_exists(const struct directory *directory, const char *path)
{
	struct stat is;

	if (directory->network)
		return exists_there(directory, path);
	return fstatat(directory->root, path, &is, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Neither a flag nor a link: all that is left is to look first. */
static int
rename_looking(const struct directory *directory, const char *from, const char *to)
{
	if (dir_exists(directory, to)) {
		errno = EEXIST;
		return -1;
	}
	return renameat(directory->root, from, directory->root, to);
}

/* Is that a name which a view of the network only remembers? */
static int
is_remembered(const struct directory *directory, int errno_value, const char *to)
{
	return errno_value == EEXIST && directory->network && !dir_exists(directory, to);
}

static int
is_unknown(int errno_value)
{
	return errno_value == EINVAL || errno_value == ENOSYS || errno_value == EOPNOTSUPP;
}

int
dir_rename_own(const struct directory *directory, const char *from, const char *to)
{
	int root = directory->root, kept;

	if (renameat2(root, from, root, to, RENAME_NOREPLACE) == 0)
		return 0;
	kept = errno;
	if (is_unknown(kept) || is_remembered(directory, kept, to))
		return rename_looking(directory, from, to);
	errno = kept;
	return -1;
}

/* Is what is there the very file: put there by who died before it removed the old name, or the answer was lost? */
static int
is_put(const struct directory *directory, const char *from, const char *to)
{
	struct stat a, b;

	if (fstatat(directory->root, from, &a, AT_SYMLINK_NOFOLLOW) != 0 ||
		fstatat(directory->root, to, &b, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	if (a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return 1;
	/* Where each name may have a number of its own. */
	return directory->network && directory->knows_renames <= 0 &&
		a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
		dir_is_same(directory, from, to);
}

int
dir_rename_new(const struct directory *directory, const char *from, const char *to)
{
	int root = directory->root, kept;

	if (renameat2(root, from, root, to, RENAME_NOREPLACE) == 0)
		return 0;
	kept = errno;
	if (is_unknown(kept)) {
		int linked = linkat(root, from, root, to, 0) == 0;

		kept = errno;
		if (linked || (kept == EEXIST && is_put(directory, from, to)))
			return unlinkat(root, from, 0) == 0 || errno == ENOENT ? 0 : -1;
		if (kept != EEXIST && kept != ENOENT && kept != ENOSPC && kept != EROFS)
			return rename_looking(directory, from, to);
	}
	if (is_remembered(directory, kept, to))
		return renameat(root, from, root, to);
	errno = kept;
	return -1;
}

const char *
dir_id(struct directory *directory, char id[DIR_ID_MAX])
{
	snprintf(id, DIR_ID_MAX, "%s-%x", directory->token, ++directory->moves);
	return id;
}

void
dir_escape(struct buffer *to, const void *bytes, size_t size, int *failed)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	if (buffer_reserve(to, 3 * size + 1) != 0) {
		*failed = 1;
		return;
	}
	for (size_t i = 0; i < size; i++) {
		if (at[i] > ' ' && at[i] != '%' && at[i] != 0x7f) {
			to->bytes[to->size++] = (char)at[i];
			continue;
		}
		to->bytes[to->size++] = '%';
		to->bytes[to->size++] = digits[at[i] >> 4];
		to->bytes[to->size++] = digits[at[i] & 15];
	}
	to->bytes[to->size] = '\0';
}

static int
digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

size_t
dir_unescape(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '%' && digit(at[1]) >= 0 && digit(at[2]) >= 0) {
			*to++ = (char)(digit(at[1]) << 4 | digit(at[2]));
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

static int
make_folders(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);

	for (int i = 0; i < DIR_N; i++)
		if (mkdirat(directory->root, folders[i], 0777) != 0 && errno != EEXIST)
			return dir_trouble(store, errno, "make", folders[i]);
	return 0;
}

static int
check_version(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct stat is;
	int version = 0;

	if (dir_read(directory, ".orderly/version", &directory->content, &is) == 0) {
		if (sscanf(directory->content.bytes, "orderly list %d", &version) != 1)
			return error_set(store->error, ORD_EFAILED,
				"the list %s: .orderly/version is damaged: remove .orderly, and what only orderly knew of the jobs is forgotten",
				directory->path);
		if (version > VERSION)
			return error_set(store->error, ORD_ENOTSUP,
				"the list %s was made by a newer version of orderly: use that, or give another path",
				directory->path);
		return 0;
	}
	if (errno != ENOENT)
		return dir_trouble(store, errno, "read", ".orderly/version");
	return 0;
}

static int
write_version(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], id[DIR_ID_MAX], text[40];

	if (dir_exists(directory, ".orderly/version"))
		return 0;
	snprintf(text, sizeof text, "orderly list %d\n", VERSION);
	dir_path(path, DIR_FRESH, dir_id(directory, id), "version");
	if (dir_write(directory, path, text, strlen(text), 0) != 0 ||
		renameat(directory->root, path, directory->root, ".orderly/version") != 0)
		return dir_trouble(store, errno, "write", ".orderly/version");
	return 0;
}

static int
open_folder(struct store *store, const char *place)
{
	struct directory *directory = DIRECTORY_OF(store);
	int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

	directory->root = open(place, flags);
	if (directory->root < 0 && errno == ENOENT) {
		if (store->must_exist || store->read_only)
			return error_set(store->error, ORD_EINVAL,
				"there is no list %s: add to it first", place);
		if (mkdir(place, 0777) != 0 && errno != EEXIST)
			return error_system(
				store->error, errno, "the list %s cannot be made", place);
		directory->root = open(place, flags);
	}
	if (directory->root < 0)
		return error_system(store->error, errno, "the list %s cannot be opened", place);
	if (fd_lift(&directory->root) != 0)
		return error_system(store->error, errno, "no descriptor for the list");
	if ((store->must_exist || store->read_only) && !dir_exists(directory, folders[DIR_WAITING]))
		return error_set(store->error, ORD_EINVAL, "there is no list %s: it has no %s",
			place, folders[DIR_WAITING]);
	return 0;
}

int
dir_open_root(struct store *store, const char *place)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct statfs system;
	int status;

	if (*place == '\0')
		return error_set(store->error, ORD_EINVAL, "dir: needs a path, as in dir:jobs");
	directory->path = memory_copy(place, strlen(place));
	if (directory->path == NULL)
		return error_memory(store->error);
	status = open_folder(store, place);
	if (status != 0)
		return status;
	if (fstatfs(directory->root, &system) == 0)
		directory->network = place_is_network((unsigned long)system.f_type & 0xffffffff);
	status = check_version(store);
	if (status == 0 && !store->read_only)
		status = make_folders(store);
	if (status == 0 && !store->read_only)
		status = write_version(store);
	return status;
}
