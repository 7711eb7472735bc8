/*
 * Job lists: one list, shared by takers that were started apart and that come
 * and go.  Each takes a job, works, and says how it ended; no master is needed.
 * Link with liborderly-jobs.
 *
 * A struct ord_jobs is a list as one taker sees it.  It has no thread of its own:
 * deaths of other takers are noticed, and this one's heartbeat is written, in
 * the calls that take, end or renew a job.  One list, one thread at a time; the
 * exception is ord_jobs_interrupt.  Callbacks come on the owner's thread from inside
 * a call, and must not call anything on the same list.
 *
 * In a process that the owner forked every call returns ORD_EFORKED, and
 * ord_jobs_destroy only frees memory.  For NULL instead of a list or a job every
 * call returns ORD_EINVAL.
 */
#ifndef ORDERLY_JOBS_H
#define ORDERLY_JOBS_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/export.h>
#include <orderly/status.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_jobs;
struct ord_job;

/* Where a job is. */
#define ORD_JOB_STATE_MAP(X)                                                         \
	X(ORD_JOB_WAITING, 1, "waiting")                                                     \
	X(ORD_JOB_RUNNING, 2, "running")   /* a taker holds it */                            \
	X(ORD_JOB_DONE, 3, "done")                                                           \
	X(ORD_JOB_FAILED, 4, "failed")     /* its taker said so, and no retry is left */     \
	X(ORD_JOB_KILLED, 5, "killed")     /* its taker died, and no retry is left */        \
	X(ORD_JOB_BLOCKED, 6, "blocked")   /* a job that it is to come after is not done */  \
	X(ORD_JOB_CANCELED, 7, "canceled")

enum ord_job_state {
#define ORD_JOB_STATE_ENUM(name, number, word) name = number,
	ORD_JOB_STATE_MAP(ORD_JOB_STATE_ENUM)
#undef ORD_JOB_STATE_ENUM
};

/* A set of states, for ord_jobs_each and ord_jobs_clear: the bits of some, or 0 for all. */
#define ORD_JOB_IN(state) (UINT32_C(1) << (state))

/* What a taker is doing. */
#define ORD_TAKER_STATE_MAP(X)                                                       \
	X(ORD_TAKER_IDLE, 1, "idle")                                                         \
	X(ORD_TAKER_BUSY, 2, "busy")       /* it holds a job */                              \
	X(ORD_TAKER_OFFLINE, 3, "offline") /* it has left */                                 \
	X(ORD_TAKER_KILLED, 4, "killed")   /* it was found dead, or silent for too long */

enum ord_taker_state {
#define ORD_TAKER_STATE_ENUM(name, number, word) name = number,
	ORD_TAKER_STATE_MAP(ORD_TAKER_STATE_ENUM)
#undef ORD_TAKER_STATE_ENUM
};

/* What ord_jobs_take does when there is no job now. */
enum ord_jobs_wait {
	ORD_JOBS_WAIT_WHILE = 0,   /* wait while one may still come back or become free, and leave when none can */
	ORD_JOBS_WAIT_FOREVER = 1, /* wait for jobs that somebody may add */
	ORD_JOBS_WAIT_NEVER = 2    /* ORD_EAGAIN */
};

/* What a taker does when the list has a job that failed or was killed. */
enum ord_jobs_on_failure {
	ORD_JOBS_CONTINUE = 0,
	ORD_JOBS_STOP = 1 /* it takes no more: ORD_EFAILED */
};

/* In which order a directory's jobs are taken; the other stores keep the order of adding. */
enum ord_jobs_pick {
	ORD_JOBS_PICK_ADDED = 0,   /* by the time of their files, which is when they were added */
	ORD_JOBS_PICK_LEXICAL = 1, /* by their names: job10 before job2 */
	ORD_JOBS_PICK_RANDOM = 2   /* the fewest collisions between takers on a slow network */
};

