/*
 * Locks of the user's own: a file .orderly/locks/<name>, made by link(2), which is
 * exclusive over NFS, too.  It has the token of the taker in it, and lives as long
 * as that: its heartbeat is the lock's, and who buries it removes its locks.
 */
#include "jobs/directory/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jobs/rules.h"

/* What the text of a lock's file says: the token and the name of who has it. */
static int
read_lock(const struct directory *directory, const char *path, char token[20], char *owner,
	size_t size)
{
	struct buffer text = { 0 };
	struct stat is;
	int code = dir_read(directory, path, &text, &is);

	token[0] = owner[0] = '\0';
	if (code == 0) {
		lease_text(text.bytes, "token", token, 20);
		lease_text(text.bytes, "name", owner, size);
		dir_unescape(owner);
	}
	buffer_finish(&text);
	return code;
}

int
dir_free_locks(struct store *store, const char *token)
{
	const struct directory *directory = DIRECTORY_OF(store);
	struct listing listing = { 0 };
	char path[DIR_PATH], owner[300], of[20];
	int status = dir_list(store, DIR_LOCKS, &listing, 0);

	for (size_t i = 0; status == 0 && i < listing.n; i++) {
		dir_path(path, DIR_LOCKS, NULL, listing_name(&listing, &listing.all[i]));
		if (read_lock(directory, path, of, owner, sizeof owner) != 0)
			status = errno == ENOMEM ? error_memory(store->error) : 0;
		else if (strcmp(of, token) == 0)
			unlinkat(directory->root, path, 0);
	}
	listing_finish(&listing);
	return status;
}

int
dir_lock(struct store *store, const char *name, char *owner, size_t size)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], fresh[DIR_PATH], id[DIR_ID_MAX], token[20];
	struct buffer text = { 0 };
	struct stat is;
	int linked, written, kept;

	dir_path(path, DIR_LOCKS, NULL, name);
	dir_path(fresh, DIR_FRESH, dir_id(DIRECTORY_OF(store), id), "lock");
	if (read_lock(directory, path, token, owner, size) == 0)
		return strcmp(token, directory->token) == 0 ? rules_lock_is_own(store->error, name)
							    : 0;
	errno = ENOMEM;
	written = lease_describe(store, &text, 0) == 0 &&
		dir_write(directory, fresh, text.bytes, text.size, 0) == 0;
	buffer_finish(&text);
	if (!written)
		return dir_trouble(store, errno, "write", fresh);
	/* What link says may be lost on its way; how many names the file has is certain. */
	linked = linkat(directory->root, fresh, directory->root, path, 0) == 0 ||
		(fstatat(directory->root, fresh, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
			is.st_nlink == 2);
	if (!linked && errno != EEXIST && errno != ENOENT)
		linked = dir_rename_new(directory, fresh, path) == 0;
	kept = errno;
	unlinkat(directory->root, fresh, 0);
	if (!linked && read_lock(directory, path, token, owner, size) != 0 && kept != EEXIST &&
		kept != ENOENT)
		return dir_trouble(store, kept, "write", path);
	return linked;
}

int
dir_unlock(struct store *store, const char *name)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], token[20], owner[300];

	dir_path(path, DIR_LOCKS, NULL, name);
	if (read_lock(directory, path, token, owner, sizeof owner) != 0)
		return errno == ENOENT ? ORD_ELOST : dir_trouble(store, errno, "read", path);
	if (strcmp(token, directory->token) != 0)
		return ORD_ELOST;
	if (unlinkat(directory->root, path, 0) != 0)
		return errno == ENOENT ? ORD_ELOST : dir_trouble(store, errno, "remove", path);
	return 0;
}
