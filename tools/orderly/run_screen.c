/*
 * The rows at the bottom of a terminal: a head, then the procs that run
 * longest, each with a bar and its last line.  There is no alternate screen
 * and no hidden cursor, so nothing has to be put back however the program
 * ends.  Without a terminal: a word when nothing was told for long.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "display.h"
#include "expected.h"
#include "run_state.h"
#include "terminal.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)
#define LOOK_MS 500 /* whether a question may be shown by now: nobody tells that we are in the foreground */
#define DRAW_EVERY (100 * MS) /* at most */
#define TICK_EVERY (250 * MS) /* while something runs: its times */
#define SILENCE_FIRST (10 * SECOND)
#define SILENCE_MOST (640 * SECOND)
#define ROWS_MAX 12 /* procs that are shown */

void
screen_numbers(struct run *run, struct run_numbers *numbers, uint64_t now_ns)
{
	const struct run_counts *counts = &run->counts;

	*numbers = (struct run_numbers){ .finished = counts->ended,
		.total = counts->wanted,
		.started = counts->started,
		.running = run->items.n_running,
		.failed = counts->failed,
		.elapsed_ns = now_ns - run->begun_ns,
		.rate = estimate_rate(&run->estimate) };
	/* It looks at all procs, and is asked for with each line. */
	if (run->rested_ns == 0 || now_ns - run->rested_ns >= DRAW_EVERY) {
		run->rest_ns = rest_of(run, now_ns);
		run->rested_ns = now_ns;
	}
	numbers->rest_ns = run->rest_ns;
}

/* --- the terminal --- */

static void
add_head(struct run *run, uint64_t now_ns, size_t columns, struct text *out)
{
	struct run_numbers numbers;
	struct text head = { 0 };
	char time[32];

	screen_numbers(run, &numbers, now_ns);
	if (run->options->status != NULL) {
		run_status_fill(&head, run->options->status, &numbers);
	} else {
		run_status_fill(&head, "[%f/%t] ", &numbers);
		if (numbers.failed > 0)
			run_status_fill(&head, "%F failed  ", &numbers);
		run_status_fill(&head, "%r running  ", &numbers);
		display_time(time, sizeof time, numbers.elapsed_ns);
		text_add_string(&head, time);
		if (numbers.rest_ns != ESTIMATE_UNKNOWN)
			run_status_fill(&head, ", %W left", &numbers);
	}
	if (numbers.failed > 0)
		show_color(run, out, "31");
	columns_cut(out, head.bytes, head.size, columns);
	if (numbers.failed > 0)
		show_color(run, out, "0");
	text_finish(&head);
}

static void
add_blanks(struct text *out, size_t n)
{
	while (n-- > 0)
		text_add_byte(out, ' ');
}

static void
add_proc(struct run *run, const struct item *item, size_t name_columns, size_t columns,
	struct text *out)
{
	const char *name = ord_proc_name(item->proc);
	uint64_t elapsed = terminal_now_ns() - item->begun_ns;
	uint64_t expected = ord_proc_expected_ns(item->proc);
	struct text cut = { 0 }, rest = { 0 }, duration = { 0 };
	size_t used;

	used = columns_cut(
		&cut, name, strlen(name), name_columns < columns ? name_columns : columns);
	show_link(run, out, item, &cut);
	if (used < name_columns)
		add_blanks(&rest, name_columns - used);
	show_duration(&duration, elapsed);
	add_blanks(&rest, duration.size < 7 ? 8 - duration.size : 1);
	text_add(&rest, duration.bytes, duration.size);
	if (expected != 0 && columns >= 40) {
		text_add_string(&rest, "  ");
		expected_bar(&rest, elapsed, expected);
	}
	if (item->last.size != 0) {
		text_add_string(&rest, "  ");
		text_add(&rest, item->last.bytes, item->last.size);
	}
	columns_cut(out, rest.bytes, rest.size, columns - used);
	text_finish(&cut);
	text_finish(&rest);
	text_finish(&duration);
}

/* The widest name that is shown, but no more than 2/5 of a row. */
static size_t
name_columns_of(const struct run *run, size_t rows, size_t columns)
{
	const struct item *item;
	size_t most = columns * 2 / 5, widest = 0, width;

	for (item = run->items.oldest; item != NULL && rows-- > 0; item = item->behind) {
		width = columns_width(ord_proc_name(item->proc), strlen(ord_proc_name(item->proc)));
		if (width > widest)
			widest = width;
	}
	if (columns < 20)
		return columns;
	return widest < most ? widest : most;
}

