/* Args of a definition: the placeholders of its name, others, their types, defaults and choices. */
#include <string.h>

#include "base/memory.h"
#include "base/options.h"
#include "graph/making.h"
#include "graph/names/value.h"

#define FIRST_CHOICE OPTIONS_UP_TO(struct ord_choice, list_user)
#define PARAM "param."

uint32_t
definition_arg(const struct definition *definition, struct span name)
{
	for (uint32_t i = 0; i < definition->n_args; i++)
		if (strlen(definition->args[i].name) == name.size &&
			memcmp(definition->args[i].name, name.at, name.size) == 0)
			return i;
	return DEFINITION_NONE;
}

int
arg_is_param(void *user, struct span name)
{
	(void)user;
	return name.size > strlen(PARAM) && memcmp(name.at, PARAM, strlen(PARAM)) == 0;
}

int
arg_is_known(void *user, struct span name)
{
	return arg_is_param(NULL, name) || definition_arg(user, name) != DEFINITION_NONE;
}

static int
add_arg(const struct making *making, struct span name, struct arg **arg)
{
	struct definition *definition = making->definition;
	uint32_t at = definition_arg(definition, name);

	if (at == DEFINITION_NONE) {
		at = definition->n_args;
		definition->args[at].name = memory_copy(name.at, name.size);
		if (definition->args[at].name == NULL)
			return making_no_memory(making);
		definition->n_args++;
	}
	*arg = &definition->args[at];
	return ORD_OK;
}

/* "level:int=3": a name, a type, a default. */
static int
read_arg(const struct making *making, const char *text)
{
	const char *value = strchr(text, '='), *end = value != NULL ? value : text + strlen(text);
	const char *type = memchr(text, ':', (size_t)(end - text));
	struct span name = { text, (size_t)((type != NULL ? type : end) - text) };
	struct arg *arg;
	int kind = type != NULL ? value_kind_of(type + 1, (size_t)(end - type - 1)) : VALUE_TEXT;
	int status;

	if (name.size == 0 || arg_is_param(NULL, name))
		return making_wrong(making, "the arg", text,
			"it has no name, or one that begins with 'param.'");
	if (kind < 0)
		return making_wrong(
			making, "the arg", text, "its type is not one of int, float, bool, text");
	if (value != NULL && !value_is(kind, value + 1))
		return making_wrong(making, "the arg", text, "its default is not of its type");
	status = add_arg(making, name, &arg);
	if (status != ORD_OK)
		return status;
	if (arg->otherwise != NULL || arg->kind != VALUE_TEXT)
		return making_wrong(making, "the arg", text, "it is there twice");
	arg->kind = (uint32_t)kind;
	arg->otherwise = value != NULL ? memory_copy(value + 1, strlen(value + 1)) : NULL;
	return value != NULL && arg->otherwise == NULL ? making_no_memory(making) : ORD_OK;
}

void
making_free_strings(char **strings)
{
	for (char **string = strings; string != NULL && *string != NULL; string++)
		memory_free(*string);
	memory_free(strings);
}

/* Strings and their array, yours; NULL without memory. */
char **
making_copy(const char *const *from)
{
	uint32_t count = making_count(from);
	char **to = memory_new(count + 1, sizeof *to);

	for (uint32_t i = 0; to != NULL && i < count; i++) {
		to[i] = memory_copy(from[i], strlen(from[i]));
		if (to[i] != NULL)
			continue;
		making_free_strings(to);
		return NULL;
	}
	return to;
}

static int
index_choices(struct arg *arg)
{
	for (char **choice = arg->choices; *choice != NULL; choice++)
		if (table_find(&arg->known, *choice, strlen(*choice)) == NULL &&
			table_put(&arg->known, *choice, strlen(*choice), *choice) != 0)
			return -1;
	return 0;
}

int
definition_set_choices(struct arg *arg, const char *const *names)
{
	static const char *const none[] = { NULL };
	struct arg new = { .choices = making_copy(names != NULL ? names : none) }, *old = &new;
	struct arg swap = *arg;

	if (new.choices != NULL && index_choices(&new) == 0) {
		arg->choices = new.choices;
		arg->known = new.known;
		old = &swap;
	}
	table_finish(&old->known);
	if (old->choices != NULL)
		making_free_strings(old->choices);
	return old == &swap ? 0 : -1;
}

static int
read_choice(const struct making *making, const struct ord_choice *from)
{
	struct ord_choice choice;
	struct arg *arg;
	uint32_t at;
	int status = making_take(making, &choice, sizeof choice, FIRST_CHOICE, from);

	if (status != ORD_OK)
		return status;
	if (choice.arg == NULL || (choice.values == NULL) == (choice.list == NULL))
		return making_wrong(making, "a choice of", choice.arg != NULL ? choice.arg : "",
			"it needs an arg, and either values or a list");
	at = definition_arg(making->definition, (struct span){ choice.arg, strlen(choice.arg) });
	if (at == DEFINITION_NONE)
		return making_wrong(
			making, "choices of", choice.arg, "there is no such placeholder or arg");
	arg = &making->definition->args[at];
	if (arg->choices != NULL || arg->list != NULL)
		return making_wrong(making, "choices of", choice.arg, "they are there twice");
	arg->list = choice.list;
	arg->list_user = choice.list_user;
	if (choice.list != NULL || definition_set_choices(arg, choice.values) == 0)
		return ORD_OK;
	return making_no_memory(making);
}

int
arg_read_all(const struct making *making)
{
	struct definition *definition = making->definition;
	const struct ord_proc_options *options = &making->options;
	uint32_t n_args = making_count(options->args), n_choices = making_count(options->choices);
	struct arg *unused;
	int status = ORD_OK;

	if (definition->name.n_placeholders + n_args == 0)
		return n_choices == 0 ? ORD_OK : read_choice(making, options->choices[0]);
	definition->args =
		memory_new(definition->name.n_placeholders + n_args, sizeof *definition->args);
	if (definition->args == NULL)
		return making_no_memory(making);
	for (uint32_t i = 0; status == ORD_OK && i < definition->name.n_placeholders; i++)
		status = add_arg(making, pattern_placeholder_name(&definition->name, i), &unused);
	for (uint32_t i = 0; status == ORD_OK && i < n_args; i++)
		status = read_arg(making, options->args[i]);
	for (uint32_t i = 0; status == ORD_OK && i < n_choices; i++)
		status = read_choice(making, options->choices[i]);
	return status;
}
