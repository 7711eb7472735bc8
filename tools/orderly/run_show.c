/*
 * Lines about procs go to stderr, what procs write to stdout.  At any moment
 * at most one proc has the console: its output is printed as it comes, and all
 * that would be printed about others waits in `held` until it gives it back.
 * Who has the mode stream waits for it; a proc of the mode group has it while
 * nothing else runs.  All other output is printed whole, at the end.  A proc
 * that has the terminal takes it at once: what it writes does not come by here.
 */
#define _GNU_SOURCE /* memrchr */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "folds.h"
#include "links.h"
#include "run_state.h"
#include "terminal.h"

#define TAIL_BYTES 16384 /* kept of what a proc said last */
#define LINE_MOST (1 << 20) /* more than that is printed before its newline has come */
#define LAST_BYTES 512   /* of its last line */

struct held_piece { /* in front of its bytes */
	size_t size;
	int fd;
};

/* --- words --- */

void
show_color(const struct run *run, struct text *out, const char *code)
{
	if (!run->colors)
		return;
	text_add_string(out, "\033[");
	text_add_string(out, code);
	text_add_byte(out, 'm');
}

void
show_duration(struct text *out, uint64_t ns)
{
	unsigned long long seconds = (ns + 500000000u) / 1000000000u;
	char text[48];

	if (seconds < 60)
		snprintf(text, sizeof text, seconds < 10 ? "%.1f s" : "%.0f s", (double)ns / 1e9);
	else if (seconds < 3600)
		snprintf(text, sizeof text, "%llu:%02llu", seconds / 60, seconds % 60);
	else
		snprintf(text, sizeof text, "%llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
			seconds % 60);
	text_add_string(out, text);
}

void
show_reason(struct text *out, const struct ord_proc *proc)
{
	char text[64];

	switch (ord_proc_cause(proc)) {
	case ORD_CAUSE_EXIT_CODE:
		snprintf(text, sizeof text, "exit code %d", ord_proc_exit_code(proc));
		text_add_string(out, text);
		break;
	case ORD_CAUSE_SIGNAL:
		snprintf(text, sizeof text, "signal %d, ", ord_proc_signal(proc));
		text_add_string(out, text);
		text_add_string(out, strsignal(ord_proc_signal(proc))); /* NOLINT: one thread */
		break;
	case ORD_CAUSE_TIMED_OUT: text_add_string(out, "timed out (124)"); break;
	default: text_add_string(out, ord_proc_error(proc));
	}
}

static void
find_directory(struct run *run)
{
	char path[PATH_MAX];

	if (run->directory.size == 0) {
		text_add_string(&run->directory, getcwd(path, sizeof path) != NULL ? path : "/");
		text_add_byte(&run->directory, '\0');
	}
}

void
show_link(struct run *run, struct text *out, const struct item *item, const struct text *name)
{
	const char *log = run->links ? ord_proc_log(item->proc) : NULL;
	char host[HOST_NAME_MAX + 1] = "";

	if (log != NULL) {
		find_directory(run);
		(void)gethostname(host, sizeof host - 1);
		links_begin(out, host, run->directory.bytes, log);
	}
	text_add(out, name->bytes, name->size);
	if (log != NULL)
		links_end(out);
}

void
show_log(struct run *run, struct text *out, const struct item *item)
{
	const char *log = ord_proc_log(item->proc);

	if (run->away && log[0] != '/') {
		find_directory(run);
		text_add(out, run->directory.bytes, run->directory.size - 1);
		text_add_byte(out, '/');
	}
	text_add_string(out, log);
}

void
show_name(struct run *run, struct text *out, const struct item *item)
{
	struct text name = { 0 };

	text_add_string(&name, ord_proc_name(item->proc));
	show_link(run, out, item, &name);
	text_finish(&name);
}

/* --- where it goes --- */

bool
show_is_lent(const struct run *run)
{
	return run->console != NULL && ord_proc_has_terminal(run->console->proc);
}

/* Prints something about a proc, or keeps it until the console is free and nobody is asked. */
static void
put(struct run *run, const struct item *item, int fd, const struct text *text)
{
	struct held_piece piece = { text->size, fd };

	run->moved = true;
	if (run->input.shown || (run->console != NULL && run->console != item && item != NULL)) {
		text_add(&run->held, &piece, sizeof piece);
		text_add(&run->held, text->bytes, text->size);
		return;
	}
	printer_put(&run->printer, fd, text->bytes, text->size);
	run->told_ns = 0;
}

