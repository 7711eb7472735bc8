/*
 * ZeroMQ, the only place of it.  A context with the sockets of a master (a
 * PULL for all results, a PUSH for each worker's tasks) or of a worker (a PULL
 * and a PUSH, both bound).  Nothing here interprets bytes.
 *
 * libzmq aborts the process when memory runs out, or descriptors in its own
 * threads; fd headroom is checked before each connection.
 */
#ifndef WIRE_CHANNEL_H
#define WIRE_CHANNEL_H

#include <stdbool.h>
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

/* Master: its context and results socket. */
struct channel_hub {
	void *context; /* NULL: none */
	void *results;
	bool quiet; /* nothing was there, and the descriptor has not told of anything since */
};

/* Returns 0, or ORD_ESYSTEM. */
int channel_hub_open(struct channel_hub *hub, uint64_t message_max, struct error *error);

/* Readable when channel_take has something to say after it said 0; then call channel_hub_woken. */
int channel_hub_fd(const struct channel_hub *hub);
void channel_hub_woken(struct channel_hub *hub);

/* As channel_receive, of results; asks nobody when it is known that nothing is there. */
int channel_take(struct channel_hub *hub, struct channel_message *message);

/* Connect to a worker that is ready; *tasks is its socket.  0 or ORD_ESYSTEM. */
int channel_connect(struct channel_hub *hub, const char *directory, uint64_t id, void **tasks,
	struct error *error);

/* A worker is gone. */
void channel_disconnect(struct channel_hub *hub, const char *directory, uint64_t id, void **tasks);

void channel_hub_close(struct channel_hub *hub);

/* In a forked child: forget the context, touch nothing. */
void channel_hub_abandon(struct channel_hub *hub);

/* Worker: its context and sockets, bound. */
struct channel_ends {
	void *context;
	void *tasks;
	void *results;
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

/* 0 or -1 with errno. */
int channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id);

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
