/*
 * "event" is the first member of each object, so that a subscriber can choose
 * by the beginning of a message.  To add a member: write it here and into
 * orderly-run(1); readers skip what they do not know.  What changes the meaning
 * of one that is there needs another RUN_EVENTS_SCHEMA.
 */
#include "run_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include <orderly/definition.h>
#include <orderly/orderly.h>

#include "complain.h"
#include "json.h"
#include "run_state.h"
#include "signals.h"
#include "terminal.h"

#define LINGER_MS 1000        /* for what a subscriber has not taken at the end */
#define SUBSCRIBER_MS 1000    /* for one that was connected to to say what it wants */
#define PROGRESS_NS 200000000 /* between two words of progress */
#define LINES_MOST 65536      /* before they are written in any case */
#define SUBSCRIBER_MOST \
	65536           /* messages that wait for a slow subscriber; it misses what comes then */
#define LINE_MOST 65536 /* of what a proc says without a newline */

/* --- opening --- */

static bool
refuse_socket(struct run_events *events, const char *name)
{
	complain("--events %s: %s", name, zmq_strerror(zmq_errno()));
	if (events->socket != NULL)
		zmq_close(events->socket);
	if (events->context != NULL)
		zmq_ctx_term(events->context);
	*events = (struct run_events){ .fd = -1 };
	return false;
}

/* With a `>` in front it connects, else it binds. */
static bool
open_socket(struct run_events *events, const char *name)
{
	int linger = LINGER_MS, wait = SUBSCRIBER_MS, most = SUBSCRIBER_MOST;
	bool connects = *name == '>';
	char byte;

	events->context = zmq_ctx_new();
	if (events->context != NULL)
		events->socket = zmq_socket(events->context, ZMQ_XPUB);
	if (events->socket == NULL)
		return refuse_socket(events, name);
	zmq_setsockopt(events->socket, ZMQ_LINGER, &linger, sizeof linger);
	zmq_setsockopt(events->socket, ZMQ_SNDHWM, &most, sizeof most);
	zmq_setsockopt(events->socket, ZMQ_RCVTIMEO, &wait, sizeof wait);
	if ((connects ? zmq_connect(events->socket, name + 1) : zmq_bind(events->socket, name)) !=
		0)
		return refuse_socket(events, name);
	/* Who is connected to waits for us, and shall have all of it. */
	if (connects)
		(void)zmq_recv(events->socket, &byte, 1, 0);
	return true;
}

static bool
open_file(struct run_events *events, const char *name)
{
	events->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	events->ours = true;
	if (events->fd >= 0)
		return true;
	complain_errno(errno, "--events %s", name);
	events->name = NULL;
	return false;
}

bool
run_events_open(struct run_events *events, const char *name)
{
	char *end;
	long fd = strtol(name, &end, 10);

	*events = (struct run_events){ .name = name, .fd = -1 };
	if (*end == '\0' && *name >= '0' && *name <= '9') {
		events->fd = (int)fd;
		/* What is run shall not hold it open. */
		if (fd <= INT32_MAX && fcntl((int)fd, F_GETFD) >= 0 &&
			(fd <= STDERR_FILENO || fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0))
			return true;
		complain("--events %s: no such descriptor is open", name);
		events->name = NULL;
		return false;
	}
	if (strstr(name, "://") != NULL)
		return open_socket(events, name);
	return open_file(events, name);
}

/* --- writing --- */

static void
give_up(struct run_events *events, const char *reason)
{
	complain("--events %s: %s; no more of them are written", events->name, reason);
	events->failed = true;
	text_clear(&events->lines);
}

static void
write_lines(struct run_events *events)
{
	const char *at = events->lines.bytes, *end = at + events->lines.size;
	ssize_t n;

	while (at < end) {
		n = write(events->fd, at, (size_t)(end - at));
		if (n >= 0) {
			at += n;
		} else if (errno == EAGAIN) {
			signals_wait_writable(events->fd);
		} else if (errno != EINTR || signals_count() > 1) {
			give_up(events, strerror(errno)); /* NOLINT: one thread */
			return;
		}
	}
}

