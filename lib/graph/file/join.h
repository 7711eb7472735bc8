/* The parts of a graph that is written in several files, as one. */
#ifndef GRAPH_JOIN_H
#define GRAPH_JOIN_H

#include "graph/file/file.h"

/* Join parts[n] into file->all; what is in two of them is an error that names both places. */
int join_parts(struct graph_file *file, struct file_part *const *parts, uint32_t n);

#endif
