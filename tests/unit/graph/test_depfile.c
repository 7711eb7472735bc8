/* Depfiles: each row a text and the files that it names, or the sentence about it. */
#include <criterion/criterion.h>
#include <string.h>

#include "graph/history/depfile.h"

struct row {
	const char *text;
	const char *files; /* each with a bar behind it; NULL: none, as */
	const char *why;
};

static const struct row rows[] = {
	{ "a.o: a.c a.h\n", "a.c|a.h|", NULL },
	{ "a.o: a.c a.h", "a.c|a.h|", NULL },
	{ "a.o:a.c\n", NULL, "no ':'" }, /* as with a drive letter, the colon is part of the word */
	{ "a.o :a.c\n", NULL, "no ':'" },
	{ "a.o : a.c\n", "a.c|", NULL },
	{ "a.o a.d: a.c\n", "a.c|", NULL },
	{ "a.o: \\\n a.c \\\n  a.h\n", "a.c|a.h|", NULL },
	{ "a.o: \\\r\n a.c \\\r\n  a.h\r\n", "a.c|a.h|", NULL },
	{ "a.o:\\\n a.c\\\n a.h\n", "a.c|a.h|", NULL },
	{ "a.o: a.c\n\na.c:\n\na.h:\n", "a.c|", NULL },
	{ "a.o: a.c\nb.o: b.c a.c\n", "a.c|b.c|a.c|", NULL },
	{ "a.o: with\\ space.h tab\\\tfile\n", "with space.h|tab\tfile|", NULL },
	{ "a.o: hash\\#.h do$$lar.h one$.h\n", "hash#.h|do$lar.h|one$.h|", NULL },
	{ "a.o: back\\slash.h c:\\dir\\file.h\n", "back\\slash.h|c:\\dir\\file.h|", NULL },
	{ "a.o: two\\\\\\ words.h end\\\\ next\n", "two\\ words.h|end\\|next|", NULL },
	{ "a\\:b.o: a.c d\\:e\n", "a.c|d:e|", NULL },
	{ "c:\\a.o: c:/a.c\n", "c:/a.c|", NULL },
	{ "# a comment: of words\na.o: a.c # another\n", "a.c|", NULL },
	{ "a.o: a.c\\\n", "a.c|", NULL },
	{ "a.o: \xff\xfe.h [x] *.c\n", "\xff\xfe.h|[x]|*.c|", NULL },
	{ "a.o:\n", "", NULL },
	{ "a.o:", "", NULL },
	{ "", NULL, "empty" },
	{ "\n \n\r\n", NULL, "empty" },
	{ "# nothing\n", NULL, "empty" },
	{ "a.o: a.c\nwords without an end\n", NULL, "line 2 has no ':'" },
	{ ": a.c\n", NULL, "no target" },
	{ "a.o: a.c : b.c\n", NULL, "':' where a file" },
	{ "\\\n\\\nwords\n", NULL, "line 3" },
};

static void
check(const struct row *row, size_t size)
{
	struct texts files = { 0 };
	struct error error = { 0 };
	int status = depfile_read(row->text, size, &files, &error);

	for (size_t i = 0; i < files.text.size; i++)
		if (files.text.bytes[i] == '\0')
			files.text.bytes[i] = '|';
	cr_assert_eq(buffer_append(&files.text, "", 1), 0);
	if (row->files != NULL)
		cr_expect(status == 0 && strcmp(files.text.bytes, row->files) == 0, "'%s' names '%s' (%s)", row->text,
			files.text.bytes, error.text);
	else
		cr_expect(status == ORD_EINVAL && strstr(error.text, row->why) != NULL, "'%s': %d '%s'", row->text,
			status, error.text);
	texts_finish(&files);
}

Test(depfile, rows)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(&rows[i], strlen(rows[i].text));
}

Test(depfile, a_byte_of_zero)
{
	const struct row row = { "a.o: a\0.c\n", NULL, "NUL" };

	check(&row, 10);
}
