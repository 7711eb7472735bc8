/*
 * Nothing here has a timer: the loop asks how long it may wait and whether
 * something is due.  At most ten updates a second, one a second if nothing
 * moves, and no clock is read at all when nothing is shown.
 */
#include "display.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "terminal.h"

#define MS UINT64_C(1000000)
#define BAR_EVERY (100 * MS)
#define JSON_EVERY (200 * MS)
#define PLAIN_EVERY (5000 * MS)
#define IDLE_MS 1000 /* between updates while nothing moves */

void
display_init(
	struct display *display, enum progress_style style, struct printer *printer, uint32_t jobs)
{
	bool can_wipe = terminal_can_wipe(STDERR_FILENO);

	if (style == PROGRESS_AUTO)
		style = can_wipe ? PROGRESS_BAR : PROGRESS_NONE;
	else if (style == PROGRESS_BAR && !can_wipe)
		style = PROGRESS_PLAIN;
	*display = (struct display){ .style = style, .printer = printer, .jobs = jobs };
	display->color = can_wipe && terminal_setting("NO_COLOR") == NULL;
	if (style == PROGRESS_NONE)
		return;
	display->begun_ns = display->drawn_ns = terminal_now_ns();
	estimate_look(&display->estimate, display->begun_ns, 0);
}

static uint64_t
interval(const struct display *display)
{
	if (display->style == PROGRESS_BAR)
		return BAR_EVERY;
	return display->style == PROGRESS_JSON ? JSON_EVERY : PLAIN_EVERY;
}

/* Whether there is something to show as soon as it may be shown. */
static bool
is_stale(const struct display *display)
{
	const struct printer *printer = display->printer;

	if (display->style == PROGRESS_BAR)
		return !printer->cursor_in_line && (display->moved || !printer->status_shown);
	return display->style == PROGRESS_PLAIN || display->moved ||
		display->drawn_ns == display->begun_ns;
}

int
display_timeout(const struct display *display)
{
	uint64_t passed;

	if (display->style == PROGRESS_NONE)
		return -1;
	if (!is_stale(display))
		return IDLE_MS;
	passed = terminal_now_ns() - display->drawn_ns;
	return passed >= interval(display) ? 0 : (int)((interval(display) - passed) / MS) + 1;
}

bool
display_is_due(const struct display *display)
{
	return display->style != PROGRESS_NONE &&
		terminal_now_ns() - display->drawn_ns >= interval(display);
}

void
display_time(char *out, size_t size, uint64_t ns)
{
	unsigned long long seconds = (ns + 500000000u) / 1000000000u;

	if (seconds >= 3600)
		snprintf(out, size, "%llu:%02llu:%02llu", seconds / 3600, seconds / 60 % 60,
			seconds % 60);
	else
		snprintf(out, size, "%llu:%02llu", seconds / 60, seconds % 60);
}

static uint64_t
rest_of(const struct display *display, const struct display_numbers *numbers)
{
	if (!numbers->total_known || numbers->total < numbers->done)
		return ESTIMATE_UNKNOWN;
	return estimate_rest(&display->estimate, numbers->total - numbers->done, display->jobs);
}

static void
format_rate(const struct display *display, char *out, size_t size)
{
	double rate = estimate_rate(&display->estimate);

	snprintf(out, size, rate < 10 ? "%.1f/s" : "%.0f/s", rate);
}

/* The words that bar and plain share: how many, how fast, how long. */
static int
format_words(const struct display *display, const struct display_numbers *numbers, uint64_t now_ns,
	char *out, size_t size)
{
	uint64_t rest = rest_of(display, numbers);
	char time[32], rate[32], failed[48] = "";

	format_rate(display, rate, sizeof rate);
	if (numbers->failed > 0)
		snprintf(failed, sizeof failed, "  %llu failed",
			(unsigned long long)numbers->failed);
	if (!numbers->total_known) {
		display_time(time, sizeof time, now_ns - display->begun_ns);
		return snprintf(out, size,
			"%llu done, more may come  %llu running%s  %s  %s so far",
			(unsigned long long)numbers->done, (unsigned long long)numbers->running,
			failed, rate, time);
	}
	if (rest == ESTIMATE_UNKNOWN)
		return snprintf(out, size, "%llu/%llu  %llu running%s",
			(unsigned long long)numbers->done, (unsigned long long)numbers->total,
			(unsigned long long)numbers->running, failed);
	display_time(time, sizeof time, rest);
	return snprintf(out, size, "%llu/%llu  %llu running%s  %s  %s left",
		(unsigned long long)numbers->done, (unsigned long long)numbers->total,
		(unsigned long long)numbers->running, failed, rate, time);
}

