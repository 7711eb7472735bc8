/*
 * The graph: procs that depend on each other, run by a pool.  A proc is a
 * function or a command with a name; a name with placeholders describes many.
 * Link with liborderly-graph.
 *
 * A graph has no thread of its own: it moves when its owner calls
 * ord_graph_step, _run, _wait, _wait_locks or _wait_all, and callbacks come on
 * the owner's thread from inside these calls.  One graph, one thread at a
 * time; the exception is ord_graph_interrupt.
 *
 * In a callback: ord_graph_add, _create, _start, _set_lock, _set_param, _proc,
 * _next, _fd and all of ord_proc_… are allowed; ord_graph_destroy is done when the
 * callbacks have returned; what waits (_step, _run, _wait, _wait_locks,
 * _wait_all) and _clear return ORD_EBUSY.  In the callbacks that are asked for
 * names and values while procs are planned only ord_graph_proc, _next, _param
 * and ord_proc_… are allowed; all else returns ORD_EBUSY.
 *
 * In a process that the owner forked every call that moves the graph returns
 * ORD_EFORKED, and ord_graph_destroy only frees memory.  For NULL instead of
 * a graph every call returns ORD_EINVAL.
 */
#ifndef ORDERLY_GRAPH_H
#define ORDERLY_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/context.h>
#include <orderly/export.h>
#include <orderly/message.h>
#include <orderly/pool.h>
#include <orderly/proc.h>
#include <orderly/status.h>
#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ord_graph;

/* What a graph tells of a proc. */
enum ord_graph_event_kind {
	ORD_PROC_EVENT_CREATED = 1, /* it is there */
	ORD_PROC_EVENT_WANTED = 2,  /* it will run */
	ORD_PROC_EVENT_STARTED = 3, /* an attempt was given to the pool */
	ORD_PROC_EVENT_RETRIED = 4, /* an attempt failed, there will be another */
	ORD_PROC_EVENT_ENDED = 5    /* it has ended, or is idle again: its state says which */
};

/* See on_event of the options; the proc is valid as long as the graph. */
typedef void (*ord_graph_event_fn)(int kind, const struct ord_proc *proc, void *user);

/* What a proc says (see message.h); proc is NULL for what belongs to none. */
typedef void (*ord_graph_message_fn)(const struct ord_message *message, const struct ord_proc *proc, void *user);

/*
 * Names or values that are known when they are needed: the deps of a proc, or
 * the choices of an arg (proc is NULL then).
 *
 * names  out: NULL-terminated; yours, read before you are called again; NULL: none
 *
 * Returns 0, or anything else: the call that asked fails with ORD_EFAILED.
 */
typedef int (*ord_names_fn)(const struct ord_proc *proc, const char *const **names, void *user);

/*
 * A proc asks a person (ord_context_input, `orderly ctx input`).
 *
 * question  its number: answer it with ord_graph_answer, here or later
 * prompt    what it asks; NULL: the question is withdrawn, because its proc has ended
 * password  1: what is typed is not to be shown
 */
typedef void (*ord_graph_input_fn)(const struct ord_proc *proc, uint64_t question, const char *prompt, int password, void *user);

/* Kinds of .special of a dep. */
enum ord_dep_special {
	ORD_DEP_NO_FAILURES = 1, /* held until nothing else of its wave is left, then canceled if anything has failed */
	ORD_DEP_ALL_DONE = 2     /* held until nothing else of its wave is left */
};

/* A dependency of which there is more to say than a name.  One of name, names and special is set. */
struct ord_dep {
	size_t size;        /* set by ORD_DEP; never by hand */
	const char *name;   /* as in .deps */
	ord_names_fn names; /* asked when the proc is wanted */
	void *names_user;   /* its user pointer */
	uint32_t soft;      /* 1: order only, its failure does not matter */
	uint32_t special;   /* an enum ord_dep_special */
};

/* Files that a proc reads, of which there is more to say than a path.  One of path, regex and names is set. */
struct ord_input {
	size_t size;        /* set by ORD_INPUT; never by hand */
	const char *path;   /* as in .inputs */
	const char *regex;  /* all files below the current directory whose path matches as a whole; PCRE2; without hidden ones */
	ord_names_fn names; /* paths and globs; asked before the proc may start */
	void *names_user;   /* its user pointer */
};

