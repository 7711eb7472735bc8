/* What is done to many jobs of a directory at once: one after the other, each in the steps of move.c. */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/table.h"
#include "jobs/rules.h"

#define RANGE ".orderly/range"

/* The names of jobs that blocked ones come after. */
static int
list_awaited(struct store *store, const struct listing *all, struct buffer *names)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < all->n; i++) {
		struct record record;

		if (all->all[i].folder != DIR_HIDDEN)
			continue;
		status = record_read(store, listing_file(all, &all->all[i]), &record);
		for (size_t k = 0; status == 0 && k < record.n_after; k++) {
			char file[DIR_FILE_MAX + 1];

			if (dir_file_of(store, record.after[k], file) == 0 &&
				buffer_append(names, file, strlen(file) + 1) != 0)
				status = error_memory(store->error);
		}
		record_finish(&record);
	}
	return status;
}

static int
is_awaited(const struct buffer *names, const char *file)
{
	for (size_t at = 0; at < names->size; at += strlen(names->bytes + at) + 1)
		if (strcmp(names->bytes + at, file) == 0)
			return 1;
	return 0;
}

/* Is there another one of this name, which was added since the list was looked at? */
static int
is_there_again(struct store *store, const struct found *found, const char *file, int *again)
{
	static const enum folder folders[] = { DIR_AGAIN, DIR_HIDDEN, DIR_WAITING };
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing busy = { 0 };
	char path[DIR_PATH];
	int status = 0;

	*again = 0;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		*again |= found->folder != folders[i] &&
			dir_exists(directory, dir_path(path, folders[i], NULL, file));
	/* It may run already, with the record that is to be forgotten; most have none. */
	if (*again || !dir_exists(directory, dir_path(path, DIR_RECORDS, NULL, file)))
		return 0;
	status = dir_list(store, DIR_RUNNING, &busy, 0);
	if (status == 0)
		status = dir_list(store, DIR_MOVING, &busy, 0);
	listing_sort(&busy);
	*again = listing_first(&busy, file) != busy.n;
	listing_finish(&busy);
	return status;
}

/* What there is of a job that has ended, or was canceled. */
static void
forget(struct store *store, const char *file, const struct listing *failed)
{
	static const enum folder folders[] = { DIR_RECORDS, DIR_CANCELED, DIR_DONE };
	int root = DIRECTORY_OF(store)->root;
	char path[DIR_PATH], numbered[DIR_FILE_MAX + 16];

	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		unlinkat(root, dir_path(path, folders[i], NULL, file), 0);
	for (int n = 2, found = 1; found; n++) {
		snprintf(numbered, sizeof numbered, "%s.%d", file, n);
		found = unlinkat(root, dir_path(path, DIR_DONE, NULL, numbered), 0) == 0;
	}
	for (size_t i = listing_first(failed, file);
		i < failed->n && strcmp(listing_file(failed, &failed->all[i]), file) == 0; i++)
		unlinkat(root,
			dir_path(path, DIR_FAILED, NULL, listing_name(failed, &failed->all[i])), 0);
}

/*
 * Only what was there when the list was looked at: a job of this name may have been added since, and then nothing is
 * cleared.  One that waits is removed first: who removes it has it.
 */
static int
clear_one(struct store *store, struct store_change *change, const struct listing *all,
	const struct found *found, const struct listing *failed)
{
	const struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(all, found);
	char path[DIR_PATH];
	int again,
		waits = found->folder == DIR_WAITING || found->folder == DIR_HIDDEN ||
		found->folder == DIR_AGAIN,
		status;

	dir_path(path, (enum folder)found->folder, NULL, listing_name(all, found));
	if (waits && unlinkat(directory->root, path, 0) != 0)
		return errno == ENOENT ? 0 : dir_trouble(store, errno, "remove", path);
	status = is_there_again(store, found, file, &again);
	if (status != 0 || (again && !waits))
		return status;
	change->count++;
	if (again)
		return 0;
	forget(store, file, failed);
	if (found->folder == DIR_AGAIN)
		unlinkat(directory->root, dir_path(path, DIR_NEXT, NULL, file), 0);
	return 0;
}

/* Whose claim it is, by either of its names. */
static int
is_of_taker(struct store *store, const struct listing *all, const struct found *found,
	const char *taker)
{
	char name[300];

	dir_taker_name(store, all, found, name, sizeof name);
	return strcmp(name, taker) == 0 ||
		(strlen(taker) + 1 == found->skip &&
			strncmp(listing_name(all, found), taker, found->skip - 1) == 0);
}

/* One of ours says itself that it lives. */
static int
is_silent(const struct store *store, const struct listing *all, const struct found *found)
{
	char wid[260];

	snprintf(wid, sizeof wid, "%.*s", (int)found->skip - 1, listing_name(all, found));
	return !lease_is_there(DIRECTORY_OF(store), wid) &&
		dir_is_empty(DIRECTORY_OF(store), DIR_BURYING);
}

/* When a claim has become too old, by this host's clock. */
static int64_t
stale_at(const struct store *store, const struct found *found)
{
	return found->ms - DIRECTORY_OF(store)->ahead_ms + store->stale_ms + 1;
}

