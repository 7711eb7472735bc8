/* Results that no pool made: of what a queue or a map could not run. */
#ifndef DELIVER_RESULT_H
#define DELIVER_RESULT_H

#include <stdint.h>

#include <orderly/result.h>

/* A result of a task that never started, with its reason; NULL without memory.  Free with ord_result_destroy. */
struct ord_result *result_unrun(
	uint64_t sequence, void *user, uint32_t state, const char *text);

#endif
