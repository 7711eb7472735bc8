/*
 * Definitions and procs by name.  A name is that of a proc, or the one
 * description that matches makes it; globs go over choices.
 */
#include <string.h>

#include "base/memory.h"
#include "graph/graph.h"
#include "graph/increment.h"
#include "graph/names/value.h"

/* --- locks, params --- */

uint32_t
registry_lock(void *user, const char *name, size_t size)
{
	struct ord_graph *graph = user;
	uint32_t count = graph->schedule.n_locks;
	char *copy;

	for (uint32_t i = 0; i < count; i++)
		if (strlen(graph->locks[i].name) == size &&
			memcmp(graph->locks[i].name, name, size) == 0)
			return i;
	if (schedule_grow(&graph->locks, count, &graph->locks_capacity, sizeof *graph->locks) != 0)
		return SCHEDULE_NONE;
	copy = memory_copy(name, size);
	if (copy == NULL)
		return SCHEDULE_NONE;
	graph->locks[count] = (struct named){ .name = copy };
	if (schedule_add_lock(&graph->schedule, 1) == SCHEDULE_NONE)
		memory_free(copy);
	return graph->schedule.n_locks == count ? SCHEDULE_NONE : count;
}

const struct named *
graph_param(const struct ord_graph *graph, struct span name)
{
	for (uint32_t i = 0; i < graph->n_params; i++)
		if (strlen(graph->params[i].name) == name.size &&
			memcmp(graph->params[i].name, name.at, name.size) == 0)
			return &graph->params[i];
	return NULL;
}

const char *
param_value(void *user, struct span placeholder)
{
	static const char prefix[] = "param.";
	const struct named *param;

	if (placeholder.size <= strlen(prefix) ||
		memcmp(placeholder.at, prefix, strlen(prefix)) != 0)
		return NULL;
	param = graph_param(user,
		(struct span){
			placeholder.at + strlen(prefix), placeholder.size - strlen(prefix) });
	return param != NULL ? param->value : NULL;
}

const char *
proc_value(void *user, struct span placeholder)
{
	const struct ord_proc *proc = user;
	uint32_t arg = definition_arg(proc->definition, placeholder);

	return arg != DEFINITION_NONE ? proc->values[arg] : param_value(proc->graph, placeholder);
}

/* --- choices --- */

/* They stay where they are, for those who have them, if they are what they were. */
static int
is_same_list(char *const *choices, const char *const *names)
{
	size_t i = 0;

	if (choices == NULL || names == NULL)
		return 0;
	while (choices[i] != NULL && names[i] != NULL && strcmp(choices[i], names[i]) == 0)
		i++;
	return choices[i] == NULL && names[i] == NULL;
}

/* A choice that would be a glob in a name; NULL: none is. */
static const char *
find_glob(const char *const *names)
{
	while (names != NULL && *names != NULL && strpbrk(*names, "*?") == NULL)
		names++;
	return names != NULL ? *names : NULL;
}

/* The choices of an arg are asked for when they are first needed, and again when files have changed. */
int
registry_choices(struct ord_graph *graph, const struct definition *definition, struct arg *arg)
{
	const char *const *names = NULL;
	int status;

	if (arg->list == NULL || (arg->choices != NULL && arg->asked_in == graph->acts))
		return ORD_OK;
	graph->asking++;
	status = arg->list(NULL, &names, arg->list_user);
	graph->asking--;
	if (status != 0 && arg->list == names_ask)
		return graph->error.status; /* with its own sentence */
	if (status != 0)
		return error_set(&graph->error, ORD_EFAILED,
			"%s: the list of choices of '%s' failed with %d", definition->name.text,
			arg->name, status);
	if (find_glob(names) != NULL)
		return error_set(&graph->error, ORD_EFAILED,
			"%s: the list of choices of '%s' has '%s', which would mean all of them: a pattern that no file matches?",
			definition->name.text, arg->name, find_glob(names));
	if (!is_same_list(arg->choices, names) && definition_set_choices(arg, names) != 0)
		return error_memory(&graph->error);
	arg->asked_in = graph->acts;
	return ORD_OK;
}

static int
is_choice(const struct arg *arg, const char *value)
{
	return arg->choices == NULL || table_find(&arg->known, value, strlen(value)) != NULL;
}

/* --- procs --- */

