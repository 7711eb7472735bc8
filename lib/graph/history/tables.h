/* What leads from one version of the database to the next. */
#ifndef GRAPH_HISTORY_TABLES_H
#define GRAPH_HISTORY_TABLES_H

#include <stdint.h>

/* Statements of SQL that make the next version of this one, below DATABASE_VERSION. */
const char *tables_step(int64_t version);

/* What makes it look like DATABASE_VERSION to those who may not write; NULL: nothing does. */
const char *tables_view(int64_t version);

#endif
