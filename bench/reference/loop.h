/*
 * The same work on bare libzmq, as fast as it is known to go: one PUSH per
 * worker, one PULL for results, messages of many tasks, credit counted by the
 * master, receive until EAGAIN before polling, results put in order in a ring.
 * Nothing is kept for crashes, nothing is captured, nobody is watched: this is
 * the bound, not an alternative.
 */
#ifndef BENCH_LOOP_H
#define BENCH_LOOP_H

#include <stddef.h>
#include <stdint.h>

struct loop;

/* How tasks travel. */
struct shape {
	uint64_t window; /* tasks sent and not delivered */
	uint64_t batch;  /* tasks in a message */
	uint64_t credit; /* tasks at one worker */
	size_t size;     /* bytes of a payload: 8 adds one, any other is given back */
};

/* Forks the workers; they are not yet connected. The process must have no threads of its own. */
struct loop *loop_new(unsigned workers);

/* Binds, lets the workers connect, and returns at the first answer of each. Returns the time of the first. */
uint64_t loop_connect(struct loop *loop);

/* Runs tasks and checks every result and its place. */
void loop_run(struct loop *loop, const struct shape *shape, uint64_t tasks);

/* One side of turns.h: a loop and the shape in which it runs. */
struct loop_turn {
	struct loop *loop;
	struct shape shape;
};

void loop_turn(void *loop_turn, uint64_t tasks);

void loop_destroy(struct loop *loop);

#endif
