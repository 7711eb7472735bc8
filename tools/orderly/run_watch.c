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

/* What still stands. */
static void
add_failures(const struct run *run, struct text *line)
{
	if (run->counts.failed + run->counts.canceled == 0)
		return;
	text_add_string(line, ", ");
	text_add_number(line, run->counts.failed);
	text_add_string(line, " failed");
	if (run->counts.canceled == 0)
		return;
	text_add_string(line, ", ");
	text_add_number(line, run->counts.canceled);
	text_add_string(line, " canceled");
}

/* What runs ends in its own time; once more: it is ended; and once more: it is killed. */
static void
leave(struct run *run)
{
	struct text line = { 0 };

	if (run->quits++ == 1)
		(void)ord_graph_cancel(run->graph, NULL);
	else
		(void)ord_graph_interrupt(run->graph);
	if (run->items.n_running == 0 || run->quits > 1)
		return;
	text_add_string(&line, "leaving: nothing more is begun, waiting for ");
	text_add_number(&line, run->items.n_running);
	text_add_string(&line, "; q once more ends them");
	show_line(run, NULL, &line);
	text_finish(&line);
}

void
run_watch_event(struct run *run, int kind)
{
	uint32_t watched = ord_graph_watched(run->graph);
	struct text line = { 0 };

	if (run->quiet)
		return;
	if (kind == ORD_GRAPH_EVENT_CHANGED) {
		text_add_string(&line, run->asked ? "again" : "files have changed");
		run->asked = false;
	} else {
		text_add_string(&line, "watching ");
		text_add_number(&line, watched);
		text_add_string(&line, watched == 1 ? " place" : " places");
		add_failures(run, &line);
		if (!run->hinted && run->keys && may_read() && isatty(STDIN_FILENO) != 0)
			text_add_string(&line, "; r and Enter: run again, q and Enter: leave");
		run->hinted = true;
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

/* A line of more than its letter means nothing. */
static void
take_line(struct run *run)
{
	if (run->n_keys != 1)
		return;
	run->asked |= run->key == 'r';
	if (run->key == 'r' && ord_graph_again(run->graph, NULL) != 0)
		complain("%s", ord_graph_error(run->graph));
	if (run->key == 'q')
		leave(run);
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
		if (bytes[i] != '\n') {
			run->key = bytes[i];
			run->n_keys += run->n_keys < 2;
			continue;
		}
		take_line(run);
		run->n_keys = 0;
	}
}
