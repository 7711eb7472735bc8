/*
 * `orderly jobs status` and `watch`: how a list stands, as a table, as lines or
 * as JSON.  A list that is not there yet is waited for, not an error, by watch.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "columns.h"
#include "complain.h"
#include "display.h"
#include "jobs.h"
#include "json.h"
#include "terminal.h"
#include "terminal.h"
#include "text.h"

#define PAUSE_MS 200 /* between two drawings */
#define REASONS_MAX 10
#define REASON_MOST 1000 /* columns */
#define RUNNING_MAX 64 /* jobs that run, in a picture */
#define NAME_WIDTH 28
#define NAME_NARROW 14 /* the same on a terminal that is not wide */
#define WIDE 80

/* What is told of a list. */
struct picture {
	struct ord_job_counts counts;
	struct text takers; /* lines, or JSON */
	struct text runs;   /* lines, of jobs that run */
	struct text bad;    /* as takers, of jobs that failed, were killed or are blocked */
	unsigned n_runs, n_bad;
	unsigned name_width; /* columns of a taker's name */
	bool json, live; /* live: what runs is told, too */
	uint64_t now_ms;
};

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One line of somebody's text: no sequences that a terminal would obey. */
static void
add_line(struct text *text, const char *words)
{
	columns_cut(text, words, strcspn(words, "\n"), REASON_MOST);
}

static void
add_padded(struct text *text, const char *word, size_t width)
{
	size_t shown = columns_width(word, strlen(word));

	add_line(text, word);
	for (; shown < width; shown++)
		text_add_byte(text, ' ');
	text_add_string(text, "  ");
}

static int
note_taker(const struct ord_taker *taker, void *user)
{
	struct picture *picture = user;
	struct text *text = &picture->takers;
	uint64_t age = picture->now_ms > taker->since_ms ? (picture->now_ms - taker->since_ms) / 1000 : 0;
	char pid[16], number[80];

	/* Who only added something, or looked. */
	if (taker->state == ORD_TAKER_OFFLINE && taker->taken == 0)
		return 0;
	if (picture->json) {
		text_add_string(text, text->size != 0 ? ",{" : "{");
		json_text(text, "name", taker->name);
		json_text(text, "host", taker->host);
		json_number(text, "pid", taker->pid);
		json_text(text, "state", ord_taker_state_name(taker->state));
		json_text(text, "labels", taker->labels);
		json_number(text, "held", (long long)taker->held);
		json_number(text, "taken", (long long)taker->taken);
		json_number(text, "since_ms", (long long)taker->since_ms);
		json_number(text, "seen_ms", (long long)taker->seen_ms);
		text_add_byte(text, '}');
		return 0;
	}
	snprintf(pid, sizeof pid, "%d", (int)taker->pid);
	add_padded(text, taker->name, picture->name_width);
	add_padded(text, ord_taker_state_name(taker->state), 7);
	add_padded(text, pid, 8);
	snprintf(number, sizeof number, "%8" PRIu64 "  %6" PRIu64 "  %" PRIu64 " s\n", taker->taken, taker->held, age);
	text_add_string(text, number);
	return 0;
}

static int
note_running(const struct ord_job *job, void *user)
{
	struct picture *picture = user;
	uint64_t began = ord_job_began_ms(job);
	char since[32];

	if (++picture->n_runs > RUNNING_MAX)
		return 1;
	display_time(since, sizeof since, (picture->now_ms > began ? picture->now_ms - began : 0) * 1000000);
	add_padded(&picture->runs, "running", 8);
	add_padded(&picture->runs, since, 7);
	add_padded(&picture->runs, ord_job_name(job), 20);
	add_line(&picture->runs, ord_job_taker(job));
	text_add_byte(&picture->runs, '\n');
	return 0;
}

static int
note_bad(const struct ord_job *job, void *user)
{
	struct picture *picture = user;
	struct text *text = &picture->bad;

	if (++picture->n_bad > REASONS_MAX && !picture->json)
		return 0;
	if (picture->json) {
		text_add_string(text, text->size != 0 ? ",{" : "{");
		json_text(text, "name", ord_job_name(job));
		json_text(text, "state", ord_job_state_name(ord_job_state(job)));
		json_number(text, "attempt", ord_job_attempt(job));
		json_text(text, "taker", ord_job_taker(job));
		json_text(text, "why", ord_job_why(job));
		text_add_byte(text, '}');
		return 0;
	}
	add_padded(text, ord_job_state_name(ord_job_state(job)), 8);
	add_padded(text, ord_job_name(job), 20);
	add_line(text, ord_job_why(job));
	text_add_byte(text, '\n');
	return 0;
}

