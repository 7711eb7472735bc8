/*
 * Commands talk to their graph: a socket in a directory of its own, which only
 * this user can enter, and one question at a time from each client.  It is a
 * SOCK_SEQPACKET of the system's and not one of ZeroMQ, which ends the process
 * where accept finds no descriptor, and never says that a peer is gone.
 */
#ifndef GRAPH_SOCKET_H
#define GRAPH_SOCKET_H

#include <stddef.h>
#include <stdint.h>

struct ord_graph;
struct ord_proc;
struct client;
struct buffer;

/* Open it; 0 or an error with its sentence. */
int socket_open(struct ord_graph *graph);

/* Close and remove it; in a forked process it stays for its owner. */
void socket_close(struct ord_graph *graph);

/* An attempt is about to start: who knows its token speaks for it.  The two variables that say so are appended. */
int socket_admit(
	struct ord_graph *graph, struct ord_proc *proc, struct buffer *env, uint32_t *count);

/* The attempt is over. */
void socket_dismiss(struct ord_graph *graph, struct ord_proc *proc);

/* A client's answer; one that cannot get it is closed. */
void socket_answer(
	struct ord_graph *graph, struct client *client, int status, const void *bytes, size_t size);

#endif
