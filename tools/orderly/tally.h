/* How many tasks ended how, what --halt makes of it, and the exit status. */
#ifndef TOOL_TALLY_H
#define TOOL_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "values.h"

/* One task's end. */
struct outcome {
	int state;     /* an enum ord_state */
	int exit_code; /* -1 if it did not exit */
	int signal;    /* 0 if none ended it */
	bool started;
};

struct tally {
	struct halt_rule halt;
	uint64_t failed, succeeded;
	bool halted;     /* the rule has been met */
	int halt_status; /* the exit status then */
};

/* Count a task; true if it is the one that meets the rule. */
bool tally_add(struct tally *tally, const struct outcome *outcome);

/* GNU parallel's exit status: the number of failed tasks, 101 for more than 100. */
int tally_status(const struct tally *tally);

/* What a shell would have as the exit status of a task. */
int tally_exit_status(const struct outcome *outcome);

#endif