/* Asked before a job is taken: 1 takes it, 0 leaves it to others.  The job has a name and a payload. */
typedef int (*ord_job_filter_fn)(const struct ord_job *job, void *user);

/* One job after the other; anything but 0 ends the walk, and is returned.  The job lives until the function returns. */
typedef int (*ord_job_fn)(const struct ord_job *job, void *user);

/* A taker, as a list knows it; lives until the function returns that was given it. */
struct ord_taker {
	size_t size;       /* of this struct in the library */
	const char *name;  /* as .taker of its options */
	const char *host;  /* where it runs */
	const char *labels; /* with blanks between; "": none */
	uint64_t since_ms; /* when it came, in milliseconds since 1970 */
	uint64_t seen_ms;  /* its last heartbeat */
	uint64_t taken;    /* jobs that it took */
	uint64_t held;     /* jobs that it holds */
	int32_t pid;       /* on its host */
	int32_t state;     /* an enum ord_taker_state */
};

typedef int (*ord_taker_fn)(const struct ord_taker *taker, void *user);

/* One attempt at a job; lives until the function returns that was given it. */
struct ord_job_run {
	size_t size;       /* of this struct in the library */
	const char *taker; /* who had it */
	const char *why;   /* as ord_job_fail was told, or what else ended it; "": nothing to say */
	uint64_t began_ms; /* in milliseconds since 1970 */
	uint64_t ended_ms; /* 0: it runs */
	uint32_t attempt;  /* 1, 2, 3 … */
	int32_t state;     /* how it ended: an enum ord_job_state; WAITING: it was given back */
};

typedef int (*ord_job_run_fn)(const struct ord_job_run *run, void *user);

struct ord_job_counts;

/* How far all takers are together; see .on_progress. */
typedef void (*ord_jobs_progress_fn)(const struct ord_job_counts *counts, void *user);

struct ord_jobs_options {
	size_t size;               /* set by ORD_JOBS_OPTIONS; never by hand */
	const char *taker;         /* a name that no other living taker has; NULL: host, pid and a number */
	const char *const *labels; /* what this taker has, for jobs that require it; NULL-terminated; NULL: none */
	ord_job_filter_fn filter;  /* which jobs it takes; NULL: all */
	void *filter_user;         /* its user pointer */
	const struct ord_jobs *beside; /* for "memory:": another taker of the same list; NULL: a new list */
	uint32_t wait;             /* an enum ord_jobs_wait */
	uint32_t heartbeat_ms;     /* how often it says that it lives; 0 = 30 s; at most half of timeout_ms */
	uint32_t timeout_ms;       /* after such a silence it is dead, where its process cannot be looked at; 0 = twice heartbeat_ms */
	uint32_t failed_retries;   /* of jobs that say nothing themselves: attempts after one that failed; at most 10^6 */
	uint32_t killed_retries;   /* the same after one whose taker died */
	uint32_t on_failure;       /* an enum ord_jobs_on_failure */
	uint32_t read_only;        /* 1: it only looks; calls that would change the list return ORD_EINVAL */
	uint32_t must_exist;       /* 1: a list that is not there is not made, but ORD_EINVAL */
	uint32_t history;          /* attempts kept per job; 0 = 10, at most 1000 */
	uint32_t batch;            /* jobs taken, and ended, in one step; 0 = 1, at most 1000; the last ones are shared fairly */
	uint32_t poll_ms;          /* how long a change may go unseen where the system does not tell of it; 0 = 100 */
	int32_t pid;               /* the process that lives as long as the taker, when that is not this one: see ord_jobs(3); 0: this one */
	ord_jobs_progress_fn on_progress; /* told what all takers have done, from ord_jobs_take, _claim and _watch; NULL: nobody */
	void *on_progress_user;    /* its user pointer */
	uint32_t progress_ms;      /* how often, at most, while something changes; 0 = 200 */
	uint32_t sync_ms;          /* "dir:": how long other hosts' claims may stay unseen, so that each claim waits for them; 0: a rename decides */
	const char *job_ext;       /* "dir:": files with this end are jobs, whose names are without it; NULL: ".txt"; "": all files */
	uint32_t pick;             /* "dir:": an enum ord_jobs_pick */
	uint32_t stale_ms;         /* "dir:": a claim so old of a taker that says nothing of itself is taken away; 0: never */
	/* fields are only ever appended; 0 always means the documented default */
};

