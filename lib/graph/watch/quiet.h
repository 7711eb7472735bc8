/*
 * When changes are acted upon: when none has come for a while, or when the
 * first of them has waited for long enough.  Pure: the clock is handed in.
 */
#ifndef GRAPH_QUIET_H
#define GRAPH_QUIET_H

#include <stdint.h>

#define QUIET_NEVER UINT64_MAX

struct quiet {
	uint64_t quiet_ns;   /* without a change */
	uint64_t longest_ns; /* since the first that was not acted upon */
	uint64_t due_ns;     /* QUIET_NEVER: there is nothing */
	uint64_t latest_ns;  /* due_ns is not moved behind it */
};

void quiet_init(struct quiet *quiet, uint64_t quiet_ns, uint64_t longest_ns);

/* A change came.  Or one that does not wait. */
void quiet_note(struct quiet *quiet, uint64_t now_ns);
void quiet_hurry(struct quiet *quiet, uint64_t now_ns);

/* 1 if it is time; then it begins anew. */
int quiet_take(struct quiet *quiet, uint64_t now_ns);

#endif
