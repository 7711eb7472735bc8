/*
 * One job from one state to another, with its record.  Three steps: the file is
 * renamed to .orderly/moving/<id>.<operation>.<file>, and who could do that is the
 * only one who has it; the record is written, with the id in it; the file is
 * renamed to where the record says.  Whoever finds the file of somebody who died
 * between them sees from the id whether the record is written, and goes on.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/memory.h"
#include "jobs/rules.h"

/* How an attempt ended, as of rules_end. */
static int
how_of(char operation)
{
	switch (operation) {
	case DIR_OP_FAIL: return STORE_FAILED;
	case DIR_OP_KILL: return -1;
	default: return STORE_BACK;
	}
}

static int
end_attempt(struct store *store, struct record *record, const struct move *move, int64_t now)
{
	struct store_job job = { .failures = record->failures,
		.kills = record->kills,
		.failed_retries = record->failed_retries,
		.killed_retries = record->killed_retries };
	struct verdict verdict = rules_end(&job, how_of(move->operation), 0, 0, &store->self);
	struct dir_run run = { move->taker, move->why, move->began_ms, now, ++record->attempt,
		verdict.run_state };

	record->failures = verdict.failures;
	record->kills = verdict.kills;
	record->state = move->operation == DIR_OP_ABORT ? ORD_JOB_CANCELED : verdict.state;
	record->why = move->why;
	return record_keep_run(store, record, &run);
}

/* Another version: what the job asked for in labels and retries stays. */
static int
take_next(struct store *store, const char *file, struct record *record, struct record *next)
{
	uint32_t dones = dir_count_done(DIRECTORY_OF(store), file);
	char relative[DIR_PATH];
	int status;

	snprintf(relative, sizeof relative, "../next/%s", file);
	status = record_read(store, relative, next);
	record->attempt += dones > record->dones ? dones - record->dones : 0;
	record->dones = dones;
	record->state = next->state;
	record->failures = record->kills = 0;
	record->why = next->why;
	record->fingerprint = next->fingerprint;
	record->fingerprint_size = next->fingerprint_size;
	return status;
}

static int
change_record(struct store *store, const char *file, struct record *record, const struct move *move,
	int64_t now)
{
	struct record next = { 0 };
	int status = 0;

	if (move->operation == DIR_OP_CANCEL) {
		record->state = ORD_JOB_CANCELED;
	} else if (move->operation == DIR_OP_RETRY) {
		record->state = ORD_JOB_WAITING;
		record->failures = record->kills = 0;
		record->why = "";
	} else if (move->operation == DIR_OP_AGAIN) {
		status = take_next(store, file, record, &next);
	} else {
		status = end_attempt(store, record, move, now);
	}
	if (status == 0)
		status = record_write(store, file, record);
	record->mover = record->why = "";
	record->fingerprint = NULL;
	record_finish(&next);
	return status;
}

/* Into the folder of failed ones, at the next second that is free. */
int
dir_put_failed(const struct directory *directory, const char *from, const char *file, int64_t now)
{
	int64_t second = now / 1000;
	char before[24], to[DIR_PATH];

	for (;; second++) {
		snprintf(before, sizeof before, "%" PRId64, second);
		if (dir_rename_new(directory, from, dir_path(to, DIR_FAILED, before, file)) == 0)
			return 0;
		if (errno != EEXIST)
			return -1;
	}
}

/* To where the record says.  One that somebody has put there again meanwhile is the newer one. */
static int
place(struct store *store, const char *from, const char *file, const struct record *record,
	int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char to[DIR_PATH];
	int hidden = *record->requires != '\0' || record->n_after != 0, code;

	if (record->state == ORD_JOB_WAITING) {
		code = dir_rename_new(directory, from,
			dir_path(to, hidden ? DIR_HIDDEN : DIR_WAITING, NULL, file));
		if (code != 0 && errno == EEXIST)
			code = dir_put_failed(directory, from, file, now);
	} else if (record->state == ORD_JOB_CANCELED) {
		code = renameat(directory->root, from, directory->root,
			dir_path(to, DIR_CANCELED, NULL, file));
	} else if (record->state == ORD_JOB_DONE) {
		/* In another list, in this version. */
		code = renameat(
			directory->root, from, directory->root, dir_path(to, DIR_DONE, NULL, file));
	} else {
		code = dir_put_failed(directory, from, file, now);
	}
	/* Somebody else may have done it, if this one was taken for dead. */
	if (code != 0 && errno != ENOENT)
		return dir_trouble(store, errno, "move", file);
	return 0;
}

/* The second and the third step. */
static int
finish(struct store *store, const char *moving, const char *id, const char *file,
	const struct move *move, int64_t now)
{
	struct record record;
	int status = record_read(store, file, &record), placed = 0;

	if (status == 0 && strcmp(record.mover, id) != 0) {
		record.mover = id;
		status = change_record(store, file, &record, move, now);
	} else if (status == 0) {
		/* Somebody died behind that: perhaps between two steps of the last rename. */
		status = dir_is_elsewhere(store, moving, file, &placed);
	}
	if (status == 0 && placed)
		unlinkat(DIRECTORY_OF(store)->root, moving, 0);
	else if (status == 0)
		status = place(store, moving, file, &record, now);
	record_finish(&record);
	return status;
}

/* The name of a file in the folder of those that are moved, taken apart. */
static int
parse(const char *name, char id[DIR_ID_MAX], char *operation)
{
	size_t size = strcspn(name, ".");

	if (size >= DIR_ID_MAX || name[size] == '\0' || name[size + 1] == '\0')
		return -1;
	memcpy(id, name, size);
	id[size] = '\0';
	*operation = name[size + 1];
	return 0;
}

