/* What is there: `orderly graph list` and `orderly graph env`. */
#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"

/* --- list --- */

static bool
is_listed(const struct graph_call *call, const char *name)
{
	return call->n_arguments == 0 || graph_matches(call->arguments[0], name);
}

/* All procs of a description; one with an arg that may be anything is listed up to it. */
static void
list_names(struct graph_call *call, const struct ord_definition *definition, struct text *pattern)
{
	const char *name = ord_definition_name(definition);
	const struct ord_proc *proc = NULL;

	if (strchr(name, '[') == NULL) {
		if (is_listed(call, name))
			printf("%s\n", name);
		return;
	}
	if (graph_all_of(call, definition, pattern) != ORD_OK ||
		ord_graph_create(call->graph, pattern->bytes) != ORD_OK) {
		if (is_listed(call, name))
			printf("%.*s\n", (int)strcspn(name, "["), name);
		return;
	}
	while ((proc = ord_graph_next(call->graph, proc)) != NULL)
		if (ord_proc_definition(proc) == definition && is_listed(call, ord_proc_name(proc)))
			printf("%s\n", ord_proc_name(proc));
}

/* "    target: core, net", "    level: int, 3 unless it is said" */
static void
list_arg(struct graph_call *call, const struct ord_definition *definition, uint32_t i)
{
	const char *otherwise = ord_definition_default(definition, i), *separator = "";
	const char *type = ord_definition_type(definition, i);
	const char *const *choices = NULL;

	printf("    %s:", ord_definition_arg(definition, i));
	if (strcmp(type, "text") != 0 || otherwise != NULL)
		printf(" %s", type);
	if (otherwise != NULL)
		printf(" = %s", otherwise);
	if (ord_graph_choices(call->graph, definition, i, &choices) != ORD_OK) {
		printf(" (its choices cannot be asked for)\n");
		complain("%s", ord_graph_error(call->graph));
		return;
	}
	if (choices == NULL && otherwise == NULL && strcmp(type, "text") == 0)
		printf(" any");
	if (choices != NULL && (strcmp(type, "text") != 0 || otherwise != NULL))
		printf(" of");
	for (; choices != NULL && *choices != NULL; choices++) {
		printf("%s %s", separator, *choices);
		separator = ",";
	}
	printf("\n");
}

int
graph_list(struct graph_call *call)
{
	const struct ord_definition *definition = NULL;
	struct text pattern = { 0 };
	size_t width = 0;

	while ((definition = ord_graph_next_definition(call->graph, definition)) != NULL) {
		size_t size = strlen(ord_definition_name(definition));

		width = size > width && size <= 40 ? size : width;
	}
	while ((definition = ord_graph_next_definition(call->graph, definition)) != NULL) {
		const char *name = ord_definition_name(definition);
		const char *description = ord_definition_description(definition);

		if (call->names) {
			list_names(call, definition, &pattern);
			continue;
		}
		if (!is_listed(call, name))
			continue;
		if (*description != '\0')
			printf("%-*s  %s\n", (int)width, name, description);
		else
			printf("%s\n", name);
		for (uint32_t i = 0; ord_definition_arg(definition, i) != NULL; i++)
			list_arg(call, definition, i);
	}
	text_finish(&pattern);
	return 0;
}

/* --- env --- */

struct shown {
	const struct graph_call *call;
	const char *name; /* NULL: all */
	size_t n;
};

static bool
is_of_call(const struct graph_call *call, const char *name)
{
	for (size_t i = 0; i < call->n_variables; i++)
		if (strncmp(call->variables[i], name, strlen(name)) == 0 &&
			call->variables[i][strlen(name)] == '=')
			return true;
	return false;
}

static int
show_variable(const char *name, const char *value, int source, const char *where, void *user)
{
	static const char *const sources[] = { [ORD_FROM_PROC] = "the proc",
		[ORD_FROM_ORDERLY] = "orderly",
		[ORD_FROM_PROCESS] = "the environment",
		[ORD_FROM_DOTENV] = "dotenv",
		[ORD_FROM_FILE] = "the graph" };
	struct shown *shown = user;
	bool of_call = source == ORD_FROM_PROCESS && is_of_call(shown->call, name);

	if (shown->name != NULL ? strcmp(shown->name, name) != 0
				: source == ORD_FROM_PROCESS && !shown->call->all && !of_call)
		return 0;
	printf("%s=%s\t%s%s%s\n", name, value, of_call ? "-e" : sources[source],
		*where != '\0' ? " " : "", where);
	shown->n++;
	return 0;
}

int
graph_env(struct graph_call *call)
{
	const char *name = call->arguments[0];
	const struct ord_proc *proc;
	int status = ord_graph_create(call->graph, name), missing = 0;

	proc = status == ORD_OK ? ord_graph_proc(call->graph, name) : NULL;
	if (proc == NULL) {
		complain("%s",
			status != ORD_OK ? ord_graph_error(call->graph)
					 : "give the name of one proc, without `*` and `?`");
		return GRAPH_FAILED;
	}
	for (size_t i = 0; i < call->n_arguments && status == ORD_OK; i++) {
		struct shown shown = { call, i != 0 ? call->arguments[i] : NULL, 0 };

		if (i == 0 && call->n_arguments > 1)
			continue;
		status = ord_graph_environment(call->graph, proc, show_variable, &shown);
		if (shown.name != NULL && shown.n == 0) {
			complain("%s has no variable %s", name, shown.name);
			missing = GRAPH_FAILED;
		}
	}
	if (status == ORD_OK)
		return missing;
	complain("%s", ord_graph_error(call->graph));
	return GRAPH_FAILED;
}
