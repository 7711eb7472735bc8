/* How far a proc is, and how long the rest takes, by how long each should take. */
#ifndef TOOL_EXPECTED_H
#define TOOL_EXPECTED_H

#include <stdint.h>

#include "text.h"

#define EXPECTED_BAR_COLUMNS 10
#define EXPECTED_PERCENT_MOST 99 /* it has not ended */

/* How much of the time that it should take has passed. */
unsigned expected_percent(uint64_t elapsed_ns, uint64_t expected_ns);

/* Append "[####......] 40%". */
void expected_bar(struct text *out, uint64_t elapsed_ns, uint64_t expected_ns);

/* What is left to do; zeroed it is nothing. */
struct expected {
	uint64_t sum_ns;     /* of what is left of each that is known */
	uint64_t known_ns;   /* what all of these take from their beginning */
	uint64_t n_known;
	uint64_t n_unknown;  /* others */
	uint64_t longest_ns; /* way from one that is left to the end, as far as it is known */
};

/*
 * One more that has not ended: how long it should take (0: not known), for how
 * long it has run, and the longest way behind it.
 */
void expected_add(struct expected *expected, uint64_t expected_ns, uint64_t elapsed_ns,
	uint64_t behind_ns);

/*
 * How long the rest takes with so many at once: no less than what is left
 * shared by them, and no less than the longest way.  Of what is not known it
 * is taken that it takes as long as the others on average.  ESTIMATE_UNKNOWN:
 * nothing is known of any.
 */
uint64_t expected_rest(const struct expected *expected, uint32_t jobs);

#endif
