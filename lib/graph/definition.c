/*
 * Definitions: everything that can be known to be wrong before a proc is
 * wanted is said here, with the name of the definition.  A struct is zeroed
 * first and destroy is total, so that any failure just destroys it.
 */
#include "graph/definition.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <orderly/pool.h>

#include "base/memory.h"
#include "base/options.h"
#include "graph/making.h"
#include "graph/names/value.h"
#include "graph/rules.h"

#define FIRST_PROC OPTIONS_UP_TO(struct ord_proc_options, expected_ms)
#define FIRST_DEP OPTIONS_UP_TO(struct ord_dep, special)

/* --- errors --- */

int
making_no_memory(const struct making *making)
{
	return error_memory(making->context->error);
}

/* A sentence about the definition: what is wrong with which text. */
int
making_wrong(const struct making *making, const char *what, const char *text, const char *why)
{
	return error_set(making->context->error, ORD_EINVAL, "%s: %s '%s': %s",
		making->options.name, what, text, why);
}

static int
compile(const struct making *making, struct pattern *pattern, const char *text, int reading)
{
	int fault = pattern_compile(pattern, text, making->context->separator, reading);

	if (fault == PATTERN_OK && pattern->n_placeholders > PLACEHOLDERS_MAX)
		return making_wrong(making, "the name", text, "it has more than 32 placeholders");
	if (fault == PATTERN_OK)
		return ORD_OK;
	if (fault == PATTERN_NO_MEMORY)
		return making_no_memory(making);
	return making_wrong(making, "the name", text, pattern_fault_text(fault));
}

int
making_take(const struct making *making, void *to, size_t size, size_t first, const void *from)
{
	int status = from != NULL ? options_copy(to, size, first, from) : ORD_EINVAL;

	if (status == ORD_ENOTSUP)
		return error_set(making->context->error, status,
			"an option of a proc is set that this version of orderly does not know");
	if (status != ORD_OK)
		return error_set(making->context->error, status,
			"the size of a struct is none of this version: use ORD_PROC, ORD_DEP, ORD_CHOICE, ORD_INPUT and ORD_OUTPUT_FILE");
	return ORD_OK;
}

uint32_t
making_count(const void *list)
{
	const char *bytes = list;
	const void *pointer;
	uint32_t count = 0;

	if (list == NULL)
		return 0;
	for (;; count++, bytes += sizeof pointer) {
		memcpy(&pointer, bytes, sizeof pointer); /* a pointer of any type */
		if (pointer == NULL)
			return count;
	}
}

/* --- deps --- */

/* Each placeholder of a pattern has a value when it is filled. */
static int
check_placeholders(const struct making *making, const struct pattern *pattern)
{
	for (uint32_t i = 0; i < pattern->n_placeholders; i++)
		if (!arg_is_known(making->definition, pattern_placeholder_name(pattern, i)))
			return making_wrong(making, "the name", pattern->text,
				"a placeholder in it is no arg of the proc; write [param.NAME] for a param");
	return ORD_OK;
}

static int
read_dep(const struct making *making, const char *name)
{
	struct need *need = &making->definition->needs[making->definition->n_needs++];
	int status = compile(making, &need->name, name, PATTERN_TEXT);

	return status != ORD_OK ? status : check_placeholders(making, &need->name);
}

static int
read_special_dep(const struct making *making, const struct ord_dep *from)
{
	struct definition *definition = making->definition;
	struct ord_dep dep;
	int status = making_take(making, &dep, sizeof dep, FIRST_DEP, from);

	if (status != ORD_OK)
		return status;
	if ((dep.name != NULL) + (dep.names != NULL) + (dep.special != 0) != 1 ||
		dep.special > ORD_DEP_ALL_DONE || dep.soft > 1)
		return making_wrong(making, "a special dep", dep.name != NULL ? dep.name : "",
			"one of name, names and special is set, and soft is 0 or 1");
	if (dep.special != 0) {
		definition->flags |= NODE_BARRIER;
		definition->flags |= dep.special == ORD_DEP_NO_FAILURES ? NODE_NO_FAILURES : 0;
		return ORD_OK;
	}
	if (dep.name != NULL)
		status = read_dep(making, dep.name);
	else
		definition->needs[definition->n_needs++] =
			(struct need){ .names = dep.names, .user = dep.names_user };
	definition->needs[definition->n_needs - 1].soft = dep.soft != 0;
	return status;
}

