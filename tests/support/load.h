/*
 * A pool under a mixed load, and the model of what it promises. A number says what a task does; worker and master
 * both derive it from that. Workers write into a table that they share with the master what they have done, so
 * that every result and every message can be compared with what really happened:
 *
 *   exactly one result per task, in order, with the right bytes and one of the states that can be;
 *   no attempt runs twice, none runs after the result; what was committed is what is delivered;
 *   every record and line that was said before a death comes, in order and before the result;
 *   not more than `window` tasks and `window_bytes` bytes are between submission and delivery, at each look.
 *
 * Checks end the process (host.h). Nothing of Criterion is in here. One thread; several loads at a time.
 */
#ifndef SUPPORT_LOAD_H
#define SUPPORT_LOAD_H

#include <stdint.h>
#include <sys/types.h>

#include <orderly/orderly.h>

/* What a task does in the end. */
enum load_op {
	LOAD_RETURN,      /* returns its bytes */
	LOAD_FAIL,        /* ord_task_fail */
	LOAD_EXIT,        /* ends its process */
	LOAD_SEGV,        /* kills its worker */
	LOAD_KILL,        /* and with SIGKILL */
	LOAD_CRASH_ONCE,  /* only on the first attempt; it has retries */
	LOAD_HANG,        /* until its time is up; some listen to that, some ignore SIGTERM */
	LOAD_ASK,         /* asks the master first */
	LOAD_YIELD,       /* gives its slot back for a while */
	LOAD_FLOOD,       /* says very much */
	LOAD_DAEMON,      /* leaves a process in a session of its own */
	LOAD_PASS,        /* a value, no call */
	LOAD_COMMAND,     /* a command that prints its number, or cat with an input */
	LOAD_OPS
};

/* What a driver does in one step. */
enum load_action {
	LOAD_SUBMIT,     /* a task */
	LOAD_STEP,       /* let it move */
	LOAD_CANCEL,     /* one of the last tasks */
	LOAD_CANCEL_ALL,
	LOAD_RESIZE,
	LOAD_SUSPEND,    /* for some steps */
	LOAD_STRIKE,     /* SIGKILL or SIGSEGV for a child of the spawner */
	LOAD_STOP,       /* SIGSTOP for a child of the spawner, for some steps */
	LOAD_STOP_SPAWNER,
	LOAD_SLOW,       /* do nothing for some milliseconds */
	LOAD_ANSWER,     /* answer what was asked and put off */
	LOAD_LOOK,       /* statistics */
	LOAD_ACTIONS
};

/* What a pool is like and what happens to it. */
struct load_plan {
	uint32_t start;       /* an enum ord_start */
	uint32_t workers;
	uint32_t window;
	uint64_t window_bytes;
	uint32_t order;
	uint32_t messages;
	uint32_t capture;
	uint32_t overflow;
	uint32_t recycle_tasks;
	uint32_t retries;     /* of a task with any */
	uint32_t iterator;    /* results by ord_pool_next */
	uint32_t events;      /* on_event, checked too */
	uint32_t largest;     /* bytes of an input or output */
	uint32_t only_sigkill; /* strikes are never SIGSEGV */
	uint32_t pause_us;    /* the longest work but for a few tasks */
	uint32_t ops[LOAD_OPS];         /* how often, as parts of their sum */
	uint32_t actions[LOAD_ACTIONS]; /* the same */
};

/* Sums over all loads of a driver. */
struct load_total {
	uint64_t pools, lost;
	uint64_t tasks, done, canceled;
	uint64_t messages, bytes;
	uint64_t strikes, stops, deaths;
	uint64_t retried; /* attempts after the first */
	uint64_t calls;   /* of functions */
	uint64_t peak_rss_kib, peak_fds;
};

struct load;

/* A plan by chance. */
struct load_plan load_plan_random(uint64_t *random);

/* A pool that is made and started. The seed says everything that will be done with it. */
struct load *load_open(const struct load_plan *plan, uint64_t seed);

/* One step of the driver. 0: goes on; else the pool is lost and is to be closed. */
int load_act(struct load *load);

/* Kill the spawner. */
void load_strike_spawner(struct load *load);

/* Stop it as ord_pool_interrupt does, once or twice. */
void load_interrupt(struct load *load, int times);

/* The children that stand still go on. */
void load_release(struct load *load);

/* Finish, check the rest, and free it. Adds to the total. */
void load_close(struct load *load, struct load_total *total);

/* In the middle of its work. */
void load_destroy(struct load *load, struct load_total *total);

uint64_t load_strikes(const struct load *load);

void load_total_print(const struct load_total *total);

/* Between load.c and load_task.c: what both sides know. */

struct load_task {
	enum load_op op;
	uint32_t us;      /* of work */
	uint32_t logs;    /* records */
	uint32_t lines;   /* printed */
	uint32_t width;   /* of a record or line, beside its numbers */
	uint32_t input;   /* bytes beside the number */
	uint32_t output;  /* bytes behind the head */
	uint32_t timeout_ms;
	uint32_t retries;
	uint32_t variant;
};

/* What the workers have done with a task; the master clears it when it submits. */
struct load_entry {
	_Atomic uint64_t ran;       /* sequence << 16 | a bit for each attempt that was called */
	_Atomic uint64_t committed; /* sequence << 16 | attempt + 1 whose worker went on to another task */
	_Atomic uint32_t logged;    /* records that ord_log took */
	_Atomic uint32_t printed;   /* lines that write(2) took */
};

enum { LOAD_FAULT_SIZE = 256, LOAD_ENTRIES = 1 << 15, LOAD_FILLER = 16 };

struct load_table {
	_Atomic uint32_t faults;
	char fault[LOAD_FAULT_SIZE]; /* the first one */
	struct load_entry entries[LOAD_ENTRIES];
};

/* What workers get as .shared. */
struct load_setup {
	struct load_plan plan;
	pid_t pid; /* whose descriptor it is */
	int fd;    /* of the table */
};

/* The head of an output. */
struct load_head {
	uint64_t sequence;
	uint32_t attempt;
	uint32_t check;
};

struct load_task load_task_of(const struct load_plan *plan, uint64_t seed);
void load_fill(void *bytes, size_t size, uint64_t seed);
int load_is_filled(const void *bytes, size_t size, uint64_t seed);

void *load_worker_start(struct ord_task *task, void *user);
int load_worker_run(struct ord_task *task, void *user);

#endif
