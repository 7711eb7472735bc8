#include "numbers.h"
#include "primes.h"

int
numbers_is_prime(long number)
{
	for (size_t i = 0; i < sizeof primes / sizeof *primes; i++)
		if (primes[i] == number)
			return 1;
	return 0;
}
