/*
 * The flow of `orderly run`: load the graph, want what was named, move until
 * nothing is wanted any more, and tell what happens: callbacks of the graph
 * count and call show_…, the loop draws.  One poll(2) waits for the graph and
 * for what a terminal does.
 */
#include "run.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "complain.h"
#include "graph_file.h"
#include "machine.h"
#include "run_state.h"
#include "run_watch.h"
#include "signals.h"
#include "terminal.h"

/* --- what the graph tells --- */

/* Each proc counts once, with its last end: what has failed and was mended has not failed. */
static void
count_again(struct run *run, struct item *item)
{
	if (item->counted == NULL)
		return;
	--*item->counted;
	item->counted = NULL;
	run->counts.ended--;
	run->counts.wanted--;
}

/* NULL: it is idle, as nothing needs it any more. */
static uint64_t *
counter_of(struct run *run, struct item *item)
{
	struct run_counts *counts = &run->counts;
	int cause = ord_proc_cause(item->proc);

	switch (ord_proc_state(item->proc)) {
	case ORD_PROC_SUCCEEDED: return &counts->succeeded;
	case ORD_PROC_SKIPPED: return &counts->skipped;
	case ORD_PROC_UP_TO_DATE: return &counts->up_to_date;
	case ORD_PROC_FAILED_DEP: return &counts->canceled;
	case ORD_PROC_FAILED:
		item->interrupted = cause == ORD_CAUSE_STOPPED || run_signals_explain(cause);
		return item->interrupted ? &counts->interrupted : &counts->failed;
	default: return cause == ORD_CAUSE_STOPPED ? &counts->stopped : NULL;
	}
}

static void
count_end(struct run *run, struct item *item)
{
	uint64_t *counter = counter_of(run, item);

	count_again(run, item);
	/* An end that was not wanted: of what was idle, or had ended before. */
	run->counts.wanted += !item->wanted;
	item->wanted = false;
	if (counter == NULL) {
		run->counts.wanted--;
		return;
	}
	item->counted = counter;
	++*counter;
	run->counts.ended++;
	run->counts.ends++;
}

static void
end_attempt(struct run *run, struct item *item, bool again)
{
	bool ran = item->slot != ORD_NONE;

	item->interrupted = false; /* an end before this one may have been */
	if (ran)
		run_logs_read(run, item);
	items_end(&run->items, item, terminal_now_ns());
	if (ran)
		estimate_task(&run->estimate, item->took_ns);
	if (!again)
		count_end(run, item);
	if (ran)
		run_trace_ended(run, item);
	else
		run_trace_group(run, item);
	if (ran || ord_proc_state(item->proc) == ORD_PROC_FAILED)
		show_ended(run, item, again);
	else if (ord_proc_state(item->proc) == ORD_PROC_UP_TO_DATE || run->options->dry_run)
		show_unrun(run, item);
	run->moved = true;
}

static void
on_event(int kind, const struct ord_proc *proc, void *user)
{
	struct run *run = user;
	struct item *item;

	if (proc == NULL) {
		run_watch_event(run, kind);
		return;
	}
	item = items_of(&run->items, proc);
	item->superseded = kind == ORD_PROC_EVENT_AGAIN;
	switch (kind) {
	case ORD_PROC_EVENT_WANTED:
		run->replan = true;
		count_again(run, item);
		run->counts.wanted += !item->wanted;
		item->wanted = true;
		break;
	case ORD_PROC_EVENT_STARTED:
		run->counts.started += !item->started;
		items_begin(&run->items, item, terminal_now_ns());
		run_logs_begin(run, item);
		run_trace_began(run, item);
		show_started(run, item);
		break;
	case ORD_PROC_EVENT_RETRIED:
	case ORD_PROC_EVENT_AGAIN: end_attempt(run, item, true); break;
	case ORD_PROC_EVENT_ENDED: end_attempt(run, item, false); break;
	default: break;
	}
	run_events_proc(run, item, kind);
}

static void
on_message(const struct ord_message *message, const struct ord_proc *proc, void *user)
{
	struct run *run = user;
	struct text line = { 0 };
	size_t size;
	const char *bytes;

	if (proc != NULL) {
		show_said(run, items_of(&run->items, proc), message);
		return;
	}
	bytes = ord_message_text(message, &size);
	text_add(&line, bytes, size);
	show_line(run, NULL, &line);
	text_finish(&line);
}

