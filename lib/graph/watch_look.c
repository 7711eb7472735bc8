/* The patterns of a proc, as they are watched, and its outputs, as they are not. */
#include <limits.h>
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"
#include "graph/inputs/ignored.h"
#include "graph/watch.h"

int
watch_makes(const struct ord_proc *proc, const char *path)
{
	return proc->makes != NULL ? ignored_match_within(proc->makes, path) : 0;
}

void
watch_warn(struct ord_graph *graph)
{
	const char *warning = eyes_warning(graph->watch->eyes);

	if (*warning != '\0' && !graph->watch->warned)
		graph_warn(graph, warning);
	graph->watch->warned |= *warning != '\0';
}

/* eyes_look or eyes_find */
typedef int (*look_fn)(struct eyes *eyes, uint32_t who, const char *const *patterns,
	const char *const *ignore, struct error *error);

static int
look_by(struct ord_graph *graph, const struct ord_proc *proc, const char *const *patterns,
	const char *const *ignore, look_fn look)
{
	struct error error = { 0 };
	int status = look(graph->watch->eyes, proc->node, patterns, ignore, &error);

	if (status != ORD_OK)
		graph->error = error;
	watch_warn(graph);
	return status;
}

static int
is_same(const struct texts *one, const struct texts *other)
{
	return one != NULL && one->text.size == other->text.size &&
		(one->text.size == 0 ||
			memcmp(one->text.bytes, other->text.bytes, one->text.size) == 0);
}

/* A path as a pattern that means it only. */
static int
add_escaped(struct texts *texts, const char *path)
{
	char text[2 * PATH_MAX + 1];
	size_t size = 0;

	for (; *path != '\0' && size + 2 < sizeof text; path++) {
		if (strchr("*?[]{},\\", *path) != NULL)
			text[size++] = '\\';
		text[size++] = *path;
	}
	text[size] = '\0';
	return texts_add(texts, text);
}

int
watch_look_at_found(struct ord_graph *graph, const struct ord_proc *proc)
{
	struct record *record = NULL;
	struct texts paths = { 0 };
	const char *const *list;
	int status = ORD_OK;

	if (graph->history == NULL || proc->definition->tracked.depfile.n_words == 0)
		return ORD_OK;
	if (history_find(graph->history, proc->name, &record) != 0)
		return error_memory(&graph->error);
	for (uint32_t i = 0; status == ORD_OK && record != NULL && i < record->n_found; i++)
		if (add_escaped(&paths, record->found[i].path) != 0)
			status = error_memory(&graph->error);
	list = texts_list(&paths);
	if (status == ORD_OK && paths.n != 0)
		status = list != NULL ? look_by(graph, proc, list, NULL, eyes_look)
				      : error_memory(&graph->error);
	texts_finish(&paths);
	return status;
}

void
watch_forget(struct ord_graph *graph, struct ord_proc *proc)
{
	if (proc->makes != NULL)
		ignored_finish(proc->makes);
	memory_free(proc->makes);
	proc->makes = NULL;
	if (proc->said != NULL)
		texts_finish(proc->said);
	memory_free(proc->said);
	proc->said = NULL;
	if (proc->looked && graph->watch->eyes != NULL)
		eyes_forget(graph->watch->eyes, proc->node);
	proc->looked = 0;
}

/* What callbacks say now; *differs: it is not what they said before.  Yours to finish then; a status with graph->error. */
static int
ask(struct ord_graph *graph, const struct ord_proc *proc, struct texts *said, int *differs)
{
	int status;

	*said = (struct texts){ 0 };
	*differs = 0;
	if (proc->definition->tracked.n_asked == 0)
		return ORD_OK;
	status = gather_said(graph, proc, said);
	*differs = status == ORD_OK && !is_same(proc->said, said);
	if (!*differs)
		texts_finish(said);
	return status;
}