struct ord_proc *
registry_proc(const struct ord_graph *graph, struct span name)
{
	return table_find(&graph->by_name, name.at, name.size);
}

/* The name of the proc with these values, in graph->text. */
static int
write_name(struct ord_graph *graph, const struct definition *definition, const struct span *values)
{
	graph->text.size = 0;
	return pattern_fill_spans(&definition->name, values, &graph->text) == 0
		? ORD_OK
		: error_memory(&graph->error);
}

/* One block: the proc, its values, their bytes, its name. */
static struct ord_proc *
allocate(struct ord_graph *graph, struct definition *definition, const struct span *values)
{
	size_t size = sizeof(struct ord_proc) + definition->n_args * sizeof(char *) +
		graph->text.size + 1;
	struct ord_proc *proc;
	char *text;

	for (uint32_t i = 0; i < definition->name.n_placeholders; i++)
		size += values[i].size + 1;
	proc = memory_new(1, size);
	if (proc == NULL)
		return NULL;
	proc->graph = graph;
	proc->definition = definition;
	proc->values = (const char **)(void *)(proc + 1);
	text = (char *)(proc->values + definition->n_args);
	for (uint32_t i = 0; i < definition->n_args; i++) {
		proc->values[i] = definition->args[i].otherwise;
		if (i >= definition->name.n_placeholders)
			continue;
		proc->values[i] = text;
		memcpy(text, values[i].at, values[i].size);
		text += values[i].size + 1;
	}
	proc->name = text;
	memcpy(text, graph->text.bytes, graph->text.size);
	proc->exit_code = -1;
	return proc;
}

static int
check_values(struct ord_graph *graph, const struct ord_proc *proc)
{
	struct definition *definition = proc->definition;

	for (uint32_t i = 0; i < definition->n_args; i++) {
		struct arg *arg = &definition->args[i];
		const char *value = proc->values[i];
		int status = registry_choices(graph, definition, arg);

		if (status != ORD_OK)
			return status;
		if (value == NULL)
			continue;
		if (!value_is((int)arg->kind, value))
			return error_set(&graph->error, ORD_EINVAL,
				"%s: '%s' is not %s, as '%s' must be", proc->name, value,
				value_kind_name((int)arg->kind), arg->name);
		if (!is_choice(arg, value))
			return error_set(&graph->error, ORD_EINVAL,
				"%s: '%s' is none of the choices of '%s'", proc->name, value,
				arg->name);
	}
	return ORD_OK;
}

/* Where nothing can fail any more it becomes known. */
static int
enter(struct ord_graph *graph, struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;
	struct node_options options = { .weight = expect_stated(definition),
		.wave = definition->wave,
		.flags = definition->flags,
		.uses = definition->uses,
		.n_uses = definition->n_uses };

	if (schedule_grow(&graph->procs, graph->schedule.n_nodes, &graph->procs_capacity,
		    sizeof *graph->procs) != 0 ||
		table_reserve(&graph->by_name, 1) != 0)
		return error_memory(&graph->error);
	proc->node = schedule_add(&graph->schedule, &options);
	if (proc->node == SCHEDULE_NONE)
		return error_memory(&graph->error);
	graph->procs[proc->node] = proc;
	(void)table_put(&graph->by_name, proc->name, strlen(proc->name), proc); /* there is room */
	run_tell(graph, ORD_PROC_EVENT_CREATED, proc);
	return ORD_OK;
}

/* The proc of a definition with these values: that which is there, or a new one. */
static int
make(struct ord_graph *graph, struct definition *definition, const struct span *values,
	struct ord_proc **out)
{
	int status = write_name(graph, definition, values);
	struct ord_proc *proc;

	if (status != ORD_OK)
		return status;
	*out = registry_proc(graph, (struct span){ graph->text.bytes, graph->text.size });
	if (*out != NULL)
		return ORD_OK;
	proc = allocate(graph, definition, values);
	if (proc == NULL)
		return error_memory(&graph->error);
	status = check_values(graph, proc);
	if (status == ORD_OK)
		status = enter(graph, proc);
	if (status != ORD_OK)
		memory_free(proc);
	else
		*out = proc;
	return status;
}

/* --- definitions --- */

