/*
 * Views of the network see late what others do.  Listings, names that are there and names that are not are
 * remembered by them for up to a minute, and some do not know when a file was renamed.  What must be certain (is
 * anything left?  what did a dead taker hold?) is asked for here.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

void
dir_freshen(struct store *store, enum folder folder)
{
	const struct directory *directory = DIRECTORY_OF(store);

	/* A view that keeps listings, as sshfs does for 20 s, forgets this one. */
	if (directory->network && !store->read_only)
		utimensat(directory->root, dir_folder(folder), NULL, 0);
}

int
dir_list_now(struct store *store, enum folder folder, struct listing *listing, int with_stat)
{
	dir_freshen(store, folder);
	return dir_list(store, folder, listing, with_stat);
}

int
dir_pause(struct store *store)
{
	struct pollfd entry = { .fd = store->wake, .events = POLLIN };
	uint64_t until = clock_now_ns() + store->self.sync_ms * CLOCK_NS_PER_MS;
	int left;

	/* A signal's handler must not make it shorter. */
	while ((left = clock_left_ms(clock_now_ns(), until)) > 0)
		if (poll(&entry, 1, left) == 1)
			return -1;
	return 0;
}

/* --- what was listed, and is another's --- */

void
dir_note_misses(struct directory *directory, size_t tried, size_t got)
{
	if (!directory->network || tried == 0)
		return;
	directory->missed = got == 0;
	if (got != 0)
		return;
	/* If even that is old, nothing but waiting helps. */
	if (directory->listed_now)
		directory->missed_ns = clock_now_ns();
	directory->doubt = 1;
}

int
dir_misses(const struct directory *directory)
{
	return directory->missed_ns != 0 && clock_now_ns() - directory->missed_ns < DIR_LOOK_NS;
}

/* --- since when a claim is there --- */

/* Of a file that is younger than what it says of its content. */
int
dir_knows_renames(struct directory *directory)
{
	char path[DIR_PATH], id[DIR_ID_MAX];
	struct stat is;

	if (!directory->network)
		return 1;
	if (directory->knows_renames == 0) {
		dir_path(path, DIR_FRESH, dir_id(directory, id), "probe");
		if (dir_write(directory, path, "", 0, 1000000000) != 0)
			return 0;
		directory->knows_renames =
			fstatat(directory->root, path, &is, 0) == 0 && is.st_ctim.tv_sec > 1000
			? 1
			: -1;
		unlinkat(directory->root, path, 0);
	}
	return directory->knows_renames > 0;
}

/* When self has seen it first, or now. */
static int64_t
first_seen(const struct listing *seen, const char *name, int64_t now)
{
	for (size_t i = 0; i < seen->n; i++)
		if (strcmp(listing_name(seen, &seen->all[i]), name) == 0)
			return seen->all[i].ms;
	return now;
}

int
dir_list_claims(struct store *store, struct listing *running, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing seen = directory->seen;
	int status = dir_list(store, DIR_RUNNING, running, 1);

	if (status != 0 || dir_knows_renames(directory))
		return status;
	directory->seen = (struct listing){ 0 };
	for (size_t i = 0; status == 0 && i < running->n; i++) {
		struct found *found = &running->all[i];
		const char *name = listing_name(running, found);

		found->ms = first_seen(&seen, name, now + directory->ahead_ms);
		if (listing_add(&directory->seen, DIR_RUNNING, name) != 0)
			status = error_memory(store->error);
		else
			directory->seen.all[directory->seen.n - 1].ms = found->ms;
	}
	listing_finish(&seen);
	return status;
}

/* --- renames of two steps, cut between them --- */

int
dir_is_link(struct directory *directory, const char *one, const char *other)
{
	struct stat a, b;

	if (!directory->network || fstatat(directory->root, one, &a, AT_SYMLINK_NOFOLLOW) != 0 ||
		fstatat(directory->root, other, &b, AT_SYMLINK_NOFOLLOW) != 0)
		return 0;
	if (a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return 1;
	/* Where each name has a number of its own, too. */
	return !dir_knows_renames(directory) && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
		a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && dir_is_same(directory, one, other);
}

int
dir_is_elsewhere(struct store *store, const char *path, const char *file, int *elsewhere)
{
	static const enum folder folders[] = { DIR_HIDDEN, DIR_WAITING, DIR_RUNNING, DIR_FAILED };
	static const enum folder ended[] = { DIR_DONE, DIR_CANCELED };
	struct listing listing = { 0 };
	char other[DIR_PATH];
	int status = 0;

	*elsewhere = 0;
	if (!DIRECTORY_OF(store)->network)
		return 0;
	for (size_t i = 0; i < sizeof ended / sizeof *ended; i++)
		if (dir_is_link(DIRECTORY_OF(store), path, dir_path(other, ended[i], NULL, file))) {
			*elsewhere = 1;
			return 0;
		}
	for (size_t i = 0; status == 0 && i < sizeof folders / sizeof *folders; i++)
		status = dir_list_now(store, folders[i], &listing, 0);
	for (size_t i = 0; status == 0 && !*elsewhere && i < listing.n; i++) {
		const struct found *found = &listing.all[i];

		if (strcmp(listing_file(&listing, found), file) != 0)
			continue;
		dir_path(other, (enum folder)found->folder, NULL, listing_name(&listing, found));
		*elsewhere =
			strcmp(other, path) != 0 && dir_is_link(DIRECTORY_OF(store), path, other);
	}
	listing_finish(&listing);
	return status;
}
