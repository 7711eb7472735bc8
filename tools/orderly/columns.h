/* How wide text is on a terminal: UTF-8, with wide and combining characters and escape sequences in it. */
#ifndef TOOL_COLUMNS_H
#define TOOL_COLUMNS_H

#include <stddef.h>

#include "text.h"

/* Columns of one line; escape sequences have none. */
size_t columns_width(const char *bytes, size_t size);

/* Rows that a text of several lines takes on a terminal that breaks lines, at least 1. */
size_t columns_rows(const char *bytes, size_t size, size_t columns);

/*
 * Append what fits into so many columns of a line, without escape sequences
 * and control characters; what is cut is told by a last `…`.  Returns the
 * columns that it took.
 */
size_t columns_cut(struct text *out, const char *bytes, size_t size, size_t most);

#endif
