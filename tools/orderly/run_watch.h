/* `orderly run --watch`: what it says, and the keys that it knows. */
#ifndef TOOL_RUN_WATCH_H
#define TOOL_RUN_WATCH_H

struct run;

/* After the names are wanted.  0, or an exit status after a complaint. */
int run_watch_begin(struct run *run);

/* An event of the graph. */
void run_watch_event(struct run *run, int kind);

/* Where lines with keys come from, to be polled; -1: from nowhere. */
int run_watch_fd(const struct run *run);

/* There is something. */
void run_watch_read(struct run *run);

#endif
