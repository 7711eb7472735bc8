/*
 * A graph and its procs, for the files of this room.  graph.c has the public
 * functions; registry.c, plan.c, run.c and ask.c are the steps.
 */
#ifndef GRAPH_GRAPH_H
#define GRAPH_GRAPH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <orderly/graph.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/table.h"
#include "graph/definition.h"
#include "graph/gate.h"
#include "graph/inputs/files.h"
#include "graph/logs.h"
#include "graph/names/index.h"
#include "graph/names/texts.h"
#include "graph/poll.h"
#include "graph/schedule/schedule.h"

#define PARALLEL_MAX 4096
#define GRAPH_BUCKETS 1024 /* a power of two */

/* What a running proc said beside its result. */
enum saying { SAID_NOTHING, SAID_SKIPPED, SAID_NO_CHANGE };

struct ignored;
struct increment;
struct history;
struct watch;

struct ord_proc {
	struct ord_graph *graph;
	struct definition *definition;
	const char *name;    /* in this block, as the values from it */
	const char **values; /* of the definition's args; NULL: none */
	void *output;        /* output[output_size] and a NUL; NULL: empty */
	size_t output_size;
	char *error;                 /* NULL: "" */
	char *reasons;               /* why it runs: sentences, each with its NUL; NULL: none */
	struct increment *increment; /* since the look at it; NULL: none */
	struct waiting *asks; /* what it waits for, by its function or its clients; NULL: nothing */
	struct wait *waits;   /* who waits for it */
	struct ord_proc *next_running; /* in the same bucket */
	uint64_t sequence;             /* of its task, while it runs */
	uint64_t due_ns;               /* of NODE_PAUSED: when it is ready again */
	uint64_t secret;               /* of an attempt whose clients may ask; 0: none */
	struct log log;
	uint64_t started_ns;
	uint64_t ended_ns;
	uint64_t halted_ns;                        /* of this time the graph was suspended */
	uint64_t user_ns, system_ns, memory_bytes; /* of its last process */
	uint64_t begun_ns; /* of a graph that is watched: when it was last about to start */
	uint64_t over_ns;  /* the same: when that had ended */
	uint64_t noted_ns; /* when a change was last heard of; 0: none was, or it was acted upon */
	struct ignored *makes; /* its outputs; NULL: none, or not watched */
	uint64_t told;         /* the version that its dependents were told of */
	uint64_t version;      /* what its dependents consume; 0: none */
	uint64_t
		changed; /* the tick of the files at which it, or what it depends on, ended a run */
	uint32_t n_reasons;
	uint32_t node; /* its number in the schedule, and in graph->procs */
	uint32_t attempts;
	int32_t pid; /* of its last process; 0: not known */
	int exit_code;
	int signal;
	uint8_t cause;      /* an enum ord_cause */
	uint8_t saying;     /* an enum saying */
	uint8_t canceled;   /* by us, while it ran */
	uint8_t skipped;    /* it did not have to run */
	uint8_t touched;    /* what is there counts as made by it */
	uint8_t looked;     /* its files are watched */
	uint8_t unsaid;     /* it is wanted again lazily: nobody has been told */
	uint8_t restarted;  /* it was ended so that it can run again */
	uint8_t named;      /* wanted by itself, not only as something that others need */
	uint8_t left;       /* nobody needs it any more */
	uint32_t asked_in;  /* when its callbacks were asked again: watch->tries */
	char *plight;       /* why it cannot start: what it needs cannot be said; NULL: it can */
	struct texts *said; /* what callbacks said that it reads; NULL: they are asked */
};

/* A variable of all commands, which the file or a dotenv file says. */
struct variable {
	char *name;
	struct text text; /* NAME=value, one word */
	char *where;      /* the file that says it */
	int origin;       /* an enum dotenv_origin */
};

struct loaded; /* of load.h */

/* What runs commands that print names. */
struct asker {
	_Atomic(struct ord_pool *)
		pool;                /* NULL: nothing was asked yet; a signal handler looks at it */
	const struct ord_proc *proc; /* for which it is asked; NULL: choices */
};

/* A name with a value: a param; a lock, whose number is its place. */
struct named {
	char *name;
	char *value;
};

