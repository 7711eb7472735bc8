/*
 * The way of most jobs.  A claim is one rename, 00_waiting/<file> to
 * 01_running/<wid>.<file>, and so is its end: the name is nobody else's, so there
 * is nothing to lock.  Whatever error a rename returns, the job is another's,
 * unless the new name is there (an answer may have been lost on the way), or it
 * tells that this user can claim nothing.
 *
 * Where renames are seen late, two may believe that they have a job: with .sync_ms
 * both wait so long, look for claims of it, and the lowest wid has it.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/memory.h"
#include "jobs/rules.h"

#define KEEP_NS \
	CLOCK_NS_PER_S /* a listing that serves many claims is not older, unless it is dear */

/* --- claims of self --- */

static struct claim *
claim_of(struct directory *directory, int64_t id)
{
	for (size_t i = directory->n_claims; i > 0; i--)
		if (directory->claims[i - 1].id == id)
			return &directory->claims[i - 1];
	return NULL;
}

static void
drop_claim(struct directory *directory, struct claim *claim)
{
	memory_free(claim->file);
	*claim = directory->claims[--directory->n_claims];
}

/* Older claims of the same file were taken away: what they end is not this attempt.  Those that have ended are told once more if this exchange fails. */
static struct claim *
add_claim(struct directory *directory, const char *file)
{
	struct claim *claims;

	for (size_t i = directory->n_claims; i > 0; i--)
		if (!directory->claims[i - 1].ended &&
			strcmp(directory->claims[i - 1].file, file) == 0)
			drop_claim(directory, &directory->claims[i - 1]);
	claims = memory_resize(
		directory->claims, (directory->n_claims + 1) * sizeof *directory->claims);
	if (claims == NULL)
		return NULL;
	directory->claims = claims;
	claims[directory->n_claims] = (struct claim){ .id = ++directory->claim_id,
		.file = memory_copy(file, strlen(file)) };
	if (claims[directory->n_claims].file == NULL)
		return NULL;
	return &claims[directory->n_claims++];
}

static const char *
claim_path(const struct directory *directory, char path[DIR_PATH], const char *file)
{
	return dir_path(path, DIR_RUNNING, directory->wid, file);
}

void
dir_note_end(struct directory *directory, const char *path)
{
	char own[DIR_PATH];

	for (size_t i = 0; i < directory->n_claims; i++)
		if (strcmp(claim_path(directory, own, directory->claims[i].file), path) == 0)
			directory->claims[i].ended = 1;
}

/* --- ends --- */

/* What is there in the folder of done ones stays: the next one is <file>.2. */
static int
put_done(struct store *store, const struct claim *claim, int *lost)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char from[DIR_PATH], to[DIR_PATH], numbered[DIR_FILE_MAX + 16];
	struct stat is;

	claim_path(directory, from, claim->file);
	dir_path(to, DIR_DONE, NULL, claim->file);
	/* In one step: who dies between two would have it done once more. */
	for (unsigned n = 2; dir_rename_own(directory, from, to) != 0; n++) {
		int kept = errno;

		if (kept == EEXIST) {
			snprintf(numbered, sizeof numbered, "%s.%u", claim->file, n);
			dir_path(to, DIR_DONE, NULL, numbered);
			continue;
		}
		if (dir_exists(directory, from))
			return dir_trouble(store, kept, "move", from);
		/* It is gone: to where it was to go, or to somebody else. */
		*lost = claim->inode == 0 ||
			fstatat(directory->root, to, &is, AT_SYMLINK_NOFOLLOW) != 0 ||
			is.st_ino != claim->inode;
		break;
	}
	return 0;
}

/* buried: self has lost all that it had, and what has its name now may be another's. */
static int
end_one(struct store *store, struct store_end *end, int buried, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct claim *claim = claim_of(directory, end->job);
	struct move move = { .operation = end->kind == STORE_FAILED ? DIR_OP_FAIL : DIR_OP_BACK,
		.why = end->why != NULL ? end->why : "",
		.taker = store->self.name };
	char from[DIR_PATH];
	int status;

	end->lost = claim == NULL || claim->attempt != end->attempt ||
		(claim->ended ? claim->lost : buried);
	if (claim != NULL && claim->attempt == end->attempt && end->lost)
		claim->ended = claim->lost = 1;
	if (end->lost || claim->ended)
		return 0;
	if (end->kind == STORE_DONE) {
		status = put_done(store, claim, &end->lost);
	} else {
		move.began_ms = claim->began_ms;
		status = dir_move_path(store, claim_path(directory, from, claim->file), claim->file,
			&move, now, &end->lost);
		directory->listed_ns = 0;
	}
	if (status == 0) {
		claim->ended = 1;
		claim->lost = end->lost;
	}
	return status;
}

