/*
 * The end of a proc: whether what it was to make is there, and the record of
 * its success.  The inputs that are recorded are those from before the start,
 * so that what was written meanwhile is seen by the next run.
 */
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/increment.h"

static int
files_failed(struct ord_graph *graph)
{
	graph->error = graph->files.error;
	return graph->error.status;
}

static int
hash(struct ord_graph *graph, struct file_list *list, int racy)
{
	int status =
		racy ? inputs_hash_racy(&graph->files, list) : inputs_hash(&graph->files, list);

	return status == 0 ? ORD_OK : files_failed(graph);
}

int
remember_racy(struct ord_graph *graph, struct increment *now)
{
	return hash(graph, &now->inputs, 1);
}

/*
 * What could be written again without that its stat shows it was hashed
 * before the start; of the others a hash says what was there then as long as
 * their stat is the same, so they are read while the proc runs.
 */
void
increment_started(struct ord_graph *graph, struct ord_proc *proc)
{
	struct increment *now = proc->increment;

	if (now == NULL || graph->history == NULL)
		return;
	graph->files.not_before = proc->changed;
	/* What cannot be read has no hash: it is stale by that. */
	if (increment_fingerprint(graph, proc) != FINGERPRINT_MTIME)
		(void)inputs_hash(&graph->files, &now->inputs);
}

/* --- the record --- */

static void
take_times(const struct ord_proc *proc, struct run *run)
{
	uint64_t wall = clock_wall_ns(), now = clock_now_ns();

	/* It is told of its end only behind this. */
	*run = (struct run){ .state = proc->cause == ORD_CAUSE_SKIPPED ? ORD_PROC_SKIPPED
								       : ORD_PROC_SUCCEEDED,
		.exit_code = proc->exit_code,
		.user_ns = proc->user_ns,
		.system_ns = proc->system_ns,
		.memory_bytes = proc->memory_bytes,
		.why = proc->n_reasons != 0 ? proc->reasons : NULL };
	if (proc->started_ns != 0 && proc->ended_ns != 0) {
		run->start_ns = (int64_t)(wall - (now - proc->started_ns));
		run->end_ns = (int64_t)(wall - (now - proc->ended_ns) -
			proc->halted_ns); /* their difference is a duration */
	}
}

/* What it asked for without depending on it stands among the deps, where nobody finds it again: so it runs. */
static int
add_asked(struct ord_graph *graph, struct increment *now)
{
	if (now->asked == NULL)
		return ORD_OK;
	if (schedule_grow(&now->deps, now->n_deps, &now->deps_capacity, sizeof *now->deps) != 0)
		return error_memory(&graph->error);
	now->deps[now->n_deps++] = (struct dep){ now->asked, 0 };
	stale_sort_deps(now->deps, now->n_deps);
	return ORD_OK;
}

static int
write_record(struct ord_graph *graph, struct ord_proc *proc, struct record *record)
{
	struct run run;
	int status;

	take_times(proc, &run);
	record->start_ns = run.start_ns;
	record->end_ns = run.end_ns;
	record->attempts = proc->attempts;
	record->user_ns = run.user_ns;
	record->system_ns = run.system_ns;
	record->memory_bytes = run.memory_bytes;
	proc->version = record->version;
	/* The old one ends with it. */
	proc->increment->record = NULL;
	status = history_succeed(graph->history, proc->name, &run, record);
	increment_warn(graph, status);
	return ORD_OK;
}

/* Does the proc say that nothing is new, and is there something to keep? */
static int
keeps(const struct ord_proc *proc, const struct record *old)
{
	return old != NULL && old->version != 0 &&
		(proc->cause == ORD_CAUSE_SKIPPED || proc->cause == ORD_CAUSE_NO_CHANGE);
}

static int
keep_result(struct ord_graph *graph, struct ord_proc *proc, const struct record *old)
{
	char *copy = NULL;

	if (old->result_size != 0) {
		copy = memory_copy(old->result, old->result_size);
		if (copy == NULL)
			return error_memory(&graph->error);
	}
	memory_free(proc->output);
	proc->output = copy;
	proc->output_size = old->result_size;
	return ORD_OK;
}

/* Early cutoff: what a run did not change need not be consumed again.  A proc that shows nothing has always changed. */
static uint64_t
version_of(struct ord_graph *graph, const struct ord_proc *proc, const struct increment *now,
	const struct digest *result_hash)
{
	const struct record *old = now->record;

	if (keeps(proc, old))
		return old->version;
	if ((now->results.n != 0 || proc->output_size != 0) &&
		stale_same_outcome(old, now->results.items, now->results.n, result_hash))
		return old->version;
	return history_next_version(graph->history);
}

