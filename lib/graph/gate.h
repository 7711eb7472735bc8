/*
 * Whether one more proc may start beside those that run: a token of the
 * jobserver is there, the machine is not too busy.  The first one needs
 * neither.  What is waited for is a source of the loop, and only while
 * something could start with it.
 */
#ifndef GRAPH_GATE_H
#define GRAPH_GATE_H

#include <stdint.h>

#include "graph/jobserver/jobserver.h"
#include "graph/poll.h"

struct ord_graph;
struct ord_pool_options;

struct gate {
	struct jobserver jobserver;
	struct poll_source tokens; /* while one is waited for */
	struct poll_source rest;   /* a timer, while the load is too high */
	uint64_t look_ns;          /* when the load is looked at again */
	int busy;                  /* it was too high */
	int in_tokens, in_rest;    /* the sources are added */
	const char *root;          /* where the files of the kernel lie */
};

void gate_init(struct gate *gate);

/* Before the pool is made: the jobserver, and how many slots that means.  0 or ORD_ENOMEM. */
int gate_start(struct ord_graph *graph);

/* Which descriptors commands need: keep[2], and how many of them. */
uint32_t gate_lent(const struct gate *gate, int keep[2]);

/* What commands find in their environment, NAME=value; NULL: nothing. */
const char *gate_environment(const struct gate *gate);

/* Asked before each start. */
int gate_may_start(struct ord_graph *graph);

/* Asked before a proc that has waited goes on: it needs a token, too, but is none that starts. */
int gate_may_return(struct ord_graph *graph);

/* Nothing more starts now: tokens that nobody needs go back, others are waited for. */
void gate_settle(struct ord_graph *graph);

void gate_finish(struct ord_graph *graph);

#endif
