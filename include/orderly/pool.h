/*
 * The pool: tasks go in, worker processes run them, results come out in the
 * order of submission.
 *
 * A pool has no thread of its own: it moves when its owner calls
 * ord_pool_step, _run, _next, _submit_wait or _finish, and callbacks come on
 * the owner's thread from inside these calls.  One pool, one thread at a time.
 *
 * In a callback: ord_pool_submit, _submit_task, _submit_command, _cancel,
 * _cancel_all, _answer, _resize, _suspend, _resume, _close, _interrupt,
 * _statistics, _dump and _error are allowed; ord_pool_destroy is done when the
 * callbacks have returned; everything that waits or delivers (_submit_wait,
 * _submit_task_wait, _step, _run, _next, _next_within, _finish) returns
 * ORD_EBUSY.  Once it destroyed the pool a callback must not use it again.
 *
 * In a process that the owner forked, every call returns ORD_EFORKED and
 * ord_pool_destroy only frees memory.  For NULL instead of a pool every call
 * returns ORD_EINVAL.
 *
 * Whoever is killed, the host, a worker or both, no process of the pool and
 * no descendant of a task is left.  If the spawner (the process between host
 * and workers) itself gets SIGKILL, workers, what is in their process groups
 * and commands end with it; what had left its group and what commands had
 * started may live on, because nobody else knows them.  With .cgroup the host
 * ends them, too, as long as one of the two lives; in a pid namespace
 * (unshare --pid --fork --kill-child) nothing survives anything.
 */
#ifndef ORDERLY_POOL_H
#define ORDERLY_POOL_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/ask.h>
#include <orderly/event.h>
#include <orderly/export.h>
#include <orderly/message.h>
#include <orderly/result.h>
#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_pool;

/* How worker processes come to life. */
enum ord_start {
	ORD_START_DEFAULT = 0, /* EXEC if ord_worker_main ran or program is set, COMMAND if there is no function or one by name, else FORK */
	ORD_START_EXEC = 1,    /* this program, started anew; needs ord_worker_main at the top of main */
	ORD_START_FORK = 2,    /* forked from here: sees globals and loaded data; refused with other threads */
	ORD_START_COMMAND = 3, /* the installed `orderly` program: for commands, and functions by name */
	ORD_START_INLINE = 4   /* no processes: tasks run inside ord_pool_step, for debuggers; no time-outs, nothing captured */
};

/* In which order results are delivered. */
enum ord_order {
	ORD_SUBMISSION = 0, /* first in, first out */
	ORD_COMPLETION = 1  /* as they are done */
};

/* When messages are delivered. */
enum ord_messages {
	ORD_LIVE = 0,   /* as they come; those of one task in order and before its result */
	ORD_ORDERED = 1 /* held until their task is the first undelivered one, from then on live */
};

/* What becomes of fd 1 and 2 of workers. */
enum ord_capture {
	ORD_CAPTURE_EXACT = 0, /* lines become messages of the task that wrote them */
	ORD_CAPTURE_OFF = 1    /* they stay the master's own */
};

/* What becomes of what a slow first task holds up. */
enum ord_overflow {
	ORD_OVERFLOW_WAIT = 0,  /* at the bounds submit says EAGAIN or waits, and workers wait */
	ORD_OVERFLOW_SPILL = 1, /* outputs that wait for their turn go to an unlinked file, up to spill_bytes */
	ORD_OVERFLOW_DROP = 2   /* as WAIT, but over the byte bound held messages (ORD_ORDERED) are dropped and counted */
};

/*
 * Limits.  What is over its cpu_ms ends like one whose time is up, as
 * ORD_TIMED_OUT; what is over its memory_mib is killed, as ORD_OUT_OF_MEMORY.
 * The spawner looks at both in steps of some milliseconds, also while the
 * owner does nothing; children count that have not lost their parent, and of
 * shared pages each process has its part.  The other three are the kernel's
 * (setrlimit): what is refused, or which signal comes, is its business; a
 * file that is too large means SIGXFSZ.  In workers they are soft limits, in
 * commands also hard ones.  None holds under ORD_START_INLINE.
 */

/* In task and command options, where 0 means the pool's: none at all. */
#define ORD_NONE UINT32_MAX

