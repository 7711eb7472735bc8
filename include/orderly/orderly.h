/*
 * orderly: run many tasks at once in worker processes and get everything back
 * in order.  Include this; it has the rest.
 *
 * Objects are thread-aware, not thread-safe: one object, one thread at a time;
 * different objects may live on different threads.  The one exception is
 * ord_pool_interrupt, which any thread or signal handler may call.
 *
 * The library never exits, aborts, prints, installs a signal handler, touches
 * SIGCHLD, the environment or the locale, or waits for children that are not
 * its own.  libzmq, underneath it, aborts the process when memory runs out; so
 * before it starts, and before each connection, room for descriptors, threads
 * and memory is looked for, and where there is none a call fails instead.  It
 * calls srand once, so that a host's rand() sequence may change.
 */
#ifndef ORDERLY_ORDERLY_H
#define ORDERLY_ORDERLY_H

#include <orderly/ask.h>
#include <orderly/event.h>
#include <orderly/export.h>
#include <orderly/function.h>
#include <orderly/log.h>
#include <orderly/map.h>
#include <orderly/message.h>
#include <orderly/pool.h>
#include <orderly/queue.h>
#include <orderly/result.h>
#include <orderly/status.h>
#include <orderly/task.h>
#include <orderly/version.h>
#include <orderly/worker.h>

#endif
