/*
 * Whether a proc that is about to start has to, and what is kept of the look
 * at it until its end.  See increment.h for the steps; the record is written
 * by remember.c.
 *
 * What is known of a file is not trusted where something may have written it
 * since: each proc that ran moves a tick, and who depends on it looks at
 * files anew whose look is older.
 */
#include "graph/increment.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define FILE_OWN UINT32_MAX /* the kind of what is no input */
#define REASONS_MAX 100     /* sentences that are kept of one proc */

/* --- the database --- */

/* NULL: nothing is remembered. */
static const char *
database_of(const struct ord_graph *graph)
{
	const char *path = graph->database != NULL ? graph->database : graph->default_database;

	return path != NULL && strcmp(path, "none") != 0 ? path : NULL;
}

int
increment_open(struct ord_graph *graph)
{
	const char *path = database_of(graph);
	int mode = graph->options.dry_run ? HISTORY_READ : HISTORY_WRITE, status;

	if (path == NULL || graph->history != NULL)
		return ORD_OK;
	if (history_new(&graph->history) != 0)
		return error_memory(&graph->error);
	status = history_open(graph->history, path, mode, (int)graph->options.database_wait_ms);
	if (status == ORD_OK) {
		increment_warn(graph, ORD_OK);
		return ORD_OK;
	}
	error_set(&graph->error, status, "%s", history_error(graph->history));
	history_destroy(&graph->history);
	return status;
}

void
increment_warn(struct ord_graph *graph, int status)
{
	const char *warning = history_warning(graph->history);

	if (*warning != '\0' && !graph->warned)
		graph_warn(graph, warning);
	graph->warned |= *warning != '\0';
	if (status < 0 && !graph->write_failed)
		graph_warn(graph, history_error(graph->history));
	graph->write_failed |= status < 0;
}

static void
free_increment(struct increment *now)
{
	texts_finish(&now->parts);
	texts_finish(&now->patterns);
	texts_finish(&now->ignore);
	texts_finish(&now->outputs);
	file_list_finish(&now->inputs);
	file_list_finish(&now->found);
	file_list_finish(&now->results);
	file_list_finish(&now->before);
	reasons_finish(&now->reasons);
	memory_free(now->items);
	memory_free((void *)now->special);
	memory_free(now->max_ages_ns);
	memory_free(now->deps);
	memory_free(now);
}

void
increment_close(struct ord_graph *graph)
{
	while (graph->spare != NULL) {
		struct increment *next = graph->spare->next;

		free_increment(graph->spare);
		graph->spare = next;
	}
	outputs_unclaim(graph);
	files_finish(&graph->files);
	if (graph->history != NULL)
		history_destroy(&graph->history);
}

void
increment_pass(struct ord_graph *graph)
{
	graph->files.pass = ++graph->files.tick;
}

int
increment_plan(struct ord_graph *graph, struct ord_proc *proc)
{
	int status = increment_open(graph);

	if (status == ORD_OK && proc->definition->tracked.outputs.n_words != 0)
		status = outputs_claim(graph, proc);
	if (status == ORD_OK && graph->history != NULL)
		expect_weigh(graph, proc);
	return status;
}

/* --- one that is in use --- */

static struct increment *
take(struct ord_graph *graph)
{
	struct increment *now = graph->spare;

	if (now == NULL)
		return memory_new(1, sizeof *now);
	graph->spare = now->next;
	return now;
}

void
increment_drop(struct ord_graph *graph, struct ord_proc *proc)
{
	struct increment *now = proc->increment;

	if (now == NULL)
		return;
	proc->increment = NULL;
	texts_clear(&now->parts);
	texts_clear(&now->patterns);
	texts_clear(&now->ignore);
	texts_clear(&now->outputs);
	now->inputs.n = now->found.n = now->results.n = now->before.n = 0;
	now->n_items = now->n_deps = now->reasons.n = 0;
	history_let_go(graph->history, now->record);
	now->record = NULL;
	now->asked = NULL;
	now->begun = now->has_max_ages = 0;
	now->next = graph->spare;
	graph->spare = now;
}

