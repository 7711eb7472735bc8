/* Text that a terminal shows as a link to a file (OSC 8). */
#ifndef TOOL_LINKS_H
#define TOOL_LINKS_H

#include "text.h"

/* Append what begins a link: a path is absolute, or counts from a directory; host may be "". */
void links_begin(struct text *out, const char *host, const char *directory, const char *path);

void links_end(struct text *out);

#endif
