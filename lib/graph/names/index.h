/*
 * Which of many patterns can match a name: they are found by the literal text
 * that they begin with.  The entries lie in what has the patterns.
 */
#ifndef GRAPH_INDEX_H
#define GRAPH_INDEX_H

#include <stdint.h>

#include "base/table.h"
#include "graph/names/pattern.h"
#include "graph/schedule/schedule.h"

struct entry {
	const struct pattern *pattern;
	struct entry *next; /* with the same beginning, in the order in which they were added */
	void *thing;
};

struct index {
	struct table first;     /* by beginning */
	struct numbers lengths; /* of beginnings, each once */
};

/* Where a search is; zeroed: at the beginning. */
struct cursor {
	struct entry *entry;
	uint32_t length;
};

/* Room for one entry more; -1 without memory. */
int index_reserve(struct index *index);

/* After index_reserve: add an entry that stays where it is. */
void index_add(struct index *index, struct entry *entry);

/* The next entry whose pattern may match, or NULL. */
struct entry *index_next(const struct index *index, struct span name, struct cursor *cursor);

void index_finish(struct index *index);

#endif
