/*
 * What keeps a list: one const struct of functions.  jobs.c and its neighbours
 * are all that the stores have in common; a store knows rows and transactions.
 *
 * What every store promises:
 *   - each function that changes something is one transaction: whoever dies in
 *     the middle of it leaves the list as it was before, or as it is behind it
 *   - a claim that was returned is in the list: another claim cannot have the job
 *   - an end counts only while the job runs, at that taker and in that attempt
 *   - a job with max_takers of 1 has one holder.  Others may have several, each in
 *     an attempt of its own; its state is RUNNING while there is one.  Nobody joins
 *     while another job waits, when it has max_takers of them, or after one of them has
 *     ended it (tends, of rules.h).  A store that cannot do so refuses such jobs when
 *     they are added (rules_no_sharing)
 *   - after a status that is not 0 nothing has changed, and the same call can be made again; but where every job is
 *     a file: what was changed up to there stays so, and is not done a second time
 *   - what died is found by others alone: a store keeps who somebody is
 *     (struct life) and since when he was silent, and judges nothing
 *
 * To add a store: a folder NAME/ with its functions in store.c, its rows in jobs.c
 * and tests/style/rooms.sh, its packages in
 * tools/cmake/jobs.cmake, and its row in tests/jobs/lists.c; the suite there
 * is for all of them.
 */
#ifndef JOBS_STORE_H
#define JOBS_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "jobs/life.h"

#define STORE_WHY_MAX 1000 /* bytes of a reason */

/* A job as it lies in the list.  What it points to lives until the function returns that was given it. */
struct store_job {
	int64_t id;
	int64_t item; /* its place in a range, or -1 */
	const char *name;
	const void *payload; /* payload[payload_size], a NUL behind */
	size_t payload_size;
	const char *file;        /* its path, where a job is one; NULL */
	const void *fingerprint; /* only where jobs are added, and from each; NULL: none */
	size_t fingerprint_size;
	const char *requires; /* labels, as label lists are (labels.h); "": none */
	const char *taker;    /* who has or had it; "": nobody */
	const char *why;
	const char *awaits; /* BLOCKED: a job that is to be done first; else "" */
	int awaits_state;
	int64_t began_ms, ended_ms;
	int64_t failed_retries, killed_retries; /* -1: as the taker says */
	uint32_t attempt, failures, kills;
	int state; /* an enum ord_job_state; where jobs are added: it waits, or has ended elsewhere */
	uint32_t max_takers; /* how many may hold it at once, 1 or more */
	int tends; /* RUNNING: its state when its last holder ends, as far as that is known; 0: it would wait */
	uint64_t
		range; /* of how many it is one (item >= 0); only where jobs are added, and from each; 0: it is not */
	const char *const *after; /* only where jobs are added: after[n_after] */
	size_t n_after;
	const char *comes_after; /* only from each: names, one a line */
};

/* A taker. */
struct store_taker {
	int64_t id;
	const char *name, *labels;
	struct life life;
	int64_t since_ms, seen_ms, timeout_ms;
	uint64_t taken, held;
	int state; /* IDLE, OFFLINE or KILLED: BUSY is seen from held */
};

/* What this store's taker is; set before open. */
struct store_self {
	int64_t id; /* of its row; 0: it only looks */
	const char *name, *labels;
	struct life life;
	int64_t timeout_ms;
	uint32_t failed_retries, killed_retries;
	uint32_t history;
	uint32_t sync_ms; /* others' claims may stay unseen for so long */
	int adopt;        /* a living taker of this name that is the same process is this one */
};

enum store_end_kind { STORE_DONE, STORE_FAILED, STORE_BACK };

/* How a job is to end. */
struct store_end {
	int64_t job;
	uint32_t attempt;
	enum store_end_kind kind;
	const char *why; /* NULL: nothing */
	int lost;        /* out: it is not this taker's any more */
};

/* What is to be taken. */
struct store_claim {
	uint32_t most;       /* so many at most; 0: none */
	uint32_t share;      /* takers that they are for: the last ones are shared out */
	const int64_t *only; /* only[n_only]: these, and no others; NULL: any */
	size_t n_only;
};

typedef int (*store_job_fn)(void *user, const struct store_job *job);
typedef int (*store_taker_fn)(void *user, const struct store_taker *taker);

/* One attempt. */
struct store_run {
	const char *taker, *why;
	int64_t began_ms, ended_ms;
	uint32_t attempt;
	int state;
};

typedef int (*store_run_fn)(void *user, const struct store_run *run);

