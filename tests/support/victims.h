/*
 * Processes that a test harms: the children of another one, found by what the kernel says of them and signalled
 * through a pidfd, so that a number that was given anew is never hit.
 */
#ifndef SUPPORT_VICTIMS_H
#define SUPPORT_VICTIMS_H

#include <stddef.h>
#include <sys/types.h>

/* The children of a process, at most `most`; how many. */
size_t victims_of(pid_t parent, pid_t *children, size_t most);

/* The parent of a process; 0 if there is none of that number. */
pid_t victims_parent(pid_t pid);

/* A pidfd of a child of `parent`, to be closed; -1 if it is none any more. */
int victims_hold(pid_t pid, pid_t parent);

/* Sends a signal by a pidfd; 0, or -1 if it has ended. */
int victims_signal(int held, int number);

#endif
