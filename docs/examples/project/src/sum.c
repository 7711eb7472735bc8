#include "numbers.h"

long
numbers_sum(const long *numbers, size_t n)
{
	long sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += numbers[i];
	return sum;
}
