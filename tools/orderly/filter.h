/* `orderly map --filter`: each task is a batch of lines for a co-process. */
#ifndef TOOL_FILTER_H
#define TOOL_FILTER_H

#include "map.h"

extern const struct feeder filter_feeder;

/* Make the bytes that all workers share, into setup; 0 or an exit status after a complaint. */
int filter_init(struct map *map, struct text *setup);

/* How many batches may be on their way. */
uint32_t filter_window(const struct map_options *options);

/* Print the answers of a batch and count its lines; true if that meets the rule of --halt. */
bool filter_take(struct map *map, const struct ord_result *result, const struct outcome *outcome);

void filter_finish(struct map *map);

#endif