struct ord_pool_options {
	size_t size;                /* set by ORD_POOL_OPTIONS; never by hand */
	ord_task_fn function;       /* what a task does; NULL: commands only, or function_name */
	void *function_user;        /* its user pointer under FORK and INLINE */
	const char *function_name;  /* instead of function: a name of ORD_FUNCTION, or "file.so:function"; copied */
	ord_worker_start_fn on_worker_start; /* what a worker does before its first task; NULL: nothing */
	ord_worker_stop_fn on_worker_stop;   /* what it does behind its last; NULL: nothing */
	const void *shared;         /* shared[shared_size] for all tasks: copied at start; FORK: needed until then; INLINE: all the time */
	size_t shared_size;         /* its bytes */
	ord_message_fn on_message;  /* what tasks say; NULL: dropped */
	void *on_message_user;      /* its user pointer */
	ord_result_fn on_result;    /* results; NULL: use ord_pool_next */
	void *on_result_user;       /* its user pointer */
	ord_event_fn on_event;      /* starts, progress, ends; NULL: not even sent */
	void *on_event_user;        /* its user pointer */
	ord_ask_fn on_ask;          /* what tasks ask; NULL: ord_task_ask says ORD_ENOTSUP */
	void *on_ask_user;          /* its user pointer */
	const char *program;        /* the program to start under EXEC and COMMAND; NULL: this one, or `orderly`; copied */
	const int *keep_fds;        /* descriptors of the host that stay open in workers and commands, under their numbers; EXEC, COMMAND: those from 4 on; copied */
	const char *spill_directory; /* for the file of ORD_OVERFLOW_SPILL; NULL: $TMPDIR or /var/tmp; copied */
	uint64_t spill_bytes;       /* at most this much of it; 0 = 1 TiB */
	uint64_t window_bytes;      /* inputs and outputs between submit and delivery; 0 = 64 MiB */
	uint32_t n_keep_fds;        /* entries of keep_fds */
	uint32_t start;             /* an enum ord_start */
	uint32_t workers;           /* processes at once, 1 … 4096; 0 = one per processor by affinity and cgroup quota */
	uint32_t window;            /* tasks submitted but not delivered, up to 2^24; 0 = max(4096, 1024 * workers) */
	uint32_t order;             /* an enum ord_order */
	uint32_t messages;          /* an enum ord_messages */
	uint32_t capture;           /* an enum ord_capture */
	uint32_t level;             /* lowest enum ord_level that is sent; 0 = ORD_INFO */
	uint32_t line_bytes;        /* longer lines come in parts; 0 = 65536; 64 … 1 MiB */
	uint32_t retries;           /* attempts after the first for a task that crashed or timed out, up to 254; 0 = none */
	uint32_t timeout_ms;        /* per attempt, kills the task's process group; 0 = no limit */
	uint32_t grace_ms;          /* between asking, SIGTERM and SIGKILL; 0 = 1000 */
	uint32_t start_timeout_ms;  /* for a worker, on_worker_start included, or the spawner to be ready; for a worker to leave, on_worker_stop included; 0 = 30000 */
	uint32_t max_deaths;        /* workers that may end in a row without having started a task; 0 = 10 */
	uint32_t quarantine;        /* a task that killed this many workers is not tried again; 0 = 3 */
	uint32_t recycle_tasks;     /* a worker is replaced after so many tasks, and the next starts ahead: half as many more, and one, may live; 0 = never; 1: a process per task */
	uint32_t recycle_rss_mib;   /* a worker is replaced when it is larger than this after a task; 0 = never */
	uint32_t overflow;          /* an enum ord_overflow */
	uint32_t events;            /* of on_event: ORD_EVENT_BIT of the kinds that are wanted; 0 = all but ORD_TASK_PROCESS */
	uint32_t functions_by_task; /* 1: start workers though there is no function, tasks bring their own (ORD_TASK) */
	uint32_t cpu_ms;            /* processor time per attempt, of its process and what that started; 0 = no limit */
	uint32_t memory_mib;        /* resident memory of an attempt, counted in the same way; 0 = no limit */
	uint32_t memory_most_mib;   /* what ended for its memory_mib is tried again with twice as much, up to this; 0 = it is not */
	uint32_t address_mib;       /* RLIMIT_AS of workers and commands; 0 = as here */
	uint32_t file_mib;          /* RLIMIT_FSIZE of them; 0 = as here */
	uint32_t open_files;        /* RLIMIT_NOFILE of them, 32 or more; 0 = as here */
	uint32_t free_memory_mib;   /* no task is given out while less is free, unless none runs; 0 = not asked */
	uint32_t max_load;          /* nor while the load average of a minute is above this, in hundredths; 0 = not asked */
	uint32_t stack_trace;       /* 1: a function's task that crashes has its stack in its result (ord_result_stack); needs orderly-stack in PATH; 0 = off */
	uint32_t stack_trace_ms;    /* so long a worker that has crashed waits for that; 0 = 4000 */
	const char *cgroup;         /* a directory of cgroup version 2 that is delegated to this user (Linux 5.14): all that the pool starts lives in a group made there, and ends with it; NULL: none; INLINE: not used; copied */
	/* fields are only ever appended; 0 always means the documented default */
};

