/* Pools whose tasks say something: one log record of 80 bytes each, counted as they come. */
#ifndef BENCH_SPOKEN_H
#define BENCH_SPOKEN_H

#include <stdint.h>

#include "ours.h"

struct spoken {
	struct ours ours;
	uint64_t messages;
};

/* The rest of the options stands; function and on_message are set here. */
void spoken_start(struct spoken *spoken, struct ord_pool_options *options);

/* One side of turns.h: runs tasks and checks that each said its line. */
void spoken_turn(void *spoken, uint64_t tasks);

void spoken_stop(struct spoken *spoken);

#endif
