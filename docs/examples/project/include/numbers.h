/* Numbers: a library to build, not to use. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <stddef.h>

/* The sum of n numbers. */
long numbers_sum(const long *numbers, size_t n);

/* Whether a number is one of those in primes.txt. */
int numbers_is_prime(long number);

const char *numbers_version(void);

#endif
