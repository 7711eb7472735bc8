/*
 * Burials of takers that died.  One is one taker's at a time: it renames the file
 * of who died into .orderly/burying first, and out of it last.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/rules.h"

void
dir_remove_fresh(struct store *store, const char *token)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	size_t size = strlen(token);
	char path[DIR_PATH];

	if (dir_list(store, DIR_FRESH, &listing, 0) == 0)
		for (size_t i = 0; i < listing.n; i++) {
			const char *name = listing_name(&listing, &listing.all[i]);

			if (strncmp(name, token, size) == 0 &&
				(name[size] == '-' || name[size] == '.'))
				unlinkat(directory->root, dir_path(path, DIR_FRESH, NULL, name), 0);
		}
	listing_finish(&listing);
}

/*
 * One that lost to another's, or that is done there already, where claims are seen late: a copy.  Or one that was
 * being given back in two steps.
 */
static int
is_copy(struct store *store, const struct listing *running, const struct found *claim)
{
	int elsewhere = 0;
	struct directory *directory = DIRECTORY_OF(store);
	const char *file = listing_file(running, claim);
	char own[DIR_PATH], other[DIR_PATH];

	dir_path(own, DIR_RUNNING, NULL, listing_name(running, claim));
	for (size_t i = 0; i < running->n; i++) {
		const struct found *found = &running->all[i];

		if (found != claim && strcmp(listing_file(running, found), file) == 0 &&
			dir_is_same(directory, own,
				dir_path(other, DIR_RUNNING, NULL, listing_name(running, found))))
			return 1;
	}
	return dir_was_done(directory, own, file) ||
		(dir_is_elsewhere(store, own, file, &elsewhere) == 0 && elsewhere);
}

/* Its claims are killed. */
static int
kill_claims(struct store *store, const char *wid, const char *name, int64_t now)
{
	struct listing listing = { 0 };
	char path[DIR_PATH];
	size_t size = strlen(wid);
	int status, lost;

	if (store->self.sync_ms != 0)
		dir_pause(store);
	status = dir_list_now(store, DIR_RUNNING, &listing, 1);
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const struct found *found = &listing.all[i];
		const struct move move = { DIR_OP_KILL, "its taker died", name,
			found->ms - DIRECTORY_OF(store)->ahead_ms };

		if (found->skip != size + 1 ||
			strncmp(listing_name(&listing, found), wid, size) != 0)
			continue;
		if (is_copy(store, &listing, found))
			unlinkat(DIRECTORY_OF(store)->root,
				dir_path(path, DIR_RUNNING, NULL, listing_name(&listing, found)),
				0);
		else
			status = dir_move(store, found, &listing, &move, now, &lost);
	}
	listing_finish(&listing);
	return status;
}

/* The file of one who is to be buried cannot be read. */
static int
trouble_with_lease(struct store *store, const char *path)
{
	int kept = errno;

	/* Nobody knows whose claims these are: they stay, as those of foreign takers. */
	if (kept == EINVAL)
		unlinkat(DIRECTORY_OF(store)->root, path, 0);
	/* Who may read it buries it. */
	if (kept == EINVAL || kept == ENOENT || kept == EACCES)
		return 0;
	return dir_trouble(store, kept, "read", path);
}

/* The file in the folder of burials is one's who came behind the dead, under its name: back to those who live. */
static int
put_back(struct store *store, const char *path, const char *wid)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char to[DIR_PATH];

	if (dir_rename_new(directory, path, dir_path(to, DIR_TAKERS, NULL, wid)) == 0 ||
		errno == ENOENT)
		return 0;
	if (errno != EEXIST)
		return dir_trouble(store, errno, "move", path);
	/* It has missed it meanwhile, and is there anew. */
	unlinkat(directory->root, path, 0);
	return 0;
}