/* Files that a proc makes, of which there is more to say than a path.  One of path and names is set. */
struct ord_output_file {
	size_t size;                /* set by ORD_OUTPUT_FILE; never by hand */
	const char *path;           /* as in .outputs */
	ord_names_fn names;         /* paths and globs; asked before the proc may start */
	void *names_user;           /* its user pointer */
	uint64_t max_age_ms;        /* when it is older the proc runs; 0: never too old */
	uint32_t enforce_freshness; /* 1: a run that does not write it has failed */
	uint32_t optional;          /* 1: it may be missing */
};

/* How files are compared with what they were. */
enum ord_fingerprint {
	ORD_FINGERPRINT_BOTH = 1,  /* time, size and inode; where they differ, the content: the default */
	ORD_FINGERPRINT_MTIME = 2, /* time, size and inode */
	ORD_FINGERPRINT_HASH = 3   /* the content */
};

/* Of which params a new value makes a proc run. */
enum ord_params {
	ORD_PARAMS_ALL = 1,  /* the default of functions */
	ORD_PARAMS_NAMED = 2 /* those that its command, env, cwd or files name, as [param.NAME] or ORDERLY_PARAM_NAME: the default of commands */
};

/* The values that an arg may take.  One of values and list is set. */
struct ord_choice {
	size_t size;               /* set by ORD_CHOICE; never by hand */
	const char *arg;           /* a placeholder of the name */
	const char *const *values; /* NULL-terminated */
	ord_names_fn list;         /* asked once, when they are first needed */
	void *list_user;           /* its user pointer */
};

/* What a proc is, or with placeholders in its name, what many are.  Everything is copied. */
struct ord_proc_options {
	size_t size;                /* set by ORD_PROC; never by hand */
	const char *name;           /* "setup", or "build::[target]": see ord_graph(3) */
	ord_task_fn function;       /* what it does: a function in a worker, */
	const char *function_name;  /* or one by name, as for tasks, */
	const char *const *command; /* or a command, NULL-terminated, with its placeholders filled, */
	const char *shell;          /* or a line of shell, with values quoted; no shell is started if it needs none; none of the four: it only groups its deps */
	const char *const *deps;    /* names of what must have ended well before; placeholders, `*` and `?`; NULL-terminated */
	const struct ord_dep *const *special_deps; /* others; NULL-terminated */
	const char *const *rdeps;                  /* what matches these and becomes wanted depends on this proc, which becomes wanted with it; this proc alone wants none of them */
	const char *const *rdeps_when_scheduled;   /* when this proc becomes wanted so do these, and they depend on it; they alone do not want it; an error if one runs or has ended */
	const char *const *rdeps_when_target_scheduled; /* exactly as rdeps, in words that stand beside those of rdeps_when_scheduled */
	const char *const *locks;   /* "net", or "net=2": units of it; held while it runs */
	const char *const *args;    /* "level=3", "level:int=3", "level:int": types and defaults; int, float, bool, text */
	const struct ord_choice *const *choices; /* NULL-terminated */
	const char *const *env;     /* NAME=value for a command; placeholders are filled */
	const char *cwd;            /* of a command; placeholders are filled; NULL: the host's */
	const char *const *retry_on; /* "timeout", "signal", "exit 75", "failure" (the function said so): which failures are tried again; NULL: all */
	int32_t wave;               /* lower ones first */
	uint32_t timeout_ms;        /* per attempt; 0 = the pool's; ORD_NONE: no limit */
	uint32_t grace_ms;          /* between SIGTERM and SIGKILL; 0 = the pool's */
	uint32_t retries;           /* attempts after the first */
	uint32_t retry_delay_ms;    /* before the second attempt */
	uint32_t retry_backoff;     /* each delay is so many hundredths of the one before; 0 = 100 */
	uint32_t always;            /* 1: runs though what it depends on has failed */
	uint32_t now;               /* 1: wanted as soon as it is added; not with placeholders */
	uint32_t stdout_result;     /* 1: what a command writes to its standard output is its result, not messages */
	uint32_t skip_exit;         /* a command that exits with it is ORD_PROC_SKIPPED; 0: none */
	uint32_t no_change_exit;    /* a command that exits with it has succeeded, without news; 0: none */
	uint32_t expected_ms;       /* how long it takes, so that the longest way is begun first; 0 = as its last successes took, if there is a database */
	const char *description;    /* what it is for, for people; NULL: nothing is said */
	const char *const *inputs;  /* files that it reads: paths, directories with all in them, globs with `**`; placeholders are filled; NULL-terminated */
	const struct ord_input *const *special_inputs; /* others; NULL-terminated */
	const char *const *inputs_ignore; /* patterns of files that are no inputs; NULL-terminated */
	const char *const *outputs; /* files that it makes: as inputs; one that is not there in the end is a failure */
	const struct ord_output_file *const *special_outputs; /* others; NULL-terminated */
	const char *depfile;        /* a file that it writes, with more inputs, as compilers do for make; its names count from cwd; placeholders are filled */
	const char *version;        /* of a function: text that changes when what it does changes */
	uint32_t fingerprint;       /* enum ord_fingerprint; 0 = the graph's */
	uint32_t outputs_exist;     /* 1: that outputs are there is enough, what is in them does not matter */
	uint32_t no_skip;           /* 1: it always runs */
	uint32_t compare_params;    /* enum ord_params; 0 = all for a function, named ones for a command */
	/* fields are only ever appended; 0 always means the documented default */
};