struct ord_job_options {
	size_t size;                 /* set by ORD_JOB; never by hand */
	const char *name;            /* 1 … 255 bytes of printable UTF-8 without '/', not beginning with a dot */
	const void *payload;         /* payload[payload_size], at most 512 MiB; copied */
	size_t payload_size;         /* in bytes */
	const void *fingerprint;     /* what tells one version of the job from another; NULL: the payload does */
	size_t fingerprint_size;     /* in bytes, at most 4096 */
	const char *const *requires; /* labels that a taker must have; NULL-terminated; NULL: none */
	const char *const *after;    /* names of jobs, in the list already, that must be done first; NULL-terminated */
	uint32_t failed_retries;     /* attempts after one that failed; 0 = the taker's; ORD_JOBS_NONE: none */
	uint32_t killed_retries;     /* the same after one whose taker died */
	uint32_t max_takers;         /* how many may hold it at once, each in an attempt of its own; 0 = 1, at most 10^6 */
	uint32_t state;              /* for jobs from another list: DONE, FAILED, KILLED or CANCELED; else it waits */
	uint32_t attempts;           /* the same: how many it had there */
	uint32_t kills;              /* the same: in how many of them its taker died */
	const char *why;             /* the same: the reason of its state; NULL: none */
	uint64_t range;              /* it is one of ord_jobs_add_range(range), and its name is its index; 0: it is not */
	const char *taker;           /* for jobs from another list: who had it last; NULL: nobody */
	uint64_t began_ms;           /* the same: when that one took it, in milliseconds since 1970; 0: not known */
	uint64_t ended_ms;           /* the same: when it ended; 0: now, if it has */
	uint64_t failures;           /* the same: how many of its attempts failed */
	/* fields are only ever appended; 0 always means the documented default */
};

#define ORD_JOBS_NONE UINT32_MAX /* for retries: none */
#define ORD_JOB_NO_INDEX UINT64_MAX /* what ord_job_index says of a job that has none */

/* How many jobs are in each state. */
struct ord_job_counts {
	size_t size; /* set by ORD_JOB_COUNTS; never by hand */
	uint64_t total;
	uint64_t waiting;
	uint64_t running;
	uint64_t done;
	uint64_t failed;
	uint64_t killed;
	uint64_t blocked;
	uint64_t canceled;
	/* fields are only ever appended */
};

#ifndef __cplusplus
#define ORD_JOBS_OPTIONS(...) \
	((struct ord_jobs_options){ .size = sizeof(struct ord_jobs_options), __VA_ARGS__ })
#define ORD_JOB(...) \
	((struct ord_job_options){ .size = sizeof(struct ord_job_options), __VA_ARGS__ })
#define ORD_JOB_COUNTS ((struct ord_job_counts){ .size = sizeof(struct ord_job_counts) })
#else
static inline ord_jobs_options
ord_jobs_options_default()
{
	ord_jobs_options options = ord_jobs_options();
	options.size = sizeof options;
	return options;
}

static inline ord_job_options
ord_job_options_default()
{
	ord_job_options options = ord_job_options();
	options.size = sizeof options;
	return options;
}

static inline ord_job_counts
ord_job_counts_default()
{
	ord_job_counts counts = ord_job_counts();
	counts.size = sizeof counts;
	return counts;
}
#endif