/* Whether anything can still come. */
struct store_outlook {
	int waiting;       /* jobs that this taker may have, or join */
	int foreign;       /* jobs that need other labels wait */
	int running_own;   /* jobs that this taker holds */
	int running_other; /* jobs that others hold */
	int blocked;
	int bad; /* jobs that failed or were killed */
};

enum store_change_kind { STORE_CANCEL, STORE_RETRY, STORE_REQUEUE, STORE_CLEAR };

/* Something for many jobs. */
struct store_change {
	enum store_change_kind kind;
	const char *pattern; /* NULL: all */
	const char *taker;   /* REQUEUE: whose; NULL: anybody's */
	uint32_t states;     /* CLEAR: bits of states */
	uint64_t count;      /* out */
};

struct store {
	const struct store_functions *functions;
	struct store_self self;
	struct error *error;
	int read_only, must_exist;
	const char *job_ext; /* of directories; NULL: the default */
	uint32_t pick, stale_ms;
	int wake;     /* can be read when every wait is to end, also one for a server */
	int watching; /* what is waited for now is any change, not one that matters to takers */
	int leaving;  /* no long waits any more */
	int heard; /* out: what the descriptor would tell is read already, or it would not tell it: ask changed */
	int64_t ahead_ms; /* out: so much the clock that writes seen_ms goes before this host's */
	int64_t due_ms; /* out: when the list is to be looked at though nobody changes it; 0: never */
	const int *epoll; /* of a loop of the host's, or -1: see store_unwatch */
	void *inside;     /* the store's own */
};

/* Close a descriptor that can be waited for, also by a loop of the host's. */
void store_unwatch(const struct store *store, int *fd);

/* All return 0 or a status with store->error; n ms since 1970 is now. */
struct store_functions {
	const char *scheme; /* "sqlite" */

	/* Open the list, make it if need be, and enter self as a taker (not if it only looks). */
	int (*open)(
		struct store *store, const char *place, const struct store *beside, int64_t now);
	/* Self is offline, and its locks are free; what it holds must have ended. */
	int (*leave)(struct store *store, int64_t now);
	/* Free everything; in a forked process what cannot be freed there stays. */
	void (*close)(struct store *store, int forked);
	/* Self lives; if it was declared dead it is a taker again. */
	int (*beat)(struct store *store, int64_t now);

	/*
	 * Add jobs, all or none; *added: how many were new or are other ones now.  One of a range (range, item) makes
	 * the list one of that range; one that has ended elsewhere (state, why, attempt) has ended here.
	 * What is known of its last attempt (taker, began_ms, ended_ms, failures; 0 and "": nothing) is kept.
	 */
	int (*add)(struct store *store, const struct store_job *jobs, size_t count, uint64_t *added,
		int64_t now);
	int (*add_range)(struct store *store, uint64_t count, int64_t now);

	/*
	 * In one transaction: ends, then claims; if nothing waits, one job that runs and that another may join.
	 * give gets each job that was claimed, in the order of the list; it must not fail.
	 */
	int (*exchange)(struct store *store, struct store_end *ends, size_t n_ends,
		const struct store_claim *claim, store_job_fn give, void *user, int64_t now);
	/* Jobs that self's labels are enough for, behind an id, until the function returns not 0: those that wait, then those that it may join. */
	int (*waiting)(struct store *store, int64_t behind, store_job_fn fn, void *user);
	/* A job that self holds; ORD_ELOST: it does not. */
	int (*held)(struct store *store, const char *name, uint32_t attempt, store_job_fn fn,
		void *user);

	/* A taker died: who was last seen then.  Its jobs are killed, its locks free; nothing happens if it is not that any more. */
	int (*bury)(struct store *store, int64_t taker, int64_t seen_ms, int64_t now);
	/* all: those that left, too. */
	int (*takers)(struct store *store, int all, store_taker_fn fn, void *user);

	int (*outlook)(struct store *store, struct store_outlook *outlook);
	/* Jobs in these states (bits), in the order of adding, with all that is known of them. */
	int (*each)(struct store *store, uint32_t states, store_job_fn fn, void *user);
	int (*counts)(struct store *store, uint64_t counts[8]);
	int (*runs)(struct store *store, const char *name, store_run_fn fn, void *user);
	int (*change)(struct store *store, struct store_change *change, int64_t now);

	/* 1: self has it now; 0: somebody else, whose name is in owner[size]; or a status. */
	int (*lock)(struct store *store, const char *name, char *owner, size_t size);
	int (*unlock)(struct store *store, const char *name);

	/* A descriptor that can be read when the list may have changed; -1: look from time to time. */
	int (*descriptor)(struct store *store);
	/* Has it changed since the last question, by anybody else?  1 or 0, or a status. */
	int (*changed)(struct store *store);
};

#endif
