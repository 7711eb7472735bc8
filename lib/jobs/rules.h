/* What becomes of a job: the one place for all stores. */
#ifndef JOBS_RULES_H
#define JOBS_RULES_H

#include "jobs/store.h"

/* What an attempt leaves. */
struct verdict {
	int state;                /* of the job, an enum ord_job_state */
	int run_state;            /* of the attempt, in the history */
	int tends;                /* while others still hold it */
	uint32_t failures, kills; /* of the job */
};

/*
 * An attempt at a job is over.
 *
 * how     STORE_DONE …, or -1: its taker died
 * again   what it is has changed meanwhile
 * others  hold it still: it runs on, and tends to what is known so far
 * self    who says so, whose retries hold for a job that has none of its own
 */
struct verdict rules_end(const struct store_job *job, int how, int again, uint64_t others,
	const struct store_self *self);

/* May a job that runs be joined, by labels that are enough? */
int rules_may_join(const struct store_job *job, int again, uint64_t holders);

/* The state of a job that is added: WAITING, or one in which it has ended elsewhere. */
int rules_added(const struct store_job *job);

/* Is a change meant for a job in this state? */
int rules_concerns(const struct store_change *change, int state);
/* And for this one, that this taker holds? */
int rules_is_meant(
	const struct store_change *change, int state, const char *name, const char *taker);

/* A job is added that is there: is it another version?  Of both, payload and fingerprint count. */
int rules_is_changed(const struct store_job *there, const struct store_job *added);

/* A taker in the list has the name of self: 1 it is self, 0 it is dead, -1 it lives. */
int rules_namesake(const struct store_self *self, const struct life *life, int64_t silent_ms,
	int64_t timeout_ms);

/* How many to claim of so many that wait (counted up to rules_count_to). */
uint32_t rules_share(const struct store_claim *claim, uint64_t waiting);
uint64_t rules_count_to(const struct store_claim *claim);

/* Sentences that all stores have; they return the status. */
int rules_size_mismatch(struct error *error, uint64_t is, uint64_t wanted);
int rules_no_sharing(struct error *error, const char *scheme, const char *name);
int rules_lock_is_own(struct error *error, const char *name);
int rules_name_is_taken(struct error *error, const char *name);
int rules_no_such_job(struct error *error, const char *name);
int rules_no_dependency(struct error *error, const char *name, const char *after);
int rules_numbers_are_taken(struct error *error);

#endif
