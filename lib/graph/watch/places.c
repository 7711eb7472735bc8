/*
 * A directory is watched before it is read, so that nothing in it is missed.
 * On the way to where a sight begins a directory is watched for its own end
 * only, or, where the next one is not there or is a link, for what comes.
 * Two paths may be one directory to the kernel: then they share its watch.
 */
#define _GNU_SOURCE /* memrchr, DT_LNK */
#include "graph/watch/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

#define LINKS_MAX 8 /* that lead to one another */

static const char *
real(const char *path)
{
	return *path != '\0' ? path : ".";
}

enum what
place_what_is(const char *path)
{
	struct stat stat;

	if (fstatat(AT_FDCWD, real(path), &stat, AT_SYMLINK_NOFOLLOW) != 0)
		return NOTHING;
	if (S_ISDIR(stat.st_mode))
		return A_DIRECTORY;
	if (!S_ISLNK(stat.st_mode))
		return A_FILE;
	return fstatat(AT_FDCWD, path, &stat, 0) == 0 && S_ISDIR(stat.st_mode) ? A_LINK_TO_DIRECTORY
									       : A_LINK;
}

int
place_is_directory(enum what what)
{
	return what == A_DIRECTORY || what == A_LINK_TO_DIRECTORY;
}

int
place_join(struct buffer *text, const char *directory, const char *name)
{
	size_t size = strlen(directory);

	text->size = 0;
	if (buffer_append(text, directory, size) != 0 ||
		(size != 0 && directory[size - 1] != '/' && buffer_append(text, "/", 1) != 0))
		return -1;
	return buffer_append(text, name, strlen(name) + 1);
}

/* --- telling --- */

void
places_tell(const struct places *places, const struct numbers *who, const char *path)
{
	for (uint32_t i = 0; places->changed != NULL && i < who->count; i++)
		places->changed(places->user, who->at[i], path);
}

/* --- places and their watches --- */

static struct place **
bucket_of(struct places *places, int wd)
{
	return &places->by_wd[(unsigned)wd % PLACES_BUCKETS];
}

struct place *
places_on(struct places *places, int wd)
{
	struct place *place = *bucket_of(places, wd);

	while (place != NULL && place->wd != wd)
		place = place->next;
	return place;
}

struct place *
places_find(const struct places *places, const char *path)
{
	return table_find(&places->by_path, path, strlen(path));
}

static struct place *
place_of(struct places *places, const char *path)
{
	size_t size = strlen(path);
	struct place *place = places_find(places, path);

	if (place != NULL)
		return place;
	if (schedule_grow(&places->all, places->n, &places->capacity, sizeof(struct place *)) !=
			0 ||
		table_reserve(&places->by_path, 1) != 0)
		return NULL;
	place = memory_new(1, sizeof *place + size + 1);
	if (place == NULL)
		return NULL;
	memcpy(place->path, path, size);
	place->wd = -1;
	places->all[places->n++] = place;
	return table_put(&places->by_path, place->path, size, place) == 0 ? place : NULL;
}

/* It has its watch no more, which ends with the last that had it; ended: the kernel has ended it. */
static void
unwatch(struct places *places, struct place *place, int ended)
{
	struct place **at = bucket_of(places, place->wd);
	int wd = place->wd;

	if (wd < 0)
		return;
	while (*at != place)
		at = &(*at)->next;
	*at = place->next;
	place->wd = -1;
	place->mask = 0;
	if (places_on(places, wd) != NULL)
		return;
	places->watched--;
	if (!ended)
		(void)inotify_rm_watch(places->fd, wd);
}

void
places_forget(struct places *places, struct place *place, int ended)
{
	unwatch(places, place, ended);
	place->sights.count = 0;
}

static int
take_watch(struct places *places, struct place *place, int wd)
{
	struct place **at = bucket_of(places, wd);

	unwatch(places, place, 0);
	places->watched += places_on(places, wd) == NULL;
	place->wd = wd;
	place->next = *at;
	*at = place;
	return 0;
}

int
places_watch(struct places *places, struct place *place, uint32_t mask)
{
	int wd;

	if (place->wd >= 0 && (place->mask & mask) == mask)
		return 0;
	wd = inotify_add_watch(places->fd, real(place->path), mask | IN_MASK_ADD | IN_ONLYDIR);
	if (wd < 0 && errno == ENOSPC)
		return PLACES_LIMIT;
	if (wd < 0 && errno == ENOMEM)
		return error_memory(places->error);
	if (wd < 0)
		return PLACES_GONE;
	if (wd != place->wd)
		take_watch(places, place, wd);
	place->mask |= mask;
	return 0;
}

/* --- walking --- */

int
places_no_memory(const struct places *places)
{
	return error_memory(places->error);
}

