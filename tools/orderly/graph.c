/*
 * `orderly graph ACTION`: to add an action, write its function, and its row in
 * the table here.
 */
#include "graph.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "complain.h"
#include "graph_file.h"

static int check(struct graph_call *call);
static int schema(struct graph_call *call);

struct action {
	const char *name;
	int (*run)(struct graph_call *call);
	bool loads;     /* it gets a graph with the file in it */
	bool remembers; /* and with its history */
	bool looks;     /* at that only */
	size_t least, most;
	const char *arguments;
};

static const struct action actions[] = {
	{ "check", check, false, false, false, 0, SIZE_MAX, "[FILE...]" },
	{ "schema", schema, false, false, false, 0, 0, "" },
	{ "list", graph_list, true, false, false, 0, 1, "[PATTERN]" },
	{ "dot", graph_dot, true, true, true, 0, SIZE_MAX, "[NAME...]" },
	{ "mermaid", graph_mermaid, true, true, true, 0, SIZE_MAX, "[NAME...]" },
	{ "json", graph_json, true, true, true, 0, SIZE_MAX, "[NAME...]" },
	{ "env", graph_env, true, false, false, 1, SIZE_MAX, "NAME [VARIABLE...]" },
	{ "why", graph_why, true, true, true, 0, SIZE_MAX, "[NAME...]" },
	{ "stats", graph_stats, true, true, true, 0, SIZE_MAX, "[NAME...]" },
	{ "touch", graph_touch, true, true, false, 1, SIZE_MAX, "NAME..." },
	{ "forget", graph_forget, true, true, false, 1, SIZE_MAX, "PATTERN..." },
};

#define N_ACTIONS (sizeof actions / sizeof *actions)

/* --- arguments --- */

enum long_option { OPTION_DATABASE = 300, OPTION_PROTOS = 256, OPTION_NAMES, OPTION_PLAN };

static const struct argp_option table[] = {
	{ "file", 'f', "FILE", 0,
		"The graph's file (default: orderly.yaml, .yml or .json, here or above)", 1 },
	{ "directory", 'C', "DIR", 0, "Begin to look for it in DIR", 1 },
	{ "param", 'p', "NAME=VALUE", 0, "Set a param", 1 },
	{ "env", 'e', "NAME=VALUE", 0, "Set a variable of the environment, for all commands", 1 },
	{ "names", OPTION_NAMES, NULL, 0,
		"list: names only, all that the choices give, one per line", 2 },
	{ "protos", OPTION_PROTOS, NULL, 0,
		"dot, mermaid, json: a node for each description instead of each proc", 2 },
	{ "plan", OPTION_PLAN, NULL, 0,
		"check: also names of deps, cycles and waves; runs commands that print names", 2 },
	{ "all", 'a', NULL, 0,
		"env: also what this command's own environment says; stats: all procs", 2 },
	{ "db", OPTION_DATABASE, "FILE", 0,
		"why, stats, touch, forget, dot, mermaid, json: where it is remembered what was run",
		2 },
	{ NULL, 0, NULL, 0, NULL, 0 }
};

static const char about[] =
	"Show what is in orderly.yaml and what is known of earlier runs, without running anything.\v"
	"  check [FILE...]        whether files are right\n"
	"  schema                 the form of such files as a JSON Schema, for editors\n"
	"  list [PATTERN]         procs, what they are for, their args and choices\n"
	"  dot [NAME...]          who depends on whom and how it went last, for graphviz\n"
	"  mermaid [NAME...]      the same for mermaid\n"
	"  json [NAME...]         the same as JSON\n"
	"  env NAME [VARIABLE...] variables of a proc's command, and who says them\n"
	"  why [NAME...]          whether procs would run, and why\n"
	"  stats [NAME...]        how long procs take, what the longest way is, what fails at times\n"
	"  touch NAME...          what is there counts as made by these procs\n"
	"  forget PATTERN...      forget the successes of procs: they run the next time\n\n"
	"The exit status is 0, 1 (names that cannot be planned), 2 (arguments), 3 (this command "
	"failed), 4 (the file is wrong or not there). More: orderly-graph(1).";

static void
add_pair(const char ***pairs, size_t *n, const char *text)
{
	const char *equals = strchr(text, '=');

	if (equals == NULL || equals == text) {
		complain("%s: say NAME=VALUE", text);
		_exit(GRAPH_USAGE);
	}
	*pairs = text_reallocate(*pairs, *n + 1, sizeof **pairs);
	(*pairs)[(*n)++] = text;
}