struct ord_graph {
	struct ord_graph_options options;
	struct ord_pool_options pool_options;
	char *separator;
	struct error error;
	char *log_directory; /* NULL: no logs */
	struct logs logs;
	char *alive; /* a byte that a fork wipes */
	struct schedule schedule;
	struct ord_proc **procs; /* by node */
	uint32_t procs_capacity;
	struct table by_name; /* procs */
	struct index protos;  /* definitions with placeholders */
	struct index rdeps;   /* of RDEP_TARGET */
	struct definition *first, *last;
	struct named *locks; /* n of the schedule */
	uint32_t locks_capacity;
	struct named *params;
	uint32_t n_params, params_capacity;
	struct variable
		*variables; /* of the files; what the process environment has is not among them */
	uint32_t n_variables;
	struct loaded *loaded; /* files that are still needed; see load.h */
	struct asker asker;
	struct numbers found; /* procs of a name */
	struct buffer text;   /* for the length of a call */
	_Atomic(struct ord_pool *)
		pool; /* NULL: nothing has started yet; a signal handler looks at it */
	struct ord_proc *running[GRAPH_BUCKETS]; /* procs that have a task, by its sequence */
	struct numbers paused;                   /* procs between two attempts */
	struct waiting *waitings;                /* procs that wait for others */
	struct waiting *back;                    /* of them, those that go on when a slot is free */
	struct waiting **last_back;              /* where the next one of them goes */
	struct poll poll;                        /* descriptors beside the pool's */
	struct gate gate;                        /* what holds starts back beside the schedule */
	struct watch *watch;                     /* NULL: files are not watched */
	char *warnings;                          /* sentences, a line each; NULL: none */
	uint32_t n_lock_waits;                   /* of them, for locks */
	uint32_t n_inputs;                       /* of them, for a person */
	uint32_t n_commands_waiting;             /* commands that have given their slot back */
	uint64_t last_input;                     /* number of the last question to a person */
	struct socket *socket;                   /* of commands; NULL: none */
	uint32_t n_functions;                    /* definitions with one */
	uint32_t n_tasks;                        /* definitions that need a pool */
	int with_functions;                      /* the pool has workers */
	int ended;                               /* the pool ended with this error */
	int callbacks;                           /* depth */
	int asking;                              /* names are asked for */
	int giving;                              /* run_give goes on */
	uint64_t suspended_ns;                   /* since when nothing moves; 0: it does */
	int destroy;                             /* when the callbacks have returned */
	struct history *history;                 /* NULL: nothing is remembered */
	struct files files;                      /* of this pass */
	struct increment *spare;                 /* those that are not in use */
	struct table claims;                     /* who makes which file */
	struct claim *first_claim;               /* all of them */
	int warned, write_failed;                /* of the history; that it could not write */
	char *database;                          /* as in the options, or a file's */
	char *default_database;                  /* as in the options */
	char **ignore;                           /* the same */
	uint64_t unreal;                         /* versions that a dry run has given */
	uint64_t median_ns;                      /* how long procs take, of those that are known */
	struct texts forced;                     /* patterns of procs that are to run */
	int medians;                             /* they are known */
	int touching;                            /* what would run is recorded as if it had */
	int start_fault;                         /* the pool did not start */
	uint32_t acts; /* how often changes of files were acted upon: choices are asked anew */
	atomic_int interrupts;
	atomic_int interrupting; /* threads that are about to interrupt the pools */
};

/* --- registry.c --- */

/* The number of a lock, made with one unit if it is new; SCHEDULE_NONE without memory. */
uint32_t registry_lock(void *graph, const char *name, size_t size);

/* Take a definition over; one without placeholders becomes a proc.  On failure it is not taken. */
int registry_add(struct ord_graph *graph, struct definition *definition, struct ord_proc **proc);

/* Whether registry_add would take it, unless memory or a callback fails. */
int registry_check(struct ord_graph *graph, const struct definition *definition);

/* Append the procs of a name to graph->found, making those that are not there; ORD_EINVAL if there are none. */
int registry_find(struct ord_graph *graph, const char *name);

/* The choices of an arg, asked for if they were not yet. */
int registry_choices(struct ord_graph *graph, const struct definition *definition, struct arg *arg);

/* The declarer of an rdep for a target that its pattern matches with these values. */
int registry_declarer(struct ord_graph *graph, const struct rdep *rdep, const struct span *values,
	struct ord_proc **proc);

/* Of which definition a proc of this name is or would be; NULL: of none, or of more than one. */
struct definition *registry_definition(struct ord_graph *graph, struct span name);

struct ord_proc *registry_proc(const struct ord_graph *graph, struct span name);

/* The value of [param.NAME]; a pattern_value_fn whose user is the graph. */
const char *param_value(void *graph, struct span placeholder);

/* The value of an arg or a param for a proc; a pattern_value_fn whose user is the proc. */
const char *proc_value(void *proc, struct span placeholder);

const struct named *graph_param(const struct ord_graph *graph, struct span name);

