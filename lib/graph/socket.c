/*
 * The socket and its clients.  Each client is a poll_source; its end is seen
 * at once, so that nobody waits for one that is gone.  Answers that are larger
 * than a packet come as a descriptor.
 */
#define _GNU_SOURCE
#include "graph/socket.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"
#include "graph/graph.h"
#include "graph/request.h"
#include "graph/waiting.h"

#define PREFIX "orderly-graph-"
#define NAME "/s"
#define PARENT_MAX 64    /* the whole must fit into sun_path */
#define PACKET_MAX 65536 /* bytes of an answer; larger ones come as a descriptor */
#define CLIENTS_MAX 4096 /* if nothing else is said */
#define AT_ONCE 16       /* accepted before others have their turn */
#define STALE_S 60       /* a directory may be new and not yet locked */

struct client {
	struct poll_source source;
	struct speaker speaker; /* its last question's; no proc: it has asked nothing */
	struct client *next, **link;
};

struct socket {
	struct poll_source source;
	char directory[PARENT_MAX + sizeof PREFIX + 8];
	int lock;     /* the directory, with a flock as long as this process lives */
	int deaf;     /* the source is not added: there is no room for another client */
	char *packet; /* packet[REQUEST_MAX] */
	struct client *clients;
	uint32_t n_clients, most;
};

/* --- its place --- */

static const char *
parent_directory(void)
{
	const char *parent = secure_getenv("XDG_RUNTIME_DIR");

	if (parent != NULL && parent[0] == '/' && strlen(parent) < PARENT_MAX &&
		access(parent, W_OK | X_OK) == 0)
		return parent;
	return access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : "/tmp";
}

/* One that nobody holds is of a process that was killed. */
static void
remove_stale(int parent, const char *name)
{
	struct stat status;
	int fd;

	if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(status.st_mode) ||
		status.st_uid != geteuid() || time(NULL) - status.st_mtime < STALE_S)
		return;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		(unlinkat(fd, &NAME[1], 0) == 0 || errno == ENOENT))
		(void)unlinkat(parent, name, AT_REMOVEDIR);
	fd_close(&fd);
}

static void
sweep(const char *parent)
{
	DIR *directory = opendir(parent);
	const struct dirent *entry;

	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0)
			remove_stale(dirfd(directory), entry->d_name);
	closedir(directory);
}

static int
make_directory(struct socket *socket)
{
	const char *parent = parent_directory();

	sweep(parent);
	snprintf(socket->directory, sizeof socket->directory, "%s/" PREFIX "XXXXXX", parent);
	if (mkdtemp(socket->directory) == NULL) {
		socket->directory[0] = '\0';
		return -1;
	}
	socket->lock = open(socket->directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (socket->lock < 0 || fd_lift(&socket->lock) != 0)
		return -1;
	return flock(socket->lock, LOCK_EX | LOCK_NB);
}

static int
listen_there(struct socket *socket_)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int *fd = &socket_->source.fd;

	snprintf(name.sun_path, sizeof name.sun_path, "%s" NAME, socket_->directory);
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0 || fd_lift(fd) != 0 ||
		bind(*fd, (const struct sockaddr *)&name, sizeof name) != 0)
		return -1;
	return listen(*fd, SOMAXCONN);
}

/* --- clients --- */

static void
hear(struct ord_graph *graph)
{
	struct socket *socket = graph->socket;

	if (socket != NULL && socket->deaf && socket->n_clients < socket->most &&
		poll_add(graph, &socket->source) == ORD_OK)
		socket->deaf = 0;
}

static void
drop(struct ord_graph *graph, struct client *client)
{
	struct speaker speaker = client->speaker;

	poll_remove(graph, &client->source);
	fd_close(&client->source.fd);
	*client->link = client->next;
	if (client->next != NULL)
		client->next->link = client->link;
	graph->socket->n_clients--;
	if (speaker.proc != NULL)
		waiting_drop(graph, &speaker);
	memory_free(client);
	hear(graph);
}

