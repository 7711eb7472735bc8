/*
 * Threads that libzmq is about to start: it ends the process where it gets none.
 */
#ifndef BASE_THREADS_H
#define BASE_THREADS_H

/* Could count more threads, at most THREADS_HEADROOM_MAX, be started now?  0 or -1 with errno.  They have ended at the return. */
#define THREADS_HEADROOM_MAX 4
int threads_headroom(unsigned count);

#endif
