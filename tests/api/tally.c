/* The tallies of tests/flow. */
#include "../flow/tally.c"
