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

static int64_t
stamp(struct directory *directory)
{
	int64_t now = (int64_t)clock_wall_ns() + directory->ahead_ms * 1000000;

	directory->stamp_ns = now > directory->stamp_ns ? now : directory->stamp_ns + 1000;
	return directory->stamp_ns;
}

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
check_after(struct store *store, const struct store_job *jobs, size_t i, const struct table *before)
{
	struct listing listing = { 0 };
	int status = 0;

	for (size_t k = 0; status == 0 && k < jobs[i].n_after; k++) {
		struct found found = { .folder = DIR_N };
		char file[DIR_FILE_MAX + 1];

		if (table_find(before, jobs[i].after[k], strlen(jobs[i].after[k])) != NULL)
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
	struct dir_run last = { job->taker, job->why, job->began_ms, job->ended_ms, job->attempt,
		job->state };
	const struct record record = { .attempt = job->attempt,
		.failures = job->failures,
		.kills = job->kills,
		.runs = &last,
		.n_runs = *job->taker != '\0' || job->began_ms != 0 || job->ended_ms != 0,
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
	snprintf(relative, sizeof relative, "../fresh/%s/" DIR_RECORD ".%s", folder, file);
	return record_write(store, relative, &record);
}

/* What cannot be put there is not certain any more, in one step, and who adds is told what is. */
static int
take_back(struct store *store, const char *folder, uint64_t count, int status)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct error why = *store->error;
	char from[DIR_PATH], to[DIR_PATH];
	uint64_t left;

	dir_path(from, DIR_ADDING, NULL, folder);
	dir_path(to, DIR_FRESH, NULL, folder);
	if (renameat(directory->root, from, directory->root, to) != 0)
		return error_set(store->error, status,
			"%s; what is not added yet lies in %s, and whoever uses the list next adds it",
			why.text, from);
	left = dir_remove_folder(store, folder);
	*store->error = why;
	if (left >= count)
		return status;
	return error_set(store->error, status, "%s; the first %llu of %llu jobs are added",
		why.text, (unsigned long long)(count - left), (unsigned long long)count);
}

/* Certain, and done.  count: of jobs that are taken back if they cannot be put there; 0: a range, which stays. */
static int
commit(struct store *store, const char *folder, uint64_t count, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char from[DIR_PATH], to[DIR_PATH];
	int status;

	dir_path(from, DIR_FRESH, NULL, folder);
	dir_path(to, DIR_ADDING, NULL, folder);
	if (renameat(directory->root, from, directory->root, to) != 0) {
		status = dir_trouble(store, errno, "move", from);
		dir_remove_folder(store, folder);
		return status;
	}
	/* Once more: memory may be there again. */
	status = dir_finish_folder(store, folder, now);
	if (status != 0)
		status = dir_finish_folder(store, folder, now);
	if (status != 0)
		return count != 0 ? take_back(store, folder, count, status) : status;
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

/* What lies where a job is to wait, and is none, would stand in its way for ever. */
static int
check_place(struct store *store, enum folder folder, const char *file)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH];
	struct stat is;

	if (fstatat(directory->root, dir_path(path, folder, NULL, file), &is,
		    AT_SYMLINK_NOFOLLOW) != 0 ||
		S_ISREG(is.st_mode))
		return 0;
	return error_set(store->error, ORD_EFAILED,
		"the list %s: %s is there, and is no file: remove it", directory->path, path);
}

static int
add_one(struct store *store, const struct store_job *jobs, size_t i, const char *folder,
	struct table *before, uint64_t *added)
{
	struct listing listing = { 0 };
	struct found found;
	char file[DIR_FILE_MAX + 1];
	int changed = 1, status = dir_file_of(store, jobs[i].name, file);

	if (status == 0 && jobs[i].max_takers > 1)
		status = rules_no_sharing(store->error, "dir", jobs[i].name);
	if (status == 0)
		status = check_after(store, jobs, i, before);
	if (status == 0)
		status = dir_locate(store, file, &listing, &found);
	if (status == 0)
		status = check_place(store, DIR_WAITING, file);
	if (status == 0)
		status = check_place(store, DIR_HIDDEN, file);
	if (status == 0 && found.folder != DIR_N)
		status = is_changed(store, &jobs[i], &found, &listing, &changed);
	if (status == 0 && changed) {
		*added += 1;
		status = write_record(store, folder, file, &jobs[i], found.folder != DIR_N);
		if (status == 0)
			status = write_one(store, folder, DIR_PAYLOAD, file, &jobs[i]);
	}
	listing_finish(&listing);
	if (status == 0 && table_find(before, jobs[i].name, strlen(jobs[i].name)) == NULL &&
		table_put(before, jobs[i].name, strlen(jobs[i].name),
			(void *)(uintptr_t)&jobs[i]) != 0)
		status = error_memory(store->error);
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
	if (dir_read(directory, DIR_RANGE, &directory->content, &is) != 0)
		return errno == ENOENT ? 0 : dir_trouble(store, errno, "read", DIR_RANGE);
	if (sscanf(directory->content.bytes, "orderly range %llu", &count) != 1)
		return error_set(store->error, ORD_EFAILED,
			"the list %s: " DIR_RANGE " is damaged: remove it", directory->path);
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
	struct table before = { 0 };
	char folder[DIR_ID_MAX];
	int64_t range;
	int status = make_folder(store, folder);

	if (status != 0)
		return status;
	status = check_range(store, jobs, count, &range);
	if (status == 0 && range >= 0)
		status = write_range(store, folder, (uint64_t)range);
	for (size_t i = 0; status == 0 && i < count; i++)
		status = add_one(store, jobs, i, folder, &before, added);
	table_finish(&before);
	if (status == 0 && *added != 0)
		status = commit(store, folder, *added, now);
	else
		dir_remove_folder(store, folder);
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
		status = write_one(store, folder, DIR_ITEM, file, &job);
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
			status = commit(store, folder, 0, now);
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