/* Too old a claim, of a taker that says nothing of itself? */
static int
is_stale(const struct store *store, const struct listing *all, const struct found *found,
	int64_t now)
{
	return stale_at(store, found) <= now && is_silent(store, all, found);
}

static int
concerns(struct store *store, const struct store_change *change, const struct listing *all,
	const struct found *found, int64_t now, int *meant)
{
	const struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(all, found);
	char name[DIR_FILE_MAX + 70];
	struct record record = { 0 };
	int status = 0, state;

	*meant = 0;
	if (found->folder == DIR_MOVING)
		return 0;
	if (found->folder == DIR_FAILED)
		status = record_read(store, file, &record);
	if (status != 0)
		return status;
	state = dir_state_of(store, found, &record);
	record_finish(&record);
	snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(directory->ext)), file);
	*meant = rules_concerns(change, state) &&
		(change->pattern == NULL || fnmatch(change->pattern, name, 0) == 0 ||
			fnmatch(change->pattern, file, 0) == 0) &&
		(change->taker == NULL || is_of_taker(store, all, found, change->taker)) &&
		(change->kind != STORE_REQUEUE || store->stale_ms == 0 ||
			is_stale(store, all, found, now));
	return 0;
}

static int
change_one(struct store *store, struct store_change *change, const struct listing *all,
	const struct found *found, int64_t now)
{
	char name[300];
	struct move move = { .taker = name,
		.why = change->kind == STORE_REQUEUE ? "taken away" : "canceled",
		.began_ms = found->ms - DIRECTORY_OF(store)->ahead_ms };
	int lost, status;

	dir_taker_name(store, all, found, name, sizeof name);
	switch (change->kind) {
	case STORE_RETRY: move.operation = DIR_OP_RETRY; break;
	case STORE_REQUEUE: move.operation = DIR_OP_BACK; break;
	default:
		move.operation = found->folder == DIR_RUNNING ? DIR_OP_ABORT : DIR_OP_CANCEL;
		break;
	}
	status = dir_move(store, found, all, &move, now, &lost);
	if (status == 0 && !lost)
		change->count++;
	return status;
}

int
dir_free_stale(struct store *store, int64_t now)
{
	struct listing running = { 0 };
	struct store_change change = { .kind = STORE_REQUEUE };
	int status = dir_list_claims(store, &running, now), set = 0, checked = 0;

	store->due_ms = 0;
	for (size_t i = 0; status == 0 && !set && i < running.n; i++) {
		const struct found *found = &running.all[i];
		int64_t due = stale_at(store, found);

		if (is_stale(store, &running, found, now)) {
			if (!checked++)
				status = dir_check_clock(store, now, &set);
			if (status == 0 && !set)
				status = change_one(store, &change, &running, found, now);
			else if (set)
				store->due_ms = now;
		} else if (due > now && (store->due_ms == 0 || due < store->due_ms) &&
			is_silent(store, &running, found)) {
			store->due_ms = due;
		}
	}
	listing_finish(&running);
	return status;
}

/* A list without jobs may have another range. */
static int
forget_range(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing left = { 0 };
	int status = dir_list_all(store, &left);

	if (status == 0 && left.n == 0) {
		unlinkat(directory->root, RANGE, 0);
		directory->range = -1;
	}
	listing_finish(&left);
	return status;
}

int
dir_change(struct store *store, struct store_change *change, int64_t now)
{
	struct listing all = { 0 }, failed = { 0 };
	struct buffer awaited = { 0 };
	int clears = change->kind == STORE_CLEAR;
	int status;

	dir_settle_moves(store, now);
	status = dir_settle_again(store, now);
	if (status == 0 && change->kind == STORE_REQUEUE && store->stale_ms != 0 &&
		!dir_knows_renames(DIRECTORY_OF(store)))
		status = error_set(store->error, ORD_ENOTSUP,
			"the list %s: its file system does not say since when a claim is there: name the taker instead, or let one wait that frees what is stale",
			DIRECTORY_OF(store)->path);
	if (status == 0)
		status = dir_list_all(store, &all);
	if (status == 0 && clears)
		status = dir_list(store, DIR_FAILED, &failed, 0);
	listing_sort(&failed);
	if (status == 0 && clears)
		status = list_awaited(store, &all, &awaited);
	for (size_t i = 0; status == 0 && i < all.n; i++) {
		const struct found *found = &all.all[i];
		int meant;

		status = concerns(store, change, &all, found, now, &meant);
		if (status != 0 || !meant)
			continue;
		if (!clears) {
			status = change_one(store, change, &all, found, now);
		} else if (found->folder == DIR_DONE ||
			!is_awaited(&awaited, listing_file(&all, found))) {
			status = clear_one(store, change, &all, found, &failed);
		}
	}
	listing_finish(&all);
	listing_finish(&failed);
	buffer_finish(&awaited);
	DIRECTORY_OF(store)->waiting.n = 0;
	return status == 0 && clears ? forget_range(store) : status;
}
