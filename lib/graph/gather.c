/* What is there now of all that makes a proc stale: its definition as filled in, its inputs, its deps. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "graph/increment.h"
#include "graph/inputs/ignored.h"

static int
no_memory(struct ord_graph *graph)
{
	return error_memory(&graph->error);
}

static int
has_no_value(struct ord_graph *graph, const struct span *missing, const char *where)
{
	return error_set(&graph->error, ORD_EINVAL, "'%.*s' in its %s has no value",
		(int)missing->size, missing->at, where);
}

/* --- parts --- */

/* A part whose name has two words, as "param opt". */
static int
add_part(struct increment *now, const char *kind, const char *name, const char *value)
{
	struct buffer *text = &now->parts.text;
	size_t size = strlen(kind);

	if (buffer_append(text, kind, size) != 0 ||
		(name != NULL &&
			(buffer_append(text, " ", 1) != 0 ||
				buffer_append(text, name, strlen(name)) != 0)) ||
		buffer_append(text, "", 1) != 0)
		return -1;
	now->parts.n++;
	return texts_add(&now->parts, value);
}

/* Words as one text that no other words make. */
static int
join(struct buffer *to, const char *words, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		size_t plain = strcspn(words + i, " \\");
		const char *piece;

		if (buffer_append(to, words + i, plain) != 0)
			return -1;
		i += plain;
		if (words[i] == '\0' && i + 1 == size)
			break;
		piece = words[i] == '\0' ? " " : words[i] == ' ' ? "\\ " : "\\\\";
		if (buffer_append(to, piece, strlen(piece)) != 0)
			return -1;
	}
	return buffer_append(to, "", 1);
}

/* A text of the definition with its placeholders filled, as a part; nothing if it has no words. */
static int
add_text(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now,
	const char *name, const struct text *text)
{
	struct buffer *filled = &graph->text;
	struct span missing;
	int status;

	if (text->n_words == 0)
		return ORD_OK;
	filled->size = 0;
	status = text_fill(text, proc_value, (void *)(uintptr_t)proc, filled, &missing);
	if (status > 0)
		return has_no_value(graph, &missing, name);
	if (status != 0 || texts_add(&now->parts, name) != 0)
		return no_memory(graph);
	now->parts.n++;
	if (text->is_line)
		status = buffer_append(&now->parts.text, filled->bytes, filled->size);
	else
		status = join(&now->parts.text, filled->bytes, filled->size);
	return status == 0 ? ORD_OK : no_memory(graph);
}

/* Whether a variable is set once more behind this place. */
static int
is_set_again(const struct buffer *variables, size_t at, const char *name)
{
	size_t size = strlen(name);

	for (; at < variables->size; at += strlen(variables->bytes + at) + 1)
		if (strncmp(variables->bytes + at, name, size) == 0 &&
			variables->bytes[at + size] == '=')
			return 1;
	return 0;
}

/* Each variable is a part of its own: those of the graph's files, and the proc's, which win. */
static int
add_env(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct definition *definition = proc->definition;
	struct buffer *filled = &graph->text;
	struct span missing;
	int status = 0;

	filled->size = 0;
	for (uint32_t i = 0;
		definition_is_command(definition) && status == 0 && i < graph->n_variables; i++)
		status = text_fill(&graph->variables[i].text, param_value, graph, filled, &missing);
	if (status == 0)
		status = text_fill(&definition->command.env, proc_value, (void *)(uintptr_t)proc,
			filled, &missing);
	if (status > 0)
		return has_no_value(graph, &missing, "env");
	for (size_t at = 0; status == 0 && at < filled->size;) {
		char *variable = filled->bytes + at, *value = strchr(variable, '=');

		at += strlen(variable) + 1;
		*value = '\0';
		if (!is_set_again(filled, at, variable))
			status = add_part(now, "env", variable, value + 1);
	}
	return status == 0 ? ORD_OK : no_memory(graph);
}

