/* A core with its claim words, and what its pool and its workers do to it, in one line each. */
#ifndef CORE_SUPPORT_H
#define CORE_SUPPORT_H

#include "core/core.h"

#define SIGNALED(number) (number)
#define EXITED(code) ((code) << 8)

struct stage {
	struct core core;
	_Atomic uint64_t claims[64];
	uint64_t now_ns;
	uint32_t n; /* tasks in the last message */
};

/* Unset options: room for everything, 10 deaths, quarantine after 3; workers are not there yet. */
void stage_open(struct stage *stage, struct core_options options, uint64_t first);
void stage_close(struct stage *stage);

/* Starts every worker that is missing. */
void stage_bring_up(struct stage *stage);

struct slot *stage_submit(struct stage *stage, const char *input, uint32_t retries);
struct slot *stage_submit_command(struct stage *stage, uint32_t retries);

/* The next thing to do, which must be of this kind; returns its place, and the slot's sequence if it has one. */
uint32_t stage_next(struct stage *stage, enum dispatch_kind kind, uint64_t *sequence);

/* The worker at a place starts its task; false: it may not, and says so. */
bool stage_start(struct stage *stage, uint32_t place);

/* It starts its task if it has not yet, and answers. */
void stage_answer(struct stage *stage, uint32_t place, uint32_t state, const char *output);

void stage_die(struct stage *stage, uint32_t place, int wait_status);
void stage_end_command(struct stage *stage, uint32_t place, int wait_status);

/* Takes what is deliverable, which must be this sequence; the caller finishes the result. */
struct ord_result stage_take(struct stage *stage, uint64_t sequence);

/* The same, for a caller that wants to know only how it ended. */
void stage_expect(struct stage *stage, uint64_t sequence, uint32_t state);

/* The last of its tasks, of sequence 0, is done by the worker at a place; and that is all. */
void stage_do_last(struct stage *stage, uint32_t place);

/* A first result that tells of one attempt. */
void stage_expect_once(struct stage *stage, uint32_t state);

/* No invariant is broken and nothing is deliverable. */
void stage_quiet(const struct stage *stage);

#endif
