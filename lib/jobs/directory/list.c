/*
 * Looking into folders.  What self may take is listed once for many claims: a
 * name that is not there any more costs one failed rename.  A file that goes from
 * one folder to another while they are listed may be seen in both; the folders
 * are read in the order of the usual way, so that none is missed on it.
 */
#define _GNU_SOURCE /* DT_DIR, strverscmp */
#include "jobs/directory/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/labels.h"

void
listing_clear(struct listing *listing)
{
	listing->n = 0;
	listing->text.size = 0;
}

void
listing_finish(struct listing *listing)
{
	memory_free(listing->all);
	buffer_finish(&listing->text);
	*listing = (struct listing){ 0 };
}

const char *
listing_name(const struct listing *listing, const struct found *found)
{
	return listing->text.bytes + found->name;
}

const char *
listing_file(const struct listing *listing, const struct found *found)
{
	return listing->text.bytes + found->name + found->skip;
}

static int
append(struct listing *listing, const struct found *found, const char *name)
{
	struct found *all = listing->all;

	if (listing->n == listing->capacity) {
		size_t capacity = listing->capacity != 0 ? 2 * listing->capacity : 64;

		all = memory_resize(all, capacity * sizeof *all);
		if (all == NULL)
			return -1;
		listing->all = all;
		listing->capacity = capacity;
	}
	all[listing->n] = *found;
	all[listing->n].name = listing->text.size;
	if (buffer_append(&listing->text, name, strlen(name) + 1) != 0)
		return -1;
	listing->n++;
	return 0;
}

int
listing_add(struct listing *listing, enum folder folder, const char *name)
{
	return append(listing, &(struct found){ .folder = (uint8_t)folder }, name);
}

/* Up to the n-th dot and over it; 0: there are not so many. */
static uint32_t
behind_dots(const char *name, int n)
{
	const char *at = name;

	for (; n > 0; n--) {
		at = strchr(at, '.');
		if (at == NULL || at == name)
			return 0;
		at++;
	}
	return (uint32_t)(at - name);
}

/* Where the job's file begins in a name; -1: it is none of a job. */
static int
skip_of(const struct directory *directory, enum folder folder, const char *name)
{
	size_t size = strlen(name), ext = strlen(directory->ext);
	uint32_t skip = 0;

	if (size < ext || strcmp(name + size - ext, directory->ext) != 0)
		return -1;
	if (folder == DIR_RUNNING)
		skip = behind_dots(name, 1);
	else if (folder == DIR_MOVING)
		skip = behind_dots(name, 2);
	else if (folder == DIR_FAILED && strspn(name, "0123456789") == behind_dots(name, 1) - 1)
		skip = behind_dots(name, 1);
	if ((folder == DIR_RUNNING || folder == DIR_MOVING) && skip == 0)
		return -1;
	return size > skip + ext && name[skip] != '.' ? (int)skip : -1;
}

/* Jobs are files: no directories, pipes or links. */
static int
is_file(const struct directory *directory, int fd, const struct dirent *entry, int with_stat,
	struct found *found)
{
	struct stat is;

	(void)directory;
	if (!with_stat && entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_REG)
		return 0;
	if (fstatat(fd, entry->d_name, &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode))
		return 0;
	found->order_ns = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
	found->ms = (int64_t)is.st_ctim.tv_sec * 1000 + is.st_ctim.tv_nsec / 1000000;
	return 1;
}

