/*
 * SQLite: a write-ahead log, so that a commit costs no flush of the disk and
 * a killed process loses nothing; after a crash of the machine the last
 * commits may be missing, but whole ones.  The only file that knows SQLite.
 *
 * To change the tables: append a step in tables.c and raise DATABASE_VERSION.
 */
#include "graph/history/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "graph/history/tables.h"

#define APPLICATION 0x4f726479 /* tells it from the databases of others */
#define BUSY_MS 10000          /* a reader may just be closing it */
#define SLACK ((uint64_t)1 << 20)

enum statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	PUT_RECORD,
	DROP_RECORD,
	PUT_ATTEMPT,
	DROP_ATTEMPT,
	PUT_VERSION,
	PUT_RUN,
	PRUNE_RUNS,
	DROP_RUNS,
	GET_RUNS,
	N_STATEMENTS
};

static const char *const texts[N_STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PUT_RECORD] = "INSERT INTO record (name, content, low, high) VALUES (?1, ?2, ?3, ?4)"
		       " ON CONFLICT (name) DO UPDATE SET content = ?2, low = ?3, high = ?4",
	[DROP_RECORD] = "DELETE FROM record WHERE name = ?1",
	[PUT_ATTEMPT] =
		"INSERT OR REPLACE INTO attempt (name, state, began_ns) VALUES (?1, ?2, ?3)",
	[DROP_ATTEMPT] = "DELETE FROM attempt WHERE name = ?1",
	[PUT_VERSION] = "UPDATE counter SET version = max(version, ?1)",
	[PUT_RUN] =
		"INSERT INTO run (name, start_ns, end_ns, user_ns, system_ns, memory_bytes, state,"
		" exit_code, why, whole_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[PRUNE_RUNS] =
		"DELETE FROM run WHERE name = ?1 AND id <= (SELECT id FROM run WHERE name = ?1"
		" ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[DROP_RUNS] = "DELETE FROM run WHERE name = ?1",
	[GET_RUNS] =
		"SELECT start_ns, end_ns, user_ns, system_ns, memory_bytes, state, exit_code, why, whole_ns"
		" FROM run WHERE name = ?1 ORDER BY id DESC",
};

/* What can be done about it. */
static const char *
remedy_of(int code)
{
	switch (code) {
	case SQLITE_FULL: return " (make room there)";
	case SQLITE_BUSY:
	case SQLITE_LOCKED: return " (another program holds it: wait for that, or end it)";
	case SQLITE_READONLY:
	case SQLITE_PERM: return " (make it and its directory writable)";
	case SQLITE_CANTOPEN: return " (is its directory there, and may it be entered?)";
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT: return " (it can be deleted: then everything runs once)";
	default: return "";
	}
}

/* The status and the sentence for what SQLite says. */
static int
trouble(struct database *database, int code, const char *what)
{
	int number = database->handle != NULL ? sqlite3_system_errno(database->handle) : 0;

	if ((code & 0xff) == SQLITE_NOMEM)
		return error_memory(&database->error);
	if ((code & 0xff) == SQLITE_IOERR && number != 0)
		return error_system(&database->error, number, "the database %s cannot be %s",
			database->path, what);
	return error_set(&database->error, ORD_ESYSTEM, "the database %s cannot be %s: %s%s",
		database->path, what, sqlite3_errstr(code), remedy_of(code & 0xff));
}

static int
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* A number that a pragma or a select gives; a code of SQLite. */
static int
ask_number(struct database *database, const char *text, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL);

	*number = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
execute(struct database *database, const char *text)
{
	return sqlite3_exec(database->handle, text, NULL, NULL, NULL);
}

static int
migrate(struct database *database, int64_t from)
{
	char text[96];
	int code = execute(database, "BEGIN IMMEDIATE");

	for (int64_t i = from; code == SQLITE_OK && i < DATABASE_VERSION; i++)
		code = execute(database, tables_step(i));
	snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		APPLICATION, DATABASE_VERSION);
	if (code == SQLITE_OK)
		code = execute(database, text);
	if (code != SQLITE_OK && sqlite3_get_autocommit(database->handle) == 0)
		execute(database, "ROLLBACK");
	return code;
}

