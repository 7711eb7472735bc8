/*
 * A proc that takes longer than it should has no rest, and counts no more than
 * that: when it will end nobody knows.
 */
#include "expected.h"

#include <stdio.h>

#include "estimate.h"

unsigned
expected_percent(uint64_t elapsed_ns, uint64_t expected_ns)
{
	double part = expected_ns != 0 ? (double)elapsed_ns / (double)expected_ns : 1;

	return part < EXPECTED_PERCENT_MOST / 100.0 ? (unsigned)(part * 100)
						    : EXPECTED_PERCENT_MOST;
}

void
expected_bar(struct text *out, uint64_t elapsed_ns, uint64_t expected_ns)
{
	unsigned percent = expected_percent(elapsed_ns, expected_ns), i;
	char text[16];

	text_add_byte(out, '[');
	for (i = 0; i < EXPECTED_BAR_COLUMNS; i++)
		text_add_byte(out, i < EXPECTED_BAR_COLUMNS * percent / 100 ? '#' : '.');
	snprintf(text, sizeof text, "] %2u%%", percent);
	text_add_string(out, text);
}

void
expected_add(
	struct expected *expected, uint64_t expected_ns, uint64_t elapsed_ns, uint64_t behind_ns)
{
	uint64_t left_ns = expected_ns > elapsed_ns ? expected_ns - elapsed_ns : 0;

	if (expected_ns != 0) {
		expected->sum_ns += left_ns;
		expected->known_ns += expected_ns;
		expected->n_known++;
	} else {
		expected->n_unknown++;
	}
	if (left_ns + behind_ns > expected->longest_ns)
		expected->longest_ns = left_ns + behind_ns;
}

uint64_t
expected_rest(const struct expected *expected, uint32_t jobs)
{
	uint64_t sum_ns = expected->sum_ns;

	if (expected->n_known == 0)
		return expected->n_unknown == 0 ? 0 : ESTIMATE_UNKNOWN;
	sum_ns += expected->known_ns / expected->n_known * expected->n_unknown;
	sum_ns /= jobs != 0 ? jobs : 1;
	return sum_ns > expected->longest_ns ? sum_ns : expected->longest_ns;
}
