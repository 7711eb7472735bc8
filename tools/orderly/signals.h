/* Signals of the command: Ctrl-C once drains, twice kills; Ctrl-Z stops commands, too. */
#ifndef TOOL_SIGNALS_H
#define TOOL_SIGNALS_H

#include <stdbool.h>

#include <orderly/orderly.h>

/*
 * From now on SIGINT, SIGTERM and SIGHUP interrupt the pool (those that were
 * not ignored when the program started), and writing to a closed pipe is an
 * error instead of a death.  SIGTSTP is only noted.
 */
void signals_take(struct ord_pool *pool);

/* Readable when SIGTSTP came; -1: it is not taken. */
int signals_fd(void);

/*
 * If SIGTSTP came: suspend the pool, stop, and go on with it when this process
 * goes on.  Also from callbacks, and where a write was interrupted.
 */
void signals_stop_if_wanted(void);

/* Before the pool is destroyed: they only count from now on. */
void signals_release(void);

/*
 * A descriptor that is readable when somebody has sent SIGUSR1 and wants to know
 * how things stand; -1: there is none.  signals_asked reads it.
 */
int signals_report_fd(void);

/* Has it been asked since the last call? */
bool signals_asked(void);

/* How many of them came. */
int signals_count(void);

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
