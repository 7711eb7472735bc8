/*
 * The queue in front of one end of the life channel.  A full socket is no
 * reason to wait: the other side may be busy for long, and this side has
 * deadlines to keep and deaths to hear of.  Bytes that come in are checked
 * here once, so that the rest of the room sees only whole packets.
 */
#define _GNU_SOURCE /* F_DUPFD_CLOEXEC */
#include "spawn/post.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/memory.h"

struct post_parcel {
	struct post_parcel *next;
	int fds[FD_PASS_MAX];
	size_t n_fds;
	size_t size;
	char bytes[];
};

static void
parcel_free(struct post_parcel *parcel)
{
	for (size_t i = 0; i < parcel->n_fds; i++)
		fd_close(&parcel->fds[i]);
	memory_free(parcel);
}

static int
duplicate_fds(struct post_parcel *parcel, const int *fds, size_t n_fds)
{
	for (size_t i = 0; i < n_fds; i++) {
		parcel->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (parcel->fds[i] < 0)
			return -1;
		parcel->n_fds++;
	}
	return 0;
}

static struct post_parcel *
parcel_new(const struct life_packet *packet, const void *text)
{
	size_t text_size = packet->text_size;
	struct post_parcel *parcel = memory_new(1, sizeof *parcel + sizeof *packet + text_size);

	if (parcel == NULL)
		return NULL;
	parcel->size = sizeof *packet + text_size;
	memcpy(parcel->bytes, packet, sizeof *packet);
	if (text_size != 0)
		memcpy(parcel->bytes + sizeof *packet, text, text_size);
	return parcel;
}

static void
keep(struct post *post, struct post_parcel *parcel)
{
	if (post->last != NULL)
		post->last->next = parcel;
	else
		post->first = parcel;
	post->last = parcel;
}

/* 1: sent, 0: no room, -1 with EPIPE. */
static int
try(int socket, const void *bytes, size_t size, const int *fds, size_t n_fds)
{
	if (fd_send(socket, bytes, size, fds, n_fds, MSG_DONTWAIT) >= 0)
		return 1;
	/* ETOOMANYREFS: too many descriptors are under way; they are taken out soon. */
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM ||
		errno == ETOOMANYREFS)
		return 0;
	errno = EPIPE;
	return -1;
}

static int
send_or_keep(
	struct post *post, int socket, struct post_parcel *parcel, const int *fds, size_t n_fds)
{
	int sent = post->first == NULL ? try(socket, parcel->bytes, parcel->size, fds, n_fds) : 0;
	int failed;

	if (sent == 0 && duplicate_fds(parcel, fds, n_fds) == 0) {
		keep(post, parcel);
		return 0;
	}
	failed = errno;
	parcel_free(parcel);
	errno = failed;
	return sent == 1 ? 0 : -1;
}

int
post_send(struct post *post, int socket, struct life_packet *packet, const void *text,
	const int *fds, size_t n_fds)
{
	struct post_parcel *parcel;

	packet->magic = LIFE_MAGIC;
	if (post->first == NULL && packet->text_size == 0) {
		int sent = try(socket, packet, sizeof *packet, fds, n_fds);
		if (sent != 0)
			return sent == 1 ? 0 : -1;
	}
	parcel = parcel_new(packet, text);
	if (parcel == NULL) {
		errno = ENOMEM;
		return -1;
	}
	return send_or_keep(post, socket, parcel, fds, n_fds);
}

int
post_flush(struct post *post, int socket)
{
	struct post_parcel *parcel;

	while ((parcel = post->first) != NULL) {
		int sent = try(socket, parcel->bytes, parcel->size, parcel->fds, parcel->n_fds);

		if (sent != 1)
			return sent;
		post->first = parcel->next;
		if (post->first == NULL)
			post->last = NULL;
		parcel_free(parcel);
	}
	return 0;
}

void
post_finish(struct post *post)
{
	struct post_parcel *parcel;

	while ((parcel = post->first) != NULL) {
		post->first = parcel->next;
		parcel_free(parcel);
	}
	post->last = NULL;
}

static int
is_whole(const struct life_packet *packet, ssize_t size)
{
	return packet->magic == LIFE_MAGIC && packet->text_size == (size_t)size - sizeof *packet;
}

static int
refuse(int *fds, size_t *n_fds)
{
	for (size_t i = 0; i < *n_fds; i++)
		fd_close(&fds[i]);
	*n_fds = 0;
	errno = EBADMSG;
	return -1;
}

/* Why nothing came; a cut packet still shows its head. */
static int
explain(const struct life_packet *packet, int failed)
{
	if (failed == EAGAIN || failed == EWOULDBLOCK)
		return 0;
	if (failed == EMSGSIZE)
		errno = packet->magic == LIFE_MAGIC && packet->text_size <= LIFE_TEXT_MAX ? EMFILE
											  : EBADMSG;
	else
		errno = EPIPE;
	return -1;
}

int
post_receive(
	int socket, struct life_packet *packet, char *bytes, size_t size, int *fds, size_t *n_fds)
{
	ssize_t received;

	memset(bytes, 0, sizeof *packet);
	/* ECONNRESET says once that the other end left something unread; what it had sent still comes. */
	do
		received = fd_receive(socket, bytes, size, fds, n_fds, MSG_DONTWAIT);
	while (received < 0 && errno == ECONNRESET);
	memcpy(packet, bytes, sizeof *packet);
	if (received < 0)
		return explain(packet, errno);
	if (received == 0) {
		errno = EPIPE;
		return -1;
	}
	return (size_t)received >= sizeof *packet && is_whole(packet, received)
		? 1
		: refuse(fds, n_fds);
}