/* Whether a text names a param: as [param.NAME], or as the variable that has it. */
static int
text_names(const struct text *text, const char *param)
{
	struct fragment fragment;

	for (uint32_t part = 0; text_part(text, &part, &fragment);) {
		const char *at = fragment.text;

		if (fragment.is_placeholder &&
			(strncmp(at, "param.", 6) == 0 && strcmp(at + 6, param) == 0))
			return 1;
		if (fragment.is_placeholder)
			continue;
		while ((at = strstr(at, "ORDERLY_PARAM_")) != NULL) {
			at += strlen("ORDERLY_PARAM_");
			if (strncmp(at, param, strlen(param)) == 0)
				return 1;
		}
	}
	return 0;
}

static int
is_named(const struct definition *definition, const char *param)
{
	const struct text *const texts[] = { &definition->command.argv, &definition->command.env,
		&definition->command.cwd, &definition->tracked.inputs, &definition->tracked.outputs,
		&definition->tracked.ignore, &definition->tracked.regexes,
		&definition->tracked.depfile };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (text_names(texts[i], param))
			return 1;
	return 0;
}

static int
add_values(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct definition *definition = proc->definition;
	int status = 0;

	for (uint32_t i = 0; status == 0 && i < definition->n_args; i++)
		if (proc->values[i] != NULL)
			status = add_part(now, "arg", definition->args[i].name, proc->values[i]);
	for (uint32_t i = 0; status == 0 && i < graph->n_params; i++)
		if (definition->tracked.all_params || is_named(definition, graph->params[i].name))
			status = add_part(
				now, "param", graph->params[i].name, graph->params[i].value);
	return status == 0 ? ORD_OK : no_memory(graph);
}

/* What is only there or not. */
static int
add_flags(struct ord_graph *graph, const struct definition *definition, struct increment *now)
{
	char codes[32];
	int status = 0;

	if (definition->function_name != NULL)
		status = add_part(now, "function", NULL, definition->function_name);
	if (status == 0 && definition->tracked.version != NULL)
		status = add_part(now, "version", NULL, definition->tracked.version);
	if (status == 0 && definition->stdout_result)
		status = add_part(now, "result", NULL,
			definition->stdout_result == STDOUT_JSON ? "standard output, JSON"
								 : "standard output");
	if (status == 0 && (definition->skip_exit != 0 || definition->no_change_exit != 0)) {
		snprintf(codes, sizeof codes, "%u %u", definition->skip_exit,
			definition->no_change_exit);
		status = add_part(now, "exit codes", NULL, codes);
	}
	return status == 0 ? ORD_OK : no_memory(graph);
}

/* Outputs that callbacks said stand behind those of the definition. */
static int
add_said_outputs(const struct tracked *tracked, struct increment *now)
{
	size_t from = 0;

	if (now->outputs.n == tracked->outputs.n_words)
		return 0;
	for (uint32_t i = 0; i < tracked->outputs.n_words; i++)
		from += strlen(now->outputs.text.bytes + from) + 1;
	if (texts_add(&now->parts, "outputs that were asked for") != 0)
		return -1;
	now->parts.n++;
	return join(
		&now->parts.text, now->outputs.text.bytes + from, now->outputs.text.size - from);
}

/* The parts point into their texts, now that these stay where they are. */
static int
index_parts(struct ord_graph *graph, struct increment *now)
{
	const char *const *list = texts_list(&now->parts);
	uint32_t n = now->parts.n / 2;

	if (list == NULL)
		return no_memory(graph);
	if (n > now->items_capacity) {
		struct part *items = memory_resize(now->items, n * sizeof *items);

		if (items == NULL)
			return no_memory(graph);
		now->items = items;
		now->items_capacity = n;
	}
	for (uint32_t i = 0; i < n; i++)
		now->items[i] = (struct part){ list[2 * i], list[2 * i + 1] };
	now->n_items = n;
	stale_sort_parts(now->items, n);
	return ORD_OK;
}

