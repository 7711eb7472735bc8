#include "numbers.h"

int
main(void)
{
	static const long numbers[] = { 1, 2, 3 };

	return numbers_sum(numbers, 3) == 6 ? 0 : 1;
}