/* Opened anew, so that a network file system looks whether it has changed. */
static DIR *
open_folder(const struct directory *directory, enum folder folder)
{
	int fd = openat(directory->root, dir_folder(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;

	if (stream == NULL)
		fd_close(&fd);
	return stream;
}

/* A folder that is not there is empty, in a list that others made; unless the list is gone. */
static int
trouble_with_folder(struct store *store, enum folder folder)
{
	const struct directory *directory = DIRECTORY_OF(store);
	int kept = errno;
	struct stat is;

	if (kept == ENOENT && fstat(directory->root, &is) == 0 && is.st_nlink != 0 &&
		(store->read_only || folder == DIR_HOME))
		return 0;
	if (kept == ENOENT)
		return error_set(store->error, ORD_ESYSTEM,
			"the list %s was deleted while it was open, or its folder %s was: make it anew, and open it again",
			directory->path, dir_folder(folder));
	return dir_trouble(store, kept, "list", dir_folder(folder));
}

int
dir_list(struct store *store, enum folder folder, struct listing *listing, int with_stat)
{
	const struct directory *directory = DIRECTORY_OF(store);
	int jobs = folder < DIR_HOME || (folder >= DIR_HIDDEN && folder <= DIR_MOVING);
	DIR *stream = open_folder(directory, folder);
	const struct dirent *entry;
	int status = 0;

	if (stream == NULL)
		return trouble_with_folder(store, folder);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
	while (status == 0 && (errno = 0, entry = readdir(stream)) != NULL) {
		struct found found = { .folder = (uint8_t)folder };
		int skip = jobs ? skip_of(directory, folder, entry->d_name) : 0;

		if (skip < 0 || entry->d_name[0] == '.' ||
			(folder != DIR_ADDING && folder != DIR_FRESH &&
				!is_file(directory, dirfd(stream), entry, with_stat, &found)))
			continue;
		found.skip = (uint32_t)skip;
		if (append(listing, &found, entry->d_name) != 0)
			status = error_memory(store->error);
	}
	if (status == 0 && errno != 0)
		status = dir_trouble(store, errno, "list", dir_folder(folder));
	closedir(stream);
	return status;
}

int
dir_is_empty(const struct directory *directory, enum folder folder)
{
	DIR *stream = open_folder(directory, folder);
	const struct dirent *entry = NULL;

	if (stream == NULL)
		return errno == ENOENT;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own */
	while ((entry = readdir(stream)) != NULL && entry->d_name[0] == '.')
		;
	closedir(stream);
	return entry == NULL;
}

int
dir_file_of(const struct store *store, const char *name, char file[DIR_FILE_MAX + 1])
{
	const char *ext = DIRECTORY_OF(store)->ext;
	size_t size = strlen(name), ext_size = strlen(ext);
	int bare = size <= ext_size || strcmp(name + size - ext_size, ext) != 0;

	if (size + (bare ? ext_size : 0) > DIR_FILE_MAX)
		return error_set(store->error, ORD_ETOOBIG,
			"the job '%.40s…' has a name of %zu bytes: with '%s' the file of a job may have %d in a directory",
			name, size, ext, DIR_FILE_MAX);
	snprintf(file, DIR_FILE_MAX + 1, "%s%s", name, bare ? ext : "");
	return 0;
}

int64_t
dir_item_of(const struct directory *directory, const char *file)
{
	size_t digits = strspn(file, "0123456789");
	int64_t item;

	if (directory->range < 0 || digits == 0 || digits > 13 || (file[0] == '0' && digits > 1) ||
		strcmp(file + digits, directory->ext) != 0)
		return -1;
	item = strtoll(file, NULL, 10);
	return item < directory->range ? item : -1;
}

/* --- sorting; qsort_r, because a comparison needs the names --- */

static int
compare_order(const void *one, const void *other, void *user)
{
	const struct found *a = one, *b = other;

	if (a->order_ns != b->order_ns)
		return a->order_ns < b->order_ns ? -1 : 1;
	/* As people count: job2 before job10. */
	return strverscmp(listing_file(user, a), listing_file(user, b));
}

static int
compare_lexically(const void *one, const void *other, void *user)
{
	return strcmp(listing_file(user, one), listing_file(user, other));
}

void
listing_sort(struct listing *listing)
{
	if (listing->n != 0)
		qsort_r(listing->all, listing->n, sizeof *listing->all, compare_lexically, listing);
}

size_t
listing_first(const struct listing *listing, const char *file)
{
	size_t least = 0, most = listing->n;

	while (least < most) {
		size_t middle = least + (most - least) / 2;

		if (strcmp(listing_file(listing, &listing->all[middle]), file) < 0)
			least = middle + 1;
		else
			most = middle;
	}
	return least < listing->n && strcmp(listing_file(listing, &listing->all[least]), file) == 0
		? least
		: listing->n;
}

/* Where a job is seen in several folders, one of them counts. */
static int
rank(const struct found *found)
{
	switch (found->folder) {
	case DIR_RUNNING:
	case DIR_MOVING: return 0;
	case DIR_WAITING:
	case DIR_HIDDEN: return 1;
	case DIR_AGAIN: return 2;
	case DIR_CANCELED: return 3;
	default: return 4;
	}
}

static int
compare_files(const void *one, const void *other, void *user)
{
	const struct found *a = one, *b = other;
	int order = strcmp(listing_file(user, a), listing_file(user, b));

	if (order == 0)
		order = rank(a) - rank(b);
	if (order == 0)
		order = a->ms == b->ms ? 0 : a->ms > b->ms ? -1 : 1;
	return order;
}

int
dir_list_all(struct store *store, struct listing *listing)
{
	static const enum folder folders[] = { DIR_HIDDEN, DIR_WAITING, DIR_RUNNING, DIR_MOVING,
		DIR_DONE, DIR_FAILED, DIR_CANCELED, DIR_AGAIN };
	size_t left = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < sizeof folders / sizeof *folders; i++) {
		status = dir_list(store, folders[i], listing, 1);
	}
	if (status != 0 || listing->n == 0)
		return status;
	qsort_r(listing->all, listing->n, sizeof *listing->all, compare_files, listing);
	for (size_t i = 0; i < listing->n; i++)
		if (i == 0 ||
			strcmp(listing_file(listing, &listing->all[left - 1]),
				listing_file(listing, &listing->all[i])) != 0)
			listing->all[left++] = listing->all[i];
	listing->n = left;
	qsort_r(listing->all, listing->n, sizeof *listing->all, compare_order, listing);
	return 0;
}

/* --- what may be taken --- */

static int
is_done(struct store *store, const char *name)
{
	char file[DIR_FILE_MAX + 1], path[DIR_PATH];
	static const enum folder other[] = { DIR_WAITING, DIR_HIDDEN, DIR_AGAIN };
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	struct found found;
	int status;

	if (dir_file_of(store, name, file) != 0 ||
		!dir_exists(directory, dir_path(path, DIR_DONE, NULL, file)))
		return 0;
	for (size_t i = 0; i < sizeof other / sizeof *other; i++)
		if (dir_exists(directory, dir_path(path, other[i], NULL, file)))
			return 0;
	/* It may be done once more. */
	status = dir_locate(store, file, &listing, &found);
	listing_finish(&listing);
	return status == 0 && found.folder == DIR_DONE;
}

size_t
dir_awaits(struct store *store, const struct record *record)
{
	size_t i = 0;

	while (i < record->n_after && is_done(store, record->after[i]))
		i++;
	return i;
}

uint32_t
dir_count_done(const struct directory *directory, const char *file)
{
	char path[DIR_PATH], numbered[DIR_FILE_MAX + 16];
	uint32_t n = 0;

	if (!dir_exists(directory, dir_path(path, DIR_DONE, NULL, file)))
		return 0;
	do {
		snprintf(numbered, sizeof numbered, "%s.%u", file, ++n + 1);
	} while (dir_exists(directory, dir_path(path, DIR_DONE, NULL, numbered)));
	return n;
}

/* Labels and other jobs that one of the hidden ones waits for. */
static int
judge(struct store *store, struct listing *listing, struct found *found)
{
	struct record record;
	int status = record_read(store, listing_file(listing, found), &record);

	if (status != 0)
		return status;
	found->foreign = !labels_meet(store->self.labels, record.requires);
	found->blocked = dir_awaits(store, &record) < record.n_after;
	record_finish(&record);
	return 0;
}

static uint64_t
next_random(struct directory *directory)
{
	directory->random ^= directory->random << 13;
	directory->random ^= directory->random >> 7;
	directory->random ^= directory->random << 17;
	return directory->random;
}

static void
exchange(struct listing *listing, size_t one, size_t other)
{
	struct found kept = listing->all[one];

	listing->all[one] = listing->all[other];
	listing->all[other] = kept;
}

static void
sort(struct store *store, struct listing *listing)
{
	struct directory *directory = DIRECTORY_OF(store);

	if (store->pick == ORD_JOBS_PICK_LEXICAL)
		qsort_r(listing->all, listing->n, sizeof *listing->all, compare_lexically, listing);
	else if (store->pick == ORD_JOBS_PICK_ADDED)
		qsort_r(listing->all, listing->n, sizeof *listing->all, compare_order, listing);
	else
		for (size_t i = listing->n; i > 1; i--)
			exchange(listing, i - 1, next_random(directory) % i);
	/* One that is listed and never had must not stand before all others. */
	if (directory->missed)
		exchange(listing, 0, next_random(directory) % listing->n);
}

/* Keep what self may take; what somebody put there again while it runs has to wait. */
static int
filter(struct store *store, struct listing *listing)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing running = { 0 };
	size_t left = 0;
	int status = dir_list(store, DIR_RUNNING, &running, 0);

	if (status == 0)
		status = dir_list(store, DIR_MOVING, &running, 0);
	listing_sort(&running);
	directory->any_foreign = directory->any_blocked = 0;
	for (size_t i = 0; status == 0 && i < listing->n; i++) {
		struct found found = listing->all[i];

		if (strlen(listing_file(listing, &found)) > DIR_FILE_MAX)
			found.foreign = 1;
		else if (found.folder == DIR_HIDDEN)
			status = judge(store, listing, &found);
		directory->any_blocked |= found.blocked;
		directory->any_foreign |= found.foreign && !found.blocked;
		if (!found.blocked && !found.foreign &&
			listing_first(&running, listing_file(listing, &found)) == running.n)
			listing->all[left++] = found;
	}
	listing_finish(&running);
	listing->n = left;
	return status;
}