/* A spot that is a link: what it leads to is one, too. */
static int
follow(struct places *places, const struct numbers *who, const char *path, int links)
{
	char target[PATH_MAX];
	const char *slash = strrchr(path, '/');
	ssize_t size = readlink(path, target, sizeof target - 1);
	struct buffer text = { 0 };
	char *directory;
	uint32_t sight;
	int is_new, status = ORD_OK;

	if (size <= 0 || links >= LINKS_MAX)
		return ORD_OK;
	target[size] = '\0';
	directory = memory_copy(path,
		slash == NULL           ? 0
			: slash == path ? 1
					: (size_t)(slash - path));
	if (directory == NULL || place_join(&text, *target == '/' ? "" : directory, target) != 0 ||
		sights_add_spot(places->sights, who, text.bytes, NULL, &sight, &is_new) != 0)
		status = places_no_memory(places);
	if (status == ORD_OK && is_new)
		status = places_walk(places, sight, *text.bytes == '/' ? "/" : "", links + 1);
	if (status == ORD_OK && place_what_is(text.bytes) == A_LINK)
		status = follow(places, who, text.bytes, links + 1);
	memory_free(directory);
	buffer_finish(&text);
	return status;
}

/* A copy, as lists move while links are followed. */
int
places_follow(struct places *places, const struct numbers *who, const char *path, int links)
{
	struct numbers copy = { 0 };
	int status = numbers_insert_all(&copy, who) == 0 ? follow(places, &copy, path, links)
							 : places_no_memory(places);

	numbers_finish(&copy);
	return status;
}

/* A file that is seen on a walk. */
int
places_see_file(struct places *places, uint32_t id, const char *path, enum what what, int links)
{
	const struct sight *sight = &places->sights->at[id];
	size_t size = strlen(path);
	const struct numbers *who = &sight->who;
	int meant;

	if (sight->kind == SIGHT_SPOTS) {
		const struct spot *spot = sights_spot(places->sights, path, size);

		meant = spot != NULL;
		who = spot != NULL ? &spot->who : NULL;
	} else {
		meant = sight_matches(sight, path, size);
	}
	if (meant <= 0)
		return meant < 0 ? places_no_memory(places) : ORD_OK;
	places_tell(places, who, path);
	if (what != A_LINK)
		return ORD_OK;
	places->sights->at[id].links = 1;
	return places_follow(places, who, path, links);
}

/* A spot that is a directory: all that is in it. */
int
places_see_tree(struct places *places, const char *path, int links)
{
	const struct spot *spot = sights_spot(places->sights, path, strlen(path));
	uint32_t sight;
	int is_new;

	if (spot == NULL)
		return ORD_OK;
	places_tell(places, &spot->who, path);
	if (sights_add_tree(places->sights, &spot->who, path, spot->ignored, &sight, &is_new) != 0)
		return places_no_memory(places);
	return places_walk(places, sight, path, links);
}

static enum what
what_entry_is(const struct dirent *entry, const char *path)
{
	if (entry->d_type == DT_DIR)
		return A_DIRECTORY;
	return entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN ? place_what_is(path)
								      : A_FILE;
}

static int
see_entry(struct places *places, uint32_t id, const char *path, enum what what, int links)
{
	const struct sight *sight = &places->sights->at[id];
	int enters;

	if (!place_is_directory(what))
		return places_see_file(places, id, path, what, links);
	if (sight->kind == SIGHT_SPOTS)
		return places_see_tree(places, path, links);
	enters = sight_enters(sight, path, strlen(path), what == A_LINK_TO_DIRECTORY);
	if (enters < 0 || (enters && buffer_append(&places->stack, path, strlen(path) + 1) != 0))
		return places_no_memory(places);
	return ORD_OK;
}

static int
read_entries(struct places *places, uint32_t id, const char *path, DIR *directory, int links)
{
	struct buffer text = { 0 };
	const struct dirent *entry;
	int status = ORD_OK;

	while (status == ORD_OK && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (place_join(&text, path, entry->d_name) != 0)
			status = places_no_memory(places);
		else
			status = see_entry(
				places, id, text.bytes, what_entry_is(entry, text.bytes), links);
	}
	buffer_finish(&text);
	return status;
}

