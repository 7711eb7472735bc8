/* What tests of lists that are directories have in common: looking at what lies there, and putting something there. */
#ifndef JOBS_FOLDERS_H
#define JOBS_FOLDERS_H

#include "lists.h"

/* The path of what has this name in the list; the last four stand. */
const char *in(const struct list_at *at, const char *name);

int is_there(const struct list_at *at, const char *name);

void put(const struct list_at *at, const char *name, const char *text);

/* How many names of a folder end so, but for hidden ones; *last is one of them, may be NULL. */
int count(const struct list_at *at, const char *folder, const char *end, char last[256]);

#endif
