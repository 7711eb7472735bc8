/* A run: what its parts share. */
#ifndef TOOL_RUN_STATE_H
#define TOOL_RUN_STATE_H

#include <orderly/graph.h>

#include "estimate.h"
#include "printer.h"
#include "run_events.h"
#include "run_input.h"
#include "run_items.h"
#include "run_options.h"
#include "run_status.h"
#include "run_trace.h"

/* How the procs that were wanted ended. */
struct run_counts {
	uint64_t wanted, ended; /* procs, each once, by their last end */
	uint64_t ends;          /* all ends */
	uint64_t started;
	uint64_t succeeded, skipped, up_to_date, failed, canceled;
	uint64_t interrupted; /* failed because we ended them */
	uint64_t stopped;     /* were not begun any more */
};

struct run {
	const struct run_options *options;
	struct ord_graph *graph;
	struct printer printer;
	struct items items;
	struct run_counts counts;
	struct run_events events;
	struct run_trace trace;
	struct run_input input;
	struct estimate estimate;
	struct item *console; /* whose output is printed as it comes; NULL: nobody's */
	struct item *last;    /* whose end or output was printed last */
	bool together;        /* stdout and stderr are the same file */
	struct text held;     /* what waits for the console to be free: see run_show.c */
	struct text line;     /* being made */
	bool screen;          /* stderr is a terminal on which the running procs are shown */
	bool colors;          /* what we say has colours */
	bool links;           /* names are links to logs */
	struct text directory; /* where paths of logs count from; empty: not asked for yet */
	bool away;            /* that is not where the command was called */
	uint64_t n_folds;
	bool quiet;           /* only failures are told */
	bool trouble;         /* something of ours failed */
	bool asked;           /* to run again, by a person */
	int n_keys;           /* bytes of the line of standard input that has begun; 2: more than one */
	char key;             /* the last of them */
	uint32_t quits;       /* how often somebody wanted to leave */
	bool hinted;          /* which keys there are was told */
	bool keys;            /* lines of standard input are commands, while files are watched */
	int logs_fd;          /* inotify, of the directory of logs; 0: not yet */
	bool logs_behind;     /* there is more in one of them than was read */
	bool follows;         /* a proc runs whose lines are shown as they come */
	size_t warned;        /* bytes of the graph's warnings that were told */
	uint32_t jobs;
	uint64_t begun_ns;
	uint64_t plans;      /* how often ways were looked for */
	bool replan;         /* something became wanted since */
	uint64_t rest_ns;    /* what is left, as it was estimated last, */
	uint64_t rested_ns;  /* which was then */
	uint64_t drawn_ns;   /* the screen */
	uint64_t halted_ns;  /* when Ctrl-Z came last */
	int rung;            /* of the ladder of signals that was acted upon */
	bool moved;          /* something may have changed on it */
	uint64_t told_ns;    /* when something was printed last */
	uint64_t silence_ns; /* so much of it is broken by a word */
};

/* run_show.c: lines and output. */
void show_started(struct run *run, struct item *item);
void show_said(struct run *run, struct item *item, const struct ord_message *message);
void show_ended(struct run *run, struct item *item, bool again);

/* Why it runs: once, before it does. */
void show_reasons(struct run *run, struct item *item);

/* It did not run: it is up to date, or nothing is run at all. */
void show_unrun(struct run *run, struct item *item);

/* What a person should know, though nothing has failed. */
void show_warning(struct run *run, const char *warning, size_t size);

/* Print what had to wait for a question to be answered. */
void show_held(struct run *run);

/* A line for people, about a proc or (NULL) none; what %f and so on are is put in front. */
void show_line(struct run *run, struct item *item, const struct text *line);

/* Append how a proc ended: "exit code 2", "signal 9, killed". */
void show_reason(struct text *out, const struct ord_proc *proc);

/* Append "3.2 s" or "2:03". */
void show_duration(struct text *out, uint64_t ns);

/* Switch a colour on, if there are any: "31" is red; "0" off. */
void show_color(const struct run *run, struct text *out, const char *code);

/* Append its name, or what is left of it, as a link to its log if there are links. */
void show_link(struct run *run, struct text *out, const struct item *item, const struct text *name);

/* The path of its log, as who called the command finds it. */
void show_log(struct run *run, struct text *out, const struct item *item);
void show_name(struct run *run, struct text *out, const struct item *item);

/* Whether a proc has the terminal: then nothing is shown, and nobody is asked. */
bool show_is_lent(const struct run *run);

/* What it said goes on. */
void show_bytes(struct run *run, struct item *item, const char *bytes, size_t size);

/* What it said in its log goes on, if it is to be seen at once. */
void show_logged(struct run *run, struct item *item);

/* run_logs.c: what commands say, from their logs. */

/* Takes what was not printed of its log yet, in pieces. */
void run_logs_each(struct run *run, struct item *item,
	void (*take)(struct run *run, struct item *item, const char *bytes, size_t size));

/* It has begun: from now on run_logs_fd tells when there is more. */
void run_logs_begin(struct run *run, struct item *item);

/* It has ended: all that is left. */
void run_logs_read(struct run *run, struct item *item);
int run_logs_fd(const struct run *run);

/* A piece of each that runs. */
void run_logs_step(struct run *run);

/* run_rest.c: how long the rest takes, or ESTIMATE_UNKNOWN. */
uint64_t rest_of(struct run *run, uint64_t now_ns);

/* run_screen.c: what is live. */
void screen_numbers(struct run *run, struct run_numbers *numbers, uint64_t now_ns);

/* Draw what is due; returns how long the loop may wait, in milliseconds, -1 for ever. */
int screen_step(struct run *run);

void screen_wipe(struct run *run);

/* run_signals.c: Ctrl-C and Ctrl-Z. */
struct signals_target;
void run_signals_target(struct run *run, struct signals_target *target);
void run_signals_heed(struct run *run);

/* Whether a failure of this cause is what signals brought about that came to us. */
bool run_signals_explain(int cause);

/* run_summary.c: the last word; returns the exit status. */
int summary_show(struct run *run);

/* run_names.c: what is to run.  0, or an exit status after a complaint. */
int names_start(struct run *run);
void names_list(struct run *run);

#endif
