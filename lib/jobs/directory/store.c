/*
 * The store "dir:PATH": a directory whose four folders say in what state a job is,
 * so that a person with a file manager, a webdav client and the Python package
 * dirjobs are takers, too.  What only we know lies in its .orderly.
 *
 * Changes are renames.  Those of others are told by inotify, which is set up when
 * somebody waits; where no events come (network, FUSE) the list is looked at anew
 * every DIR_LOOK_NS.
 */
#define _GNU_SOURCE /* inotify */
#include "jobs/directory/store_dir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <orderly/jobs.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/directory/dir.h"

#define EXT ".txt"

/* Nobody of this name is left behind when it fails. */
static int
enter(struct store *store, int64_t now)
{
	int status = dir_enter(store, now);
	struct error kept = *store->error;

	if (status == 0)
		return 0;
	dir_leave(store, now);
	*store->error = kept;
	return status;
}

static int
store_open(struct store *store, const char *place, const struct store *beside, int64_t now)
{
	struct directory *directory = memory_new(1, sizeof *directory);
	int status;

	if (directory == NULL)
		return error_memory(store->error);
	store->inside = directory;
	directory->root = directory->inotify = -1;
	directory->ext = store->job_ext != NULL ? store->job_ext : EXT;
	directory->range = -1;
	if (beside != NULL)
		return error_set(store->error, ORD_EINVAL,
			".beside is for memory: only: open the same path again");
	dir_make_token(directory);
	status = dir_open_root(store, place);
	if (status == 0)
		status = dir_read_range(store);
	if (status == 0 && !store->read_only)
		status = enter(store, now);
	return status;
}

void
dir_unwatch(struct store *store)
{
	store_unwatch(store, &DIRECTORY_OF(store)->inotify);
}

static void
store_close(struct store *store, int forked)
{
	struct directory *directory = DIRECTORY_OF(store);

	(void)forked;
	if (directory == NULL)
		return;
	for (size_t i = 0; i < directory->n_claims; i++)
		memory_free(directory->claims[i].file);
	memory_free(directory->claims);
	listing_finish(&directory->waiting);
	listing_finish(&directory->failed);
	listing_finish(&directory->seen);
	buffer_finish(&directory->stuck);
	buffer_finish(&directory->content);
	fd_close(&directory->inotify);
	fd_close(&directory->root);
	memory_free(directory->path);
	memory_free(directory);
	store->inside = NULL;
}

/* --- waiting --- */

/* All folders, or none: what is not told of would be slept through. */
static void
watch(struct directory *directory)
{
	static const enum folder folders[] = { DIR_WAITING, DIR_RUNNING, DIR_DONE, DIR_FAILED,
		DIR_HIDDEN, DIR_CANCELED, DIR_AGAIN, DIR_ADDING, DIR_TAKERS, DIR_BURYING,
		DIR_LOCKS };
	char path[64];

	directory->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (directory->inotify >= 0 && fd_lift(&directory->inotify) != 0)
		return;
	for (size_t i = 0; i < sizeof folders / sizeof *folders && directory->inotify >= 0; i++) {
		snprintf(path, sizeof path, "/proc/self/fd/%d/%s", directory->root,
			dir_folder(folders[i]));
		if (inotify_add_watch(directory->inotify, path,
			    IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_ONLYDIR) < 0 &&
			(errno != ENOENT || i < 4))
			fd_close(&directory->inotify);
	}
}

static int
store_descriptor(struct store *store)
{
	return DIRECTORY_OF(store)->inotify;
}

/* Nobody tells that a claim has become too old. */
static int
is_due(struct store *store)
{
	if (store->due_ms == 0 || (int64_t)(clock_wall_ns() / CLOCK_NS_PER_MS) < store->due_ms)
		return 0;
	store->due_ms = 0;
	return 1;
}

static int
store_changed(struct store *store)
{
	struct directory *directory = DIRECTORY_OF(store);
	uint64_t now = clock_now_ns();
	char events[4096];
	int changed = is_due(store);

	if (directory->inotify < 0 && !directory->network) {
		watch(directory);
		/* What happened before it is not told of. */
		if (directory->inotify >= 0)
			return 1;
	}
	if (directory->inotify < 0) {
		if (!changed && now - directory->polled_ns < DIR_LOOK_NS)
			return 0;
		directory->polled_ns = now;
		return 1;
	}
	while (read(directory->inotify, events, sizeof events) > 0)
		changed = 1;
	return changed;
}

const struct store_functions store_dir = {
	.scheme = "dir",
	.open = store_open,
	.leave = dir_leave,
	.close = store_close,
	.beat = dir_beat,
	.add = dir_add,
	.add_range = dir_add_range,
	.exchange = dir_exchange,
	.waiting = dir_waiting,
	.held = dir_held,
	.bury = dir_bury,
	.takers = dir_takers,
	.outlook = dir_outlook,
	.each = dir_each,
	.counts = dir_counts,
	.runs = dir_runs,
	.change = dir_change,
	.lock = dir_lock,
	.unlock = dir_unlock,
	.descriptor = store_descriptor,
	.changed = store_changed,
};
