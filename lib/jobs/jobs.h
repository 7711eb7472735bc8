/* A list as one taker sees it: what the public functions share. */
#ifndef JOBS_JOBS_H
#define JOBS_JOBS_H

#include <orderly/jobs.h>

#include "base/error.h"
#include "jobs/labels.h"
#include "jobs/store.h"

#define JOBS_BATCH_MAX 1000
#define JOBS_LOOK_MS 50 /* between two questions who is there */

/* A job: one that is held, or one that is shown and only points to what the store has. */
struct ord_job {
	struct ord_jobs *jobs; /* NULL: it is shown */
	struct ord_job *next;  /* in the list of those that are held */
	struct store_job is;
	char *storage;        /* of what `is` and requires point to, if it is held */
	const char *requires; /* for people */
	const char *why;      /* the same; for a blocked job what it waits for */
	struct job_lists
		*lists; /* for ord_job_options_of, while ord_jobs_each shows it; else NULL */
};

/* Texts of a job that is shown. */
struct job_texts {
	char requires[LABELS_MAX];
	char why[STORE_WHY_MAX + 400];
};

/* Another taker that is looked at. */
struct watched {
	int64_t id, seen_ms, timeout_ms;
	struct life life;
	int fd;   /* of its process, or -1 */
	int seen; /* in the last answer of the store */
};

struct ord_jobs {
	struct ord_jobs_options options; /* defaults filled in */
	struct store store;
	struct error error;
	char *taker, *labels, *job_ext; /* owned */
	char *alive;                    /* 1 in the process that made it */
	int wake;                       /* an eventfd: ord_jobs_interrupt */
	int epoll, timer;               /* of ord_jobs_fd, or -1 */
	int open, closed;
	struct ord_job *held;       /* given to the user */
	struct ord_job *ready;      /* claimed, not yet given; in order */
	struct ord_job *ready_last; /* of ready, if that is not empty */
	struct ord_job *last;       /* what take gave last, in held; NULL: ended */
	struct store_end *ends; /* ends[n_ends], room for batch + 1: not yet told to the store */
	size_t n_ends;
	size_t lost; /* ends that were told and did not count, and the user has not heard of it */
	size_t n_unseen; /* behind that room: claimed in this exchange, but there was no memory */
	struct watched *watched; /* watched[n_watched] */
	size_t n_watched;
	uint64_t looked_ns;    /* when the store was asked who is there */
	uint64_t exchanged_ns; /* when it was told of ends */
	uint64_t beaten_ns;    /* when it was told that this one lives */
	uint32_t
		reach; /* so many jobs are claimed at once: what fits into a short time, at most batch */
	uint64_t progress_ns;       /* when on_progress may be called again; 0: at once */
	int progress_due;           /* it would have been called already */
	struct ord_job_counts told; /* what it was told */
};

/* Every public call begins with one of them: 0 if the list may be used; what was wrong before is forgotten. */
int jobs_enter(struct ord_jobs *jobs);
/* For what looks at the list: it is open. */
int jobs_enter_open(struct ord_jobs *jobs);
/* For what changes the list: it is open, and not to look only. */
int jobs_enter_writing(struct ord_jobs *jobs);

int64_t jobs_now_ms(void);

/* Now, by the clock of the list. */
int64_t jobs_list_ms(const struct ord_jobs *jobs);

/* --- exchange.c: what is claimed and not given yet, what has ended and is not told yet --- */

/* Ends and claims; claimed jobs are appended to ready.  Ends that are told are gone; lost counts those that did not count. */
int jobs_exchange(struct ord_jobs *jobs, const struct store_claim *claim);

/* The same without claims: also before anything that may last, because others may wait for what has ended. */
int jobs_tell_ends(struct ord_jobs *jobs);

/* ORD_ELOST, once for all that were lost and whose end was held back. */
int jobs_say_lost(struct ord_jobs *jobs);

/*
 * What is in ready goes back with the next exchange: behind a job that was lost, because these may be another's
 * or canceled, too, and at the close.  Nothing happens while ends are not told.
 */
void jobs_give_back(struct ord_jobs *jobs);

/* Note an end; if there is no room for it, those before are told first.  Behind a status it is not noted. */
int jobs_note_end(struct ord_jobs *jobs, const struct ord_job *job, enum store_end_kind kind,
	const char *why);

/* May what is noted wait for the next exchange?  The next job is here, the last exchange was just now, and there is room. */
int jobs_may_hold_back(const struct ord_jobs *jobs);

/* The first of ready is the user's; 0. */
int jobs_give_ready(struct ord_jobs *jobs, struct ord_job **job);

/* Is it the user's? */
int jobs_is_held(struct ord_jobs *jobs, const struct ord_job *job);
/* It is no more, and freed. */
void jobs_drop(struct ord_jobs *jobs, struct ord_job *job);

/* The taker leaves: what is held has failed, what was claimed and nobody saw goes back. */
void jobs_give_up(struct ord_jobs *jobs);

/* --- who lives, and waiting --- */

/* Say that this one lives: one that was declared dead meanwhile is a taker again. */
int jobs_beat(struct ord_jobs *jobs);
/* The same, if it was not said for so long. */
int jobs_beat_if_due(struct ord_jobs *jobs, uint32_t every_ms);

/* Know who is there; anew: now, else if that was not asked just now. */
int jobs_meet(struct ord_jobs *jobs, int anew);

/* The same, and bury who died. */
int jobs_look_after(struct ord_jobs *jobs, int anew);

/* When a call that may wait so long has to be back, and how long that is still; 0 and -1: never. */
uint64_t jobs_deadline(int timeout_ms);
int jobs_left(uint64_t deadline);

/*
 * Wait until something may have changed, or so long (-1: for ever).
 * 0, ORD_ETIMEDOUT, ORD_EINTERRUPTED or another status.
 */
int jobs_wait(struct ord_jobs *jobs, int timeout_ms);

/* How long a wait may be at most: until a silence becomes a death, or this one has to say that it lives. */
int jobs_bound(const struct ord_jobs *jobs, int timeout_ms);

/* Was ord_jobs_interrupt called?  ORD_EINTERRUPTED, once, or 0. */
int jobs_is_interrupted(struct ord_jobs *jobs);

/* What ord_jobs_fd is readable for, from now on; nothing if there is none. */
void jobs_arm(struct ord_jobs *jobs);

/*
 * The end of each other public call that asks the store: what came with the answer would not make it readable any
 * more.  Returns the status.
 */
int jobs_leave(struct ord_jobs *jobs, int status);

/* Forget what made it readable: before it is looked whether there is something.  0 or a status. */
int jobs_disarm(struct ord_jobs *jobs);

/* Tell on_progress, if it is time or this is the last time; no status: what is wrong with the list others say. */
void jobs_tell_progress(struct ord_jobs *jobs, int last);

/* How long it may be until the next time; -1: for ever. */
int jobs_progress_left(const struct ord_jobs *jobs);

/* The numbers of a list, filled in. */
int jobs_count(struct ord_jobs *jobs, struct ord_job_counts *counts);

/* What the store holds of a job, for people: all on the caller's stack. */
void job_show(struct ord_job *shown, struct job_texts *texts, const struct store_job *is);

/* A copy that can be held, not yet in a list; NULL without memory. */
struct ord_job *job_new(struct ord_jobs *jobs, const struct store_job *is);
void job_free(struct ord_job *job);

/* 0 or ORD_EINVAL with a sentence. */
int jobs_check_name(struct error *error, const char *what, const char *name);

#endif
