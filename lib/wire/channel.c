/*
 * Sockets of libzmq on a private context.  The receiver's high-water mark is
 * 0: a PULL at its mark stops reading and then loses what lies in the kernel
 * when its peer closes; the window bounds what can be under way.
 */
#include "wire/channel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/threads.h"

_Static_assert(
	sizeof(zmq_msg_t) <= sizeof(((struct channel_message *)0)->opaque), "a zmq_msg_t fits");

#define ENDPOINT_MAX 160
#define SCHEME "ipc://"
#define THREADS 2         /* of a context: one for input and output, one that closes */
#define CONTEXT_FDS 7     /* of a context with a socket */
#define ENDS_FDS 2        /* of a socket that listens, and of its peer */
#define PEER_FDS 1        /* of its peer */
#define MEMORY (2u << 20) /* far more than a context or a connection takes at its start */
#define WARM_MS 1000      /* a message that stays away makes only what follows dearer */

static zmq_msg_t *
message_of(struct channel_message *message)
{
	return (zmq_msg_t *)(void *)message->opaque;
}

static void
endpoint_name(char name[ENDPOINT_MAX], const char *directory, uint64_t id)
{
	snprintf(name, ENDPOINT_MAX, SCHEME "%s/%llu", directory, (unsigned long long)id);
}

static void *
open_socket(void *context, int type)
{
	void *socket = zmq_socket(context, type);
	int zero = 0, reconnect_ms = 5;

	if (socket == NULL)
		return NULL;
	if (zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms) !=
			0) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

/*
 * With its first socket a context starts two threads, and what they wait with.
 * libzmq ends the process where it gets them not; so they are asked for here
 * first.  0 or -1 with errno.
 */
static int
check_room(unsigned fds)
{
	if (fd_headroom(fds) != 0 || threads_headroom(THREADS) != 0)
		return -1;
	return memory_headroom(MEMORY);
}

int
channel_open(void **context, struct error *error)
{
	void *first; /* makes the threads: later it would be the first worker that cannot have them */

	if (check_room(CONTEXT_FDS) != 0)
		return error_system(error, errno, "cannot start ZeroMQ");
	*context = zmq_ctx_new();
	if (*context == NULL)
		return error_system(error, errno, "cannot make a ZeroMQ context");
	zmq_ctx_set(*context, ZMQ_MAX_SOCKETS, 4200);
	first = open_socket(*context, ZMQ_PUSH);
	if (first != NULL) {
		zmq_close(first);
		return 0;
	}
	error_system(error, errno, "cannot make a ZeroMQ socket");
	channel_close(context);
	return error->status;
}

int
channel_connect(
	void *context, const char *directory, uint64_t id, void **tasks, struct error *error)
{
	char name[ENDPOINT_MAX];

	*tasks = NULL;
	if (memory_headroom(MEMORY) != 0)
		return error_system(error, errno, "cannot connect to a worker");
	*tasks = open_socket(context, ZMQ_PUSH);
	if (*tasks == NULL)
		return error_system(error, errno, "cannot make a ZeroMQ socket for a worker");
	endpoint_name(name, directory, id);
	if (zmq_connect(*tasks, name) == 0)
		return 0;
	error_system(error, errno, "cannot connect to a worker at %s", name);
	channel_disconnect(tasks);
	return error->status;
}

void
channel_disconnect(void **tasks)
{
	if (*tasks != NULL)
		zmq_close(*tasks);
	*tasks = NULL;
}

void
channel_close(void **context)
{
	while (*context != NULL && zmq_ctx_term(*context) != 0 && errno == EINTR)
		;
	*context = NULL;
}