void
increment_clear(struct ord_graph *graph, struct ord_proc *proc)
{
	increment_drop(graph, proc);
	memory_free(proc->reasons);
	proc->reasons = NULL;
	proc->n_reasons = 0;
	proc->version = 0;
	proc->skipped = 0;
}

void
increment_asked(struct ord_proc *proc, const struct ord_proc *other)
{
	const struct schedule *schedule = &proc->graph->schedule;

	if (proc->increment == NULL || proc->increment->asked != NULL)
		return;
	for (uint32_t at = schedule->nodes[proc->node].deps; at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dep)
		if (schedule->edges[at].dep == other->node && schedule->edges[at].kind == EDGE_HARD)
			return;
	proc->increment->asked = other->name;
}

/* --- the look --- */

/* Files that were looked at before what it depends on had ended may be other ones by now. */
static void
set_trust(struct ord_graph *graph, struct ord_proc *proc)
{
	const struct schedule *schedule = &graph->schedule;
	uint64_t changed = graph->files.pass;

	for (uint32_t at = schedule->nodes[proc->node].deps; at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dep) {
		const struct ord_proc *dep = graph->procs[schedule->edges[at].dep];

		if (dep->changed > changed)
			changed = dep->changed;
	}
	proc->changed = changed;
	graph->files.not_before = changed;
}

/* An output may be named, but not be, an input: what a glob of inputs finds of it is left out. */
static int
part_outputs(struct ord_graph *graph, struct increment *now)
{
	uint32_t kept = 0, own = 0;

	for (uint32_t i = 0; i < now->outputs.n; i++) {
		struct file *file = file_list_find(&now->inputs, now->outputs.list[i]);

		if (file != NULL)
			file->kind = FILE_OWN;
		own += file != NULL;
	}
	for (uint32_t i = 0; own != 0 && i < now->patterns.n; i++) {
		const struct file *file = file_list_find(&now->inputs, now->patterns.list[i]);

		if (file != NULL && file->kind == FILE_OWN)
			return error_set(&graph->error, ORD_EINVAL,
				"%s is both an input and an output of it: it would never be up to date",
				file->path);
	}
	for (uint32_t i = 0; i < now->inputs.n; i++)
		if (now->inputs.items[i].kind != FILE_OWN)
			now->inputs.items[kept++] = now->inputs.items[i];
	now->inputs.n = kept;
	return ORD_OK;
}

/* Of which age each output of the record may be. */
static int
find_max_ages(struct ord_graph *graph, struct increment *now)
{
	struct file_list found = { 0 };
	int status = ORD_OK;

	if (now->results.n > now->max_ages_capacity) {
		uint64_t *ages = memory_resize(now->max_ages_ns, now->results.n * sizeof *ages);

		if (ages == NULL)
			return error_memory(&graph->error);
		now->max_ages_ns = ages;
		now->max_ages_capacity = now->results.n;
	}
	if (now->results.n != 0)
		memset(now->max_ages_ns, 0, now->results.n * sizeof *now->max_ages_ns);
	for (uint32_t i = 0; status == ORD_OK && i < now->outputs.n; i++) {
		const char *const pattern[] = { now->outputs.list[i], NULL };

		if (now->special[i] == NULL || now->special[i]->max_age_ns == 0)
			continue;
		status = inputs_expand(&graph->files, pattern, NULL, &found);
		if (status != ORD_OK)
			graph->error = graph->files.error;
		for (uint32_t j = 0; j < found.n; j++) {
			const struct file *file =
				file_list_find(&now->results, found.items[j].path);

			if (file != NULL)
				now->max_ages_ns[file - now->results.items] =
					now->special[i]->max_age_ns;
		}
		now->has_max_ages = 1;
	}
	file_list_finish(&found);
	return status;
}

