/* What lies in the folders, for people and programs, and for a taker that finds nothing to take. */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "jobs/rules.h"

/* What a blocked job waits for, and in which state that is. */
static int
find_awaited(struct store *store, const struct record *record, struct store_job *job,
	struct found *found)
{
	size_t i = dir_awaits(store, record);
	struct listing listing = { 0 };
	char file[DIR_FILE_MAX + 1];
	struct record other = { 0 };
	struct found there;
	int status;

	job->awaits = "";
	if (i == record->n_after)
		return 0;
	found->blocked = 1;
	job->awaits = record->after[i];
	status = dir_file_of(store, job->awaits, file);
	if (status == 0)
		status = dir_locate(store, file, &listing, &there);
	if (status == 0)
		status = record_read(store, file, &other);
	if (status == 0)
		job->awaits_state = there.folder == DIR_HIDDEN
			? (dir_awaits(store, &other) < other.n_after ? ORD_JOB_BLOCKED
								     : ORD_JOB_WAITING)
			: dir_state_of(store, &there, &other);
	record_finish(&other);
	listing_finish(&listing);
	return status;
}

/* Of a job that has ended or runs: the attempt that its file is. */
static uint32_t
attempt_of(struct store *store, const char *file, int state, const struct record *record)
{
	if (state == ORD_JOB_RUNNING)
		return record->attempt + 1;
	if (state == ORD_JOB_DONE)
		return record->attempt +
			(record->dones < dir_count_done(DIRECTORY_OF(store), file));
	/* A foreign taker's failure is in no record. */
	if (state == ORD_JOB_FAILED && record->state != ORD_JOB_FAILED)
		return record->attempt + 1;
	return record->attempt;
}

/* Is the newest of those that are remembered this attempt?  One that was done is remembered only if it came from another list. */
static int
is_last(const struct record *record, uint32_t attempt)
{
	return record->n_runs != 0 && record->runs[0].attempt == attempt;
}

static int
fill(struct store *store, const struct listing *listing, struct found *found, struct record *record,
	struct store_job *job)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(listing, found);
	char path[DIR_PATH];
	struct stat is = { 0 };
	int64_t changed;
	int status = found->folder == DIR_HIDDEN ? find_awaited(store, record, job, found) : 0;

	dir_path(path, (enum folder)found->folder, NULL, listing_name(listing, found));
	/* It may be elsewhere by now, or not for this user. */
	if (status != 0 || dir_read(directory, path, &directory->content, &is) != 0)
		directory->content.size = 0;
	changed = is.st_nlink != 0 ? (int64_t)is.st_ctim.tv_sec * 1000 +
			is.st_ctim.tv_nsec / 1000000 - directory->ahead_ms
				   : found->ms;
	job->state = dir_state_of(store, found, record);
	job->attempt = attempt_of(store, file, job->state, record);
	job->item = dir_item_of(directory, file);
	job->payload = directory->content.size != 0 ? directory->content.bytes : "";
	job->payload_size = directory->content.size;
	job->requires = record->requires;
	job->fingerprint = record->fingerprint;
	job->fingerprint_size = record->fingerprint_size;
	job->max_takers = 1;
	job->range = job->item >= 0 ? (uint64_t)directory->range : 0;
	job->why = job->state == ORD_JOB_RUNNING || job->state == ORD_JOB_DONE ? "" : record->why;
	job->failed_retries = record->failed_retries;
	job->killed_retries = record->killed_retries;
	job->failures = record->failures;
	job->kills = record->kills;
	if (job->state == ORD_JOB_RUNNING)
		job->began_ms = changed;
	else if (record->n_runs != 0)
		job->began_ms = record->runs[0].began_ms;
	if (job->state != ORD_JOB_RUNNING && job->state != ORD_JOB_WAITING &&
		job->state != ORD_JOB_BLOCKED)
		job->ended_ms = is_last(record, job->attempt) && record->runs[0].ended_ms != 0
			? record->runs[0].ended_ms
			: changed;
	return status;
}

int
dir_give(struct store *store, const struct listing *listing, const struct found *given,
	store_job_fn fn, void *user)
{
	const char *file = listing_file(listing, given);
	struct store_job job = { .awaits = "" };
	struct buffer after = { 0 };
	struct found found = *given;
	char name[DIR_FILE_MAX + 70], taker[300], path[DIR_PATH], whole[DIR_WHOLE];
	struct record record;
	int status = record_read(store, file, &record);

	if (status != 0)
		return status;
	status = fill(store, listing, &found, &record, &job);
	dir_taker_name(store, listing, given, taker, sizeof taker);
	if (*taker == '\0' && record.n_runs != 0 &&
		(job.state != ORD_JOB_DONE || is_last(&record, job.attempt)))
		snprintf(taker, sizeof taker, "%s", record.runs[0].taker);
	snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(DIRECTORY_OF(store)->ext)),
		file);
	job.name = name;
	job.taker = taker;
	dir_path(path, (enum folder)given->folder, NULL, listing_name(listing, given));
	job.file = dir_whole(DIRECTORY_OF(store), whole, path);
	job.id = ((int64_t)DIRECTORY_OF(store)->generation << 32) + (given - listing->all) + 1;
	for (size_t i = 0; status == 0 && i < record.n_after; i++)
		if (buffer_append(&after, record.after[i], strlen(record.after[i])) != 0 ||
			buffer_append(&after, "\n", 1) != 0)
			status = error_memory(store->error);
	if (status == 0 && buffer_append(&after, "", 1) != 0)
		status = error_memory(store->error);
	job.comes_after = after.bytes;
	if (status == 0)
		status = fn(user, &job);
	buffer_finish(&after);
	record_finish(&record);
	return status;
}

