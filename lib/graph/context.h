/*
 * What a function's task gets as its input, and what it asks.  Both sides are
 * of the same build of the library, or the version does not fit.
 *
 * The input: struct context_header, then entries, each a struct context_entry,
 * its value, a NUL, its name, a NUL, filled up to 8 bytes: first the proc
 * itself (its value is empty), then args, params, results.
 * A question: uint32_t kind, uint32_t 0, then names, each with its NUL.
 * An answer: struct context_answer, then bytes: a result, a value or what a
 * person said, or of a failure the sentence; and a NUL.
 */
#ifndef GRAPH_CONTEXT_H
#define GRAPH_CONTEXT_H

#include <stdint.h>

#define CONTEXT_MAGIC UINT64_C(0x31687067646f726f) /* its last byte counts versions */
#define CONTEXT_RESULT_MAX 4096                    /* larger results are asked for */
#define CONTEXT_RESULTS_MAX 65536 /* as is what would make all of them larger than this */

struct context_header {
	uint64_t magic;
	uint32_t attempt;
	uint32_t n_args;
	uint32_t n_params;
	uint32_t n_results;
};

struct context_entry {
	uint32_t name_size;
	uint32_t value_size;
};

enum context_ask {
	ASK_RESULT = 1,
	ASK_CREATE,
	ASK_START,
	ASK_RUN,
	ASK_WAIT,
	ASK_WAIT_LOCKS,
	ASK_SKIP,
	ASK_NO_CHANGE,
	ASK_ARG, /* functions have these two with their input */
	ASK_PARAM,
	ASK_INPUT, /* the name is a prompt */
	ASK_PASSWORD,
	ASK_CHANGED_DEPS, /* names, each with a NUL for a function, with a newline for a client */
	ASK_FINGERPRINT
};

struct context_answer {
	int32_t status; /* 0 or a negative enum ord_status */
	uint32_t unused;
};

#endif