/* One whose file is in the folder of burials, as ours: "<token>.<wid>". */
static int
bury_now(struct store *store, const char *dead, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *wid = strchr(dead, '.') + 1;
	struct lease lease;
	char path[DIR_PATH], to[DIR_PATH], before[40];
	int status;

	dir_path(path, DIR_BURYING, directory->token, dead);
	if (lease_read(directory, path, &lease) != 0) {
		status = trouble_with_lease(store, path);
		lease_finish(&lease);
		return status;
	}
	if (strlen(lease.token) != (size_t)(wid - dead) - 1 ||
		strncmp(lease.token, dead, strlen(lease.token)) != 0) {
		lease_finish(&lease);
		return put_back(store, path, wid);
	}
	status = kill_claims(store, wid, lease.name, now);
	if (status == 0)
		status = dir_finish_moves(store, lease.token, now);
	if (status == 0)
		status = dir_finish_adding(store, lease.token, now);
	if (status == 0)
		status = dir_free_locks(store, lease.token);
	if (status == 0) {
		dir_remove_fresh(store, lease.token);
		snprintf(before, sizeof before, "%s.k", lease.token);
		if (renameat(directory->root, path, directory->root,
			    dir_path(to, DIR_GONE, before, wid)) != 0 &&
			errno != ENOENT)
			status = dir_trouble(store, errno, "move", path);
	}
	lease_finish(&lease);
	return status;
}

/* Is that still the file of this taker? */
static int
is_of(const struct directory *directory, const char *path, const char *token)
{
	struct lease lease;
	int is = lease_read(directory, path, &lease) == 0 && strcmp(lease.token, token) == 0;

	lease_finish(&lease);
	return is;
}

int
dir_bury_lease(struct store *store, const char *wid, const struct lease *lease, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], from[DIR_PATH], dead[20 + DIR_WID_MAX + 2];

	snprintf(dead, sizeof dead, "%s.%s", lease->token, wid);
	dir_path(path, DIR_BURYING, directory->token, dead);
	dir_path(from, DIR_TAKERS, NULL, wid);
	if (!is_of(directory, from, lease->token))
		return 0;
	if (renameat(directory->root, from, directory->root, path) != 0 &&
		!dir_exists(directory, path))
		return errno == ENOENT ? 0 : dir_trouble(store, errno, "move", from);
	return bury_now(store, dead, now);
}

/* Does the taker with this token live, or may one do whose file cannot be read?  One that died is buried itself. */
static int
lives(struct store *store, const char *token, int64_t now, int *status)
{
	struct listing listing = { 0 };
	int found = 0;

	*status = dir_list(store, DIR_TAKERS, &listing, 0);
	for (size_t i = 0; *status == 0 && !found && i < listing.n; i++) {
		const char *wid = listing_name(&listing, &listing.all[i]);
		struct lease lease;
		char path[DIR_PATH];

		if (lease_read(DIRECTORY_OF(store), dir_path(path, DIR_TAKERS, NULL, wid),
			    &lease) != 0) {
			found = errno != ENOENT && errno != EINVAL;
		} else if (strcmp(lease.token, token) == 0) {
			found = rules_namesake(&store->self, &lease.life, now - lease.seen_ms,
					lease.timeout_ms) != 0;
			if (!found)
				*status = dir_bury_lease(store, wid, &lease, now);
		}
		lease_finish(&lease);
	}
	listing_finish(&listing);
	return found || *status != 0;
}

int
dir_take_over_burials(struct store *store, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	int status;

	if (dir_is_empty(directory, DIR_BURYING))
		return 0;
	status = dir_list(store, DIR_BURYING, &listing, 0);
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *name = listing_name(&listing, &listing.all[i]);
		const char *dead = strchr(name, '.');
		char token[20], path[DIR_PATH], from[DIR_PATH];

		if (dead == NULL || dead - name >= (ptrdiff_t)sizeof token ||
			strchr(++dead, '.') == NULL)
			continue;
		snprintf(token, sizeof token, "%.*s", (int)(dead - name - 1), name);
		if (strcmp(token, directory->token) != 0 && lives(store, token, now, &status))
			continue;
		dir_path(from, DIR_BURYING, NULL, name);
		dir_path(path, DIR_BURYING, directory->token, dead);
		if (renameat(directory->root, from, directory->root, path) == 0)
			status = bury_now(store, dead, now);
	}
	listing_finish(&listing);
	return status;
}

int
dir_bury(struct store *store, int64_t taker, int64_t seen_ms, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	int set, status = dir_check_clock(store, now, &set);

	/* Its silence may have been none. */
	if (status != 0 || set)
		return status;
	status = dir_list(store, DIR_TAKERS, &listing, 0);
	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		const char *wid = listing_name(&listing, &listing.all[i]);
		struct lease lease;
		char path[DIR_PATH];

		if (lease_read(directory, dir_path(path, DIR_TAKERS, NULL, wid), &lease) == 0 &&
			lease_id(lease.token) == taker && lease.seen_ms == seen_ms)
			status = dir_bury_lease(store, wid, &lease, now);
		lease_finish(&lease);
	}
	listing_finish(&listing);
	return status;
}