static int
remember(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	const struct record *old = now->record;
	struct record record = { .parts = now->items,
		.inputs = now->inputs.items,
		.found = now->found.items,
		.deps = now->deps,
		.outputs = now->results.items,
		.n_parts = now->n_items,
		.n_inputs = now->inputs.n,
		.n_found = now->found.n,
		.n_outputs = now->results.n,
		.mean_ns = old != NULL ? old->mean_ns : 0,
		.weight = old != NULL ? old->weight : 0 };
	int status = keeps(proc, old) ? keep_result(graph, proc, old) : ORD_OK;

	if (status == ORD_OK)
		status = add_asked(graph, now);
	if (status == ORD_OK)
		status = hash(graph, &now->results,
			increment_fingerprint(graph, proc) == FINGERPRINT_MTIME);
	if (status == ORD_OK)
		status = hash(graph, &now->found,
			increment_fingerprint(graph, proc) == FINGERPRINT_MTIME);
	if (status != ORD_OK)
		return status;
	record.deps = now->deps;
	record.n_deps = now->n_deps;
	record.result = proc->output;
	record.result_size = proc->output_size;
	record.result_hash = digest_of(ord_proc_output(proc, NULL), proc->output_size);
	record.version = version_of(graph, proc, now, &record.result_hash);
	if (proc->cause == ORD_CAUSE_NONE && proc->ended_ns > proc->started_ns + proc->halted_ns)
		stale_add_duration(&record, proc->ended_ns - proc->started_ns - proc->halted_ns);
	return write_record(graph, proc, &record);
}

int
remember_touched(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	const struct record *old = now->record;
	int status = outputs_after(graph, now);

	if (status == ORD_OK && proc->definition->tracked.depfile.n_words != 0)
		status = found_read(graph, proc, now);
	if (status > 0)
		return graph->error.status;
	if (status == ORD_OK)
		status = hash(graph, &now->inputs, 0);
	if (status == ORD_OK && old != NULL)
		status = keep_result(graph, proc, old);
	return status == ORD_OK ? remember(graph, proc, now) : status;
}

int
increment_group(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	struct record record = { .deps = now->deps,
		.n_deps = now->n_deps,
		.version = history_next_version(graph->history) };

	return write_record(graph, proc, &record);
}

/* --- after the end --- */

static int
fails(struct ord_graph *graph, struct ord_proc *proc, int cause)
{
	char why[sizeof graph->error.text];

	memcpy(why, graph->error.text, sizeof why);
	error_clear(&graph->error);
	verdict_set(proc, cause, why);
	memory_free(proc->output);
	proc->output = NULL;
	proc->output_size = 0;
	return NODE_FAILED;
}

/* A proc that had nothing to do need not have made anything. */
static int
check_outputs(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = outputs_after(graph, now);

	/* Without news its depfile may be that of the last success, as what it named is. */
	if (proc->definition->tracked.depfile.n_words == 0)
		now->found.n = 0;
	else if (status == ORD_OK && !keeps(proc, now->record))
		status = found_read(graph, proc, now);
	if (status == ORD_OK || (status > 0 && proc->cause == ORD_CAUSE_SKIPPED)) {
		error_clear(&graph->error);
		return NODE_DONE;
	}
	return fails(graph, proc, ORD_CAUSE_OUTPUT);
}

static void
remember_failure(struct ord_graph *graph, struct ord_proc *proc)
{
	struct run run;

	take_times(proc, &run);
	run.state = ORD_PROC_FAILED;
	increment_warn(graph, history_fail(graph->history, proc->name, &run));
}

int
increment_after(struct ord_graph *graph, struct ord_proc *proc, int state)
{
	struct increment *now = proc->increment;

	proc->changed = ++graph->files.tick;
	if (now == NULL)
		return state;
	graph->files.not_before = proc->changed;
	if (state == NODE_DONE)
		state = check_outputs(graph, proc, now);
	if (state == NODE_DONE && graph->history != NULL && remember(graph, proc, now) != ORD_OK)
		state = fails(graph, proc, ORD_CAUSE_OUTPUT);
	if (state != NODE_DONE)
		outputs_say(graph, proc, now);
	if (state != NODE_DONE && now->begun)
		remember_failure(graph, proc);
	increment_drop(graph, proc);
	return state;
}
