/* Functions by name: the tables that ORD_FUNCTION makes, in all modules of this process. */
#ifndef SPAWN_NAMES_H
#define SPAWN_NAMES_H

#include <stddef.h>

#include <orderly/task.h>

/* The function of this name, NULL if there is none.  module: of dlopen, only its table; NULL: any, the program's first. */
ord_task_fn names_find(void *module, const char *name);

/* The names that there are, as "a, b and 3 more"; "nothing" if there are none.  Returns text. */
const char *names_list(void *module, char *text, size_t size);

#endif
