/* What the files of the store "sqlite:" share; they and no others know SQLite. */
#ifndef JOBS_SQLITE_H
#define JOBS_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "base/error.h"
#include "jobs/sql.h"
#include "jobs/store.h"

/* What is asked and changed; sqlite.c has the texts. */
enum sql {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_DATA_VERSION,
	SQL_GET_RANGE,
	SQL_PUT_RANGE,
	SQL_DROP_RANGE,
	SQL_MAKE_RANGE,
	SQL_TAKERS_NAMED,
	SQL_PUT_TAKER,
	SQL_PRUNE_TAKERS,
	SQL_TAKER_STATE,
	SQL_SET_TAKER,
	SQL_COUNT_TAKEN,
	SQL_LIVING,
	SQL_TAKERS,
	SQL_LOCK_OWNER,
	SQL_PUT_LOCK,
	SQL_DROP_LOCK,
	SQL_DROP_LOCKS,
	SQL_ANY_LABELLED,
	SQL_NTH_WAITING,
	SQL_COUNT_WAITING,
	SQL_CLAIM_ONE,
	SQL_CLAIM_SOME,
	SQL_CLAIM_MIXED,
	SQL_CLAIM_THIS,
	SQL_FIRST_OPEN,
	SQL_PUT_HOLDER,
	SQL_GET_HOLDER,
	SQL_DROP_HOLDER,
	SQL_HOLDERS,
	SQL_HOLDER_AMONG,
	SQL_SHARED_BY,
	SQL_SET_OPEN,
	SQL_END_SHARE,
	SQL_PAYLOAD,
	SQL_OUTLOOK,
	SQL_COUNTS,
	SQL_EACH,
	SQL_WAITING,
	SQL_WAITING_MIXED,
	SQL_OPEN,
	SQL_HELD,
	SQL_HELD_SHARE,
	SQL_GET_ENDING,
	SQL_DONE,
	SQL_ANY_BLOCKED,
	SQL_END,
	SQL_RUNNING_OF,
	SQL_PUT_RUN,
	SQL_PRUNE_RUNS,
	SQL_RUNS,
	SQL_FIND,
	SQL_PUT_JOB,
	SQL_CHANGE_JOB,
	SQL_CONTENT,
	SQL_PUT_CONTENT,
	SQL_PUT_PAST,
	SQL_PUT_PAST_TAKER,
	SQL_PUT_DEP,
	SQL_AWAITING,
	SQL_NEXT_AWAITED,
	SQL_SET_AWAITED,
	SQL_BLOCK_BEHIND,
	SQL_CHUNK,
	SQL_SET_STATE,
	SQL_IS_AWAITED,
	SQL_DROP_JOB,
	SQL_DROP_CONTENT,
	SQL_DROP_RUNS,
	SQL_DROP_DEPS,
	SQL_IS_EMPTY,
	N_SQL
};

/* What a store has of its list. */
struct database {
	sqlite3 *handle;
	sqlite3_stmt *statements[N_SQL]; /* made when they are first needed */
	struct store *store;
	char *path;   /* owned, absolute */
	dev_t device; /* the file that is open */
	ino_t inode;
	int inotify;        /* of its log, or -1 */
	int64_t version;    /* data_version of the last look */
	uint64_t since_ns;  /* a lock is waited for since then; 0: none is */
	uint64_t random;    /* of waits */
	uint64_t busy_ns;   /* when somebody else had the lock last */
	uint32_t streak;    /* transactions since then, without a pause */
	int64_t self;       /* id of the row of self before this transaction */
	int64_t blocked;    /* in this transaction: may a job be blocked? */
	uint64_t uncounted; /* taken since SQL_COUNT_TAKEN */
	uint64_t counted_ns;
};

#define DATABASE_OF(store) ((struct database *)(store)->inside)

/* Open the file, or make it; 0 or a status with a sentence. */
int sqlite_open(struct store *store, const char *place);
void sqlite_close_all(struct store *store, int forked);

/*
 * A statement with its values: i an int64_t, t a text (NULL: NULL), b bytes and
 * their size_t, n NULL.  NULL: *code says why.
 */
sqlite3_stmt *sqlite_start(struct store *store, enum sql which, int *code, const char *types, ...);
/* Step once behind sqlite_start: SQLITE_ROW, SQLITE_DONE or another code. */
int sqlite_done(sqlite3_stmt *statement, int code);
/* Start, step and reset; SQLITE_OK if it went well, with or without a row. */
int sqlite_run(struct store *store, enum sql which, const char *types, ...);
/* The same for one number; *number is `otherwise` without a row or for NULL. */
int sqlite_number(struct store *store, enum sql which, int64_t otherwise, int64_t *number,
	const char *types, ...);

/* A transaction that writes; 0 or a status. */
int sqlite_begin(struct store *store);
/* Its end: well if code is SQLITE_OK, else as if it had not been; status: what else is wrong, or 0. */
int sqlite_end(struct store *store, int code, int status);

/* Is the file that is open still the one at its path?  0 or a status. */
int sqlite_check_place(struct store *store);

/* Wait for a short time, by chance. */
void sqlite_pause(struct database *database);

/* The status and the sentence for a code. */
int sqlite_trouble(struct store *store, int code, const char *what);

/* A text column, "" for NULL. */
const char *sqlite_text(sqlite3_stmt *row, int column);

/* The row that a statement is at, for sql.h. */
struct sqlite_row {
	struct sql_row is;
	sqlite3_stmt *statement;
};

struct sqlite_row sqlite_row(sqlite3_stmt *statement);

/* Which holders are over, and how. */
struct share {
	int64_t taker;
	const char *name;
	int how; /* as of rules_end */
	const char *why;
	int64_t now;
};

/* rows.c: what is done to jobs inside a transaction; codes of SQLite. */
/* One of self; lost is set if it is not.  blocked: some job of the list may be. */
int sqlite_end_own(struct store *store, struct store_end *end, int blocked, int64_t now);
int sqlite_end_job(struct store *store, int64_t job, int how, const char *why, int64_t now);
/* All holders of a job that may have several, or those of one taker (an id, or 0) or one name (or NULL); *count: how many. */
int sqlite_end_shares(struct store *store, int64_t job, const struct share *whose, uint64_t *count);
/* A job that may have several was claimed, in this attempt. */
int sqlite_join(struct store *store, const struct store_job *job, int64_t now);
int sqlite_settle_done(struct store *store, int64_t job);
int sqlite_settle_undone(struct store *store, int64_t job);

/* rows.c: functions of the store. */
int sqlite_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now);
int sqlite_add_range(struct store *store, uint64_t count, int64_t now);
int sqlite_change(struct store *store, struct store_change *change, int64_t now);

/* look.c: functions of the store. */
int sqlite_outlook(struct store *store, struct store_outlook *outlook);
int sqlite_counts(struct store *store, uint64_t counts[8]);
int sqlite_each(struct store *store, uint32_t states, store_job_fn fn, void *user);
int sqlite_runs(struct store *store, const char *name, store_run_fn fn, void *user);

#endif