static int
take_picture(struct ord_jobs *jobs, struct picture *picture)
{
	const uint32_t bad = ORD_JOB_IN(ORD_JOB_FAILED) | ORD_JOB_IN(ORD_JOB_KILLED) | ORD_JOB_IN(ORD_JOB_BLOCKED);
	int status;

	picture->now_ms = now_ms();
	picture->counts = ORD_JOB_COUNTS;
	picture->n_bad = picture->n_runs = 0;
	text_clear(&picture->takers);
	text_clear(&picture->runs);
	text_clear(&picture->bad);
	status = ord_jobs_counts(jobs, &picture->counts);
	if (status == 0)
		status = ord_jobs_takers(jobs, note_taker, picture);
	if (status == 0 && picture->live)
		status = ord_jobs_each(jobs, ORD_JOB_IN(ORD_JOB_RUNNING), note_running, picture);
	if (status >= 0 && (picture->counts.failed | picture->counts.killed | picture->counts.blocked) != 0)
		status = ord_jobs_each(jobs, bad, note_bad, picture);
	return status < 0 ? status : 0;
}

static void
add_count(struct text *text, const char *word, uint64_t count)
{
	if (count == 0)
		return;
	text_add_string(text, ", ");
	text_add_number(text, count);
	text_add_byte(text, ' ');
	text_add_string(text, word);
}

/* "12 of 20 done, 3 running, 5 waiting" */
static void
add_summary(struct text *text, const struct ord_job_counts *counts)
{
	text_add_number(text, counts->done);
	text_add_string(text, " of ");
	text_add_number(text, counts->total);
	text_add_string(text, " done");
	add_count(text, "running", counts->running);
	add_count(text, "waiting", counts->waiting);
	add_count(text, "blocked", counts->blocked);
	add_count(text, "failed", counts->failed);
	add_count(text, "killed", counts->killed);
	add_count(text, "canceled", counts->canceled);
	text_add_byte(text, '\n');
}

/* As `orderly map` has it: how much, how fast, how long. */
static void
add_bar(struct text *text, const struct ord_job_counts *counts, struct display *display, unsigned width)
{
	struct display_numbers numbers = { .done = counts->done + counts->failed + counts->killed + counts->canceled,
		.running = counts->running,
		.failed = counts->failed + counts->killed,
		.total = counts->total,
		.total_known = true };
	uint64_t now = terminal_now_ns();

	estimate_look(&display->estimate, now, numbers.done);
	display->jobs = counts->running != 0 ? (uint32_t)counts->running : 1;
	display_format(display, &numbers, now, width, text);
	text_add_byte(text, '\n');
}

static void
add_tables(struct text *text, const struct picture *picture)
{
	if (picture->takers.size != 0) {
		text_add_string(text, "\n");
		add_padded(text, "taker", picture->name_width);
		add_padded(text, "state", 7);
		add_padded(text, "pid", 8);
		text_add_string(text, "   taken    held  since\n");
		text_add(text, picture->takers.bytes, picture->takers.size);
	}
	if (picture->runs.size != 0) {
		text_add_string(text, "\n");
		text_add(text, picture->runs.bytes, picture->runs.size);
	}
	if (picture->bad.size != 0) {
		text_add_string(text, "\n");
		text_add(text, picture->bad.bytes, picture->bad.size);
	}
	if (picture->n_bad > REASONS_MAX) {
		text_add_string(text, "and ");
		text_add_number(text, picture->n_bad - REASONS_MAX);
		text_add_string(text, " more\n");
	}
}

/* An address without the password that it may have. */
static void
add_store(struct text *text, const char *name, const char *store)
{
	const char *user = strstr(store, "://"), *end, *colon, *key = strstr(store, "password=");
	size_t size = strlen(store);
	char *shown = strdup(store);

	if (shown == NULL)
		complain_memory();
	if (user != NULL && key != NULL && strchr(store, '?') != NULL && key > strchr(store, '?'))
		for (size_t i = (size_t)(key - store) + strlen("password="); i < size && shown[i] != '&'; i++)
			shown[i] = '*';
	if (user != NULL) {
		end = user + 3 + strcspn(user + 3, "/?");
		colon = memchr(user + 3, ':', (size_t)(end - user - 3));
		while (end > user && *end != '@')
			end--;
		for (const char *at = colon != NULL ? colon + 1 : end; at < end; at++)
			shown[at - store] = '*';
	}
	json_text(text, name, shown);
	free(shown);
}

