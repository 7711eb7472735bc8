/* Whether ord_worker_main ran in this process: then it can be started as its own spawner. */
#ifndef SPAWN_ENTRY_H
#define SPAWN_ENTRY_H

#define ENTRY_MARK "--orderly-spawner" /* the first argument of a spawner */
#define ENTRY_LIFE 3                   /* its end of the life channel */

/* 1 or 0. */
int entry_ran(void);

#endif
