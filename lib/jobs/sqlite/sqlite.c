/*
 * SQLite under the store: statements and transactions.  Every statement begins
 * in a transaction of sqlite_begin, or only reads.
 */
#include "jobs/sqlite/sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define SLACK ((uint64_t)1 << 20)
#define STREAK_MOST 20 /* transactions in a row, where others write, too */

#define TAKEN_COLUMNS SQL_TAKEN_COLUMNS ", has_payload"
/* Of one that runs for several takers they lie in holder.  After a failure all is rolled back, so no statement needs a journal of its own. */
#define TAKE_IT \
	"UPDATE OR FAIL job SET state = 2, attempt = attempt + 1, taker = iif(max_takers = 1, ?1, NULL)," \
	" began = ?2, ended = 0, why = NULL WHERE "

#define FREE "state = 1 AND requires IS NULL"
#define LABELLED "state = 1 AND requires IS NOT NULL"
/* The requirements of jobs that wait, each once, in steps from one to the next: what is not for this taker costs it nothing. */
#define KINDS \
	"WITH RECURSIVE kind (r) AS (SELECT min(requires) FROM job WHERE " LABELLED " UNION ALL" \
	" SELECT (SELECT min(requires) FROM job WHERE " LABELLED " AND requires > r) FROM kind" \
	" WHERE r IS NOT NULL) "
#define MINE "FROM kind WHERE r IS NOT NULL AND may_take(r)"