/* Of whom and of which version it is; then its tables are as this version has them.  A database_answer or a status. */
static int
identify(struct database *database)
{
	int64_t application, version, tables;
	int code = ask_number(database, "PRAGMA application_id", &application);

	if (code == SQLITE_OK)
		code = ask_number(database, "PRAGMA user_version", &version);
	if (code == SQLITE_OK)
		code = ask_number(database, "SELECT count(*) FROM sqlite_schema", &tables);
	if (is_damage(code))
		return DATABASE_DAMAGED;
	if (code != SQLITE_OK)
		return trouble(database, code, "read");
	if (application != APPLICATION && (tables != 0 || version != 0))
		return error_set(&database->error, ORD_EINVAL,
			"%s is the database of another program: give another path", database->path);
	if (version > DATABASE_VERSION)
		return DATABASE_NEWER;
	if (version < 0)
		return DATABASE_DAMAGED;
	if (version == DATABASE_VERSION || (database->read_only && tables == 0))
		return DATABASE_OPEN;
	if (database->read_only)
		code = tables_view(version) != NULL ? execute(database, tables_view(version))
						    : SQLITE_CORRUPT;
	else
		code = migrate(database, version);
	/* It has not the tables of its version. */
	if (is_damage(code) || (version != 0 && (code & 0xff) == SQLITE_ERROR))
		return DATABASE_DAMAGED;
	return code != SQLITE_OK ? trouble(database, code, "written") : DATABASE_OPEN;
}

/* A name or a content, as text with its NUL behind it; NULL without memory, or where something else lies in the table. */
static const char *
column_bytes(sqlite3_stmt *statement, int column, size_t *size)
{
	const char *bytes = sqlite3_column_blob(statement, column);

	*size = (size_t)sqlite3_column_bytes(statement, column);
	return bytes != NULL ? bytes : "";
}

static int
give_record(sqlite3_stmt *row, const struct database_rows *rows)
{
	struct digest sum = { (uint64_t)sqlite3_column_int64(row, 2),
		(uint64_t)sqlite3_column_int64(row, 3) };
	size_t name_size, size;
	const char *bytes = column_bytes(row, 0, &name_size), *content;
	char *name = memory_copy(bytes, name_size);
	int status;

	if (name == NULL)
		return ORD_ENOMEM;
	content = column_bytes(row, 1, &size);
	status = rows->record(rows->user, name, content, size, &sum);
	memory_free(name);
	return status;
}

static int
give_attempt(sqlite3_stmt *row, const struct database_rows *rows)
{
	size_t size;
	const char *bytes = column_bytes(row, 0, &size);
	char *name = memory_copy(bytes, size);
	int status;

	if (name == NULL)
		return ORD_ENOMEM;
	status = rows->attempt(rows->user, name, (uint32_t)sqlite3_column_int64(row, 1));
	memory_free(name);
	return status;
}

static int
give_version(sqlite3_stmt *row, const struct database_rows *rows)
{
	return rows->version(rows->user, (uint64_t)sqlite3_column_int64(row, 0));
}

/* All rows of a table, to a function.  A database_answer or a status. */
static int
read_table(struct database *database, const struct database_rows *rows, const char *text,
	int (*give)(sqlite3_stmt *row, const struct database_rows *rows))
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database->handle, text, -1, &statement, NULL), status = 0;

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		code = sqlite3_step(statement);
		if (code == SQLITE_ROW)
			status = give(statement, rows);
		if (status != 0)
			break;
	}
	sqlite3_finalize(statement);
	if (status == ORD_ENOMEM)
		return error_memory(&database->error);
	/* A table that is not there, too: its version says that it should be. */
	if (is_damage(code) || code == SQLITE_ERROR)
		return DATABASE_DAMAGED;
	return status != 0 || code == SQLITE_DONE ? status : trouble(database, code, "read");
}

static int
read_all(struct database *database, const struct database_rows *rows)
{
	int answer = read_table(
		database, rows, "SELECT name, content, low, high FROM record", give_record);

	if (answer == DATABASE_OPEN)
		answer =
			read_table(database, rows, "SELECT name, state FROM attempt", give_attempt);
	if (answer == DATABASE_OPEN)
		answer = read_table(database, rows, "SELECT version FROM counter", give_version);
	return answer;
}

static int
prepare(struct database *database)
{
	database->statements = memory_new(N_STATEMENTS, sizeof(struct sqlite3_stmt *));
	if (database->statements == NULL)
		return error_memory(&database->error);
	for (int i = 0; i < N_STATEMENTS; i++) {
		int code = database->read_only && i != GET_RUNS
			? SQLITE_OK
			: sqlite3_prepare_v3(database->handle, texts[i], -1,
				  SQLITE_PREPARE_PERSISTENT, &database->statements[i], NULL);

		if (is_damage(code) || code == SQLITE_ERROR)
			return DATABASE_DAMAGED;
		if (code != SQLITE_OK)
			return trouble(database, code, "used");
	}
	return DATABASE_OPEN;
}

