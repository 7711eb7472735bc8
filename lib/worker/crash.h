/* A worker that crashes waits a moment, so that its stack can be looked at. */
#ifndef WORKER_CRASH_H
#define WORKER_CRASH_H

struct worker;

/*
 * Install the handlers, where nobody else has: only in a worker process, whose
 * signals are ours.  What a task installs later replaces them.  Without memory
 * for their stack there are none.
 */
void crash_watch(struct worker *worker);

#endif
