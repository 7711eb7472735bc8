/* `orderly map --pipe`: each task is a run of the command that reads a block. */
#ifndef TOOL_PIPE_H
#define TOOL_PIPE_H

#include "map.h"

extern const struct feeder pipe_feeder;

/* How many blocks may lie in memory. */
uint32_t pipe_window(const struct map_options *options);

#endif