/* What the graph would have us know, a sentence a line; each once. */
static void
tell_warnings(struct run *run)
{
	const char *warnings = ord_graph_warning(run->graph);
	size_t size = strlen(warnings);

	while (run->warned < size) {
		size_t n = strcspn(warnings + run->warned, "\n");

		if (n > 0)
			show_warning(run, warnings + run->warned, n);
		run->warned += n + 1;
	}
}

/* --- moving --- */

static void
wait_for_something(struct run *run, int fd, int timeout_ms)
{
	struct pollfd fds[5] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = run_watch_fd(run), .events = POLLIN },
		{ .fd = run_input_fd(run), .events = POLLIN },
		{ .fd = run_logs_fd(run), .events = POLLIN },
	};

	if (poll(fds, 5, run->logs_behind ? 0 : timeout_ms) < 0)
		return;
	if (fds[4].revents != 0 || run->logs_behind ||
		(run->items.n_running > 0 && run->logs_fd == 0))
		run_logs_step(run);
	if (fds[3].revents != 0)
		run_input_read(run);
	else if ((fds[2].revents & (POLLIN | POLLHUP)) != 0)
		run_watch_read(run);
}

static void
loop(struct run *run)
{
	int fd = ord_graph_fd(run->graph), status;

	if (fd < 0) {
		complain("%s", ord_graph_error(run->graph));
		run->trouble = true;
		return;
	}
	for (;;) {
		run_signals_heed(run);
		status = ord_graph_step(run->graph, 0);
		if (status == ORD_EINTERRUPTED || run->printer.broken_pipe)
			return;
		if (status != 0) {
			screen_wipe(run);
			complain("%s", ord_graph_error(run->graph));
			run->trouble = true;
			return;
		}
		tell_warnings(run);
		if (run->counts.ended == run->counts.wanted && !run->options->watch)
			return;
		run_events_flush(run);
		wait_for_something(run, fd, screen_step(run));
	}
}

/* All has been told: in the summary, the events, the trace. */
static int
conclude(struct run *run)
{
	int status = summary_show(run);

	printer_flush(&run->printer);
	run_events_end(run, status);
	if (!run_events_close(&run->events))
		status = RUN_TROUBLE;
	if (!run_trace_close(run))
		status = RUN_TROUBLE;
	return status;
}

/* It has not come to a run. */
static void
close_files(struct run *run, int status)
{
	run_events_end(run, status);
	run_events_close(&run->events);
	run_trace_close(run);
	text_finish(&run->line);
}

/* Before the directory changes. */
static bool
open_files(struct run *run)
{
	const struct run_options *options = run->options;

	if (options->list)
		return true;
	if (options->trace != NULL && !run_trace_open(&run->trace, options->trace))
		return false;
	if (options->events != NULL && !run_events_open(&run->events, options->events))
		return false;
	run_events_begin(run);
	return true;
}

static int
run_graph(struct run *run)
{
	struct signals_target target;
	int status = names_start(run);

	if (status == 0 && run->options->watch)
		status = run_watch_begin(run);
	if (status != 0)
		return status;
	run_signals_target(run, &target);
	signals_take(&target);
	tell_warnings(run);
	loop(run);
	run_input_end(run);
	if (run->screen)
		screen_wipe(run);
	tell_warnings(run);
	status = conclude(run);
	signals_release();
	ord_graph_destroy(&run->graph);
	if (run->printer.broken_pipe)
		signals_die_of_pipe();
	if (run->printer.error != 0) {
		complain_errno(run->printer.error, "cannot write to standard output");
		status = RUN_TROUBLE;
	}
	signals_die();
	return run->printer.words_lost ? RUN_TROUBLE : status;
}

/* --- beginning --- */

static bool
is_same_file(int one, int other)
{
	struct stat a, b;

	return fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino;
}

