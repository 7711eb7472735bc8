/*
 * The queue from inside: what all threads share under its lock, and what only
 * its own thread touches.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include <orderly/queue.h>

#include "base/buffer.h"
#include "base/error.h"
#include "queue/rows.h"

#define DONE_MAX 256 /* results that are moved under one lock */

/*
 * Tasks that are not run, and yet have a result at their place: a value stands
 * there for each in the pool, and becomes what it should be on its way out.
 */
struct refusal {
	struct refusal *next;
	uint64_t first, count; /* sequences */
	uint32_t state;        /* enum ord_state */
	char text[];           /* why */
};

/* What a thread answered a task. */
struct answer {
	struct answer *next;
	uint64_t sequence;
	struct blob bytes;
};

/* Oldest first; a zeroed one whose last is &first is empty. */
struct answers {
	struct answer *first;
	struct answer **last;
};

/* What the queue's thread has in its hands. */
struct mover {
	struct entries batch; /* taken from the queue, not all in the pool yet */
	uint64_t sequence;    /* of the first of them */
	uint32_t moved;       /* tasks that went into the pool since the queue was told */
	uint64_t moved_bytes;
	struct ord_result *done[DONE_MAX]; /* kept, on their way to the queue */
	uint32_t n_done;
	const struct ord_result *held; /* the pool's; there was no memory to keep it */
	struct refusal *refusals;      /* in the order of the sequences */
	struct refusal *last_refusal;
	uint32_t room;       /* results that the queue would have taken when it was asked last */
	uint64_t room_bytes; /* and bytes */
	uint64_t canceled_before; /* tasks below this sequence were canceled */
	uint32_t interrupts;      /* passed on to the pool */
	bool full;                /* the pool takes no more before it has given something */
	bool empty;               /* the pool has nothing */
	bool more;                /* the pool may have results that were not taken */
	bool poor;                /* there was no memory: try again soon */
	bool hopeless;            /* nothing moves in the pool, though all was canceled */
	struct error failure;     /* what ended the pool, until the queue is told */
	struct answers answers;   /* that the pool was not given */
	struct ord_statistics seen;
};

struct ord_queue {
	char *alive;           /* a page that a fork wipes: 1 in the process that made the queue */
	struct ord_pool *pool; /* the thread's while there is one */
	uint32_t in_max, out_max;
	uint64_t bytes_max; /* of what waits, and of what is ready: each */
	bool has_function;  /* tasks need not bring one */
	pthread_t thread;
	bool begun;       /* ord_queue_start was called */
	bool has_thread;  /* there is one to wait for */
	_Atomic int wake; /* eventfd; -1: not started */
	_Atomic uint32_t interrupts;
	_Atomic bool
		resting; /* the thread is not in the middle of anything: a forked child may free it all */
	_Atomic bool failed; /* failure is written, and will not change */
	struct error failure;

	pthread_mutex_t lock;  /* of all that follows, but for mover */
	pthread_cond_t room;   /* a task may be put */
	pthread_cond_t ready;  /* a result may be got, or there will be none */
	pthread_cond_t end;    /* over */
	pthread_cond_t dumped; /* the thread has said where everything is in the pool */
	pthread_t self;        /* the thread, as it says itself */
	bool self_known;
	struct entries in;      /* tasks that the thread has not taken */
	struct row out;         /* results that nobody has got */
	struct answers answers; /* that the thread has not taken */
	uint64_t next_sequence;
	uint32_t waiting; /* put, and not in the pool: in and mover.batch */
	uint64_t waiting_bytes;
	uint64_t got, got_failed;
	uint64_t cancel_before; /* tasks below this sequence are to be canceled */
	uint32_t putters, getters;
	uint32_t kept_back; /* results in the thread's hands */
	bool started, stopped, dying;
	bool over;        /* the pool is gone; what waits will not run */
	bool sleeping;    /* the thread, until somebody wakes it */
	bool wants_tasks; /* it sleeps for want of tasks, among other things */
	bool wants_room;  /* it sleeps because results were not got */
	struct ord_statistics seen;
	struct buffer dump;    /* what it said last, with a NUL behind it */
	uint64_t dumps_wanted; /* so many times, by everybody */
	uint64_t dumps_given;

	struct mover mover;
};

/* --- mover.c: the thread --- */

/* Start it; 0 or an errno. */
int mover_start(struct ord_queue *queue);

/* Free what it left. */
void mover_finish(struct mover *mover);

/* --- queue.c: who may call --- */

/* The queue is there and belongs to this process. */
int queue_check(const struct ord_queue *queue);

/* Why it does not work, if it does not; the lock is held. */
int queue_check_started(const struct ord_queue *queue);

/* The time of the monotonic clock in so many milliseconds. */
void queue_deadline(struct timespec *at, int timeout_ms);

/* Is this the queue's own thread?  The lock is held. */
bool queue_is_callback(const struct ord_queue *queue);

/* --- answers.c: to questions of tasks --- */
void answers_init(struct answers *answers);

/* Move all of one to the end of the other. */
void answers_move(struct answers *to, struct answers *from);

/* Give the pool what is there; false: there was no memory for all of it. */
bool answers_give(struct answers *answers, struct ord_pool *pool);
void answers_finish(struct answers *answers);

/* --- dump.c --- */

/* The thread says where everything is in its pool; the lock is not held. */
void queue_answer_dump(struct ord_queue *queue);

/* --- state.c: what all threads share; the lock is held --- */

/* Have the thread look at the queue.  Needs no lock; for signal handlers too. */
void queue_wake(struct ord_queue *queue);

/* Should the caller wake the thread, when it has given the lock back? */
bool queue_rouse(struct ord_queue *queue);

/* The same, now that there may be room for results; urgent: somebody waits for what follows from it. */
bool queue_rouse_for_room(struct ord_queue *queue, bool urgent);

/* Room for a task of so many bytes? */
bool queue_has_room(const struct ord_queue *queue, size_t size);

/* How many more results and bytes of results fit. */
void queue_out_room(const struct ord_queue *queue, uint32_t *results, uint64_t *bytes);

/* The first failure stays. */
void queue_fail(struct ord_queue *queue, const struct error *failure);

/* The result of the next task that was put and will not run any more; NULL without memory. */
struct ord_result *queue_unrun(struct ord_queue *queue);

#endif