static int
reserve(struct ord_graph *graph, const struct definition *definition)
{
	if (definition->name.n_placeholders != 0 && index_reserve(&graph->protos) != 0)
		return -1;
	for (uint32_t i = 0; i < definition->n_rdeps; i++)
		if (index_reserve(&graph->rdeps) != 0)
			return -1;
	return table_reserve(&graph->rdeps.first, definition->n_rdeps);
}

static struct definition *
same_name(const struct ord_graph *graph, const struct definition *definition)
{
	struct cursor cursor = { 0 };
	struct span name = { definition->name.text, strlen(definition->name.text) };
	struct entry *entry;

	while ((entry = index_next(&graph->protos, name, &cursor)) != NULL)
		if (strcmp(entry->pattern->text, name.at) == 0)
			return entry->thing;
	return NULL;
}

int
registry_check(struct ord_graph *graph, const struct definition *definition)
{
	struct span name = { definition->name.text, strlen(definition->name.text) };

	if (registry_proc(graph, name) != NULL || same_name(graph, definition) != NULL)
		return error_set(
			&graph->error, ORD_EINVAL, "%s: there is a proc of this name", name.at);
	for (uint32_t i = definition->name.n_placeholders; i < definition->n_args; i++) {
		const struct arg *arg = &definition->args[i];

		if (arg->otherwise != NULL && !is_choice(arg, arg->otherwise))
			return error_set(&graph->error, ORD_EINVAL,
				"%s: '%s' is none of the choices of '%s'", name.at, arg->otherwise,
				arg->name);
	}
	return ORD_OK;
}

int
registry_add(struct ord_graph *graph, struct definition *definition, struct ord_proc **proc)
{
	int status = registry_check(graph, definition);

	*proc = NULL;
	if (status != ORD_OK)
		return status;
	if (reserve(graph, definition) != 0)
		return error_memory(&graph->error);
	if (definition->name.n_placeholders == 0)
		status = make(graph, definition, NULL, proc);
	else
		index_add(&graph->protos, &definition->entry);
	if (status != ORD_OK)
		return status;
	for (uint32_t i = 0; i < definition->n_rdeps; i++)
		if (definition->rdeps[i].kind == RDEP_TARGET)
			index_add(&graph->rdeps, &definition->rdeps[i].entry);
	if (graph->last != NULL)
		graph->last->after = definition;
	else
		graph->first = definition;
	graph->last = definition;
	graph->n_functions += definition_is_function(definition) ? 1 : 0;
	graph->n_tasks +=
		definition_is_function(definition) || definition_is_command(definition) ? 1 : 0;
	return ORD_OK;
}

/* --- names --- */

/* The one description that matches; ORD_EINVAL for two, NULL for none. */
static int
match(struct ord_graph *graph, struct span name, struct definition **found, struct span *values)
{
	struct cursor cursor = { 0 };
	struct span tried[PLACEHOLDERS_MAX];
	struct entry *entry;

	*found = NULL;
	while ((entry = index_next(&graph->protos, name, &cursor)) != NULL) {
		if (!pattern_match(entry->pattern, graph->separator, name, tried))
			continue;
		if (*found != NULL)
			return error_set(&graph->error, ORD_EINVAL, "%.*s: both %s and %s match",
				(int)name.size, name.at, (*found)->name.text, entry->pattern->text);
		*found = entry->thing;
		memcpy(values, tried, entry->pattern->n_placeholders * sizeof *values);
	}
	return ORD_OK;
}

struct definition *
registry_definition(struct ord_graph *graph, struct span name)
{
	struct ord_proc *proc = registry_proc(graph, name);
	struct span tried[PLACEHOLDERS_MAX];
	struct cursor cursor = { 0 };
	struct definition *found = NULL;
	struct entry *entry;

	if (proc != NULL)
		return proc->definition;
	while ((entry = index_next(&graph->protos, name, &cursor)) != NULL) {
		if (!pattern_match(entry->pattern, graph->separator, name, tried))
			continue;
		if (found != NULL)
			return NULL;
		found = entry->thing;
	}
	return found;
}

static int
add_found(struct ord_graph *graph, const struct ord_proc *proc)
{
	return numbers_push(&graph->found, proc->node) == 0 ? ORD_OK : error_memory(&graph->error);
}