/*
 * Make the object for a list.  Nothing is opened.
 *
 * jobs     out: the list, or NULL on failure; free it with ord_jobs_destroy
 * options  copied, and what it points to but for callbacks' pointers and beside; NULL: all defaults
 *
 * Returns 0, or ORD_ENOMEM, ORD_EINVAL (out of range), ORD_ENOTSUP (an option that this version does not know).
 * Since 0.1.  Source: lib/jobs/jobs.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_new(struct ord_jobs **jobs, const struct ord_jobs_options *options);

/*
 * Open the list, and make it if it is not there; then this taker is one of it.
 *
 * address  "sqlite:PATH", "dir:PATH", "postgresql://USER@HOST/DATABASE?list=NAME", "memory:", or a path that ends with .sqlite
 *
 * Returns 0, or
 *   ORD_EINVAL   no such store; not there, and .must_exist; of another program; another living taker has this name; open already
 *   ORD_ENOTSUP  a store that this build does not have; of a newer version; on a network file system (a database would be damaged)
 *   ORD_EFAILED  it is damaged: it was set aside under the name that ord_jobs_error tells, and the next open makes a new one
 *   ORD_ESYSTEM  the sentence says what
 *   ORD_ENOMEM
 * The sentence is ord_jobs_error.  Since 0.1.  Source: lib/jobs/jobs.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_open(struct ord_jobs *jobs, const char *address);

/*
 * Add a job.  If its name is there already, the same job (its fingerprint, or
 * without one its payload, is the same) changes nothing; another one replaces its payload,
 * and it waits again: at once if it has ended, else when it ends.
 *
 * Returns 0, or
 *   ORD_EINVAL   a name that may not be; a job of .after that is not in the list; read-only; not open
 *   ORD_ETOOBIG  name, payload or fingerprint
 *   ORD_ENOTSUP  an option that this version does not know
 *   ORD_ESYSTEM, ORD_ENOMEM
 * Unless it is 0 nothing was added.  Since 0.1.  Source: lib/jobs/add.c.
 */
ORD_API int
ord_jobs_add(struct ord_jobs *jobs, const struct ord_job_options *job);

/*
 * Add many jobs in one step: all or none.
 *
 * all    all[count]: as for ord_jobs_add; a job may come after one before it here
 * added  out, may be NULL: how many were new or will run again
 *
 * Returns as ord_jobs_add.  Since 0.1.  Source: lib/jobs/add.c.
 */
ORD_API int
ord_jobs_add_many(struct ord_jobs *jobs, const struct ord_job_options *const *all, size_t count,
	uint64_t *added);

/*
 * Let the list have the jobs 0, 1 … count - 1, whose names are these numbers.  The first taker
 * makes them; for the others, and for a run that is resumed, they are there.
 *
 * Returns 0, or ORD_EINVAL (the list was made for another count: the sentence has both), else as ord_jobs_add.
 * Since 0.1.  Source: lib/jobs/add.c.
 */
ORD_API int
ord_jobs_add_range(struct ord_jobs *jobs, uint64_t count);

