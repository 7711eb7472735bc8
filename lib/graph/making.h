/* A definition that is being made: between definition.c and arg.c. */
#ifndef GRAPH_MAKING_H
#define GRAPH_MAKING_H

#include "graph/definition.h"

struct making {
	struct definition *definition;
	const struct definition_context *context;
	struct ord_proc_options options; /* with this version's size */
};

int making_no_memory(const struct making *making);

/* A sentence about the definition: what is wrong with which text. */
int making_wrong(const struct making *making, const char *what, const char *text, const char *why);

/* options_copy, with a sentence. */
int making_take(const struct making *making, void *to, size_t size, size_t first, const void *from);

/* Entries of a list that ends with NULL; NULL: none. */
uint32_t making_count(const void *list);

/* A copy of strings and their array; NULL without memory. */
char **making_copy(const char *const *from);
void making_free_strings(char **strings);

/* Read the args, in the order of their numbers. */
int arg_read_all(const struct making *making);

/* Whether a placeholder is an arg or a param; a shell_known_fn whose user is the definition. */
int arg_is_known(void *definition, struct span name);

/* Whether it is a param; a shell_known_fn without a user. */
int arg_is_param(void *user, struct span name);

#endif
