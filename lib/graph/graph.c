/* The public functions of a graph: who may call what when, and where errors are kept.  What moves is in run.c. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include <orderly/status.h>

#include "base/alive.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/processors.h"
#include "graph/graph.h"
#include "graph/increment.h"
#include "graph/making.h"
#include "graph/rules.h"
#include "graph/socket.h"
#include "graph/waiting.h"
#include "graph/watch.h"

#define FIRST_GRAPH OPTIONS_UP_TO(struct ord_graph_options, allow_missing_deps)
#define FIRST_POOL OPTIONS_UP_TO(struct ord_pool_options, max_load)

/* --- who may call --- */

int
graph_check(const struct ord_graph *graph)
{
	return graph != NULL ? ORD_OK : ORD_EINVAL;
}

int
graph_may_change(struct ord_graph *graph)
{
	if (graph == NULL)
		return ORD_EINVAL;
	if (graph->asking != 0)
		return error_set(&graph->error, ORD_EBUSY,
			"called while the graph asks for names: only what looks at procs is allowed there");
	error_clear(&graph->error);
	return ORD_OK;
}

int
graph_enter(struct ord_graph *graph)
{
	int status = graph_may_change(graph);

	if (status != ORD_OK)
		return status;
	if (*graph->alive == 0)
		return error_set(&graph->error, ORD_EFORKED,
			"this graph belongs to the process that made it: a forked child cannot move it");
	if (graph->callbacks != 0)
		return error_set(&graph->error, ORD_EBUSY,
			"called from a callback of the same graph: only calls that do not wait are allowed there");
	return ORD_OK;
}

int
graph_leave(struct ord_graph *graph, int status)
{
	if (graph->destroy)
		graph_free(graph);
	else if (poll_is_open(&graph->poll))
		poll_settle(graph, signals_due_ns(graph));
	return status;
}

/* --- life --- */

static int
take_pool_options(struct ord_graph *graph)
{
	const struct ord_pool_options *pool = graph->options.pool;
	struct ord_pool_options *ours = &graph->pool_options;
	int status;

	ours->size = sizeof *ours;
	if (pool == NULL)
		return ORD_OK;
	status = options_copy(ours, sizeof *ours, FIRST_POOL, pool);
	if (status != ORD_OK)
		return status;
	return ours->function != NULL || ours->function_name != NULL || ours->on_result != NULL ||
			ours->on_message != NULL || ours->on_event != NULL ||
			ours->on_ask != NULL || ours->order != 0 || ours->messages != 0 ||
			ours->workers != 0 || ours->window != 0 || ours->retries != 0 ||
			ours->functions_by_task != 0
		? ORD_EINVAL
		: ORD_OK;
}

static int
copy_path(char **to, const char *from)
{
	if (from == NULL)
		return ORD_OK;
	*to = memory_copy(from, strlen(from));
	return *to != NULL ? ORD_OK : ORD_ENOMEM;
}

static int
copy_paths(struct ord_graph *graph)
{
	const struct ord_graph_options *options = &graph->options;

	if (copy_path(&graph->database, options->database) != ORD_OK ||
		copy_path(&graph->default_database, options->default_database) != ORD_OK)
		return ORD_ENOMEM;
	if (options->ignore != NULL) {
		graph->ignore = making_copy(options->ignore);
		if (graph->ignore == NULL)
			return ORD_ENOMEM;
	}
	if (options->log_directory != NULL) {
		graph->log_directory =
			memory_copy(options->log_directory, strlen(options->log_directory));
		if (graph->log_directory == NULL)
			return ORD_ENOMEM;
	}
	return ORD_OK;
}

