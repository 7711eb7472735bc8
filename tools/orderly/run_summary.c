/*
 * The end of a run: what failed, each with what it said last and how many
 * others it kept from running; apart from them what we ended ourselves.
 */
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "run.h"
#include "run_state.h"
#include "signals.h"
#include "terminal.h"

#define PIECE 65536 /* printed at once */
#define SNIPPET_LINES 16
#define FAILURES_MOST 50 /* that are told one by one */
#define NAMES_MOST 5     /* of what depended on a failure */

/* Where the last lines begin. */
static size_t
last_lines(const struct text *text, int lines)
{
	size_t at = text->size;

	if (at > 0 && text->bytes[at - 1] == '\n')
		at--;
	for (; at > 0; at--)
		if (text->bytes[at - 1] == '\n' && --lines == 0)
			return at;
	return 0;
}

/* What a proc said, as it is quoted: a log may be larger than memory, so it goes out in pieces. */
struct quote {
	struct run *run;
	struct text *out;
	struct ansi ansi;
	bool in_line;
};

static void
end_line(struct quote *quote)
{
	ansi_end(&quote->ansi, quote->out);
	text_add_byte(quote->out, '\n');
	quote->in_line = false;
	if (quote->out->size < PIECE)
		return;
	printer_put(&quote->run->printer, STDERR_FILENO, quote->out->bytes, quote->out->size);
	text_clear(quote->out);
}

/* An ord_snippet_fn: lines, or pieces that end anywhere; of a line that never ends so much is enough. */
static int
add_quoted(const char *bytes, size_t size, void *user)
{
	struct quote *quote = user;

	while (size > 0) {
		const char *newline = memchr(bytes, '\n', size);
		size_t n = newline != NULL ? (size_t)(newline - bytes) : size;

		if (!quote->in_line)
			text_add_string(quote->out, "  | ");
		quote->in_line = true;
		ansi_filter(&quote->ansi, bytes, n, quote->out);
		if (newline != NULL || quote->out->size >= 2 * PIECE)
			end_line(quote);
		n += newline != NULL;
		bytes += n;
		size -= n;
	}
	return quote->run->printer.error;
}

static void
add_snippet(struct run *run, struct item *item, struct text *out)
{
	struct quote quote = { .run = run, .out = out, .ansi = { .colors = run->colors } };
	size_t at = last_lines(&item->tail, SNIPPET_LINES);

	if (ord_proc_log(item->proc) == NULL)
		(void)add_quoted(item->tail.bytes + at, item->tail.size - at, &quote);
	else if (ord_proc_snippet(item->proc, add_quoted, &quote) < 0)
		complain("%s", ord_graph_error(run->graph));
	if (quote.in_line)
		end_line(&quote);
	ansi_finish(&quote.ansi);
}

/* How many would have come behind it, and who. */
static void
add_downstream(struct run *run, const struct item *root, struct text *out)
{
	struct text names = { 0 };
	const struct item *item;
	uint64_t count = 0;

	for (item = run->items.first; item != NULL; item = item->next) {
		if (ord_proc_root(item->proc) != root->proc)
			continue;
		if (count++ < NAMES_MOST) {
			text_add_string(&names, count > 1 ? ", " : "");
			text_add_string(&names, ord_proc_name(item->proc));
		}
	}
	if (count > 0) {
		text_add_string(out, "  canceled because of it: ");
		text_add_number(out, count);
		text_add_string(out, " (");
		text_add(out, names.bytes, names.size);
		text_add_string(out, count > NAMES_MOST ? ", …)\n" : ")\n");
	}
	text_finish(&names);
}

static void
add_failure(struct run *run, struct item *item, struct text *out)
{
	show_color(run, out, "31");
	text_add_string(out, "FAILED  ");
	show_color(run, out, "0");
	show_name(run, out, item);
	text_add_string(out, ": ");
	show_reason(out, item->proc);
	if (item->started) {
		text_add_string(out, ", ");
		show_duration(out, item->took_ns);
	}
	if (ord_proc_attempts(item->proc) > 1) {
		text_add_string(out, ", attempt ");
		text_add_number(out, ord_proc_attempts(item->proc));
	}
	text_add_byte(out, '\n');
	add_downstream(run, item, out);
	if (ord_proc_log(item->proc) != NULL) {
		text_add_string(out, "  log: ");
		show_log(run, out, item);
		text_add_byte(out, '\n');
	}
	/* What stands right above need not be said again. */
	if (!(run->together && run->last == item && item->shown))
		add_snippet(run, item, out);
}

