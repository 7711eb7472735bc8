/*
 * What procs make: that it was made, that it is new where that was asked for,
 * and that nobody else makes it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "graph/increment.h"
#include "graph/inputs/globs.h"
#include "graph/inputs/ignored.h"

#define TICK_NS (20 * (int64_t)CLOCK_NS_PER_MS) /* a file's time may be so old when it is written */

/* --- made --- */

static int
expand(struct ord_graph *graph, const char *word, struct file_list *list)
{
	const char *const pattern[] = { word, NULL };

	if (inputs_expand(&graph->files, pattern, NULL, list) == 0)
		return ORD_OK;
	graph->error = graph->files.error;
	return graph->error.status;
}

static int
add_all(struct ord_graph *graph, struct file_list *to, const struct file_list *from)
{
	for (uint32_t i = 0; i < from->n; i++)
		if (file_list_add(to, &from->items[i]) != 0)
			return error_memory(&graph->error);
	return ORD_OK;
}

int
outputs_before(struct ord_graph *graph, struct increment *now)
{
	struct file_list found = { 0 };
	int status = ORD_OK;

	for (uint32_t i = 0; status == ORD_OK && i < now->outputs.n; i++) {
		if (now->special[i] == NULL || !now->special[i]->fresh)
			continue;
		status = expand(graph, now->outputs.list[i], &found);
		if (status == ORD_OK)
			status = add_all(graph, &now->before, &found);
	}
	file_list_sort(&now->before);
	file_list_finish(&found);
	return status;
}

static int
not_made(struct ord_graph *graph, const char *what, const char *path, const char *why)
{
	error_set(&graph->error, ORD_EFAILED,
		"outputs not refreshed: it ended well, but %s %.500s%s", what, path, why);
	return 1;
}

/* Is a file as it was before the run?  If its time could not tell, it counts as written. */
static int
is_old(const struct increment *now, const struct file *file)
{
	const struct file *before = file_list_find(&now->before, file->path);

	return before != NULL && before->kind == file->kind && before->size == file->size &&
		before->inode == file->inode && before->mtime_ns == file->mtime_ns &&
		!stale_is_racy(before, 0);
}

/* What a word stands for after the run. */
static int
check(struct ord_graph *graph, const struct increment *now, uint32_t word,
	const struct file_list *found)
{
	const char *text = now->outputs.list[word];
	const struct special_output *special = now->special[word];
	int optional = special != NULL && special->optional;

	if (found->n == 0 && path_glob_is(text) && !optional)
		return not_made(graph, "no file matches its output", text, "");
	for (uint32_t i = 0; i < found->n; i++) {
		const struct file *file = &found->items[i];

		if (file->kind == FILE_MISSING && !optional)
			return not_made(graph, "its output", file->path, " is not there");
		if (special != NULL && special->fresh && file->kind != FILE_MISSING &&
			is_old(now, file))
			return not_made(graph, "its output", file->path, " is as it was before");
	}
	return ORD_OK;
}

int
outputs_after(struct ord_graph *graph, struct increment *now)
{
	struct file_list found = { 0 };
	int status = ORD_OK;

	now->results.n = 0;
	for (uint32_t i = 0; status == ORD_OK && i < now->outputs.n; i++) {
		status = expand(graph, now->outputs.list[i], &found);
		if (status == ORD_OK)
			status = check(graph, now, i, &found);
		if (status == ORD_OK)
			status = add_all(graph, &now->results, &found);
	}
	file_list_sort(&now->results);
	file_list_finish(&found);
	return status;
}

/* --- made by one that failed --- */

/* The first of them that was written since its start, or NULL; *count: how many. */
static const char *
written(struct ord_graph *graph, const struct ord_proc *proc, const struct increment *now,
	struct file_list *found, uint32_t *count)
{
	int64_t since = (int64_t)(clock_wall_ns() - (clock_now_ns() - proc->started_ns)) - TICK_NS;
	const char *first = NULL;

	for (uint32_t i = 0; i < now->outputs.n; i++) {
		if (expand(graph, now->outputs.list[i], found) != ORD_OK)
			break; /* it has failed already */
		for (uint32_t j = 0; j < found->n; j++) {
			if (found->items[j].kind == FILE_MISSING ||
				found->items[j].mtime_ns < since)
				continue;
			if ((*count)++ == 0)
				first = now->outputs.list[i];
		}
	}
	return first;
}

void
outputs_say(struct ord_graph *graph, struct ord_proc *proc, const struct increment *now)
{
	struct file_list found = { 0 };
	char text[1400], more[40] = "";
	const char *first;
	uint32_t count = 0;

	if (proc->started_ns == 0 || proc->cause == ORD_CAUSE_NOT_STARTED || now->outputs.n == 0)
		return;
	first = written(graph, proc, now, &found, &count);
	if (count > 1)
		snprintf(more, sizeof more, " and %u more", count - 1);
	if (first != NULL) {
		snprintf(text, sizeof text, "%.900s; what it wrote to %.400s%s does not count",
			ord_proc_error(proc), first, more);
		verdict_set(proc, proc->cause, text);
	}
	error_clear(&graph->error);
	file_list_finish(&found);
}

/* --- claimed --- */

struct claim {
	struct claim *next;
	const struct ord_proc *proc;
	char path[];
};

static int
claim_path(struct ord_graph *graph, const struct ord_proc *proc, const char *path)
{
	size_t size = strlen(path);
	struct claim *claim = table_find(&graph->claims, path, size);

	if (claim != NULL && claim->proc == proc)
		return ORD_OK;
	if (claim != NULL)
		return error_set(&graph->error, ORD_EINVAL,
			"both %.200s and %.200s make %.300s: an output belongs to one proc",
			claim->proc->name, proc->name, path);
	claim = memory_new(1, sizeof *claim + size + 1);
	if (claim == NULL || table_reserve(&graph->claims, 1) != 0) {
		memory_free(claim);
		return error_memory(&graph->error);
	}
	memcpy(claim->path, path, size + 1);
	claim->proc = proc;
	claim->next = graph->first_claim;
	graph->first_claim = claim;
	(void)table_put(&graph->claims, claim->path, size, claim); /* there is room */
	return ORD_OK;
}

int
outputs_claim(struct ord_graph *graph, struct ord_proc *proc)
{
	struct texts words = { 0 };
	struct span missing;
	int filled =
		texts_fill(&words, &proc->definition->tracked.outputs, proc_value, proc, &missing);
	int status = filled < 0 ? error_memory(&graph->error) : ORD_OK;

	/* What has no value is said when the proc is to start. */
	if (filled == 0 && texts_list(&words) == NULL)
		status = error_memory(&graph->error);
	for (uint32_t i = 0; status == ORD_OK && i < words.n; i++) {
		char *path = words.text.bytes + (words.list[i] - words.text.bytes);

		if (path_glob_is(path) || strchr(path, '{') != NULL)
			continue;
		path_glob_normalize(path);
		status = claim_path(graph, proc, path);
	}
	texts_finish(&words);
	return status;
}

void
outputs_unclaim(struct ord_graph *graph)
{
	while (graph->first_claim != NULL) {
		struct claim *next = graph->first_claim->next;

		memory_free(graph->first_claim);
		graph->first_claim = next;
	}
	table_finish(&graph->claims);
}
