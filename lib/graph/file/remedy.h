/*
 * What libyaml complains about, in words about the line at which a person
 * went wrong, and what to do about it.
 */
#ifndef GRAPH_REMEDY_H
#define GRAPH_REMEDY_H

#include <stddef.h>

#include "graph/file/source.h"

struct complaint {
	const char *problem; /* libyaml's words */
	const char *context; /* "": none */
	size_t at;           /* bytes before the problem */
	size_t context_at;
};

/* Sets ORD_EINVAL with a sentence, returns it. */
int remedy_explain(
	const struct source *source, const struct complaint *complaint, struct error *error);

#endif