static int
gather(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = gather_outputs(graph, proc, now);

	set_trust(graph, proc);
	if (status == ORD_OK)
		status = outputs_before(graph, now);
	if (status != ORD_OK || graph->history == NULL)
		return status;
	status = gather_parts(graph, proc, now);
	if (status == ORD_OK)
		status = gather_files(graph, proc, now);
	if (status == ORD_OK && now->outputs.n != 0)
		status = part_outputs(graph, now);
	if (status == ORD_OK)
		status = gather_deps(graph, proc, now);
	if (status == ORD_OK && history_find(graph->history, proc->name, &now->record) != 0)
		status = error_memory(&graph->error);
	if (status == ORD_OK)
		status = gather_known(graph, now);
	return status == ORD_OK ? find_max_ages(graph, now) : status;
}

/* --- the judgement --- */

uint32_t
increment_fingerprint(const struct ord_graph *graph, const struct ord_proc *proc)
{
	static const uint32_t kinds[] = { FINGERPRINT_BOTH, FINGERPRINT_BOTH, FINGERPRINT_MTIME,
		FINGERPRINT_HASH };
	uint32_t kind = proc->definition->tracked.fingerprint;

	return kinds[kind != 0 ? kind : graph->options.fingerprint];
}

static uint32_t
force_of(const struct ord_graph *graph, const struct ord_proc *proc)
{
	if (graph->touching)
		return FORCE_NOT;
	if (graph->forced.n != 0 && touch_is_forced(graph, proc))
		return FORCE_ASKED;
	if (graph->options.full)
		return FORCE_FULL;
	return proc->definition->tracked.no_skip ? FORCE_NO_SKIP : FORCE_NOT;
}

static int
judge(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct now view = { .parts = now->items,
		.inputs = now->inputs.items,
		.found = now->found.items,
		.outputs = now->results.items,
		.deps = now->deps,
		.max_ages_ns = now->has_max_ages ? now->max_ages_ns : NULL,
		.n_parts = now->n_items,
		.n_inputs = now->inputs.n,
		.n_deps = now->n_deps,
		.force = force_of(graph, proc),
		.fingerprint = increment_fingerprint(graph, proc),
		.outputs_exist = proc->definition->tracked.outputs_exist,
		.wall_ns = now->has_max_ages ? (int64_t)clock_wall_ns() : 0,
		.hash = files_hash_of,
		.user = &graph->files };

	return stale_judge(now->record, &view, &now->reasons) == 0 ? ORD_OK
								   : error_memory(&graph->error);
}

/* The reasons as sentences, as what they point to does not stay. */
static int
keep_reasons(struct ord_graph *graph, struct ord_proc *proc, const struct increment *now)
{
	struct buffer texts = { 0 };
	char sentence[400];
	uint32_t n = now->reasons.n < REASONS_MAX ? now->reasons.n : REASONS_MAX;
	int status = 0;

	memory_free(proc->reasons);
	proc->reasons = NULL;
	proc->n_reasons = n;
	for (uint32_t i = 0; status == 0 && i < n; i++) {
		size_t size = reason_text(&now->reasons.items[i], sentence, sizeof sentence);

		status = buffer_append(&texts, sentence, size + 1);
	}
	if (status != 0) {
		buffer_finish(&texts);
		proc->n_reasons = 0;
		return error_memory(&graph->error);
	}
	proc->reasons = texts.bytes;
	return ORD_OK;
}

/* It is as it was: so is its result. */
static int
stay(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	const struct record *record = now->record;

	verdict_clear(proc);
	if (record->result_size != 0) {
		proc->output = memory_copy(record->result, record->result_size);
		if (proc->output == NULL)
			return error_memory(&graph->error);
		proc->output_size = record->result_size;
	}
	proc->version = record->version;
	proc->skipped = 1;
	if (now->reasons.refreshed != 0 && !graph->options.dry_run)
		increment_warn(graph, history_refresh(graph->history, proc->name));
	return ORD_OK;
}

/* --- before the start --- */

static int
is_group(const struct ord_proc *proc)
{
	return !definition_is_command(proc->definition) &&
		!definition_is_function(proc->definition);
}