static void
add_failures(struct run *run, struct text *out)
{
	struct item *item;
	uint64_t told = 0;

	for (item = run->items.first; item != NULL; item = item->next) {
		if (ord_proc_state(item->proc) != ORD_PROC_FAILED || item->interrupted)
			continue;
		if (told++ < FAILURES_MOST)
			add_failure(run, item, out);
	}
	if (told > FAILURES_MOST) {
		text_add_string(out, "… and ");
		text_add_number(out, told - FAILURES_MOST);
		text_add_string(out, " more failures\n");
	}
}

static void
add_interrupted(struct run *run, struct text *out)
{
	const struct item *item;
	uint64_t told = 0;

	for (item = run->items.first; item != NULL; item = item->next) {
		if (!item->interrupted || ord_proc_state(item->proc) != ORD_PROC_FAILED)
			continue;
		text_add_string(out, told++ == 0 ? "stopped by us: " : ", ");
		text_add_string(out, ord_proc_name(item->proc));
	}
	if (told > 0)
		text_add_byte(out, '\n');
}

static void
add_count(struct text *out, bool *first, uint64_t count, const char *word)
{
	if (count == 0)
		return;
	text_add_string(out, *first ? "" : ", ");
	text_add_number(out, count);
	text_add_string(out, word);
	*first = false;
}

static void
add_counts(struct run *run, struct text *out)
{
	const struct run_counts *counts = &run->counts;
	bool first = true;

	add_count(out, &first, counts->failed, " failed");
	add_count(out, &first, counts->canceled, " canceled");
	add_count(out, &first, counts->interrupted, " stopped");
	add_count(out, &first, counts->stopped, " not begun");
	add_count(out, &first, counts->succeeded, run->options->dry_run ? " would run" : " done");
	add_count(out, &first, counts->up_to_date, " up to date");
	add_count(out, &first, counts->skipped, " skipped");
	if (first)
		text_add_string(out, "nothing to do");
	text_add_string(out, "  ");
	show_duration(out, terminal_now_ns() - run->begun_ns);
	text_add_byte(out, '\n');
}

/* The exit code of what failed first. */
static int
own_code(const struct run *run)
{
	const struct item *item;
	uint64_t first_ns = UINT64_MAX;
	int code = RUN_FAILED;

	for (item = run->items.first; item != NULL; item = item->next) {
		uint64_t ended_ns = ord_proc_ended_ns(item->proc);

		if (ord_proc_state(item->proc) != ORD_PROC_FAILED || ended_ns >= first_ns)
			continue;
		first_ns = ended_ns;
		if (ord_proc_cause(item->proc) == ORD_CAUSE_TIMED_OUT)
			code = 124;
		else if (ord_proc_exit_code(item->proc) > 0)
			code = ord_proc_exit_code(item->proc);
		else if (ord_proc_signal(item->proc) > 0)
			code = 128 + ord_proc_signal(item->proc);
	}
	return code;
}

int
summary_show(struct run *run)
{
	const struct run_counts *counts = &run->counts;
	bool failed = counts->failed + counts->interrupted + counts->canceled != 0;
	struct text out = { 0 };

	if (failed || counts->stopped != 0 || (counts->wanted > 1 && !run->quiet)) {
		add_failures(run, &out);
		add_interrupted(run, &out);
		add_counts(run, &out);
		printer_put(&run->printer, 2, out.bytes, out.size);
	}
	text_finish(&out);
	if (run->trouble)
		return RUN_TROUBLE;
	if (!failed && counts->stopped == 0)
		return 0;
	return run->options->own_code ? own_code(run) : RUN_FAILED;
}
