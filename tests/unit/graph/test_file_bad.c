/*
 * Files that are wrong, each with the whole sentence: bad_files.txt.  With
 * ORDERLY_ACCEPT=FILE the cases are written there with what is said now.
 */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "graph/file/file.h"
#include "memory_fault.h"

static const char *
said(struct graph_file *file, const char *text, size_t size)
{
	struct file_memory memory = { "orderly.yaml", text, size };

	return file_load_memory(file, &memory) == 0 ? "no error" : file->error.text;
}

Test(file_bad, sentences)
{
	const char *accept = getenv("ORDERLY_ACCEPT");
	FILE *to = accept != NULL ? fopen(accept, "w") : NULL;
	struct file_cases cases;
	unsigned wrong = 0;

	cases_read(&cases, "bad_files.txt");
	cr_assert_geq(cases.n, 80);
	for (size_t i = 0; i < cases.n; i++) {
		const struct file_case *one = &cases.cases[i];
		struct graph_file file;
		const char *sentence = said(&file, one->text, one->size);

		if (to != NULL)
			fprintf(to, "=== %s\n%s---- \n%s\n", one->name, one->text, sentence);
		else if (strcmp(sentence, one->expected) != 0) {
			fprintf(stderr, "=== %s\n%s\n--- expected\n%s\n", one->name, sentence,
				one->expected);
			wrong++;
		}
		file_finish(&file);
	}
	cases_free(&cases);
	if (to != NULL)
		fclose(to);
	cr_assert_eq(wrong, 0);
}
