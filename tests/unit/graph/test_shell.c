/* Lines of shell: which need one, what becomes of values, whatever they hold. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "graph/names/shell.h"
#include "memory_fault.h"

static int
is_known(void *user, struct span name)
{
	(void)user;
	return name.size == 1 && *name.at == 'x';
}

static const char *
value_of(void *user, struct span name)
{
	(void)name;
	return user;
}

/* A line, and its words with ` | ` between them if it needs no shell; NULL: it does. x is `a b`. */
static const struct {
	const char *line;
	const char *words;
} lines[] = {
	{ "true", "true" },
	{ "  make   -j2\tall ", "make | -j2 | all" },
	{ "./tools/build-lib [x]", "./tools/build-lib | a b" },
	{ "cp pre[x]post[x] [x][x]", "cp | prea bposta b | a ba b" },
	{ "[x] y", "a b | y" },
	{ "echo \"a\"", NULL },
	{ "echo 'a'", NULL },
	{ "a | b", NULL },
	{ "a; b", NULL },
	{ "a && b", NULL },
	{ "a > f", NULL },
	{ "echo $HOME", NULL },
	{ "echo `a`", NULL },
	{ "ls *.c", NULL },
	{ "ls a?c", NULL },
	{ "[ -f x ]", NULL },
	{ "ls [abc]", NULL },
	{ "A=1 b", NULL },
	{ "cd /tmp", NULL },
	{ "exit 3", NULL },
	{ "exec a", NULL },
	{ "# nothing", NULL },
	{ "! true", NULL },
	{ "~/bin/a", NULL },
	{ "a\nb", NULL },
	{ "", NULL },
	{ "  ", NULL },
	{ "a {b,c}", NULL },
	{ "a\\ b", NULL },
};

static void
join(const struct buffer *words, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t at = 0; at < words->size; at += strlen(words->bytes + at) + 1)
		used += (size_t)snprintf(text + used, size - used, "%s%s", at == 0 ? "" : " | ", words->bytes + at);
}

Test(shell, which_lines_need_one)
{
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct text text = { 0 };
		struct buffer words = { 0 };
		struct span missing;
		char value[] = "a b", joined[200];

		cr_assert_eq(text_add_line(&text, lines[i].line, is_known, NULL), 0);
		cr_assert_eq(text_fill(&text, value_of, value, &words, &missing), 0);
		join(&words, joined, sizeof joined);
		cr_assert_eq(text.is_line, lines[i].words == NULL, "%s", lines[i].line);
		if (lines[i].words != NULL)
			cr_assert_str_eq(joined, lines[i].words);
		buffer_finish(&words);
		text_finish(&text);
	}
}

static const char *const values[] = { "plain", "a b", "it's", "\"", "$HOME", "`id`", "\\", "a\\", "$(id)", "*", "a;b", "",
	"\n", "'\"'\"", "--", "~", "\xff\xc3", "}", ")", "' ; exit 9 ; '" };

/* Each prints the value of x and nothing else, through a real shell. */
static const char *const places[] = {
	"printf %s [x];",
	"printf %s \"[x]\"",
	"printf %s '[x]'",
	"printf '%s' \"$(printf %s [x])\"",
	"printf '%s' \"$(printf %s \"[x]\")\"",
	"printf '%s' \"${NOTHING:-\"[x]\"}\"",
	"printf %s \"\"[x]''",
	"printf '%s' \"it's\" >/dev/null; printf %s [x]",
	"printf '%s' \\\" >/dev/null; printf %s [x]",
	"printf '%s' '\\' >/dev/null; printf %s [x]",
};

static void
run_line(const char *line, char *output, size_t size)
{
	FILE *shell;
	size_t got;

	cr_assert_eq(setenv("LINE", line, 1), 0);
	shell = popen("exec sh -c \"$LINE\"", "r");
	cr_assert_not_null(shell);
	got = fread(output, 1, size - 1, shell);
	output[got] = '\0';
	cr_assert_eq(pclose(shell), 0, "%s", line);
}

/* Substitutions drop newlines at the end; that is the shell's. */
static int
is_cut(const char *place, const char *value)
{
	return strstr(place, "$(") != NULL && strcmp(value, "\n") == 0;
}

Test(shell, values_arrive_as_they_are, .timeout = 100)
{
	for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
		struct text text = { 0 };

		cr_assert_eq(text_add_line(&text, places[p], is_known, NULL), 0);
		for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
			struct buffer line = { 0 };
			struct span missing;
			char value[40], output[100];

			snprintf(value, sizeof value, "%s", values[v]);
			cr_assert_eq(text_fill(&text, value_of, value, &line, &missing), 0);
			run_line(line.bytes, output, sizeof output);
			cr_assert(is_cut(places[p], value) || strcmp(output, value) == 0, "%s with %s: %s", places[p], value,
				output);
			buffer_finish(&line);
		}
		text_finish(&text);
	}
}

Test(shell, words_of_a_command)
{
	struct text text = { 0 };
	struct buffer words = { 0 };
	struct span missing;
	char value[] = "a 'b", joined[200];

	cr_assert_eq(text_add_word(&text, "printf", is_known, NULL), 0);
	cr_assert_eq(text_add_word(&text, "[x];[y]", is_known, NULL), 0);
	cr_assert_eq(text_add_word(&text, "", is_known, NULL), 0);
	cr_assert_eq(text.n_words, 3);
	cr_assert_eq(text_fill(&text, value_of, value, &words, &missing), 0);
	join(&words, joined, sizeof joined);
	cr_assert_str_eq(joined, "printf | a 'b;[y] | ");
	words.size = 0;
	cr_assert_eq(text_fill(&text, value_of, NULL, &words, &missing), 1);
	cr_assert(missing.size == 1 && *missing.at == 'x');
	buffer_finish(&words);
	text_finish(&text);
}

Test(shell, without_memory)
{
	for (unsigned long n = 1;; n++) {
		struct text text = { 0 };
		int status, came;

		memory_fault_at(n);
		status = text_add_line(&text, "a '[x]' | b [x]", is_known, NULL);
		came = memory_fault_came();
		memory_fault_at(0);
		cr_assert_eq(status, came ? -1 : 0);
		text_finish(&text);
		if (!came)
			break;
	}
}
