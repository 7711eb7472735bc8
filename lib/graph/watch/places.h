/*
 * Directories that are watched by inotify, for sights: where their files are,
 * and the way to there.
 */
#ifndef GRAPH_PLACES_H
#define GRAPH_PLACES_H

#include "base/error.h"
#include "graph/watch/eyes.h"
#include "graph/watch/sights.h"

#define PLACES_BUCKETS 1024
#define PLACES_LIMIT 1 /* more directories than the system allows to watch */

struct place;

struct places {
	int fd; /* -1: not open */
	struct sights *sights;
	struct table by_path;
	struct place **all; /* n of them, also those that are not watched any more */
	uint32_t n, capacity;
	uint32_t watched;
	struct place *by_wd[PLACES_BUCKETS];
	struct buffer stack; /* directories to be walked, each with a NUL behind it */
	eyes_fn changed;     /* NULL: nobody is told */
	void *user;
	struct error *error;
};

/* 0, or PLACES_LIMIT, or ORD_ESYSTEM with errno. */
int places_open(struct places *places, struct sights *sights);

/*
 * Watch what new sights and spots reach.  0, PLACES_LIMIT, or a status with
 * its sentence; after one that is not 0 not everything is watched.
 */
int places_look(struct places *places, const struct sights_news *news, struct error *error);

/* Tell what has happened.  The same. */
int places_take(struct places *places, eyes_fn changed, void *user, struct error *error);

void places_close(struct places *places);

#endif
