/* The same from C++. */
#include <cstdio>
#include <cstring>
#include <orderly/orderly.h>

int
main()
{
	std::printf("orderly %s\n", ord_version());
	return std::strcmp(ord_version(), ORD_VERSION) != 0;
}