static const char *const texts[N_SQL] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_GET_RANGE] = "SELECT value FROM list WHERE name = 'range'",
	[SQL_PUT_RANGE] = "INSERT INTO list (name, value) VALUES ('range', ?1)",
	[SQL_DROP_RANGE] = "DELETE FROM list WHERE name = 'range'",
	[SQL_MAKE_RANGE] =
		"WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)"
		" INSERT INTO job (name, item, state) SELECT CAST(i AS TEXT), i, 1 FROM n",
	[SQL_TAKERS_NAMED] = "SELECT id, host, boot, space, pid, start, seen, timeout FROM taker"
			     " WHERE state = 1 AND name = ?1",
	[SQL_PUT_TAKER] =
		"INSERT INTO taker (name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8, ?9, 1)",
	[SQL_PRUNE_TAKERS] =
		"DELETE FROM taker WHERE state <> 1 AND id <= (SELECT id FROM taker WHERE state <> 1"
		" ORDER BY id DESC LIMIT 1 OFFSET 1000)",
	[SQL_TAKER_STATE] = "SELECT state FROM taker WHERE id = ?1",
	[SQL_SET_TAKER] =
		"UPDATE taker SET state = ?2, seen = ?3, taken = taken + ?4 WHERE id = ?1",
	[SQL_COUNT_TAKEN] = "UPDATE taker SET taken = taken + ?2 WHERE id = ?1",
	[SQL_LIVING] =
		"SELECT id, name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" taken, state, 0 FROM taker WHERE state = 1",
	[SQL_TAKERS] =
		"SELECT id, name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" taken, state, (SELECT count(*) FROM job WHERE job.state = 2 AND"
		" job.taker = taker.id) + (SELECT count(*) FROM holder WHERE holder.taker = taker.id)"
		" FROM taker ORDER BY id",
	[SQL_LOCK_OWNER] = "SELECT lock.taker, taker.name FROM lock LEFT JOIN taker ON taker.id ="
			   " lock.taker WHERE lock.name = ?1",
	[SQL_PUT_LOCK] = "INSERT INTO lock (name, taker) VALUES (?1, ?2)",
	[SQL_DROP_LOCK] = "DELETE FROM lock WHERE name = ?1 AND taker = ?2",
	[SQL_DROP_LOCKS] = "DELETE FROM lock WHERE taker = ?1",
	[SQL_ANY_LABELLED] = "SELECT EXISTS (SELECT 1 FROM job WHERE " LABELLED ")",
	[SQL_NTH_WAITING] = "SELECT id FROM job WHERE " FREE " ORDER BY id LIMIT 1 OFFSET ?1",
	[SQL_COUNT_WAITING] = "SELECT count(*) FROM (SELECT 1 FROM job WHERE " FREE
			      " UNION ALL SELECT 1 FROM job WHERE " LABELLED " LIMIT ?1)",
	[SQL_CLAIM_ONE] =
		TAKE_IT "id = (SELECT min(id) FROM job WHERE " FREE ") RETURNING " TAKEN_COLUMNS,
	[SQL_CLAIM_SOME] = TAKE_IT "id IN (SELECT id FROM job WHERE " FREE
				   " ORDER BY id LIMIT ?3) RETURNING " TAKEN_COLUMNS,
	[SQL_CLAIM_MIXED] = TAKE_IT
	"id IN (" KINDS "SELECT id FROM (SELECT id FROM job WHERE " FREE
	" ORDER BY id LIMIT ?3) UNION ALL SELECT id FROM kind JOIN job ON job.id IN"
	" (SELECT id FROM job WHERE " LABELLED " AND requires = kind.r ORDER BY id LIMIT ?3)"
	" WHERE may_take(r) ORDER BY id LIMIT ?3) RETURNING " TAKEN_COLUMNS,
	[SQL_CLAIM_THIS] = TAKE_IT "id = ?3 AND (state = 1 OR open = 1) RETURNING " TAKEN_COLUMNS,
	[SQL_FIRST_OPEN] = "SELECT id FROM job WHERE open = 1 AND (requires IS NULL OR"
			   " may_take(requires)) ORDER BY id LIMIT 1",
	[SQL_PUT_HOLDER] =
		"INSERT INTO holder (job, attempt, taker, began) VALUES (?1, ?2, ?3, ?4)",
	[SQL_GET_HOLDER] = "SELECT taker, began FROM holder WHERE job = ?1 AND attempt = ?2",
	[SQL_DROP_HOLDER] = "DELETE FROM holder WHERE job = ?1 AND attempt = ?2",
	[SQL_HOLDERS] = "SELECT count(*) FROM holder WHERE job = ?1",
	[SQL_HOLDER_AMONG] =
		"SELECT attempt FROM holder JOIN taker ON taker.id = holder.taker WHERE job = ?1"
		" AND (?2 = 0 OR taker.id = ?2) AND (?3 IS NULL OR taker.name = ?3) LIMIT 1",
	[SQL_SHARED_BY] = "SELECT job FROM holder WHERE taker = ?1 LIMIT 1",
	[SQL_SET_OPEN] =
		"UPDATE job SET open = (state = 2 AND tends = 0 AND again = 0 AND"
		" (SELECT count(*) FROM holder WHERE job = ?1) < max_takers) WHERE id = ?1",
	[SQL_END_SHARE] =
		"UPDATE job SET state = ?2, failures = ?3, kills = ?4, ended = ?5,"
		" why = iif(tends = 0, ?6, ifnull(?6, why)), tends = ?7, again = again AND"
		" ?2 = 2, taker = iif(?2 = 2, NULL, ?8) WHERE id = ?1",
	[SQL_PAYLOAD] = "SELECT payload FROM content WHERE job = ?1",
	[SQL_OUTLOOK] = KINDS "SELECT EXISTS (SELECT 1 FROM job WHERE " FREE
			      ") OR EXISTS (SELECT 1 " MINE ") OR EXISTS (SELECT 1 FROM job WHERE"
			      " open = 1 AND (requires IS NULL OR may_take(requires))),"
			      " EXISTS (SELECT 1 FROM job WHERE " FREE
			      ") OR EXISTS (SELECT 1 FROM job WHERE " LABELLED "),"
			      " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker = ?1) OR"
			      " EXISTS (SELECT 1 FROM holder WHERE taker = ?1),"
			      " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker < ?1) OR"
			      " EXISTS (SELECT 1 FROM job WHERE state = 2 AND taker > ?1) OR"
			      " EXISTS (SELECT 1 FROM holder WHERE taker <> ?1),"
			      " EXISTS (SELECT 1 FROM job WHERE state > 3 AND state = 6),"
			      " EXISTS (SELECT 1 FROM job WHERE state > 3 AND state IN (4, 5))",
	[SQL_COUNTS] = "SELECT state, count(*) FROM job GROUP BY state",
	[SQL_EACH] =
		"SELECT j.id, j.item, j.name, j.state, j.attempt, j.failures, j.kills,"
		" j.failed_retries, j.killed_retries, j.requires, j.began, j.ended, j.why,"
		" j.has_payload, j.max_takers, j.tends, c.payload, t.name, a.name, a.state,"
		" c.fingerprint, (SELECT group_concat(n.name, char(10)) FROM dep JOIN job n ON"
		" n.id = dep.needs WHERE dep.job = j.id), (SELECT value FROM list WHERE name ="
		" 'range') FROM job j LEFT JOIN taker t ON t.id = ifnull(j.taker, (SELECT taker"
		" FROM holder WHERE job = j.id ORDER BY attempt DESC LIMIT 1)) LEFT JOIN job a ON"
		" a.id = j.awaits AND j.state = 6 LEFT JOIN content c ON c.job = j.id ORDER BY j.id",
	[SQL_WAITING] =
		"SELECT " SQL_JOB_COLUMNS " FROM job WHERE " FREE " AND id > ?1 ORDER BY id",
	[SQL_WAITING_MIXED] =
		KINDS "SELECT " SQL_JOB_COLUMNS " FROM job WHERE id IN (SELECT id FROM (SELECT id"
		      " FROM job WHERE " FREE " AND id > ?1 ORDER BY id LIMIT ?2) UNION ALL SELECT"
		      " id FROM kind JOIN job ON job.id IN (SELECT id FROM job WHERE " LABELLED
		      " AND requires = kind.r AND id > ?1 ORDER BY id LIMIT ?2) WHERE may_take(r)"
		      " ORDER BY id LIMIT ?2) ORDER BY id",
	[SQL_OPEN] = "SELECT " SQL_JOB_COLUMNS " FROM job WHERE open = 1 AND id > ?1 AND"
		     " (requires IS NULL OR may_take(requires)) ORDER BY id",
	[SQL_HELD] = "SELECT " SQL_JOB_COLUMNS
		     " FROM job WHERE name = ?1 AND state = 2 AND taker = ?2 AND"
		     " (attempt = ?3 OR ?3 = 0)",
	[SQL_HELD_SHARE] =
		"SELECT id, item, name, state, holder.attempt, failures, kills, failed_retries,"
		" killed_retries, requires, holder.began, ended, why, has_payload, max_takers,"
		" tends FROM job JOIN holder ON holder.job = job.id WHERE job.name = ?1 AND"
		" holder.taker = ?2 AND (holder.attempt = ?3 OR ?3 = 0) ORDER BY holder.attempt"
		" LIMIT 1",
	[SQL_GET_ENDING] = "SELECT " SQL_ENDING_COLUMNS " FROM job WHERE id = ?1",
	/* The common case in one step: self's, and not changed meanwhile. */
	[SQL_DONE] =
		"UPDATE OR FAIL job SET state = 3, ended = ?4, why = NULL WHERE id = ?1 AND state = 2 AND"
		" taker = ?2 AND attempt = ?3 AND again = 0",
	[SQL_ANY_BLOCKED] = "SELECT EXISTS (SELECT 1 FROM job WHERE state > 3 AND state = 6)",
	[SQL_END] = "UPDATE job SET state = ?2, failures = ?3, kills = ?4, ended = ?5, why = ?6,"
		    " again = 0 WHERE id = ?1",
	[SQL_RUNNING_OF] = "SELECT id FROM job WHERE state = 2 AND taker = ?1 LIMIT 1",
	[SQL_PUT_RUN] = "INSERT INTO run (job, attempt, taker, state, began, ended, why)"
			" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_PRUNE_RUNS] = "DELETE FROM run WHERE job = ?1 AND id <= (SELECT id FROM run WHERE"
			   " job = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	[SQL_RUNS] =
		"SELECT r.attempt, taker.name, r.state, r.began, r.ended, r.why FROM (SELECT"
		" attempt, taker, 2 AS state, began, 0 AS ended, NULL AS why FROM holder WHERE"
		" job = ?1 UNION ALL SELECT attempt, taker, state, began, ended, why FROM run"
		" WHERE job = ?1) r LEFT JOIN taker ON taker.id = r.taker ORDER BY r.attempt DESC",
	[SQL_FIND] =
		"SELECT job.id, job.state, job.attempt, taker.name, job.began, job.ended,"
		" job.why, job.max_takers FROM job LEFT JOIN taker ON taker.id = job.taker WHERE"
		" job.name = ?1",
	[SQL_PUT_JOB] =
		"INSERT INTO job (name, requires, failed_retries, killed_retries, has_payload,"
		" max_takers, state, ended, attempt, why, item, kills) VALUES (?1, ?2, ?3, ?4, ?5,"
		" ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
	[SQL_PUT_PAST] =
		"UPDATE job SET began = ?2, ended = iif(?3 = 0, ended, ?3), failures = ?4, taker ="
		" (SELECT max(id) FROM taker WHERE name = ?5) WHERE id = ?1",
	[SQL_PUT_PAST_TAKER] =
		"INSERT INTO taker (name, labels, host, boot, space, pid, start, since, seen, timeout,"
		" state) SELECT ?1, '', '', '', 0, 0, 0, ?2, ?2, 0, 3 WHERE NOT EXISTS (SELECT 1 FROM"
		" taker WHERE name = ?1)",
	[SQL_CHANGE_JOB] =
		"UPDATE job SET state = iif(state = 2, 2, ?3), again = (state = 2), failures = 0,"
		" kills = 0, has_payload = ?2, open = 0, ended = iif(state = 2 OR ?3 = 1, 0, ?4)"
		" WHERE id = ?1",
	[SQL_CONTENT] = "SELECT payload, fingerprint FROM content WHERE job = ?1",
	[SQL_PUT_CONTENT] = "INSERT OR REPLACE INTO content (job, payload, fingerprint)"
			    " VALUES (?1, ?2, ?3)",
	[SQL_PUT_DEP] =
		"INSERT OR IGNORE INTO dep (job, needs) SELECT ?1, id FROM job WHERE name = ?2"
		" AND id <> ?1 RETURNING needs",
	[SQL_AWAITING] = "SELECT id FROM job WHERE state > 3 AND state = 6 AND awaits = ?1 LIMIT 1",
	[SQL_NEXT_AWAITED] =
		"SELECT dep.needs FROM dep JOIN job ON job.id = dep.needs WHERE dep.job ="
		" ?1 AND dep.needs > ?2 AND job.state <> 3 ORDER BY dep.needs LIMIT 1",
	[SQL_SET_AWAITED] =
		"UPDATE job SET state = iif(?2 IS NULL, 1, 6), awaits = ?2 WHERE id = ?1",
	[SQL_BLOCK_BEHIND] = "UPDATE job SET state = 6, awaits = ?1 WHERE state = 1 AND id IN"
			     " (SELECT job FROM dep WHERE needs = ?1)",
	[SQL_CHUNK] =
		"SELECT job.id, job.state, job.name, taker.name, job.max_takers FROM job"
		" LEFT JOIN taker ON taker.id = job.taker WHERE job.id > ?1 ORDER BY job.id LIMIT 1",
	[SQL_SET_STATE] = "UPDATE job SET state = ?2, ended = ?3, failures = iif(?4, 0, failures),"
			  " kills = iif(?4, 0, kills), tends = 0, open = 0 WHERE id = ?1",
	[SQL_IS_AWAITED] = "SELECT EXISTS (SELECT 1 FROM dep JOIN job ON job.id = dep.job WHERE"
			   " dep.needs = ?1 AND job.state = 6)",
	[SQL_DROP_JOB] = "DELETE FROM job WHERE id = ?1",
	[SQL_DROP_CONTENT] = "DELETE FROM content WHERE job = ?1",
	[SQL_DROP_RUNS] = "DELETE FROM run WHERE job = ?1",
	[SQL_DROP_DEPS] = "DELETE FROM dep WHERE job = ?1 OR needs = ?1",
	[SQL_IS_EMPTY] = "SELECT NOT EXISTS (SELECT 1 FROM job)",
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
	case SQLITE_PERM: return " (make it and its directory writable, or open it to look only)";
	case SQLITE_CANTOPEN: return " (is its directory there, and may it be entered?)";
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return " (it is damaged: end its takers and open it again, which sets it aside)";
	default: return "";
	}
}

