/*
 * What a graph is made of: the options of its procs and its own, with the
 * callbacks that they name.  <orderly/graph.h> includes it.
 */
#ifndef ORDERLY_GRAPH_OPTIONS_H
#define ORDERLY_GRAPH_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/message.h>
#include <orderly/pool.h>
#include <orderly/proc.h>
#include <orderly/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/* See on_event of the options; the proc is valid as long as the graph, and NULL for events of the graph. */
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
	ord_names_fn names; /* asked when the proc is wanted, and when it is wanted again (watch.h) */
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
	ord_names_fn list;         /* asked when they are first needed, and again by ORD_GRAPH_EVENT_CHANGED (watch.h) */
	void *list_user;           /* its user pointer */
};

/* Of which logs a line is ignored. */
enum ord_log_ignore_when {
	ORD_LOG_IGNORE_ALWAYS = 0,
	ORD_LOG_IGNORE_SUCCEEDED = 1 /* not of an attempt that failed */
};

/* Lines of a log that are no trouble: ord_proc_snippet takes them as if they were not there. */
struct ord_log_ignore {
	size_t size;                /* set by ORD_LOG_IGNORE; never by hand */
	const char *match;          /* a regular expression, as Perl has them, that matches anywhere in a line */
	uint32_t when;              /* an enum ord_log_ignore_when */
	uint32_t reserved;          /* 0 */
};

/* What ord_proc_snippet shows of the log of a proc that failed. */
enum ord_log_on_failure {
	ORD_LOG_SNIPPET = 1, /* lines with a keyword and two lines on each side; the last 16 where there are none */
	ORD_LOG_FULL = 2,    /* all of it */
	ORD_LOG_TAIL = 3     /* the last .log_tail lines */
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
	uint32_t stdout_result;     /* 1: what a command writes to its standard output is its result, not messages; 2: and is JSON, else it has failed */
	uint32_t skip_exit;         /* a command that exits with it is ORD_PROC_SKIPPED; 0: none */
	uint32_t no_change_exit;    /* a command that exits with it has succeeded, without news; 0: none */
	uint32_t expected_ms;       /* how long it takes, as long as no success of it is known; 0 = not known */
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
	const struct ord_log_ignore *const *log_ignore; /* lines of its log that are no trouble; NULL-terminated */
	uint32_t log_on_failure;    /* an enum ord_log_on_failure; 0 = the graph's */
	uint32_t log_tail;          /* lines of ORD_LOG_TAIL, up to 100,000; 0 = the graph's */
	uint32_t stop_signal;       /* of a command: what it is sent instead of SIGTERM; 0 = SIGTERM */
	uint32_t terminal;          /* 1: a command that has the host's terminal, standard input and process group (see struct ord_command); one of these at a time; without log and messages */
	uint32_t on_busy;           /* enum ord_on_busy; 0 = the graph's */
	uint32_t busy_signal;       /* of ORD_BUSY_SIGNAL; 0 = the graph's */
	uint32_t output_mode;       /* enum ord_output_mode, for ord_proc_output_mode; 0 = the graph's */
	uint32_t color;             /* enum ord_color; 0 = the graph's */
	/* fields are only ever appended; 0 always means the documented default */
};

struct ord_graph_options {
	size_t size;                /* set by ORD_GRAPH_OPTIONS; never by hand */
	const struct ord_pool_options *pool; /* start, program, hooks, shared bytes, limits, capture …; copied; what it points to is read when the first proc starts; functions, callbacks of results, messages, events and questions, order, messages, workers, window and retries must be unset; NULL: defaults */
	const char *separator;      /* between the parts of a name; NULL: "::"; copied */
	ord_graph_event_fn on_event; /* what happens to procs; NULL: nothing is told */
	void *on_event_user;        /* its user pointer */
	ord_graph_message_fn on_message; /* what procs say; with log_directory only functions; NULL: dropped */
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
	const char *log_directory;  /* below it each run has a directory, with a file for each attempt that says something: ord_proc_log; made if it is not there; relative to where the first proc starts; copied; NULL: no logs */
	uint32_t log_runs;          /* directories of runs that are kept; 0 = 10; those of graphs that live are */
	uint32_t log_on_failure;    /* an enum ord_log_on_failure; 0 = ORD_LOG_SNIPPET */
	uint32_t log_tail;          /* lines of ORD_LOG_TAIL, up to 100,000; 0 = 16 */
	uint32_t log_empty;         /* 1: logs of attempts that said nothing are kept too */
	uint64_t watch_poll_ms;     /* watched files are looked at so often, for file systems that do not tell; 0: the kernel tells */
	uint32_t debounce_ms;       /* how long nothing must change before a change counts; 0 = 300; ORD_NONE: not at all */
	uint32_t debounce_max_ms;   /* how long one waits while others come; 0 = ten times that */
	uint32_t on_busy;           /* enum ord_on_busy; 0 = ORD_BUSY_QUEUE */
	uint32_t busy_signal;       /* of ORD_BUSY_SIGNAL; 0 = SIGHUP */
	uint32_t output_mode;       /* enum ord_output_mode; 0 = ORD_MODE_GROUP */
	uint32_t color;             /* enum ord_color; 0 = ORD_COLOR_NONE */
	uint32_t tell_processes;    /* 1: on_event gets ORD_PROC_EVENT_PROCESS, at the price of a message from the pool for each attempt */
	uint32_t reserved;          /* 0 */
};

/*
 * Lists: ORD_NAMES("a", "b"), and pointers to what ORD_DEP, ORD_CHOICE, ORD_INPUT,
 * ORD_OUTPUT_FILE and ORD_LOG_IGNORE make.
 */
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
#define ORD_LOG_IGNORES(...) ((const struct ord_log_ignore *const[]){ __VA_ARGS__, NULL })
#define ORD_LOG_IGNORE(...) ((struct ord_log_ignore){ .size = sizeof(struct ord_log_ignore), __VA_ARGS__ })
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

static inline ord_log_ignore
ord_log_ignore_default()
{
	ord_log_ignore ignore = ord_log_ignore();
	ignore.size = sizeof ignore;
	return ignore;
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

#ifdef __cplusplus
}
#endif
#endif
