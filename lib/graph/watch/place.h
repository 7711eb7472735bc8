/*
 * A directory that is watched, for the two files that know it: places.c
 * watches and walks, happenings.c takes what the kernel says.
 */
#ifndef GRAPH_PLACE_H
#define GRAPH_PLACE_H

#include <sys/inotify.h>

#include "graph/watch/places.h"

/* On the way to where a sight begins; where the next directory is not there, or is a link; where files are. */
#define PLACE_WAY (IN_DELETE_SELF | IN_MOVE_SELF)
#define PLACE_WAITING (PLACE_WAY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)
#define PLACE_FULL (PLACE_WAITING | IN_CLOSE_WRITE | IN_ATTRIB)

#define PLACES_GONE 2 /* there is no directory of this path that can be watched */

struct place {
	struct place *next;    /* with the same bucket of wd */
	struct numbers sights; /* sorted */
	uint32_t mask;
	int wd; /* -1: not watched */
	char path[];
};

/* What a path is, by itself. */
enum what { NOTHING, A_FILE, A_DIRECTORY, A_LINK, A_LINK_TO_DIRECTORY };

enum what place_what_is(const char *path);
int place_is_directory(enum what what);

/* directory/name with a NUL into text; -1 without memory. */
int place_join(struct buffer *text, const char *directory, const char *name);

void places_tell(const struct places *places, const struct numbers *who, const char *path);
int places_no_memory(const struct places *places);

/* The first with a watch; the place of a path. */
struct place *places_on(struct places *places, int wd);
struct place *places_find(const struct places *places, const char *path);

/* Watch for more.  0, PLACES_GONE, PLACES_LIMIT or a status. */
int places_watch(struct places *places, struct place *place, uint32_t mask);

/* Watch it no more; ended: the kernel has ended it. */
void places_forget(struct places *places, struct place *place, int ended);

/* Watch all directories from one on that a sight reaches, and tell what is in them; links: how many were followed to here. */
int places_walk(struct places *places, uint32_t sight, const char *from, int links);
int places_walk_all(struct places *places, uint32_t sight);

/* A file in a directory that a sight looks at; a directory that is a spot; a spot, which may be either. */
int places_see_file(
	struct places *places, uint32_t sight, const char *path, enum what what, int links);
int places_see_tree(struct places *places, const char *path, int links);
int places_look_at_spot(struct places *places, const struct spot *spot);

/* A spot that is a link: what it leads to is one, too. */
int places_follow(struct places *places, const struct numbers *who, const char *path, int links);

#endif