int
sqlite_trouble(struct store *store, int code, const char *what)
{
	struct database *database = DATABASE_OF(store);
	int number = database->handle != NULL ? sqlite3_system_errno(database->handle) : 0;

	if ((code & 0xff) == SQLITE_NOMEM)
		return error_memory(store->error);
	if ((code & 0xff) == SQLITE_IOERR && number != 0)
		return error_system(
			store->error, number, "the list %s cannot be %s", database->path, what);
	return error_set(store->error, ORD_ESYSTEM, "the list %s cannot be %s: %s%s",
		database->path, what, sqlite3_errstr(code), remedy_of(code & 0xff));
}

/* --- statements --- */

static sqlite3_stmt *
start(struct store *store, enum sql which, int *code, const char *types, va_list values)
{
	struct database *database = DATABASE_OF(store);
	sqlite3_stmt **statement = &database->statements[which];

	*code = SQLITE_OK;
	if (*statement == NULL)
		*code = sqlite3_prepare_v3(database->handle, texts[which], -1,
			SQLITE_PREPARE_PERSISTENT, statement, NULL);
	for (int i = 1; *code == SQLITE_OK && *types != '\0'; i++, types++) {
		const char *text;

		switch (*types) {
		case 'i': *code = sqlite3_bind_int64(*statement, i, va_arg(values, int64_t)); break;
		case 't':
			text = va_arg(values, const char *);
			*code = sqlite3_bind_text(*statement, i, text, -1, SQLITE_STATIC);
			break;
		case 'b':
			text = va_arg(values, const char *);
			*code = sqlite3_bind_blob64(
				*statement, i, text, va_arg(values, size_t), SQLITE_STATIC);
			break;
		default: *code = sqlite3_bind_null(*statement, i); break;
		}
	}
	return *code == SQLITE_OK ? *statement : NULL;
}

