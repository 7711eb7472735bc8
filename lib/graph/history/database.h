/*
 * The database under the history: rows in and out, one transaction per call,
 * and nothing of what they mean.  Each failure is a status and a sentence.
 */
#ifndef GRAPH_DATABASE_H
#define GRAPH_DATABASE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "graph/history/digest.h"

#define DATABASE_VERSION 2   /* of the tables */
#define DATABASE_RUNS_MAX 16 /* per proc; older ones are pruned */

/* Zeroed it is closed. */
struct database {
	struct sqlite3 *handle;
	struct sqlite3_stmt **statements;
	const char *path; /* not owned */
	dev_t device;     /* the file that is open */
	ino_t inode;
	int read_only;
	int frozen;        /* read as a file that does not change */
	int64_t opened_ns; /* CLOCK_REALTIME */
	struct error error;
};

/* What is read at open; a function returns 0, or a status that stops the reading. */
struct database_rows {
	int (*record)(void *user, const char *name, const char *content, size_t size,
		const struct digest *sum);
	int (*attempt)(void *user, const char *name, uint32_t state);
	int (*version)(void *user, uint64_t version);
	void *user;
};

/* One end of an attempt. */
struct run {
	int64_t start_ns, end_ns;
	uint64_t user_ns, system_ns, memory_bytes;
	int32_t state; /* what the caller calls it */
	int32_t exit_code;
	const char *why;  /* reasons for which it ran; NULL: none */
	int64_t whole_ns; /* out: when the database was opened that recorded it: the same for all of a run of the graph; 0: not known */
};

enum database_answer {
	DATABASE_OPEN = 0,
	DATABASE_DAMAGED = 1, /* no database, or a damaged one */
	DATABASE_NEWER = 2    /* of a later version of this */
};

/*
 * Open, migrate, and read everything with one select per table.  Returns a
 * database_answer, or a status with error; unless it is DATABASE_OPEN, it is
 * closed.  A file that cannot be written is opened for reading.
 */
int database_open(struct database *database, const char *path, int read_only,
	const struct database_rows *rows);

/* Is the file that is open still the one at its path? */
int database_is_in_place(const struct database *database);

/* Each in one transaction; 0 or a status with error, and then nothing is changed. */
int database_begin(struct database *database, const char *name, int64_t now_ns);
int database_succeed(struct database *database, const char *name, const struct run *run,
	const char *content, size_t size, uint64_t version);
int database_fail(
	struct database *database, const char *name, const struct run *run, uint32_t state);
int database_store(struct database *database, const char *name, const char *content, size_t size);
int database_forget(struct database *database, const char *name);

/* The runs of a proc, newest first, at most DATABASE_RUNS_MAX. */
int database_runs(struct database *database, const char *name,
	int (*each)(void *user, const struct run *run), void *user);

void database_close(struct database *database);

#endif
