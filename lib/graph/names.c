/*
 * Names that a command prints, one per line: deps of a proc that is wanted, or
 * choices.  It is run when they are asked for, by a pool of its own with one
 * slot, in the environment and the directory of its proc.
 */
#include "graph/load.h"
#include "graph/making.h"

#include <ctype.h>
#include <sched.h>
#include <string.h>

#include "base/memory.h"

#define TIMEOUT_MS 60000 /* of a proc that says none */

/* argv, env and cwd of the command, one kind behind the other. */
struct call {
	struct command_text text;
	struct buffer words;
	uint32_t n_argv, n_env, n_cwd;
};

struct names *
names_new(struct load *load, const struct file_proc *proc, const struct file_command *command,
	const char *purpose)
{
	struct loaded *loaded = load->loaded;
	struct names *names = blocks_take(&loaded->file.blocks, sizeof *names);

	if (names == NULL)
		return NULL;
	*names = (struct names){ .graph = load->graph,
		.loaded = loaded,
		.proc = proc,
		.command = command,
		.purpose = purpose,
		.next = loaded->names };
	loaded->names = names;
	return names;
}

/* --- sentences --- */

static struct place
place_of(const struct names *names)
{
	const struct file_command *command = names->command;

	return command->shell.text != NULL ? command->shell.place : command->list.place;
}

/* A sentence behind the command's place; what it said last is in the pool's. */
static int
say(struct names *names, const struct ord_proc *proc, const char *why)
{
	(void)file_error(&names->loaded->file, place_of(names), "%s of %.100s: %.350s",
		names->purpose, proc != NULL ? ord_proc_name(proc) : names->proc->name.text, why);
	return error_set(&names->graph->error, ORD_EFAILED, "%s", names->loaded->file.error.text);
}

/* --- the pool --- */

static void
on_message(const struct ord_message *message, void *user)
{
	struct ord_graph *graph = user;

	graph->callbacks++;
	graph->options.on_message(message, graph->asker.proc, graph->options.on_message_user);
	graph->callbacks--;
}

static int
start_pool(struct ord_graph *graph)
{
	const struct ord_pool_options *like = &graph->pool_options;
	int processes = like->start == ORD_START_EXEC || like->start == ORD_START_COMMAND;
	struct ord_pool *pool;
	int status;

	if (graph->asker.pool != NULL)
		return ORD_OK;
	status = ord_pool_new(&pool,
		&ORD_POOL_OPTIONS(.start = processes ? like->start : ORD_START_DEFAULT,
			.program = like->program, .cgroup = like->cgroup, .workers = 1,
			.on_message = graph->options.on_message != NULL ? on_message : NULL,
			.on_message_user = graph));
	if (status != ORD_OK)
		return error_set(&graph->error, status, "a pool for commands that print names: %s",
			ord_strerror(status));
	status = ord_pool_start(pool);
	if (status != ORD_OK) {
		error_set(&graph->error, status, "%s", ord_pool_error(pool));
		ord_pool_destroy(&pool);
		return status;
	}
	graph->asker.pool = pool;
	return ORD_OK;
}

void
asker_finish(struct ord_graph *graph)
{
	struct ord_pool *pool = graph->asker.pool;

	graph->asker.pool = NULL;
	while (atomic_load(&graph->interrupting) != 0)
		sched_yield();
	ord_pool_destroy(&pool);
}

/* --- the command --- */

/* Its parts, with the placeholders of the proc that asks; for choices there is none, only params. */
static int
compile(const struct names *names, struct call *call, const struct ord_proc *proc)
{
	const struct file_command *command = names->command;
	const struct file_proc *from = names->proc;
	struct buffer line = { 0 };
	shell_known_fn known = proc != NULL ? arg_is_known : arg_is_param;
	void *user = proc != NULL ? proc->definition : NULL;
	int status = 0;

	if (command->shell.text != NULL)
		status = text_add_line(&call->text.argv, command->shell.text, known, user);
	for (uint32_t i = 0; i < command->list.n; i++)
		status |= text_add_word(&call->text.argv, command->list.items[i].text, known, user);
	for (uint32_t i = 0; i < from->env.n; i++) {
		const struct file_pair *pair = &from->env.items[i];

		line.size = 0;
		status |= buffer_append(&line, pair->name.text, strlen(pair->name.text));
		status |= buffer_append(&line, "=", 1);
		status |= buffer_append(&line, pair->value.text, strlen(pair->value.text) + 1);
		if (status == 0)
			status = text_add_word(&call->text.env, line.bytes, known, user);
	}
	buffer_finish(&line);
	if (from->cwd.text != NULL)
		status |= text_add_word(&call->text.cwd, from->cwd.text, known, user);
	return status;
}

