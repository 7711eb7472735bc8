/* How the spawner's process is made. */
#ifndef SPAWN_START_H
#define SPAWN_START_H

#include <spawn.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "spawn/launch.h"

/* Start it with its end of the life channel; its pid, or -1 with a sentence. */
pid_t start_spawner(const struct launch_options *options, int end, struct error *error);

/* What was started, for sentences; text[size] is used if a name must be made. */
const char *start_name(const struct launch_options *options, char *text, size_t size);

/* Default signals, none blocked, a process group of its own; 0 or an errno. */
int start_attributes(posix_spawnattr_t *attributes);

/* Wait for our child to end; kill it at the time given.  Fine if somebody else reaped it. */
void start_reap(pid_t pid, uint64_t kill_ns);

/* Kill our child with its process group, and reap it.  Fine if somebody else did. */
void start_kill(pid_t pid);

#endif