static int
fail(struct ord_graph *graph, struct ord_proc *proc)
{
	char why[1100];

	snprintf(why, sizeof why, "not started: %.1000s", graph->error.text);
	error_clear(&graph->error);
	verdict_clear(proc);
	verdict_set(proc, ORD_CAUSE_NOT_STARTED, why);
	increment_drop(graph, proc);
	return INCREMENT_FAILED;
}

/* What does not run counts as if it had: nobody has consumed what it would make. */
static int
pretend(struct ord_graph *graph, struct ord_proc *proc)
{
	verdict_clear(proc);
	proc->version = VERSION_UNREAL + graph->unreal++;
	increment_drop(graph, proc);
	return INCREMENT_DONE;
}

/* A group is new when something that it stands for is.  Reasons point to the record that this ends. */
static int
judge_group(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status, is_new = 0;

	for (uint32_t i = 0; i < now->reasons.n; i++)
		is_new |= now->reasons.items[i].kind == REASON_NO_RECORD ||
			now->reasons.items[i].kind == REASON_DEP;
	if (!is_new)
		now->reasons.n = 0;
	status = keep_reasons(graph, proc, now);
	if (status != ORD_OK)
		return status;
	return is_new ? increment_group(graph, proc, now) : stay(graph, proc, now);
}

static int
begin(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = remember_racy(graph, now);

	if (status != ORD_OK)
		return fail(graph, proc);
	status = history_begin(graph->history, proc->name);
	if (status != ORD_OK) {
		error_set(&graph->error, status, "%s", history_error(graph->history));
		return fail(graph, proc);
	}
	now->begun = 1;
	return INCREMENT_RUN;
}

/* Of others than those that are touched only the version is asked for. */
static int
decide_touch(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = ORD_OK;

	verdict_clear(proc);
	if (!proc->touched && now->record != NULL && now->record->version != 0)
		proc->version = now->record->version;
	else if (!proc->touched)
		proc->version = VERSION_UNREAL + graph->unreal++;
	else if (is_group(proc))
		status = increment_group(graph, proc, now);
	else
		status = remember_touched(graph, proc, now);
	if (status != ORD_OK)
		return fail(graph, proc);
	increment_drop(graph, proc);
	return INCREMENT_DONE;
}

static int
decide(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = judge(graph, proc, now);
	int ends_here = is_group(proc) && !graph->options.dry_run;

	if (ends_here)
		verdict_clear(proc); /* it may have been canceled before */
	if (status == ORD_OK && graph->touching && (now->reasons.n != 0 || !proc->touched))
		return decide_touch(graph, proc, now);
	if (status == ORD_OK && ends_here)
		status = judge_group(graph, proc, now);
	else if (status == ORD_OK)
		status = keep_reasons(graph, proc, now);
	if (status == ORD_OK && !ends_here && now->reasons.n == 0)
		status = stay(graph, proc, now);
	if (status != ORD_OK)
		return fail(graph, proc);
	if (now->reasons.n == 0 || ends_here) {
		increment_drop(graph, proc);
		return INCREMENT_DONE;
	}
	if (graph->options.dry_run)
		return pretend(graph, proc);
	return begin(graph, proc, now);
}

int
increment_before(struct ord_graph *graph, struct ord_proc *proc)
{
	struct increment *now = proc->increment;

	proc->skipped = 0;
	if (now != NULL)
		return INCREMENT_RUN; /* another attempt */
	if (graph->history == NULL && !tracked_makes(&proc->definition->tracked))
		return graph->options.dry_run ? pretend(graph, proc) : INCREMENT_RUN;
	now = take(graph);
	if (now == NULL) {
		error_memory(&graph->error);
		return fail(graph, proc);
	}
	proc->increment = now;
	if (gather(graph, proc, now) != ORD_OK)
		return fail(graph, proc);
	if (graph->history != NULL)
		return decide(graph, proc, now);
	return graph->options.dry_run ? pretend(graph, proc) : INCREMENT_RUN;
}
