/* How many processes can compute at once. */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include <stdint.h>

/* Processors that this process may use; at least 1. */
uint32_t processors_usable(void);

#endif
