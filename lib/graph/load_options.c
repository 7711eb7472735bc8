/*
 * What a file says about the graph as a whole: options, params, locks and the
 * environment of commands.  What the caller has set before stays as it is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/load.h"
#include "graph/making.h"

/* --- what may be wrong --- */

/* Names are read with one separator: it can be set while there are none. */
static int
check_separator(struct load *load)
{
	const struct ord_graph *graph = load->graph;
	const struct file_text *separator = &load->loaded->file.all.options.separator;

	load->separator = graph->separator;
	if (separator->text == NULL || graph->options.separator != NULL)
		return ORD_OK;
	if (strpbrk(separator->text, "[]*?") != NULL)
		return file_error(&load->loaded->file, separator->place,
			"a separator has none of `[`, `]`, `*` and `?` in it");
	if (graph->first != NULL && strcmp(separator->text, graph->separator) != 0)
		return file_error(&load->loaded->file, separator->place,
			"the graph has procs whose names were read with another separator: `%s`\nload this file first, or take `separator` out",
			SHOWN(graph->separator, strlen(graph->separator)));
	load->separator = separator->text;
	return ORD_OK;
}

static int
check_locks(struct load *load)
{
	const struct file_items *locks = &load->loaded->file.all.locks;

	for (uint32_t i = 0; i < locks->n; i++) {
		const struct file_text *name = &FILE_ITEM(struct file_lock, *locks, i)->name;

		if (strchr(name->text, '=') != NULL)
			return file_error(
				&load->loaded->file, name->place, "a lock has no `=` in its name");
	}
	return ORD_OK;
}

int
load_check(struct load *load)
{
	const struct file_options *options = &load->loaded->file.all.options;
	int status = check_separator(load);

	if (status == ORD_OK && options->fail_fast.value != 0 &&
		options->keep_going.place.file != 0 && options->keep_going.value == 0 &&
		load->graph->options.keep_going == 0)
		return file_error(&load->loaded->file, options->fail_fast.place,
			"`fail_fast` says nothing with `keep_going: 0`\nsay after how many failures, or take one of them out");
	return status == ORD_OK ? check_locks(load) : status;
}

/* --- options, params, locks --- */

static void
take_number(uint32_t *to, const struct file_number *from)
{
	if (*to == 0 && from->place.file != 0)
		*to = (uint32_t)from->value;
}

/* What is offered to commands; with `parallel: auto` one that is offered to us goes before it. */
static void
take_jobserver(struct ord_graph_options *to, const struct file_options *from)
{
	static const uint32_t servers[] = { ORD_JOBSERVER_FIFO, ORD_JOBSERVER_PIPE,
		ORD_JOBSERVER_NONE };
	const char *flags = getenv("MAKEFLAGS");
	int offered = from->parallel.place.file != 0 && from->parallel.value == 0 &&
		flags != NULL && strstr(flags, "--jobserver") != NULL;

	if (to->jobserver != 0)
		return;
	if (offered)
		to->jobserver = ORD_JOBSERVER_CLIENT;
	else if (from->jobserver.place.file != 0)
		to->jobserver = servers[from->jobserver.value];
}

uint32_t
load_on_busy(const struct file_number *number)
{
	static const uint32_t kinds[] = { [FILE_QUEUE] = ORD_BUSY_QUEUE,
		[FILE_RESTART] = ORD_BUSY_RESTART,
		[FILE_IGNORE] = ORD_BUSY_IGNORE,
		[FILE_SIGNAL] = ORD_BUSY_SIGNAL };

	return number->place.file != 0 ? kinds[number->value] : 0;
}

static void
take_watch(struct ord_graph_options *to, const struct file_watch *from)
{
	if (to->debounce_ms == 0 && from->debounce.place.file != 0)
		to->debounce_ms =
			from->debounce.value != 0 ? (uint32_t)from->debounce.value : ORD_NONE;
	take_number(&to->debounce_max_ms, &from->most);
	take_number(&to->busy_signal, &from->signal);
	if (to->on_busy == 0)
		to->on_busy = load_on_busy(&from->on_busy);
}

static void
take_options(struct load *load)
{
	struct ord_graph *graph = load->graph;
	struct ord_graph_options *to = &graph->options;
	const struct file_options *from = &load->loaded->file.all.options;

	take_number(&to->keep_going, &from->keep_going);
	take_number(&to->fail_fast, &from->fail_fast);
	take_number(&to->allow_missing_deps, &from->allow_missing_deps);
	if (to->fail_fast != 0 && to->keep_going == 0 && from->fail_fast.place.file != 0)
		to->keep_going = 1;
	graph->schedule.keep_going = to->keep_going;
	take_number(&to->max_load, &from->load);
	take_jobserver(to, from);
	if (to->log_on_failure == 0)
		load_log(&from->log_on_failure, &to->log_on_failure, &to->log_tail);
	take_watch(to, &from->watch);
	if (to->output_mode == 0 && from->output.place.file != 0)
		to->output_mode = (uint32_t)from->output.value + ORD_MODE_GROUP;
	if (to->color == 0 && from->color.place.file != 0)
		to->color = (uint32_t)from->color.value + ORD_COLOR_NONE;
	if (graph->pool != NULL || graph->pool_options.start == ORD_START_INLINE)
		return;
	take_number(&to->parallel, &from->parallel);
	if (to->parallel != 0)
		graph->schedule.slots = to->parallel;
}

uint32_t
load_fingerprint(const struct file_number *number)
{
	static const uint32_t kinds[] = { [FILE_MTIME_HASH] = ORD_FINGERPRINT_BOTH,
		[FILE_MTIME] = ORD_FINGERPRINT_MTIME,
		[FILE_HASH] = ORD_FINGERPRINT_HASH };

	return kinds[number->value];
}

