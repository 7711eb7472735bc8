/*
 * Finishing what is certain to be added: the files of a directory in .orderly/adding
 * go to where they wait, each record before its job, by who adds or, if that one
 * died, by who buries it.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

static int
needs_hiding(const struct record *record)
{
	return *record->requires != '\0' || record->n_after != 0;
}

/* Removed, but for what was done: results may lie there. */
static void
drop_old(struct store *store, const struct found *found, const struct listing *listing)
{
	char path[DIR_PATH];

	if (found->folder == DIR_DONE || found->folder == DIR_RUNNING ||
		found->folder == DIR_MOVING || found->folder == DIR_AGAIN)
		return;
	unlinkat(DIRECTORY_OF(store)->root,
		dir_path(path, (enum folder)found->folder, NULL, listing_name(listing, found)), 0);
}

/* A rename failed: 1 if somebody else has done it, or an answer was lost and not the request. */
static int
trouble_or_gone(struct store *store, const char *from, const char *to)
{
	const struct directory *directory = DIRECTORY_OF(store);
	int kept = errno;

	if ((kept == ENOENT || directory->network) && !dir_exists(directory, from))
		return 1;
	return dir_trouble(store, kept, "write", to);
}

/* Another version of a job that is there: it waits beside, until nobody holds the old one. */
static int
put_again(struct store *store, const char *from, const char *record_from, const char *file)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char to[DIR_PATH];

	dir_path(to, DIR_NEXT, NULL, file);
	if (renameat(directory->root, record_from, directory->root, to) != 0 && errno != ENOENT)
		return dir_trouble(store, errno, "write", to);
	if (renameat(directory->root, from, directory->root, dir_path(to, DIR_AGAIN, NULL, file)) !=
		0)
		return trouble_or_gone(store, from, to);
	return 0;
}

/*
 * Write its record first: a job that waits has its labels.  The one in the directory stays until the job is
 * there, for who finishes this for somebody who died.  1: a file of this name is there.
 */
static int
put_new(struct store *store, const char *from, const char *file, const struct record *fresh,
	int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char to[DIR_PATH];
	int code;

	if (fresh->exists && dir_exists(directory, from)) {
		code = record_write(store, file, fresh);
		if (code != 0)
			return code;
	}
	if (fresh->state == ORD_JOB_FAILED || fresh->state == ORD_JOB_KILLED) {
		dir_path(to, DIR_FAILED, NULL, file);
		code = dir_put_failed(directory, from, file, now);
	} else {
		dir_path(to,
			fresh->state == ORD_JOB_DONE               ? DIR_DONE
				: fresh->state == ORD_JOB_CANCELED ? DIR_CANCELED
				: needs_hiding(fresh)              ? DIR_HIDDEN
								   : DIR_WAITING,
			NULL, file);
		code = dir_rename_new(directory, from, to);
	}
	if (code == 0)
		return 0;
	if (errno == EEXIST)
		return 1;
	code = trouble_or_gone(store, from, to);
	return code < 0 ? code : 0;
}

/* Put there by who died before the name here was removed? */
static int
is_there(struct directory *directory, const char *from, const struct found *found,
	const struct listing *listing)
{
	char path[DIR_PATH];

	return dir_is_link(directory, from,
		dir_path(path, (enum folder)found->folder, NULL, listing_name(listing, found)));
}

/* One file of a directory of what is added. */
static int
finish_one(struct store *store, const char *folder, const char *name, int alone, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = name + 2;
	char from[DIR_PATH], relative[DIR_PATH], record_name[DIR_PATH];
	struct listing listing = { 0 };
	struct record fresh;
	struct found found;
	int status;

	snprintf(from, sizeof from, "%s/%s/%s", dir_folder(DIR_ADDING), folder, name);
	snprintf(record_name, sizeof record_name, "%s/%s/" DIR_RECORD ".%s", dir_folder(DIR_ADDING),
		folder, file);
	/* As record_read wants it: relative to the folder of records. */
	snprintf(relative, sizeof relative, "../adding/%s/" DIR_RECORD ".%s", folder, file);
	status = record_read(store, relative, &fresh);
	for (int tries = 0; status == 0; tries++) {
		found.folder = DIR_N;
		if (!alone || tries != 0)
			status = dir_locate(store, file, &listing, &found);
		if (status != 0)
			break;
		if (found.folder == DIR_N) {
			status = put_new(store, from, file, &fresh, now);
			if (status == 1 && tries < 100) {
				status = 0;
				continue;
			}
			if (status == 1)
				status = error_set(store->error, ORD_EFAILED,
					"the list %s: %s cannot be added: something of its name is there, and is no file: remove it",
					directory->path, file);
		} else if (name[0] == DIR_ITEM[0] || is_there(directory, from, &found, &listing)) {
			break;
		} else {
			status = put_again(store, from, record_name, file);
			if (status == 0)
				drop_old(store, &found, &listing);
			if (status == 0)
				status = dir_settle_again(store, now);
		}
		break;
	}
	/* What could not be put there is kept. */
	if (status >= 0) {
		unlinkat(directory->root, from, 0);
		unlinkat(directory->root, record_name, 0);
	}
	listing_finish(&listing);
	record_finish(&fresh);
	return status > 0 ? 0 : status;
}