/* Options by name: ord_pool_new(&pool, &ORD_POOL_OPTIONS(.workers = 8)). */
#ifndef __cplusplus
#define ORD_POOL_OPTIONS(...) \
	((struct ord_pool_options){ .size = sizeof(struct ord_pool_options), __VA_ARGS__ })
#else
static inline ord_pool_options
ord_pool_options_default()
{
	ord_pool_options options = ord_pool_options();
	options.size = sizeof options;
	return options;
}
#endif

/* A function call as a task, with what it needs other than the pool's defaults. */
struct ord_task_options {
	size_t size;               /* set by ORD_TASK; never by hand */
	const void *input;         /* input[input_size]; copied; NULL if input_size is 0 */
	size_t input_size;         /* at most 1 GiB */
	ord_task_fn function;      /* what to call; NULL: function_name, or the pool's */
	const char *function_name; /* instead: a name of ORD_FUNCTION, or "file.so:function"; copied */
	void *user;                /* comes back as ord_result_user */
	uint32_t timeout_ms;       /* per attempt; 0 = the pool's; ORD_NONE: no limit */
	uint32_t grace_ms;         /* between asking, SIGTERM and SIGKILL; 0 = the pool's */
	uint32_t retries;          /* attempts after the first, up to 254; 0 = the pool's; ORD_NONE: none */
	uint32_t pass;             /* 1: call nothing: the input is the output, at its place, as ORD_PASSED */
	/* the next six: 0 = the pool's; ORD_NONE: no limit */
	uint32_t cpu_ms;           /* processor time per attempt */
	uint32_t memory_mib;       /* resident memory */
	uint32_t memory_most_mib;  /* what ended for its memory_mib is tried again with twice as much, up to this */
	uint32_t address_mib;      /* RLIMIT_AS of its worker while it runs */
	uint32_t file_mib;         /* RLIMIT_FSIZE, in the same way */
	uint32_t open_files;       /* RLIMIT_NOFILE, in the same way; 32 or more */
};

#ifndef __cplusplus
#define ORD_TASK(...) \
	((struct ord_task_options){ .size = sizeof(struct ord_task_options), __VA_ARGS__ })
#else
static inline ord_task_options
ord_task_default()
{
	ord_task_options task = ord_task_options();
	task.size = sizeof task;
	return task;
}
#endif

/*
 * A command as a task.  Its result is ORD_DONE if it exits with 0, else
 * ORD_EXITED, ORD_SIGNALED, ORD_TIMED_OUT; ORD_FAILED if it could not be
 * started, with exit code 127 (not found) or 126, as shells say it.  Where the
 * system has no process, descriptor or memory for it while other tasks of the
 * pool run, it waits until one of them ends.
 */
