/*
 * Packets on their way through the life channel: sent at once if the socket
 * has room, else kept in order with duplicates of their descriptors.  Both
 * ends use it, so neither ever waits for the other.
 */
#ifndef SPAWN_POST_H
#define SPAWN_POST_H

#include <stddef.h>

#include "spawn/life.h"

struct post_parcel; /* a packet that is kept */

/* A zeroed struct keeps nothing. */
struct post {
	struct post_parcel *first;
	struct post_parcel *last;
};

/*
 * Send or keep a packet.  text[packet->text_size] goes with it; magic is set here;
 * the descriptors stay the caller's.  Returns 0, or -1 with errno: ENOMEM, EMFILE (no
 * descriptor for a duplicate), or EPIPE: nobody is at the other end.
 */
int post_send(struct post *post, int socket, struct life_packet *packet, const void *text,
	const int *fds, size_t n_fds);

/* Send what is kept and what the socket has room for.  0, or -1 with EPIPE. */
int post_flush(struct post *post, int socket);

/* Forget what is kept. */
void post_finish(struct post *post);

/*
 * Receive one packet into bytes[size]; its text starts at bytes + sizeof *packet.
 * Returns 1; 0: none there now; -1 with errno: EPIPE: the other end is closed,
 * EBADMSG: it was none of ours, its descriptors are closed, EMFILE: there was
 * no room for its descriptors, packet tells whose they were.
 */
int post_receive(
	int socket, struct life_packet *packet, char *bytes, size_t size, int *fds, size_t *n_fds);

#endif