struct ord_graph_options {
	size_t size;                /* set by ORD_GRAPH_OPTIONS; never by hand */
	const struct ord_pool_options *pool; /* start, program, hooks, shared bytes, limits, capture …; copied; what it points to is read when the first proc starts; functions, callbacks of results, messages, events and questions, order, messages, workers, window and retries must be unset; NULL: defaults */
	const char *separator;      /* between the parts of a name; NULL: "::"; copied */
	ord_graph_event_fn on_event; /* what happens to procs; NULL: nothing is told */
	void *on_event_user;        /* its user pointer */
	ord_graph_message_fn on_message; /* what procs say; NULL: dropped */
	void *on_message_user;      /* its user pointer */
	uint64_t shuffle;           /* seed of a random order among procs that may start; 0: the longest way first */
	uint32_t parallel;          /* procs that run at once, 1 … 4096; 0 = one per processor */
	uint32_t keep_going;        /* after so many failures nothing more is started; 0: never */
	uint32_t fail_fast;         /* 1: what runs then is ended too */
	uint32_t allow_missing_deps; /* 1: a dep of which there is no proc is none */
	uint32_t jobserver;         /* an enum ord_jobserver: a proc beside another takes a token, and gives the same one back when it ends or waits; INLINE: not used */
	uint32_t max_load;          /* a proc beside another is started only while the load average of a minute is below this, in hundredths; 0 = not asked */
	const char *database;       /* file in which successes are remembered; made when the first proc is wanted; copied; NULL: what a loaded file says, or .default_database; "none": nothing is remembered, everything runs */
	const char *const *ignore;  /* patterns of files that are nobody's inputs; NULL-terminated; copied */
	uint32_t fingerprint;       /* enum ord_fingerprint; 0 = ORD_FINGERPRINT_BOTH */
	uint32_t full;              /* 1: everything runs */
	uint32_t dry_run;           /* 1: nothing runs and nothing is written: what would run ends as if it had succeeded */
	uint32_t database_wait_ms;  /* how long another runner that has the database is waited for; 0: not at all */
	uint32_t with_socket;       /* 1: commands find $ORDERLY_SOCKET and may call orderly-ctx(1) */
	uint32_t socket_clients;    /* of them at once, others wait; 0 = 4096; never more than half of what may be open */
	ord_graph_input_fn on_input; /* procs ask a person; NULL: they are told that nobody is there */
	void *on_input_user;        /* its user pointer */
	const char *default_database; /* .database if neither that nor a loaded file says one; copied; NULL: none */
};

/* Lists: ORD_NAMES("a", "b"), and pointers to what ORD_DEP, ORD_CHOICE, ORD_INPUT and ORD_OUTPUT_FILE make. */
#ifndef __cplusplus
#define ORD_NAMES(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define ORD_DEPS(...) ((const struct ord_dep *const[]){ __VA_ARGS__, NULL })
#define ORD_CHOICES(...) ((const struct ord_choice *const[]){ __VA_ARGS__, NULL })
#define ORD_INPUTS(...) ((const struct ord_input *const[]){ __VA_ARGS__, NULL })
#define ORD_OUTPUT_FILES(...) ((const struct ord_output_file *const[]){ __VA_ARGS__, NULL })
#define ORD_DEP(...) ((struct ord_dep){ .size = sizeof(struct ord_dep), __VA_ARGS__ })
#define ORD_CHOICE(...) ((struct ord_choice){ .size = sizeof(struct ord_choice), __VA_ARGS__ })
#define ORD_INPUT(...) ((struct ord_input){ .size = sizeof(struct ord_input), __VA_ARGS__ })
#define ORD_OUTPUT_FILE(...) ((struct ord_output_file){ .size = sizeof(struct ord_output_file), __VA_ARGS__ })
#define ORD_PROC(...) ((struct ord_proc_options){ .size = sizeof(struct ord_proc_options), __VA_ARGS__ })
#define ORD_GRAPH_OPTIONS(...) \
	((struct ord_graph_options){ .size = sizeof(struct ord_graph_options), __VA_ARGS__ })
