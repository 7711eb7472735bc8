/*
 * ord_graph_load: a file is read and checked as a whole, its procs are made
 * into definitions, and only then, when nothing but memory can be missing, the
 * graph takes them over.
 */
#include "graph/load.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"

/* --- memory --- */

void
loaded_free(struct loaded *loaded)
{
	for (struct loaded *next; loaded != NULL; loaded = next) {
		next = loaded->next;
		for (struct names *names = loaded->names; names != NULL; names = names->next) {
			buffer_finish(&names->text);
			memory_free(names->list);
		}
		file_finish(&loaded->file);
		memory_free(loaded);
	}
}

static void
finish(struct load *load)
{
	const struct file_items *procs = &load->loaded->file.all.procs;

	for (uint32_t i = 0; load->definitions != NULL && i < procs->n; i++)
		definition_destroy(load->definitions[i]);
	memory_free(load->definitions);
	buffer_finish(&load->now);
	dotenv_finish(&load->dotenv);
	blocks_finish(&load->scratch);
}

/* --- sentences --- */

/* The sentence of a step about a proc, behind the place of its name. */
static int
say_place(struct load *load, struct place place)
{
	struct ord_graph *graph = load->graph;
	char text[400];
	int status = graph->error.status;
	size_t size = strlen(graph->error.text);

	if (status == ORD_ENOMEM)
		return status;
	size = size < sizeof text ? size : sizeof text - 1;
	memcpy(text, graph->error.text, size);
	text[size] = '\0';
	(void)file_error(&load->loaded->file, place, "%s", text);
	return error_set(&graph->error, status, "%s", load->loaded->file.error.text);
}

/* --- steps --- */

static int
read_file(struct load *load, const char *path)
{
	struct graph_file *file = &load->loaded->file;
	int status = file_open(file, path);

	if (status == ORD_OK)
		status = dotenv_load(&load->dotenv, file);
	if (status == ORD_OK)
		status = load_check(load);
	if (status != ORD_OK)
		load->graph->error = file->error;
	return status;
}

/* Whether it has a command that prints names. */
static int
asks(const struct file_proc *proc)
{
	int found = 0;

	for (uint32_t i = 0; i < proc->deps.n; i++)
		found |= FILE_ITEM(struct file_dep, proc->deps, i)->dep.text == NULL;
	for (uint32_t i = 0; i < proc->choices.n; i++)
		found |= FILE_ITEM(struct file_choice, proc->choices, i)->values.place.file == 0;
	for (uint32_t i = 0; i < proc->inputs.n; i++)
		found |= FILE_ITEM(struct file_input, proc->inputs, i)->path.text == NULL;
	for (uint32_t i = 0; i < proc->outputs.n; i++)
		found |= FILE_ITEM(struct file_output, proc->outputs, i)->path.text == NULL;
	return found;
}

/* A proc of the file, until the next one is read; one with commands that are asked later stays. */
static const struct file_proc *
read_proc(struct load *load, const struct file_unread *unread)
{
	struct graph_file *file = &load->loaded->file;
	struct blocks *blocks = &load->scratch;
	struct file_proc *proc;
	int status;

	blocks_clear(blocks);
	do {
		proc = blocks_take(blocks, sizeof *proc);
		if (proc == NULL) {
			error_memory(&file->error);
			return NULL;
		}
		status = file_proc(file, unread, blocks, proc);
		if (status != ORD_OK)
			return NULL;
		if (blocks == &file->blocks || !asks(proc))
			return proc;
		blocks = &file->blocks;
	} while (1);
}

static int
define(struct load *load, const struct file_unread *unread, struct definition **definition)
{
	struct place place = unread->name.place;
	const struct file_proc *proc = read_proc(load, unread);
	struct ord_graph *graph = load->graph;
	const struct definition_context context = { .separator = load->separator,
		.error = &graph->error,
		.user = graph,
		.lock = registry_lock };
	struct ord_proc_options options;

	if (proc == NULL || load_proc(load, proc, &options) != ORD_OK) {
		graph->error = load->loaded->file.error;
		return graph->error.status;
	}
	*definition = definition_new(&options, &context);
	if (*definition == NULL || registry_check(graph, *definition) != ORD_OK)
		return say_place(load, place);
	if (proc->now.value != 0) {
		const struct file_text name = { (*definition)->name.text, place };

		if (buffer_append(&load->now, &name, sizeof name) != 0)
			return error_memory(&graph->error);
	}
	return ORD_OK;
}

