/*
 * Values of a tree into the fields of file.h, as the table of keys says.
 */
#ifndef GRAPH_FIELD_H
#define GRAPH_FIELD_H

#include "base/error.h"
#include "graph/file/blocks.h"
#include "graph/file/file.h"
#include "graph/file/keys.h"
#include "graph/file/yaml.h"

struct fields {
	const struct source *source;
	struct blocks *blocks;
	struct error *error;
	const struct tree *proc; /* whose fields are read; NULL: of none */
};

/* Fill the struct of a section from a map, or what stands for one.  0, ORD_EINVAL or ORD_ENOMEM with a sentence. */
int field_struct(struct fields *fields, const struct section *section, const struct tree *tree,
	void *target);

#endif
