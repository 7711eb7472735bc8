/* The tables of the database, as each version had them. */
#include "graph/history/tables.h"

#include <stddef.h>

#include "graph/history/database.h"

/* migrations[i] leads from version i to i + 1. */
static const char *const migrations[DATABASE_VERSION] = {
	"CREATE TABLE record (name BLOB PRIMARY KEY, content BLOB NOT NULL, low INTEGER NOT NULL,"
	" high INTEGER NOT NULL);"
	"CREATE TABLE attempt (name BLOB PRIMARY KEY, state INTEGER NOT NULL, began_ns INTEGER NOT NULL)"
	" WITHOUT ROWID;"
	"CREATE TABLE counter (version INTEGER NOT NULL);"
	"INSERT INTO counter (version) VALUES (0);"
	"CREATE TABLE run (id INTEGER PRIMARY KEY, name BLOB NOT NULL, start_ns INTEGER, end_ns INTEGER,"
	" user_ns INTEGER, system_ns INTEGER, memory_bytes INTEGER, state INTEGER, exit_code INTEGER,"
	" why TEXT);"
	"CREATE INDEX run_of ON run (name, id);",
	"ALTER TABLE run ADD COLUMN whole_ns INTEGER;"
	"UPDATE run SET state = 4 WHERE state = 3", /* successes were told as procs that run */
};

/* What makes an older version look like this one to those who may not write. */
static const char *const views[DATABASE_VERSION] = {
	[1] = "CREATE TEMP VIEW run AS SELECT id, name, start_ns, end_ns, user_ns, system_ns,"
	      " memory_bytes, CASE state WHEN 3 THEN 4 ELSE state END AS state, exit_code, why,"
	      " 0 AS whole_ns FROM main.run",
};

const char *
tables_step(int64_t version)
{
	return migrations[version];
}

const char *
tables_view(int64_t version)
{
	return views[version];
}