/* Set how it is kept.  On file systems without shared memory SQLite stays with a rollback journal: slower, as safe. */
static int
configure(struct database *database)
{
	int code = SQLITE_OK;

	sqlite3_busy_timeout(database->handle, BUSY_MS);
	if (!database->read_only)
		code = execute(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
	if (is_damage(code))
		return DATABASE_DAMAGED;
	return code != SQLITE_OK ? trouble(database, code, "opened") : DATABASE_OPEN;
}

/* A reader leaves nothing behind: a database without a log, which SQLite would make, is read as a file that never changes.  1 if that is so, with its address. */
static int
is_frozen(const char *path, char *address, size_t size)
{
	size_t used, at;

	snprintf(address, size, "%s-wal", path);
	if (access(address, F_OK) == 0)
		return 0;
	used = (size_t)snprintf(address, size, "file:");
	for (at = 0; path[at] != '\0' && used + 32 < size; at++)
		used += (size_t)snprintf(address + used, size - used,
			strchr("?#%", path[at]) != NULL ? "%%%02x" : "%c", (unsigned char)path[at]);
	snprintf(address + used, size - used, "?immutable=1");
	return path[at] == '\0';
}

static int
open_handle(struct database *database, int read_only)
{
	int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	char address[4500];
	int code;
	struct stat stat_now;

	database->frozen = read_only && is_frozen(database->path, address, sizeof address);
	code = sqlite3_open_v2(database->frozen ? address : database->path, &database->handle,
		flags | SQLITE_OPEN_NOMUTEX | (database->frozen ? SQLITE_OPEN_URI : 0), NULL);
	if (code != SQLITE_OK)
		return trouble(database, code, "opened");
	sqlite3_extended_result_codes(database->handle, 1);
	database->read_only = read_only || sqlite3_db_readonly(database->handle, "main") == 1;
	if (stat(database->path, &stat_now) != 0)
		return error_system(&database->error, errno, "the database %s cannot be looked at",
			database->path);
	database->device = stat_now.st_dev;
	database->inode = stat_now.st_ino;
	return DATABASE_OPEN;
}

int
database_open(struct database *database, const char *path, int read_only,
	const struct database_rows *rows)
{
	char address[4500];
	int answer;
	int64_t tables = 0;

	*database = (struct database){ .path = path, .opened_ns = (int64_t)clock_wall_ns() };
	answer = open_handle(database, read_only);
	if (answer == DATABASE_OPEN)
		answer = identify(database);
	if (answer == DATABASE_OPEN)
		answer = configure(database);
	if (answer == DATABASE_OPEN)
		ask_number(database, "SELECT count(*) FROM sqlite_schema", &tables);
	/* Without tables, as it may be where nothing can be written, there is nothing to read. */
	if (answer == DATABASE_OPEN && tables != 0)
		answer = read_all(database, rows);
	(void)sqlite3_db_release_memory(database->handle);
	/* A runner began meanwhile: what was read may be half of what it writes. */
	if (database->frozen && is_frozen(path, address, sizeof address) == 0) {
		database_close(database);
		return database_open(database, path, read_only, rows);
	}
	if (answer == DATABASE_OPEN && tables != 0)
		answer = prepare(database);
	if (answer != DATABASE_OPEN)
		database_close(database);
	return answer;
}

int
database_is_in_place(const struct database *database)
{
	struct stat now;

	return stat(database->path, &now) == 0 && now.st_dev == database->device &&
		now.st_ino == database->inode;
}

/* A statement with a name; a code of SQLite. */
static int
start(struct database *database, int which, const char *name, sqlite3_stmt **statement)
{
	*statement = database->statements[which];
	return name != NULL
		? sqlite3_bind_blob(*statement, 1, name, (int)strlen(name), SQLITE_STATIC)
		: SQLITE_OK;
}

static int
finish(sqlite3_stmt *statement, int code)
{
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

/* A statement that has at most a name. */
static int
run_plain(struct database *database, int which, const char *name)
{
	sqlite3_stmt *statement;
	int code = start(database, which, name, &statement);

	return finish(statement, code);
}

static int
put_record(struct database *database, const char *name, const char *content, size_t size)
{
	struct digest sum = digest_of(content, size);
	sqlite3_stmt *statement;
	int code = start(database, PUT_RECORD, name, &statement);

	if (code == SQLITE_OK)
		code = sqlite3_bind_blob64(statement, 2, content, size, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, (int64_t)sum.low);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 4, (int64_t)sum.high);
	return finish(statement, code);
}

static int
put_attempt(struct database *database, const char *name, uint32_t state, int64_t now_ns)
{
	sqlite3_stmt *statement;
	int code = start(database, PUT_ATTEMPT, name, &statement);

	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 2, state);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 3, now_ns);
	return finish(statement, code);
}