static void
set_up(struct run *run)
{
	const struct run_options *options = run->options;
	bool can_wipe = terminal_can_wipe(STDERR_FILENO);

	printer_init(&run->printer, false, false);
	run->together = is_same_file(STDOUT_FILENO, STDERR_FILENO);
	run->quiet = options->output == ORD_MODE_QUIET;
	run->screen = can_wipe && !options->list;
	run->colors = options->color == COLOR_ALWAYS ||
		(options->color == COLOR_AUTO && can_wipe && terminal_setting("NO_COLOR") == NULL);
	run->links = options->links == COLOR_ALWAYS ||
		(options->links == COLOR_AUTO && can_wipe &&
			strcmp(terminal_setting("TERM"), "linux") != 0);
	run->jobs = options->jobs != 0 ? options->jobs : machine_processors();
	run->begun_ns = terminal_now_ns();
}

static int
set_params(struct run *run)
{
	const struct run_options *options = run->options;
	struct text name = { 0 };
	int status = 0;
	size_t i;

	for (i = 0; i < options->n_params && status == 0; i++) {
		const char *equals = strchr(options->params[i], '=');

		text_clear(&name);
		text_add(&name, options->params[i], (size_t)(equals - options->params[i]));
		text_add_byte(&name, '\0');
		status = ord_graph_set_param(run->graph, name.bytes, equals + 1);
	}
	text_finish(&name);
	if (status == 0)
		return 0;
	complain("%s", ord_graph_error(run->graph));
	return RUN_TROUBLE;
}

/* Who was started by make shares its tokens, unless told how many. */
static uint32_t
jobserver_of(const struct run_options *options)
{
	const char *flags = terminal_setting("MAKEFLAGS");

	if (options->jobserver != UINT32_MAX)
		return options->jobserver;
	return options->jobs == 0 && flags != NULL && strstr(flags, "--jobserver") != NULL
		? ORD_JOBSERVER_CLIENT
		: ORD_JOBSERVER_NONE;
}

/* Into the directory of the graph's file. */
static const char *
enter(struct run *run)
{
	struct stat before, after;
	int known = stat(".", &before) == 0;
	const char *file = graph_file_enter(run->options->directory, run->options->file);

	run->away = !known || stat(".", &after) != 0 || before.st_dev != after.st_dev || before.st_ino != after.st_ino;
	return file;
}

static int
load(struct run *run)
{
	const struct run_options *options = run->options;
	struct ord_graph_options graph_options = ORD_GRAPH_OPTIONS(.on_event = on_event,
		.on_event_user = run, .on_message = on_message, .on_message_user = run,
		.on_input = run_input_asked, .on_input_user = run, .with_socket = 1,
		.shuffle = options->shuffle, .parallel = options->jobs,
		.keep_going = options->keep_going, .fail_fast = options->fail_fast,
		.max_load = options->load, .jobserver = jobserver_of(options),
		.database = options->database, .default_database = GRAPH_DATABASE,
		.log_directory = GRAPH_LOGS, .dry_run = options->dry_run, .full = options->full,
		.color = options->color == COLOR_ALWAYS ? ORD_COLOR_FORCE : 0,
		.tell_processes = options->events != NULL);
	const char *file;
	int status = ord_graph_new(&run->graph, &graph_options);

	if (status != 0) {
		complain("cannot make a graph: %s", ord_strerror(status));
		return RUN_TROUBLE;
	}
	file = enter(run);
	if (file == NULL)
		return RUN_FILE;
	status = ord_graph_load(run->graph, file);
	if (status == 0)
		return set_params(run);
	complain("%s", ord_graph_error(run->graph));
	return status == ORD_ENOMEM ? RUN_TROUBLE : RUN_FILE;
}

int
run_main(int argc, char **argv)
{
	struct run_options options;
	struct run run = { .options = &options };
	int status;

	run_options_read(&options, argc, argv);
	set_up(&run);
	status = open_files(&run) ? load(&run) : RUN_TROUBLE;
	if (status == 0 && options.list)
		names_list(&run);
	else if (status == 0)
		status = run_graph(&run);
	ord_graph_destroy(&run.graph);
	close_files(&run, status);
	printer_finish(&run.printer);
	items_finish(&run.items);
	text_finish(&run.held);
	text_finish(&run.directory);
	run_options_finish(&options);
	return status;
}
