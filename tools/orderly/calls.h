/* `orderly map --fn`: each task is a call of a function in a shared object. */
#ifndef TOOL_CALLS_H
#define TOOL_CALLS_H

#include "map.h"

extern const struct feeder calls_feeder;

/* Print what the function returned, with a newline behind it if it has none. */
void calls_take(struct map *map, const struct ord_result *result);

#endif
