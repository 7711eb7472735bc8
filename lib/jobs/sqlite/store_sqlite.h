/* The store "sqlite:PATH", built if libsqlite3 is there. */
#ifndef JOBS_STORE_SQLITE_H
#define JOBS_STORE_SQLITE_H

#include "jobs/store.h"

extern const struct store_functions store_sqlite;

#endif
