/* Who writes a database: one process at a time. */
#ifndef GRAPH_CLAIM_H
#define GRAPH_CLAIM_H

#include "base/error.h"

/*
 * Lock PATH.lock, and wait so long for whoever has it.  Returns 0 with a
 * descriptor that has the lock until it is closed; 1 if nothing can be written
 * there; or a status with error: ORD_ETIMEDOUT, that says whose it is.
 */
int claim(const char *path, int wait_ms, int *lock, struct error *error);

#endif
