/* The store "postgresql://…", built if libpq is there. */
#ifndef JOBS_POSTGRESQL_STORE_POSTGRES_H
#define JOBS_POSTGRESQL_STORE_POSTGRES_H

#include "jobs/store.h"

extern const struct store_functions store_postgres;

#endif
