/*
 * What is known of earlier runs: a record per proc, in memory, and in a
 * database that one runner at a time writes.  A record is written as a whole
 * after a success; before each attempt it is written that there is one.
 *
 * One thread at a time; of the process that opened it.
 */
#ifndef GRAPH_HISTORY_H
#define GRAPH_HISTORY_H

#include "graph/history/database.h"
#include "graph/history/stale.h"

struct history;

enum history_mode {
	HISTORY_WRITE = 0,
	HISTORY_READ /* for looking: changes nothing on disk, beside a runner too */
};

int history_new(struct history **out);

/*
 * Open the database at path and read it.  A damaged one, or one of a later
 * version, is set aside and history_warning says so; then nothing is known.
 * One that cannot be written is read, history_warning says that too, and what
 * is recorded stays in memory.  HISTORY_READ: what cannot be used is left where
 * it is, and nothing is known.
 *
 * wait_ms  how long to wait for another runner that has it, 0: not at all
 *
 * Returns 0, or with history_error: ORD_ETIMEDOUT another runner has it,
 * ORD_EINVAL it is the database of another program, ORD_ESYSTEM, ORD_ENOMEM.
 */
int history_open(struct history *history, const char *path, int mode, int wait_ms);

/* The last failure, "" if there was none; what the user should know, "" if nothing. */
const char *history_error(const struct history *history);
const char *history_warning(const struct history *history);

/*
 * What is known of a proc: *record is NULL if nothing is; its version is 0 if
 * it never succeeded.  It may be changed (stale_judge refreshes stats), and
 * lives until history_succeed or history_forget of the same proc, or destroy.
 * Returns 0 or ORD_ENOMEM.
 */
int history_find(struct history *history, const char *name, struct record **record);

/* A record that was found is not looked at any more: only its bytes are kept. */
void history_let_go(struct history *history, struct record *record);

/* How long a proc is expected to take, from its last successes; 0: not known. */
uint64_t history_mean_ns(const struct history *history, const char *name);

/* A version that no proc has had. */
uint64_t history_next_version(const struct history *history);

/* An attempt begins: until its end is recorded, the proc is stale. */
int history_begin(struct history *history, const char *name);

/* It has ended well: one transaction.  The lists of the record are copied. */
int history_succeed(struct history *history, const char *name, const struct run *run,
	const struct record *record);

/* It has failed: the record of the last success is kept, and the proc is stale. */
int history_fail(struct history *history, const char *name, const struct run *run);

/* Write the record of a proc as it is in memory, because stats were refreshed. */
int history_refresh(struct history *history, const char *name);

/* Nothing is known of it any more. */
int history_forget(struct history *history, const char *name);

/* Each proc of which something is known, in no order; stops when each returns another value than 0, and returns that. */
int history_each(struct history *history, int (*each)(void *user, const char *name), void *user);

/* The last runs of a proc, newest first. */
int history_runs(struct history *history, const char *name,
	int (*each)(void *user, const struct run *run), void *user);

/* Close and free.  In a forked child only its memory is freed. */
void history_destroy(struct history **history);

#endif