static int
take_options(struct ord_graph *graph, const struct ord_graph_options *options)
{
	const char *separator;
	int status = options != NULL
		? options_copy(&graph->options, sizeof graph->options, FIRST_GRAPH, options)
		: ORD_OK;

	if (status == ORD_OK)
		status = take_pool_options(graph);
	if (status != ORD_OK)
		return status;
	separator = graph->options.separator != NULL ? graph->options.separator : "::";
	if (graph->options.parallel > PARALLEL_MAX || graph->options.fail_fast > 1 ||
		graph->options.allow_missing_deps > 1 || graph->options.with_socket > 1 ||
		graph->options.jobserver > ORD_JOBSERVER_PIPE || graph->options.log_empty > 1 ||
		graph->options.tell_processes > 1 || graph->options.reserved != 0 ||
		!rules_are_valid(graph->options.log_on_failure, graph->options.log_tail) ||
		graph->options.fingerprint > ORD_FINGERPRINT_HASH || graph->options.full > 1 ||
		graph->options.output_mode > ORD_MODE_STREAM ||
		graph->options.color > ORD_COLOR_FORCE || graph->options.dry_run > 1 ||
		graph->options.database_wait_ms > INT32_MAX ||
		(graph->options.database != NULL && *graph->options.database == '\0') ||
		(graph->options.default_database != NULL &&
			*graph->options.default_database == '\0') ||
		(graph->options.log_directory != NULL && *graph->options.log_directory == '\0') ||
		graph->options.watch_poll_ms > INT32_MAX ||
		graph->options.on_busy > ORD_BUSY_SIGNAL ||
		graph->options.busy_signal > (uint32_t)SIGRTMAX || *separator == '\0' ||
		strpbrk(separator, "[]*?") != NULL)
		return ORD_EINVAL;
	graph->separator = memory_copy(separator, strlen(separator));
	return graph->separator != NULL ? copy_paths(graph) : ORD_ENOMEM;
}

int
ord_graph_new(struct ord_graph **out, const struct ord_graph_options *options)
{
	struct ord_graph *graph;
	uint32_t parallel;
	int status;

	if (out == NULL)
		return ORD_EINVAL;
	*out = NULL;
	graph = memory_new(1, sizeof *graph);
	if (graph == NULL)
		return ORD_ENOMEM;
	schedule_init(&graph->schedule, 1);
	poll_init(&graph->poll);
	gate_init(&graph->gate);
	graph->files.root = AT_FDCWD;
	status = take_options(graph, options);
	graph->alive = alive_new();
	if (status == ORD_OK && graph->alive == NULL)
		status = ORD_ENOMEM;
	if (status != ORD_OK) {
		graph_free(graph);
		return status;
	}
	parallel = graph->options.parallel != 0 ? graph->options.parallel : processors_usable();
	graph->schedule.slots = graph->pool_options.start == ORD_START_INLINE ? 1 : parallel;
	graph->schedule.keep_going = graph->options.keep_going;
	graph->schedule.random = graph->options.shuffle;
	*out = graph;
	return ORD_OK;
}

static void
free_named(struct named *named, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		memory_free(named[i].name);
		memory_free(named[i].value);
	}
	memory_free(named);
}

static void
free_proc(struct ord_graph *graph, struct ord_proc *proc)
{
	waiting_forget(graph, proc);
	increment_drop(graph, proc);
	verdict_clear(proc);
	memory_free(proc->reasons);
	memory_free(proc->plight);
	logs_forget(proc);
	memory_free(proc);
}

static void
free_variables(struct ord_graph *graph)
{
	for (uint32_t i = 0; i < graph->n_variables; i++) {
		memory_free(graph->variables[i].name);
		memory_free(graph->variables[i].where);
		text_finish(&graph->variables[i].text);
	}
	memory_free(graph->variables);
}

void
graph_free(struct ord_graph *graph)
{
	struct definition *next;
	struct ord_pool *pool = graph->pool;

	ord_pool_destroy(&pool);
	watch_close(graph);
	gate_finish(graph);
	graph->pool = NULL;
	socket_close(graph);
	poll_finish(&graph->poll);
	for (uint32_t i = 0; i < graph->schedule.n_nodes; i++)
		free_proc(graph, graph->procs[i]);
	for (struct definition *definition = graph->first; definition != NULL; definition = next) {
		next = definition->after;
		definition_destroy(definition);
	}
	increment_close(graph);
	memory_free(graph->database);
	memory_free(graph->default_database);
	making_free_strings(graph->ignore);
	texts_finish(&graph->forced);
	free_named(graph->locks, graph->schedule.n_locks);
	free_named(graph->params, graph->n_params);
	free_variables(graph);
	loaded_free(graph->loaded);
	asker_finish(graph);
	schedule_finish(&graph->schedule);
	index_finish(&graph->protos);
	index_finish(&graph->rdeps);
	table_finish(&graph->by_name);
	numbers_finish(&graph->found);
	numbers_finish(&graph->paused);
	buffer_finish(&graph->text);
	alive_destroy(graph->alive);
	memory_free(graph->procs);
	logs_finish(graph);
	memory_free(graph->separator);
	memory_free(graph->warnings);
	memory_free(graph);
}

