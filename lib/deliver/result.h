/* Results beside those that a pool holds: of what a queue or a map could not run, and those that they keep. */
#ifndef DELIVER_RESULT_H
#define DELIVER_RESULT_H

#include <stdint.h>

#include <orderly/result.h>

/* A result of a task that never started, with its reason; NULL without memory.  Free with ord_result_destroy. */
struct ord_result *result_unrun(
	uint64_t sequence, void *user, uint32_t state, const char *text);

/* The same in a zeroed result of the caller's; without memory it has no reason. */
void result_set_unrun(
	struct ord_result *result, uint64_t sequence, uint32_t state, const char *text);

/* Make a result that was delivered the caller's own, to be freed with result_finish; it stays readable there. */
void result_move(struct ord_result *to, const struct ord_result *from);

#endif