/* A message each, without the newline. */
static void
send_lines(struct run_events *events)
{
	const char *at = events->lines.bytes, *end = at + events->lines.size, *newline;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(end - at));
		if (zmq_send(events->socket, at, (size_t)(newline - at), ZMQ_DONTWAIT) < 0) {
			give_up(events, zmq_strerror(zmq_errno()));
			return;
		}
	}
}

static void
flush(struct run_events *events)
{
	if (events->lines.size == 0 || events->failed)
		return;
	if (events->socket != NULL)
		send_lines(events);
	else
		write_lines(events);
	text_clear(&events->lines);
}

/* The beginning of a line, in run->line. */
static struct text *
begin(struct run *run, const char *event)
{
	struct text *line = &run->line;
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	text_clear(line);
	text_add_byte(line, '{');
	json_text(line, "event", event);
	json_decimal(line, "time", (double)time.tv_sec + (double)time.tv_nsec / 1e9, 6);
	json_number(line, "number", (long long)run->events.number++);
	return line;
}

static void
end(struct run *run)
{
	struct run_events *events = &run->events;

	text_add_string(&run->line, "}\n");
	if (!events->failed)
		text_add(&events->lines, run->line.bytes, run->line.size);
	if (events->lines.size > LINES_MOST)
		flush(events);
}

/* --- what is told --- */

static void
add_names(struct text *line, const char *name, char *const *names, size_t n)
{
	size_t i;

	json_name(line, name);
	text_add_byte(line, '[');
	for (i = 0; i < n; i++) {
		text_add(line, ",", i > 0);
		json_string(line, names[i]);
	}
	text_add_byte(line, ']');
}

void
run_events_begin(struct run *run)
{
	struct text *line;

	if (run->events.name == NULL)
		return;
	line = begin(run, "run_start");
	json_number(line, "schema", RUN_EVENTS_SCHEMA);
	json_text(line, "version", ord_version());
	json_number(line, "pid", getpid());
	json_number(line, "jobs", run->jobs);
	add_names(line, "names", run->options->names, run->options->n_names);
	end(run);
}

/* Why it runs: all reasons, the weightiest first. */
static void
add_reasons(const struct item *item, struct text *line)
{
	const char *reason = ord_proc_reason(item->proc, 0);
	uint32_t i;

	if (reason == NULL)
		return;
	json_name(line, "reasons");
	text_add_byte(line, '[');
	for (i = 1; reason != NULL; reason = ord_proc_reason(item->proc, i++)) {
		text_add(line, ",", i > 1);
		json_string(line, reason);
	}
	text_add_byte(line, ']');
}

static void
add_process(const struct item *item, struct text *line)
{
	if (ord_proc_pid(item->proc) != 0)
		json_number(line, "pid", ord_proc_pid(item->proc));
}

/* Of its last attempt, which has ended. */
static void
add_attempt(const struct item *item, struct text *line)
{
	const struct ord_proc *proc = item->proc;

	json_decimal(line, "duration", (double)item->took_ns / 1e9, 6);
	json_number(line, "exit", ord_proc_exit_code(proc));
	json_number(line, "signal", ord_proc_signal(proc));
	add_process(item, line);
	json_decimal(line, "user", (double)ord_proc_user_ns(proc) / 1e9, 6);
	json_decimal(line, "system", (double)ord_proc_system_ns(proc) / 1e9, 6);
	json_number(line, "memory", (long long)ord_proc_memory_bytes(proc));
	if (ord_proc_log(proc) != NULL)
		json_text(line, "log", ord_proc_log(proc));
}

static void
add_end(const struct item *item, struct text *line)
{
	const struct ord_proc *proc = item->proc, *root = ord_proc_root(proc);

	json_text(line, "state", ord_proc_state_name(ord_proc_state(proc)));
	json_text(line, "cause", ord_cause_name(ord_proc_cause(proc)));
	json_number(line, "attempts", ord_proc_attempts(proc));
	if (item->start_told)
		add_attempt(item, line);
	else
		add_reasons(item, line);
	if (item->interrupted)
		json_number(line, "interrupted", 1);
	if (*ord_proc_error(proc) != '\0')
		json_text(line, "error", ord_proc_error(proc));
	if (root != NULL)
		json_text(line, "root", ord_proc_name(root));
}

