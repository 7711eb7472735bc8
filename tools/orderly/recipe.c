/*
 * A shell costs as much as most commands do, so it is started only where it is
 * needed: several words are executed as they are given; one argument is split
 * at blanks unless it has something in it that only a shell understands.
 */
#include "recipe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "complain.h"
#include "shell.h"

static const char blanks[] = " \t";

/* Adds a pattern; false after a complaint. */
static bool
add_pattern(struct recipe *recipe, const char *word, bool in_shell)
{
	recipe->patterns =
		text_reallocate(recipe->patterns, recipe->n_patterns + 1, sizeof *recipe->patterns);
	return pattern_parse(
		&recipe->patterns[recipe->n_patterns++], word, recipe->n_sources, in_shell);
}

static bool
has_placeholders(const struct recipe *recipe)
{
	size_t i;

	for (i = 0; i < recipe->n_patterns; i++)
		if (recipe->patterns[i].placeholders)
			return true;
	return false;
}

static void
drop_patterns(struct recipe *recipe)
{
	while (recipe->n_patterns > 0)
		pattern_finish(&recipe->patterns[--recipe->n_patterns]);
}

/* Whether a line in parts needs a shell: values do not count, they are never read by it. */
static bool
line_needs_shell(const struct pattern *line)
{
	const struct part *first = line->parts;
	const char *word, *end;
	size_t i, size;

	for (i = 0; i < line->n_parts; i++)
		if (line->parts[i].kind == PART_TEXT &&
			shell_has_meta(line->parts[i].text, line->parts[i].size))
			return true;
	if (line->slots)
		return true;
	if (line->n_parts == 0 || first->kind != PART_TEXT)
		return false;
	end = first->text + first->size;
	for (word = first->text; word < end && strchr(blanks, *word) != NULL; word++)
		;
	size = strcspn(word, blanks);
	if (memchr(word, '=', size < (size_t)(end - word) ? size : (size_t)(end - word)) != NULL)
		return true;
	return size <= (size_t)(end - word) && shell_is_builtin(word, size);
}

/* Whether sh has a command of this name that is also a program on most systems. */
static bool
is_built_in_too(const char *name)
{
	static const char *const both[] = { "echo", "false", "kill", "printf", "pwd", "test",
		"true" };
	size_t i;

	for (i = 0; i < sizeof both / sizeof both[0]; i++)
		if (strcmp(name, both[i]) == 0)
			return true;
	return false;
}

/* Says once, before the first task, that a program is not there; 0 or the exit status. */
static int
check_program(const char *name, bool in_shell)
{
	int found;

	if (in_shell && (shell_is_builtin(name, strlen(name)) || is_built_in_too(name)))
		return 0;
	found = shell_find_program(name);
	if (found == 126)
		complain("%s: cannot be executed; chmod +x makes a script a program", name);
	else if (found != 0 && shell_is_builtin(name, strlen(name)))
		complain(
			"%s is a word of the shell, not a program: write the command as one argument, '%s …'",
			name, name);
	else if (found != 0)
		complain(
			"%s: no such program%s", name, strchr(name, '/') != NULL ? "" : " in PATH");
	return found;
}

/* The program that a line for the shell begins with, if that is certain: a plain word and a blank behind it. */
static int
check_line(const char *line)
{
	char name[256];
	size_t size;

	line += strspn(line, blanks);
	size = strcspn(line, blanks);
	if (line[size] == '\0' || size >= sizeof name || !shell_is_plain(line, size))
		return 0;
	memcpy(name, line, size);
	name[size] = '\0';
	return check_program(name, true);
}

/* A line for the shell, with {} behind it if it has no placeholder. */
static bool
init_shell(struct recipe *recipe, const char *line)
{
	struct text copy = { 0 };

	recipe->kind = RECIPE_SHELL;
	drop_patterns(recipe);
	if (!add_pattern(recipe, line, true))
		return false;
	if (has_placeholders(recipe) || recipe->n_sources == 0)
		return true;
	drop_patterns(recipe);
	text_add_string(&copy, line);
	text_add(&copy, " {}", sizeof " {}");
	free(recipe->storage);
	recipe->storage = copy.bytes;
	return add_pattern(recipe, recipe->storage, true);
}

/* {%} is known only when the command starts, and then to the shell: the words become a line. */
static bool
init_slots(struct recipe *recipe)
{
	struct text line = { 0 };
	const struct part *part;
	size_t i, j;

	text_add_string(&line, "exec");
	for (i = 0; i < recipe->n_patterns; i++) {
		text_add_byte(&line, ' ');
		for (j = 0; j < recipe->patterns[i].n_parts; j++) {
			part = &recipe->patterns[i].parts[j];
			if (part->kind == PART_TEXT)
				shell_quote(&line, part->text, part->size, SHELL_PLAIN);
			else
				text_add(&line, part->text, part->size);
		}
		if (recipe->patterns[i].n_parts == 0)
			text_add_string(&line, "''");
	}
	text_add_byte(&line, '\0');
	free(recipe->storage);
	recipe->storage = line.bytes;
	recipe->execs = true;
	return init_shell(recipe, recipe->storage);
}