static void
add_json(struct text *text, const struct jobs_options *options, const struct picture *picture)
{
	const struct ord_job_counts *counts = &picture->counts;

	text_add_byte(text, '{');
	add_store(text, "store", options->store);
	json_name(text, "counts");
	text_add_byte(text, '{');
	json_number(text, "total", (long long)counts->total);
	json_number(text, "waiting", (long long)counts->waiting);
	json_number(text, "running", (long long)counts->running);
	json_number(text, "done", (long long)counts->done);
	json_number(text, "failed", (long long)counts->failed);
	json_number(text, "killed", (long long)counts->killed);
	json_number(text, "blocked", (long long)counts->blocked);
	json_number(text, "canceled", (long long)counts->canceled);
	text_add_byte(text, '}');
	json_name(text, "takers");
	text_add_byte(text, '[');
	text_add(text, picture->takers.bytes, picture->takers.size);
	text_add_byte(text, ']');
	json_name(text, "unfinished");
	text_add_byte(text, '[');
	text_add(text, picture->bad.bytes, picture->bad.size);
	text_add_string(text, "]}\n");
}

static bool
print(const struct text *text)
{
	return (text->size == 0 || fwrite(text->bytes, 1, text->size, stdout) == text->size) && fflush(stdout) == 0;
}

static void
picture_finish(struct picture *picture)
{
	text_finish(&picture->takers);
	text_finish(&picture->runs);
	text_finish(&picture->bad);
}

/* --- names alone, for scripts and shells --- */

static int
add_job_name(const struct ord_job *job, void *user)
{
	text_add_string(user, ord_job_name(job));
	text_add_byte(user, '\n');
	return 0;
}

static int
add_taker_name(const struct ord_taker *taker, void *user)
{
	if (taker->state == ORD_TAKER_OFFLINE || taker->state == ORD_TAKER_KILLED)
		return 0;
	text_add_string(user, taker->name);
	text_add_byte(user, '\n');
	return 0;
}

static int
print_names(const struct jobs_options *options, struct ord_jobs *jobs)
{
	struct text text = { 0 };
	int status = options->takers ? ord_jobs_takers(jobs, add_taker_name, &text)
				     : ord_jobs_each(jobs, options->states, add_job_name, &text);

	if (status != 0)
		jobs_complain(jobs);
	else if (!print(&text))
		status = jobs_cannot_print();
	text_finish(&text);
	return status != 0 ? JOBS_TROUBLE : 0;
}

static int
print_status(const struct jobs_options *options, struct ord_jobs *jobs)
{
	struct picture picture = { .json = options->json, .name_width = NAME_WIDTH };
	struct text text = { 0 };
	int status = take_picture(jobs, &picture) != 0 ? jobs_complain(jobs) : 0;

	if (status == 0 && options->json) {
		add_json(&text, options, &picture);
	} else if (status == 0) {
		add_summary(&text, &picture.counts);
		add_tables(&text, &picture);
	}
	if (status == 0 && !print(&text))
		status = jobs_cannot_print();
	text_finish(&text);
	picture_finish(&picture);
	return status;
}

int
jobs_status(const struct jobs_options *options)
{
	struct ord_jobs *jobs = jobs_open(options, &ORD_JOBS_OPTIONS(.read_only = 1));
	int status;

	if (jobs == NULL)
		return JOBS_TROUBLE;
	status = options->names || options->takers ? print_names(options, jobs) : print_status(options, jobs);
	ord_jobs_destroy(&jobs);
	return status;
}

/* --- watch --- */

struct screen {
	bool terminal;
	struct text shown; /* what stands there; "": nothing */
	struct display display; /* what the bar goes by */
	unsigned width, height; /* asked each time: it may be resized */
};

/* Go to where the picture begins, in the width that it has now: lines that were drawn in a wider terminal take several rows. */
static void
wipe(const struct screen *screen, struct text *out)
{
	size_t rows = 0;
	const char *at = screen->shown.bytes, *end = at + screen->shown.size;

	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));

		rows += columns_rows(at, (size_t)(next - at), screen->width);
		at = next + 1;
	}
	if (rows >= screen->height)
		rows = screen->height - 1;
	if (rows != 0) {
		text_add_string(out, "\r\033[");
		text_add_number(out, rows);
		text_add_string(out, "A");
	}
	text_add_string(out, "\033[J");
}