void
ord_graph_destroy(struct ord_graph **out)
{
	struct ord_graph *graph;

	if (out == NULL || *out == NULL)
		return;
	graph = *out;
	*out = NULL;
	if (graph->callbacks == 0 && graph->asking == 0) {
		graph_free(graph);
		return;
	}
	graph->destroy = 1;
	schedule_stop(&graph->schedule);
}

const char *
ord_graph_error(const struct ord_graph *graph)
{
	return graph != NULL
		? graph->error.text
		: "there is no graph: ord_strerror of what ord_graph_new returned says why";
}

const char *
ord_graph_warning(const struct ord_graph *graph)
{
	return graph != NULL && graph->warnings != NULL ? graph->warnings : "";
}

void
graph_warn(struct ord_graph *graph, const char *sentence)
{
	size_t before = graph->warnings != NULL ? strlen(graph->warnings) + 1 : 0;
	size_t size = strlen(sentence) + 1;
	char *warnings = memory_resize(graph->warnings, before + size);

	if (warnings == NULL)
		return;
	if (before != 0)
		warnings[before - 1] = '\n';
	memcpy(warnings + before, sentence, size);
	graph->warnings = warnings;
}

/* --- what there is --- */

static int
add(struct ord_graph *graph, const struct ord_proc_options *options)
{
	const struct definition_context context = { .separator = graph->separator,
		.error = &graph->error,
		.user = graph,
		.lock = registry_lock };
	struct definition *definition = definition_new(options, &context);
	struct ord_proc *proc;
	int status;

	if (definition == NULL)
		return graph->error.status;
	if (definition_is_function(definition) && graph->pool != NULL && !graph->with_functions)
		status = error_set(&graph->error, ORD_ENOTSUP,
			"%s: the graph has started without workers: add the first proc with a function before the first start",
			definition->name.text);
	else
		status = registry_add(graph, definition, &proc);
	if (status != ORD_OK) {
		definition_destroy(definition);
		return status;
	}
	if (options->now == 0)
		return ORD_OK;
	return ord_graph_start(graph, definition->name.text);
}

int
ord_graph_add(struct ord_graph *graph, const struct ord_proc_options *proc)
{
	int status = graph_may_change(graph);

	return status != ORD_OK ? status : add(graph, proc);
}

int
ord_graph_set_lock(struct ord_graph *graph, const char *name, uint32_t capacity)
{
	int status = graph_may_change(graph);
	uint32_t lock;

	if (status != ORD_OK)
		return status;
	if (name == NULL || *name == '\0' || strchr(name, '=') != NULL)
		return error_set(&graph->error, ORD_EINVAL, "a lock has a name, without '='");
	lock = registry_lock(graph, name, strlen(name));
	if (lock == SCHEDULE_NONE)
		return error_memory(&graph->error);
	schedule_set_capacity(&graph->schedule, lock, capacity);
	poll_wake(graph);
	return ORD_OK;
}

static int
replace_param(struct ord_graph *graph, struct named *param, const char *value)
{
	char *copy = memory_copy(value, strlen(value));

	if (copy == NULL)
		return error_memory(&graph->error);
	memory_free(param->value);
	param->value = copy;
	return ORD_OK;
}

static int
add_param(struct ord_graph *graph, const char *name, const char *value)
{
	struct named param = { memory_copy(name, strlen(name)), memory_copy(value, strlen(value)) };

	if (param.name != NULL && param.value != NULL &&
		schedule_grow(&graph->params, graph->n_params, &graph->params_capacity,
			sizeof *graph->params) == 0) {
		graph->params[graph->n_params++] = param;
		return ORD_OK;
	}
	memory_free(param.name);
	memory_free(param.value);
	return error_memory(&graph->error);
}