struct ord_command {
	size_t size;              /* set by ORD_COMMAND */
	const char *const *argv;  /* argv[0] is looked up in PATH; NULL-terminated; copied */
	const char *const *env;   /* NAME=value to set beside the master's environment; NULL-terminated or NULL; copied */
	const char *cwd;          /* working directory; NULL: the master's when it started the pool; copied */
	const void *input;        /* input[input_size] for its standard input, else it reads /dev/null; copied */
	size_t input_size;        /* at most 1 GiB */
	void *user;               /* comes back as ord_result_user */
	uint32_t timeout_ms;      /* per attempt; 0 = the pool's; ORD_NONE: no limit */
	uint32_t grace_ms;        /* between SIGTERM and SIGKILL; 0 = the pool's */
	uint32_t output;          /* an enum ord_output */
	uint32_t retries;         /* attempts after the first, up to 254; 0 = the pool's; ORD_NONE: none */
	const int *input_fd;      /* instead of input: each attempt reads *input_fd from its beginning (a pipe: on); stays yours, open until the result is delivered, unused by other tasks; NULL: none */
	/* the next six: 0 = the pool's; ORD_NONE: no limit */
	uint32_t cpu_ms;          /* processor time per attempt, with its children's */
	uint32_t memory_mib;      /* resident memory, with its children's */
	uint32_t memory_most_mib; /* what ended for its memory_mib is tried again with twice as much, up to this */
	uint32_t address_mib;     /* RLIMIT_AS, of each of its processes */
	uint32_t file_mib;        /* RLIMIT_FSIZE */
	uint32_t open_files;      /* RLIMIT_NOFILE; 32 or more */
	const char *output_path;  /* a file that is appended to: stderr, and stdout if output is not ORD_OUTPUT_RESULT, go straight there, not through the master; made if it is not there; relative to where the master started the pool; copied; NULL: none */
	uint32_t stop_signal;     /* sent instead of SIGTERM; 0 = SIGTERM */
	uint32_t terminal;        /* 1: the master's standard input too, and its process group, so that it may use the terminal; with ORD_OUTPUT_INHERIT only */
};

/* Where a command's words go. */
enum ord_output {
	ORD_OUTPUT_RESULT = 0, /* stdout into the result, stderr as lines into messages */
	ORD_OUTPUT_LINES = 1,  /* both as lines into messages */
	ORD_OUTPUT_CHUNKS = 2, /* both as they come into messages, newlines and all */
	ORD_OUTPUT_INHERIT = 3 /* they stay the master's own */
};

#ifndef __cplusplus
#define ORD_COMMAND(...) \
	((struct ord_command){ .size = sizeof(struct ord_command), __VA_ARGS__ })
#else
static inline ord_command
ord_command_default()
{
	ord_command command = ord_command();
	command.size = sizeof command;
	return command;
}
#endif

/* What a pool has done so far. */
struct ord_statistics {
	size_t size;            /* set by ORD_STATISTICS */
	uint64_t submitted;     /* tasks accepted */
	uint64_t delivered;     /* results delivered, or canceled and delivered */
	uint64_t waiting;       /* accepted, not given to a worker */
	uint64_t running;       /* given to a worker, no result yet */
	uint64_t settled;       /* result there, not delivered */
	uint64_t failed;        /* delivered with a state other than ORD_DONE and ORD_PASSED */
	uint64_t retried;       /* attempts after the first */
	uint64_t bytes;         /* inputs and outputs held now */
	uint64_t messages;      /* delivered */
	uint64_t deaths;        /* workers that ended unasked */
	uint64_t dropped;       /* messages with a wrong token, records of closed incarnations */
	uint64_t workers;       /* ready now */
	uint64_t recycled;      /* workers replaced because of recycle_tasks or recycle_rss_mib */
	uint64_t yielded;       /* tasks that have given their slot back now */
	uint64_t spilled;       /* bytes in the spill file now */
	uint64_t messages_dropped; /* for ORD_OVERFLOW_DROP, or without memory */
	uint64_t repaired;      /* workers replaced because a message to or from them was lost */
};
#define ORD_STATISTICS { sizeof(struct ord_statistics), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/*
 * Make a pool.  Nothing is started.
 *
 * pool     out: the pool, or NULL on failure; free it with ord_pool_destroy
 * options  copied; NULL: all defaults
 *
 * Returns 0, or
 *   ORD_ENOMEM
 *   ORD_EINVAL   an option is out of its range, a size is not one of ours, or
 *                function and function_name are both set
 *   ORD_ENOTSUP  an option is set that this version does not know
 * Any thread.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int ORD_MUST_CHECK
ord_pool_new(struct ord_pool **pool, const struct ord_pool_options *options);

