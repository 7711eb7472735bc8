/*
 * Sets of places, a bit for each: which place is idle, or wants a worker, is
 * found without a look at all of them.  Only place_in and place_out change them.
 */
#ifndef CORE_SETS_H
#define CORE_SETS_H

#include "core/core.h"

#define NO_PLACE UINT32_MAX
#define HUNGRY_CLASSES 13 /* by the logarithm of what it holds, which is at most 4096 tasks */

enum place_set {
	SET_IDLE = 0, /* a task can be given to it now */
	SET_EMPTY,    /* it wants a worker */
	SET_SPARE,    /* its worker is not needed now */
	SET_GRANTED,  /* its task shall be told that it has a slot again */
	SET_LOADED,  /* it holds tasks behind the one that it runs, which another could take over */
	SET_PICKED,  /* nothing that it holds is left to copy */
	SET_WORN,    /* it works, and its worker has been sent its last task */
	SET_USED_UP, /* it would work, and its worker can take nothing, or not yet */
	SET_AHEAD,   /* it is parked with a worker that starts, waits or ends */
	SET_ROOM,    /* it is parked without one */
	SET_HUNGRY,  /* the first class of those that work on their last message */
	SETS = SET_HUNGRY + HUNGRY_CLASSES
};

/* Room for so many places; -1 without memory. */
int sets_init(struct core *core, uint32_t places);
void sets_finish(struct core *core);

/* A place is in these sets (a bit for each) from now on, and in no other. */
void sets_put(struct core *core, uint32_t place, uint32_t sets);

/* The first member from a place on, and the last of all; NO_PLACE: there is none. */
uint32_t set_next(const struct core *core, enum place_set set, uint32_t from);
uint32_t set_last(const struct core *core, enum place_set set);

bool set_has(const struct core *core, enum place_set set, uint32_t place);

#endif