static int
define_all(struct load *load)
{
	const struct file_items *procs = &load->loaded->file.all.procs;
	int status = ORD_OK;

	load->definitions = memory_new(procs->n, sizeof *load->definitions);
	if (load->definitions == NULL)
		return error_memory(&load->graph->error);
	for (uint32_t i = 0; status == ORD_OK && i < procs->n; i++)
		status = define(
			load, FILE_ITEM(struct file_unread, *procs, i), &load->definitions[i]);
	blocks_finish(&load->scratch);
	return status;
}

/* What was read is no longer needed, but for its commands that print names and for sentences. */
static void
let_go(struct load *load)
{
	struct graph_file *file = &load->loaded->file;

	if (load->loaded->names != NULL)
		return;
	blocks_finish(&file->blocks);
	file->all = (struct file_part){ .procs.n = file->all.procs.n };
}

/* What fails here is a lack of memory, or a command for the choices of a proc whose args have defaults. */
static int
enter_all(struct load *load)
{
	const struct file_items *procs = &load->loaded->file.all.procs;
	struct ord_graph *graph = load->graph;

	for (uint32_t i = 0; i < procs->n; i++) {
		struct ord_proc *proc;
		struct error why;
		int status = registry_add(graph, load->definitions[i], &proc);

		if (status == ORD_OK) {
			load->definitions[i] = NULL;
			continue;
		}
		why = graph->error;
		return error_set(&graph->error, status,
			"%.850s\nthe file's settings and its procs before this one are in the graph",
			why.text);
	}
	return ORD_OK;
}

static int
start_now(struct load *load)
{
	const struct file_text *names = (const void *)load->now.bytes;
	size_t n = load->now.size / sizeof *names;
	int status = ORD_OK;

	for (size_t i = 0; status == ORD_OK && i < n; i++) {
		status = ord_graph_start(load->graph, names[i].text);
		if (status != ORD_OK)
			status = say_place(load, names[i].place);
	}
	return status;
}

/* Everything that can be wrong is said before anything changes. */
static int
steps(struct load *load, const char *path, int *taken)
{
	int status = read_file(load, path);

	if (status == ORD_OK)
		status = define_all(load);
	if (status != ORD_OK)
		return status;
	*taken = 1;
	status = load_settings(load);
	if (status == ORD_OK)
		status = load_environment(load);
	let_go(load);
	if (status == ORD_OK)
		status = enter_all(load);
	return status == ORD_OK ? start_now(load) : status;
}

int
ord_graph_load(struct ord_graph *graph, const char *path)
{
	struct load load = { .graph = graph };
	int status = graph_may_change(graph), taken = 0;

	if (status != ORD_OK)
		return status;
	if (path == NULL)
		return error_set(&graph->error, ORD_EINVAL, "the path of the graph's file is NULL");
	load.loaded = memory_new(1, sizeof *load.loaded);
	if (load.loaded == NULL)
		return error_memory(&graph->error);
	status = steps(&load, path, &taken);
	finish(&load);
	if (!taken || load.loaded->names == NULL) {
		loaded_free(load.loaded);
		return status;
	}
	/* Definitions point to its commands. */
	load.loaded->next = graph->loaded;
	graph->loaded = load.loaded;
	return status;
}

int
ord_graph_check(const char *path, char *sentence, size_t size)
{
	struct ord_graph *graph;
	int status = ord_graph_new(&graph, NULL);

	if (status == ORD_OK)
		status = ord_graph_load(graph, path);
	if (sentence != NULL && size != 0)
		snprintf(sentence, size, "%s",
			graph != NULL ? ord_graph_error(graph) : ord_strerror(status));
	ord_graph_destroy(&graph);
	return status;
}
