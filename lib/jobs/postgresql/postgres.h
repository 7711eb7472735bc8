/* What the files of the store "postgresql:" share; they and no others know libpq. */
#ifndef JOBS_POSTGRES_H
#define JOBS_POSTGRES_H

#include "base/error.h"
#include "jobs/jobs.h"
#include "jobs/postgresql/libpq.h"
#include "jobs/sql.h"

#define POSTGRES_AGAIN \
	1 /* inside this room: the connection is gone, the whole transaction is to be done anew */
#define POSTGRES_PIPE 32 /* statements that are sent at once */
#define POSTGRES_VALUES 12
#define POSTGRES_CHUNK 100 /* rows that are asked for at once */

/* What is asked and changed; sql.c has the texts. */
enum pg {
	PG_BEGIN,
	PG_COMMIT,
	PG_ROLLBACK,
	PG_SHARE,
	PG_EXCLUDE,
	PG_ADDERS,
	PG_ASYNCHRONOUS,
	PG_MARK,
	PG_STEP,
	PG_LIST_OID,
	PG_END_OLD,
	PG_LOCK_SESSION,
	PG_LOCK_TAKER,
	PG_IS_BACK,
	PG_WAIT,
	PG_UNWAIT,
	PG_NOTIFY,
	PG_NOTIFY_IDLE,
	PG_NEWEST,
	PG_GET_RANGE,
	PG_PUT_RANGE,
	PG_DROP_RANGE,
	PG_RANGE_JOBS,
	PG_TAKERS_NAMED,
	PG_PUT_TAKER,
	PG_ADOPT_TAKER,
	PG_PRUNE_TAKERS,
	PG_TAKER_STATE,
	PG_SET_TAKER,
	PG_BEAT,
	PG_COUNT_TAKEN,
	PG_LIVING,
	PG_LOST,
	PG_TAKERS,
	PG_LOCK_OWNER,
	PG_PUT_LOCK,
	PG_DROP_LOCK,
	PG_DROP_LOCKS,
	PG_COUNT_WAITING,
	PG_CLAIM_THESE,
	PG_CLAIMED,
	PG_OUTLOOK,
	PG_COUNTS,
	PG_EACH,
	PG_WAITING,
	PG_OPEN,
	PG_HELD,
	PG_HELD_SHARE,
	PG_GET_ENDING,
	PG_GET_HOLDER,
	PG_DROP_HOLDER,
	PG_HOLDERS,
	PG_HOLDERS_AMONG,
	PG_SHARED_BY,
	PG_SET_OPEN,
	PG_END_SHARE,
	PG_DONE,
	PG_DONE_MANY,
	PG_DONE_MIXED,
	PG_ANY_BLOCKED,
	PG_END,
	PG_RUNNING_OF,
	PG_PUT_RUN,
	PG_PRUNE_RUNS,
	PG_RUNS,
	PG_HAS_RUN,
	PG_FIND,
	PG_PUT_JOB,
	PG_CHANGE_JOB,
	PG_CONTENT,
	PG_DROP_CONTENT,
	PG_PUT_CONTENT,
	PG_PUT_PAST,
	PG_PUT_PAST_TAKER,
	PG_PUT_DEP,
	PG_AWAITING,
	PG_NEXT_AWAITED,
	PG_SET_AWAITED,
	PG_BLOCK_BEHIND,
	PG_JOBS_BEHIND,
	PG_RETRY,
	PG_CANCEL,
	PG_CLEAR,
	PG_IS_EMPTY,
	N_PG
};

/* Statements that are sent together, and answered together. */
struct pipe {
	int n;
	struct {
		enum pg which;
		uint32_t limit; /* of a claim; 0: it is another statement */
		int n_values;
		const char *values[POSTGRES_VALUES];
		int sizes[POSTGRES_VALUES], binary[POSTGRES_VALUES];
		char numbers[POSTGRES_VALUES][24];
		PGresult *result;
	} queries[POSTGRES_PIPE];
};

