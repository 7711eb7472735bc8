/* From the look at a proc before its start: changed.h. */
#include "graph/changed.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "graph/increment.h"

#define LIST_MAX \
	65536 /* bytes of ORDERLY_CHANGED_DEPS: a variable of 128 KiB cannot be passed on */

/* Both lists are sorted by name. */
static int
has_consumed(const struct increment *now, const struct ord_proc *dep)
{
	const struct record *record = now != NULL ? now->record : NULL;
	uint32_t from = 0, to = record != NULL ? record->n_deps : 0;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;
		int order = strcmp(record->deps[middle].name, dep->name);

		if (order == 0)
			return record->deps[middle].version != 0 &&
				record->deps[middle].version == dep->version;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return 0;
}

static int
append_names(
	const struct ord_graph *graph, const struct numbers *nodes, struct buffer *to, char behind)
{
	for (uint32_t i = nodes->count; i-- > 0;) {
		const char *name = graph->procs[nodes->at[i]]->name;

		if (buffer_append(to, name, strlen(name)) != 0 ||
			buffer_append(to, &behind, 1) != 0)
			return -1;
	}
	return 0;
}

/* The last that was declared is the first in the list of edges. */
uint32_t
changed_deps(struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to, char behind)
{
	const struct schedule *schedule = &graph->schedule;
	struct numbers changed = { 0 };
	uint32_t count;
	int status = 0;

	for (uint32_t at = schedule->nodes[proc->node].deps; status == 0 && at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dep) {
		uint32_t dep = schedule->edges[at].dep;

		if (schedule->edges[at].kind == EDGE_HARD &&
			!has_consumed(proc->increment, graph->procs[dep]))
			status = numbers_push(&changed, dep);
	}
	if (status == 0)
		status = append_names(graph, &changed, to, behind);
	count = status == 0 ? changed.count : UINT32_MAX;
	numbers_finish(&changed);
	return count;
}

int
changed_fingerprint(
	struct ord_graph *graph, const struct ord_proc *proc, char text[CHANGED_FINGERPRINT])
{
	const struct increment *now = proc->increment;
	struct digest digest;

	if (now == NULL || graph->history == NULL)
		return error_set(&graph->error, ORD_ENOTSUP,
			"%s has no fingerprint: the graph has no database", proc->name);
	graph->text.size = 0;
	for (uint32_t i = 0; i < now->inputs.n; i++) {
		const struct file *file = &now->inputs.items[i];

		memset(&digest, 0, sizeof digest);
		if (file->kind == FILE_REGULAR && file->hashed)
			digest = file->hash;
		else if (file->kind == FILE_REGULAR &&
			files_hash_of(&graph->files, file, &digest) != 0)
			return error_set(&graph->error, ORD_EAGAIN,
				"%s has no fingerprint: %s has changed since it started",
				proc->name, file->path);
		if (buffer_append(&graph->text, file->path, strlen(file->path) + 1) != 0 ||
			buffer_append(&graph->text, &file->kind, sizeof file->kind) != 0 ||
			buffer_append(&graph->text, &digest, sizeof digest) != 0)
			return error_memory(&graph->error);
	}
	digest = digest_of(graph->text.bytes != NULL ? graph->text.bytes : "", graph->text.size);
	snprintf(text, CHANGED_FINGERPRINT, "%016" PRIx64 "%016" PRIx64, digest.high, digest.low);
	return ORD_OK;
}

int
changed_environment(
	struct ord_graph *graph, const struct ord_proc *proc, struct buffer *env, uint32_t *count)
{
	static const char list[] = "ORDERLY_CHANGED_DEPS=";
	size_t begin = env->size;
	uint32_t changed;
	int status = buffer_append(env, list, sizeof list - 1);

	changed = status == 0 ? changed_deps(graph, proc, env, '\n') : UINT32_MAX;
	if (changed == UINT32_MAX)
		return -1;
	if (changed != 0)
		env->size--; /* the last newline */
	if (env->size - begin > LIST_MAX)
		env->size = begin + sizeof list - 1;
	*count += 2;
	if (buffer_append(env, "", 1) != 0)
		return -1;
	return changed != 0 ? buffer_append(env, "ORDERLY_DEPS_CHANGED=1", 23)
			    : buffer_append(env, "ORDERLY_DEPS_CHANGED=0", 23);
}