static void
draw(struct run *run, uint64_t now_ns)
{
	size_t columns = terminal_columns(STDERR_FILENO), rows = terminal_rows(STDERR_FILENO), shown, name_columns;
	const struct item *item = run->items.oldest;
	struct text out = { 0 };
	char more[64];

	columns = columns > 1 ? columns - 1 : 1; /* a full row would break */
	shown = rows / 2 > 1 ? rows / 2 - 1 : 0;
	if (shown > ROWS_MAX)
		shown = ROWS_MAX;
	add_head(run, now_ns, columns, &out);
	name_columns = name_columns_of(run, shown, columns);
	if (run->items.n_running > shown && shown > 1)
		shown--; /* for the last row */
	for (; item != NULL && shown > 0; item = item->behind, shown--) {
		text_add_byte(&out, '\n');
		add_proc(run, item, name_columns, columns, &out);
	}
	if (item != NULL && rows > 3) {
		uint64_t left = 0;

		for (; item != NULL; item = item->behind)
			left++;
		snprintf(more, sizeof more, "… and %llu more", (unsigned long long)left);
		text_add_byte(&out, '\n');
		columns_cut(&out, more, strlen(more), columns);
	}
	text_add_byte(&out, '\0');
	printer_status(&run->printer, out.bytes);
	text_finish(&out);
}

/* There a shell has the terminal, and what it writes would stand among our rows. */
static bool
is_background(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group > 0 && group != getpgrp();
}

/* Nothing runs, and nothing will before files change: there is nothing to draw then, and nothing to wake up for. */
static bool
is_idle(const struct run *run)
{
	return run->options->watch && run->items.n_running == 0 &&
		run->counts.ended == run->counts.wanted;
}

void
screen_wipe(struct run *run)
{
	printer_status(&run->printer, NULL);
	run->drawn_ns = 0;
}

static int
draw_if_due(struct run *run, uint64_t now_ns)
{
	uint64_t every = run->moved ? DRAW_EVERY : TICK_EVERY, passed = now_ns - run->drawn_ns;

	if (is_idle(run)) {
		if (run->drawn_ns != 0)
			screen_wipe(run);
		printer_flush(&run->printer);
		return -1;
	}
	if (passed < every)
		return (int)((every - passed) / MS) + 1;
	if (is_background())
		return (int)(TICK_EVERY / MS);
	estimate_look(&run->estimate, now_ns, run->counts.ends);
	run->drawn_ns = now_ns;
	run->moved = false;
	draw(run, now_ns);
	return (int)(TICK_EVERY / MS);
}

/* --- no terminal --- */

static void
say_still(struct run *run, uint64_t now_ns)
{
	const struct item *item = run->items.oldest;
	struct text line = { 0 };

	text_add_string(&line, "still running: ");
	text_add_string(&line, ord_proc_name(item->proc));
	text_add_string(&line, " (");
	show_duration(&line, now_ns - item->begun_ns);
	text_add_byte(&line, ')');
	if (run->items.n_running > 1) {
		text_add_string(&line, ", +");
		text_add_number(&line, run->items.n_running - 1);
	}
	show_line(run, NULL, &line);
	text_finish(&line);
}

/* Each time twice as long as before, until something else is told. */
static int
step_plain(struct run *run, uint64_t now_ns)
{
	if (run->told_ns == 0) {
		run->told_ns = now_ns;
		run->silence_ns = SILENCE_FIRST;
	}
	if (run->quiet || run->items.oldest == NULL)
		return -1;
	if (now_ns - run->told_ns >= run->silence_ns) {
		uint64_t next = 2 * run->silence_ns;

		say_still(run, now_ns);
		run->told_ns = now_ns;
		run->silence_ns = next < SILENCE_MOST ? next : SILENCE_MOST;
	}
	printer_flush(&run->printer);
	return (int)((run->silence_ns - (now_ns - run->told_ns)) / MS) + 1;
}

int
screen_step(struct run *run)
{
	uint64_t now_ns = terminal_now_ns();
	int wait;

	/* While somebody is asked, or has the terminal, nothing is drawn. */
	if (show_is_lent(run) || run_input_show(run))
		return -1;
	wait = run->screen ? draw_if_due(run, now_ns) : step_plain(run, now_ns);
	if (!run->screen)
		printer_flush(&run->printer);
	return run->input.first != NULL && (wait < 0 || wait > LOOK_MS) ? LOOK_MS : wait;
}
