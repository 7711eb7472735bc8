/*
 * The end of a run: what failed, each with what it said last and how many
 * others it kept from running; apart from them what we ended ourselves.
 */
#include <string.h>

#include "run.h"
#include "run_state.h"
#include "signals.h"
#include "terminal.h"

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

static void
add_snippet(struct run *run, struct item *item, struct text *out)
{
	struct ansi ansi = { .colors = run->colors };
	size_t at = ord_proc_log(item->proc) != NULL ? 0 : last_lines(&item->tail, SNIPPET_LINES),
	       end;
	const char *newline;

	while (at < item->tail.size) {
		newline = memchr(item->tail.bytes + at, '\n', item->tail.size - at);
		end = newline != NULL ? (size_t)(newline - item->tail.bytes) : item->tail.size;
		text_add_string(out, "  | ");
		ansi_filter(&ansi, item->tail.bytes + at, end - at, out);
		ansi_end(&ansi, out);
		text_add_byte(out, '\n');
		at = end + 1;
	}
	ansi_finish(&ansi);
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
		text_add_string(out, ord_proc_log(item->proc));
		text_add_byte(out, '\n');
	}
	run_logs_snippet(run, item);
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
