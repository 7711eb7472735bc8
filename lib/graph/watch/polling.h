/*
 * Files that are looked at from time to time: what patterns stand for now
 * against what they stood for before.
 */
#ifndef GRAPH_POLLING_H
#define GRAPH_POLLING_H

#include "base/error.h"
#include "graph/inputs/inputs.h"
#include "graph/watch/eyes.h"

/* What one wants to know of. */
struct glance {
	uint32_t who;
	int regexes;     /* its patterns are regular expressions */
	char **patterns; /* end with NULL */
	char **ignore;
	struct file_list list;
};

struct polling {
	struct glance *at; /* n of them */
	uint32_t n, capacity;
	struct files files;
};

void polling_init(struct polling *polling);

/* Remember patterns, without a look.  0 or ORD_ENOMEM. */
int polling_add(struct polling *polling, uint32_t who, const char *const *patterns,
	const char *const *ignore, int regexes);

void polling_forget(struct polling *polling, uint32_t who);

/* Look at the files of those from `from` on as they are now; changed NULL: nobody is told.  0 or a status with its sentence. */
int polling_look(
	struct polling *polling, uint32_t from, eyes_fn changed, void *user, struct error *error);

/* How many files there were. */
uint32_t polling_count(const struct polling *polling);

void polling_finish(struct polling *polling);

#endif
