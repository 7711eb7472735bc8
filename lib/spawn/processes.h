/* What a process of this room must do for the one that it becomes. */
#ifndef SPAWN_PROCESSES_H
#define SPAWN_PROCESSES_H

#include <stddef.h>

/* How many threads this process has beside the one that asks and libzmq's own; 0 if that cannot be known. */
unsigned processes_other_threads(void);

/* Close all descriptors above 2 but keep[n], which is sorted here; others may be -1. */
void processes_close_all_but(int *keep, size_t n);

/* Default dispositions for all signals. */
void processes_default_signals(void);

#endif