/* --- plan.c --- */

/* Want the procs in graph->found from `from` on, and all that they need; all or none.  graph->found is cut to `from`. */
int plan_want(struct ord_graph *graph, uint32_t from);

/* --- plan_again.c --- */

/*
 * In the middle of a commit: ask those that are wanted again what they need
 * and read.  0, or a status with graph->error, or PLAN_ANEW: somebody is to
 * fail, and all of the commit has to begin anew.
 */
int plan_again(struct ord_graph *graph);

/* The commit was refused: as above. */
int plan_again_fault(struct ord_graph *graph, int fault);

#define PLAN_ANEW 1

/* What nobody needs any more, since deps were asked for again, is idle. */
void plan_let_go(struct ord_graph *graph);

/* --- plan.c --- */

/* As a sentence: what the schedule refused. */
int plan_fault(struct ord_graph *graph, int fault);

/* --- submit.c: what the pool is given; as the pool's submit, and 1 with *missing: a placeholder has no value --- */

int submit_function(struct ord_graph *graph, struct ord_proc *proc);
int submit_command(struct ord_graph *graph, struct ord_proc *proc, struct span *missing);

#define SUBMIT_FIXED 2 /* variables that stand first, before those of the files */

/* Append what every command finds in its environment, *count words more; proc NULL: nothing of a proc.  As text_fill. */
int submit_environment(struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to,
	uint32_t *count, struct span *missing);

/* The words that begin at `offset` of the text, as an array that ends with NULL; the place behind that. */
const char **submit_point_at(
	const char **words, const struct buffer *text, size_t *offset, uint32_t count);

/* --- load.c, names.c --- */

/* It, and those behind it. */
void loaded_free(struct loaded *loaded);

/* Run a command that prints names; an ord_names_fn whose user is a struct names. */
int names_ask(const struct ord_proc *proc, const char *const **names, void *user);
void asker_finish(struct ord_graph *graph);

/* --- verdict.c --- */

/* What a result means: takes over what it says; NODE_DONE, NODE_FAILED, or NODE_PAUSED: try again. */
int verdict_take(struct ord_proc *proc, const struct ord_result *result);

/* A proc ends without a result, with a cause and a sentence. */
void verdict_set(struct ord_proc *proc, int cause, const char *why);

/* Forget how it ended. */
void verdict_clear(struct ord_proc *proc);

/* How long to wait before the attempt that comes next. */
uint64_t verdict_delay_ns(const struct ord_proc *proc);

/* --- settle.c --- */

/* Tell the ends of those that ended without having run. */
void run_take_settled(struct ord_graph *graph);

void run_tell_end(struct ord_graph *graph, struct ord_proc *proc);

/* It was wanted lazily, and now it is certain. */
void run_say_wanted(struct ord_graph *graph, struct ord_proc *proc);

/* Whether those that need it are to look at it, now that it has ended. */
int run_has_news(const struct ord_graph *graph, struct ord_proc *proc);

/* --- run.c --- */

void run_give(struct ord_graph *graph);

/* Forget an interrupt, or the end of the pool.  Only when nothing is unfinished. */
void run_begin_anew(struct ord_graph *graph);

/* One step, for so long. */
int run_move(struct ord_graph *graph, int timeout_ms);

/* After an interrupt: what runs ends in its own time, or is killed by the second one. */
int run_to_end(struct ord_graph *graph);
void run_tell(struct ord_graph *graph, int kind, const struct ord_proc *proc);

/* --- signals.c --- */

/* What runs is to end: by its stop signal, at last by SIGKILL. */
void signals_cancel(struct ord_graph *graph);

/* Whether a call that waits for ever is to return instead, as the graph is suspended; the sentence is the graph's. */
int signals_hold(struct ord_graph *graph, int timeout_ms);

/* When the next pause ends, by CLOCK_MONOTONIC; UINT64_MAX: none does, or the graph is suspended. */
uint64_t signals_due_ns(const struct ord_graph *graph);

/* --- graph.c --- */

/* Any call: the graph is there; one that changes it: and no names are asked for; one that waits: and no callback runs. */
int graph_check(const struct ord_graph *graph);
int graph_may_change(struct ord_graph *graph);
int graph_enter(struct ord_graph *graph);
int graph_leave(struct ord_graph *graph, int status);

void graph_free(struct ord_graph *graph);

/* All procs as before they were wanted; nothing is unfinished. */
void graph_reset(struct ord_graph *graph);

/* What the user should know: a sentence more.  Without memory it is lost. */
void graph_warn(struct ord_graph *graph, const char *sentence);

#endif
