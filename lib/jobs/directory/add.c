/*
 * Adding and changing.  What is added is written into a directory of its own first,
 * which is then renamed into .orderly/adding: from there on it is certain, and who
 * died in the middle of it has it finished by others.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/table.h"
#include "jobs/rules.h"

/* Prefixes in a directory of what is added. */
#define PAYLOAD "p"
#define RECORD "r"
#define ITEM "i" /* of a range: one that is there stays as it is */
#define RANGE ".orderly/range"

static int64_t
stamp(struct directory *directory)
{
	int64_t now = (int64_t)clock_wall_ns() + directory->ahead_ms * 1000000;

	directory->stamp_ns = now > directory->stamp_ns ? now : directory->stamp_ns + 1000;
	return directory->stamp_ns;
}

/* --- finishing --- */

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
		return errno == ENOENT ? 1 : dir_trouble(store, errno, "write", to);
	return 0;
}

/* Rename the record's file first: a job that waits has its labels. */
static int
put_new(struct store *store, const char *from, const char *record_from, const char *file,
	const struct record *fresh, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char to[DIR_PATH];

	if (fresh->exists &&
		renameat(directory->root, record_from, directory->root,
			dir_path(to, DIR_RECORDS, NULL, file)) != 0 &&
		errno != ENOENT)
		return dir_trouble(store, errno, "write", to);
	if (fresh->state == ORD_JOB_FAILED || fresh->state == ORD_JOB_KILLED)
		return dir_put_failed(directory, from, file, now) == 0 || errno == ENOENT
			? 0
			: dir_trouble(store, errno, "move", from);
	dir_path(to,
		fresh->state == ORD_JOB_DONE               ? DIR_DONE
			: fresh->state == ORD_JOB_CANCELED ? DIR_CANCELED
			: needs_hiding(fresh)              ? DIR_HIDDEN
							   : DIR_WAITING,
		NULL, file);
	if (dir_rename_new(directory, from, to) != 0 && errno != ENOENT)
		return errno == EEXIST ? 1 : dir_trouble(store, errno, "write", to);
	return 0;
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
	snprintf(record_name, sizeof record_name, "%s/%s/" RECORD ".%s", dir_folder(DIR_ADDING),
		folder, file);
	/* As record_read wants it: relative to the folder of records. */
	snprintf(relative, sizeof relative, "../adding/%s/" RECORD ".%s", folder, file);
	status = record_read(store, relative, &fresh);
	for (int tries = 0; status == 0; tries++) {
		found.folder = DIR_N;
		if (!alone || tries != 0)
			status = dir_locate(store, file, &listing, &found);
		if (status != 0)
			break;
		if (found.folder == DIR_N) {
			status = put_new(store, from, record_name, file, &fresh, now);
			if (status == 1 && tries < 100) {
				status = 0;
				continue;
			}
		} else if (name[0] == ITEM[0]) {
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
	unlinkat(directory->root, from, 0);
	unlinkat(directory->root, record_name, 0);
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

static int
finish_folder(struct store *store, const char *folder, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 }, there = { 0 };
	char path[DIR_PATH];
	int status = list_inside(store, DIR_ADDING, folder, &listing), items = 1;

	snprintf(path, sizeof path, "%s/%s/range", dir_folder(DIR_ADDING), folder);
	if (status == 0)
		status = dir_list_all(store, &there);
	if (status == 0 && dir_rename_new(directory, path, RANGE) != 0) {
		/* Somebody else has made the same range. */
		items = errno == ENOENT;
		unlinkat(directory->root, path, 0);
	}
	if (listing.n != 0)
		qsort(listing.all, listing.n, sizeof *listing.all, compare_stamps);
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *name = listing_name(&listing, &listing.all[i]);

		if (name[1] != '.' || name[0] == RECORD[0])
			continue;
		if (items || name[0] != ITEM[0]) {
			status = finish_one(store, folder, name, there.n == 0, now);
			continue;
		}
		snprintf(path, sizeof path, "%s/%s/%s", dir_folder(DIR_ADDING), folder, name);
		unlinkat(directory->root, path, 0);
	}
	listing_finish(&there);
	listing_finish(&listing);
	if (status == 0 &&
		unlinkat(directory->root, dir_path(path, DIR_ADDING, NULL, folder), AT_REMOVEDIR) !=
			0 &&
		errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
		return dir_trouble(store, errno, "remove", path);
	return status;
}

/* A directory that was not certain yet. */
static void
remove_folder(struct store *store, const char *name)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	char path[DIR_PATH];

	if (list_inside(store, DIR_FRESH, name, &listing) == 0)
		for (size_t i = 0; i < listing.n; i++) {
			snprintf(path, sizeof path, "%s/%s/%s", dir_folder(DIR_FRESH), name,
				listing_name(&listing, &listing.all[i]));
			unlinkat(directory->root, path, 0);
		}
	listing_finish(&listing);
	unlinkat(directory->root, dir_path(path, DIR_FRESH, NULL, name), AT_REMOVEDIR);
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
			status = finish_folder(store, listing_name(&listing, &listing.all[i]), now);
	listing_clear(&listing);
	if (status == 0 && token != NULL)
		status = dir_list(store, DIR_FRESH, &listing, 0);
	for (size_t i = 0; status == 0 && token != NULL && i < listing.n; i++)
		if (is_of(listing_name(&listing, &listing.all[i]), token))
			remove_folder(store, listing_name(&listing, &listing.all[i]));
	listing_finish(&listing);
	return status;
}

/* --- adding --- */

/* Is it another version than what is there? */
static int
is_changed(struct store *store, const struct store_job *job, const struct found *found,
	const struct listing *listing, int *changed)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(listing, found);
	struct store_job there = { 0 };
	struct record record;
	char path[DIR_PATH];
	struct stat is;
	int status;

	snprintf(path, sizeof path, "../next/%s", file);
	status = record_read(store, found->folder == DIR_AGAIN ? path : file, &record);
	if (status != 0)
		return status;
	there.fingerprint = record.fingerprint;
	there.fingerprint_size = record.fingerprint_size;
	*changed = 1;
	if (dir_read(directory,
		    dir_path(path, (enum folder)found->folder, NULL, listing_name(listing, found)),
		    &directory->content, &is) == 0) {
		there.payload = directory->content.bytes;
		there.payload_size = directory->content.size;
		*changed = rules_is_changed(&there, job);
	}
	record_finish(&record);
	return 0;
}