/* A bar in the columns that the words leave free; nothing if there are too few. */
static void
add_bar(struct text *line, unsigned columns, unsigned percent)
{
	unsigned i, width = columns;

	if (width < 8)
		return;
	if (width > 50)
		width = 50;
	width -= 3; /* the brackets and a blank */
	text_add_byte(line, '[');
	for (i = 0; i < width; i++)
		text_add_byte(line, i < width * percent / 100 ? '#' : '.');
	text_add_string(line, "] ");
}

static void
format_bar(const struct display *display, const struct display_numbers *numbers, uint64_t now_ns,
	unsigned columns, struct text *line)
{
	char words[256], percent[16];
	unsigned share;
	int n = format_words(display, numbers, now_ns, words, sizeof words), m = 0;
	bool red = display->color && numbers->failed > 0;

	columns = columns > 1 ? columns - 1 : 1; /* the last column would wrap */
	if (numbers->total_known && numbers->total > 0) {
		share = (unsigned)((double)numbers->done * 100 / (double)numbers->total);
		m = snprintf(percent, sizeof percent, "%3u%% ", share);
		if ((unsigned)m < columns)
			text_add(line, percent, (size_t)m);
		else
			m = 0;
		if ((unsigned)(n + m) < columns)
			add_bar(line, columns - (unsigned)(n + m), share);
	}
	if (red)
		text_add_string(line, "\033[31m");
	text_add(line, words, (unsigned)(n + m) > columns ? columns - (unsigned)m : (size_t)n);
	if (red)
		text_add_string(line, "\033[0m");
}

static void
format_json(const struct display *display, const struct display_numbers *numbers, uint64_t now_ns,
	struct text *line)
{
	char out[320], total[24] = "null", rest[32] = "null";
	uint64_t rest_ns = rest_of(display, numbers);
	int n;

	if (numbers->total_known)
		snprintf(total, sizeof total, "%llu", (unsigned long long)numbers->total);
	if (rest_ns != ESTIMATE_UNKNOWN)
		snprintf(rest, sizeof rest, "%.1f", (double)rest_ns / 1e9);
	n = snprintf(out, sizeof out,
		"{\"elapsed\":%.3f,\"done\":%llu,\"total\":%s,\"running\":%llu,\"failed\":%llu,\"rate\":%.2f,\"left\":%s}\n",
		(double)(now_ns - display->begun_ns) / 1e9, (unsigned long long)numbers->done,
		total, (unsigned long long)numbers->running, (unsigned long long)numbers->failed,
		estimate_rate(&display->estimate), rest);
	text_add(line, out, (size_t)n);
}

void
display_format(const struct display *display, const struct display_numbers *numbers,
	uint64_t now_ns, unsigned columns, struct text *line)
{
	char words[256];
	int n;

	if (display->style == PROGRESS_BAR) {
		format_bar(display, numbers, now_ns, columns, line);
	} else if (display->style == PROGRESS_JSON) {
		format_json(display, numbers, now_ns, line);
	} else {
		n = format_words(display, numbers, now_ns, words, sizeof words);
		text_add_string(line, complain_title());
		text_add_string(line, ": ");
		text_add(line, words, (size_t)n);
		text_add_byte(line, '\n');
	}
}

static void
draw(struct display *display, const struct display_numbers *numbers, uint64_t now_ns)
{
	struct text line = { 0 };

	display_format(display, numbers, now_ns, terminal_columns(STDERR_FILENO), &line);
	text_add_byte(&line, '\0');
	if (display->style == PROGRESS_BAR)
		printer_status(display->printer, line.bytes);
	else
		printer_note(display->printer, line.bytes);
	text_finish(&line);
}

void
display_note(struct display *display)
{
	display->moved = true;
}

void
display_show(struct display *display, const struct display_numbers *numbers)
{
	display->moved = false;
	display->drawn_ns = terminal_now_ns();
	estimate_look(&display->estimate, display->drawn_ns, numbers->done);
	draw(display, numbers, display->drawn_ns);
}

void
display_finish(struct display *display, const struct display_numbers *numbers)
{
	if (display->style == PROGRESS_NONE)
		return;
	estimate_look(&display->estimate, terminal_now_ns(), numbers->done);
	if (display->style == PROGRESS_BAR)
		printer_status(display->printer, NULL);
	else
		draw(display, numbers, terminal_now_ns());
	display->style = PROGRESS_NONE;
}