void
show_held(struct run *run)
{
	struct held_piece piece;
	size_t at = 0;

	if (run->input.shown || show_is_lent(run))
		return;
	while (at < run->held.size) {
		memcpy(&piece, run->held.bytes + at, sizeof piece);
		at += sizeof piece;
		printer_put(&run->printer, piece.fd, run->held.bytes + at, piece.size);
		at += piece.size;
	}
	text_clear(&run->held);
}

void
show_warning(struct run *run, const char *warning, size_t size)
{
	struct text line = { 0 };

	show_color(run, &line, "33");
	text_add_string(&line, "warning: ");
	show_color(run, &line, "0");
	text_add(&line, warning, size);
	text_add_byte(&line, '\n');
	put(run, NULL, STDERR_FILENO, &line);
	text_finish(&line);
}

/* With what stands in front. */
static void
compose(struct run *run, const struct text *line, struct text *whole)
{
	struct run_numbers numbers;
	const char *format = run->options->status;

	if (format == NULL && !run->screen)
		format = "[%f/%t] ";
	if (format != NULL) {
		screen_numbers(run, &numbers, terminal_now_ns());
		run_status_fill(whole, format, &numbers);
	}
	text_add(whole, line->bytes, line->size);
}

void
show_line(struct run *run, struct item *item, const struct text *line)
{
	struct text whole = { 0 };

	compose(run, line, &whole);
	text_add_byte(&whole, '\n');
	put(run, item, STDERR_FILENO, &whole);
	run->last = NULL;
	text_finish(&whole);
}

/* --- output --- */

static uint32_t
mode_of(const struct run *run, const struct item *item)
{
	if (ord_proc_has_terminal(item->proc))
		return ORD_MODE_STREAM;
	return run->options->output != 0 ? run->options->output
					 : (uint32_t)ord_proc_output_mode(item->proc);
}

/* Prints what a proc has said so far; last: it says no more. */
static void
print_body(struct run *run, struct item *item, bool last)
{
	struct text out = { 0 };

	item->ansi.colors = run->options->color == COLOR_ALWAYS ||
		(run->options->color == COLOR_AUTO && run->colors &&
			run->printer.terminal[STDOUT_FILENO]);
	item->ansi.controls = !run->printer.terminal[STDOUT_FILENO];
	ansi_filter(&item->ansi, item->body.bytes, item->body.size, &out);
	if (last)
		ansi_end(&item->ansi, &out);
	if (item->body.size > 0)
		item->in_line = item->body.bytes[item->body.size - 1] != '\n';
	item->shown |= item->body.size > 0;
	run->last = item;
	put(run, item, STDOUT_FILENO, &out);
	text_clear(&item->body);
	text_finish(&out);
}

static void
print_piece(struct run *run, struct item *item, const char *bytes, size_t size)
{
	text_add(&item->body, bytes, size);
	print_body(run, item, false);
}

/* It has ended: what is in its log and was not printed goes from there to where it is printed, however much that is. */
static void
print_rest(struct run *run, struct item *item)
{
	run_logs_each(run, item, print_piece);
	if (item->in_line)
		text_add_byte(&item->body, '\n');
	print_body(run, item, true);
}

/* With the name in front of each line. */
static void
print_prefixed(struct run *run, struct item *item)
{
	const char *at = item->body.bytes, *end = at + item->body.size, *newline;
	struct text lines = { 0 };

	for (; at < end; at = newline) {
		newline = memchr(at, '\n', (size_t)(end - at));
		newline = newline != NULL ? newline + 1 : end;
		show_color(run, &lines, "36");
		text_add_byte(&lines, '[');
		text_add_string(&lines, ord_proc_name(item->proc));
		text_add_byte(&lines, ']');
		show_color(run, &lines, "0");
		text_add_byte(&lines, ' ');
		text_add(&lines, at, (size_t)(newline - at));
	}
	text_clear(&item->body);
	text_add(&item->body, lines.bytes, lines.size);
	text_finish(&lines);
	print_body(run, item, true);
}

static void
say_begun(struct run *run, struct item *item)
{
	struct text line = { 0 };

	text_add_string(&line, "start   ");
	text_add_string(&line, ord_proc_name(item->proc));
	show_line(run, item, &line);
	text_finish(&line);
}

