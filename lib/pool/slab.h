/*
 * The master's side of large payloads: it writes inputs into the slab and
 * takes outputs from there.  What is not there, or has no room, travels as
 * records do, so none of these functions can make a task fail.
 */
#ifndef POOL_SLAB_H
#define POOL_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "shared/slab.h"
#include "wire/record.h"

struct ord_pool;
struct incarnation;
struct outputs; /* of a place: the stretch that its workers write */

struct pool_slabs {
	int fd; /* -1: there are none */
	uint64_t stretch;
	struct slab inputs;
	bool tried;               /* to map it */
	struct outputs **outputs; /* by place; NULL: nothing large has come from there */
	uint32_t n_outputs;
};

/* Make the file, if the pool has workers; without it everything goes by records. */
void slabs_start(struct ord_pool *pool);

/* Free all; what users have kept stays theirs.  Behind the core, whose inputs lie here. */
void slabs_finish(struct ord_pool *pool);

/* Copy a large input into the slab: feed is the block, input its handle.  -1: copy it elsewhere. */
int slabs_put(struct ord_pool *pool, struct task *task, struct blob *feed, const void *input,
	size_t size);

/* A worker is about to start at a place: say what of its predecessors' lies there. */
void slabs_hand_over(struct ord_pool *pool, uint32_t place);

/* Take a BLOCK: an output that the RESULT behind it completes.  slot NULL: nobody wants it.  -1: it makes no sense. */
int slabs_take(struct incarnation *incarnation, const struct record *record, struct slot *slot);

/* How many inputs and outputs are there, for tests. */
uint64_t slabs_held(const struct ord_pool *pool);

#endif
