/*
 * A control group of version 2 that holds all that a pool starts, where the
 * owner names a directory that is delegated to it.  What is born in it stays
 * in it, whatever it forks and however it leaves its process group, so one
 * write ends all of it, and it does not matter who is left to do that.
 */
#ifndef SPAWN_GROUP_H
#define SPAWN_GROUP_H

#include "base/error.h"

#define GROUP_PATH_MAX 320 /* of a group's path, with its NUL */

/* Make the group; its open cgroup.procs, or -1 with a sentence.  In a process without threads: one of its own tries whether it may enter. */
int group_open(const char *path, struct error *error);

/* Enter with this process; between fork and exec, too.  0 or -1 with errno. */
int group_enter(int procs);

/* Kill all that is in it and remove it; waits 2 s at most for what dies.  "" is no group, and one that is not there is fine. */
void group_end(const char *path);

#endif