/* Over what stands there: no line wraps, and no more of them than there is room for. */
static void
draw(struct screen *screen, const struct text *text)
{
	struct text out = { 0 };
	const char *at = text->bytes, *end = text->bytes + text->size;
	unsigned lines = 0;

	wipe(screen, &out);
	text_clear(&screen->shown);
	while (at < end && lines + 1 < screen->height) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		size_t size = next != NULL ? (size_t)(next - at) : (size_t)(end - at);

		columns_cut(&screen->shown, at, size, screen->width > 1 ? screen->width - 1 : 1);
		text_add_byte(&screen->shown, '\n');
		lines++;
		at += size + 1;
	}
	text_add(&out, screen->shown.bytes, screen->shown.size);
	print(&out);
	text_finish(&out);
}

static void
pause_ms(unsigned milliseconds)
{
	struct timespec time = { milliseconds / 1000, (long)(milliseconds % 1000) * 1000000 };

	nanosleep(&time, NULL);
}

/* Not there, or not yet a list: somebody may be about to make it. */
static bool
is_missing(struct ord_jobs *jobs, int status)
{
	return status == ORD_EINVAL && strstr(ord_jobs_error(jobs), "no list") != NULL;
}

/* The list, as soon as it is there; NULL behind a complaint. */
static struct ord_jobs *
await_list(const struct jobs_options *options)
{
	for (bool said = false;; said = true) {
		struct ord_jobs *jobs;
		int status = ord_jobs_new(&jobs, &ORD_JOBS_OPTIONS(.read_only = 1, .job_ext = options->job_ext));

		if (status == ORD_ENOMEM)
			complain_memory();
		if (status != 0) {
			complain("--ext '%s' is no end of a file's name: no '/'", options->job_ext);
			return NULL;
		}
		status = ord_jobs_open(jobs, options->store);
		if (status == 0)
			return jobs;
		if (!is_missing(jobs, status)) {
			jobs_complain(jobs);
			ord_jobs_destroy(&jobs);
			return NULL;
		}
		ord_jobs_destroy(&jobs);
		if (!said)
			fprintf(stderr, "waiting for %s\n", strstr(options->store, "://") == NULL ? options->store : "the list in the database");
		pause_ms(PAUSE_MS);
	}
}

/* Anew, for the size that the terminal has now. */
static int
look(struct screen *screen, struct ord_jobs *jobs, struct picture *picture)
{
	screen->width = terminal_columns(STDOUT_FILENO);
	screen->height = terminal_rows(STDOUT_FILENO);
	picture->name_width = screen->width < WIDE ? NAME_NARROW : NAME_WIDTH;
	return take_picture(jobs, picture);
}

static bool
show(struct screen *screen, const struct jobs_options *options, const struct picture *picture, struct text *last)
{
	struct text text = { 0 };

	if (options->json) {
		add_json(&text, options, picture);
	} else {
		add_summary(&text, &picture->counts);
		if (screen->terminal) {
			add_bar(&text, &picture->counts, &screen->display, screen->width);
			add_tables(&text, picture);
		}
	}
	if (screen->terminal && !options->json) {
		draw(screen, &text);
	} else if (text.size != last->size || memcmp(text.bytes, last->bytes, text.size) != 0) {
		print(&text);
		text_clear(last);
		text_add(last, text.bytes, text.size);
	}
	text_finish(&text);
	return ferror(stdout) == 0;
}

int
jobs_watch(const struct jobs_options *options)
{
	struct ord_jobs *jobs = await_list(options);
	struct picture picture = { .json = options->json };
	struct screen screen = { .terminal = terminal_can_wipe(STDOUT_FILENO), .display = { .style = PROGRESS_BAR } };
	struct text last = { 0 };
	int status = 0;
	bool fine = jobs != NULL;

	picture.live = screen.terminal && !options->json;
	while (fine) {
		status = look(&screen, jobs, &picture);
		if (status != 0)
			break;
		fine = show(&screen, options, &picture, &last);
		if (!fine) {
			jobs_cannot_print();
			break;
		}
		if (picture.counts.waiting + picture.counts.running == 0 && picture.counts.total != 0 &&
			options->wait != ORD_JOBS_WAIT_FOREVER)
			break;
		pause_ms(PAUSE_MS);
		/* On a terminal ages and sizes change, too. */
		status = ord_jobs_watch(jobs, screen.terminal ? 1000 : -1);
		if (status != 0 && status != ORD_ETIMEDOUT)
			break;
	}
	if (status != 0 && status != ORD_ETIMEDOUT && jobs != NULL)
		jobs_complain(jobs);
	text_finish(&last);
	text_finish(&screen.shown);
	picture_finish(&picture);
	ord_jobs_destroy(&jobs);
	return !fine || (status != 0 && status != ORD_ETIMEDOUT) ? JOBS_TROUBLE : 0;
}