/*
 * Of a move that failed: back to where it was, as long as its record does not say that it has happened, else on to
 * where that says.  0: that is done.
 */
static int
settle(struct store *store, const char *moving, const char *from, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *name = moving + strlen(dir_folder(DIR_MOVING)) + 1, *file;
	char id[DIR_ID_MAX], operation;
	struct record record;
	int code = -1;

	if (parse(name, id, &operation) != 0)
		return 0;
	file = name + strlen(id) + 3;
	/* One that cannot be read has not been written just now. */
	if (record_read(store, file, &record) == 0 && strcmp(record.mover, id) == 0) {
		code = place(store, moving, file, &record, now);
		if (code == 0)
			dir_note_end(directory, from);
	} else if (dir_rename_own(directory, moving, from) == 0 || errno == ENOENT ||
		(errno == EEXIST && dir_put_failed(directory, moving, file, now) == 0)) {
		code = 0;
	}
	record_finish(&record);
	return code;
}

/* Where nothing can be written, not even that can be done: later. */
static void
settle_or_keep(struct store *store, const char *moving, const char *from, int64_t now)
{
	struct buffer *stuck = &DIRECTORY_OF(store)->stuck;
	struct error why = *store->error;
	size_t size = stuck->size;

	if (settle(store, moving, from, now) != 0 &&
		(buffer_append(stuck, moving, strlen(moving) + 1) != 0 ||
			buffer_append(stuck, from, strlen(from) + 1) != 0))
		/* Then it is done when self leaves. */
		stuck->size = size;
	*store->error = why;
}

void
dir_settle_moves(struct store *store, int64_t now)
{
	struct buffer old = DIRECTORY_OF(store)->stuck;

	if (old.size == 0)
		return;
	DIRECTORY_OF(store)->stuck = (struct buffer){ 0 };
	for (const char *at = old.bytes; at < old.bytes + old.size;) {
		const char *from = at + strlen(at) + 1;

		settle_or_keep(store, at, from, now);
		at = from + strlen(from) + 1;
	}
	buffer_finish(&old);
}

int
dir_move_path(struct store *store, const char *from, const char *file, const struct move *move,
	int64_t now, int *lost)
{
	struct directory *directory = DIRECTORY_OF(store);
	char id[DIR_ID_MAX], before[DIR_ID_MAX + 4], moving[DIR_PATH];
	int status, kept;

	snprintf(before, sizeof before, "%s.%c", dir_id(directory, id), move->operation);
	dir_path(moving, DIR_MOVING, before, file);
	*lost = 0;
	if (renameat(directory->root, from, directory->root, moving) != 0) {
		kept = errno;
		/* An answer may have been lost, not the request. */
		if (!dir_exists(directory, moving)) {
			*lost = kept == ENOENT ||
				(directory->network && !dir_exists(directory, from));
			return *lost ? 0 : dir_trouble(store, kept, "move", from);
		}
	}
	status = finish(store, moving, id, file, move, now);
	/* Without room for its record nothing has happened. */
	if (status != 0)
		settle_or_keep(store, moving, from, now);
	return status;
}

int
dir_move(struct store *store, const struct found *found, const struct listing *listing,
	const struct move *move, int64_t now, int *lost)
{
	char from[DIR_PATH];

	dir_path(from, (enum folder)found->folder, NULL, listing_name(listing, found));
	return dir_move_path(store, from, listing_file(listing, found), move, now, lost);
}

int
dir_finish_moves(struct store *store, const char *token, int64_t now)
{
	struct listing listing = { 0 };
	size_t size = strlen(token);
	int status = dir_list(store, DIR_MOVING, &listing, 0);

	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const struct found *found = &listing.all[i];
		const char *name = listing_name(&listing, found);
		struct move move = { .why = "its taker died", .taker = "?" };
		char id[DIR_ID_MAX], moving[DIR_PATH];

		if (strncmp(name, token, size) != 0 || name[size] != '-' ||
			parse(name, id, &move.operation) != 0)
			continue;
		status = finish(store, dir_path(moving, DIR_MOVING, NULL, name), id,
			listing_file(&listing, found), &move, now);
	}
	listing_finish(&listing);
	return status;
}

/* --- again --- */

static int
is_busy(const struct listing *running, const char *file)
{
	for (size_t i = 0; i < running->n; i++)
		if (strcmp(listing_file(running, &running->all[i]), file) == 0)
			return 1;
	return 0;
}

int
dir_settle_again(struct store *store, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing again = { 0 }, running = { 0 };
	int status = dir_list(store, DIR_AGAIN, &again, 0), lost;

	if (status == 0)
		status = dir_list(store, DIR_RUNNING, &running, 0);
	if (status == 0)
		status = dir_list(store, DIR_MOVING, &running, 0);
	for (size_t i = 0; status == 0 && i < again.n; i++) {
		static const struct move move = { .operation = DIR_OP_AGAIN };
		const char *file = listing_file(&again, &again.all[i]);
		char path[DIR_PATH];

		/* The old version waits, too, until who put this one here has removed it, or somebody takes it. */
		if (is_busy(&running, file) ||
			dir_exists(directory, dir_path(path, DIR_WAITING, NULL, file)) ||
			dir_exists(directory, dir_path(path, DIR_HIDDEN, NULL, file)))
			continue;
		status = dir_move(store, &again.all[i], &again, &move, now, &lost);
		if (status == 0 && !lost)
			unlinkat(directory->root, dir_path(path, DIR_NEXT, NULL, file), 0);
	}
	listing_finish(&again);
	listing_finish(&running);
	return status;
}
