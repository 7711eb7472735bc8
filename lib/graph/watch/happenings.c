/* What the kernel says of directories: places.h. */
#include "graph/watch/place.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READS_MAX 64

static int
is_within(const char *path, const char *directory)
{
	size_t size = strlen(directory);

	return strncmp(path, directory, size) == 0 &&
		(path[size] == '\0' || path[size] == '/' || size == 0 ||
			directory[size - 1] == '/');
}

/* A directory is not there any more, or is another one; quiet: its files have been told, or will be. */
static void
depart(struct places *places, const char *path, int quiet)
{
	for (uint32_t i = 0; i < places->n; i++) {
		struct place *place = places->all[i];

		if (place->wd < 0 || !is_within(place->path, path))
			continue;
		for (uint32_t j = 0; !quiet && j < place->sights.count; j++) {
			const struct sight *sight = &places->sights->at[place->sights.at[j]];

			if (!sight_passes(sight, place->path, strlen(place->path)))
				places_tell(places, &sight->who, path);
		}
		places_forget(places, place, 0);
	}
}

/* A directory has come, or a link to one. */
static int
arrive(struct places *places, const struct place *place, const char *path, int link)
{
	int status = ORD_OK;

	depart(places, path, 0); /* another was there */
	for (uint32_t i = 0; status == ORD_OK && i < place->sights.count; i++) {
		uint32_t id = place->sights.at[i];
		const struct sight *sight = &places->sights->at[id];
		int enters;

		if (sight->kind == SIGHT_SPOTS &&
			!sight_passes(sight, place->path, strlen(place->path)))
			continue;
		enters = sight_enters(sight, path, strlen(path), link);
		if (enters < 0)
			status = places_no_memory(places);
		else if (enters)
			status = places_walk(places, id, path, 0);
	}
	return status == ORD_OK ? places_see_tree(places, path, 0) : status;
}

static int
happen_to_file(struct places *places, const struct place *place, const char *path, enum what what)
{
	const struct spot *spot = sights_spot(places->sights, path, strlen(path));
	int status = ORD_OK;

	if (spot != NULL) {
		places_tell(places, &spot->who, path);
		if (what == A_LINK)
			status = places_follow(places, &spot->who, path, 0);
	}
	for (uint32_t i = 0; status == ORD_OK && i < place->sights.count; i++) {
		uint32_t id = place->sights.at[i];

		if (places->sights->at[id].kind != SIGHT_SPOTS)
			status = places_see_file(places, id, path, what, 0);
	}
	return status;
}

static int
happen(struct places *places, struct place *place, const char *path, uint32_t mask)
{
	int came = (mask & (IN_CREATE | IN_MOVED_TO)) != 0;
	enum what what = A_FILE;

	if ((mask & IN_ISDIR) != 0) {
		/* It may be readable now, or is only touched. */
		const struct place *known = places_find(places, path);

		if (came || ((mask & IN_ATTRIB) != 0 && (known == NULL || known->wd < 0)))
			return arrive(places, place, path, 0);
		if ((mask & (IN_DELETE | IN_MOVED_FROM)) == 0)
			return ORD_OK;
		depart(places, path, (mask & IN_DELETE) != 0);
		return places_watch(places, place, PLACE_WAITING);
	}
	if (came)
		what = place_what_is(path);
	if (what == A_LINK_TO_DIRECTORY)
		return arrive(places, place, path, 1);
	if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0 && places_find(places, path) != NULL)
		depart(places, path, 0);
	return happen_to_file(places, place, path, what);
}

/* A directory has ended or moved: its sights begin anew. */
static int
lose(struct places *places, int wd, int quiet)
{
	struct numbers sights = { 0 };
	struct place *place;
	int status = ORD_OK;

	while (status == ORD_OK && (place = places_on(places, wd)) != NULL) {
		if (numbers_insert_all(&sights, &place->sights) != 0)
			status = places_no_memory(places);
		depart(places, place->path, quiet);
	}
	for (uint32_t i = 0; status == ORD_OK && i < sights.count; i++)
		status = places_walk_all(places, sights.at[i]);
	numbers_finish(&sights);
	return status;
}

/* Events were lost. */
static int
begin_anew(struct places *places)
{
	eyes_fn changed = places->changed;
	int status = ORD_OK;

	for (uint32_t i = 0; i < places->n; i++)
		places_forget(places, places->all[i], 0);
	changed(places->user, EYES_ALL, NULL);
	places->changed = NULL;
	for (uint32_t id = 0; status == ORD_OK && id < places->sights->n; id++)
		status = places_walk_all(places, id);
	for (uint32_t i = 0; status == ORD_OK && i < places->sights->n_spots; i++)
		status = places_look_at_spot(places, places->sights->all_spots[i]);
	places->changed = changed;
	return status;
}

static int
take_event(struct places *places, const struct inotify_event *event)
{
	struct buffer path = { 0 };
	struct place *place = places_on(places, event->wd), *next;
	int status = ORD_OK;

	if ((event->mask & IN_Q_OVERFLOW) != 0)
		return begin_anew(places);
	if ((event->mask & IN_IGNORED) != 0) {
		for (; place != NULL; place = places_on(places, event->wd))
			places_forget(places, place, 1);
		return ORD_OK;
	}
	if ((event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) != 0)
		return lose(places, event->wd, (event->mask & IN_DELETE_SELF) != 0);
	if (event->len == 0)
		return ORD_OK;
	for (; status == ORD_OK && place != NULL; place = next) {
		next = place->next;
		if (place->wd != event->wd)
			continue;
		status = place_join(&path, place->path, event->name) == 0
			? happen(places, place, path.bytes, event->mask)
			: places_no_memory(places);
		if (status == PLACES_GONE)
			status = ORD_OK;
	}
	buffer_finish(&path);
	return status;
}

static int
take_events(struct places *places)
{
	_Alignas(struct inotify_event) char bytes[16384];

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t size = read(places->fd, bytes, sizeof bytes);

		if (size <= 0)
			return size == 0 || errno == EAGAIN || errno == EINTR
				? ORD_OK
				: error_system(
					  places->error, errno, "changes to files cannot be read");
		for (ssize_t at = 0; at < size;) {
			const void *event = bytes + at;
			const struct inotify_event *head = event;
			int status = take_event(places, head);

			if (status != ORD_OK)
				return status;
			at += (ssize_t)(sizeof *head + head->len);
		}
	}
	return ORD_OK;
}

int
places_take(struct places *places, eyes_fn changed, void *user, struct error *error)
{
	places->error = error;
	places->changed = changed;
	places->user = user;
	return take_events(places);
}
