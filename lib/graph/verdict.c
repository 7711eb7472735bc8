/* Results of tasks as ends of procs: states, causes, whether there is another attempt. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/graph.h"
#include "graph/json.h"
#include "graph/names/value.h"

#define DELAY_MAX_MS UINT64_C(3600000) /* a back-off ends somewhere */

void
verdict_clear(struct ord_proc *proc)
{
	memory_free(proc->output);
	memory_free(proc->error);
	proc->output = NULL;
	proc->output_size = 0;
	proc->error = NULL;
	proc->cause = ORD_CAUSE_NONE;
	proc->exit_code = -1;
	proc->signal = 0;
	proc->pid = 0;
}

void
verdict_set(struct ord_proc *proc, int cause, const char *why)
{
	proc->cause = (uint8_t)cause;
	memory_free(proc->error);
	proc->error = memory_copy(why, strlen(why)); /* without memory the cause has to do */
}

static int
failure_of(const struct ord_proc *proc, const struct ord_result *result)
{
	switch (ord_result_state(result)) {
	case ORD_FAILED:
		return definition_is_command(proc->definition) ? ORD_CAUSE_NOT_STARTED
							       : ORD_CAUSE_SAID_SO;
	case ORD_EXITED: return ORD_CAUSE_EXIT_CODE;
	case ORD_TIMED_OUT: return ORD_CAUSE_TIMED_OUT;
	case ORD_OUT_OF_MEMORY: return ORD_CAUSE_OUT_OF_MEMORY;
	case ORD_CANCELED: return ORD_CAUSE_STOPPED;
	default: return ORD_CAUSE_SIGNAL;
	}
}

/* Whether a word of retry_on is about this failure. */
static int
is_about(const char *word, const struct ord_proc *proc)
{
	int64_t code;

	switch (proc->cause) {
	case ORD_CAUSE_TIMED_OUT: return strcmp(word, "timeout") == 0;
	case ORD_CAUSE_SIGNAL:
	case ORD_CAUSE_OUT_OF_MEMORY: return strcmp(word, "signal") == 0;
	case ORD_CAUSE_SAID_SO: return strcmp(word, "failure") == 0;
	case ORD_CAUSE_EXIT_CODE:
		return strncmp(word, "exit ", 5) == 0 && value_int(word + 5, &code) == 0 &&
			code == proc->exit_code;
	default: return 0;
	}
}

static int
is_tried_again(const struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;

	if (proc->attempts > definition->retries || proc->cause == ORD_CAUSE_STOPPED ||
		proc->graph->schedule.stopped)
		return 0;
	if (definition->retry_on == NULL)
		return proc->cause != ORD_CAUSE_NOT_STARTED;
	for (char **word = definition->retry_on; *word != NULL; word++)
		if (is_about(*word, proc))
			return 1;
	return 0;
}

/* The exit codes of a command that mean something else than a failure. */
static int
said_by_code(const struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;

	if (proc->exit_code <= 0 || !definition_is_command(definition))
		return SAID_NOTHING;
	if (proc->exit_code == (int)definition->skip_exit)
		return SAID_SKIPPED;
	return proc->exit_code == (int)definition->no_change_exit ? SAID_NO_CHANGE : SAID_NOTHING;
}

static int
keep_output(struct ord_proc *proc, const struct ord_result *result)
{
	const void *output = ord_result_output(result, &proc->output_size);

	if (proc->output_size == 0)
		return 0;
	proc->output = memory_copy(output, proc->output_size);
	if (proc->output != NULL)
		return 0;
	proc->output_size = 0;
	return -1;
}

/* Whether its result has the form that its definition says. */
static int
is_as_said(const struct ord_proc *proc)
{
	return proc->definition->stdout_result != STDOUT_JSON ||
		json_is(ord_proc_output(proc, NULL), proc->output_size);
}

static void
drop_output(struct ord_proc *proc)
{
	memory_free(proc->output);
	proc->output = NULL;
	proc->output_size = 0;
}

int
verdict_take(struct ord_proc *proc, const struct ord_result *result)
{
	int state = ord_result_state(result), said = proc->saying;

	verdict_clear(proc);
	proc->exit_code = ord_result_exit_code(result);
	proc->signal = ord_result_signal(result);
	proc->pid = ord_result_pid(result);
	proc->started_ns = ord_result_started_ns(result);
	proc->ended_ns = ord_result_ended_ns(result);
	if (proc->halted_ns >
		proc->ended_ns - proc->started_ns) /* it began a moment after the halt */
		proc->halted_ns = proc->ended_ns - proc->started_ns;
	proc->user_ns = ord_result_user_us(result) * 1000;
	proc->system_ns = ord_result_system_us(result) * 1000;
	proc->memory_bytes = ord_result_max_rss_kib(result) * 1024;
	if (state == ORD_EXITED)
		said = said_by_code(proc);
	if (state == ORD_DONE || (state == ORD_EXITED && said != SAID_NOTHING)) {
		if (said == SAID_SKIPPED)
			proc->cause = ORD_CAUSE_SKIPPED;
		if (said == SAID_NO_CHANGE)
			proc->cause = ORD_CAUSE_NO_CHANGE;
		if (keep_output(proc, result) != 0) {
			verdict_set(proc, ORD_CAUSE_OUT_OF_MEMORY,
				"there was no memory for its result");
			return NODE_FAILED;
		}
		if (said != SAID_NOTHING || is_as_said(proc))
			return NODE_DONE;
		drop_output(proc);
		verdict_set(
			proc, ORD_CAUSE_RESULT, "what it wrote to its standard output is not JSON");
	} else {
		verdict_set(proc, failure_of(proc, result), ord_result_error(result));
	}
	return is_tried_again(proc) ? NODE_PAUSED : NODE_FAILED;
}

uint64_t
verdict_delay_ns(const struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	uint64_t delay = definition->retry_delay_ms;

	for (uint32_t i = 1; i < proc->attempts && delay < DELAY_MAX_MS; i++)
		delay = delay * definition->retry_backoff / 100;
	return (delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS) * CLOCK_NS_PER_MS;
}
