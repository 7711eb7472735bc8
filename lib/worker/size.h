/* How large this process is. */
#ifndef WORKER_SIZE_H
#define WORKER_SIZE_H

#include <stdint.h>

/* Resident memory in KiB; 0 if the system does not say. */
uint64_t size_resident_kib(void);

#endif