/* The files of a directory in .orderly/adding or .orderly/fresh. */
static int
list_inside(struct store *store, enum folder folder, const char *name, struct listing *listing)
{
	struct directory *directory = DIRECTORY_OF(store);
	int kept = directory->root, status;
	char path[DIR_PATH];

	directory->root = openat(
		kept, dir_path(path, folder, NULL, name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory->root < 0) {
		directory->root = kept;
		return errno == ENOENT || errno == ENOTDIR
			? 0
			: dir_trouble(store, errno, "list", path);
	}
	status = dir_list(store, DIR_N, listing, 1);
	close(directory->root);
	directory->root = kept;
	return status;
}

static int
compare_stamps(const void *one, const void *other)
{
	const struct found *a = one, *b = other;

	return a->order_ns == b->order_ns ? 0 : a->order_ns < b->order_ns ? -1 : 1;
}

/* Then nothing new can be there already. */
static int
has_no_jobs(const struct directory *directory)
{
	static const enum folder folders[] = { DIR_HIDDEN, DIR_WAITING, DIR_RUNNING, DIR_MOVING,
		DIR_DONE, DIR_FAILED, DIR_CANCELED, DIR_AGAIN };
	size_t i = 0;

	while (i < sizeof folders / sizeof *folders && dir_is_empty(directory, folders[i]))
		i++;
	return i == sizeof folders / sizeof *folders;
}

int
dir_finish_folder(struct store *store, const char *folder, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	char path[DIR_PATH];
	int status = list_inside(store, DIR_ADDING, folder, &listing), items = 1,
	    alone = has_no_jobs(directory);

	snprintf(path, sizeof path, "%s/%s/range", dir_folder(DIR_ADDING), folder);
	if (status == 0 && dir_rename_new(directory, path, DIR_RANGE) != 0) {
		/* Somebody else has made the same range. */
		items = errno == ENOENT;
		unlinkat(directory->root, path, 0);
	}
	if (listing.n != 0)
		qsort(listing.all, listing.n, sizeof *listing.all, compare_stamps);
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *name = listing_name(&listing, &listing.all[i]);

		if (name[1] != '.' || name[0] == DIR_RECORD[0])
			continue;
		if (items || name[0] != DIR_ITEM[0]) {
			status = finish_one(store, folder, name, alone, now);
			continue;
		}
		snprintf(path, sizeof path, "%s/%s/%s", dir_folder(DIR_ADDING), folder, name);
		unlinkat(directory->root, path, 0);
	}
	/* Records of jobs that somebody who died has put there. */
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *name = listing_name(&listing, &listing.all[i]);

		snprintf(path, sizeof path, "%s/%s/%s", dir_folder(DIR_ADDING), folder, name);
		if (name[0] == DIR_RECORD[0])
			unlinkat(directory->root, path, 0);
	}
	listing_finish(&listing);
	if (status == 0 &&
		unlinkat(directory->root, dir_path(path, DIR_ADDING, NULL, folder), AT_REMOVEDIR) !=
			0 &&
		errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		return dir_trouble(store, errno, "remove", path);
	return status;
}

uint64_t
dir_remove_folder(struct store *store, const char *name)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	char path[DIR_PATH];
	uint64_t n = 0;

	if (list_inside(store, DIR_FRESH, name, &listing) == 0)
		for (size_t i = 0; i < listing.n; i++) {
			const char *inside = listing_name(&listing, &listing.all[i]);

			n += inside[0] == DIR_PAYLOAD[0] && inside[1] == '.';
			snprintf(
				path, sizeof path, "%s/%s/%s", dir_folder(DIR_FRESH), name, inside);
			unlinkat(directory->root, path, 0);
		}
	listing_finish(&listing);
	unlinkat(directory->root, dir_path(path, DIR_FRESH, NULL, name), AT_REMOVEDIR);
	return n;
}

static int
is_of(const char *name, const char *token)
{
	size_t size = token != NULL ? strlen(token) : 0;

	return token == NULL || (strncmp(name, token, size) == 0 && name[size] == '-');
}

int
dir_finish_adding(struct store *store, const char *token, int64_t now)
{
	struct listing listing = { 0 };
	int status = dir_list(store, DIR_ADDING, &listing, 0);

	for (size_t i = 0; status == 0 && i < listing.n; i++)
		if (is_of(listing_name(&listing, &listing.all[i]), token))
			status = dir_finish_folder(
				store, listing_name(&listing, &listing.all[i]), now);
	listing_clear(&listing);
	if (status == 0 && token != NULL)
		status = dir_list(store, DIR_FRESH, &listing, 0);
	for (size_t i = 0; status == 0 && token != NULL && i < listing.n; i++)
		if (is_of(listing_name(&listing, &listing.all[i]), token))
			dir_remove_folder(store, listing_name(&listing, &listing.all[i]));
	listing_finish(&listing);
	return status;
}