/* What a store has of its list. */
struct server {
	PGconn *handle;
	struct store *store;
	char *address;   /* owned: for libpq, with the password, without what is only ours */
	char shown[300]; /* for people */
	char schema[72]; /* of the list's tables; also the channel of its notifications */
	int64_t oid;     /* of its table of jobs: another one is another list; 0: not yet known */
	int64_t session; /* a number that this object's connections lock, so that a new one knows that the old one is gone */
	int64_t step;      /* of the last transaction */
	int64_t unsettled; /* a step whose claims nobody got yet, if they are in the list; 0: none */
	uint8_t prepared[N_PG];
	uint8_t prepared_claims[JOBS_BATCH_MAX + 1];
	int inside;   /* a transaction */
	int waits;    /* the list says that self waits, so that others notify */
	int notified; /* something may have changed */
	int64_t open; /* a job that self may join, at the last look; 0: there is none */
	int blocked;  /* some job of the list was, at the last look */
	int64_t floor; /* below it nothing waited, at the last look from the bottom; 0: begin there */
	uint64_t bottom_ns; /* when a claim is to begin there */
	uint64_t left;      /* that waited at the last count, as far as they were counted */
	uint64_t left_ns;
	uint64_t uncounted; /* taken since PG_COUNT_TAKEN */
	uint64_t counted_ns;
	uint64_t patience_ms; /* so long a server that is away is waited for */
	uint64_t answer_ms;   /* so long it may say nothing before it is asked what it does */
	uint64_t connect_ms;  /* so long one try to connect may take */
	int64_t process;      /* of the server's, that this connection has; 0: not yet known */
	int64_t newest;       /* PG_NEWEST at the last look */
	int ends_in_doubt;    /* a call that told ends failed: perhaps they were told */
	/* The lock that self has taken or given back, perhaps: the answer was lost.  "": none. */
	char doubtful[256];
};

#define SERVER_OF(store) ((struct server *)(store)->inside)

/* --- sql.c --- */

const char *postgres_text_of(enum pg which);
/* The claim of so many: the limit stands in the text, for as a parameter it would be planned as a tenth of the table. */
void postgres_claim_text(char *text, size_t size, uint32_t limit);
extern const char postgres_tables[];

/* --- store.c --- */

/* Self is a taker from now on, with a row of its own; inside an exclusive transaction. */
int postgres_enter(struct store *store);

/* --- open.c, connect.c, address.c --- */

/* What an address says; 0 or a status. */
int postgres_set_address(struct store *store, const char *place);
/* A connection as it is made, within so much time; PQstatus says what came of it.  0 or ORD_EINTERRUPTED. */
int postgres_dial(struct store *store, PGconn **handle, uint64_t most_ms);
/* Connect, and be who this was before; patience_ms: of a server that is away. */
int postgres_connect(struct store *store, uint64_t patience_ms);
/* The five letters of the error with which the server refused the last connection; "" if it said none. */
void postgres_refusal(const PGconn *handle, char code[6]);
/* The number of the table of jobs; 0: there is none. */
int postgres_ask_oid(struct store *store, int64_t *oid);
int postgres_open(struct store *store, const char *place);
void postgres_close_all(struct store *store, int forked);
/* The connection is gone: wait for the server, and be who this was before.  0 or a status. */
int postgres_reconnect(struct store *store);
/* Hold the lock that says that self lives.  0, POSTGRES_AGAIN or a status. */
int postgres_hold_taker(struct store *store);

/* --- answer.c: as the functions of libpq, but none of them waits for ever --- */

/* As PQgetResult. */
PGresult *postgres_result(struct store *store);
/* As PQexec; binary: the rows are. */
PGresult *postgres_exec(struct store *store, const char *text);
PGresult *postgres_exec_binary(struct store *store, const char *text);
PGresult *postgres_prepare(struct store *store, const char *name, const char *text);
/* Behind a statement with so many bytes: send them before the next one comes, if they are many.  0, or -1: it is lost. */
int postgres_flush(struct store *store, size_t size);

/* --- statements.c --- */