sqlite3_stmt *
sqlite_start(struct store *store, enum sql which, int *code, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;

	va_start(values, types);
	statement = start(store, which, code, types, values);
	va_end(values);
	return statement;
}

int
sqlite_done(sqlite3_stmt *statement, int code)
{
	if (statement != NULL) {
		sqlite3_reset(statement);
		sqlite3_clear_bindings(statement);
	}
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Its first row, or none; behind it comes sqlite_done. */
static int
step_once(struct store *store, enum sql which, sqlite3_stmt **statement, const char *types,
	va_list values)
{
	int code;

	*statement = start(store, which, &code, types, values);
	return *statement != NULL ? sqlite3_step(*statement) : code;
}

int
sqlite_run(struct store *store, enum sql which, const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;
	int code;

	va_start(values, types);
	code = step_once(store, which, &statement, types, values);
	va_end(values);
	return sqlite_done(statement, code);
}

int
sqlite_number(struct store *store, enum sql which, int64_t otherwise, int64_t *number,
	const char *types, ...)
{
	sqlite3_stmt *statement;
	va_list values;
	int code;

	*number = otherwise;
	va_start(values, types);
	code = step_once(store, which, &statement, types, values);
	va_end(values);
	if (code == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*number = sqlite3_column_int64(statement, 0);
	return sqlite_done(statement, code);
}

const char *
sqlite_text(sqlite3_stmt *row, int column)
{
	const unsigned char *text = sqlite3_column_text(row, column);

	return text != NULL ? (const char *)text : "";
}

static sqlite3_stmt *
statement_of(const struct sql_row *row)
{
	return ((const struct sqlite_row *)row)->statement;
}

static int
is_null(const struct sql_row *row, int column)
{
	return sqlite3_column_type(statement_of(row), column) == SQLITE_NULL;
}

static int64_t
number(const struct sql_row *row, int column)
{
	return sqlite3_column_int64(statement_of(row), column);
}

static const char *
text(const struct sql_row *row, int column)
{
	return sqlite_text(statement_of(row), column);
}

static const void *
bytes(const struct sql_row *row, int column, size_t *size)
{
	/* As text: then there is a NUL behind them. */
	const char *at = sqlite_text(statement_of(row), column);

	*size = (size_t)sqlite3_column_bytes(statement_of(row), column);
	return at;
}

struct sqlite_row
sqlite_row(sqlite3_stmt *statement)
{
	return (struct sqlite_row){ { is_null, number, text, bytes }, statement };
}

/* --- transactions --- */

/* Is the file that is open still the one at its path? */
int
sqlite_check_place(struct store *store)
{
	const struct database *database = DATABASE_OF(store);
	struct stat now;

	if (stat(database->path, &now) == 0 && now.st_dev == database->device &&
		now.st_ino == database->inode)
		return 0;
	return error_set(store->error, ORD_ESYSTEM,
		"the list %s was deleted or replaced while it was open: open it anew",
		database->path);
}

/* Behind the limit of file sizes a write would end the process. */
static int
check_room(struct store *store)
{
	const struct database *database = DATABASE_OF(store);
	struct rlimit limit;
	uint64_t grown = SLACK;
	char log[4200];
	struct stat now;

	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	snprintf(log, sizeof log, "%s-wal", database->path);
	if (stat(log, &now) == 0)
		grown += (uint64_t)now.st_size;
	if (stat(database->path, &now) == 0)
		grown += (uint64_t)now.st_size;
	if (fd_may_grow(grown) == 0)
		return 0;
	return error_system(store->error, errno, "the list %s cannot grow", database->path);
}

/* Who has just had the lock is the first to ask for it again, while others sleep: let them have it now and then. */
static void
be_fair(struct database *database)
{
	if (++database->streak <= STREAK_MOST)
		return;
	database->streak = 0;
	if (clock_now_ns() - database->busy_ns < CLOCK_NS_PER_S)
		sqlite_pause(database);
}

int
sqlite_begin(struct store *store)
{
	int status = sqlite_check_place(store), code;
	uint64_t count;

	if (status == 0)
		status = check_room(store);
	if (status != 0)
		return status;
	be_fair(DATABASE_OF(store));
	DATABASE_OF(store)->self = store->self.id;
	code = sqlite_run(store, SQL_BEGIN, "");
	if (code == SQLITE_BUSY && read(store->wake, &count, sizeof count) == sizeof count)
		return error_set(store->error, ORD_EINTERRUPTED,
			"interrupted while another program held the list %s",
			DATABASE_OF(store)->path);
	return code != SQLITE_OK ? sqlite_trouble(store, code, "written") : 0;
}

int
sqlite_end(struct store *store, int code, int status)
{
	struct database *database = DATABASE_OF(store);

	if (code == SQLITE_OK && status == 0)
		code = sqlite_run(store, SQL_COMMIT, "");
	if (code == SQLITE_OK && status == 0)
		return 0;
	if (status == 0)
		status = sqlite_trouble(store, code, "written");
	store->self.id = database->self;
	/* Some errors have rolled back already. */
	if (sqlite3_get_autocommit(database->handle) == 0)
		sqlite_run(store, SQL_ROLLBACK, "");
	return status;
}