/* What history needs; once it is open it stays as it is. */
static int
take_history(struct load *load)
{
	struct ord_graph *graph = load->graph;
	const struct file_options *from = &load->loaded->file.all.options;
	const char **ignore;

	if (graph->options.fingerprint == 0 && from->fingerprint.place.file != 0)
		graph->options.fingerprint = load_fingerprint(&from->fingerprint);
	if (graph->database == NULL && from->db.text != NULL) {
		graph->database = memory_copy(from->db.text, strlen(from->db.text));
		if (graph->database == NULL)
			return error_memory(&graph->error);
	}
	if (graph->ignore != NULL || from->ignore.n == 0)
		return ORD_OK;
	ignore = memory_new(from->ignore.n + 1, sizeof *ignore);
	for (uint32_t i = 0; ignore != NULL && i < from->ignore.n; i++)
		ignore[i] = from->ignore.items[i].text;
	if (ignore != NULL)
		graph->ignore = making_copy(ignore);
	memory_free(ignore);
	return graph->ignore != NULL ? ORD_OK : error_memory(&graph->error);
}

static int
take_separator(struct load *load)
{
	struct ord_graph *graph = load->graph;
	char *copy;

	if (load->separator == graph->separator)
		return ORD_OK;
	copy = memory_copy(load->separator, strlen(load->separator));
	if (copy == NULL)
		return error_memory(&graph->error);
	memory_free(graph->separator);
	graph->separator = copy;
	return ORD_OK;
}

int
load_settings(struct load *load)
{
	struct ord_graph *graph = load->graph;
	const struct file_part *all = &load->loaded->file.all;
	int status = take_separator(load);

	if (status == ORD_OK)
		take_options(load);
	if (status == ORD_OK)
		status = take_history(load);
	for (uint32_t i = 0; status == ORD_OK && i < all->params.n; i++)
		if (ord_graph_param(graph, all->params.items[i].name.text) == NULL)
			status = ord_graph_set_param(graph, all->params.items[i].name.text,
				all->params.items[i].value.text);
	for (uint32_t i = 0; status == ORD_OK && i < all->locks.n; i++) {
		const struct file_lock *lock = FILE_ITEM(struct file_lock, all->locks, i);

		status = ord_graph_set_lock(graph, lock->name.text, (uint32_t)lock->units.value);
	}
	return status;
}

/* --- environment --- */

static int
is_nothing(void *user, struct span name)
{
	(void)user;
	(void)name;
	return 0;
}

static struct variable *
find(struct ord_graph *graph, const char *name)
{
	for (uint32_t i = 0; i < graph->n_variables; i++)
		if (strcmp(graph->variables[i].name, name) == 0)
			return &graph->variables[i];
	return NULL;
}

/* A variable that is new to the graph; without a value yet. */
static struct variable *
add(struct ord_graph *graph, const char *name)
{
	struct variable *variables =
		memory_resize(graph->variables, (graph->n_variables + 1) * sizeof *variables);
	char *copy = variables != NULL ? memory_copy(name, strlen(name)) : NULL;

	if (variables != NULL)
		graph->variables = variables;
	if (copy == NULL)
		return NULL;
	variables[graph->n_variables] = (struct variable){ .name = copy };
	return &variables[graph->n_variables++];
}

/* "file:line". */
static char *
place_text(const struct load *load, struct place place, int origin)
{
	const struct source *source = origin == DOTENV_FILE
		? &load->dotenv.sources[place.file - 1]
		: load->loaded->file.sources[place.file - 1];
	char text[300];
	uint32_t line, column;

	source_line(source, place.at, &line, &column);
	snprintf(text, sizeof text, "%.270s:%u", source->path, line);
	return memory_copy(text, strlen(text));
}

/* The last dotenv file that says it, else the file's `env`; params are filled in the latter. */
static int
set(struct load *load, const struct file_pair *pair, int origin)
{
	struct ord_graph *graph = load->graph;
	struct variable *variable = find(graph, pair->name.text);
	struct buffer line = { 0 };
	int status = 0;

	if (variable != NULL && variable->origin == DOTENV_FILE && origin == DOTENV_GRAPH)
		return ORD_OK;
	if (variable == NULL)
		variable = add(graph, pair->name.text);
	if (variable == NULL)
		return error_memory(&graph->error);
	text_finish(&variable->text);
	memory_free(variable->where);
	variable->origin = origin;
	variable->where = place_text(load, pair->name.place, origin);
	if (variable->where == NULL)
		return error_memory(&graph->error);
	status |= buffer_append(&line, pair->name.text, strlen(pair->name.text));
	status |= buffer_append(&line, "=", 1);
	status |= buffer_append(&line, pair->value.text, strlen(pair->value.text) + 1);
	if (status == 0)
		status = text_add_word(&variable->text, line.bytes,
			origin == DOTENV_GRAPH ? arg_is_param : is_nothing, NULL);
	buffer_finish(&line);
	return status == 0 ? ORD_OK : error_memory(&graph->error);
}

/* What the process environment has is not set: it goes before both. */
int
load_environment(struct load *load)
{
	const struct file_pairs *lists[] = { &load->dotenv.dotenv, &load->loaded->file.all.env };
	static const int origins[] = { DOTENV_FILE, DOTENV_GRAPH };
	int status = ORD_OK;

	for (int list = 0; list < 2; list++)
		for (uint32_t i = 0; status == ORD_OK && i < lists[list]->n; i++)
			if (getenv(lists[list]->items[i].name.text) == NULL)
				status = set(load, &lists[list]->items[i], origins[list]);
	return status;
}