static error_t
read_option(int key, char *value, struct argp_state *state)
{
	struct graph_call *call = state->input;

	switch (key) {
	case 'f': call->file = value; return 0;
	case 'C': call->directory = value; return 0;
	case 'p': add_pair(&call->params, &call->n_params, value); return 0;
	case 'e': add_pair(&call->variables, &call->n_variables, value); return 0;
	case 'a': call->all = true; return 0;
	case OPTION_DATABASE: call->database = value; return 0;
	case OPTION_NAMES: call->names = true; return 0;
	case OPTION_PROTOS: call->protos = true; return 0;
	case OPTION_PLAN: call->plan = true; return 0;
	case ARGP_KEY_ARG:
		call->arguments = text_reallocate(
			call->arguments, call->n_arguments + 1, sizeof *call->arguments);
		call->arguments[call->n_arguments++] = value;
		return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct action *
find_action(const char *name)
{
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static const struct action *
take_action(struct graph_call *call)
{
	const struct action *action = NULL;
	const char *near = NULL;

	if (call->n_arguments == 0) {
		complain(
			"say what: check, schema, list, dot, mermaid, json, env, why, stats, touch or forget");
		return NULL;
	}
	action = find_action(call->arguments[0]);
	for (size_t i = 0; i < N_ACTIONS; i++)
		if (text_is_close(call->arguments[0], actions[i].name))
			near = actions[i].name;
	if (action == NULL) {
		complain("there is no action '%s'%s%s%s; try 'orderly graph --help'",
			call->arguments[0], near != NULL ? ": did you mean '" : "",
			near != NULL ? near : "", near != NULL ? "'?" : "");
		return NULL;
	}
	call->n_arguments--;
	memmove(call->arguments, call->arguments + 1, call->n_arguments * sizeof *call->arguments);
	if (call->n_arguments >= action->least && call->n_arguments <= action->most)
		return action;
	complain("%s: say 'orderly graph %s%s%s'", action->name, action->name,
		*action->arguments != '\0' ? " " : "", action->arguments);
	return NULL;
}

/* --- the graph --- */

/* What commands that print names say on their standard error. */
static void
show_message(const struct ord_message *message, const struct ord_proc *proc, void *user)
{
	size_t size;
	const char *text = ord_message_text(message, &size);

	(void)proc;
	(void)user;
	fprintf(stderr, "%.*s\n", (int)size, text);
}

static int
complain_graph(const struct ord_graph *graph, int status, int exit_status)
{
	struct text line = { 0 };

	text_add_string(&line, ord_graph_error(graph));
	text_add_byte(&line, '\n');
	text_add_byte(&line, '\0');
	complain_lines(line.bytes);
	text_finish(&line);
	return status == ORD_ENOMEM ? GRAPH_TROUBLE : exit_status;
}

/* The parts of NAME=VALUE. */
static const char *
name_of(struct text *name, const char *pair)
{
	text_clear(name);
	text_add(name, pair, strcspn(pair, "="));
	text_add_byte(name, '\0');
	return name->bytes;
}

static const char *
value_of(const char *pair)
{
	return strchr(pair, '=') + 1;
}

static int
set_values(const struct graph_call *call)
{
	struct text name = { 0 };
	int status = ORD_OK;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	for (size_t i = 0; i < call->n_variables; i++)
		if (setenv(name_of(&name, call->variables[i]), value_of(call->variables[i]), 1) !=
			0)
			complain_memory();
	for (size_t i = 0; i < call->n_params && status == ORD_OK; i++)
		status = ord_graph_set_param(
			call->graph, name_of(&name, call->params[i]), value_of(call->params[i]));
	text_finish(&name);
	return status != ORD_OK ? complain_graph(call->graph, status, GRAPH_TROUBLE) : 0;
}

static int
load(struct graph_call *call)
{
	const char *file = graph_file_enter(call->directory, call->file);
	int status;

	if (file == NULL)
		return GRAPH_FILE;
	status = ord_graph_new(&call->graph,
		&ORD_GRAPH_OPTIONS(.on_message = show_message, .parallel = 1,
			.database = call->remembers ? call->database : "none",
			.dry_run = call->looks, .default_database = GRAPH_DATABASE));
	if (status != ORD_OK) {
		complain("%s", ord_strerror(status));
		return GRAPH_TROUBLE;
	}
	status = set_values(call);
	if (status != 0)
		return status;
	status = ord_graph_load(call->graph, file);
	return status != ORD_OK ? complain_graph(call->graph, status, GRAPH_FILE) : 0;
}

/* --- actions --- */

static int
schema(struct graph_call *call)
{
	const char *text;

	if (ord_graph_new(&call->graph, NULL) != ORD_OK ||
		ord_graph_schema(call->graph, &text) != ORD_OK)
		complain_memory();
	fputs(text, stdout);
	return 0;
}

/* The file of -f, or that which is found. */
static int
check_one(struct graph_call *call)
{
	int status = load(call);
	const char *warning;

	if (status == 0 && call->plan)
		status = graph_plan(call);
	if (call->graph == NULL)
		return status;
	warning = ord_graph_warning(call->graph);
	if (*warning != '\0')
		fprintf(stderr, "%s%s", warning, warning[strlen(warning) - 1] == '\n' ? "" : "\n");
	ord_graph_destroy(&call->graph);
	return status;
}

/* Each from where this command was started. */
static int
check(struct graph_call *call)
{
	struct graph_call one = *call;
	char here[PATH_MAX];
	int worst = 0;

	if (getcwd(here, sizeof here) == NULL)
		here[0] = '\0';
	one.n_arguments = 0;
	if (call->n_arguments == 0)
		worst = check_one(&one);
	for (size_t i = 0; i < call->n_arguments; i++) {
		int status;

		one.file = call->arguments[i];
		status = check_one(&one);
		worst = status > worst ? status : worst;
		if (chdir(here) != 0)
			worst = GRAPH_TROUBLE;
	}
	return worst;
}

int
graph_all_of(struct graph_call *call, const struct ord_definition *definition, struct text *name)
{
	const char *at = ord_definition_name(definition), *bracket;

	/* Its first args are its placeholders, each once. */
	text_clear(name);
	for (uint32_t i = 0; (bracket = strchr(at, '[')) != NULL; i++) {
		const char *const *choices = NULL;
		int status = ord_graph_choices(call->graph, definition, i, &choices);

		if (status != ORD_OK || choices == NULL)
			return status != ORD_OK ? status : ORD_EINVAL;
		text_add(name, at, (size_t)(bracket - at));
		text_add_byte(name, '*');
		at = strchr(bracket, ']') + 1;
	}
	text_add_string(name, at);
	text_add_byte(name, '\0');
	return ORD_OK;
}

/* All procs, but those of which an arg may be anything. */
static int
plan_all(struct graph_call *call)
{
	const struct ord_definition *definition = NULL;
	struct text name = { 0 };
	int worst = 0;

	while ((definition = ord_graph_next_definition(call->graph, definition)) != NULL) {
		int status = graph_all_of(call, definition, &name);

		if (status == ORD_EINVAL)
			continue;
		if (status == ORD_OK)
			status = ord_graph_start(call->graph, name.bytes);
		if (status != ORD_OK)
			worst = complain_graph(call->graph, status, GRAPH_FAILED);
	}
	text_finish(&name);
	return worst;
}

int
graph_plan(struct graph_call *call)
{
	int status = ORD_OK;

	if (call->n_arguments == 0)
		return plan_all(call);
	for (size_t i = 0; i < call->n_arguments && status == ORD_OK; i++)
		status = ord_graph_start(call->graph, call->arguments[i]);
	return status != ORD_OK ? complain_graph(call->graph, status, GRAPH_FAILED) : 0;
}

bool
graph_matches(const char *pattern, const char *name)
{
	const char *star = NULL, *again = NULL;

	while (*name != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			again = name;
		} else if (*pattern == *name || *pattern == '?') {
			pattern++;
			name++;
		} else if (star != NULL) {
			pattern = star + 1;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

int
graph_main(int argc, char **argv)
{
	const struct argp argp = { .options = table,
		.parser = read_option,
		.args_doc = "ACTION [ARGUMENT...]",
		.doc = about };
	struct graph_call call = { 0 };
	const struct action *action;
	int status = GRAPH_USAGE;

	argp_err_exit_status = GRAPH_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &call) != 0)
		return GRAPH_USAGE;
	action = take_action(&call);
	if (action != NULL) {
		call.remembers = action->remembers;
		call.looks = action->looks;
		status = action->loads ? load(&call) : 0;
	}
	if (status == 0)
		status = action->run(&call);
	ord_graph_destroy(&call.graph);
	free(call.params);
	free(call.variables);
	free(call.arguments);
	return status;
}