/* peer: who may connect, 0: all. */
static void *
bind_socket(void *context, const char *directory, uint64_t id, pid_t peer)
{
	void *socket = open_socket(context, ZMQ_PULL);
	char name[ENDPOINT_MAX];

	endpoint_name(name, directory, id);
	if (socket != NULL && peer != 0)
		zmq_setsockopt(socket, ZMQ_IPC_FILTER_PID, &peer, sizeof peer);
	if (socket != NULL && zmq_bind(socket, name) != 0) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

/* The context is never used and never ended: what it found out lasts as long as it does. */
void
channel_warm(void)
{
	void *context = zmq_ctx_new();

	(void)context;
}

void
channel_unbind(const char *directory, uint64_t id)
{
	char name[ENDPOINT_MAX];

	endpoint_name(name, directory, id);
	unlink(name + sizeof SCHEME - 1);
}

static void
pass_one(void *from, void *to)
{
	struct channel_message message;

	if (channel_compose(&message, 1) == NULL || channel_send(from, &message) != 0)
		return;
	if (channel_wait_for(to, &message, WARM_MS) == 1)
		channel_drop(&message);
}

/* A context lives a short life: its threads have ended when this returns. */
void
channel_warm_up(const char *directory)
{
	void *context, *to, *from;
	char name[ENDPOINT_MAX];

	/* With its last context libzmq would forget what its first had looked up. */
	channel_warm();
	context = check_room(CONTEXT_FDS + 2 * ENDS_FDS) == 0 ? zmq_ctx_new() : NULL;
	if (context == NULL)
		return;
	to = bind_socket(context, directory, 0, 0);
	from = open_socket(context, ZMQ_PUSH);
	endpoint_name(name, directory, 0);
	if (to != NULL && from != NULL && zmq_connect(from, name) == 0)
		pass_one(from, to);
	if (from != NULL)
		zmq_close(from);
	if (to != NULL)
		zmq_close(to);
	while (zmq_ctx_term(context) != 0 && errno == EINTR)
		;
	channel_unbind(directory, 0);
}

int
channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id, int32_t peer)
{
	if (fd_headroom(CONTEXT_FDS + ENDS_FDS) != 0)
		return -1;
	ends->context = zmq_ctx_new();
	if (ends->context == NULL)
		return -1;
	ends->tasks = bind_socket(ends->context, directory, id, peer);
	return ends->tasks != NULL ? 0 : -1;
}

int
channel_ends_check(void)
{
	return fd_headroom(PEER_FDS);
}

char *
channel_compose(struct channel_message *message, size_t size)
{
	if (zmq_msg_init_size(message_of(message), size) != 0)
		return NULL;
	message->bytes = zmq_msg_data(message_of(message));
	message->size = size;
	return zmq_msg_data(message_of(message));
}

int
channel_send(void *socket, struct channel_message *message)
{
	int sent;

	do
		sent = zmq_msg_send(message_of(message), socket, 0);
	while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		channel_drop(message);
		return -1;
	}
	return 0;
}

void
channel_drop(struct channel_message *message)
{
	int kept = errno;

	zmq_msg_close(message_of(message));
	errno = kept;
}

static int
receive(void *socket, struct channel_message *message, int flags)
{
	int received;

	zmq_msg_init(message_of(message));
	do
		received = zmq_msg_recv(message_of(message), socket, flags);
	while (received < 0 && errno == EINTR);
	if (received < 0) {
		channel_drop(message);
		return -1;
	}
	message->bytes = zmq_msg_data(message_of(message));
	message->size = zmq_msg_size(message_of(message));
	return 0;
}

int
channel_receive(void *socket, struct channel_message *message)
{
	if (receive(socket, message, ZMQ_DONTWAIT) == 0)
		return 1;
	return errno == EAGAIN ? 0 : -1;
}

int
channel_wait(void *socket, struct channel_message *message)
{
	return receive(socket, message, 0);
}

int
channel_wait_for(void *socket, struct channel_message *message, int timeout_ms)
{
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	int there = channel_receive(socket, message);

	if (there != 0 || timeout_ms == 0)
		return there;
	if (zmq_poll(&item, 1, timeout_ms) < 0 && errno != EINTR)
		return -1;
	return channel_receive(socket, message);
}
