#include "config.h"
#include "numbers.h"

const char *
numbers_version(void)
{
	return NUMBERS_VERSION;
}
