/* A text file of cases: "=== name", the lines of a file, "----" and a blank, the lines that are expected. */
#include "cases.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
whole(const char *name)
{
	const char *source = getenv("ORDERLY_SOURCE");
	char path[4096], *text = NULL;
	size_t size = 0, capacity = 0, got = 1;
	FILE *file;

	snprintf(path, sizeof path, "%s/tests/unit/graph/%s", source != NULL ? source : ".", name);
	file = fopen(path, "r");
	cr_assert_not_null(file, "%s", path);
	while (got != 0) {
		if (capacity - size < 65536)
			text = realloc(text, capacity = size + 131072);
		cr_assert_not_null(text);
		got = fread(text + size, 1, capacity - size - 1, file);
		size += got;
	}
	text[size] = '\0';
	fclose(file);
	return text;
}

void
cases_read(struct file_cases *cases, const char *name)
{
	char *at;

	*cases = (struct file_cases){ .memory = whole(name) };
	for (at = cases->memory; at != NULL && strncmp(at, "=== ", 4) == 0;) {
		struct file_case *one;
		char *end = strchr(at, '\n'), *divider, *after;

		cases->cases = realloc(cases->cases, (cases->n + 1) * sizeof *cases->cases);
		cr_assert_not_null(cases->cases);
		one = &cases->cases[cases->n++];
		one->name = at + 4;
		cr_assert_not_null(end);
		*end = '\0';
		one->text = end + 1;
		divider = strncmp(one->text, "---- \n", 6) == 0 ? one->text - 1
								: strstr(one->text, "\n---- \n");
		cr_assert_not_null(divider, "%s", one->name);
		one->size = (size_t)(divider + 1 - one->text);
		divider[1] = '\0';
		one->expected = divider + 7;
		after = strncmp(one->expected, "=== ", 4) == 0 ? one->expected - 1
							       : strstr(one->expected, "\n=== ");
		at = after != NULL ? after + 1 : NULL;
		if (after == NULL)
			after = one->expected + strlen(one->expected) - 1;
		if (after >= one->expected)
			*after = '\0';
	}
}

void
cases_free(struct file_cases *cases)
{
	free(cases->cases);
	free(cases->memory);
}