static int
read_deps(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	uint32_t n_deps = making_count(options->deps),
		 n_special = making_count(options->special_deps);
	int status = ORD_OK;

	if (n_deps + n_special != 0)
		making->definition->needs =
			memory_new(n_deps + n_special, sizeof *making->definition->needs);
	if (n_deps + n_special != 0 && making->definition->needs == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < n_deps; i++)
		status = read_dep(making, options->deps[i]);
	for (uint32_t i = 0; status == ORD_OK && i < n_special; i++)
		status = read_special_dep(making, options->special_deps[i]);
	return status;
}

/* The declarer's name is built from the target's, so what it needs must be in the pattern. */
static int
check_declarer(const struct making *making, const struct pattern *pattern)
{
	const struct pattern *name = &making->definition->name;

	for (uint32_t i = 0; i < name->n_placeholders; i++) {
		struct span placeholder = pattern_placeholder_name(name, i);

		if (pattern_placeholder(pattern, placeholder.at, placeholder.size) ==
			PATTERN_LITERAL)
			return making_wrong(making, "the rdep", pattern->text,
				"each placeholder of the proc's name must be in it");
	}
	return ORD_OK;
}

static int
read_rdep(const struct making *making, const char *text, int kind)
{
	struct definition *definition = making->definition;
	struct rdep *rdep = &definition->rdeps[definition->n_rdeps++];
	int status = compile(
		making, &rdep->pattern, text, kind == RDEP_TARGET ? PATTERN_NAME : PATTERN_TEXT);

	rdep->owner = definition;
	rdep->entry = (struct entry){ .pattern = &rdep->pattern, .thing = rdep };
	rdep->kind = kind;
	if (status != ORD_OK)
		return status;
	return kind == RDEP_TARGET ? check_declarer(making, &rdep->pattern)
				   : check_placeholders(making, &rdep->pattern);
}

static int
read_rdeps(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	const char *const *const lists[] = { options->rdeps, options->rdeps_when_target_scheduled,
		options->rdeps_when_scheduled };
	uint32_t count = 0;
	int status = ORD_OK;

	for (int list = 0; list < 3; list++)
		count += making_count(lists[list]);
	if (count == 0)
		return ORD_OK;
	making->definition->rdeps = memory_new(count, sizeof *making->definition->rdeps);
	if (making->definition->rdeps == NULL)
		return making_no_memory(making);
	for (int list = 0; list < 3; list++)
		for (uint32_t i = 0; status == ORD_OK && i < making_count(lists[list]); i++)
			status = read_rdep(
				making, lists[list][i], list == 2 ? RDEP_DECLARER : RDEP_TARGET);
	return status;
}

/* --- locks --- */

/* Sorted by lock; one that is named twice is needed once, with the larger number of units. */
static void
add_use(struct definition *definition, struct use use)
{
	uint32_t at = definition->n_uses;

	for (uint32_t i = 0; i < definition->n_uses; i++) {
		if (definition->uses[i].lock != use.lock)
			continue;
		if (definition->uses[i].units < use.units)
			definition->uses[i].units = use.units;
		return;
	}
	for (; at > 0 && definition->uses[at - 1].lock > use.lock; at--)
		definition->uses[at] = definition->uses[at - 1];
	definition->uses[at] = use;
	definition->n_uses++;
}

/* "net" or "net=2" */
static int
read_lock(const struct making *making, const char *text)
{
	size_t size = strcspn(text, "=");
	int64_t units = 1;
	struct use use;

	if (size == 0 ||
		(text[size] == '=' &&
			(value_int(text + size + 1, &units) != 0 || units < 1 ||
				units > INT32_MAX)))
		return making_wrong(making, "the lock", text,
			"write its name, or name=units with one unit or more");
	use.lock = making->context->lock(making->context->user, text, size);
	use.units = (uint32_t)units;
	if (use.lock == SCHEDULE_NONE)
		return making_no_memory(making);
	add_use(making->definition, use);
	return ORD_OK;
}

