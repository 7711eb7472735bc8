/* The store "memory:". */
#ifndef JOBS_STORE_MEMORY_H
#define JOBS_STORE_MEMORY_H

#include "jobs/store.h"

extern const struct store_functions store_memory;

#endif