/* Words, to be executed as they are; 0 or the exit status. */
static int
init_words(struct recipe *recipe, char *const *words, size_t n)
{
	bool slots = false;
	int status = 0;
	size_t i;

	recipe->kind = RECIPE_WORDS;
	for (i = 0; i < n; i++) {
		if (!add_pattern(recipe, words[i], false))
			return STATUS_TROUBLE;
		slots |= recipe->patterns[i].slots;
	}
	if (!recipe->patterns[0].placeholders)
		status = check_program(words[0], false);
	if (status != 0)
		return status;
	if (slots)
		return init_slots(recipe) ? 0 : STATUS_TROUBLE;
	return has_placeholders(recipe) || recipe->n_sources == 0 ||
			add_pattern(recipe, "{}", false)
		? 0
		: STATUS_TROUBLE;
}

/* One argument, for the shell or to be split here; 0 or the exit status. */
static int
init_line(struct recipe *recipe, const char *line)
{
	char **words = NULL, *rest, *word;
	size_t n = 0, size = strlen(line) + 1;
	int status = STATUS_TROUBLE;

	if (!add_pattern(recipe, line, true))
		return STATUS_TROUBLE;
	if (line_needs_shell(&recipe->patterns[0])) {
		status = check_line(line);
		return status != 0 || init_shell(recipe, line) ? status : STATUS_TROUBLE;
	}
	drop_patterns(recipe);
	recipe->storage = text_allocate(size, 1);
	memcpy(recipe->storage, line, size);
	for (word = strtok_r(recipe->storage, blanks, &rest); word != NULL;
		word = strtok_r(NULL, blanks, &rest)) {
		words = text_reallocate(words, n + 1, sizeof *words);
		words[n++] = word;
	}
	if (n == 0)
		complain(
			"the command is empty; give a command, or none at all to run each input as one");
	else
		status = init_words(recipe, words, n);
	free(words);
	return status;
}

int
recipe_init(struct recipe *recipe, char *const *words, size_t n, size_t n_sources)
{
	*recipe = (struct recipe){ .n_sources = n_sources };
	if (n == 0) {
		recipe->kind = RECIPE_INPUT;
		return 0;
	}
	return n == 1 ? init_line(recipe, words[0]) : init_words(recipe, words, n);
}

/* Adds the bytes between two NULs of recipe->bytes as the next argument. */
static void
begin_argument(struct recipe *recipe)
{
	if (recipe->n_argv == recipe->room) {
		recipe->room = recipe->room != 0 ? 2 * recipe->room : 8;
		recipe->offsets =
			text_reallocate(recipe->offsets, recipe->room, sizeof *recipe->offsets);
		recipe->argv =
			text_reallocate(recipe->argv, recipe->room + 1, sizeof *recipe->argv);
	}
	recipe->offsets[recipe->n_argv++] = recipe->bytes.size;
}

static void
add_argument(struct recipe *recipe, const char *bytes, size_t size)
{
	begin_argument(recipe);
	text_add(&recipe->bytes, bytes, size);
	text_add_byte(&recipe->bytes, '\0');
}

/* Adds a value, or all; false if the shell would misread it. */
static bool
add_values(struct recipe *recipe, const struct part *part, const char *const *values)
{
	size_t i = part->source == 0 ? 0 : part->source - 1;
	size_t end = part->source == 0 ? recipe->n_sources : part->source;
	size_t size;
	const char *edited;

	for (; i < end; i++) {
		placeholder_edit(part->edit, values[i], &edited, &size);
		if (recipe->kind == RECIPE_WORDS)
			text_add(&recipe->bytes, edited, size);
		else if (!shell_quote(&recipe->bytes, edited, size, part->place))
			return false;
		if (i + 1 < end)
			text_add_byte(&recipe->bytes, ' ');
	}
	return true;
}

static void
add_slot(struct recipe *recipe, const struct part *part, uint64_t number)
{
	if (recipe->slots != 0)
		text_add_number(&recipe->bytes, (number - 1) % recipe->slots + 1);
	else if (part->place == SHELL_SINGLE)
		text_add_string(&recipe->bytes, "'${ORDERLY_SLOT}'");
	else
		text_add_string(&recipe->bytes, "${ORDERLY_SLOT}");
}