#else
static inline ord_dep
ord_dep_default()
{
	ord_dep dep = ord_dep();
	dep.size = sizeof dep;
	return dep;
}

static inline ord_choice
ord_choice_default()
{
	ord_choice choice = ord_choice();
	choice.size = sizeof choice;
	return choice;
}

static inline ord_input
ord_input_default()
{
	ord_input input = ord_input();
	input.size = sizeof input;
	return input;
}

static inline ord_output_file
ord_output_file_default()
{
	ord_output_file output = ord_output_file();
	output.size = sizeof output;
	return output;
}

static inline ord_proc_options
ord_proc_options_default()
{
	ord_proc_options options = ord_proc_options();
	options.size = sizeof options;
	return options;
}

static inline ord_graph_options
ord_graph_options_default()
{
	ord_graph_options options = ord_graph_options();
	options.size = sizeof options;
	return options;
}
#endif

/*
 * Make a graph.  Nothing is started.
 *
 * graph    out: the graph, or NULL on failure; free it with ord_graph_destroy
 * options  copied, with .pool; NULL: all defaults
 *
 * Returns 0, or
 *   ORD_ENOMEM
 *   ORD_EINVAL   an option is out of its range, or a size is not one of ours
 *   ORD_ENOTSUP  an option is set that this version does not know
 * Any thread.  Since 0.1.  Source: lib/graph/graph.c.  See ord_graph(3).
 */
ORD_API int ORD_MUST_CHECK
ord_graph_new(struct ord_graph **graph, const struct ord_graph_options *options);

/*
 * Add a proc, or with placeholders in its name a description of many.
 *
 * Returns 0, or (the sentence is ord_graph_error)
 *   ORD_EINVAL   something in it is not valid, or there is one of this name
 *   ORD_ENOTSUP  an option is set that this version does not know; a function, but
 *                the first proc was started when there were only commands
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 *   and with .now as ord_graph_start.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_add(struct ord_graph *graph, const struct ord_proc_options *proc);

/*
 * Add what a graph's file (YAML or JSON) and those that it
 * includes say: options where the caller's are 0 or NULL, params that are not
 * set, locks, variables for all commands, and procs; then those with `now` are
 * wanted.  Procs, commands and paths are as seen from the directory in which
 * the program is, so it should be that of the file.
 *
 * Commands that print names are run when these are asked for, each for at most
 * its proc's timeout, or a minute.  Variables come from a proc's `env`, the
 * process environment as it is now, dotenv files (the last one that has it),
 * the file's `env`, in this order.  What this version does nothing with is in
 * ord_graph_warning.
 *
 * path  of a file, which is not needed any more when this returns
 *
 * Returns 0, or (the sentence has file, line and column)
 *   ORD_EINVAL   something in the file is not valid, or a proc of the same name is there
 *   ORD_ESYSTEM  a file cannot be read
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 *   ORD_EFAILED  a command for the choices of a proc without placeholders failed
 *   and for procs with `now` as ord_graph_start.
 * After the first two nothing of the file is in the graph, unless it is about
 * starting; after the others the sentence says what is.  An option `parallel`
 * counts only before the first start.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/load.c.
 */
ORD_API int
ord_graph_load(struct ord_graph *graph, const char *path);

/*
 * Whether ord_graph_load would take a file, on a graph of its own; no command
 * is run but for `now`, and none of the procs.
 *
 * sentence  out, may be NULL: sentence[size], what is wrong, "" if nothing is
 *
 * Returns as ord_graph_load.  Any thread.  Since 0.1.  Source: lib/graph/load.c.
 */
ORD_API int
ord_graph_check(const char *path, char *sentence, size_t size);

