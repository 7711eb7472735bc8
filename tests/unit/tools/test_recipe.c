/* Commands: placeholders, and what is executed. */
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "recipe.h"

/* The last command with | between its arguments. */
static const char *
joined(const struct recipe *recipe)
{
	static char line[1024];
	size_t used = 0;

	line[0] = '\0';
	for (size_t i = 0; i < recipe->n_argv; i++)
		used += (size_t)snprintf(
			line + used, sizeof line - used, "%s%s", i > 0 ? "|" : "", recipe->argv[i]);
	cr_assert_null(recipe->argv[recipe->n_argv]);
	return line;
}

/* Makes the command of task 7 from words and values, both ending with NULL. */
static const char *
made(const char *const *words, const char *const *values)
{
	struct recipe recipe;
	char copies[8][256], *pointers[8];
	const char *line;
	size_t n = 0, m = 0;

	for (; words[n] != NULL; n++) {
		snprintf(copies[n], sizeof copies[n], "%s", words[n]);
		pointers[n] = copies[n];
	}
	while (values[m] != NULL)
		m++;
	cr_assert_eq(recipe_init(&recipe, pointers, n, m), 0);
	recipe_make(&recipe, values, 6);
	recipe_make(&recipe, values, 7);
	line = joined(&recipe);
	cr_assert_str_eq(recipe.env[0], "ORDERLY_SEQ=7");
	cr_assert_null(recipe.env[1]);
	recipe_finish(&recipe);
	return line;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(recipe, words_are_executed_as_they_are)
{
	cr_assert_str_eq(made(LIST("echo", "$HOME"), LIST("a b")), "echo|$HOME|a b");
	cr_assert_str_eq(made(LIST("echo", "x{}y", "{#}"), LIST("a b")), "echo|xa by|7");
	cr_assert_str_eq(made(LIST("echo", "{}"), LIST("a", "b c")), "echo|a|b c");
	cr_assert_str_eq(made(LIST("echo", "<{}>"), LIST("a", "b c")), "echo|<a b c>");
	cr_assert_str_eq(
		made(LIST("echo", "{2}", "{1.}", "{-1/}"), LIST("d/a.b", "e/c")), "echo|e/c|d/a|c");
	cr_assert_str_eq(
		made(LIST("echo", "{print}", "{", "{{}}"), LIST("a")), "echo|{print}|{|{a}");
	cr_assert_str_eq(made(LIST("echo", ""), LIST("")), "echo||");
	cr_assert_str_eq(made(LIST("{}", "x"), LIST("true")), "true|x");
}

Test(recipe, one_argument)
{
	cr_assert_str_eq(made(LIST(" echo  a\tb "), LIST("x y")), "echo|a|b|x y");
	cr_assert_str_eq(made(LIST("echo {}; true"), LIST("x y")), "/bin/sh|-c|echo 'x y'; true");
	cr_assert_str_eq(made(LIST("echo a | cat"), LIST("x y")), "/bin/sh|-c|echo a | cat 'x y'");
	cr_assert_str_eq(made(LIST("ulimit -n"), LIST("1")), "/bin/sh|-c|ulimit -n 1");
	cr_assert_str_eq(made(LIST("echo \"{}\" '{}'"), LIST("x y")),
		"/bin/sh|-c|echo \"\"'x y'\"\" '''x y'''");
	cr_assert_str_eq(made(LIST("{} -x"), LIST("true")), "true|-x");
}

Test(recipe, slots_are_filled_in_by_a_shell)
{
	cr_assert_str_eq(made(LIST("echo", "{%}", "$x", "{}"), LIST("a b")),
		"/bin/sh|-c|exec echo ${ORDERLY_SLOT} '$x' 'a b'");
	cr_assert_str_eq(
		made(LIST("echo '{%}' {}"), LIST("a")), "/bin/sh|-c|echo ''${ORDERLY_SLOT}'' a");
}

Test(recipe, inputs_as_commands)
{
	const char *const none[] = { NULL };

	cr_assert_str_eq(made(none, LIST("echo a  b")), "echo|a|b");
	cr_assert_str_eq(made(none, LIST("echo a; true")), "/bin/sh|-c|echo a; true");
	cr_assert_str_eq(made(none, LIST("")), "/bin/sh|-c|");
	cr_assert_str_eq(made(none, LIST("echo", "a")), "echo|a");
}

Test(recipe, many_arguments_of_all_sizes)
{
	static char long_value[100000], program[] = "true", value[] = "{}";
	char *words[40];
	const char *values[1] = { long_value };
	struct recipe recipe;

	memset(long_value, 'x', sizeof long_value - 1);
	for (size_t i = 0; i < 40; i++)
		words[i] = i % 2 == 0 ? program : value;
	cr_assert_eq(recipe_init(&recipe, words, 40, 1), 0);
	recipe_make(&recipe, values, 1);
	cr_assert_eq(recipe.n_argv, 40);
	cr_assert_str_eq(recipe.argv[39], long_value);
	recipe_finish(&recipe);
}

static void
check_edit(enum part_edit edit, const char *value, const char *expected)
{
	const char *edited;
	size_t size;

	placeholder_edit(edit, value, &edited, &size);
	cr_assert(size == strlen(expected) && memcmp(edited, expected, size) == 0,
		"%s: %.*s, not %s", value, (int)size, edited, expected);
}

Test(recipe, edits)
{
	check_edit(EDIT_NO_EXTENSION, "a/b.c/d", "a/b.c/d");
	check_edit(EDIT_NO_EXTENSION, "d.tar.gz", "d.tar");
	check_edit(EDIT_NO_EXTENSION, ".hidden", "");
	check_edit(EDIT_NO_EXTENSION, "a.", "a");
	check_edit(EDIT_BASE, "a/b.c", "b.c");
	check_edit(EDIT_BASE, "a/", "");
	check_edit(EDIT_BASE_NO_EXTENSION, "a.x/b.c", "b");
	check_edit(EDIT_FOLDER, "a/b/c", "a/b");
	check_edit(EDIT_FOLDER, "a//b/", "a");
	check_edit(EDIT_FOLDER, "a", ".");
	check_edit(EDIT_FOLDER, "/", "/");
	check_edit(EDIT_FOLDER, "//x", "/");
	check_edit(EDIT_FOLDER, "", ".");
}
