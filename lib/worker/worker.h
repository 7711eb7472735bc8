/*
 * What a worker is: its region, its outbox, the task that it runs.  Under
 * ORD_START_INLINE the master has one of these and no process.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>

#include <orderly/task.h>

#include "base/bounds.h"
#include "base/buffer.h"
#include "base/ticks.h"
#include "shared/outbox.h"
#include "shared/slab.h"
#include "wire/log.h"

#define TASK_ERROR_MAX 4096

/* How a worker's process ends by itself. */
enum leave {
	LEAVE_ASKED = 0,
	LEAVE_SYSTEM = 71,  /* no sockets or memory: the master reads it as a failed start */
	LEAVE_UNFIT = 69,   /* on_worker_start failed, and the outbox says why */
	LEAVE_PROTOCOL = 76 /* the master's bytes make no sense */
};

struct worker;

/* What a task said of how far it is, and what of that was sent. */
struct progress {
	uint64_t sent_ns; /* 0: nothing yet */
	uint64_t done;
	uint64_t total;
};

/* The task that runs; one per worker, used again and again. */
struct ord_task {
	struct worker *worker;
	uint64_t sequence;
	uint32_t attempt;
	const char *input;
	size_t input_size;
	struct buffer output;
	bool in_slab;     /* if the output is large: its bytes lie in the reserved block */
	bool yielded;     /* its slot was given back */
	bool interrupted; /* the master said instead of an answer that it is to end */
	bool held;        /* what it said last of its progress was not sent */
	struct progress progress;
	char error[TASK_ERROR_MAX]; /* "" if none */
};

/* What the outbox's owner does for the records in it. */
typedef void (*worker_outbox_fn)(struct worker *worker);

/* Wait for the answer to what was just asked: 0 with worker->reply, or an enum ord_status. */
typedef int (*worker_await_fn)(struct worker *worker);

/* What the master answered. */
struct reply {
	struct buffer bytes;
	bool there;
};

/* A function that tasks bring along: how it was described, and where it was found. */
struct known_function {
	char *bytes; /* of spawn/function.h; NULL: the number means nothing */
	size_t size;
	ord_task_fn function; /* NULL: not found yet */
};

struct worker_functions {
	struct known_function *known; /* [room], by number */
	uint32_t room;
};

struct worker_output;

/* Where large payloads lie. */
struct worker_slab {
	int fd;
	uint64_t stretch;   /* 0: there is none, all others are zero */
	const char *inputs; /* NULL: not mapped */
	bool tried_inputs;
	bool tried_outputs;
	struct buffer copy;             /* of an input that could not be mapped */
	struct slab outputs;            /* of this place */
	struct worker_output *list;     /* [SLAB_BLOCKS], by index; NULL: no outputs go there */
	uint32_t n_list;                /* above them all are free */
	struct worker_output *reserved; /* for the task that runs, or one before it */
};

/* What log records go by. */
struct said {
	struct ticks_clock clock;
	bool named; /* a file name was told, and is this one */
	char file[LOG_FILE_MAX + 1];
};

struct worker {
	const char *alive; /* 1 in this process, 0 in one that a task forked */
	struct region region;
	struct outbox outbox;
	_Atomic uint64_t *claims;
	uint32_t n_claims;
	uint32_t place;
	const void *shared; /* NULL: none */
	size_t shared_size;
	ord_task_fn function; /* NULL: tasks bring their own */
	struct worker_functions functions;
	struct worker_slab slab;
	ord_worker_start_fn start_hook;
	ord_worker_stop_fn stop_hook;
	void *user;
	int words;                      /* the pipe that is fd 1 and 2, or -1 */
	int deadline;                   /* timerfd shared with the spawner, or -1 */
	struct bounds_kernel inherited; /* limits of this process when it started */
	struct bounds_kernel own;       /* those that it had before the task that runs */
	bool bounded;                   /* the task that runs has bounds of its own */
	struct bounds bounds;           /* these */
	uint64_t timer_ns;              /* when it was set to fire last */
	uint32_t marks;                 /* written */
	uint32_t streak;  /* of tasks that were asked about and had printed, up to a bound */
	uint32_t guesses; /* so many of the next tasks are not asked about, but given a mark */
	uint64_t instant; /* ticks; a task that took less is instant; 0: none is */
	uint64_t stale;   /* ticks since the clock was read, after which no task is */
	worker_outbox_fn drain; /* the outbox is full: return when there may be room */
	worker_await_fn await;
	void *owner; /* for both */
	struct reply reply;
	bool known_run;     /* the reader knows which task the next record belongs to */
	bool said_times;    /* a RESULT of this message had times */
	uint64_t now_ns;    /* the clock, read last */
	uint64_t now_ticks; /* no later than that */
	uint64_t ticks;     /* when the last task ended, or this message came */
	struct said said;
	int32_t pid; /* of this process, if its crashes are looked at */
	struct ord_task task;
};

