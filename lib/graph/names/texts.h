/* Texts one behind the other, as a list that ends with NULL. */
#ifndef GRAPH_TEXTS_H
#define GRAPH_TEXTS_H

#include <stdint.h>

#include "graph/names/shell.h"

/* Zeroed it is empty. */
struct texts {
	struct buffer text; /* each with its NUL */
	const char **list;  /* after texts_list */
	uint32_t n, capacity;
};

/* One more; -1 without memory. */
int texts_add(struct texts *texts, const char *text);

/* Those of a text with its placeholders filled; as text_fill. */
int texts_fill(struct texts *texts, const struct text *text, pattern_value_fn value, void *user,
	struct span *missing);

/* The list, until the next one is added; NULL without memory. */
const char *const *texts_list(struct texts *texts);

/* Change each in place, into one that is not longer. */
void texts_change(struct texts *texts, void (*change)(char *text));

void texts_clear(struct texts *texts);
void texts_finish(struct texts *texts);

#endif