int
watch_ask(struct ord_graph *graph, const struct ord_proc *proc, int *differs)
{
	struct texts said;
	int status = ask(graph, proc, &said, differs);

	if (*differs)
		texts_finish(&said);
	return status;
}

static int
asks_outputs(const struct tracked *tracked)
{
	for (uint32_t i = 0; i < tracked->n_special; i++)
		if (tracked->special[i].asked.names != NULL)
			return 1;
	return 0;
}

int
watch_renew(struct ord_graph *graph, struct ord_proc *proc)
{
	struct texts said;
	int differs, status = ask(graph, proc, &said, &differs);

	if (status != ORD_OK)
		return status;
	if (differs || asks_outputs(&proc->definition->tracked))
		watch_forget(graph, proc);
	if (!differs)
		return ORD_OK;
	proc->said = memory_new(1, sizeof *proc->said);
	if (proc->said != NULL) {
		*proc->said = said;
		return ORD_OK;
	}
	texts_finish(&said);
	return error_memory(&graph->error);
}

static int
compile_outputs(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = gather_outputs(graph, proc, now);

	if (status != ORD_OK || now->outputs.n == 0)
		return status;
	proc->makes = memory_new(1, sizeof *proc->makes);
	if (proc->makes == NULL)
		return error_memory(&graph->error);
	return ignored_add(proc->makes, texts_list(&now->outputs), &graph->error);
}

/* What would make it run for ever. */
static int
check_outputs(struct ord_graph *graph, const struct ord_proc *proc, const struct texts *inputs)
{
	for (uint32_t i = 0; proc->makes != NULL && i < inputs->n; i++) {
		int answer = watch_makes(proc, inputs->list[i]);

		if (answer < 0)
			return error_memory(&graph->error);
		if (answer > 0)
			return error_set(&graph->error, ORD_EINVAL,
				"%s: %s is both an input and an output of it: watched, it would run for ever",
				proc->name, inputs->list[i]);
	}
	return ORD_OK;
}

/* What the patterns say that were gathered last. */
static int
look_at_gathered(
	struct ord_graph *graph, const struct ord_proc *proc, struct increment *now, look_fn look)
{
	const char *const *patterns, *const *ignore;

	if (now->patterns.n == 0)
		return ORD_OK;
	patterns = texts_list(&now->patterns);
	ignore = texts_list(&now->ignore);
	if (patterns == NULL || ignore == NULL)
		return error_memory(&graph->error);
	return look_by(graph, proc, patterns, ignore, look);
}

static int
look_with(struct ord_graph *graph, struct ord_proc *proc, struct increment *now)
{
	int status = compile_outputs(graph, proc, now);

	if (status == ORD_OK)
		status = gather_patterns(graph, proc, now);
	if (status == ORD_OK && now->patterns.n != 0 && texts_list(&now->patterns) == NULL)
		status = error_memory(&graph->error);
	if (status == ORD_OK)
		status = check_outputs(graph, proc, &now->patterns);
	if (status == ORD_OK)
		status = look_at_gathered(graph, proc, now, eyes_look);
	if (status != ORD_OK || proc->definition->tracked.regexes.n_words == 0)
		return status;
	status = gather_regexes(graph, proc, now);
	return status == ORD_OK ? look_at_gathered(graph, proc, now, eyes_find) : status;
}

int
watch_look(struct ord_graph *graph, struct ord_proc *proc)
{
	struct increment now = { 0 };
	int status;

	if (proc->looked)
		return ORD_OK;
	status = proc->said == NULL ? watch_renew(graph, proc) : ORD_OK;
	if (status != ORD_OK)
		return status;
	proc->looked = 1;
	status = look_with(graph, proc, &now);
	if (status == ORD_OK)
		status = watch_look_at_found(graph, proc);
	texts_finish(&now.patterns);
	texts_finish(&now.ignore);
	texts_finish(&now.outputs);
	memory_free((void *)now.special);
	return status;
}