/* The caller knows of them now. */
static void
forget_ended(struct directory *directory)
{
	for (size_t i = directory->n_claims; i > 0; i--)
		if (directory->claims[i - 1].ended)
			drop_claim(directory, &directory->claims[i - 1]);
}

/* --- claims --- */

/* 1: it is self's now, 0: it is not, or a status. */
static int
take(struct store *store, const struct found *found)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(&directory->waiting, found);
	char from[DIR_PATH], to[DIR_PATH];
	int kept;

	dir_path(from, (enum folder)found->folder, NULL, file);
	claim_path(directory, to, file);
	if (renameat(directory->root, from, directory->root, to) == 0)
		return 1;
	kept = errno;
	if (kept == ENOENT && !directory->network)
		return 0;
	if (dir_exists(directory, to))
		return 1;
	/* No claim of this user works, so none must be tried for ever. */
	if (kept == EACCES || kept == EPERM || kept == EROFS || kept == ENOSPC || kept == EDQUOT)
		return dir_trouble(store, kept, "claim", file);
	return directory->network || kept == ENOENT ? 0 : dir_trouble(store, kept, "claim", file);
}

/* The content of a claim; many are empty, and need not be opened. */
static int
read_content(struct directory *directory, const char *path, struct stat *is)
{
	if (fstatat(directory->root, path, is, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (!S_ISREG(is->st_mode) || is->st_size != 0)
		return dir_read(directory, path, &directory->content, is);
	directory->content.size = 0;
	if (buffer_reserve(&directory->content, 1) != 0) {
		errno = ENOMEM;
		return -1;
	}
	directory->content.bytes[0] = '\0';
	return 0;
}

/* Give a job that self has; a file that cannot be read fails for everybody to see.  *given: the function was called. */
static int
give_claim(struct store *store, struct claim *claim, store_job_fn give, void *user, int64_t now,
	int *given)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = claim->file;
	struct move move = { .operation = DIR_OP_FAIL,
		.why = "its file cannot be read",
		.taker = store->self.name,
		.began_ms = now };
	char path[DIR_PATH], name[DIR_FILE_MAX + 70], whole[DIR_WHOLE];
	struct store_job job = { 0 };
	struct record record;
	struct stat is;
	int status, lost;

	*given = 0;
	claim_path(directory, path, file);
	status = record_read(store, file, &record);
	if (status == 0 && read_content(directory, path, &is) != 0) {
		status = errno == ENOMEM ? error_memory(store->error) : 1;
		if (status == 1)
			status = dir_move_path(store, path, file, &move, now, &lost);
		drop_claim(directory, claim);
		record_finish(&record);
		return status != 0 ? status : 1;
	}
	if (status != 0) {
		drop_claim(directory, claim);
		return status;
	}
	claim->attempt = record.attempt + 1;
	claim->inode = is.st_ino;
	snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(directory->ext)), file);
	job = (struct store_job){ .id = claim->id,
		.item = dir_item_of(directory, file),
		.name = name,
		.payload = directory->content.bytes,
		.payload_size = directory->content.size,
		.requires = record.requires,
		.taker = store->self.name,
		.why = "",
		.awaits = "",
		.began_ms = claim->began_ms,
		.failed_retries = record.failed_retries,
		.killed_retries = record.killed_retries,
		.max_takers = 1,
		.comes_after = "",
		.attempt = claim->attempt,
		.failures = record.failures,
		.kills = record.kills,
		.state = ORD_JOB_RUNNING };
	job.file = dir_whole(directory, whole, path);
	*given = 1;
	status = give(user, &job);
	record_finish(&record);
	return status < 0 ? status : 0;
}