/*
 * How many units a lock has; one that is not set has 1.
 *
 * name      any text without `=`
 * capacity  units; 0: nobody gets it
 *
 * Returns 0, or ORD_EINVAL (no name), ORD_ENOMEM.
 * Takes effect with what starts next.  May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_set_lock(struct ord_graph *graph, const char *name, uint32_t capacity);

/*
 * Set a param: text that all procs see, ord_context_param, [param.NAME],
 * $ORDERLY_PARAM_NAME.
 *
 * value  copied; NULL: the param is no more
 *
 * Returns 0, or ORD_EINVAL (no name), ORD_ENOMEM.
 * What has started sees what was set before.  May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_set_param(struct ord_graph *graph, const char *name, const char *value);

/* The value of a param, or NULL; valid until it is set again.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const char *
ord_graph_param(const struct ord_graph *graph, const char *name);

/*
 * Make the procs of a name exist, without running them; `*` and `?` in it go
 * over the choices.  Those that are there stay as they are.
 *
 * Returns 0, or
 *   ORD_EINVAL   no description or more than one matches; a value that is none of the
 *                choices or of another type; a glob without choices
 *   ORD_EFAILED  a callback of choices failed
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ENOMEM
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_create(struct ord_graph *graph, const char *name);

/*
 * Want the procs of a name, and all that they depend on: they run when the
 * graph moves.  What runs, is wanted or has ended stays as it is.  If an error
 * is returned nothing is wanted by this call.
 *
 * Returns as ord_graph_create, and
 *   ORD_EINVAL   a dependency has no name that is there or a placeholder without
 *                value; procs depend on each other in a cycle, which is named; one
 *                depends on a proc of a higher wave; a proc that runs or has ended
 *                would have to wait; a lock has too few units
 * May be called from a callback.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_start(struct ord_graph *graph, const char *name);

/*
 * Move the graph: start what may start, take what has ended, call back.  The
 * first call that moves a graph starts its pool.
 *
 * timeout_ms  how long to wait if nothing is there to do; 0 not at all, -1 until something is
 *
 * Returns 0 (also when the time is up, or nothing is wanted), or
 *   ORD_EBUSY         called from a callback
 *   ORD_EINTERRUPTED  ord_graph_interrupt was called, and nothing runs any more
 *   ORD_ESTALLED      procs are wanted that nothing can start any more
 *   and what ord_pool_start and ord_pool_step return.
 * Since 0.1.  Source: lib/graph/run.c.
 */
ORD_API int
ord_graph_step(struct ord_graph *graph, int timeout_ms);

/*
 * A descriptor for a foreign event loop: readable when ord_graph_step(graph, 0)
 * has something to do.  Poll it, never read it; it belongs to the graph.  Its
 * first call makes it, with two more.
 *
 * Returns the descriptor, the same each time, or
 *   ORD_EBUSY    called while names are asked for
 *   ORD_ESYSTEM  no descriptors or memory from the system
 *   ORD_EFORKED
 * May be called from a callback.  Since 0.1.  Source: lib/graph/poll.c.
 */
ORD_API int
ord_graph_fd(struct ord_graph *graph);

/*
 * Want procs, and move until they have ended: ord_graph_start for each name,
 * but all of them or none, then ord_graph_wait.
 *
 * names  NULL-terminated
 *
 * Returns as these.  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_run(struct ord_graph *graph, const char *const *names);

/*
 * Move until procs have ended; `*` and `?` stand for those that exist.
 *
 * names  NULL-terminated
 *
 * Returns 0 if all of them ended well, or
 *   ORD_EFAILED  one did not, or was stopped; the sentence names the first
 *   ORD_EINVAL   there is none of a name, or nobody wants it
 *   and as ord_graph_step(graph, -1).
 * Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait(struct ord_graph *graph, const char *const *names);

/*
 * Move until nobody holds these locks.
 *
 * locks  NULL-terminated names; one that nobody knows is free
 *
 * Returns 0, or as ord_graph_step(graph, -1).  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait_locks(struct ord_graph *graph, const char *const *locks);

/*
 * Move until nothing is wanted any more.
 *
 * Returns 0 if no proc has failed since ord_graph_clear, or ORD_EFAILED, with
 * the first in the sentence; or as ord_graph_step(graph, -1).  Since 0.1.  Source: lib/graph/wait.c.
 */
ORD_API int
ord_graph_wait_all(struct ord_graph *graph);

