/*
 * Structs of options from programs of another version: options.h.
 */
#include "base/options.h"

#include <string.h>

#include <orderly/status.h>

#define SIZE_LIMIT 65536 /* larger than a struct of options ever becomes: its size was not set */

int
options_copy(void *to, size_t size, size_t first, const void *from)
{
	const char *bytes = from;
	size_t theirs;

	memcpy(&theirs, from, sizeof theirs);
	if (theirs < first || theirs > SIZE_LIMIT)
		return ORD_EINVAL;
	for (size_t i = size; i < theirs; i++)
		if (bytes[i] != 0)
			return ORD_ENOTSUP;
	memset(to, 0, size);
	memcpy(to, from, theirs < size ? theirs : size);
	memcpy(to, &size, sizeof size);
	return ORD_OK;
}
