/*
 * Takers: each has a file, .orderly/takers/<wid>, that says who it is, and to which
 * it appends a line at each heartbeat; the file's mtime is what others see of it,
 * in the clock of whoever keeps the files.
 */
#define _GNU_SOURCE
#include "jobs/directory/dir.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/rules.h"

#define FIRST_LINE DIR_LEASE_LINE
#define GONE_MAX 1000
#define CLOCK_MS 1000   /* so far a clock that was not set may seem to be off */
#define BURIAL_MS 10000 /* how long one of the same name is waited for that is being buried */

void
dir_make_token(struct directory *directory)
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		number = clock_wall_ns() * UINT64_C(6364136223846793005) + (uint64_t)getpid();
	snprintf(directory->token, sizeof directory->token, "%016" PRIx64,
		(number >> 1) | UINT64_C(0x1000000000000000));
	directory->random = number | 1;
	/* Several processes may be one taker, one after the other: their ids are different all the same. */
	directory->moves = (uint32_t)(number >> 32);
}

static void
put_line(struct buffer *to, const char *name, const char *text, int *failed)
{
	*failed |= buffer_append(to, name, strlen(name)) != 0 || buffer_append(to, " ", 1) != 0;
	dir_escape(to, text, strlen(text), failed);
	*failed |= buffer_append(to, "\n", 1) != 0;
}

int
lease_describe(const struct store *store, struct buffer *to, int64_t now)
{
	const struct store_self *self = &store->self;
	int failed = buffer_append(to, FIRST_LINE, sizeof FIRST_LINE - 1) != 0;
	char text[300];

	put_line(to, "name", self->name, &failed);
	put_line(to, "labels", self->labels, &failed);
	put_line(to, "host", self->life.host, &failed);
	snprintf(text, sizeof text,
		"boot %s\nspace %" PRIu64 "\nstart %" PRIu64 "\npid %" PRId32 "\nsince %" PRId64
		"\ntimeout %" PRId64 "\ntoken %s\n",
		self->life.boot, self->life.space, self->life.start, self->life.pid, now,
		self->timeout_ms, DIRECTORY_OF(store)->token);
	failed |= buffer_append(to, text, strlen(text)) != 0;
	return failed ? -1 : 0;
}

static int64_t
wall_ms(void)
{
	return (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS);
}

/*
 * How far the clock of who keeps the files is ahead of ours: seen from a file that was written since.  What is known
 * stands while it can be right: some file systems write whole seconds, and the way there takes its time.
 */
static void
learn_clock(struct directory *directory, const char *path, int64_t since_ms)
{
	struct stat is;
	int64_t written, least, most;

	if (fstatat(directory->root, path, &is, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	written = (int64_t)is.st_mtim.tv_sec * 1000 + is.st_mtim.tv_nsec / 1000000;
	least = written - wall_ms();
	most = written - since_ms;
	if (directory->knows_clock && directory->ahead_ms > least - CLOCK_MS &&
		directory->ahead_ms < most + CLOCK_MS)
		return;
	directory->ahead_ms = least;
	/* Not a difference of clocks, but of ticks. */
	if (directory->ahead_ms > -50 && directory->ahead_ms < 50)
		directory->ahead_ms = 0;
	directory->knows_clock = 1;
}

/* 0, or -1 with errno; EEXIST: there is one of this wid. */
static int
put_lease(struct store *store, const char *wid, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], to[DIR_PATH], id[DIR_ID_MAX];
	struct buffer text = { 0 };
	int64_t since = wall_ms();
	int code, kept;

	dir_path(path, DIR_FRESH, dir_id(directory, id), "taker");
	dir_path(to, DIR_TAKERS, NULL, wid);
	errno = ENOMEM;
	code = lease_describe(store, &text, now);
	if (code == 0)
		code = dir_write(directory, path, text.bytes, text.size, 0);
	if (code == 0) {
		learn_clock(directory, path, since);
		code = dir_rename_new(directory, path, to);
		kept = errno;
		if (code != 0)
			unlinkat(directory->root, path, 0);
		errno = kept;
	}
	buffer_finish(&text);
	return code;
}

/* Self has no name yet: it has its token's meanwhile, because who dies in a burial is to be buried, too. */
static int
bury_namesake(struct store *store, const struct lease *lease, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH], to[DIR_PATH], before[40];
	int status;

	if (put_lease(store, directory->token, now) != 0)
		return errno == ENOMEM
			? error_memory(store->error)
			: dir_trouble(store, errno, "write to", dir_folder(DIR_TAKERS));
	status = dir_bury_lease(store, directory->wid, lease, now);
	dir_path(path, DIR_TAKERS, NULL, directory->token);
	snprintf(before, sizeof before, "%s.%s", directory->token, directory->token);
	/* What it could not end is another's to bury. */
	if (status == 0)
		unlinkat(directory->root, path, 0);
	else
		renameat(directory->root, path, directory->root,
			dir_path(to, DIR_BURYING, before, directory->token));
	return status;
}