void
show_reasons(struct run *run, struct item *item)
{
	const char *reason;
	struct text line = { 0 };
	uint32_t i;

	for (i = 0; (reason = ord_proc_reason(item->proc, i)) != NULL; i++) {
		text_clear(&line);
		text_add_string(&line, "because ");
		text_add_string(&line, ord_proc_name(item->proc));
		text_add_string(&line, ": ");
		text_add_string(&line, reason);
		show_line(run, item, &line);
	}
	text_finish(&line);
}

void
show_unrun(struct run *run, struct item *item)
{
	bool current = ord_proc_state(item->proc) == ORD_PROC_UP_TO_DATE;
	struct text line = { 0 };

	if (run->quiet || (current && !run->options->verbose))
		return;
	if (!current)
		show_reasons(run, item);
	text_add_string(&line, current ? "current " : "would   ");
	text_add_string(&line, ord_proc_name(item->proc));
	show_line(run, item, &line);
	text_finish(&line);
}

/* Whether what it says is printed now. */
static bool
is_live(struct run *run, struct item *item)
{
	uint32_t mode = mode_of(run, item);

	if (run->console != NULL)
		return run->console == item;
	if (mode != ORD_MODE_STREAM &&
		(mode != ORD_MODE_GROUP || run->items.n_running != 1 ||
			run->options->folds != FOLDS_NONE))
		return false;
	run->console = item;
	if (run->screen && run->counts.wanted > 1)
		say_begun(run, item);
	return true;
}

/* Whether there is something of it that is not printed yet. */
static bool
has_words(const struct item *item)
{
	return item->body.size != 0 || item->log_shown < item->log_read;
}

/* The console is free for what waits for it. */
static void
give_back(struct run *run)
{
	struct item *item;

	run->console = NULL;
	show_held(run);
	for (item = run->items.oldest; item != NULL; item = item->behind) {
		if (mode_of(run, item) != ORD_MODE_STREAM || !has_words(item))
			continue;
		show_logged(run, item);
		if (is_live(run, item))
			print_body(run, item, false);
		return;
	}
}

