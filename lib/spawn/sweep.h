/* What must not be left when a pool is gone. */
#ifndef SPAWN_SWEEP_H
#define SPAWN_SWEEP_H

/* Kill and reap this process's children until there are none; at most 2 s.  Spawner only. */
void sweep_descendants(void);

/*
 * Remove the sockets in an endpoint directory, and it.  "" is no directory.
 * The spawner does it when it leaves; the master must, if its spawner was killed.
 */
void sweep_directory(const char *directory);

#endif