/* One of this name is there: 1 self is that one, 0 it is gone now, or a status. */
static int
meet_namesake(struct store *store, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	struct lease lease;
	char path[DIR_PATH];
	int status = 0;

	dir_path(path, DIR_TAKERS, NULL, directory->wid);
	if (lease_read(directory, path, &lease) != 0) {
		if (errno == EINVAL)
			status = error_set(store->error, ORD_EFAILED,
				"the list %s: %s is damaged, or of a newer version of orderly: remove it",
				directory->path, path);
		else if (errno != ENOENT)
			status = dir_trouble(store, errno, "read", path);
		lease_finish(&lease);
		return status;
	}
	status = rules_namesake(&store->self, &lease.life, now - lease.seen_ms, lease.timeout_ms);
	if (status > 0) {
		snprintf(directory->token, sizeof directory->token, "%s", lease.token);
		directory->taken = lease.taken;
	} else if (status == 0) {
		status = bury_namesake(store, &lease, now);
	} else {
		status = rules_name_is_taken(store->error, store->self.name);
	}
	lease_finish(&lease);
	return status;
}

/* Claims are files whose names begin with it: letters and digits, and different for different names. */
static void
make_wid(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	const char *name = store->self.name;
	uint32_t hash = 2166136261U;
	size_t n = 0, size = strlen(name);

	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (unsigned char)name[i]) * 16777619U;
		if (n < DIR_WID_MAX - 9 && isalnum((unsigned char)name[i]) &&
			(signed char)name[i] > 0)
			directory->wid[n++] = name[i];
	}
	if (n != size)
		snprintf(directory->wid + n, sizeof directory->wid - n, "x%08" PRIx32, hash);
}

/* One with this name that is being buried has claims that are not ours. */
static int
await_burial(struct store *store, int64_t now)
{
	const struct directory *directory = DIRECTORY_OF(store);
	uint64_t until = clock_now_ns() + BURIAL_MS * CLOCK_NS_PER_MS;
	struct timespec pause = { 0, 2000000 };

	for (int met = 1; met;) {
		struct listing listing = { 0 };
		int status = dir_take_over_burials(store, now);

		met = 0;
		if (status == 0 && !dir_is_empty(directory, DIR_BURYING))
			status = dir_list(store, DIR_BURYING, &listing, 0);
		for (size_t i = 0; i < listing.n; i++) {
			const char *name = listing_name(&listing, &listing.all[i]);
			const char *wid = strrchr(name, '.');

			met |= wid != NULL && strcmp(wid + 1, directory->wid) == 0;
		}
		listing_finish(&listing);
		if (status == 0 && met && clock_now_ns() > until)
			status = error_set(store->error, ORD_EINVAL,
				"the list %s: one that was called '%s' died, and another taker is not through with its jobs: open it once more, or give this one another name",
				directory->path, store->self.name);
		if (status != 0)
			return status;
		if (met)
			nanosleep(&pause, NULL);
	}
	return 0;
}

int
dir_enter(struct store *store, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	char path[DIR_PATH];
	int status, adopted = 0;

	make_wid(store);
	dir_make_token(directory);
	while (put_lease(store, directory->wid, now) != 0) {
		if (errno == ENOMEM)
			return error_memory(store->error);
		if (errno != EEXIST)
			return dir_trouble(store, errno, "write to", dir_folder(DIR_TAKERS));
		status = meet_namesake(store, now);
		if (status < 0)
			return status;
		adopted = status > 0;
		if (adopted)
			break;
	}
	store->self.id = lease_id(directory->token);
	directory->beaten_ms = now;
	directory->beaten_ns = clock_now_ns();
	status = await_burial(store, now);
	/* What that one held would be taken for self's. */
	if (status != 0 && adopted)
		dir_make_token(directory);
	else if (status != 0)
		unlinkat(directory->root, dir_path(path, DIR_TAKERS, NULL, directory->wid), 0);
	return status;
}

/* The oldest of those that are gone are forgotten. */
static void
prune_gone(struct store *store)
{
	struct listing listing = { 0 };
	char path[DIR_PATH];

	if (dir_list(store, DIR_GONE, &listing, 1) == 0)
		for (size_t left = listing.n; left > GONE_MAX; left--) {
			struct found *oldest = NULL;

			for (size_t i = 0; i < listing.n; i++)
				if (listing.all[i].order_ns != INT64_MAX &&
					(oldest == NULL ||
						listing.all[i].order_ns < oldest->order_ns))
					oldest = &listing.all[i];
			if (oldest == NULL)
				break;
			unlinkat(DIRECTORY_OF(store)->root,
				dir_path(path, DIR_GONE, NULL, listing_name(&listing, oldest)), 0);
			oldest->order_ns = INT64_MAX;
		}
	listing_finish(&listing);
}

