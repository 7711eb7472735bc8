/*
 * A peer is a script that reads lines "METHOD TASKS" and answers each with
 * "done" when it has checked every result in its order.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct peer {
	pid_t pid;
	FILE *ask;
	FILE *answer;
};

/* One side of turns.h. */
struct peer_turn {
	struct peer *peer;
	const char *method;
};

/* Starts bench/against/SCRIPT; false if the script, its interpreter or what it needs is not there. */
bool peer_start(struct peer *peer, const char *interpreter, const char *script);

void peer_turn(void *peer_turn, uint64_t tasks);

/* Also of one that did not start. */
void peer_stop(struct peer *peer);

#endif
