/* Files and what is said about them, from a text file of cases: see bad_files.txt. */
#ifndef GRAPH_CASES_H
#define GRAPH_CASES_H

#include <stddef.h>

struct file_case {
	char *name;
	char *text; /* text[size] */
	size_t size;
	char *expected; /* without its last newline */
};

struct file_cases {
	struct file_case *cases;
	size_t n;
	char *memory;
};

/* The cases in tests/unit/graph/NAME. */
void cases_read(struct file_cases *cases, const char *name);
void cases_free(struct file_cases *cases);

#endif