/* Append a line to self's file.  0, 1: it cannot be written, or -1: it is not self's any more (errno 0), or cannot be read. */
static int
append_beat(struct directory *directory, int64_t now)
{
	uint64_t now_ns = clock_now_ns();
	int64_t since = wall_ms();
	char path[DIR_PATH], line[40];
	struct lease lease;
	int code = -1, fd = -1;

	/* Not by its inode: a copy of it may lie there, made by what keeps two folders alike. */
	code = lease_read(directory, dir_path(path, DIR_TAKERS, NULL, directory->wid), &lease);
	if (code == 0 && strcmp(lease.token, directory->token) != 0) {
		errno = 0;
		code = -1;
	}
	lease_finish(&lease);
	if (code == 0)
		fd = openat(directory->root, path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0) {
		if (errno == ENOENT)
			errno = 0;
		return -1;
	}
	code = 1;
	snprintf(line, sizeof line, "beat %llu\n", (unsigned long long)directory->taken);
	/* Without room, or with room for a part of it, others see by the time alone that it lives. */
	if (write(fd, line, strlen(line)) >= 0 ||
		((errno == ENOSPC || errno == EDQUOT) && futimens(fd, NULL) == 0))
		code = 0;
	fd_close(&fd);
	if (code != 0)
		return code;
	directory->beaten_ms = now;
	directory->beaten_ns = now_ns;
	learn_clock(directory, path, since);
	return 0;
}

int
dir_beat(struct store *store, int64_t now)
{
	if (append_beat(DIRECTORY_OF(store), now) == 0)
		return 0;
	if (errno != 0)
		return dir_trouble(store, errno, "write to", dir_folder(DIR_TAKERS));
	/* Taken for dead: a taker anew, if the name is still free. */
	return dir_enter(store, now);
}

int
dir_was_buried(struct store *store, int64_t now, int *buried)
{
	struct directory *directory = DIRECTORY_OF(store);
	int64_t silent = now - directory->beaten_ms, most = store->self.timeout_ms / 2;

	*buried = 0;
	/* The one clock may be set, and the other may stand while the machine sleeps. */
	if (silent >= 0 && silent < most &&
		clock_now_ns() - directory->beaten_ns < (uint64_t)most * CLOCK_NS_PER_MS)
		return 0;
	if (append_beat(directory, now) == 0 || errno == ENOSPC || errno == EDQUOT)
		return 0;
	*buried = errno == 0;
	return errno != 0 ? dir_trouble(store, errno, "write to", dir_folder(DIR_TAKERS)) : 0;
}

int
dir_check_clock(struct store *store, int64_t now, int *set)
{
	struct directory *directory = DIRECTORY_OF(store);
	int64_t ahead = directory->ahead_ms;
	int status = 0;

	if (append_beat(directory, now) != 0 && errno == 0)
		status = dir_enter(store, now);
	*set = directory->ahead_ms != ahead;
	return status;
}

/* Claims that could not be ended, or given back. */
static int
holds_some(const struct directory *directory)
{
	char path[DIR_PATH];
	int holds = directory->unsettled;

	for (size_t i = 0; !holds && i < directory->n_claims; i++)
		holds = !directory->claims[i].ended &&
			dir_exists(directory,
				dir_path(path, DIR_RUNNING, directory->wid,
					directory->claims[i].file));
	return holds;
}

int
dir_leave(struct store *store, int64_t now)
{
	struct directory *directory = DIRECTORY_OF(store);
	char from[DIR_PATH], to[DIR_PATH], before[48];
	int status = dir_free_locks(store, directory->token), settled;

	/* That it cannot write it down is no reason to stay. */
	if (append_beat(directory, now) < 0)
		return errno != 0 ? dir_trouble(store, errno, "write to", dir_folder(DIR_TAKERS))
				  : status;
	if (status == 0)
		status = dir_finish_adding(store, directory->token, now);
	dir_settle_moves(store, now);
	if (status == 0)
		status = dir_finish_moves(store, directory->token, now);
	settled = status == 0 && !holds_some(directory);
	if (settled)
		dir_remove_fresh(store, directory->token);
	/* Nobody finishes what one has begun that is gone: who could not is to be buried, by whoever looks next. */
	snprintf(before, sizeof before, settled ? "%s.o" : "%s.%s", directory->token,
		directory->token);
	dir_path(to, settled ? DIR_GONE : DIR_BURYING, before, directory->wid);
	if (renameat(directory->root, dir_path(from, DIR_TAKERS, NULL, directory->wid),
		    directory->root, to) != 0)
		return dir_trouble(store, errno, "move", from);
	prune_gone(store);
	return status;
}