/*
 * Start the spawner and the workers, and return when the spawner has answered;
 * workers become ready while tasks are already accepted.
 *
 * Returns 0, or (the sentence is ord_pool_error)
 *   ORD_ENOTSUP   EXEC, but ord_worker_main never ran; FORK in a process with
 *                 threads; a function that the chosen start method cannot reach
 *   ORD_EPROGRAM  the worker program is missing, or of another version
 *   ORD_ESYSTEM   no descriptors, processes or memory from the system; address_mib,
 *                 file_mib or open_files is above the hard limit of this process
 *   ORD_ETIMEDOUT the spawner did not answer in start_timeout_ms
 *   ORD_ECRASHLOOP under ORD_START_INLINE: on_worker_start failed
 *   ORD_EBUSY     started before, or called from a callback
 *   ORD_ENOMEM
 * Reads the environment: no other thread may add to it meanwhile.
 * Cost: 2-5 ms.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int ORD_MUST_CHECK
ord_pool_start(struct ord_pool *pool);

/*
 * Queue a task; its result will be delivered in the order of submission.
 * Sends at once to an idle worker; never receives, never calls back.
 *
 * input     bytes for the task; copied, may be freed on return; NULL if input_size is 0
 * size      at most 1 GiB
 * sequence  out, may be NULL: place in the order, 0, 1, 2 …
 *
 * Returns 0, or
 *   ORD_EAGAIN   the window is full: deliver something first (ord_pool_step)
 *   ORD_ECLOSED  after ord_pool_close or ord_pool_interrupt
 *   ORD_EINVAL   NULL with a size; no function; not started
 *   ORD_ETOOBIG  more than 1 GiB: pass a file's name instead
 *   ORD_ENOMEM
 *   and the error that ended the pool, if one did.
 * Cost: O(1), one copy of the input.  May be called from a callback.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_submit(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence);

/*
 * As ord_pool_submit, but while the window is full it steps, so that callbacks
 * come from inside it.
 *
 * Returns as ord_pool_submit, and
 *   ORD_EAGAIN  the window is full and there is no on_result: call ord_pool_next first
 *   ORD_EBUSY   called from a callback: use ord_pool_submit
 *   ORD_ESTALLED as ord_pool_step(pool, -1)
 * Errors other than ORD_EAGAIN and ORD_EBUSY are kept and returned by ord_pool_finish.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_submit_wait(struct ord_pool *pool, const void *input, size_t size, uint64_t *sequence);

/*
 * As ord_pool_submit, with a function, pointer, time-out or retries of its
 * own, or as a value that is only passed on; see struct ord_task_options.
 *
 * task  copied, with its input
 *
 * Returns as ord_pool_submit, and
 *   ORD_EINVAL   an option is out of its range; the pool has no workers for functions
 *                (set .function, .function_name or .functions_by_task)
 *   ORD_ESYSTEM  address_mib, file_mib or open_files is above the hard limit of this process
 *   ORD_ENOTSUP  an option is set that this version does not know
 * A function that a worker cannot find fails its task, with a sentence.
 * May be called from a callback.  Since 0.1.  Source: lib/pool/submit.c.
 */
ORD_API int
ord_pool_submit_task(
	struct ord_pool *pool, const struct ord_task_options *task, uint64_t *sequence);

/*
 * As ord_pool_submit_task, but while the window is full it steps.
 *
 * Returns as both ord_pool_submit_task and ord_pool_submit_wait.
 * Since 0.1.  Source: lib/pool/submit.c.
 */
ORD_API int
ord_pool_submit_task_wait(
	struct ord_pool *pool, const struct ord_task_options *task, uint64_t *sequence);

/*
 * Queue a command; see struct ord_command.  It takes its place in the order
 * among the other tasks.
 *
 * Returns as ord_pool_submit, and
 *   ORD_EINVAL   no argv; an option out of its range; input and input_fd, or one that is not open
 *   ORD_ESYSTEM  address_mib, file_mib or open_files is above the hard limit of this process
 *   ORD_ENOTSUP  under ORD_START_INLINE; an option is set that this version does not know
 *   ORD_ETOOBIG  argv and env need more than 2 MiB, or the input is larger than 1 GiB
 * May be called from a callback.  Since 0.1.  Source: lib/pool/command.c.
 */
