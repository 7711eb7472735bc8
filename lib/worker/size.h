/* How large this process is. */
#ifndef WORKER_SIZE_H
#define WORKER_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* Resident memory in KiB; own: without what it shares with other processes or files.  0 if the system does not say. */
uint64_t size_resident_kib(bool own);

/* The addresses that it has mapped, in KiB, or 0. */
uint64_t size_mapped_kib(void);

#endif
