/* What a user writes first: the version of the header must be that of the library. */
#include <orderly/orderly.h>
#include <stdio.h>
#include <string.h>

int
main(void)
{
	printf("orderly %s\n", ord_version());
	return strcmp(ord_version(), ORD_VERSION) != 0;
}