/*
 * Complete the job that was taken last, if it is still held, and take the next,
 * in one step.
 *
 * job  out: it is the list's, and lives until it is ended, or the list is closed; NULL on failure
 *
 * Returns 0, or
 *   ORD_EEMPTY   nothing more can come, for this taker; ord_jobs_error tells of jobs that others may take
 *   ORD_ESTALLED nothing more can come, but jobs are blocked for ever: the sentence names one, and what it waits for
 *   ORD_EFAILED  a job has failed, and .on_failure is ORD_JOBS_STOP
 *   ORD_EAGAIN   nothing now, and .wait is ORD_JOBS_WAIT_NEVER, or only this taker's own jobs run
 *   ORD_ELOST    the job taken last is not this taker's any more; call again for the next
 *   ORD_EINTERRUPTED  ord_jobs_interrupt was called
 *   ORD_ECLOSED  after ord_jobs_close
 *   ORD_EINVAL   read-only; not open
 *   ORD_ESYSTEM, ORD_ENOMEM: nothing was taken
 * Since 0.1.  Source: lib/jobs/take.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_take(struct ord_jobs *jobs, struct ord_job **job);

/*
 * As ord_jobs_take, but no job is completed by it: several may be held at once.
 * Since 0.1.  Source: lib/jobs/take.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_claim(struct ord_jobs *jobs, struct ord_job **job);

/*
 * A job that this taker holds already, for a program that ended and left it held (.pid).
 *
 * name     of the job
 * attempt  which one; 0: any
 * job      out: as of ord_jobs_take; NULL on failure
 *
 * Returns 0, or ORD_ELOST (this taker does not hold it), ORD_EINVAL, ORD_ESYSTEM, ORD_ENOMEM.
 * Since 0.1.  Source: lib/jobs/take.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_held(struct ord_jobs *jobs, const char *name, uint32_t attempt, struct ord_job **job);

/*
 * The job is done.  Behind ORD_ESYSTEM, ORD_ENOMEM and ORD_EINTERRUPTED it is still held, and the call can
 * be made again; else the object is gone.
 *
 * Returns 0, or
 *   ORD_ELOST    it is not this taker's any more: it was declared dead, or the job was canceled or requeued
 *   ORD_EINVAL   it was ended already; NULL
 *   ORD_EINTERRUPTED  ord_jobs_interrupt was called while a server was waited for, or another program that holds the list
 *   ORD_ESYSTEM, ORD_ENOMEM
 * Since 0.1.  Source: lib/jobs/end.c.
 */
ORD_API int
ord_job_done(struct ord_job *job);

/*
 * The job has failed; if it has retries left it waits again.
 *
 * why  a sentence for people, cut behind 1000 bytes; NULL: none
 *
 * Returns as ord_job_done.  Since 0.1.  Source: lib/jobs/end.c.
 */
ORD_API int
ord_job_fail(struct ord_job *job, const char *why);

/* Give the job back: it waits again, and no retry is used.  Returns as ord_job_done.  Since 0.1.  Source: lib/jobs/end.c. */
ORD_API int
ord_job_requeue(struct ord_job *job);

/*
 * Say that the taker lives, and ask whether the job is still its own.  Needed at least every timeout_ms in
 * work that takes longer, where takers cannot look at each other's processes.
 *
 * Returns 0, or ORD_ELOST (the object is gone), ORD_EINVAL; ORD_EINTERRUPTED, ORD_ESYSTEM, ORD_ENOMEM: it is
 * still held.  Since 0.1.  Source: lib/jobs/end.c.
 */
ORD_API int
ord_job_renew(struct ord_job *job);

/*
 * What to add to another list so that it has this job: all that it was added with, its state, and how
 * many attempts it had.  For a job that ord_jobs_each shows.
 *
 * options  in: its size, set by ORD_JOB; out: the rest.  What it points to lives until the function returns.
 *
 * Returns 0, or ORD_EINVAL (it is not one that is shown by ord_jobs_each), ORD_ENOMEM.  Since 0.1.  Source: lib/jobs/look.c.
 */
ORD_API int
ord_job_options_of(const struct ord_job *job, struct ord_job_options *options);

