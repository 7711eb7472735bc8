/*
 * Spans are kept until the end, because half a file of JSON is none; the times
 * are microseconds since the run began.  A row per slot, and one for groups,
 * which take no time.  Arrows (flow events) go from the end of what a proc
 * depends on to its beginning: from inside the span, as a viewer looks for the
 * span around the time that they bear.
 */
#include "run_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <orderly/definition.h>

#include "complain.h"
#include "json.h"
#include "run_state.h"
#include "terminal.h"

bool
run_trace_open(struct run_trace *trace, const char *name)
{
	*trace = (struct run_trace){ .name = name };
	trace->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (trace->fd >= 0)
		return true;
	complain_errno(errno, "--trace %s", name);
	trace->name = NULL;
	return false;
}

/* The beginning of an event of a phase. */
static struct text *
begin(struct run *run, const char *phase, const char *name, uint64_t time_ns)
{
	struct text *out = &run->trace.spans;
	double since = time_ns > run->begun_ns ? (double)(time_ns - run->begun_ns) / 1e3 : 0;

	text_add_string(out, out->size > 0 ? ",\n{" : "{");
	json_text(out, "ph", phase);
	json_text(out, "name", name);
	json_number(out, "pid", 1);
	json_decimal(out, "ts", since, 3);
	return out;
}

/* How many run, and how many could, as curves. */
static void
add_counter(struct run *run)
{
	struct text *out = begin(run, "C", "procs", terminal_now_ns());

	json_name(out, "args");
	text_add_byte(out, '{');
	json_number(out, "running", (long long)run->items.n_running);
	json_number(out, "ready", ord_graph_ready(run->graph));
	text_add_string(out, "}}");
}

/* One end of an arrow. */
static void
add_flow(struct run *run, const char *phase, const struct item *item, uint64_t time_ns)
{
	struct text *out = begin(run, phase, "dep", time_ns);

	json_text(out, "cat", "dep");
	json_number(out, "id", (long long)run->trace.n_flows);
	json_number(out, "tid", item->span_row);
	if (*phase == 'f')
		json_text(out, "bp", "e");
	text_add_byte(out, '}');
}

/* From what ran in this run, or in this generation. */
static void
add_flows(struct run *run, const struct item *item, uint64_t before_ns, uint64_t now_ns)
{
	uint32_t n = ord_proc_deps(item->proc, NULL, 0), i;
	const struct ord_proc **deps = text_allocate(n + 1, sizeof *deps);

	(void)ord_proc_deps(item->proc, deps, n);
	for (i = 0; i < n; i++) {
		const struct item *dep = items_of(&run->items, deps[i]);

		if (dep->span_end_ns == 0 || dep->span_end_ns < before_ns || dep == item)
			continue;
		run->trace.n_flows++;
		add_flow(run, "s", dep, dep->span_end_ns - (dep->span_row != 0));
		add_flow(run, "f", item, now_ns);
	}
	free(deps);
}

void
run_trace_began(struct run *run, struct item *item)
{
	uint64_t before_ns = item->span_end_ns;

	if (run->trace.name == NULL)
		return;
	item->span_row = item->row + 1;
	if (ord_proc_attempts(item->proc) <= 1)
		add_flows(run, item, before_ns, item->begun_ns);
	add_counter(run);
}

static void
add_span(struct run *run, const struct item *item, uint64_t begun_ns, uint64_t took_ns)
{
	const struct ord_proc *proc = item->proc;
	struct text *out = begin(run, "X", ord_proc_name(proc), begun_ns);

	json_number(out, "tid", item->span_row);
	json_decimal(out, "dur", (double)took_ns / 1e3, 3);
	json_text(out, "cat", item->span_row == 0 ? "group" : "proc");
	json_name(out, "args");
	text_add_byte(out, '{');
	json_text(out, "state", ord_proc_state_name(ord_proc_state(proc)));
	json_text(out, "cause", ord_cause_name(ord_proc_cause(proc)));
	if (ord_proc_reason(proc, 0) != NULL)
		json_text(out, "reason", ord_proc_reason(proc, 0));
	if (item->span_row != 0) {
		json_number(out, "attempt", ord_proc_attempts(proc));
		json_number(out, "exit", ord_proc_exit_code(proc));
		json_number(out, "signal", ord_proc_signal(proc));
		json_decimal(out, "cpu",
			(double)(ord_proc_user_ns(proc) + ord_proc_system_ns(proc)) / 1e9, 6);
		json_number(out, "rss", (long long)ord_proc_memory_bytes(proc));
	}
	if (*ord_proc_error(proc) != '\0')
		json_text(out, "error", ord_proc_error(proc));
	text_add_string(out, "}}");
}

void
run_trace_ended(struct run *run, struct item *item)
{
	if (run->trace.name == NULL)
		return;
	add_span(run, item, item->begun_ns, item->took_ns);
	item->span_end_ns = item->begun_ns + item->took_ns;
	add_counter(run);
}

void
run_trace_group(struct run *run, struct item *item)
{
	uint64_t before_ns = item->span_end_ns, now_ns = terminal_now_ns();

	if (run->trace.name == NULL || run->options->dry_run ||
		ord_proc_state(item->proc) != ORD_PROC_SUCCEEDED)
		return;
	item->span_row = 0;
	item->span_end_ns = now_ns;
	add_span(run, item, now_ns, 0);
	add_flows(run, item, before_ns, now_ns);
}

/* What the rows are called. */
static void
add_titles(struct run *run)
{
	struct text title = { 0 }, *out;
	uint32_t slot;

	for (slot = 0; slot <= run->items.n_slots; slot++) {
		text_clear(&title);
		text_add_string(&title, slot == 0 ? "groups" : "slot ");
		if (slot != 0)
			text_add_number(&title, slot);
		text_add_byte(&title, '\0');
		out = begin(run, "M", "thread_name", 0);
		json_number(out, "tid", slot);
		json_name(out, "args");
		text_add_byte(out, '{');
		json_text(out, "name", title.bytes);
		text_add_string(out, "}}");
	}
	out = begin(run, "M", "process_name", 0);
	json_name(out, "args");
	text_add_string(out, "{\"name\":\"orderly run\"}}");
	text_finish(&title);
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	ssize_t n;

	for (; size > 0; bytes += n, size -= (size_t)n) {
		n = write(fd, bytes, size);
		if (n < 0 && errno != EINTR)
			return errno;
		if (n < 0)
			n = 0;
	}
	return 0;
}

bool
run_trace_close(struct run *run)
{
	static const char head[] = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n",
			  foot[] = "\n]}\n";
	struct run_trace *trace = &run->trace;
	int error;

	if (trace->name == NULL)
		return true;
	add_titles(run);
	error = write_all(trace->fd, head, sizeof head - 1);
	if (error == 0)
		error = write_all(trace->fd, trace->spans.bytes, trace->spans.size);
	if (error == 0)
		error = write_all(trace->fd, foot, sizeof foot - 1);
	if (close(trace->fd) != 0 && error == 0)
		error = errno;
	if (error != 0)
		complain_errno(error, "--trace %s", trace->name);
	text_finish(&trace->spans);
	trace->name = NULL;
	return error == 0;
}
