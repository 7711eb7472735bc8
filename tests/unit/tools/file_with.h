/* Bytes as a file that can be opened by its path. */
#ifndef TOOLS_FILE_WITH_H
#define TOOLS_FILE_WITH_H

#include <stddef.h>

/* Its path lives until the next call. */
const char *file_with(const char *bytes, size_t size);

#endif
