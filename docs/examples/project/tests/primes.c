#include "numbers.h"

int
main(void)
{
	return numbers_is_prime(7) && !numbers_is_prime(9) ? 0 : 1;
}