/*
 * Answer what a proc asked a person (.on_input).
 *
 * question  its number
 * text      the answer; NULL: there is none, the proc's call fails with ORD_EFAILED
 *
 * Returns 0, or
 *   ORD_EINVAL   nobody waits for it: its proc has ended, or it is answered
 *   ORD_EBUSY    called while names are asked for
 *   ORD_EFORKED
 * May be called from a callback.  Since 0.1.  Source: lib/graph/input.c.
 */
ORD_API int
ord_graph_answer(struct ord_graph *graph, uint64_t question, const char *text);

/*
 * Forget what has run: every proc is idle and has no result, and its deps are
 * asked for anew.  An interrupt is forgotten, too, and the end of the pool if
 * an error ended it: the next proc starts another.  Descriptions, procs,
 * params and locks stay.
 *
 * Returns 0, or ORD_EBUSY: procs are wanted or run (ord_graph_wait_all), or called from a callback.
 * Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API int
ord_graph_clear(struct ord_graph *graph);

/*
 * From now on procs whose names a pattern matches run when they are wanted,
 * up to date or not.
 *
 * pattern  a name, or with `*` and `?`
 *
 * Returns 0, or ORD_EINVAL (no pattern), ORD_ENOMEM.
 * May be called from a callback.  Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_force(struct ord_graph *graph, const char *pattern);

/*
 * What is there counts as made by procs: records as after a run, without
 * running anything.  Their result is that of their last success.  Then
 * everything is as after ord_graph_clear.
 *
 * pattern  as in ord_graph_start
 *
 * Returns 0, or
 *   ORD_EINVAL   there is none of this name, or the graph has no database, or it is a dry run
 *   ORD_EFAILED  an output is not there; the sentence names the proc
 *   ORD_EBUSY    procs are wanted or run, or called from a callback
 *   and as ord_graph_start.
 * Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_touch(struct ord_graph *graph, const char *pattern);

/*
 * Forget the successes of procs: they run when they are wanted next.
 *
 * pattern  a name, or with `*` and `?`; also of procs that the graph does not know any more
 *
 * Returns 0, or
 *   ORD_EINVAL   nothing is known of such a proc, or the graph has no database, or it is a dry run
 *   ORD_EBUSY    procs are wanted or run, or called from a callback
 *   ORD_ETIMEDOUT  another runner has the database
 *   ORD_ESYSTEM  it cannot be written
 *   ORD_ENOMEM
 * Since 0.1.  Source: lib/graph/touch.c.
 */
ORD_API int
ord_graph_forget(struct ord_graph *graph, const char *pattern);

/*
 * Stop soon, from any thread or a signal handler.  The first call: nothing
 * more is started, what runs ends in its own time.  The second: it is killed.
 * The graph starts nothing after that, until ord_graph_clear.
 *
 * Returns 0, or ORD_EINVAL for NULL.  Async-signal-safe.  Since 0.1.  Source: lib/graph/run.c.
 */
ORD_API int
ord_graph_interrupt(struct ord_graph *graph);

/* The proc of this name, or NULL if it does not exist; valid as long as the graph.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const struct ord_proc *
ord_graph_proc(const struct ord_graph *graph, const char *name);

/* The procs one after the other, in the order in which they were made; previous NULL: the first; NULL: no more.  Since 0.1.  Source: lib/graph/graph.c. */
ORD_API const struct ord_proc *
ord_graph_next(const struct ord_graph *graph, const struct ord_proc *previous);

/*
 * The sentence that belongs to the last error of a call on this graph; "" if
 * there was none; for NULL: that there is no graph.  Valid until the next call
 * on it.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API const char *
ord_graph_error(const struct ord_graph *graph);

/*
 * What the user should know, though it is no error: such as a jobserver that
 * cannot be used, a damaged database that was set aside, or a key of a file
 * that this version does nothing with.  A sentence a line, "" if there is
 * nothing; valid until the next call on the graph.
 * Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API const char *
ord_graph_warning(const struct ord_graph *graph);

/*
 * Stop and free a graph: what runs is killed (ord_pool_destroy).
 *
 * graph  in: the graph, *graph NULL or graph NULL: nothing happens; out: NULL
 *
 * In a callback it is deferred until the callbacks have returned.  Since 0.1.  Source: lib/graph/graph.c.
 */
ORD_API void
ord_graph_destroy(struct ord_graph **graph);

#ifdef __cplusplus
}
#endif
#endif
