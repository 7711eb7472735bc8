/*
 * Where one job is.  In most folders it lies under its own name, and so they need
 * not be listed.
 */
#include "jobs/directory/dir.h"

#include <fcntl.h>
#include <string.h>

#include <orderly/jobs.h>

#include "base/clock.h"

#define SETTLED_NS \
	INT64_C(20000000) /* a folder that was changed so long ago has another time if it is changed again */
#define SETTLED_FAR_NS INT64_C(2000000000) /* whole seconds, and remembered for a while */

/* When it was added, and since when it is there; 0: it is gone. */
static int
look_at(const struct directory *directory, const char *path, struct found *found)
{
	struct stat is;

	if (fstatat(directory->root, path, &is, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(is.st_mode))
		return 0;
	found->order_ns = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
	found->ms = (int64_t)is.st_ctim.tv_sec * 1000 + is.st_ctim.tv_nsec / 1000000;
	return 1;
}

/*
 * What has failed is never cleared by itself, so there may be much of it: it is listed anew when its folder has
 * changed only, or may change yet without its time being another.
 */
static int
list_failed(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	int64_t changed = 0,
		now = (int64_t)clock_wall_ns() + directory->ahead_ms * (int64_t)CLOCK_NS_PER_MS;
	struct stat is;
	int status;

	if (fstatat(directory->root, dir_folder(DIR_FAILED), &is, 0) == 0)
		changed = (int64_t)is.st_mtim.tv_sec * 1000000000 + is.st_mtim.tv_nsec;
	if (changed != 0 && changed == directory->failed_ns)
		return 0;
	listing_clear(&directory->failed);
	directory->failed_ns = 0;
	status = dir_list(store, DIR_FAILED, &directory->failed, 0);
	if (status != 0) {
		listing_clear(&directory->failed);
		return status;
	}
	listing_sort(&directory->failed);
	if (changed < now - (directory->network ? SETTLED_FAR_NS : SETTLED_NS))
		directory->failed_ns = changed;
	return 0;
}

/* The newest of those that have failed. */
static int
search_failed(struct store *store, const char *file, struct listing *listing, struct found *found)
{
	struct directory *directory = DIRECTORY_OF(store);
	const struct listing *failed = &directory->failed;
	char path[DIR_PATH];
	int status = list_failed(store);

	if (status != 0)
		return status;
	for (size_t i = listing_first(failed, file);
		i < failed->n && strcmp(listing_file(failed, &failed->all[i]), file) == 0; i++) {
		const char *name = listing_name(failed, &failed->all[i]);
		struct found one = failed->all[i];

		if (!look_at(directory, dir_path(path, DIR_FAILED, NULL, name), &one) ||
			(found->folder == DIR_FAILED && found->ms >= one.ms))
			continue;
		listing_clear(listing);
		if (listing_add(listing, DIR_FAILED, name) != 0)
			return error_memory(store->error);
		one.name = 0;
		listing->all[0] = *found = one;
	}
	return 0;
}

/* In a folder where something stands before the names: the newest.  Only its own files are looked at. */
static int
search(struct store *store, enum folder folder, const char *file, struct listing *listing,
	struct found *found)
{
	char path[DIR_PATH];
	int status;

	listing_clear(listing);
	status = dir_list(store, folder, listing, 0);
	for (size_t i = 0; status == 0 && i < listing->n; i++) {
		struct found *one = &listing->all[i];

		if (strcmp(listing_file(listing, one), file) == 0 &&
			look_at(DIRECTORY_OF(store),
				dir_path(path, folder, NULL, listing_name(listing, one)), one) &&
			(found->folder != folder || found->ms < one->ms))
			*found = *one;
	}
	return status;
}

/* In one where it lies under its own name. */
static int
look(struct store *store, enum folder folder, const char *file, struct listing *listing,
	struct found *found)
{
	struct found one = { .folder = (uint8_t)folder };
	char path[DIR_PATH];

	if (!look_at(DIRECTORY_OF(store), dir_path(path, folder, NULL, file), &one))
		return 0;
	listing_clear(listing);
	if (listing_add(listing, folder, file) != 0)
		return error_memory(store->error);
	listing->all[0] = *found = one;
	return 0;
}

int
dir_locate(struct store *store, const char *file, struct listing *listing, struct found *found)
{
	static const enum folder folders[] = { DIR_WAITING, DIR_HIDDEN, DIR_RUNNING, DIR_MOVING,
		DIR_AGAIN, DIR_CANCELED, DIR_DONE, DIR_FAILED };
	struct listing other = { 0 };
	struct found failed = { .folder = DIR_N };
	int status = 0;

	found->folder = DIR_N;
	for (size_t i = 0; status == 0 && found->folder == DIR_N && i < 7; i++)
		status = folders[i] == DIR_RUNNING || folders[i] == DIR_MOVING
			? search(store, folders[i], file, listing, found)
			: look(store, folders[i], file, listing, found);
	/* What waits and runs, too, runs; what is done and has failed is what came last. */
	if (status == 0 && (found->folder == DIR_WAITING || found->folder == DIR_HIDDEN)) {
		status = search(store, DIR_RUNNING, file, &other, &failed);
	} else if (status == 0 && (found->folder == DIR_DONE || found->folder == DIR_N)) {
		status = search_failed(store, file, &other, &failed);
	}
	if (status == 0 && failed.folder != DIR_N &&
		(failed.folder == DIR_RUNNING || found->folder == DIR_N ||
			failed.ms >= found->ms)) {
		struct listing kept = *listing;

		*listing = other;
		other = kept;
		*found = failed;
	}
	listing_finish(&other);
	return status;
}

int
dir_state_of(const struct store *store, const struct found *found, const struct record *record)
{
	(void)store;
	switch (found->folder) {
	case DIR_RUNNING:
	case DIR_MOVING: return ORD_JOB_RUNNING;
	case DIR_DONE: return ORD_JOB_DONE;
	case DIR_CANCELED: return ORD_JOB_CANCELED;
	case DIR_FAILED: return record->state == ORD_JOB_KILLED ? ORD_JOB_KILLED : ORD_JOB_FAILED;
	case DIR_HIDDEN: return found->blocked ? ORD_JOB_BLOCKED : ORD_JOB_WAITING;
	default: return ORD_JOB_WAITING;
	}
}
