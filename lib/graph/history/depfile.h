/*
 * Depfiles: what compilers write for make, and what it says of more inputs.
 * Rules "target …: file file …", continued by a backslash at the end of a
 * line; a backslash in front of a space, `#`, `:` or a backslash that stands
 * before these takes it as it is, `$$` is a `$`, `#` begins a comment.
 */
#ifndef GRAPH_DEPFILE_H
#define GRAPH_DEPFILE_H

#include <stddef.h>

#include "base/error.h"
#include "graph/names/texts.h"

/*
 * Append the files that rules have behind their colons, in their order, as
 * often as they are there.  Targets without a file (-MP) are none.
 *
 * Returns 0, or with a sentence: ORD_EINVAL no rule, a line that is none, a
 * NUL; ORD_ENOMEM.
 */
int depfile_read(const char *text, size_t size, struct texts *files, struct error *error);

#endif
