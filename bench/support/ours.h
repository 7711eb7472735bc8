/*
 * The pool's side of a comparison: a pool whose tasks add one to an 8-byte
 * number, or give back what they got, and whose callback checks every result
 * and its place.
 */
#ifndef BENCH_OURS_H
#define BENCH_OURS_H

#include <stddef.h>
#include <stdint.h>

#include <orderly/orderly.h>

struct ours {
	struct ord_pool *pool;
	uint64_t submitted;
	uint64_t delivered;
	unsigned char *payload; /* of payload_size bytes for echoes, else NULL */
	size_t payload_size;
};

/* The rest of the options stands; on_result is set here, and the function unless there is one that answers the same. */
void ours_start(struct ours *ours, struct ord_pool_options *options);

/* Submits and delivers tasks. */
void ours_run(struct ours *ours, uint64_t tasks);

/* The same with a struct ours, as one side of turns.h. */
void ours_turn(void *ours, uint64_t tasks);

/* What a task does unless the bench has a function of its own. */
int ours_answer(struct ord_task *task, void *user);

/* Waits until all workers are ready. */
void ours_wait_ready(struct ours *ours, uint64_t workers);

void ours_stop(struct ours *ours);

#endif