/* --- who is wanted, and by whom --- */

static void
remember_wanted(struct run_events *events, struct item *item)
{
	if (events->n_wanted == events->room) {
		events->room = events->room != 0 ? 2 * events->room : 64;
		events->wanted =
			text_reallocate(events->wanted, events->room, sizeof *events->wanted);
	}
	events->wanted[events->n_wanted++] = item;
}

/* What it depends on is needed by it, unless somebody else was first. */
static void
note_needs(struct run *run, const struct item *item)
{
	uint32_t n = ord_proc_deps(item->proc, NULL, 0), i;
	const struct ord_proc **deps = text_allocate(n + 1, sizeof *deps);

	(void)ord_proc_deps(item->proc, deps, n);
	for (i = 0; i < n; i++) {
		struct item *dep = items_of(&run->items, deps[i]);

		if (dep->needed_by == NULL)
			dep->needed_by = item;
	}
	free(deps);
}

static void
tell_wanted(struct run *run, struct item *item)
{
	struct text *line = begin(run, "proc_wanted");

	json_text(line, "proc", ord_proc_name(item->proc));
	json_text(line, "reason",
		item->was_wanted                  ? "changed"
			: item->needed_by != NULL ? "needed"
						  : "asked for");
	if (!item->was_wanted && item->needed_by != NULL)
		json_text(line, "by", ord_proc_name(item->needed_by->proc));
	item->was_wanted = true;
	end(run);
}

/* Who needs whom is known when all that a call wants is wanted. */
static void
tell_all_wanted(struct run *run)
{
	struct run_events *events = &run->events;
	size_t i;

	for (i = 0; i < events->n_wanted; i++)
		note_needs(run, events->wanted[i]);
	for (i = 0; i < events->n_wanted; i++)
		tell_wanted(run, events->wanted[i]);
	events->n_wanted = 0;
}

/* --- what they say --- */

/* Whole lines of it; all: the last one, too. */
static void
tell_said(struct run *run, struct item *item, bool all)
{
	const char *at = item->said.bytes, *stop = at + item->said.size, *newline;
	struct text rest = { 0 }, *line;

	for (; at < stop; at = newline + 1) {
		newline = memchr(at, '\n', (size_t)(stop - at));
		if (newline == NULL && !all && stop - at < LINE_MOST)
			break;
		line = begin(run, "proc_log");
		json_text(line, "proc", ord_proc_name(item->proc));
		json_number(line, "attempt", ord_proc_attempts(item->proc));
		json_name(line, "text");
		json_bytes(line, at, (size_t)((newline != NULL ? newline : stop) - at));
		end(run);
		if (newline == NULL)
			at = stop;
		if (at == stop)
			break;
	}
	text_add(&rest, at, (size_t)(stop - at));
	text_finish(&item->said);
	item->said = rest;
}

void
run_events_said(struct run *run, struct item *item, const char *bytes, size_t size)
{
	if (run->events.name == NULL || !run->options->events_log || run->events.failed)
		return;
	text_add(&item->said, bytes, size);
	if (item->start_told)
		tell_said(run, item, false);
}

/* --- how far it is --- */

static void
tell_progress(struct run *run)
{
	struct run_numbers numbers;
	uint64_t now_ns = terminal_now_ns();
	struct text *line;

	if (now_ns - run->events.progress_ns < PROGRESS_NS)
		return;
	run->events.progress_ns = now_ns;
	screen_numbers(run, &numbers, now_ns);
	line = begin(run, "progress");
	json_number(line, "finished", (long long)numbers.finished);
	json_number(line, "total", (long long)numbers.total);
	json_number(line, "running", (long long)numbers.running);
	json_number(line, "failed", (long long)numbers.failed);
	json_decimal(line, "elapsed", (double)numbers.elapsed_ns / 1e9, 3);
	if (numbers.rest_ns != ESTIMATE_UNKNOWN)
		json_decimal(line, "left", (double)numbers.rest_ns / 1e9, 3);
	end(run);
}

