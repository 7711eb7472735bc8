/*
 * What the pool is given for a proc: a function with its context as input, or
 * a command with argv, env and cwd.  All of it is copied by the pool, so that
 * one buffer does for all.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "graph/changed.h"
#include "graph/context.h"
#include "graph/graph.h"
#include "graph/socket.h"

/* --- functions --- */

static int
append_entry(struct buffer *to, const char *name, const void *value, size_t value_size)
{
	static const char zeros[8];
	struct context_entry entry = { (uint32_t)strlen(name), (uint32_t)value_size };
	size_t size = sizeof entry + entry.name_size + value_size + 2;

	if (buffer_reserve(to, size + 8) != 0)
		return -1;
	(void)buffer_append(to, &entry, sizeof entry);
	(void)buffer_append(to, value, value_size);
	(void)buffer_append(to, zeros, 1);
	(void)buffer_append(to, name, entry.name_size);
	return buffer_append(to, zeros, 1 + (8 - size % 8) % 8);
}

/* Small results of what it depends on. */
static int
append_results(
	struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to, uint32_t *count)
{
	size_t sum = 0;

	for (uint32_t at = graph->schedule.nodes[proc->node].deps; at != SCHEDULE_NONE;
		at = graph->schedule.edges[at].next_dep) {
		const struct ord_proc *dep = graph->procs[graph->schedule.edges[at].dep];

		if (edge_is_gone(&graph->schedule.edges[at]) ||
			graph->schedule.nodes[dep->node].state != NODE_DONE ||
			dep->output_size > CONTEXT_RESULT_MAX ||
			sum + dep->output_size > CONTEXT_RESULTS_MAX)
			continue;
		sum += dep->output_size + strlen(dep->name) + 16;
		(*count)++;
		if (append_entry(to, dep->name, ord_proc_output(dep, NULL), dep->output_size) != 0)
			return -1;
	}
	return 0;
}

static int
write_context(struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to)
{
	const struct definition *definition = proc->definition;
	struct context_header header = {
		.magic = CONTEXT_MAGIC, .attempt = proc->attempts, .n_params = graph->n_params
	};
	int status;

	to->size = 0;
	status = buffer_append(to, &header, sizeof header);
	if (status == 0)
		status = append_entry(to, proc->name, "", 0);
	for (uint32_t i = 0; status == 0 && i < definition->n_args; i++) {
		if (proc->values[i] == NULL)
			continue;
		header.n_args++;
		status = append_entry(
			to, definition->args[i].name, proc->values[i], strlen(proc->values[i]));
	}
	for (uint32_t i = 0; status == 0 && i < graph->n_params; i++)
		status = append_entry(to, graph->params[i].name, graph->params[i].value,
			strlen(graph->params[i].value));
	if (status == 0)
		status = append_results(graph, proc, to, &header.n_results);
	if (status == 0)
		memcpy(to->bytes, &header, sizeof header);
	return status;
}

int
submit_function(struct ord_graph *graph, struct ord_proc *proc)
{
	const struct definition *definition = proc->definition;

	(void)logs_begin(graph, proc);
	if (write_context(graph, proc, &graph->text) != 0)
		return ORD_ENOMEM;
	return ord_pool_submit_task(graph->pool,
		&ORD_TASK(.input = graph->text.bytes, .input_size = graph->text.size,
			.function = definition->function,
			.function_name = definition->function_name, .user = proc,
			.timeout_ms = definition->timeout_ms, .grace_ms = definition->grace_ms,
			.retries = ORD_NONE),
		&proc->sequence);
}

/* --- commands --- */

/* NAME=value, with what a variable's name cannot hold as `_`. */
static int
append_variable(struct buffer *to, const char *prefix, const char *name, const char *value)
{
	size_t begin;

	if (buffer_append(to, prefix, strlen(prefix)) != 0)
		return -1;
	begin = to->size;
	if (buffer_append(to, name, strlen(name)) != 0)
		return -1;
	for (size_t i = begin; i < to->size; i++)
		if (!isalnum((unsigned char)to->bytes[i]))
			to->bytes[i] = '_';
	return buffer_append(to, "=", 1) != 0 ? -1 : buffer_append(to, value, strlen(value) + 1);
}

static int
append_variables_of_proc(const struct ord_proc *proc, struct buffer *to, uint32_t *count)
{
	const struct definition *definition = proc->definition;
	char attempt[16];
	int status;

	snprintf(attempt, sizeof attempt, "%u", proc->attempts);
	status = append_variable(to, "ORDERLY_", "ATTEMPT", attempt);
	status |= append_variable(to, "ORDERLY_", "PROC", proc->name);
	*count += 2;
	for (uint32_t i = 0; i < definition->n_args; i++) {
		if (proc->values[i] == NULL)
			continue;
		status |= append_variable(
			to, "ORDERLY_ARG_", definition->args[i].name, proc->values[i]);
		++*count;
	}
	return status;
}

