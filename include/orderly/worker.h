/* The line at the top of main that lets a program be its own worker. */
#ifndef ORDERLY_WORKER_H
#define ORDERLY_WORKER_H

#include <orderly/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Let this program be started as the spawner of its own pools.  Call it first
 * in main, before threads are made and before arguments are read.  In the
 * program that a user started it returns at once and makes ORD_START_EXEC the
 * default; in the copy that a pool started it serves and never returns.
 *
 * argc, argv  as main got them; read only
 *
 * Not from a callback; once.  Since 0.1.  Source: lib/spawn/entry.c.
 */
ORD_API void
ord_worker_main(int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
