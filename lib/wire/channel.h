/*
 * ZeroMQ, the only place of it.  A context with the sockets of a master (a
 * PUSH for each worker's tasks) or of a worker (a PULL, bound).  Nothing here
 * interprets bytes.
 *
 * libzmq aborts the process when memory runs out, or descriptors in its own
 * threads; fd headroom is checked before each connection.
 */
#ifndef WIRE_CHANNEL_H
#define WIRE_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CHANNEL_FDS_PER_WORKER \
	6 /* descriptors that a connected worker costs the master, all told */

/* A received message; its bytes live until channel_drop. */
struct channel_message {
	char opaque[64]; /* a zmq_msg_t */
	const char *bytes;
	size_t size;
};

/* Master: a context, in *context; 0 or ORD_ESYSTEM. */
int channel_open(void **context, struct error *error);

/* Connect to a worker that is ready; *tasks is its socket.  0 or ORD_ESYSTEM. */
int channel_connect(
	void *context, const char *directory, uint64_t id, void **tasks, struct error *error);

/* A worker is gone; *tasks is NULL. */
void channel_disconnect(void **tasks);

/* All sockets are closed; *context is NULL. */
void channel_close(void **context);

/* Worker: its context and socket, bound. */
struct channel_ends {
	void *context;
	void *tasks;
};

/*
 * Pay once, in the process that workers are forked from, for what the first
 * context of a process costs: libzmq looks a protocol up by its name, which reads
 * files and tries to load modules.  No thread comes of it, and one descriptor.
 */
void channel_warm(void);

/*
 * The same for one from which many are forked: a message is sent to itself
 * through a socket in the directory, so that the dynamic linker has looked up
 * whatever that calls.  The threads that it takes have ended at the return.
 */
void channel_warm_up(const char *directory);

/* Remove what a worker that has ended bound; nothing happens if there is nothing. */
void channel_unbind(const char *directory, uint64_t id);

/*
 * 0 or -1 with errno.  Only the process `peer` may connect: others of the same
 * user are closed at once, or they would take their share of what is sent.
 */
int channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id, int32_t peer);

/* Is there room for the master's connections?  libzmq ends the process if there is none.  0 or -1 with errno. */
int channel_ends_check(void);

/* Room for a message of size bytes to be written in place and sent; NULL without memory. */
char *channel_compose(struct channel_message *message, size_t size);

/* Send what was composed.  The socket has no bound of its own, so it does not wait once connected.  0 or -1 with errno. */
int channel_send(void *socket, struct channel_message *message);

/* Give up what was composed or received. */
void channel_drop(struct channel_message *message);

/* 1: a message, drop it; 0: none there now; -1 with errno. */
int channel_receive(void *socket, struct channel_message *message);

/* Worker: wait until a message is there; 0 or -1 with errno (EINTR is retried). */
int channel_wait(void *socket, struct channel_message *message);

/* As channel_wait for at most timeout_ms, -1: for ever; 1: a message, drop it; 0: none came; -1 with errno. */
int channel_wait_for(void *socket, struct channel_message *message, int timeout_ms);

#endif