int
dir_waiting(struct store *store, int64_t behind, store_job_fn fn, void *user)
{
	struct directory *directory = DIRECTORY_OF(store);
	const struct listing *waiting = &directory->waiting;
	int status = dir_refresh(store);

	for (size_t i = (size_t)(behind & UINT32_MAX); status == 0 && i < waiting->n; i++)
		status = dir_give(store, waiting, &waiting->all[i], fn, user);
	return status < 0 ? status : 0;
}

/* Claims of self, and of others. */
static int
look_at_running(struct store *store, struct store_outlook *outlook)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing running = { 0 };
	size_t size = strlen(directory->wid);
	int status = dir_list_now(store, DIR_RUNNING, &running, 0);

	dir_freshen(store, DIR_MOVING);
	dir_freshen(store, DIR_ADDING);
	/* For who asks next who is there. */
	dir_freshen(store, DIR_TAKERS);
	for (size_t i = 0; status == 0 && i < running.n; i++)
		if (running.all[i].skip == size + 1 &&
			strncmp(listing_name(&running, &running.all[i]), directory->wid, size) == 0)
			outlook->running_own = 1;
		else
			outlook->running_other = 1;
	listing_finish(&running);
	if (dir_misses(directory) || !dir_is_empty(directory, DIR_MOVING) ||
		!dir_is_empty(directory, DIR_ADDING))
		outlook->running_other = 1;
	return status;
}

int
dir_outlook(struct store *store, struct store_outlook *outlook)
{
	struct directory *directory = DIRECTORY_OF(store);
	int status = 0;

	*outlook = (struct store_outlook){ 0 };
	/* What goes back while this looks would be missed by one look: the second is behind it. */
	for (int looks = 0;
		status == 0 && looks < 2 && !outlook->waiting && !outlook->running_other; looks++) {
		outlook->running_own = 0;
		directory->doubt = 1;
		status = dir_refresh(store);
		if (status == 0)
			status = look_at_running(store, outlook);
		outlook->waiting = directory->waiting.n != 0;
		outlook->foreign = directory->any_foreign;
		outlook->blocked = directory->any_blocked;
	}
	outlook->bad = !dir_is_empty(directory, DIR_FAILED);
	return status;
}

int
dir_each(struct store *store, uint32_t states, store_job_fn fn, void *user)
{
	struct listing all = { 0 };
	int status = dir_list_all(store, &all);

	for (size_t i = 0; status == 0 && i < all.n; i++) {
		struct found *found = &all.all[i];
		struct record record = { 0 };
		int known = found->folder != DIR_FAILED && found->folder != DIR_HIDDEN;

		if (!known)
			status = record_read(store, listing_file(&all, found), &record);
		if (status == 0 && found->folder == DIR_HIDDEN)
			found->blocked = dir_awaits(store, &record) < record.n_after;
		if (status == 0 && (states & ORD_JOB_IN(dir_state_of(store, found, &record))) != 0)
			status = dir_give(store, &all, found, fn, user);
		record_finish(&record);
	}
	listing_finish(&all);
	return status;
}

int
dir_counts(struct store *store, uint64_t counts[8])
{
	struct listing all = { 0 };
	int status = dir_list_all(store, &all);

	for (size_t i = 0; status == 0 && i < all.n; i++) {
		struct found *found = &all.all[i];
		struct record record = { 0 };

		if (found->folder == DIR_FAILED || found->folder == DIR_HIDDEN)
			status = record_read(store, listing_file(&all, found), &record);
		if (status == 0 && found->folder == DIR_HIDDEN)
			found->blocked = dir_awaits(store, &record) < record.n_after;
		if (status == 0)
			counts[dir_state_of(store, found, &record)]++;
		record_finish(&record);
	}
	listing_finish(&all);
	return status;
}

/* The attempt that runs, or was done, or that a foreign taker ended: it is in no record. */
static int
give_newest(const struct store_job *job, const struct record *record, store_run_fn fn, void *user)
{
	struct store_run run = { job->taker, job->why, job->began_ms, job->ended_ms, job->attempt,
		job->state };

	if (job->attempt <= record->attempt)
		return 0;
	if (*run.taker == '\0')
		run.taker = "?";
	return fn(user, &run);
}

struct run_call {
	store_run_fn fn;
	void *user;
	struct record record;
};

static int
call_for_newest(void *user, const struct store_job *job)
{
	struct run_call *call = user;

	return give_newest(job, &call->record, call->fn, call->user);
}

int
dir_runs(struct store *store, const char *name, store_run_fn fn, void *user)
{
	struct run_call call = { fn, user, { 0 } };
	char file[DIR_FILE_MAX + 1];
	struct listing listing = { 0 };
	struct found found = { .folder = DIR_N };
	int status = dir_file_of(store, name, file);

	if (status == 0)
		status = dir_locate(store, file, &listing, &found);
	if (status == 0 && found.folder == DIR_N)
		status = rules_no_such_job(store->error, name);
	if (status == 0)
		status = record_read(store, file, &call.record);
	if (status == 0)
		status = dir_give(store, &listing, &found, call_for_newest, &call);
	for (size_t i = 0; status == 0 && i < call.record.n_runs; i++) {
		const struct dir_run *past = &call.record.runs[i];
		const struct store_run run = { past->taker, past->why, past->began_ms,
			past->ended_ms, past->attempt, past->state };

		status = fn(user, &run);
	}
	record_finish(&call.record);
	listing_finish(&listing);
	return status;
}
