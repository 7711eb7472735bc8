/*
 * How often a test does the same again: in an instrumented build a quarter of
 * the rounds.  What is looked for there, such as a read behind an end, shows at
 * once where it is done at all; what needs many rounds is looked for without.
 */
#ifndef TESTS_SUPPORT_SCALE_H
#define TESTS_SUPPORT_SCALE_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCALED(rounds) ((rounds) / 4)
#else
#define SCALED(rounds) (rounds)
#endif

#endif