/* Is every job that is to come first in the list, or before it among the new ones? */
static int
check_after(struct store *store, const struct store_job *jobs, size_t i)
{
	struct listing listing = { 0 };
	int status = 0;

	for (size_t k = 0; status == 0 && k < jobs[i].n_after; k++) {
		struct found found = { .folder = DIR_N };
		char file[DIR_FILE_MAX + 1];
		int known = 0;

		for (size_t j = 0; !known && j < i; j++)
			known = strcmp(jobs[j].name, jobs[i].after[k]) == 0;
		if (known)
			continue;
		if (strcmp(jobs[i].name, jobs[i].after[k]) != 0) {
			status = dir_file_of(store, jobs[i].after[k], file);
			if (status == 0)
				status = dir_locate(store, file, &listing, &found);
		}
		if (status == 0 && found.folder == DIR_N)
			status = rules_no_dependency(store->error, jobs[i].name, jobs[i].after[k]);
	}
	listing_finish(&listing);
	return status;
}

static int
write_one(struct store *store, const char *folder, const char *prefix, const char *file,
	const struct store_job *job)
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH];

	snprintf(path, sizeof path, "%s/%s/%s.%s", dir_folder(DIR_FRESH), folder, prefix, file);
	if (dir_write(directory, path, job->payload, job->payload_size, stamp(directory)) != 0)
		return errno == EEXIST
			? error_set(store->error, ORD_EINVAL,
				  "the job '%s' is twice among those to be added", job->name)
			: dir_trouble(store, errno, "write", path);
	return 0;
}

/* What must be known of it before anybody can take it; of one that is there already it is written in any case. */
static int
write_record(struct store *store, const char *folder, const char *file, const struct store_job *job,
	int known)
{
	char relative[DIR_PATH];
	const struct record record = { .attempt = job->attempt,
		.kills = job->kills,
		.dones = job->state == ORD_JOB_DONE,
		.state = job->state,
		.failed_retries = job->failed_retries,
		.killed_retries = job->killed_retries,
		.mover = "",
		.why = job->why,
		.requires = job->requires,
		.fingerprint = job->fingerprint,
		.fingerprint_size = job->fingerprint_size,
		.after = (const char **)(uintptr_t)job->after,
		.n_after = job->n_after };

	if (!known && *job->requires == '\0' && job->n_after == 0 && job->fingerprint == NULL &&
		job->failed_retries < 0 && job->killed_retries < 0 &&
		job->state == ORD_JOB_WAITING && job->attempt == 0)
		return 0;
	snprintf(relative, sizeof relative, "../fresh/%s/" RECORD ".%s", folder, file);
	return record_write(store, relative, &record);
}

/* Certain, and done. */
static int
commit(struct store *store, const char *folder, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char from[DIR_PATH], to[DIR_PATH];

	dir_path(from, DIR_FRESH, NULL, folder);
	dir_path(to, DIR_ADDING, NULL, folder);
	if (renameat(directory->root, from, directory->root, to) != 0)
		return dir_trouble(store, errno, "move", from);
	/* What cannot be done now for want of memory or room is done by the next who looks. */
	if (finish_folder(store, folder, now) != 0)
		finish_folder(store, folder, now);
	error_clear(store->error);
	return 0;
}