/* Its name.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_name(const struct ord_job *job);

/* Its number in ord_jobs_add_range, or ORD_JOB_NO_INDEX.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API uint64_t
ord_job_index(const struct ord_job *job);

/* Its payload, and if size is not NULL its size; one NUL stands behind it.  NULL only for a NULL job.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const void *
ord_job_payload(const struct ord_job *job, size_t *size);

/* The path of its file, below the list's as that was opened, in a list that is a directory; "" in others.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_file(const struct ord_job *job);

/* How often it was taken: 1, 2, 3 …; 0: never.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API uint32_t
ord_job_attempt(const struct ord_job *job);

/* How often its taker died.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API uint32_t
ord_job_kills(const struct ord_job *job);

/* An enum ord_job_state, when it was looked at.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API int
ord_job_state(const struct ord_job *job);

/* The labels that it requires, with blanks between; "": none.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_requires(const struct ord_job *job);

/* Who holds it, of several the last who took it, or who had it last; "": nobody.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_taker(const struct ord_job *job);

/* Why it failed, or what it is blocked by; "": nothing to say.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_why(const struct ord_job *job);

/* When it was taken last, in milliseconds since 1970; 0: never.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API uint64_t
ord_job_began_ms(const struct ord_job *job);

/* When it ended, in milliseconds since 1970; 0: it has not.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API uint64_t
ord_job_ended_ms(const struct ord_job *job);

/* The word of an enum ord_job_state; "unknown" for others.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_job_state_name(int state);

/* The word of an enum ord_taker_state; "unknown" for others.  Since 0.1.  Source: lib/jobs/job.c. */
ORD_API const char *
ord_taker_state_name(int state);

/*
 * How many jobs are in each state.
 *
 * counts  in: its size, set by ORD_JOB_COUNTS; out: the rest
 *
 * Returns 0, or ORD_EINVAL, ORD_ESYSTEM.  Cost: it looks at each job.  Since 0.1.  Source: lib/jobs/look.c.
 */
ORD_API int
ord_jobs_counts(struct ord_jobs *jobs, struct ord_job_counts *counts);

/*
 * The jobs in these states (ORD_JOB_IN, several with |; 0: all), in the order of adding.
 *
 * Returns 0, what the function returned, or ORD_EINVAL, ORD_ESYSTEM, ORD_ENOMEM.  Since 0.1.  Source: lib/jobs/look.c.
 */
ORD_API int
ord_jobs_each(struct ord_jobs *jobs, uint32_t states, ord_job_fn fn, void *user);

/* The takers, those that left too, as far as they are remembered (1000).  Returns as ord_jobs_each.  Since 0.1.  Source: lib/jobs/look.c. */
ORD_API int
ord_jobs_takers(struct ord_jobs *jobs, ord_taker_fn fn, void *user);

/* The attempts at a job, newest first.  Returns as ord_jobs_each; ORD_EINVAL also: there is no such job.  Since 0.1.  Source: lib/jobs/look.c. */
ORD_API int
ord_jobs_runs(struct ord_jobs *jobs, const char *name, ord_job_run_fn fn, void *user);

/*
 * Wait until the list has changed since the last call (or since it was opened).
 *
 * timeout_ms  0 not at all, -1 for ever
 *
 * Returns 0, or ORD_ETIMEDOUT, ORD_EINTERRUPTED, ORD_EINVAL, ORD_ESYSTEM.  Since 0.1.  Source: lib/jobs/look.c.
 */
ORD_API int
ord_jobs_watch(struct ord_jobs *jobs, int timeout_ms);

/*
 * A descriptor for a foreign event loop: readable when ord_jobs_take or _claim, or for who only looks
 * ord_jobs_watch(jobs, 0), may have something new to say.  Poll it, never read it; it belongs to the list.
 *
 * For a taker with .wait = ORD_JOBS_WAIT_NEVER: take until that says ORD_EAGAIN (or ORD_EEMPTY, if jobs
 * may be added), then poll; when it is readable, take again.  Who holds as much as he can calls
 * ord_job_renew instead.  It may be readable for nothing; a call makes it unreadable until there is something.
 * Behind ord_jobs_interrupt the next take that has nothing returns ORD_EINTERRUPTED.
 *
 * Returns the descriptor, the same each time, or
 *   ORD_EINVAL   not open; a taker that waits in ord_jobs_take
 *   ORD_ESYSTEM  no descriptors or memory from the system
 *   ORD_EFORKED
 * Its first call makes it, with one more.  Since 0.1.  Source: lib/jobs/poll.c.
 */
ORD_API int
ord_jobs_fd(struct ord_jobs *jobs);