static void
remove_param(struct ord_graph *graph, uint32_t at)
{
	memory_free(graph->params[at].name);
	memory_free(graph->params[at].value);
	graph->n_params--;
	memmove(&graph->params[at], &graph->params[at + 1],
		(graph->n_params - at) * sizeof *graph->params);
}

int
ord_graph_set_param(struct ord_graph *graph, const char *name, const char *value)
{
	int status = graph_may_change(graph);
	const struct named *found;
	struct named *param;

	if (status != ORD_OK)
		return status;
	if (name == NULL || *name == '\0')
		return error_set(&graph->error, ORD_EINVAL, "a param has a name");
	found = graph_param(graph, (struct span){ name, strlen(name) });
	if (found == NULL)
		return value != NULL ? add_param(graph, name, value) : ORD_OK;
	param = &graph->params[found - graph->params];
	if (value != NULL)
		return replace_param(graph, param, value);
	remove_param(graph, (uint32_t)(param - graph->params));
	return ORD_OK;
}

const char *
ord_graph_param(const struct ord_graph *graph, const char *name)
{
	const struct named *param = NULL;

	if (graph != NULL && name != NULL)
		param = graph_param(graph, (struct span){ name, strlen(name) });
	return param != NULL ? param->value : NULL;
}

/* Those that were found before stay: a callback may come while others are being looked at. */
static int
find(struct ord_graph *graph, const char *name, uint32_t *from)
{
	int status = graph_may_change(graph);

	*from = 0;
	if (status != ORD_OK)
		return status;
	if (name == NULL)
		return error_set(&graph->error, ORD_EINVAL, "name is NULL");
	*from = graph->found.count;
	status = registry_find(graph, name);
	if (status != ORD_OK)
		graph->found.count = *from;
	return status;
}

int
ord_graph_create(struct ord_graph *graph, const char *name)
{
	uint32_t from;
	int status = find(graph, name, &from);

	if (status == ORD_OK)
		graph->found.count = from;
	return status;
}

int
ord_graph_start(struct ord_graph *graph, const char *name)
{
	uint32_t from;
	int status = find(graph, name, &from);

	return status == ORD_OK ? plan_want(graph, from) : status;
}

int
ord_graph_clear(struct ord_graph *graph)
{
	int status = graph_enter(graph);

	if (status != ORD_OK)
		return status;
	if (graph->schedule.unfinished != 0)
		return error_set(&graph->error, ORD_EBUSY,
			"procs are wanted or run: wait for them first (ord_graph_wait_all)");
	run_begin_anew(graph);
	graph_reset(graph);
	return ORD_OK;
}

void
graph_reset(struct ord_graph *graph)
{
	schedule_clear(&graph->schedule);
	for (uint32_t i = 0; i < graph->schedule.n_nodes; i++) {
		verdict_clear(graph->procs[i]);
		increment_clear(graph, graph->procs[i]);
		logs_forget(graph->procs[i]);
		memory_free(graph->procs[i]->plight);
		graph->procs[i]->plight = NULL;
		graph->procs[i]->named = graph->procs[i]->left = 0;
		graph->procs[i]->attempts = 0;
		graph->procs[i]->started_ns = graph->procs[i]->ended_ns = 0;
		graph->procs[i]->halted_ns = 0;
	}
}

const struct ord_proc *
ord_graph_proc(const struct ord_graph *graph, const char *name)
{
	if (graph_check(graph) != ORD_OK || name == NULL)
		return NULL;
	return registry_proc(graph, (struct span){ name, strlen(name) });
}

const struct ord_proc *
ord_graph_next(const struct ord_graph *graph, const struct ord_proc *previous)
{
	uint32_t next = previous != NULL ? previous->node + 1 : 0;

	if (graph_check(graph) != ORD_OK || next >= graph->schedule.n_nodes)
		return NULL;
	return graph->procs[next];
}

uint32_t
ord_graph_ready(const struct ord_graph *graph)
{
	return graph != NULL ? graph->schedule.ready : 0;
}
