/*
 * Sockets of libzmq on a private context.  The receiver's high-water mark is
 * 0: a PULL at its mark stops reading and then loses what lies in the kernel
 * when its peer closes; the outboxes bound what can be under way.
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
#define HUB_FDS 7         /* of a context with a socket */
#define ENDS_FDS 5        /* of another socket, of two that listen, and of their peers */
#define PEER_FDS 2        /* of their peers */
#define MEMORY (2u << 20) /* far more than a context or a connection takes at its start */
#define WARM_MS 1000      /* a message that stays away makes only what follows dearer */

static zmq_msg_t *
message_of(struct channel_message *message)
{
	return (zmq_msg_t *)(void *)message->opaque;
}

static void
endpoint_name(char name[ENDPOINT_MAX], const char *directory, uint64_t id, char which)
{
	snprintf(name, ENDPOINT_MAX, SCHEME "%s/%llu.%c", directory, (unsigned long long)id, which);
}

static void *
open_socket(void *context, int type, int64_t message_max)
{
	void *socket = zmq_socket(context, type);
	int zero = 0, reconnect_ms = 5;

	if (socket == NULL)
		return NULL;
	if (zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof zero) != 0 ||
		zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof reconnect_ms) !=
			0 ||
		zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max) != 0) {
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
channel_hub_open(struct channel_hub *hub, uint64_t message_max, struct error *error)
{
	if (check_room(HUB_FDS) != 0)
		return error_system(error, errno, "cannot start ZeroMQ");
	hub->context = zmq_ctx_new();
	if (hub->context == NULL)
		return error_system(error, errno, "cannot make a ZeroMQ context");
	zmq_ctx_set(hub->context, ZMQ_MAX_SOCKETS, 4200);
	hub->results = open_socket(hub->context, ZMQ_PULL, (int64_t)message_max);
	if (hub->results != NULL)
		return 0;
	error_system(error, errno, "cannot make a ZeroMQ socket");
	channel_hub_close(hub);
	return error->status;
}

int
channel_hub_fd(const struct channel_hub *hub)
{
	size_t size = sizeof(int);
	int fd = -1;

	zmq_getsockopt(hub->results, ZMQ_FD, &fd, &size);
	return fd;
}

int
channel_connect(struct channel_hub *hub, const char *directory, uint64_t id, void **tasks,
	struct error *error)
{
	char name[ENDPOINT_MAX];

	*tasks = NULL;
	if (memory_headroom(MEMORY) != 0)
		return error_system(error, errno, "cannot connect to a worker");
	*tasks = open_socket(hub->context, ZMQ_PUSH, -1);
	if (*tasks == NULL)
		return error_system(error, errno, "cannot make a ZeroMQ socket for a worker");
	hub->quiet =
		false; /* connecting looks at what the descriptor tells of, and then it does not tell */
	/* Results first: a worker that got a task may answer at once. */
	endpoint_name(name, directory, id, 'r');
	if (zmq_connect(hub->results, name) == 0) {
		endpoint_name(name, directory, id, 't');
		if (zmq_connect(*tasks, name) == 0)
			return 0;
	}
	error_system(error, errno, "cannot connect to a worker at %s", name);
	channel_disconnect(hub, directory, id, tasks);
	return error->status;
}

void
channel_disconnect(struct channel_hub *hub, const char *directory, uint64_t id, void **tasks)
{
	char name[ENDPOINT_MAX];

	hub->quiet = false;
	endpoint_name(name, directory, id, 'r');
	zmq_disconnect(hub->results, name);
	if (*tasks != NULL)
		zmq_close(*tasks);
	*tasks = NULL;
}

void
channel_hub_close(struct channel_hub *hub)
{
	if (hub->results != NULL)
		zmq_close(hub->results);
	hub->results = NULL;
	while (hub->context != NULL && zmq_ctx_term(hub->context) != 0 && errno == EINTR)
		;
	hub->context = NULL;
}

void
channel_hub_abandon(struct channel_hub *hub)
{
	hub->context = NULL;
	hub->results = NULL;
}

static void *
bind_socket(void *context, int type, const char *directory, uint64_t id, char which)
{
	void *socket = open_socket(context, type, -1);
	char name[ENDPOINT_MAX];

	endpoint_name(name, directory, id, which);
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

	for (const char *which = "tr"; *which != '\0'; which++) {
		endpoint_name(name, directory, id, *which);
		unlink(name + sizeof SCHEME - 1);
	}
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
	context = check_room(HUB_FDS + 2 * ENDS_FDS) == 0 ? zmq_ctx_new() : NULL;
	if (context == NULL)
		return;
	to = bind_socket(context, ZMQ_PULL, directory, 0, 't');
	from = open_socket(context, ZMQ_PUSH, -1);
	endpoint_name(name, directory, 0, 't');
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
channel_ends_open(struct channel_ends *ends, const char *directory, uint64_t id)
{
	if (fd_headroom(HUB_FDS + ENDS_FDS) != 0)
		return -1;
	ends->context = zmq_ctx_new();
	if (ends->context == NULL)
		return -1;
	ends->tasks = bind_socket(ends->context, ZMQ_PULL, directory, id, 't');
	ends->results = bind_socket(ends->context, ZMQ_PUSH, directory, id, 'r');
	return ends->tasks != NULL && ends->results != NULL ? 0 : -1;
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

void
channel_hub_woken(struct channel_hub *hub)
{
	hub->quiet = false;
}

int
channel_take(struct channel_hub *hub, struct channel_message *message)
{
	int there = hub->quiet ? 0 : channel_receive(hub->results, message);

	hub->quiet = there == 0;
	return there;
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