ORD_API int
ord_pool_submit_command(struct ord_pool *pool, const struct ord_command *command, uint64_t *sequence);

/*
 * Move the pool: receive, give out, deliver.
 *
 * timeout_ms  how long to wait if nothing is there to do; 0 not at all, -1 until something is
 *
 * Returns 0 (also when the time is up), or the error that ended the pool, or
 *   ORD_EBUSY     called from a callback
 *   ORD_EINVAL    before ord_pool_start
 *   ORD_ESTALLED  tasks are left but nothing can move any more, not even a task that runs; the
 *                 sentence ends with a dump (ord_pool_dump).  Tasks that wait for an answer count
 *                 as moving unless timeout_ms is -1.  ord_pool_cancel_all gives all a result
 * Since 0.1.  Source: lib/pool/loop.c.
 */
ORD_API int
ord_pool_step(struct ord_pool *pool, int timeout_ms);

/*
 * Step until every task that was submitted is delivered, also those that
 * callbacks submit meanwhile.  The pool stays open.
 *
 * Returns as ord_pool_step, and ORD_EINVAL if there is no on_result: use ord_pool_next.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_run(struct ord_pool *pool);

/*
 * The next result, in order; waits for it.  For pools without on_result.
 *
 * result  out: the result, valid until the next call; NULL when no task is left
 *
 * Returns 0, or as ord_pool_step, and ORD_EINVAL if the pool has on_result.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_next(struct ord_pool *pool, const struct ord_result **result);

/*
 * As ord_pool_next, but waits no longer than timeout_ms (0: not at all; -1: as
 * ord_pool_next).
 *
 * Returns as ord_pool_next, and ORD_EAGAIN: there are tasks, but the next
 * result was not there in time; *result is NULL.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_next_within(struct ord_pool *pool, int timeout_ms, const struct ord_result **result);

/* Refuse new tasks from now on.  Returns 0.  May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c. */
ORD_API int
ord_pool_close(struct ord_pool *pool);

/*
 * Deliver until nothing is left, what callbacks submit meanwhile included,
 * then close and stop the workers.  A pool without on_result drops results that
 * nobody took.  A second call returns what the first did.
 *
 * Returns 0, or the first error that any call on this pool met and kept, or
 *   ORD_EBUSY     called from a callback
 *   ORD_EINVAL    before ord_pool_start
 *   ORD_ESTALLED  the pool is suspended: ord_pool_resume, then finish again
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_finish(struct ord_pool *pool);

/*
 * Cancel one task.  If it waits it never starts; if it runs it is asked to end
 * (ord_task_canceled), after the grace its worker gets SIGTERM, then SIGKILL.
 * Its result is ORD_CANCELED, at its place, unless it was done first.
 *
 * Returns 0 (also if it is done already), or ORD_EINVAL: no such task.
 * May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_cancel(struct ord_pool *pool, uint64_t sequence);

/* Send a signal, such as SIGHUP, to a command that runs and to its group.  Returns 0 (also if it is done), ORD_EINVAL: no such task or signal, ORD_ENOTSUP: a function.  May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c. */
ORD_API int
ord_pool_signal(struct ord_pool *pool, uint64_t sequence, int number);

/* Cancel every task that is not done; the pool stays open: this is how a callback stops a batch.  Returns 0.  May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c. */
ORD_API int
ord_pool_cancel_all(struct ord_pool *pool);

/*
 * Answer what a task asked (ord_task_ask); from on_ask or at any later time.
 *
 * sequence  the task, as ord_ask_sequence said
 * answer    answer[size] bytes, at most 1 GiB; copied; NULL if size is 0
 *
 * Returns 0, or
 *   ORD_EINVAL   no task with this sequence waits for an answer (it has ended, or was
 *                tried again and will ask again); NULL with a size
 *   ORD_ETOOBIG
 *   ORD_ENOMEM
 * May be called from a callback.  Since 0.1.  Source: lib/pool/ask.c.
 */
ORD_API int
ord_pool_answer(struct ord_pool *pool, uint64_t sequence, const void *answer, size_t size);