/* As text_fill. */
static int
fill(struct ord_graph *graph, const struct ord_proc *proc, struct call *call, struct span *missing)
{
	static const char shell[] = "/bin/sh\0-c";
	pattern_value_fn value = proc != NULL ? proc_value : param_value;
	void *user = proc != NULL ? (void *)(uintptr_t)proc : graph;
	struct buffer *words = &call->words;
	int status = 0;

	call->n_argv = call->text.argv.n_words;
	call->n_env = call->text.env.n_words;
	call->n_cwd = call->text.cwd.n_words;
	if (call->text.argv.is_line) {
		status = buffer_append(words, shell, sizeof shell);
		call->n_argv += 2;
	}
	if (status == 0)
		status = text_fill(&call->text.argv, value, user, words, missing);
	if (status == 0)
		status = submit_environment(graph, proc, words, &call->n_env, missing);
	if (status == 0)
		status = text_fill(&call->text.env, value, user, words, missing);
	return status == 0 ? text_fill(&call->text.cwd, value, user, words, missing) : status;
}

static int
submit(struct names *names, const struct call *call)
{
	struct ord_graph *graph = names->graph;
	uint32_t own = (uint32_t)names->proc->timeout.value;
	const char **list = memory_new(call->n_argv + call->n_env + call->n_cwd + 3, sizeof *list);
	const char **env, **cwd;
	size_t offset = 0;
	int status;

	if (list == NULL)
		return error_memory(&graph->error);
	env = submit_point_at(list, &call->words, &offset, call->n_argv);
	cwd = submit_point_at(env, &call->words, &offset, call->n_env);
	(void)submit_point_at(cwd, &call->words, &offset, call->n_cwd);
	status = ord_pool_submit_command(graph->asker.pool,
		&ORD_COMMAND(.argv = list, .env = env, .cwd = call->n_cwd != 0 ? *cwd : NULL,
			.timeout_ms = own != 0 ? own : TIMEOUT_MS, .retries = ORD_NONE),
		NULL);
	if (status != ORD_OK)
		error_set(&graph->error, status, "%s", ord_pool_error(graph->asker.pool));
	memory_free(list);
	return status;
}

/* --- what it prints --- */

/* Lines without blanks around them; empty ones are none. */
static int
read_lines(struct names *names, const char *output, size_t size)
{
	const char *end = output + size;
	size_t n = 0, offset = 0;

	names->text.size = 0;
	for (const char *at = output; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *line = at, *stop = newline != NULL ? newline : end;

		at = newline != NULL ? newline + 1 : end;
		while (line < stop && isspace((unsigned char)*line))
			line++;
		while (stop > line && isspace((unsigned char)stop[-1]))
			stop--;
		if (line == stop)
			continue;
		if (buffer_append(&names->text, line, (size_t)(stop - line)) != 0 ||
			buffer_append(&names->text, "", 1) != 0)
			return error_memory(&names->graph->error);
		n++;
	}
	memory_free(names->list);
	names->list = memory_new(n + 1, sizeof *names->list);
	if (names->list == NULL)
		return error_memory(&names->graph->error);
	(void)submit_point_at(names->list, &names->text, &offset, (uint32_t)n);
	return ORD_OK;
}

static int
wait_for(struct names *names, const struct ord_proc *proc)
{
	struct ord_graph *graph = names->graph;
	const struct ord_result *result;
	const char *output;
	size_t size;
	int status = ord_pool_next(graph->asker.pool, &result);

	if (status != ORD_OK || result == NULL) {
		error_set(&graph->error, status != ORD_OK ? status : ORD_EFAILED, "%s",
			ord_pool_error(graph->asker.pool));
		return ORD_EFAILED;
	}
	if (ord_result_state(result) != ORD_DONE)
		return say(names, proc, ord_result_error(result));
	output = ord_result_output(result, &size);
	if (memchr(output, '\0', size) != NULL)
		return say(names, proc, "its command printed a NUL byte, which no name has");
	return read_lines(names, output, size);
}

int
names_ask(const struct ord_proc *proc, const char *const **list, void *user)
{
	struct names *names = user;
	struct ord_graph *graph = names->graph;
	struct call call = { 0 };
	struct span missing;
	int status, filled = compile(names, &call, proc);

	graph->asker.proc = proc;
	if (filled == 0)
		filled = fill(graph, proc, &call, &missing);
	status = filled < 0 ? error_memory(&graph->error) : ORD_OK;
	if (filled > 0)
		status = say(names, proc, "a placeholder in its command has no value");
	if (status == ORD_OK)
		status = start_pool(graph);
	if (status == ORD_OK)
		status = submit(names, &call);
	if (status == ORD_OK)
		status = wait_for(names, proc);
	text_finish(&call.text.argv);
	text_finish(&call.text.env);
	text_finish(&call.text.cwd);
	buffer_finish(&call.words);
	*list = status == ORD_OK ? (const char *const *)names->list : NULL;
	return status;
}