/* What was claimed and cannot be given goes back: if its attempt cannot be written, to where it came from. */
static void
give_back(struct store *store, const char *file, enum folder folder, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	const struct move move = { DIR_OP_BACK, "", store->self.name, now };
	struct error why = *store->error;
	char path[DIR_PATH], to[DIR_PATH];
	int lost;

	claim_path(directory, path, file);
	if (dir_move_path(store, path, file, &move, now, &lost) != 0 &&
		dir_rename_new(directory, path, dir_path(to, folder, NULL, file)) != 0 &&
		(errno != EEXIST || dir_put_failed(directory, path, file, now) != 0) &&
		errno != ENOENT)
		directory->unsettled = 1;
	*store->error = why;
}

static int
give_new(struct store *store, const char *file, store_job_fn give, void *user, int64_t now)
{
	struct claim *claim = add_claim(DIRECTORY_OF(store), file);
	int given = 0, status;

	if (claim != NULL)
		claim->began_ms = now;
	status = claim != NULL ? give_claim(store, claim, give, user, now, &given)
			       : error_memory(store->error);
	/* The caller gives back what it was given and has no memory for. */
	return given ? 0 : status;
}

/* After the wait: has somebody whose wid is lower claimed it, too?  Then self's claim is taken back. */
static int
wins(struct store *store, const struct listing *running, const char *file)
{
	struct directory *directory = DIRECTORY_OF(store);
	char own[DIR_PATH], other[DIR_PATH], to[DIR_PATH];

	claim_path(directory, own, file);
	for (size_t i = 0; i < running->n; i++) {
		const struct found *found = &running->all[i];
		const char *name = listing_name(running, found);
		char wid[260];

		snprintf(wid, sizeof wid, "%.*s", (int)found->skip - 1, name);
		if (strcmp(listing_file(running, found), file) != 0 ||
			strcmp(wid, directory->wid) >= 0)
			continue;
		dir_path(other, DIR_RUNNING, NULL, name);
		/* Other content is another submission of the same name: it comes behind. */
		if (dir_is_same(directory, own, other))
			unlinkat(directory->root, own, 0);
		else if (!dir_exists(directory, other))
			continue; /* it has ended, or lost, too */
		else
			renameat(directory->root, own, directory->root,
				dir_path(to, DIR_AGAIN, NULL, file));
		return 0;
	}
	/* A short job may have been claimed and done by another in the meantime. */
	if (dir_was_done(directory, own, file)) {
		unlinkat(directory->root, own, 0);
		return 0;
	}
	return 1;
}

/* Those of the listing that were renamed: given, when it is certain whose they are. */
static int
settle(struct store *store, const struct listing *mine, store_job_fn give, void *user, int64_t now)
{
	struct listing running = { 0 };
	int status = 0, given = 0, interrupted = 0;

	if (store->self.sync_ms != 0 && mine->n != 0) {
		interrupted = dir_pause(store);
		status = dir_list_now(store, DIR_RUNNING, &running, 0);
	}
	for (size_t i = 0; i < mine->n; i++) {
		const char *file = listing_file(mine, &mine->all[i]);

		if (status == 0 && store->self.sync_ms != 0 && !wins(store, &running, file))
			continue;
		if (status == 0 && !interrupted)
			status = give_new(store, file, give, user, now);
		if (status < 0 || interrupted)
			give_back(store, file, (enum folder)mine->all[i].folder, now);
		else
			given += status == 0;
		if (status > 0)
			status = 0;
	}
	listing_finish(&running);
	if (interrupted)
		return error_set(
			store->error, ORD_EINTERRUPTED, "interrupted while waiting for a job");
	/* What was given counts. */
	return given != 0 ? 0 : status;
}

static int
is_stale(const struct directory *directory)
{
	uint64_t age = clock_now_ns() - directory->listed_ns;

	return directory->next >= directory->waiting.n ||
		(age > KEEP_NS && age > 50 * directory->cost_ns);
}

/* As take, and remembered. */
static int
take_into(struct store *store, const struct found *found, struct listing *mine)
{
	const char *file = listing_file(&DIRECTORY_OF(store)->waiting, found);
	enum folder folder = (enum folder)found->folder;
	int status = take(store, found);

	if (status != 1 || listing_add(mine, folder, file) == 0)
		return status;
	give_back(store, file, folder, (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS));
	return error_memory(store->error);
}

