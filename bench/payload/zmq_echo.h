/*
 * What a program does that sends large payloads with bare libzmq: two workers
 * give back what they get, by zmq_send of the bytes or by forwarding the
 * message; the master sends from its buffer, or a message that refers to it.
 */
#ifndef BENCH_ZMQ_ECHO_H
#define BENCH_ZMQ_ECHO_H

#include <stddef.h>
#include <stdint.h>

struct zmq_echo;

/* Forks the workers: before any pool or context of this process. */
struct zmq_echo *zmq_echo_new(unsigned workers);

/* Connects. */
void zmq_echo_start(struct zmq_echo *echo);

/* Sends n payloads with so many in flight, and checks both ends of each that comes back. */
void zmq_echo_run(struct zmq_echo *echo, const unsigned char *payload, size_t size, unsigned in_flight,
	unsigned n, int zero_copy);

void zmq_echo_destroy(struct zmq_echo *echo);

#endif