int
dir_refresh(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing *waiting = &directory->waiting;
	int with_stat = store->pick == ORD_JOBS_PICK_ADDED;
	uint64_t began = clock_now_ns();
	int status = 0, settled = 0;

	listing_clear(waiting);
	directory->next = 0;
	directory->generation++;
	if (dir_misses(directory))
		return 0;
	directory->listed_now = directory->doubt;
	directory->doubt = 0;
	if (directory->listed_now) {
		dir_freshen(store, DIR_WAITING);
		dir_freshen(store, DIR_HIDDEN);
	}
	if (!store->read_only && !dir_is_empty(directory, DIR_ADDING))
		status = dir_finish_adding(
			store, directory->token, (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS));
	if (status != 0)
		return status;
	if (!store->read_only && !dir_is_empty(directory, DIR_AGAIN))
		settled = dir_settle_again(store, (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS));
	if (settled == 0 && store->stale_ms != 0 && !store->read_only)
		settled = dir_free_stale(store, (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS));
	status = dir_read_range(store);
	if (status == 0)
		status = dir_list(store, DIR_WAITING, waiting, with_stat);
	if (status == 0)
		status = dir_list(store, DIR_HIDDEN, waiting, with_stat);
	if (status == 0)
		status = filter(store, waiting);
	/* What cannot be settled stops nobody who has something to take, and is told when there is nothing else. */
	if (status == 0 && waiting->n == 0)
		status = settled;
	if (status != 0)
		listing_clear(waiting);
	else if (waiting->n != 0)
		sort(store, waiting);
	directory->listed_ns = clock_now_ns();
	directory->cost_ns = directory->listed_ns - began;
	return status;
}
