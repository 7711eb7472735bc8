/*
 * A page that a fork wipes: it holds 1 in the process that made it and 0 in
 * every process forked from that one, and asking costs one load.
 */
#ifndef BASE_ALIVE_H
#define BASE_ALIVE_H

/* A new page that holds 1; NULL without memory.  Free it with alive_destroy, in a forked process too. */
char *alive_new(void);

/* Free the page; NULL is fine. */
void alive_destroy(char *alive);

#endif