static int
scan(struct places *places, uint32_t id, const char *path, int links)
{
	int fd = openat(AT_FDCWD, real(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;
	DIR *directory;

	if (fd < 0 && (errno == EMFILE || errno == ENFILE))
		return error_system(
			places->error, errno, "the directory %s cannot be opened", real(path));
	if (fd < 0)
		return ORD_OK;
	directory = fdopendir(fd);
	if (directory == NULL) {
		fd_close(&fd);
		return places_no_memory(places);
	}
	status = read_entries(places, id, path, directory, links);
	closedir(directory);
	return status;
}

/* The path one step further to where a sight begins, with a NUL. */
static int
next_step(const struct sight *sight, const char *path, struct buffer *text)
{
	size_t at = strlen(path);
	const char *end;

	while (sight->fixed[at] == '/')
		at++;
	end = strchr(sight->fixed + at, '/');
	text->size = 0;
	if (buffer_append(text, sight->fixed,
		    end != NULL ? (size_t)(end - sight->fixed) : sight->fixed_size) != 0)
		return -1;
	return buffer_append(text, "", 1);
}

static int
pass(struct places *places, uint32_t id, struct place *place)
{
	struct buffer next = { 0 };
	enum what what = NOTHING;
	int status = next_step(&places->sights->at[id], place->path, &next) == 0
		? ORD_OK
		: places_no_memory(places);

	if (status == ORD_OK) {
		what = place_what_is(next.bytes);
		status = places_watch(
			places, place, what == A_DIRECTORY ? PLACE_WAY : PLACE_WAITING);
	}
	/* It may have come before the watch. */
	if (status == ORD_OK && what != A_DIRECTORY)
		what = place_what_is(next.bytes);
	if (status == ORD_OK && numbers_insert(&place->sights, id) != 0)
		status = places_no_memory(places);
	if (status == ORD_OK && place_is_directory(what) &&
		buffer_append(&places->stack, next.bytes, next.size) != 0)
		status = places_no_memory(places);
	buffer_finish(&next);
	return status;
}

static int
has_sight(const struct place *place, uint32_t id)
{
	const struct numbers *list = &place->sights;
	uint32_t low = 0, high = list->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (list->at[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && list->at[low] == id;
}

static int
visit(struct places *places, uint32_t id, const char *path, int links)
{
	const struct sight *sight = &places->sights->at[id];
	struct place *place = place_of(places, path);
	int status;

	if (place == NULL)
		return places_no_memory(places);
	if (sight_passes(sight, path, strlen(path)))
		return pass(places, id, place);
	/* Who looks at what others look at is not among those that its links lead to yet. */
	if (place->wd >= 0 && has_sight(place, id) && (!sight->links || places->changed != NULL))
		return ORD_OK;
	status = places_watch(places, place, PLACE_FULL);
	if (status != ORD_OK)
		return status;
	if (numbers_insert(&place->sights, id) != 0)
		return places_no_memory(places);
	/* Spots are looked at by who adds them; later they are news. */
	return sight->kind != SIGHT_SPOTS || places->changed != NULL ? scan(places, id, path, links)
								     : ORD_OK;
}

/* All directories from one on that a sight reaches. */
int
places_walk(struct places *places, uint32_t id, const char *from, int links)
{
	struct buffer *stack = &places->stack;
	size_t base = stack->size;
	int status = buffer_append(stack, from, strlen(from) + 1) == 0 ? ORD_OK
								       : places_no_memory(places);

	while (status == ORD_OK && stack->size > base) {
		const char *end = stack->bytes + stack->size - 1;
		size_t start = stack->size - 1;
		char *path;

		while (start > base && stack->bytes[start - 1] != '\0')
			start--;
		path = memory_copy(stack->bytes + start, (size_t)(end - stack->bytes) - start);
		stack->size = start;
		status = path != NULL ? visit(places, id, path, links) : places_no_memory(places);
		if (status == PLACES_GONE)
			status = ORD_OK;
		memory_free(path);
	}
	stack->size = base;
	return status;
}

int
places_walk_all(struct places *places, uint32_t id)
{
	return places_walk(places, id, *places->sights->at[id].fixed == '/' ? "/" : "", 0);
}

/* Spots that are directories, or links. */
int
places_look_at_spot(struct places *places, const struct spot *spot)
{
	enum what what = place_what_is(spot->path);

	if (place_is_directory(what))
		return places_see_tree(places, spot->path, 0);
	return what == A_LINK ? places_follow(places, &spot->who, spot->path, 0) : ORD_OK;
}

/* --- calls --- */

int
places_open(struct places *places, struct sights *sights)
{
	*places = (struct places){ .sights = sights };
	places->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (places->fd >= 0)
		return ORD_OK;
	return errno == EMFILE ? PLACES_LIMIT : ORD_ESYSTEM;
}

int
places_look(struct places *places, const struct sights_news *news, struct error *error)
{
	int status = ORD_OK;

	places->error = error;
	places->changed = NULL;
	for (uint32_t i = 0; status == ORD_OK && i < news->sights.count; i++)
		status = places_walk_all(places, news->sights.at[i]);
	for (size_t at = 0; status == ORD_OK && at < news->spots.size;) {
		const char *path = news->spots.bytes + at;
		size_t size = strlen(path);

		at += size + 1;
		status = places_look_at_spot(places, sights_spot(places->sights, path, size));
	}
	return status;
}

void
places_close(struct places *places)
{
	fd_close(&places->fd);
	for (uint32_t i = 0; i < places->n; i++) {
		numbers_finish(&places->all[i]->sights);
		memory_free(places->all[i]);
	}
	memory_free(places->all);
	table_finish(&places->by_path);
	buffer_finish(&places->stack);
	*places = (struct places){ .fd = -1 };
}
