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

/* Who holds a job. */
struct holder {
	int64_t taker, began_ms;
	uint32_t attempt;
};

struct entry {
	struct store_job
		job;    /* its name, payload, fingerprint, requires, taker and why are owned */
	int64_t *after; /* after[n_after]: ids */
	size_t n_after;
	struct holder *holders; /* holders[n_holders], in the order of coming */
	size_t n_holders;
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
	size_t first; /* none before it waits */
	int linked;   /* some come after others */
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

/* Take the mutex of the list. */
struct list *list_enter(struct store *store);

/* Give it back, and tell the others if something changed; the status. */
int list_leave(struct store *store, struct list *list, int changed, int status);

/* Where self is among the holders of an entry, in this attempt (0: any); NULL: it is not. */
struct holder *entry_mine(const struct store *store, const struct entry *entry, uint32_t attempt);

/* How often a taker holds a job. */
uint64_t entry_held_by(const struct entry *entry, int64_t taker);

/* Is it in this state, WAITING or RUNNING, and may self have it, or join? */
int entry_may_have(const struct store *store, const struct entry *entry, int state);

/* Show an entry. */
int entry_give(const struct list *list, const struct entry *entry, store_job_fn fn, void *user);

/* look.c: functions of the store. */
int memory_outlook(struct store *store, struct store_outlook *outlook);
int memory_each(struct store *store, uint32_t states, store_job_fn fn, void *user);
int memory_counts(struct store *store, uint64_t counts[8]);
int memory_runs(struct store *store, const char *name, store_run_fn fn, void *user);

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

/* The attempt of a holder is over; how as of rules_end. */
void entry_end(const struct store *store, struct entry *entry, size_t holder, int how,
	const char *why, int64_t now);

/* All of one taker's, or with NULL of all, are over; how many. */
uint64_t entry_end_all(const struct store *store, struct entry *entry, const char *taker, int how,
	const char *why, int64_t now);

void list_free(struct list *list);

/* Add jobs, all or none. */
int list_add(struct store *store, struct list *list, const struct store_job *jobs, size_t count,
	uint64_t *added, int64_t now);

/* Does a blocked job come after this one? */
int is_awaited(const struct list *list, const struct entry *entry);

/* After jobs are gone.  The table cannot forget: names, which has room for all, takes its place. */
void forget_names(struct list *list, struct table *names);

#endif