/* Rename up to so many of the cached listing. */
static int
take_cached(struct store *store, uint32_t most, struct listing *mine)
{
	struct directory *directory = DIRECTORY_OF(store);
	size_t from = directory->next;
	int status = 0;

	while (status >= 0 && mine->n < most && directory->next < directory->waiting.n)
		status = take_into(store, &directory->waiting.all[directory->next++], mine);
	dir_note_misses(directory, directory->next - from, mine->n);
	return mine->n != 0 || status > 0 ? 0 : status;
}

static int
take_only(struct store *store, const struct store_claim *claim, uint32_t most, struct listing *mine)
{
	struct directory *directory = DIRECTORY_OF(store);
	int status = 0;

	for (size_t i = 0; status >= 0 && i < claim->n_only && mine->n < most; i++) {
		size_t index = (size_t)(claim->only[i] & UINT32_MAX);

		if ((uint32_t)(claim->only[i] >> 32) != directory->generation || index == 0 ||
			index > directory->waiting.n)
			continue;
		status = take_into(store, &directory->waiting.all[index - 1], mine);
	}
	dir_note_misses(directory, claim->n_only, mine->n);
	return mine->n != 0 || status > 0 ? 0 : status;
}

static int
claim_some(struct store *store, const struct store_claim *claim, struct listing *mine)
{
	struct directory *directory = DIRECTORY_OF(store);
	uint32_t most = claim->most;
	int anew, status = 0;

	if (claim->only != NULL)
		return take_only(store, claim, most, mine);
	anew = is_stale(directory);
	if (anew)
		status = dir_refresh(store);
	for (; status == 0; anew = 1) {
		if (claim->most > 1)
			most = rules_share(claim, directory->waiting.n - directory->next);
		status = take_cached(store, most, mine);
		if (mine->n != 0 || anew || status != 0)
			break;
		status = dir_refresh(store);
	}
	return status;
}

int
dir_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing mine = { 0 };
	int buried, status = dir_was_buried(store, now, &buried);

	dir_settle_moves(store, now);
	for (size_t i = 0; status == 0 && i < n_ends; i++)
		status = end_one(store, &ends[i], buried, now);
	/* Who is told that it has lost something takes later. */
	if (status == 0 && buried && n_ends == 0 && claim->most != 0) {
		status = dir_enter(store, now);
		buried = 0;
	}
	if (status == 0 && !buried && claim->most != 0) {
		status = claim_some(store, claim, &mine);
		if (status == 0)
			status = settle(store, &mine, give, user, now);
		directory->taken += mine.n;
		if (mine.n != 0 && directory->inotify >= 0)
			dir_unwatch(store);
		listing_finish(&mine);
	}
	if (status == 0)
		forget_ended(directory);
	return status;
}

int
dir_held(struct store *store, const char *name, uint32_t attempt, store_job_fn fn, void *user)
{
	struct directory *directory = DIRECTORY_OF(store);
	char file[DIR_FILE_MAX + 1], path[DIR_PATH];
	int64_t now = (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS);
	struct claim *claim = NULL;
	struct record record;
	struct stat is;
	int given, status = dir_file_of(store, name, file);

	if (status != 0)
		return status;
	if (fstatat(directory->root, claim_path(directory, path, file), &is, AT_SYMLINK_NOFOLLOW) !=
		0)
		return errno == ENOENT ? ORD_ELOST : dir_trouble(store, errno, "look at", path);
	status = record_read(store, file, &record);
	if (status != 0)
		return status;
	attempt = attempt == 0 || attempt == record.attempt + 1;
	record_finish(&record);
	if (!attempt)
		return ORD_ELOST;
	for (size_t i = 0; claim == NULL && i < directory->n_claims; i++)
		if (strcmp(directory->claims[i].file, file) == 0 && !directory->claims[i].ended)
			claim = &directory->claims[i];
	if (claim == NULL)
		claim = add_claim(directory, file);
	if (claim == NULL)
		return error_memory(store->error);
	/* One that another process of this taker has claimed began with the rename. */
	if (claim->began_ms == 0)
		claim->began_ms = (int64_t)is.st_ctim.tv_sec * 1000 + is.st_ctim.tv_nsec / 1000000 -
			directory->ahead_ms;
	status = give_claim(store, claim, fn, user, now, &given);
	return status > 0 ? ORD_ELOST : status;
}