static int
read_locks(const struct making *making)
{
	uint32_t count = making_count(making->options.locks);
	int status = ORD_OK;

	if (count == 0 && making->options.terminal == 0)
		return ORD_OK;
	making->definition->uses = memory_new(count + 1, sizeof *making->definition->uses);
	if (making->definition->uses == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < count; i++)
		status = read_lock(making, making->options.locks[i]);
	if (status == ORD_OK && making->options.terminal != 0)
		status = read_lock(making, RULES_TERMINAL);
	return status;
}

/* --- what it does --- */

static int
read_words(const struct making *making, struct text *text, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		if (text_add_word(text, *words, arg_is_known, making->definition) != 0)
			return making_no_memory(making);
	return ORD_OK;
}

static int
read_command(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	struct command_text *command = &making->definition->command;
	const char *const cwd[] = { options->cwd, NULL };
	int status = read_words(making, &command->argv, options->command);

	for (uint32_t i = 0; i < making_count(options->env); i++)
		if (strchr(options->env[i], '=') == NULL || *options->env[i] == '=')
			return making_wrong(
				making, "the variable", options->env[i], "write NAME=value");
	if (options->shell != NULL &&
		text_add_line(&command->argv, options->shell, arg_is_known, making->definition) !=
			0)
		status = making_no_memory(making);
	if (status == ORD_OK)
		status = read_words(making, &command->env, options->env);
	return status != ORD_OK ? status : read_words(making, &command->cwd, cwd);
}

static int
read_description(const struct making *making)
{
	const char *text = making->options.description;

	if (text == NULL)
		return ORD_OK;
	making->definition->description = memory_copy(text, strlen(text));
	return making->definition->description != NULL ? ORD_OK : making_no_memory(making);
}

static int
read_function(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;

	making->definition->function = options->function;
	if (options->function_name == NULL)
		return ORD_OK;
	making->definition->function_name =
		memory_copy(options->function_name, strlen(options->function_name));
	return making->definition->function_name != NULL ? ORD_OK : making_no_memory(making);
}

static int
is_failure_word(const char *text)
{
	int64_t code;

	return strcmp(text, "timeout") == 0 || strcmp(text, "signal") == 0 ||
		strcmp(text, "failure") == 0 ||
		(strncmp(text, "exit ", 5) == 0 && value_int(text + 5, &code) == 0 && code > 0 &&
			code < 256);
}

static int
read_retries(const struct making *making)
{
	const char *const *words = making->options.retry_on;

	if (words == NULL)
		return ORD_OK;
	for (; *words != NULL; words++)
		if (!is_failure_word(*words))
			return making_wrong(making, "retry_on", *words,
				"write timeout, signal, failure or exit CODE");
	making->definition->retry_on = making_copy(making->options.retry_on);
	return making->definition->retry_on != NULL ? ORD_OK : making_no_memory(making);
}

static int
check_numbers(const struct making *making)
{
	const struct ord_proc_options *options = &making->options;
	int kinds = (options->function != NULL) + (options->function_name != NULL) +
		(options->command != NULL) + (options->shell != NULL);

	if (kinds > 1)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: it has more than one of function, function_name, command and shell",
			options->name);
	if (options->command != NULL && *options->command == NULL)
		return error_set(making->context->error, ORD_EINVAL, "%s: its command has no words",
			options->name);
	if (options->always > 1 || options->now > 1 || options->stdout_result > STDOUT_JSON ||
		options->skip_exit > 255 || options->no_change_exit > 255)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: always and now are 0 or 1, stdout_result is below 3, exit codes are below 256",
			options->name);
	if (options->output_mode > ORD_MODE_STREAM || options->color > ORD_COLOR_FORCE)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: output_mode is an enum ord_output_mode, color an enum ord_color",
			options->name);
	if (options->on_busy > ORD_BUSY_SIGNAL || options->busy_signal > (uint32_t)SIGRTMAX)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: on_busy is an enum ord_on_busy, and busy_signal a signal",
			options->name);
	if (options->now && making->definition->name.n_placeholders != 0)
		return error_set(making->context->error, ORD_EINVAL,
			"%s: a name with placeholders cannot be wanted now: use ord_graph_start",
			options->name);
	return ORD_OK;
}