/* A glob over choices: which of them it is at, for each placeholder. */
struct product {
	struct definition *definition;
	struct span globs[PLACEHOLDERS_MAX];
	struct span values[PLACEHOLDERS_MAX];
	char **at[PLACEHOLDERS_MAX]; /* the next choice to try; NULL: no glob */
};

/* The next choice that the glob matches; 0: there is none. */
static int
advance(struct product *product, uint32_t i)
{
	for (char **at = product->at[i]; *at != NULL; at++) {
		struct span choice = { *at, strlen(*at) };

		if (glob_match(product->globs[i], choice)) {
			product->values[i] = choice;
			product->at[i] = at + 1;
			return 1;
		}
	}
	return 0;
}

static int
begin_product(struct ord_graph *graph, struct product *product, struct span name)
{
	struct definition *definition = product->definition;

	for (uint32_t i = 0; i < definition->name.n_placeholders; i++) {
		struct arg *arg = &definition->args[i];
		int status = registry_choices(graph, definition, arg);

		product->values[i] = product->globs[i];
		product->at[i] = NULL;
		if (status != ORD_OK)
			return status;
		if (!glob_is(product->globs[i].at, product->globs[i].size))
			continue;
		if (arg->choices == NULL)
			return error_set(&graph->error, ORD_EINVAL,
				"%.*s: '%s' of %s has no choices to go over", (int)name.size,
				name.at, arg->name, definition->name.text);
		product->at[i] = arg->choices;
		if (!advance(product, i))
			return error_set(&graph->error, ORD_EINVAL,
				"%.*s: no choice of '%s' matches", (int)name.size, name.at,
				arg->name);
	}
	return ORD_OK;
}

/* The last placeholder goes fastest; 0: that was all. */
static int
next_of_product(struct product *product)
{
	for (uint32_t i = product->definition->name.n_placeholders; i-- > 0;) {
		struct arg *arg = &product->definition->args[i];

		if (product->at[i] == NULL)
			continue;
		if (advance(product, i))
			return 1;
		product->at[i] = arg->choices;
		(void)advance(product, i);
	}
	return 0;
}

static int
find_product(struct ord_graph *graph, struct product *product, struct span name)
{
	int status = begin_product(graph, product, name);

	while (status == ORD_OK) {
		struct ord_proc *proc;

		status = make(graph, product->definition, product->values, &proc);
		if (status == ORD_OK)
			status = add_found(graph, proc);
		if (status == ORD_OK && !next_of_product(product))
			break;
	}
	return status;
}

/* A glob that no description matches is over the names of those without placeholders. */
static int
find_plain(struct ord_graph *graph, struct span glob)
{
	uint32_t before = graph->found.count;
	int status = ORD_OK;

	for (const struct definition *definition = graph->first;
		definition != NULL && status == ORD_OK; definition = definition->after) {
		struct span name = { definition->name.text, strlen(definition->name.text) };

		if (definition->name.n_placeholders == 0 && glob_match(glob, name))
			status = add_found(graph, registry_proc(graph, name));
	}
	if (status == ORD_OK && graph->found.count == before)
		return error_set(&graph->error, ORD_EINVAL, "%.*s: no proc matches", (int)glob.size,
			glob.at);
	return status;
}

int
registry_find(struct ord_graph *graph, const char *text)
{
	struct product product = { 0 };
	struct span name = { text, strlen(text) };
	struct ord_proc *proc = registry_proc(graph, name);
	int status;

	if (proc != NULL)
		return add_found(graph, proc);
	status = match(graph, name, &product.definition, product.globs);
	if (status != ORD_OK)
		return status;
	if (product.definition != NULL)
		return find_product(graph, &product, name);
	if (glob_is(name.at, name.size))
		return find_plain(graph, name);
	return error_set(&graph->error, ORD_EINVAL,
		"%s: there is no proc of this name, and no description matches it", text);
}

int
registry_declarer(struct ord_graph *graph, const struct rdep *rdep, const struct span *values,
	struct ord_proc **proc)
{
	const struct pattern *name = &rdep->owner->name;
	struct span own[PLACEHOLDERS_MAX];

	for (uint32_t i = 0; i < name->n_placeholders; i++) {
		struct span placeholder = pattern_placeholder_name(name, i);

		own[i] = values[pattern_placeholder(
			&rdep->pattern, placeholder.at, placeholder.size)];
	}
	return make(graph, rdep->owner, own, proc);
}