/*
 * Change how many tasks run at once.  New workers start at once; those that
 * are too many end after the tasks that they hold.  The window stays.
 *
 * workers  1 … 4096; 0 = one per processor by affinity and cgroup quota
 *
 * Returns 0, or
 *   ORD_EINVAL   out of range; before ord_pool_start
 *   ORD_ENOTSUP  under ORD_START_INLINE
 *   ORD_ESYSTEM  the limit of open files is too low for so many
 *   and the error that ended the pool, if one did.
 * May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_resize(struct ord_pool *pool, uint32_t workers);

/*
 * Halt: every worker and command is stopped (SIGSTOP), nothing is given out.
 * For hosts that are stopped themselves: workers, in process groups of their
 * own, never see a terminal's Ctrl-Z.  Time that passes until ord_pool_resume
 * counts for no deadline.
 *
 * Calls that would wait for ever say ORD_ESTALLED meanwhile; ord_pool_interrupt
 * and ord_pool_destroy work as ever.
 * Returns 0 (also if it is halted), or ORD_EINVAL before ord_pool_start, ORD_ENOMEM, or the error that ended the pool.
 * May be called from a callback.  Since 0.1.  Source: lib/pool/suspend.c.
 */
ORD_API int
ord_pool_suspend(struct ord_pool *pool);

/* Go on after ord_pool_suspend.  Returns as it.  May be called from a callback.  Since 0.1.  Source: lib/pool/suspend.c. */
ORD_API int
ord_pool_resume(struct ord_pool *pool);

/*
 * Stop soon, from any thread or a signal handler.  The first call: no new
 * task is accepted, tasks that wait are canceled, tasks that run end in their
 * own time.  The second: tasks that run are killed, and ord_pool_finish does
 * not wait for on_worker_stop.
 *
 * Returns 0, ORD_EINVAL for NULL, or ORD_EFORKED.  Async-signal-safe.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_interrupt(struct ord_pool *pool);

/*
 * A descriptor for a foreign event loop: readable when ord_pool_step(pool, 0)
 * has something to do.  Poll it, never read it; it belongs to the pool.
 *
 * Returns the descriptor, or ORD_EINVAL before ord_pool_start.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_fd(struct ord_pool *pool);

/*
 * Numbers so far.
 *
 * statistics  in: its size, set by ORD_STATISTICS; out: the rest
 *
 * Returns 0, ORD_EINVAL or ORD_EFORKED.  May be called from a callback.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API int
ord_pool_statistics(const struct ord_pool *pool, struct ord_statistics *statistics);

/*
 * Where everything is, as text for a person: the pool, its first task and what
 * that waits for, and a line for each worker (what it does since when, and who
 * waits for what).  What the lines say may change in any version.
 *
 * text  out: text[size], ended with a NUL, cut if there is no room for all; NULL if size is 0
 * size  4 KiB are enough for some 10 workers
 *
 * Returns the length that the whole has, without its NUL, or ORD_EINVAL or
 * ORD_EFORKED; then text is "".
 * Reads /proc: with no descriptor left the state of processes is "not known".
 * Any state of the pool; a pool whose owner is in no call on it may be dumped by
 * another thread (a watchdog).  May be called from a callback.  Not in a signal handler.
 * Cost: some 10 us for each worker.  Since 0.1.  Source: lib/pool/dump.c.
 */
ORD_API int
ord_pool_dump(const struct ord_pool *pool, char *text, size_t size);

/*
 * The sentence that belongs to the last error of a call on this pool, with
 * names and what to do; "" if there was none; for NULL: that there is no pool.
 * Valid until the next call on the pool.  Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API const char *
ord_pool_error(const struct ord_pool *pool);

/*
 * Stop and free a pool.  Tasks that are not done are canceled and not
 * delivered; workers get SIGTERM, after the grace SIGKILL; nothing of the
 * pool is left when it returns.  At most about three graces, and some seconds
 * where the machine is too busy for processes to die.
 *
 * pool  in: the pool, *pool NULL or pool NULL: nothing happens; out: NULL
 *
 * In a callback it is deferred until the callbacks have returned.
 * Since 0.1.  Source: lib/pool/pool.c.
 */
ORD_API void
ord_pool_destroy(struct ord_pool **pool);

#ifdef __cplusplus
}
#endif
#endif