/* Fills in a pattern; false if a value cannot stand where it should. */
static bool
fill(struct recipe *recipe, const struct pattern *pattern, const char *const *values,
	uint64_t number)
{
	for (size_t i = 0; i < pattern->n_parts; i++) {
		const struct part *part = &pattern->parts[i];

		if (part->kind == PART_TEXT)
			text_add(&recipe->bytes, part->text, part->size);
		else if (part->kind == PART_SEQUENCE)
			text_add_number(&recipe->bytes, number);
		else if (part->kind == PART_SLOT)
			add_slot(recipe, part, number);
		else if (!add_values(recipe, part, values))
			return false;
	}
	text_add_byte(&recipe->bytes, '\0');
	return true;
}

static void
make_words(struct recipe *recipe, const char *const *values, uint64_t number)
{
	const struct pattern *pattern, *end = recipe->patterns + recipe->n_patterns;
	const char *edited;
	size_t i, size;

	for (pattern = recipe->patterns; pattern < end; pattern++) {
		/* A word that is nothing but {} becomes a word for each source. */
		if (pattern->n_parts == 1 && pattern->parts[0].kind == PART_VALUE &&
			pattern->parts[0].source == 0) {
			for (i = 0; i < recipe->n_sources; i++) {
				placeholder_edit(pattern->parts[0].edit, values[i], &edited, &size);
				add_argument(recipe, edited, size);
			}
			continue;
		}
		begin_argument(recipe);
		fill(recipe, pattern, values, number);
	}
}

static void
begin_shell(struct recipe *recipe)
{
	add_argument(recipe, "/bin/sh", 7);
	add_argument(recipe, "-c", 2);
	begin_argument(recipe);
	recipe->through_shell = true;
}

static void
make_line(struct recipe *recipe, const char *const *values, uint64_t number)
{
	static const char refusal[] =
		"echo 'orderly map: an input cannot be quoted where it stands in this command (in backquotes, ${…}, "
		"$((…)) or a here-document): first write it into a variable, x={}' >&2; exit 126";

	begin_shell(recipe);
	if (!fill(recipe, &recipe->patterns[0], values, number)) {
		recipe->bytes.size = recipe->offsets[2];
		text_add(&recipe->bytes, refusal, sizeof refusal);
	}
}

/* The inputs are the command line. */
static void
make_input(struct recipe *recipe, const char *const *values)
{
	struct text line = { 0 };
	char *word, *rest;
	size_t i;

	for (i = 0; i < recipe->n_sources; i++) {
		text_add_string(&line, values[i]);
		text_add_byte(&line, i + 1 < recipe->n_sources ? ' ' : '\0');
	}
	if (line.bytes == NULL || shell_is_needed(line.bytes) ||
		line.bytes[strspn(line.bytes, blanks)] == '\0') {
		begin_shell(recipe);
		text_add(&recipe->bytes, line.bytes, line.size);
	} else {
		for (word = strtok_r(line.bytes, blanks, &rest); word != NULL;
			word = strtok_r(NULL, blanks, &rest))
			add_argument(recipe, word, strlen(word));
	}
	text_finish(&line);
}

void
recipe_make(struct recipe *recipe, const char *const *values, uint64_t number)
{
	struct text sequence = { .bytes = recipe->sequence, .capacity = sizeof recipe->sequence };
	size_t i;

	text_clear(&recipe->bytes);
	recipe->n_argv = 0;
	recipe->through_shell = false;
	if (recipe->kind == RECIPE_WORDS)
		make_words(recipe, values, number);
	else if (recipe->kind == RECIPE_SHELL)
		make_line(recipe, values, number);
	else
		make_input(recipe, values);
	for (i = 0; i < recipe->n_argv; i++)
		recipe->argv[i] = recipe->bytes.bytes + recipe->offsets[i];
	recipe->argv[i] = NULL;
	text_add_string(&sequence, "ORDERLY_SEQ=");
	text_add_number(&sequence, number);
	text_add_byte(&sequence, '\0');
	recipe->env[0] = recipe->sequence;
}

void
recipe_show(const struct recipe *recipe, struct text *line)
{
	size_t i;

	if (recipe->through_shell) {
		text_add_string(line, recipe->argv[2] + (recipe->execs ? strlen("exec ") : 0));
		return;
	}
	for (i = 0; i < recipe->n_argv; i++) {
		if (i > 0)
			text_add_byte(line, ' ');
		shell_quote(line, recipe->argv[i], strlen(recipe->argv[i]), SHELL_PLAIN);
	}
}

void
recipe_finish(struct recipe *recipe)
{
	drop_patterns(recipe);
	free(recipe->patterns);
	free(recipe->storage);
	text_finish(&recipe->bytes);
	free(recipe->offsets);
	free(recipe->argv);
	*recipe = (struct recipe){ 0 };
}