/* Put a statement behind the others: i an int64_t, t a text (NULL: NULL), b bytes and their size_t, n NULL. */
void pipe_put(struct pipe *pipe, enum pg which, const char *types, ...);
/* Another value in the n-th of them. */
void pipe_set(struct pipe *pipe, int n, int i, int64_t number);
void pipe_set_bytes(struct pipe *pipe, int n, int i, const void *bytes, size_t size);
/* Send and await all; 0, POSTGRES_AGAIN, or the status of the first that failed.  Then pipe_clear, in each case. */
int pipe_go(struct store *store, struct pipe *pipe);
void pipe_clear(struct pipe *pipe);
/* Notifications that came with answers, or beside them: the descriptor does not tell them any more. */
void postgres_hear(struct store *store);

/* One statement; *result is to be cleared, NULL unless 0 is returned.  Outside of a transaction it is made again on a new connection. */
int postgres_ask(struct store *store, PGresult **result, enum pg which, const char *types, ...);
/* The same without rows. */
int postgres_run(struct store *store, enum pg which, const char *types, ...);
/* The same for one number; *number is `otherwise` without a row or for NULL. */
int postgres_number(struct store *store, enum pg which, int64_t otherwise, int64_t *number,
	const char *types, ...);

enum postgres_lock {
	POSTGRES_SHARED,   /* with others that add, take and end what is nobody's dependency */
	POSTGRES_ADDING,   /* the same, one at a time */
	POSTGRES_EXCLUSIVE /* nobody else changes anything */
};

typedef int (*postgres_body_fn)(struct store *store, void *user);

/* A transaction: all of body, or nothing of it.  body may be called again, on a new connection. */
int postgres_transact(
	struct store *store, enum postgres_lock lock, postgres_body_fn body, void *user);

int64_t postgres_int(const PGresult *result, int row, int column);
/* "" for NULL. */
const char *postgres_string(const PGresult *result, int row, int column);

/* A row of a result, for sql.h. */
struct postgres_row {
	struct sql_row is;
	const PGresult *result;
	int at;
};

struct postgres_row postgres_row(const PGresult *result, int at);

/* The status and the sentence for a result that failed; POSTGRES_AGAIN for a connection that is gone. */
int postgres_trouble(struct store *store, const PGresult *result, const char *what);

/* "{1,2,3}", to be freed; NULL without memory. */
char *postgres_array(const int64_t *numbers, size_t n);

/* --- rows.c: what is done to jobs, inside an exclusive transaction --- */

/* This job waits now: the next claim is to see it. */
void postgres_lower_floor(struct store *store, int64_t job);

int postgres_read_ending(struct store *store, int64_t id, struct sql_ending *ending);
/* Its only holder is over; how as of rules_end. */
int postgres_end_row(
	struct store *store, const struct sql_ending *ending, int how, const char *why);
/* Keep its last attempt, and no more than so many. */
int postgres_keep_run(
	struct store *store, const struct sql_ending *ending, int state, const char *why);
/* A blocked job waits for the next of those that it comes after, or no more. */
int postgres_await_next(struct store *store, int64_t job, int64_t behind);
/* What waited for this one waits for the next. */
int postgres_settle_done(struct store *store, int64_t job);

int postgres_end_own(struct store *store, struct store_end *end);
int postgres_end_job(struct store *store, int64_t job, int how, const char *why);
/* All attempts at a job with several holders: of one taker (0: any), by its name (NULL: any). */
int postgres_end_shares(struct store *store, int64_t job, int64_t taker, const char *name, int how,
	const char *why, uint64_t *count);

/* --- change.c: functions of the store --- */

int postgres_add(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
	int64_t now);
int postgres_add_range(struct store *store, uint64_t count, int64_t now);
int postgres_change(struct store *store, struct store_change *change, int64_t now);

/* --- look.c: functions of the store --- */

/* Give out the jobs of rows, which are cleared; *behind: the last one's id. */
int postgres_give_rows(
	PGresult *rows, sql_read_fn read, int64_t *behind, store_job_fn fn, void *user);
int postgres_outlook(struct store *store, struct store_outlook *outlook);
int postgres_counts(struct store *store, uint64_t counts[8]);
int postgres_each(struct store *store, uint32_t states, store_job_fn fn, void *user);
int postgres_runs(struct store *store, const char *name, store_run_fn fn, void *user);

/* --- claim.c --- */

int postgres_exchange(struct store *store, struct store_end *ends, size_t n_ends,
	const struct store_claim *claim, store_job_fn give, void *user, int64_t now);

#endif
