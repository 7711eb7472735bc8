/*
 * What a graph was told, for those who show it: definitions with their args and
 * choices, what a proc depends on, and where a command's variables come from.
 */
#include <stdlib.h>
#include <string.h>

#include <orderly/definition.h>

#include "base/memory.h"
#include "graph/file/dotenv.h"
#include "graph/file/schema.h"
#include "graph/graph.h"
#include "graph/names/value.h"

extern char **environ;

/* --- definitions: the public struct is ours under another name --- */

static const struct definition *
ours(const struct ord_definition *definition)
{
	return (const struct definition *)(const void *)definition;
}

const struct ord_definition *
ord_graph_next_definition(const struct ord_graph *graph, const struct ord_definition *previous)
{
	const struct definition *next = NULL;

	if (graph != NULL)
		next = previous != NULL ? ours(previous)->after : graph->first;
	return (const struct ord_definition *)(const void *)next;
}

const struct ord_definition *
ord_proc_definition(const struct ord_proc *proc)
{
	return (const struct ord_definition *)(const void *)proc->definition;
}

const char *
ord_definition_name(const struct ord_definition *definition)
{
	return ours(definition)->name.text;
}

const char *
ord_definition_description(const struct ord_definition *definition)
{
	return ours(definition)->description != NULL ? ours(definition)->description : "";
}

const char *
ord_definition_arg(const struct ord_definition *definition, uint32_t index)
{
	return index < ours(definition)->n_args ? ours(definition)->args[index].name : NULL;
}

const char *
ord_definition_type(const struct ord_definition *definition, uint32_t index)
{
	static const char *const types[] = { [VALUE_TEXT] = "text",
		[VALUE_INT] = "int",
		[VALUE_FLOAT] = "float",
		[VALUE_BOOL] = "bool" };

	return index < ours(definition)->n_args ? types[ours(definition)->args[index].kind] : NULL;
}

const char *
ord_definition_default(const struct ord_definition *definition, uint32_t index)
{
	return index < ours(definition)->n_args ? ours(definition)->args[index].otherwise : NULL;
}

int
ord_graph_choices(struct ord_graph *graph, const struct ord_definition *definition, uint32_t index,
	const char *const **choices)
{
	int status = graph_may_change(graph);
	struct definition *mine;

	if (status != ORD_OK)
		return status;
	if (definition == NULL || choices == NULL || index >= ours(definition)->n_args)
		return error_set(&graph->error, ORD_EINVAL, "there is no such arg");
	for (mine = graph->first; mine != NULL && mine != ours(definition);)
		mine = mine->after;
	if (mine == NULL)
		return error_set(&graph->error, ORD_EINVAL, "the definition is of another graph");
	status = registry_choices(graph, mine, &mine->args[index]);
	if (status == ORD_OK)
		*choices = (const char *const *)mine->args[index].choices;
	return status;
}

/* --- deps --- */

uint32_t
ord_proc_deps(const struct ord_proc *proc, const struct ord_proc **deps, uint32_t room)
{
	const struct ord_graph *graph = proc->graph;
	uint32_t n = 0;

	for (uint32_t at = graph->schedule.nodes[proc->node].deps; at != SCHEDULE_NONE;
		at = graph->schedule.edges[at].next_dep) {
		if (edge_is_gone(&graph->schedule.edges[at]))
			continue;
		if (n < room)
			deps[n] = graph->procs[graph->schedule.edges[at].dep];
		n++;
	}
	return n;
}

/* --- variables --- */

/* All of NAME=value that a command finds, the weakest first, without the process environment. */
struct lines {
	struct buffer text;
	const char **at; /* n of them */
	uint32_t n;
	uint32_t n_own; /* the first ones are not the proc's */
};

static int
read_lines(struct ord_graph *graph, const struct ord_proc *proc, struct lines *lines)
{
	void *user = (void *)(uintptr_t)proc;
	struct span missing = { 0 };
	size_t offset = 0;
	int status = submit_environment(graph, proc, &lines->text, &lines->n_own, &missing);

	if (status == 0)
		status = text_fill(
			&proc->definition->command.env, proc_value, user, &lines->text, &missing);
	if (status > 0)
		return error_set(&graph->error, ORD_EINVAL, "%s: '%.*s' in its env has no value",
			proc->name, (int)missing.size, missing.at);
	lines->n = lines->n_own + proc->definition->command.env.n_words;
	if (status == 0)
		lines->at = memory_new(lines->n + 1, sizeof *lines->at);
	if (lines->at == NULL)
		return error_memory(&graph->error);
	(void)submit_point_at(lines->at, &lines->text, &offset, lines->n);
	return ORD_OK;
}

/* Who says the i-th. */
static int
source_of(const struct ord_graph *graph, const struct lines *lines, uint32_t i, const char **where)
{
	uint32_t variable = i - SUBMIT_FIXED;

	*where = "";
	if (i >= lines->n_own)
		return ORD_FROM_PROC;
	if (i < SUBMIT_FIXED || variable >= graph->n_variables)
		return ORD_FROM_ORDERLY;
	*where = graph->variables[variable].where;
	return graph->variables[variable].origin == DOTENV_FILE ? ORD_FROM_DOTENV : ORD_FROM_FILE;
}

struct teller {
	ord_variable_fn fn;
	void *user;
	struct table told; /* names, so that what is there already is not told again */
};

static int
tell(struct teller *teller, const char *line, int source, const char *where)
{
	size_t size = strcspn(line, "=");
	char *name;
	int stop;

	if (line[size] == '\0' || table_find(&teller->told, line, size) != NULL)
		return 0;
	name = memory_copy(line, size);
	if (name == NULL || table_put(&teller->told, line, size, teller) != 0) {
		memory_free(name);
		return ORD_ENOMEM;
	}
	stop = teller->fn(name, line + size + 1, source, where, teller->user);
	memory_free(name);
	return stop != 0 ? 1 : 0;
}

int
ord_graph_environment(
	struct ord_graph *graph, const struct ord_proc *proc, ord_variable_fn fn, void *user)
{
	struct teller teller = { fn, user, { 0 } };
	struct lines lines = { 0 };
	int status = graph_may_change(graph), stop = 0;
	const char *where;

	if (status != ORD_OK)
		return status;
	if (proc == NULL || proc->graph != graph || fn == NULL)
		return error_set(
			&graph->error, ORD_EINVAL, "there is no such proc, or no function");
	status = read_lines(graph, proc, &lines);
	for (uint32_t i = lines.n; status == ORD_OK && stop == 0 && i-- > 0;) {
		int source = source_of(graph, &lines, i, &where);

		stop = tell(&teller, lines.at[i], source, where);
	}
	for (char **line = environ; status == ORD_OK && stop == 0 && *line != NULL; line++)
		stop = tell(&teller, *line, ORD_FROM_PROCESS, "");
	table_finish(&teller.told);
	memory_free(lines.at);
	buffer_finish(&lines.text);
	return stop < 0 ? error_memory(&graph->error) : status;
}

/* --- the file's form --- */

int
ord_graph_schema(struct ord_graph *graph, const char **schema)
{
	int status = graph_may_change(graph);

	if (status != ORD_OK)
		return status;
	if (schema == NULL)
		return error_set(&graph->error, ORD_EINVAL, "schema is NULL");
	graph->text.size = 0;
	if (schema_write(&graph->text) != 0 || buffer_append(&graph->text, "", 1) != 0)
		return error_memory(&graph->error);
	*schema = graph->text.bytes;
	return ORD_OK;
}
