/* The JSON Schema of a graph's file, for editors. */
#ifndef GRAPH_SCHEMA_H
#define GRAPH_SCHEMA_H

#include "base/buffer.h"

/* Append the schema (draft 7) as JSON with a newline behind it; 0, or -1 without memory. */
int schema_write(struct buffer *to);

#endif
