/* Spans are kept until the end, because half a file of JSON is none; the times are microseconds since the run began. */
#include "run_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

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

/* How many run, as a curve. */
static void
add_counter(struct run *run)
{
	struct text *out = begin(run, "C", "procs", terminal_now_ns());

	json_name(out, "args");
	text_add_byte(out, '{');
	json_number(out, "running", (long long)run->items.n_running);
	json_number(out, "waiting",
		(long long)(run->counts.wanted - run->counts.ended - run->items.n_running));
	text_add_string(out, "}}");
}

void
run_trace_began(struct run *run, const struct item *item)
{
	(void)item;
	if (run->trace.name != NULL)
		add_counter(run);
}

void
run_trace_ended(struct run *run, const struct item *item, unsigned slot)
{
	const struct ord_proc *proc = item->proc;
	struct text *out;

	if (run->trace.name == NULL)
		return;
	out = begin(run, "X", ord_proc_name(proc), item->begun_ns);
	json_number(out, "tid", (long long)slot + 1);
	json_decimal(out, "dur", (double)item->took_ns / 1e3, 3);
	json_text(out, "cat", ord_proc_state_name(ord_proc_state(proc)));
	json_name(out, "args");
	text_add_byte(out, '{');
	json_text(out, "state", ord_proc_state_name(ord_proc_state(proc)));
	json_text(out, "cause", ord_cause_name(ord_proc_cause(proc)));
	json_number(out, "attempt", ord_proc_attempts(proc));
	json_number(out, "exit", ord_proc_exit_code(proc));
	json_number(out, "signal", ord_proc_signal(proc));
	if (*ord_proc_error(proc) != '\0')
		json_text(out, "error", ord_proc_error(proc));
	text_add_string(out, "}}");
	add_counter(run);
}

/* What the rows are called. */
static void
add_titles(struct run *run)
{
	struct text title = { 0 }, *out;
	uint32_t slot;

	for (slot = 0; slot < run->items.n_slots; slot++) {
		text_clear(&title);
		text_add_string(&title, "slot ");
		text_add_number(&title, slot + 1);
		text_add_byte(&title, '\0');
		out = begin(run, "M", "thread_name", 0);
		json_number(out, "tid", (long long)slot + 1);
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
