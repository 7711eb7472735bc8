/* What the machine and the process's limits allow. */
#ifndef TOOL_MACHINE_H
#define TOOL_MACHINE_H

#include <stdint.h>

/* Processors that this process may use, at least 1. */
uint32_t machine_processors(void);

/* How many commands can run at once, as far as descriptors and the pool allow. */
uint32_t machine_most_jobs(void);

#endif