static int
put_run(struct database *database, const char *name, const struct run *run)
{
	const int64_t numbers[] = { run->start_ns, run->end_ns, (int64_t)run->user_ns,
		(int64_t)run->system_ns, (int64_t)run->memory_bytes, run->state, run->exit_code };
	sqlite3_stmt *statement;
	int code = start(database, PUT_RUN, name, &statement);

	for (int i = 0; code == SQLITE_OK && i < 7; i++)
		code = sqlite3_bind_int64(statement, 2 + i, numbers[i]);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(statement, 9, run->why, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 10, database->opened_ns);
	code = finish(statement, code);
	if (code != SQLITE_OK)
		return code;
	code = start(database, PRUNE_RUNS, name, &statement);
	if (code == SQLITE_OK)
		code = sqlite3_bind_int64(statement, 2, DATABASE_RUNS_MAX);
	return finish(statement, code);
}

/* Begin a transaction in which so much is written.  Behind the limit of file sizes a write would end the process. */
static int
enter(struct database *database, size_t size)
{
	char log[4200];
	struct stat now;
	uint64_t grown = size + SLACK;
	int code;

	snprintf(log, sizeof log, "%s-wal", database->path);
	if (stat(log, &now) == 0)
		grown += (uint64_t)now.st_size;
	if (stat(database->path, &now) == 0)
		grown += (uint64_t)now.st_size;
	if (fd_may_grow(grown) != 0)
		return error_system(
			&database->error, errno, "the database %s cannot grow", database->path);
	code = run_plain(database, BEGIN, NULL);
	return code != SQLITE_OK ? trouble(database, code, "written") : 0;
}

/* End it: well if code is SQLITE_OK, and else as if it had not been. */
static int
leave(struct database *database, int code)
{
	if (code == SQLITE_OK)
		code = run_plain(database, COMMIT, NULL);
	if (code == SQLITE_OK)
		return 0;
	/* Some errors have rolled back already. */
	if (sqlite3_get_autocommit(database->handle) == 0)
		run_plain(database, ROLLBACK, NULL);
	return trouble(database, code, "written");
}

int
database_begin(struct database *database, const char *name, int64_t now_ns)
{
	int status = enter(database, strlen(name));

	return status != 0 ? status : leave(database, put_attempt(database, name, 1, now_ns));
}

int
database_succeed(struct database *database, const char *name, const struct run *run,
	const char *content, size_t size, uint64_t version)
{
	sqlite3_stmt *statement;
	int status = enter(database, size), code;

	if (status != 0)
		return status;
	code = put_record(database, name, content, size);
	if (code == SQLITE_OK)
		code = run_plain(database, DROP_ATTEMPT, name);
	if (code == SQLITE_OK)
		code = put_run(database, name, run);
	if (code == SQLITE_OK) {
		code = start(database, PUT_VERSION, NULL, &statement);
		sqlite3_bind_int64(statement, 1, (int64_t)version);
		code = finish(statement, code);
	}
	return leave(database, code);
}

int
database_fail(struct database *database, const char *name, const struct run *run, uint32_t state)
{
	int status = enter(database, strlen(name)), code;

	if (status != 0)
		return status;
	code = put_attempt(database, name, state, run->start_ns);
	if (code == SQLITE_OK)
		code = put_run(database, name, run);
	return leave(database, code);
}

int
database_store(struct database *database, const char *name, const char *content, size_t size)
{
	int status = enter(database, size);

	return status != 0 ? status : leave(database, put_record(database, name, content, size));
}

int
database_forget(struct database *database, const char *name)
{
	int status = enter(database, strlen(name)), code;

	if (status != 0)
		return status;
	code = run_plain(database, DROP_RECORD, name);
	if (code == SQLITE_OK)
		code = run_plain(database, DROP_ATTEMPT, name);
	if (code == SQLITE_OK)
		code = run_plain(database, DROP_RUNS, name);
	return leave(database, code);
}

int
database_runs(struct database *database, const char *name,
	int (*each)(void *user, const struct run *run), void *user)
{
	sqlite3_stmt *row;
	int code = start(database, GET_RUNS, name, &row), status = 0;

	while (code == SQLITE_OK || code == SQLITE_ROW) {
		struct run run;

		code = sqlite3_step(row);
		if (code != SQLITE_ROW)
			break;
		run = (struct run){ sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1),
			(uint64_t)sqlite3_column_int64(row, 2),
			(uint64_t)sqlite3_column_int64(row, 3),
			(uint64_t)sqlite3_column_int64(row, 4), sqlite3_column_int(row, 5),
			sqlite3_column_int(row, 6), (const char *)sqlite3_column_text(row, 7),
			sqlite3_column_int64(row, 8) };
		status = each(user, &run);
		if (status != 0)
			break;
	}
	sqlite3_reset(row);
	sqlite3_clear_bindings(row);
	return status != 0 || code == SQLITE_DONE ? status : trouble(database, code, "read");
}

void
database_close(struct database *database)
{
	for (int i = 0; database->statements != NULL && i < N_STATEMENTS; i++)
		sqlite3_finalize(database->statements[i]);
	memory_free(database->statements);
	database->statements = NULL;
	sqlite3_close(database->handle);
	database->handle = NULL;
}
