/* What stands in front of lines, and at the head of what is shown live: --status. */
#ifndef TOOL_RUN_STATUS_H
#define TOOL_RUN_STATUS_H

#include <stdint.h>

#include "text.h"

/* How far the run is. */
struct run_numbers {
	uint64_t finished, total, started, running, failed;
	uint64_t elapsed_ns;
	uint64_t rest_ns; /* ESTIMATE_UNKNOWN: nobody knows */
	double rate;
};

/* NULL, or what is wrong with a format. */
const char *run_status_check(const char *format);

/* Append a format that has been checked, with its placeholders filled. */
void run_status_fill(struct text *out, const char *format, const struct run_numbers *numbers);

#endif
