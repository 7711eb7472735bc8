/* Which options go with which kind of task. */
#ifndef TOOL_KINDS_H
#define TOOL_KINDS_H

#include "options.h"

/* Ends the process with a sentence and STATUS_TROUBLE if some do not. */
void kinds_check(const struct map_options *options);

#endif
