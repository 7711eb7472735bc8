/* Signals of the command: Ctrl-C once drains, twice kills, or goes up a ladder; Ctrl-Z stops commands, too. */
#ifndef TOOL_SIGNALS_H
#define TOOL_SIGNALS_H

#include <stdbool.h>

/* What signals are for: a pool or a graph.  interrupt is called from a handler. */
struct signals_target {
	void (*interrupt)(void *what);
	void (*suspend)(void *what);
	void (*resume)(void *what);
	void *what;
	int most; /* how many of them interrupt; the next one ends the process */
	/*
	 * Instead of .most: each signal is a rung, and SIGTERM and SIGHUP begin at
	 * the second one.  interrupt is called for the first signal and for
	 * SIGNALS_KILL, and signals_fd is readable; the rest is for who polls.
	 */
	bool ladder;
};

/* signals_rung: how far up the ladder. */
#define SIGNALS_INTERRUPT 1
#define SIGNALS_TERMINATE 2
#define SIGNALS_KILL 3

/*
 * From now on SIGINT, SIGTERM and SIGHUP interrupt the target (those that were
 * not ignored when the program started), and writing to a closed pipe is an
 * error instead of a death.  SIGTSTP is only noted.  The target must live until
 * signals_release.
 */
void signals_take(const struct signals_target *target);

/* Readable when SIGTSTP came, or a rung; -1: none is taken. */
int signals_fd(void);

/*
 * If SIGTSTP came: suspend the target, stop, and go on with it when this process
 * goes on.  Also from callbacks, and where a write was interrupted.
 */
void signals_stop_if_wanted(void);

/* Whether it would: what is live on the terminal should be wiped before. */
bool signals_stop_is_wanted(void);

/* Before the target is destroyed: they only count from now on. */
void signals_release(void);

/*
 * From now on SIGUSR1 is a question, for who answers: for others it stays what it
 * is.  What the pool starts is there already, so that it does not inherit that.
 */
void signals_take_questions(void);

/*
 * A descriptor that is readable when somebody has sent SIGUSR1 and wants to know
 * how things stand; -1: there is none.  signals_asked reads it.
 */
int signals_report_fd(void);

/* Has it been asked since the last call? */
bool signals_asked(void);

/* How many of them came. */
int signals_count(void);

/* The rung of a ladder; 0: no signal came.  signals_climbed is for who polls. */
int signals_rung(void);
int signals_climbed(void);

/* Whether the first of them came from the terminal, so that all in the foreground have got it. */
bool signals_typed(void);

/* End the process as the first of them would have; returns if none came. */
void signals_die(void);

/* End the process as writing to a closed pipe would have. */
_Noreturn void signals_die_of_pipe(void);

/*
 * Called first.  0, 1 and 2 are open from then on, so that no other file gets
 * their numbers, and a file that may not be longer is an error instead of a death.
 */
void signals_begin(void);

/* Wait until a descriptor takes bytes, or a signal comes. */
void signals_wait_writable(int fd);

#endif
