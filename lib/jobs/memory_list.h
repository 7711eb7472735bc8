/* What a list in memory consists of; the mutex is held wherever it is looked at. */
#ifndef JOBS_MEMORY_LIST_H
#define JOBS_MEMORY_LIST_H

#include <pthread.h>

#include "base/table.h"
#include "jobs/store.h"

struct memory_run {
	struct store_run run; /* its texts are owned */
	struct memory_run *older;
};

struct entry {
	struct store_job
		job;    /* its name, payload, fingerprint, requires, taker and why are owned */
	int64_t *after; /* after[n_after]: ids */
	size_t n_after;
	int64_t holder;
	int again;
	struct memory_run *runs; /* newest first */
};

struct member {
	struct store_taker taker; /* its texts are owned */
};

struct mutex_name {
	char *name;
	int64_t holder;
};

struct list {
	pthread_mutex_t mutex;
	struct entry **entries; /* entries[n_entries], by id - 1; NULL: cleared */
	size_t n_entries;
	struct table names;
	struct member *members; /* members[n_members], by id - 1 */
	size_t n_members;
	struct mutex_name *locks; /* locks[n_locks] */
	size_t n_locks;
	struct inside **insides; /* insides[n_insides]: who is told of changes */
	size_t n_insides;
	int64_t range; /* -1: none */
};

/* What one store has of the list. */
struct inside {
	struct list *list;
	int event;
};

/* Replace an owned text; -1 without memory, nothing changed. */
int text_set(const char **to, const char *text);

/* A copy of a job with nothing behind it; NULL without memory. */
struct entry *entry_new(const struct store_job *job);
void entry_free(struct entry *entry);

/* The entry with an id, or NULL. */
struct entry *entry_of(const struct list *list, int64_t id);

/* A job that it is to come after and that is not done, or NULL. */
const struct entry *awaited(const struct list *list, const struct entry *entry);

/* What waits and what is blocked, after something was done, or is to be done again. */
void settle(struct list *list);

/* An attempt is over; how as of rules_end. */
void entry_end(
	const struct store *store, struct entry *entry, int how, const char *why, int64_t now);

void list_free(struct list *list);

/* Add jobs, all or none. */
int list_add(struct store *store, struct list *list, const struct store_job *jobs, size_t count,
	uint64_t *added);

/* Does a blocked job come after this one? */
int is_awaited(const struct list *list, const struct entry *entry);

/* After jobs are gone.  The table cannot forget: it is made anew. */
int forget_names(struct store *store, struct list *list);

#endif