/* The last line that is not blank. */
static void
keep_last(struct item *item, const char *bytes, size_t size)
{
	size_t i = 0;

	while (i < size && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r'))
		i++;
	if (i == size)
		return;
	text_clear(&item->last);
	text_add(&item->last, bytes, size < LAST_BYTES ? size : LAST_BYTES);
}

static void
keep_tail(struct item *item, const char *bytes, size_t size)
{
	size_t half = TAIL_BYTES / 2;

	if (size > half) {
		bytes += size - half;
		size = half;
	}
	if (item->tail.size + size > TAIL_BYTES) {
		memmove(item->tail.bytes, item->tail.bytes + item->tail.size - half, half);
		item->tail.size = half;
	}
	text_add(&item->tail, bytes, size);
}

/* It writes to the terminal itself. */
static void
lend(struct run *run, struct item *item)
{
	run_input_hide(run);
	run->console = item;
	if (run->screen && run->counts.wanted > 1 && !run->quiet)
		say_begun(run, item);
	screen_wipe(run);
	printer_flush(&run->printer);
}

void
show_started(struct run *run, struct item *item)
{
	/* Who had it because nothing else ran has it no more. */
	if (run->console != NULL && run->console != item &&
		mode_of(run, run->console) == ORD_MODE_GROUP)
		give_back(run);
	if (run->options->verbose && ord_proc_attempts(item->proc) <= 1)
		show_reasons(run, item);
	if (!run->screen && !run->quiet)
		say_begun(run, item);
	if (ord_proc_has_terminal(item->proc))
		lend(run, item);
	run->follows |= mode_of(run, item) >= ORD_MODE_PREFIX;
	run->moved = true;
}

/* Prints whole lines of what has come, if they are to be seen at once. */
static void
print_lines(struct run *run, struct item *item)
{
	const char *newline =
		item->body.size > 0 ? memrchr(item->body.bytes, '\n', item->body.size) : NULL;
	bool prefix = mode_of(run, item) == ORD_MODE_PREFIX;
	struct text rest = { 0 };
	size_t size;

	if (newline == NULL && item->body.size > LINE_MOST && prefix) {
		text_add_byte(&item->body, '\n'); /* who never ends a line is told in parts */
		print_prefixed(run, item);
		return;
	}
	if (newline == NULL && item->body.size > LINE_MOST && is_live(run, item))
		print_body(run, item, false);
	if (newline == NULL || (!prefix && !is_live(run, item)))
		return;
	size = (size_t)(newline + 1 - item->body.bytes);
	text_add(&rest, newline + 1, item->body.size - size);
	item->body.size = size;
	if (prefix)
		print_prefixed(run, item);
	else
		print_body(run, item, false);
	text_add(&item->body, rest.bytes, rest.size);
	text_finish(&rest);
}

/* What it said is to be printed, now or with its end. */
static void
take(struct run *run, struct item *item, const char *bytes, size_t size)
{
	text_add(&item->body, bytes, size);
	print_lines(run, item);
}

void
show_bytes(struct run *run, struct item *item, const char *bytes, size_t size)
{
	const char *end = bytes + size, *begin;

	/* The last line that is not blank. */
	while (end > bytes && strchr("\n\r\t ", end[-1]) != NULL && end[-1] != '\0')
		end--;
	begin = end;
	while (begin > bytes && begin[-1] != '\n')
		begin--;
	run->moved = true;
	run_events_said(run, item, bytes, size);
	keep_last(item, begin, (size_t)(end - begin));
	keep_tail(item, bytes, size);
	if (ord_proc_log(item->proc) == NULL)
		take(run, item, bytes, size);
}

void
show_logged(struct run *run, struct item *item)
{
	if (item->log_shown < item->log_read &&
		(mode_of(run, item) == ORD_MODE_PREFIX || is_live(run, item)))
		run_logs_each(run, item, take);
}

void
show_said(struct run *run, struct item *item, const struct ord_message *message)
{
	size_t size;
	const char *bytes = ord_message_text(message, &size);

	if (ord_proc_log(item->proc) != NULL)
		return; /* it stands there, too */
	show_bytes(run, item, bytes, size);
	if (!ord_message_partial(message))
		show_bytes(run, item, "\n", 1);
}

/* --- ends --- */

static void
add_end(struct run *run, const struct item *item, bool again, struct text *line)
{
	int state = ord_proc_state(item->proc);
	bool failed = again || state == ORD_PROC_FAILED;
	const char *word = item->superseded   ? "changed "
		: again                       ? "retry   "
		: item->interrupted && failed ? "stopped "
		: failed                      ? "FAILED  "
		: state == ORD_PROC_SKIPPED   ? "skipped "
					      : "done    ";

	show_color(run, line, !failed ? "32" : again || item->interrupted ? "33" : "31");
	text_add_string(line, word);
	show_color(run, line, "0");
	show_name(run, line, item);
	if (failed) {
		text_add_string(line, ": ");
		show_reason(line, item->proc);
	}
	if (item->started) {
		text_add_string(line, failed ? ", " : "  ");
		show_duration(line, item->took_ns);
	}
}

/* The line that tells its end is the title of what it said. */
static void
print_folded(struct run *run, struct item *item, const struct text *line)
{
	struct text title = { 0 }, mark = { 0 };
	uint64_t now = (uint64_t)time(NULL), number = run->n_folds++;

	compose(run, line, &title);
	text_add_byte(&title, '\0');
	folds_begin(&mark, run->options->folds, number, now, title.bytes);
	put(run, item, STDOUT_FILENO, &mark);
	print_rest(run, item);
	text_clear(&mark);
	folds_end(&mark, run->options->folds, number, now);
	put(run, item, STDOUT_FILENO, &mark);
	text_finish(&mark);
	text_finish(&title);
}

/* Its end, and what it said and was not printed as it came. */
static void
print_end(struct run *run, struct item *item, bool again)
{
	bool failed = again || ord_proc_state(item->proc) == ORD_PROC_FAILED;
	bool told = (item->started || failed) && (failed || !run->quiet);
	uint32_t mode = mode_of(run, item);
	struct text line = { 0 };

	if (told)
		add_end(run, item, again, &line);
	if (told && !failed && mode == ORD_MODE_GROUP && has_words(item) &&
		run->options->folds != FOLDS_NONE) {
		print_folded(run, item, &line);
	} else {
		if (told)
			show_line(run, item, &line);
		if (failed || mode != ORD_MODE_QUIET)
			print_rest(run, item);
	}
	text_finish(&line);
}

void
show_ended(struct run *run, struct item *item, bool again)
{
	bool live = run->console == item;
	uint32_t mode = mode_of(run, item);

	if (item->body.size > 0 ? item->body.bytes[item->body.size - 1] != '\n' : item->in_line)
		text_add_byte(&item->body, '\n');
	if (mode == ORD_MODE_PREFIX)
		print_prefixed(run, item);
	else if (live)
		print_body(run, item, true);
	print_end(run, item, again);
	text_clear(&item->body);
	if (live)
		give_back(run);
	if (item->shown)
		run->last = item;
}