static int
make_folder(struct store *store, char folder[DIR_ID_MAX])
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH];

	dir_path(path, DIR_FRESH, NULL, dir_id(directory, folder));
	if (mkdirat(directory->root, path, 0777) != 0)
		return dir_trouble(store, errno, "make", path);
	return 0;
}

static int
add_one(struct store *store, const struct store_job *jobs, size_t i, const char *folder,
	uint64_t *added)
{
	struct listing listing = { 0 };
	struct found found;
	char file[DIR_FILE_MAX + 1];
	int changed = 1, status = dir_file_of(store, jobs[i].name, file);

	if (status == 0 && jobs[i].max_takers > 1)
		status = rules_no_sharing(store->error, "dir", jobs[i].name);
	if (status == 0)
		status = check_after(store, jobs, i);
	if (status == 0)
		status = dir_locate(store, file, &listing, &found);
	if (status == 0 && found.folder != DIR_N)
		status = is_changed(store, &jobs[i], &found, &listing, &changed);
	if (status == 0 && changed) {
		*added += 1;
		status = write_record(store, folder, file, &jobs[i], found.folder != DIR_N);
		if (status == 0)
			status = write_one(store, folder, PAYLOAD, file, &jobs[i]);
	}
	listing_finish(&listing);
	return status;
}

/* The range of the list, or -1. */
static int
read_range(struct store *store, int64_t *range)
{
	struct directory *directory = DIRECTORY_OF(store);
	unsigned long long count;
	struct stat is;

	*range = -1;
	if (dir_read(directory, RANGE, &directory->content, &is) != 0)
		return errno == ENOENT ? 0 : dir_trouble(store, errno, "read", RANGE);
	if (sscanf(directory->content.bytes, "orderly range %llu", &count) != 1)
		return error_set(store->error, ORD_EFAILED,
			"the list %s: " RANGE " is damaged: remove it", directory->path);
	*range = (int64_t)count;
	return 0;
}

int
dir_read_range(struct store *store)
{
	return read_range(store, &DIRECTORY_OF(store)->range);
}

/* Beside the jobs that are added. */
static int
write_range(struct store *store, const char *folder, uint64_t count)
{
	char path[DIR_PATH], text[48];

	snprintf(path, sizeof path, "%s/%s/range", dir_folder(DIR_FRESH), folder);
	snprintf(text, sizeof text, "orderly range %llu\n", (unsigned long long)count);
	if (dir_write(DIRECTORY_OF(store), path, text, strlen(text), 0) != 0)
		return dir_trouble(store, errno, "write", path);
	return 0;
}

/* A list is one range, or none. */
static int
check_range(struct store *store, const struct store_job *jobs, size_t count, int64_t *range)
{
	int status = read_range(store, range);

	for (size_t i = 0; status == 0 && i < count; i++) {
		if (jobs[i].range != 0 && *range >= 0 && (uint64_t)*range != jobs[i].range)
			status = rules_size_mismatch(store->error, (uint64_t)*range, jobs[i].range);
		else if (jobs[i].range != 0)
			*range = (int64_t)jobs[i].range;
	}
	return status;
}

int
dir_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	char folder[DIR_ID_MAX];
	int64_t range;
	int status = make_folder(store, folder);

	if (status != 0)
		return status;
	status = check_range(store, jobs, count, &range);
	if (status == 0 && range >= 0)
		status = write_range(store, folder, (uint64_t)range);
	for (size_t i = 0; status == 0 && i < count; i++)
		status = add_one(store, jobs, i, folder, added);
	if (status == 0 && *added != 0)
		status = commit(store, folder, now);
	else
		remove_folder(store, folder);
	directory->waiting.n = 0;
	if (status == 0)
		directory->range = range;
	return status;
}

/* --- a range --- */

/* The jobs of a range: empty files. */
static int
write_items(struct store *store, const char *folder, uint64_t count)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char file[DIR_FILE_MAX + 1];
	int status = 0;

	for (uint64_t i = 0; status == 0 && i < count; i++) {
		static const struct store_job job = { .name = "", .requires = "" };

		snprintf(file, sizeof file, "%llu%s", (unsigned long long)i, directory->ext);
		status = write_one(store, folder, ITEM, file, &job);
	}
	return status;
}

int
dir_add_range(struct store *store, uint64_t count, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	char folder[DIR_ID_MAX];
	int64_t range;
	int status = read_range(store, &range);

	if (status == 0 && range < 0) {
		status = make_folder(store, folder);
		if (status == 0)
			status = write_range(store, folder, count);
		if (status == 0)
			status = write_items(store, folder, count);
		if (status == 0)
			status = commit(store, folder, now);
		if (status == 0)
			status = read_range(store, &range);
	}
	/* Another taker's: it is all there before this one takes. */
	if (status == 0)
		status = dir_finish_adding(store, NULL, now);
	if (status != 0)
		return status;
	directory->range = range;
	directory->waiting.n = 0;
	return (uint64_t)range == count ? 0
					: rules_size_mismatch(store->error, (uint64_t)range, count);
}