/* Is the task that runs to end? */
static inline bool
task_canceled(const struct ord_task *task)
{
	uint64_t cancel =
		atomic_load_explicit(&task->worker->region.page->cancel, memory_order_seq_cst);

	return task->interrupted ||
		((cancel & 3) != 0 &&
			((cancel ^ RUN_WORD(task->sequence, task->attempt, 0)) & ~UINT64_C(3)) ==
				0);
}

/* --- emit.c: records into the outbox --- */

/* One record; its payload is two pieces. */
struct emission {
	uint8_t kind;
	uint8_t flags;
	uint16_t value;
	bool last; /* outbox_ring follows at once, so that the timer need not be armed */
	const void *head;
	size_t head_size;
	const void *body;
	size_t body_size;
};
void emit(struct worker *worker, const struct emission *record);

/* Room for a record that the caller writes itself; it may wait.  Nothing else is emitted until emit_written. */
char *emit_room(struct worker *worker, size_t space);

/* There is a record of so much space, no more than was asked for. */
void emit_written(struct worker *worker, size_t space);

/* Say which task the next records belong to; behind its answer the next sequence follows, in attempt 0. */
void emit_run(struct worker *worker, uint64_t sequence, uint32_t index, uint32_t attempt);

/* --- run.c: one task --- */

/* Run the task of a CALL, or skip it if it is not ours to start. */
void worker_run(struct worker *worker, uint64_t sequence, uint32_t index, uint32_t attempt,
	const struct record *call, bool last);

/*
 * Run the plain tasks at *cursor, from this sequence and claim word on; how
 * many there were, and *cursor is behind them.  The last record of a message
 * is never taken.
 */
uint32_t worker_run_plain(struct worker *worker, uint64_t sequence, uint32_t index,
	const char **cursor, const char *end);

/* --- bounds.c: what a task may use --- */

/* The limits of this worker, before its first task; -1: they leave it no room, and task->error says so. */
int bounds_start(struct worker *worker, const struct bounds *bounds);

/* The task's own stand before its input: they hold until it has returned. */
void bounds_enter(struct worker *worker);
void bounds_leave(struct worker *worker);

/* --- functions.c: functions by number --- */

/* What a number means; ORD_EINVAL: the bytes are no description, ORD_ENOMEM. */
int worker_learn(struct worker *worker, uint16_t number, const char *bytes, size_t size);

/* Can a task with this number be called?  0 is the pool's own function. */
bool worker_knows(const struct worker *worker, uint16_t number);

/* Call it for worker->task; a function that is not found fails the task with a sentence. */
int worker_call(struct worker *worker, uint16_t number);

void worker_forget(struct worker *worker);

/* --- slab.c: large payloads --- */

/* The input of the task that was begun lies where these bytes say; -1: it does not, or there is no memory. */
int slab_find_input(struct worker *worker, const char *handle);

/* ord_task_return for a large output; -1: it goes into the task's buffer. */
int slab_return(struct ord_task *task, const char *output, size_t size);

/* Emit a large output as a block or in parts; what is left for the RESULT, *size bytes, is at most rest. */
const char *slab_answer(struct worker *worker, const char *body, size_t *size, size_t rest);

/* --- hooks.c --- */

/* Set the limits and run on_worker_start; -1: this worker is unfit, and has said why. */
int worker_start_hook(struct worker *worker, const struct bounds *bounds);

/* Run on_worker_stop. */
void worker_stop_hook(struct worker *worker);

/* --- task.c, log.c --- */

/* A call of the task's function was wrong: returns status, and the task says why if it fails. */
int task_complain(struct ord_task *task, int status, const char *sentence);

/* Send what the task said last of its progress and was held back. */
void progress_flush(struct ord_task *task);

/* The task that this thread runs, for ord_log; NULL: none.  Returns the one before. */
struct ord_task *log_task_set(struct ord_task *task);

/* The same one, without a change; safe in a signal handler of that thread. */
struct ord_task *log_task_running(void);

/* --- print.c: marks in the words --- */

/*
 * Flush stdio, and write a mark if anything was printed since the last one.
 * instant: the task was too short to have written.  Marks written so far, 0: nothing new.
 */
uint32_t worker_mark(struct worker *worker, uint64_t sequence, bool instant);

/* Lie words in stdio that an instant task has left there? */
bool worker_has_words(const struct worker *worker);

#endif