/* SUBMIT_FIXED of them: who has the terminal finds the host's, others that there is none, or that colours are welcome. */
static int
append_fixed(const struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to)
{
	static const char *const plain[SUBMIT_FIXED][2] = { { "TERM", "dumb" },
		{ "NO_COLOR", "1" } };
	static const char *const forced[SUBMIT_FIXED][2] = { { "FORCE_COLOR", "1" },
		{ "CLICOLOR_FORCE", "1" } };
	uint32_t own = proc != NULL ? proc->definition->color : 0;
	int force = (own != 0 ? own : graph->options.color) == ORD_COLOR_FORCE;
	int has_terminal = proc != NULL && proc->definition->terminal, status = 0;

	for (int i = 0; i < SUBMIT_FIXED; i++) {
		const char *const *variable = force ? forced[i] : plain[i];
		const char *value = has_terminal && !force ? getenv(variable[0]) : variable[1];

		status |= append_variable(to, "", variable[0], value != NULL ? value : "");
	}
	return status;
}

/* What every command finds in its environment; what the definition says comes behind it and wins. */
int
submit_environment(struct ord_graph *graph, const struct ord_proc *proc, struct buffer *to,
	uint32_t *count, struct span *missing)
{
	int status = append_fixed(graph, proc, to);

	*count += SUBMIT_FIXED + graph->n_variables + graph->n_params;
	for (uint32_t i = 0; status == 0 && i < graph->n_variables; i++)
		status = text_fill(&graph->variables[i].text, param_value, graph, to, missing);
	if (status == 0 && proc != NULL)
		status = append_variables_of_proc(proc, to, count);
	for (uint32_t i = 0; status == 0 && i < graph->n_params; i++)
		status = append_variable(
			to, "ORDERLY_PARAM_", graph->params[i].name, graph->params[i].value);
	return status;
}

static int
append_makeflags(const struct ord_graph *graph, struct buffer *to, uint32_t *count)
{
	const char *makeflags = gate_environment(&graph->gate);

	if (makeflags == NULL)
		return 0;
	++*count;
	return buffer_append(to, makeflags, strlen(makeflags) + 1);
}

/* The words that begin at `offset` of the text, as an array that ends with NULL. */
const char **
submit_point_at(const char **words, const struct buffer *text, size_t *offset, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		*words++ = text->bytes + *offset;
		*offset += strlen(text->bytes + *offset) + 1;
	}
	*words = NULL;
	return words + 1;
}

/* How many words of each kind are in graph->text, one kind behind the other. */
struct words {
	uint32_t argv, env, cwd;
};

static int
write_words(
	struct ord_graph *graph, struct ord_proc *proc, struct words *words, struct span *missing)
{
	static const char shell[] = "/bin/sh\0-c";
	const struct command_text *command = &proc->definition->command;
	struct buffer *text = &graph->text;
	int status = 0;

	*words =
		(struct words){ command->argv.n_words, command->env.n_words, command->cwd.n_words };
	text->size = 0;
	if (command->argv.is_line) {
		status = buffer_append(text, shell, sizeof shell);
		words->argv += 2;
	}
	if (status == 0)
		status = text_fill(&command->argv, proc_value, proc, text, missing);
	if (status == 0)
		status = submit_environment(graph, proc, text, &words->env, missing);
	if (status == 0)
		status = append_makeflags(graph, text, &words->env);
	if (status == 0)
		status = socket_admit(graph, proc, text, &words->env);
	if (status == 0)
		status = changed_environment(graph, proc, text, &words->env);
	if (status == 0)
		status = text_fill(&command->env, proc_value, proc, text, missing);
	return status == 0 ? text_fill(&command->cwd, proc_value, proc, text, missing) : status;
}

static int
submit_words(struct ord_graph *graph, struct ord_proc *proc, const struct words *words)
{
	const struct definition *definition = proc->definition;
	const char **list = memory_new(words->argv + words->env + words->cwd + 3, sizeof *list);
	const char **env, **cwd;
	uint32_t output = ORD_OUTPUT_LINES;
	size_t offset = 0;
	int status;

	if (list == NULL)
		return ORD_ENOMEM;
	env = submit_point_at(list, &graph->text, &offset, words->argv);
	cwd = submit_point_at(env, &graph->text, &offset, words->env);
	(void)submit_point_at(cwd, &graph->text, &offset, words->cwd);
	if (definition->stdout_result)
		output = ORD_OUTPUT_RESULT;
	if (definition->terminal)
		output = ORD_OUTPUT_INHERIT;
	status = ord_pool_submit_command(graph->pool,
		&ORD_COMMAND(.argv = list, .env = env, .cwd = words->cwd != 0 ? *cwd : NULL,
			.user = proc, .timeout_ms = definition->timeout_ms,
			.grace_ms = definition->grace_ms, .retries = ORD_NONE, .output = output,
			.output_path = logs_begin(graph, proc),
			.stop_signal = definition->stop_signal, .terminal = definition->terminal),
		&proc->sequence);
	memory_free(list);
	return status;
}

int
submit_command(struct ord_graph *graph, struct ord_proc *proc, struct span *missing)
{
	struct words words;
	int status = write_words(graph, proc, &words, missing);

	if (status != 0)
		return status < 0 ? ORD_ENOMEM : 1;
	return submit_words(graph, proc, &words);
}
