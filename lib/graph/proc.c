/* What can be asked of a proc. */
#include <string.h>

#include "graph/increment.h"

const char *
ord_proc_state_name(int state)
{
	switch (state) {
#define STATE_NAME(name, number, word) \
	case number: return word;
		ORD_PROC_STATE_MAP(STATE_NAME)
#undef STATE_NAME
	default: return "unknown";
	}
}

const char *
ord_cause_name(int cause)
{
	switch (cause) {
#define CAUSE_NAME(name, number, word) \
	case number: return word;
		ORD_CAUSE_MAP(CAUSE_NAME)
#undef CAUSE_NAME
	default: return "unknown";
	}
}

const char *
ord_proc_name(const struct ord_proc *proc)
{
	return proc->name;
}

const char *
ord_proc_description(const struct ord_proc *proc)
{
	return proc->definition->description != NULL ? proc->definition->description : "";
}

int
ord_proc_state(const struct ord_proc *proc)
{
	switch (proc->graph->schedule.nodes[proc->node].state) {
	case NODE_IDLE:
	case NODE_FRESH: return ORD_PROC_IDLE;
	case NODE_RUNNING: return ORD_PROC_RUNNING;
	case NODE_DONE:
		if (proc->skipped)
			return ORD_PROC_UP_TO_DATE;
		return proc->cause == ORD_CAUSE_SKIPPED ? ORD_PROC_SKIPPED : ORD_PROC_SUCCEEDED;
	case NODE_FAILED: return ORD_PROC_FAILED;
	case NODE_CANCELED: return ORD_PROC_FAILED_DEP;
	default: return ORD_PROC_WANTED;
	}
}

int
ord_proc_cause(const struct ord_proc *proc)
{
	return proc->cause;
}

const char *
ord_proc_arg(const struct ord_proc *proc, const char *name)
{
	uint32_t at = DEFINITION_NONE;

	if (name != NULL)
		at = definition_arg(proc->definition, (struct span){ name, strlen(name) });
	return at != DEFINITION_NONE ? proc->values[at] : NULL;
}

const void *
ord_proc_output(const struct ord_proc *proc, size_t *size)
{
	if (size != NULL)
		*size = proc->output_size;
	return proc->output != NULL ? proc->output : "";
}

const char *
ord_proc_error(const struct ord_proc *proc)
{
	return proc->error != NULL ? proc->error : "";
}

const struct ord_proc *
ord_proc_root(const struct ord_proc *proc)
{
	const struct node *node = &proc->graph->schedule.nodes[proc->node];

	return node->state == NODE_CANCELED ? proc->graph->procs[node->root] : NULL;
}

uint32_t
ord_proc_attempts(const struct ord_proc *proc)
{
	return proc->attempts;
}

int
ord_proc_exit_code(const struct ord_proc *proc)
{
	return proc->exit_code;
}

int
ord_proc_signal(const struct ord_proc *proc)
{
	return proc->signal;
}

const char *
ord_proc_reason(const struct ord_proc *proc, uint32_t index)
{
	const char *reason = proc->reasons;

	if (index >= proc->n_reasons)
		return NULL;
	while (index-- != 0)
		reason += strlen(reason) + 1;
	return reason;
}

uint64_t
ord_proc_expected_ns(const struct ord_proc *proc)
{
	return expect_ns(proc->graph, proc);
}

int
ord_proc_output_mode(const struct ord_proc *proc)
{
	const uint32_t modes[] = { proc->definition->output_mode, proc->graph->options.output_mode,
		ORD_MODE_GROUP };

	return (int)(modes[0] != 0 ? modes[0] : modes[1] != 0 ? modes[1] : modes[2]);
}

struct telling {
	ord_proc_run_fn fn;
	void *user;
};

static int
tell_run(void *user, const struct run *run)
{
	const struct telling *telling = user;
	const struct ord_proc_run told = { .size = sizeof told,
		.started_ns = run->start_ns,
		.ended_ns = run->end_ns,
		.user_ns = run->user_ns,
		.system_ns = run->system_ns,
		.memory_bytes = run->memory_bytes,
		.why = run->why,
		.state = run->state,
		.exit_code = run->exit_code,
		.whole_ns = run->whole_ns };

	return telling->fn(&told, telling->user);
}

int
ord_proc_history(const struct ord_proc *proc, ord_proc_run_fn fn, void *user)
{
	struct telling telling = { fn, user };

	if (proc->graph->history == NULL)
		return 0;
	return history_runs(proc->graph->history, proc->name, tell_run, &telling);
}

int32_t
ord_proc_pid(const struct ord_proc *proc)
{
	return proc->pid;
}

int
ord_proc_has_terminal(const struct ord_proc *proc)
{
	return proc->definition->terminal != 0;
}

int
ord_proc_is_group(const struct ord_proc *proc)
{
	return !definition_is_command(proc->definition) &&
		!definition_is_function(proc->definition);
}

uint64_t
ord_proc_user_ns(const struct ord_proc *proc)
{
	return proc->user_ns;
}

uint64_t
ord_proc_system_ns(const struct ord_proc *proc)
{
	return proc->system_ns;
}

uint64_t
ord_proc_memory_bytes(const struct ord_proc *proc)
{
	return proc->memory_bytes;
}

uint64_t
ord_proc_started_ns(const struct ord_proc *proc)
{
	return proc->started_ns;
}

uint64_t
ord_proc_ended_ns(const struct ord_proc *proc)
{
	return proc->ended_ns;
}