static int
send_packet(struct ord_graph *graph, const struct client *client, const char *head,
	size_t head_size, const void *bytes, size_t size)
{
	struct buffer *text = &graph->text;

	text->size = 0;
	if (buffer_append(text, head, head_size) != 0 || buffer_append(text, bytes, size) != 0)
		return -1;
	return fd_send(client->source.fd, text->bytes, text->size, NULL, 0, MSG_DONTWAIT) < 0 ? -1
											      : 0;
}

static int
write_all(int fd, const char *bytes, size_t size)
{
	while (size != 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return -1;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static int
send_file(const struct client *client, const char *head, size_t head_size, const void *bytes,
	size_t size)
{
	int fd = memfd_create("orderly-answer", MFD_CLOEXEC), status = -1;

	if (fd >= 0 && write_all(fd, bytes, size) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		status = fd_send(client->source.fd, head, head_size, &fd, 1, MSG_DONTWAIT) < 0 ? -1
											       : 0;
	fd_close(&fd);
	return status;
}

void
socket_answer(
	struct ord_graph *graph, struct client *client, int status, const void *bytes, size_t size)
{
	char head[16];
	size_t head_size = (size_t)snprintf(head, sizeof head, "%d", status) + 1;
	int sent;

	if (size <= PACKET_MAX)
		sent = send_packet(graph, client, head, head_size, bytes, size);
	else
		sent = send_file(client, head, head_size, bytes, size);
	if (sent != 0)
		drop(graph, client);
}

/* Whose token it is; NULL: nobody's who runs. */
static struct ord_proc *
speaks_for(const struct ord_graph *graph, const struct request *request)
{
	struct ord_proc *proc;

	if (request->node >= graph->schedule.n_nodes)
		return NULL;
	proc = graph->procs[request->node];
	return proc->secret != 0 && proc->secret == request->secret ? proc : NULL;
}

static void
refuse(struct ord_graph *graph, struct client *client, int status, const char *sentence)
{
	socket_answer(graph, client, status, sentence, strlen(sentence));
}

static void
take_request(struct ord_graph *graph, struct client *client, size_t size)
{
	struct request request;

	if (request_parse(graph->socket->packet, size, &request) != 0) {
		refuse(graph, client, ORD_EINVAL,
			"a question that makes no sense: is it of another version of orderly?");
		return;
	}
	client->speaker = (struct speaker){ speaks_for(graph, &request), client };
	if (client->speaker.proc == NULL)
		refuse(graph, client, ORD_ECLOSED,
			"the proc that this is asked for has ended, or will be tried again");
	else
		ask_question(graph, &client->speaker, request.kind, request.at, request.end);
}

/* One that asks again while it waits for an answer does not know how to talk. */
static void
client_ready(struct ord_graph *graph, void *user)
{
	struct client *client = user;
	int fds[FD_PASS_MAX];
	size_t n_fds;
	ssize_t size = fd_receive(
		client->source.fd, graph->socket->packet, REQUEST_MAX, fds, &n_fds, MSG_DONTWAIT);
	int errno_value = errno;

	for (size_t i = 0; i < n_fds; i++)
		fd_close(&fds[i]);
	if (size < 0 && errno_value == EAGAIN)
		return;
	if (client->speaker.proc != NULL && waiting_is_on(&client->speaker))
		drop(graph, client);
	else if (size > 0)
		take_request(graph, client, (size_t)size);
	else if (size < 0 && errno_value == EMSGSIZE)
		refuse(graph, client, ORD_ETOOBIG,
			"a question has at most 65536 bytes: ask in parts");
	else
		drop(graph, client);
}

static int
is_of_this_user(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
		(peer.uid == geteuid() || peer.uid == 0);
}

static void
take_client(struct ord_graph *graph, int fd)
{
	struct socket *socket = graph->socket;
	struct client *client =
		fd_lift(&fd) == 0 && is_of_this_user(fd) ? memory_new(1, sizeof *client) : NULL;

	if (client == NULL) {
		fd_close(&fd);
		return;
	}
	client->source = (struct poll_source){
		.fd = fd, .events = POLLIN, .ready = client_ready, .user = client
	};
	if (poll_add(graph, &client->source) != ORD_OK) {
		fd_close(&fd);
		memory_free(client);
		return;
	}
	client->link = &socket->clients;
	client->next = socket->clients;
	if (client->next != NULL)
		client->next->link = &client->next;
	socket->clients = client;
	socket->n_clients++;
}

/* Without room those who knock wait until somebody leaves or a proc ends. */
static void
socket_ready(struct ord_graph *graph, void *user)
{
	struct socket *socket = user;
	int full = 0;

	for (int i = 0; i < AT_ONCE && !full; i++) {
		int fd = accept4(socket->source.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0)
			take_client(graph, fd);
		else if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		full = fd < 0 || socket->n_clients >= socket->most;
	}
	if (!full)
		return;
	poll_remove(graph, &socket->source);
	socket->deaf = 1;
}

/* --- open and close --- */

static uint32_t
most_clients(const struct ord_graph *graph)
{
	uint32_t wanted = graph->options.socket_clients;
	struct rlimit limit;

	if (wanted == 0)
		wanted = CLIENTS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 2 > wanted)
		return wanted;
	return (uint32_t)limit.rlim_cur / 2;
}

int
socket_open(struct ord_graph *graph)
{
	struct socket *socket = memory_new(1, sizeof *socket);

	graph->socket = socket;
	if (socket == NULL)
		return error_memory(&graph->error);
	socket->source = (struct poll_source){
		.fd = -1, .events = POLLIN, .ready = socket_ready, .user = socket
	};
	socket->lock = -1;
	socket->deaf = 1;
	socket->most = most_clients(graph);
	socket->packet = memory_new(REQUEST_MAX, 1);
	if (socket->packet == NULL)
		return error_memory(&graph->error);
	if (make_directory(socket) != 0 || listen_there(socket) != 0)
		return error_system(&graph->error, errno,
			"cannot make a socket for commands in %s (XDG_RUNTIME_DIR may name another place)",
			parent_directory());
	hear(graph);
	return graph->error.status;
}

void
socket_close(struct ord_graph *graph)
{
	struct socket *socket = graph->socket;

	if (socket == NULL)
		return;
	socket->most = 0; /* nobody is heard any more */
	while (socket->clients != NULL)
		drop(graph, socket->clients);
	if (!socket->deaf)
		poll_remove(graph, &socket->source);
	fd_close(&socket->source.fd);
	if (socket->directory[0] != '\0' && *graph->alive != 0) {
		(void)unlinkat(socket->lock, &NAME[1], 0);
		(void)rmdir(socket->directory);
	}
	fd_close(&socket->lock);
	memory_free(socket->packet);
	memory_free(socket);
	graph->socket = NULL;
}

/* --- attempts --- */

static int
append_variable(struct buffer *env, const char *name, const char *value, const char *more)
{
	int status = buffer_append(env, name, strlen(name));

	status |= buffer_append(env, value, strlen(value));
	return status | buffer_append(env, more, strlen(more) + 1);
}

int
socket_admit(struct ord_graph *graph, struct ord_proc *proc, struct buffer *env, uint32_t *count)
{
	char token[REQUEST_TOKEN_MAX];

	if (graph->socket == NULL) {
		if (getenv("ORDERLY_SOCKET") == NULL)
			return 0;
		++*count; /* that of a graph which runs us says nothing to ours */
		return append_variable(env, "ORDERLY_SOCKET=", "", "");
	}
	if (getrandom(&proc->secret, sizeof proc->secret, 0) != (ssize_t)sizeof proc->secret)
		proc->secret = 0;
	request_token(token, proc->node, proc->secret);
	*count += 2;
	return append_variable(env, "ORDERLY_SOCKET=", graph->socket->directory, NAME) |
		append_variable(env, "ORDERLY_TOKEN=", token, "");
}

void
socket_dismiss(struct ord_graph *graph, struct ord_proc *proc)
{
	proc->secret = 0;
	hear(graph);
}
