/*
 * Standard input has commands, a line each: r, run again what is watched, and
 * q, leave.  It is read only while this process is in the foreground, as one
 * in the background would be stopped by that.
 */
#include "run_watch.h"

#include <unistd.h>

#include "complain.h"
#include "run.h"
#include "run_state.h"

static bool
may_read(void)
{
	return isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

int
run_watch_begin(struct run *run)
{
	if (ord_graph_watch_start(run->graph) == 0) {
		run->keys = true;
		return 0;
	}
	complain("%s", ord_graph_error(run->graph));
	return RUN_TROUBLE;
}

void
run_watch_event(struct run *run, int kind)
{
	uint32_t watched = ord_graph_watched(run->graph);
	struct text line = { 0 };

	if (run->quiet)
		return;
	if (kind == ORD_GRAPH_EVENT_CHANGED) {
		text_add_string(&line, "files have changed");
	} else {
		text_add_string(&line, "watching ");
		text_add_number(&line, watched);
		text_add_string(&line, watched == 1 ? " place" : " places");
		if (run->keys && may_read() && isatty(STDIN_FILENO) != 0)
			text_add_string(&line, "; r and Enter: run again, q and Enter: leave");
	}
	show_line(run, NULL, &line);
	text_finish(&line);
	run->moved = true;
}

int
run_watch_fd(const struct run *run)
{
	return run->keys && may_read() && !show_is_lent(run) ? STDIN_FILENO : -1;
}

void
run_watch_read(struct run *run)
{
	char bytes[256];
	ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
	ssize_t i;

	if (size <= 0)
		run->keys = false;
	for (i = 0; i < size; i++) {
		if (bytes[i] == 'r' && ord_graph_again(run->graph, NULL) != 0)
			complain("%s", ord_graph_error(run->graph));
		if (bytes[i] == 'q')
			(void)ord_graph_interrupt(run->graph);
	}
}
