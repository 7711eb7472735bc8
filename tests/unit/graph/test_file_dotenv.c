/* dotenv files as a table, what is wrong in them, and who wins. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "graph/file/dotenv.h"

/* "A=1|B=2" or the beginning of a sentence. */
static const struct {
	const char *text;
	const char *said;
} rows[] = {
	{ "", "" },
	{ "\n# nothing\n  # at all\n", "" },
	{ "A=1\nB=2\n", "A=1|B=2|" },
	{ "A=1\r\nB=2\r\n", "A=1|B=2|" },
	{ "A=1", "A=1|" },
	{ "A=\nB=\n", "A=|B=|" },
	{ "A = 1 \n", "A=1|" },
	{ "  export A=1\nexport\tB=2\n", "A=1|B=2|" },
	{ "exported=1\n", "exported=1|" },
	{ "A=a b  c\n", "A=a b  c|" },
	{ "A=1 # one\nB=#\nC=a#b\n", "A=1|B=|C=a#b|" },
	{ "A='a # b'\nB=\"a # b\" # c\n", "A=a # b|B=a # b|" },
	{ "A='$x \\n'\nB=\"\\$x \\\\ \\\" \\t\"\n", "A=$x \\n|B=$x \\ \" \t|" },
	{ "A=$HOME/${x}\n", "A=$HOME/${x}|" },
	{ "A='one\ntwo'\nB=\"three\nfour\"\n", "A=one\ntwo|B=three\nfour|" },
	{ "A=a=b\n", "A=a=b|" },
	{ "A=\xc3\xa9\n", "A=\xc3\xa9|" },
	{ "a.b-c_1=2\n", "a.b-c_1=2|" },
	{ "A=1\nA=2\n", "A=1|A=2|" },
	{ "A\n", "f:1:2: here a '=' is missing\n" },
	{ "A=1\nB C=2\n", "f:2:3: here a '=' is missing\n" },
	{ "1A=2\n",
		"f:1:1: a line is NAME=value; a name is of letters, digits and _ and begins with no digit\n" },
	{ "=2\n", "f:1:1: a line is NAME=value;" },
	{ "export =2\n", "f:1:8: a line is NAME=value;" },
	{ "A: 2\n", "f:1:2: here a '=' is missing\n" },
	{ "A=1\nB='x\n\n", "f:2:3: this quote is not closed\n" },
	{ "A=\"x\n", "f:1:3: this quote is not closed\n" },
	{ "A='x'y\n", "f:1:6: text behind the closing quote\n" },
	{ "A=x'y'\n", "f:1:4: a quote in the middle of a value\n" },
	{ "A=\"\\q\"\n", "f:1:4: in double quotes only " },
	{ "A=\"\\", "f:1:4: in double quotes only " },
};

Test(file_dotenv, table)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct source source;
		struct blocks blocks = { 0 };
		struct file_pairs pairs = { 0 };
		struct error error = { 0 };
		char said[1024] = "";
		int status;

		cr_assert_eq(
			source_take(&source, "f", rows[i].text, strlen(rows[i].text), &error), 0);
		status = dotenv_parse(&source, &blocks, &pairs, &error);
		for (uint32_t p = 0; status == 0 && p < pairs.n; p++)
			snprintf(said + strlen(said), sizeof said - strlen(said), "%s=%s|",
				pairs.items[p].name.text, pairs.items[p].value.text);
		if (status == 0)
			cr_assert_str_eq(said, rows[i].said, "%s: %s", rows[i].text, said);
		else
			cr_assert(rows[i].said[0] == 'f' &&
					strncmp(error.text, rows[i].said, strlen(rows[i].said)) ==
						0,
				"%s: %s", rows[i].text, error.text);
		source_finish(&source);
		blocks_finish(&blocks);
	}
}

static void
have(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	cr_assert_not_null(to);
	fputs(text, to);
	fclose(to);
}

/* One name in each set of places: the strongest of them wins. */
Test(file_dotenv, who_wins)
{
	static const char *const call[] = { "C=call 1", "E=x=y", "C=call", "P=call", NULL };
	static const char *const process[] = { "E=process", "C=process", "P=process", "EE=no",
		"e=no", NULL };
	static const struct {
		const char *name, *value;
		enum dotenv_origin origin;
	} wanted[] = { { "P", "proc", DOTENV_PROC }, { "C", "call", DOTENV_CALL },
		{ "E", "x=y", DOTENV_CALL }, { "EE", "no", DOTENV_PROCESS },
		{ "F", "second", DOTENV_FILE }, { "ONE", "first", DOTENV_FILE },
		{ "G", "graph", DOTENV_GRAPH }, { "X", NULL, DOTENV_NOBODY },
		{ "EEE", NULL, DOTENV_NOBODY } };
	char directory[] = "/tmp/orderly-dotenv-XXXXXX", command[64];
	const struct file_proc *proc;
	struct graph_file file;
	struct dotenv dotenv;

	cr_assert_not_null(mkdtemp(directory));
	cr_assert_eq(chdir(directory), 0);
	have("one.env", "F=first\nONE=first\nP=first\nE=first\n");
	have("two.env", "F=second\nC=second\n");
	have("f.yaml",
		"dotenv: [one.env, missing.env, two.env]\n"
		"env: {G: graph, F: graph, C: graph, E: graph, P: graph}\n"
		"procs: {a: {env: {P: proc}}}\n");
	cr_assert_eq(file_load(&file, "f.yaml"), 0, "%s", file.error.text);
	cr_assert_eq(dotenv_load(&dotenv, &file), 0, "%s", file.error.text);
	proc = FILE_ITEM(struct file_proc, file.all.procs, 0);
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		enum dotenv_origin origin;
		const char *value =
			dotenv_value(&dotenv, wanted[i].name, &proc->env, call, process, &origin);

		cr_assert_eq(origin, wanted[i].origin, "%s", wanted[i].name);
		cr_assert((value == NULL) == (wanted[i].value == NULL) &&
				(value == NULL || strcmp(value, wanted[i].value) == 0),
			"%s", wanted[i].name);
	}
	dotenv_finish(&dotenv);
	have("two.env", "A=1\nB\n");
	cr_assert_eq(dotenv_load(&dotenv, &file), ORD_EINVAL);
	cr_assert_eq(strncmp(file.error.text, "two.env:2:2: ", 13), 0, "%s", file.error.text);
	dotenv_finish(&dotenv);
	file_finish(&file);
	snprintf(command, sizeof command, "rm -r %s", directory);
	cr_assert_eq(system(command), 0);
}
