/* Lists that are directories: see store.c. */
#ifndef JOBS_STORE_DIR_H
#define JOBS_STORE_DIR_H

#include "jobs/store.h"

extern const struct store_functions store_dir;

#endif