/*
 * Cancel jobs that have not ended.  Who holds one is told ORD_ELOST.
 *
 * pattern  of names, as fnmatch(3) has them; NULL: all
 * count    out, may be NULL: how many
 *
 * Returns 0, or ORD_EINVAL, ORD_ESYSTEM, ORD_ENOMEM.  Unless it is 0 nothing has changed, but in a directory, where
 * one job is changed after the other: call again for the rest.  Since 0.1.  Source: lib/jobs/change.c.
 */
ORD_API int
ord_jobs_cancel(struct ord_jobs *jobs, const char *pattern, uint64_t *count);

/* Let jobs that failed, were killed or canceled wait again, with all their retries.  As ord_jobs_cancel.  Since 0.1.  Source: lib/jobs/change.c. */
ORD_API int
ord_jobs_retry(struct ord_jobs *jobs, const char *pattern, uint64_t *count);

/*
 * Take jobs away from who holds them: they wait again.  For takers that nobody can look at.
 *
 * taker  whose; NULL: anybody's
 *
 * As ord_jobs_cancel.  Since 0.1.  Source: lib/jobs/change.c.
 */
ORD_API int
ord_jobs_requeue(struct ord_jobs *jobs, const char *pattern, const char *taker, uint64_t *count);

/*
 * Remove jobs from the list, with their history.  One that is held stays, and so does
 * one that is not done and that another waits for.
 *
 * states  ORD_JOB_IN of some, with |; 0: those that have ended
 *
 * As ord_jobs_cancel.  Since 0.1.  Source: lib/jobs/change.c.
 */
ORD_API int
ord_jobs_clear(struct ord_jobs *jobs, const char *pattern, uint32_t states, uint64_t *count);

/*
 * A lock for files of the user's own that takers share.  It is the taker's until ord_jobs_unlock, its end or
 * its death.
 *
 * name        as of jobs
 * timeout_ms  how long to wait for it: 0 not at all, -1 for ever
 *
 * Returns 0, or ORD_ETIMEDOUT (the sentence says who has it), ORD_EINVAL (this taker has it already), ORD_EINTERRUPTED, ORD_ESYSTEM.
 * Since 0.1.  Source: lib/jobs/lock.c.
 */
ORD_API int ORD_MUST_CHECK
ord_jobs_lock(struct ord_jobs *jobs, const char *name, int timeout_ms);

/* Give a lock back.  Returns 0, or ORD_ELOST (this taker does not have it any more), ORD_EINVAL, ORD_ESYSTEM.  Since 0.1.  Source: lib/jobs/lock.c. */
ORD_API int
ord_jobs_unlock(struct ord_jobs *jobs, const char *name);

/*
 * End a wait in another call on this list, or the next one, with ORD_EINTERRUPTED.
 * Any thread; async-signal-safe.  Returns 0, or ORD_EINVAL (not open).  Since 0.1.  Source: lib/jobs/jobs.c.
 */
ORD_API int
ord_jobs_interrupt(struct ord_jobs *jobs);

/*
 * Complete the job that was taken last, and take no more.  Jobs that were claimed stay held.
 *
 * Returns 0, or as ord_job_done.  Since 0.1.  Source: lib/jobs/end.c.
 */
ORD_API int
ord_jobs_close(struct ord_jobs *jobs);

/* What the last call on this list, or on a job of it, has to say; "" if it went well.  Valid until the next one.  Since 0.1.  Source: lib/jobs/jobs.c. */
ORD_API const char *
ord_jobs_error(const struct ord_jobs *jobs);

/*
 * Leave the list and free the object.  A job that is still held has failed, as
 * with break in a loop; with .pid it stays held.
 *
 * jobs  in: the list, *jobs NULL or jobs NULL: nothing happens; out: NULL
 *
 * Since 0.1.  Source: lib/jobs/jobs.c.
 */
ORD_API void
ord_jobs_destroy(struct ord_jobs **jobs);

#ifdef __cplusplus
}
#endif
#endif
