/* Quotes: where a character stands, how a value is written there, which lines need a shell. */
#include <string.h>

#include <criterion/criterion.h>

#include "shell.h"

/* Where the @ of a line stands. */
static enum shell_place
place(const char *line)
{
	struct shell_reader reader = { 0 };

	while (*line != '@')
		shell_reader_next(&reader, *line++);
	return shell_reader_place(&reader);
}

Test(shell, places)
{
	cr_assert_eq(place("@"), SHELL_PLAIN);
	cr_assert_eq(place("a @"), SHELL_PLAIN);
	cr_assert_eq(place("'@'"), SHELL_SINGLE);
	cr_assert_eq(place("\"@\""), SHELL_DOUBLE);
	cr_assert_eq(place("\"a\"@"), SHELL_PLAIN);
	cr_assert_eq(place("'a'@"), SHELL_PLAIN);
	cr_assert_eq(place("'\"'@"), SHELL_PLAIN);
	cr_assert_eq(place("\"'@"), SHELL_DOUBLE);
	cr_assert_eq(place("\"\\\"@"), SHELL_DOUBLE);
	cr_assert_eq(place("'\\'@"), SHELL_PLAIN);
	cr_assert_eq(place("\\'@"), SHELL_PLAIN);
	cr_assert_eq(place("\\@"), SHELL_ESCAPED);
	cr_assert_eq(place("\\\\@"), SHELL_PLAIN);
	cr_assert_eq(place("# @"), SHELL_COMMENT);
	cr_assert_eq(place("a# @"), SHELL_PLAIN);
	cr_assert_eq(place("a # it's\n@"), SHELL_PLAIN);
}

Test(shell, nested_places)
{
	cr_assert_eq(place("$(@"), SHELL_PLAIN);
	cr_assert_eq(place("\"$(@"), SHELL_PLAIN);
	cr_assert_eq(place("\"$(\"@"), SHELL_DOUBLE);
	cr_assert_eq(place("\"$('@"), SHELL_SINGLE);
	cr_assert_eq(place("\"$(a)@"), SHELL_DOUBLE);
	cr_assert_eq(place("\"$(a (b) c)@"), SHELL_DOUBLE);
	cr_assert_eq(place("\"$((1+(2)))@"), SHELL_DOUBLE);
	cr_assert_eq(place("\"${x}@"), SHELL_DOUBLE);
	cr_assert_eq(place("${x:-$(@"), SHELL_PLAIN);
	cr_assert_eq(place("(@"), SHELL_PLAIN);
	cr_assert_eq(place("case x in a) @"), SHELL_PLAIN);
}

Test(shell, unsafe_places)
{
	static const char *const lines[] = { "`@", "\"`@", "`'@", "${x:-@", "\"${x:-@", "\"${x:-'@",
		"${x:-(@", "$((@", "\"$((@", "$(( (@", "$((1+(2)+@", "$@", "cat <<E\n@",
		"cat <<-'E'\n@", "\"$(case x in x) @" };

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		cr_assert_eq(place(lines[i]), SHELL_UNSAFE, "%s", lines[i]);
	cr_assert_eq(place("`a`@"), SHELL_PLAIN);
	cr_assert_eq(place("$((1<<2)) @"), SHELL_PLAIN);
}

Test(shell, deeper_than_can_be_told)
{
	struct shell_reader reader = { 0 };

	for (int i = 0; i < 10000; i++)
		shell_reader_next(&reader, '(');
	cr_assert_eq(shell_reader_place(&reader), SHELL_UNSAFE);
}

static void
check_quote(const char *value, enum shell_place where, const char *expected)
{
	struct text out = { 0 };
	bool fine = shell_quote(&out, value, strlen(value), where);

	cr_assert_eq(fine, expected != NULL);
	text_add_byte(&out, '\0');
	if (expected != NULL)
		cr_assert_str_eq(out.bytes, expected);
	text_finish(&out);
}

Test(shell, quoting)
{
	check_quote("a/b-c_d.e", SHELL_PLAIN, "a/b-c_d.e");
	check_quote("", SHELL_PLAIN, "''");
	check_quote("a b", SHELL_PLAIN, "'a b'");
	check_quote("it's", SHELL_PLAIN, "'it'\"'\"'s'");
	check_quote("a b", SHELL_DOUBLE, "\"'a b'\"");
	check_quote("a b", SHELL_SINGLE, "''a b''");
	check_quote("ab", SHELL_SINGLE, "ab");
	check_quote("a\nb", SHELL_COMMENT, "a b");
	check_quote("ab", SHELL_UNSAFE, "ab");
	check_quote("a b", SHELL_UNSAFE, NULL);
	check_quote("", SHELL_UNSAFE, NULL);
}

Test(shell, lines_that_need_one)
{
	static const char *const with[] = { "a|b", "a;", "a&", "$x", "`a`", "(a)", "'a'", "\"a\"",
		"a\\b", "a*", "a?", "[a]", "~", "a #", "a >b", "a <b", "a\nb", "ulimit -n", "cd x",
		"exit 3", "x=1 a", ". a", ": a", "  exec a" };
	static const char *const without[] = { "", "a", "a b", "echo -n a", "a x=1", "a,b", "a{b}",
		"test -e a", "a\tb", "a@b%c+d:e", "true", "exits" };

	for (size_t i = 0; i < sizeof with / sizeof with[0]; i++)
		cr_assert(shell_is_needed(with[i]), "%s", with[i]);
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
		cr_assert_not(shell_is_needed(without[i]), "%s", without[i]);
}

Test(shell, programs)
{
	cr_assert_eq(shell_find_program("sh"), 0);
	cr_assert_eq(shell_find_program("/bin/sh"), 0);
	cr_assert_eq(shell_find_program(""), 127);
	cr_assert_eq(shell_find_program("no-such-program"), 127);
	cr_assert_eq(shell_find_program("/no/such/program"), 127);
	cr_assert_eq(shell_find_program("/etc/passwd"), 126);
	cr_assert_eq(shell_find_program("/"), 126);
}