static void
tell_start(struct run *run, struct item *item)
{
	struct text *line = begin(run, "proc_start");

	json_text(line, "proc", ord_proc_name(item->proc));
	json_number(line, "attempt", ord_proc_attempts(item->proc));
	json_number(line, "slot", item->row);
	add_process(item, line);
	add_reasons(item, line);
	end(run);
	item->start_untold = false;
	item->start_told = true;
	tell_said(run, item, false);
}

static void
tell_end(struct run *run, struct item *item, const char *event)
{
	struct text *line;

	if (item->start_untold)
		tell_start(run, item);
	tell_said(run, item, true);
	line = begin(run, event);
	json_text(line, "proc", ord_proc_name(item->proc));
	add_end(item, line);
	item->start_told = false;
	end(run);
}

static void
tell_created(struct run *run, const struct item *item)
{
	struct text *line = begin(run, "proc_created");

	json_text(line, "proc", ord_proc_name(item->proc));
	end(run);
}

void
run_events_proc(struct run *run, struct item *item, int kind)
{
	if (run->events.name == NULL)
		return;
	if (kind != ORD_PROC_EVENT_CREATED && kind != ORD_PROC_EVENT_WANTED)
		tell_all_wanted(run);
	switch (kind) {
	case ORD_PROC_EVENT_CREATED: tell_created(run, item); break;
	case ORD_PROC_EVENT_WANTED: remember_wanted(&run->events, item); break;
	case ORD_PROC_EVENT_STARTED: item->start_untold = true; break;
	case ORD_PROC_EVENT_PROCESS:
		if (item->start_untold)
			tell_start(run, item);
		break;
	case ORD_PROC_EVENT_RETRIED: tell_end(run, item, "proc_retry"); break;
	case ORD_PROC_EVENT_AGAIN: tell_end(run, item, "proc_again"); break;
	case ORD_PROC_EVENT_ENDED:
		tell_end(run, item, "proc_end");
		tell_progress(run);
		break;
	default: break;
	}
}

void
run_events_flush(struct run *run)
{
	if (run->events.name == NULL)
		return;
	tell_all_wanted(run);
	flush(&run->events);
}

void
run_events_end(struct run *run, int status)
{
	const struct run_counts *counts = &run->counts;
	struct text *line;

	if (run->events.name == NULL)
		return;
	tell_all_wanted(run);
	line = begin(run, "run_end");
	json_number(line, "status", status);
	json_number(line, "signals", signals_count());
	json_decimal(line, "duration", (double)(terminal_now_ns() - run->begun_ns) / 1e9, 6);
	json_number(line, "total", (long long)counts->wanted);
	json_number(line, "succeeded", (long long)counts->succeeded);
	json_number(line, "up_to_date", (long long)counts->up_to_date);
	json_number(line, "skipped", (long long)counts->skipped);
	json_number(line, "failed", (long long)counts->failed);
	json_number(line, "canceled", (long long)counts->canceled);
	json_number(line, "interrupted", (long long)counts->interrupted);
	json_number(line, "stopped", (long long)counts->stopped);
	end(run);
	flush(&run->events);
}

bool
run_events_close(struct run_events *events)
{
	bool fine = !events->failed;

	if (events->name == NULL)
		return true; /* there are none, or they were closed before */
	if (events->socket != NULL)
		zmq_close(events->socket);
	if (events->context != NULL)
		zmq_ctx_term(events->context);
	if (events->ours && events->fd >= 0 && close(events->fd) != 0 && fine) {
		complain_errno(errno, "--events %s", events->name);
		fine = false;
	}
	text_finish(&events->lines);
	free(events->wanted);
	events->wanted = NULL;
	events->name = NULL;
	return fine;
}