int
gather_parts(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct definition *definition = proc->definition;
	const struct tracked *tracked = &definition->tracked;
	const struct {
		const char *name;
		const struct text *text;
	} texts[] = { { definition->command.argv.is_line ? "shell" : "command",
			      &definition->command.argv },
		{ "cwd", &definition->command.cwd }, { "inputs", &tracked->inputs },
		{ "regexes of inputs", &tracked->regexes }, { "ignored inputs", &tracked->ignore },
		{ "outputs", &tracked->outputs }, { "depfile", &tracked->depfile } };
	int status = add_flags(graph, definition, now);

	for (size_t i = 0; status == ORD_OK && i < sizeof texts / sizeof *texts; i++)
		status = add_text(graph, proc, now, texts[i].name, texts[i].text);
	if (status == ORD_OK && add_said_outputs(tracked, now) != 0)
		status = no_memory(graph);
	if (status == ORD_OK)
		status = add_env(graph, proc, now);
	if (status == ORD_OK)
		status = add_values(graph, proc, now);
	return status == ORD_OK ? index_parts(graph, now) : status;
}

/* --- files --- */

static int
fill(struct ord_graph *graph, const struct ord_proc *proc, struct texts *words,
	const struct text *text, const char *where)
{
	struct span missing;
	int status;

	if (text->n_words == 0)
		return ORD_OK;
	status = texts_fill(words, text, proc_value, (void *)(uintptr_t)proc, &missing);
	if (status > 0)
		return has_no_value(graph, &missing, where);
	return status == 0 ? ORD_OK : no_memory(graph);
}

/* The names that a callback says. */
static int
ask(struct ord_graph *graph, const struct ord_proc *proc, const struct asked *asked,
	struct texts *words, const char *what)
{
	const char *const *names = NULL;
	int status;

	graph->asking++;
	status = asked->names(proc, &names, asked->user);
	graph->asking--;
	if (status != 0 && asked->names == names_ask)
		return graph->error.status; /* with its own sentence */
	if (status != 0)
		return error_set(&graph->error, ORD_EFAILED, "its callback for %s failed with %d",
			what, status);
	for (; names != NULL && *names != NULL; names++)
		if (texts_add(words, *names) != 0)
			return no_memory(graph);
	return ORD_OK;
}

static int
files_failed(struct ord_graph *graph)
{
	graph->error = graph->files.error;
	return graph->error.status;
}

int
gather_regexes(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	texts_clear(&now->patterns);
	return fill(graph, proc, &now->patterns, &proc->definition->tracked.regexes,
		"regexes of inputs");
}

static int
expand_regexes(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const char *const *list;
	int status;

	if (proc->definition->tracked.regexes.n_words == 0)
		return ORD_OK;
	status = gather_regexes(graph, proc, now);
	if (status != ORD_OK)
		return status;
	list = texts_list(&now->patterns);
	if (list == NULL)
		return no_memory(graph);
	status = inputs_find(&graph->files, list, texts_list(&now->ignore), &now->inputs);
	return status == ORD_OK ? ORD_OK : files_failed(graph);
}

int
gather_said(struct ord_graph *graph, const struct ord_proc *proc, struct texts *said)
{
	const struct tracked *tracked = &proc->definition->tracked;
	int status = ORD_OK;

	for (uint32_t i = 0; status == ORD_OK && i < tracked->n_asked; i++)
		status = ask(graph, proc, &tracked->asked[i], said, "inputs");
	return status;
}

/* Who is watched was asked when it was about to start. */
static int
add_said(struct ord_graph *graph, const struct ord_proc *proc, struct texts *words)
{
	const struct texts *said = proc->said;
	size_t at = 0;

	if (said == NULL)
		return gather_said(graph, proc, words);
	for (uint32_t i = 0; i < said->n; i++) {
		const char *text = said->text.bytes + at;

		at += strlen(text) + 1;
		if (texts_add(words, text) != 0)
			return no_memory(graph);
	}
	return ORD_OK;
}

int
gather_patterns(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct tracked *tracked = &proc->definition->tracked;
	int status = fill(graph, proc, &now->patterns, &tracked->inputs, "inputs");

	if (status == ORD_OK)
		status = add_said(graph, proc, &now->patterns);
	if (status == ORD_OK)
		status = fill(graph, proc, &now->ignore, &tracked->ignore, "ignored inputs");
	for (char **word = graph->ignore; status == ORD_OK && word != NULL && *word != NULL; word++)
		status = texts_add(&now->ignore, *word) == 0 ? ORD_OK : no_memory(graph);
	return status;
}