static void
copy_numbers(struct definition *definition, const struct ord_proc_options *options)
{
	definition->flags |= options->always ? NODE_ALWAYS : 0;
	definition->wave = options->wave;
	definition->timeout_ms = options->timeout_ms;
	definition->grace_ms = options->grace_ms;
	definition->retries = options->retries;
	definition->retry_delay_ms = options->retry_delay_ms;
	definition->retry_backoff = options->retry_backoff != 0 ? options->retry_backoff : 100;
	definition->expected_ms = options->expected_ms;
	definition->stdout_result = (uint8_t)options->stdout_result;
	definition->skip_exit = (uint8_t)options->skip_exit;
	definition->no_change_exit = (uint8_t)options->no_change_exit;
	definition->output_mode = (uint8_t)options->output_mode;
	definition->color = (uint8_t)options->color;
	definition->on_busy = (uint8_t)options->on_busy;
	definition->busy_signal = (uint8_t)options->busy_signal;
}

struct definition *
definition_new(const struct ord_proc_options *options, const struct definition_context *context)
{
	static int (*const readers[])(const struct making *) = { check_numbers, arg_read_all,
		read_deps, read_rdeps, read_locks, read_command, read_function, read_retries,
		read_description, tracked_read, rules_read };
	struct making making = { .context = context };
	int status =
		making_take(&making, &making.options, sizeof making.options, FIRST_PROC, options);

	if (status != ORD_OK)
		return NULL;
	if (making.options.name == NULL) {
		error_set(context->error, ORD_EINVAL, "a proc has no name");
		return NULL;
	}
	making.definition = memory_new(1, sizeof *making.definition);
	if (making.definition == NULL) {
		making_no_memory(&making);
		return NULL;
	}
	status = compile(&making, &making.definition->name, making.options.name, PATTERN_NAME);
	for (size_t i = 0; status == ORD_OK && i < sizeof readers / sizeof *readers; i++)
		status = readers[i](&making);
	making.definition->entry =
		(struct entry){ .pattern = &making.definition->name, .thing = making.definition };
	copy_numbers(making.definition, &making.options);
	if (status != ORD_OK) {
		definition_destroy(making.definition);
		return NULL;
	}
	return making.definition;
}

void
definition_destroy(struct definition *definition)
{
	if (definition == NULL)
		return;
	for (uint32_t i = 0; i < definition->n_args; i++) {
		memory_free(definition->args[i].name);
		memory_free(definition->args[i].otherwise);
		making_free_strings(definition->args[i].choices);
		table_finish(&definition->args[i].known);
	}
	for (uint32_t i = 0; i < definition->n_needs; i++)
		pattern_finish(&definition->needs[i].name);
	for (uint32_t i = 0; i < definition->n_rdeps; i++)
		pattern_finish(&definition->rdeps[i].pattern);
	pattern_finish(&definition->name);
	text_finish(&definition->command.argv);
	text_finish(&definition->command.env);
	text_finish(&definition->command.cwd);
	making_free_strings(definition->retry_on);
	tracked_finish(&definition->tracked);
	rules_finish(definition);
	memory_free(definition->function_name);
	memory_free(definition->description);
	memory_free(definition->args);
	memory_free(definition->needs);
	memory_free(definition->rdeps);
	memory_free(definition->uses);
	memory_free(definition);
}

int
definition_is_command(const struct definition *definition)
{
	return definition->command.argv.n_words != 0;
}

int
definition_is_function(const struct definition *definition)
{
	return definition->function != NULL || definition->function_name != NULL;
}
