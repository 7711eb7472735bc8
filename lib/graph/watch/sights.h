/*
 * What is looked at: patterns, by who wants to know of them, without a look at
 * any file.  Patterns that are the same are one sight.  Plain paths are spots,
 * found by their path; a directory in which spots lie is a sight of its own.
 */
#ifndef GRAPH_SIGHTS_H
#define GRAPH_SIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/table.h"
#include "graph/inputs/ignored.h"
#include "graph/schedule/schedule.h"

enum sight_kind {
	SIGHT_GLOB,
	SIGHT_REGEX, /* a regular expression for paths from the current directory on */
	SIGHT_TREE,  /* everything in a directory and below */
	SIGHT_SPOTS  /* spots in a directory */
};

struct sight {
	int kind;
	char *fixed; /* the directory where it begins; "": the root */
	size_t fixed_size;
	struct path_glob glob;
	const struct ignored *ignored; /* NULL: nothing */
	struct numbers who;            /* sorted */
	int links; /* a file that it means is a link: who comes later is to follow it, too */
	char *key;
};

struct spot {
	struct numbers who; /* sorted */
	const struct ignored
		*ignored; /* should it be a directory; NULL: nothing is, or they differ */
	char path[];
};

struct ignored_set;

struct sights {
	struct sight *at; /* n of them */
	uint32_t n, capacity;
	struct table by_key;
	struct table spots;
	struct spot **all_spots; /* n_spots of them */
	uint32_t n_spots, spots_capacity;
	struct ignored_set *sets; /* lists of what is left out, by their text */
};

/* What sights_add found: numbers of sights that are new or have links, and paths that are spots now. */
struct sights_news {
	struct numbers sights;
	struct buffer spots; /* each with a NUL behind it */
};

/* Look at what patterns stand for, without what is ignored; both end with NULL and may be NULL.  0 or a status with its sentence. */
int sights_add(struct sights *sights, uint32_t who, const char *const *patterns,
	const char *const *ignore, struct sights_news *news, struct error *error);

/* The same for regular expressions. */
int sights_find(struct sights *sights, uint32_t who, const char *const *regexes,
	const char *const *ignore, struct sights_news *news, struct error *error);

/* Who is told of nothing any more; sights stay, as what they watch does. */
void sights_forget(struct sights *sights, uint32_t who);

/* One path, for all of `who`; its directory's sight in *sight, *is_new if it was not there.  0 or ORD_ENOMEM. */
int sights_add_spot(struct sights *sights, const struct numbers *who, const char *path,
	const struct ignored *ignored, uint32_t *sight, int *is_new);

/* All below a directory.  The same. */
int sights_add_tree(struct sights *sights, const struct numbers *who, const char *path,
	const struct ignored *ignored, uint32_t *sight, int *is_new);

/* Whether a directory is on the way to where a sight begins: not there yet. */
int sight_passes(const struct sight *sight, const char *path, size_t size);

/* Whether a directory is to be looked at; link: it is a link to one.  -1 without memory. */
int sight_enters(const struct sight *sight, const char *path, size_t size, int link);

/* Whether a file in a directory that it enters is meant; never of SIGHT_SPOTS.  -1 without memory. */
int sight_matches(const struct sight *sight, const char *path, size_t size);

struct spot *sights_spot(const struct sights *sights, const char *path, size_t size);

/* Into a sorted list, once.  -1 without memory. */
int numbers_insert(struct numbers *numbers, uint32_t number);
int numbers_insert_all(struct numbers *numbers, const struct numbers *more);

void sights_news_finish(struct sights_news *news);
void sights_finish(struct sights *sights);

#endif