int
gather_files(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct tracked *tracked = &proc->definition->tracked;
	const char *const *patterns, *const *ignore;
	int status = gather_patterns(graph, proc, now);

	if (status != ORD_OK || (now->patterns.n == 0 && tracked->regexes.n_words == 0))
		return status;
	patterns = texts_list(&now->patterns);
	ignore = texts_list(&now->ignore);
	if (patterns == NULL || ignore == NULL)
		return no_memory(graph);
	if (inputs_expand(&graph->files, patterns, ignore, &now->inputs) != 0)
		return files_failed(graph);
	return expand_regexes(graph, proc, now);
}

/* The words from `from` on are of this output. */
static int
note_special(struct ord_graph *graph, struct increment *now, uint32_t from,
	const struct special_output *special)
{
	if (now->outputs.n > now->special_capacity) {
		uint32_t capacity = 2 * now->outputs.n;
		const struct special_output **list =
			memory_resize((void *)now->special, capacity * sizeof *list);

		if (list == NULL)
			return no_memory(graph);
		now->special = list;
		now->special_capacity = capacity;
	}
	for (uint32_t i = from; i < now->outputs.n; i++)
		now->special[i] = special;
	return ORD_OK;
}

int
gather_outputs(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct tracked *tracked = &proc->definition->tracked;
	int status = fill(graph, proc, &now->outputs, &tracked->outputs, "outputs");

	if (status == ORD_OK)
		status = note_special(graph, now, 0, NULL);
	for (uint32_t i = 0; status == ORD_OK && i < tracked->n_special; i++) {
		const struct special_output *special = &tracked->special[i];
		uint32_t from = now->outputs.n;

		if (special->asked.names == NULL) {
			now->special[special->word] = special;
			continue;
		}
		status = ask(graph, proc, &special->asked, &now->outputs, "outputs");
		if (status == ORD_OK)
			status = note_special(graph, now, from, special);
	}
	if (status != ORD_OK)
		return status;
	texts_change(&now->outputs, path_glob_normalize);
	return texts_list(&now->outputs) != NULL ? ORD_OK : no_memory(graph);
}

int
gather_known(struct ord_graph *graph, struct increment *now)
{
	struct record *record = now->record;

	now->found.n = now->results.n = 0;
	for (uint32_t i = 0; record != NULL && i < record->n_found + record->n_outputs; i++) {
		int found = i < record->n_found;
		const struct file *old =
			found ? &record->found[i] : &record->outputs[i - record->n_found];
		const struct file *file = files_look(&graph->files, old->path);

		if (file == NULL)
			return files_failed(graph);
		if (file_list_add(found ? &now->found : &now->results, file) != 0)
			return no_memory(graph);
	}
	return ORD_OK;
}

/* --- deps --- */

int
gather_deps(struct ord_graph *graph, const struct ord_proc *proc, struct increment *now)
{
	const struct schedule *schedule = &graph->schedule;
	uint32_t kept = 0;

	now->n_deps = 0;
	for (uint32_t at = schedule->nodes[proc->node].deps; at != SCHEDULE_NONE;
		at = schedule->edges[at].next_dep) {
		const struct ord_proc *dep = graph->procs[schedule->edges[at].dep];

		if (schedule->edges[at].kind != EDGE_HARD)
			continue;
		if (schedule_grow(
			    &now->deps, now->n_deps, &now->deps_capacity, sizeof *now->deps) != 0)
			return no_memory(graph);
		now->deps[now->n_deps++] = (struct dep){ dep->name,
			schedule->nodes[dep->node].state == NODE_DONE ? dep->version : 0 };
	}
	stale_sort_deps(now->deps, now->n_deps);
	for (uint32_t i = 0; i < now->n_deps; i++)
		if (kept == 0 || strcmp(now->deps[kept - 1].name, now->deps[i].name) != 0)
			now->deps[kept++] = now->deps[i];
	now->n_deps = kept;
	return ORD_OK;
}
