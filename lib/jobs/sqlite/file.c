/*
 * The file of a list: found, made, refused, or set aside.  A write-ahead log, so
 * that a commit costs no flush of the disk and a killed taker loses nothing; after
 * a crash of the machine the last commits may be missing, and what they ended is
 * done again.
 *
 * To change the tables: append a step to `migrations` and raise VERSION.
 */
#define _GNU_SOURCE /* renameat2, inotify */
#include "jobs/sqlite/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "jobs/labels.h"
#include "jobs/place.h"

#define APPLICATION 0x4f72646a /* tells it from the databases of others */
#define VERSION 1
#define PATIENCE_NS (UINT64_C(60) * CLOCK_NS_PER_S) /* so long a lock may be another's */
#define LEAVING_NS (2 * CLOCK_NS_PER_S)             /* the same, for one that leaves */
#define CROWD_NS (CLOCK_NS_PER_S / 5)               /* within that takers have it by turns */
#define PAUSE_NS 40000 /* between two tries for it, and up to so much more by chance */
#define IN_GONE (IN_ATTRIB | IN_MOVE_SELF) /* one that is open is deleted by losing its last name */
#define NAMES_MAX 10000
#define PATH_BYTES 4000

/* migrations[i] leads from version i to i + 1. */
static const char *const migrations[VERSION] = {
	"CREATE TABLE list (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;"
	"CREATE TABLE taker (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
	" labels TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, space INTEGER NOT NULL,"
	" pid INTEGER NOT NULL, start INTEGER NOT NULL, since INTEGER NOT NULL,"
	" seen INTEGER NOT NULL, timeout INTEGER NOT NULL, taken INTEGER NOT NULL DEFAULT 0,"
	" state INTEGER NOT NULL);"
	"CREATE TABLE job (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
	" item INTEGER, state INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,"
	" failures INTEGER NOT NULL DEFAULT 0, kills INTEGER NOT NULL DEFAULT 0, taker INTEGER,"
	" awaits INTEGER, again INTEGER NOT NULL DEFAULT 0, failed_retries INTEGER,"
	" killed_retries INTEGER, requires TEXT, began INTEGER NOT NULL DEFAULT 0,"
	" ended INTEGER NOT NULL DEFAULT 0, why TEXT, has_payload INTEGER NOT NULL DEFAULT 0,"
	" max_takers INTEGER NOT NULL DEFAULT 1, tends INTEGER NOT NULL DEFAULT 0,"
	" open INTEGER NOT NULL DEFAULT 0);"
	/* Each job that waits is in one of the two. */
	"CREATE INDEX job_waiting ON job (id) WHERE state = 1 AND requires IS NULL;"
	"CREATE INDEX job_labelled ON job (requires, id) WHERE state = 1 AND requires IS NOT NULL;"
	"CREATE INDEX job_running ON job (taker) WHERE state = 2;"
	/* One for all that is seldom; whoever asks says state > 3, too. */
	"CREATE INDEX job_seldom ON job (state, awaits) WHERE state > 3;"
	"CREATE INDEX job_open ON job (id) WHERE open = 1;"
	"CREATE TABLE holder (job INTEGER, attempt INTEGER, taker INTEGER NOT NULL,"
	" began INTEGER NOT NULL, PRIMARY KEY (job, attempt)) WITHOUT ROWID;"
	"CREATE INDEX holder_of ON holder (taker);"
	"CREATE TABLE content (job INTEGER PRIMARY KEY, payload BLOB, fingerprint BLOB);"
	"CREATE TABLE dep (job INTEGER, needs INTEGER, PRIMARY KEY (job, needs)) WITHOUT ROWID;"
	"CREATE INDEX dep_of ON dep (needs);"
	"CREATE TABLE run (id INTEGER PRIMARY KEY, job INTEGER NOT NULL, attempt INTEGER NOT NULL,"
	" taker INTEGER, state INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER NOT NULL,"
	" why TEXT);"
	"CREATE INDEX run_of ON run (job, id);"
	"CREATE TABLE lock (name TEXT PRIMARY KEY, taker INTEGER NOT NULL) WITHOUT ROWID;",
};

void
sqlite_pause(struct database *database)
{
	struct timespec pause = { 0, PAUSE_NS };

	database->random ^= database->random << 13;
	database->random ^= database->random >> 7;
	database->random ^= database->random << 17;
	pause.tv_nsec += (long)(database->random % PAUSE_NS);
	nanosleep(&pause, NULL);
}

/*
 * Somebody else writes.  All wait equally short at all times, so that nobody who comes late, or who has
 * just had it, is in front: SQLite's own time-out waits ever longer, and starves.
 */
static int
on_busy(void *user, int tries)
{
	struct database *database = user;
	struct pollfd wake = { .fd = database->store->wake, .events = POLLIN };
	uint64_t now = clock_now_ns();

	if (tries == 0)
		database->since_ns = now;
	database->busy_ns = now;
	database->streak = 0;
	if (now - database->since_ns < CROWD_NS)
		sqlite_pause(database);
	/* Nobody takes turns any more: somebody sits on it. */
	else if (poll(&wake, 1, 1) > 0)
		return 0;
	return now - database->since_ns < (database->store->leaving ? LEAVING_NS : PATIENCE_NS);
}

/* SQL: may this taker have a job with such requirements? */
static void
may_take(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct store *store = sqlite3_user_data(context);
	const unsigned char *required = sqlite3_value_text(values[0]);

	(void)n;
	sqlite3_result_int(context,
		required == NULL || labels_meet(store->self.labels, (const char *)required));
}

static int
check_file_system(struct store *store)
{
	const struct database *database = DATABASE_OF(store);
	struct statfs system;
	char folder[PATH_BYTES + 8];
	char *slash;

	snprintf(folder, sizeof folder, "%s", database->path);
	slash = strrchr(folder, '/');
	slash[slash == folder] = '\0';
	if (statfs(database->path, &system) != 0 && statfs(folder, &system) != 0)
		return error_system(store->error, errno,
			"the directory of the list %s cannot be looked at", database->path);
	if (place_is_network((unsigned long)system.f_type & 0xffffffff))
		return error_set(store->error, ORD_ENOTSUP,
			"the list %s is on a network file system (type 0x%lx), where a database gets damaged: give a path on a local disk",
			database->path, (unsigned long)system.f_type & 0xffffffff);
	return 0;
}

static int
is_damage(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

static int
rename_new(const char *from, const char *to)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* Not every file system can say that the name is taken. */
	if (errno != EINVAL || access(to, F_OK) == 0)
		return -1;
	return rename(from, to);
}

/* Out of the way with a damaged file, and the log beside it first: nothing is deleted. */
static int
set_aside(struct store *store)
{
	struct database *database = DATABASE_OF(store);
	char name[PATH_BYTES + 40], log[PATH_BYTES + 48], to[PATH_BYTES + 48];

	if (store->read_only)
		return error_set(
			store->error, ORD_EFAILED, "the list %s is damaged", database->path);
	sqlite3_close(database->handle);
	database->handle = NULL;
	snprintf(log, sizeof log, "%s-wal", database->path);
	for (int i = 1; i < NAMES_MAX; i++) {
		snprintf(name, sizeof name, "%s.aside-%d", database->path, i);
		snprintf(to, sizeof to, "%s-wal", name);
		if (access(name, F_OK) == 0)
			continue;
		if ((access(log, F_OK) != 0 || rename_new(log, to) == 0) &&
			rename_new(database->path, name) == 0)
			return error_set(store->error, ORD_EFAILED,
				"the list %s was damaged and is %s now: open it again to begin a new one",
				database->path, name);
		if (errno != EEXIST)
			break;
	}
	return error_system(
		store->error, errno, "the damaged list %s cannot be renamed", database->path);
}

/* A number that a pragma or a select gives; a code of SQLite. */
static int
ask_number(sqlite3 *handle, const char *text, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(handle, text, -1, &statement, NULL);

	*number = 0;
	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

static int
execute(sqlite3 *handle, const char *text)
{
	return sqlite3_exec(handle, text, NULL, NULL, NULL);
}

/* Another taker may make the same tables: who comes second finds them. */
static int
migrate(sqlite3 *handle)
{
	char text[96];
	int64_t version = 0;
	int code = execute(handle, "BEGIN IMMEDIATE");

	if (code == SQLITE_OK)
		code = ask_number(handle, "PRAGMA user_version", &version);
	for (int64_t i = version; code == SQLITE_OK && i < VERSION; i++)
		code = execute(handle, migrations[i]);
	snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
		APPLICATION, version > VERSION ? (int)version : VERSION);
	if (code == SQLITE_OK)
		code = execute(handle, text);
	if (code != SQLITE_OK && sqlite3_get_autocommit(handle) == 0)
		execute(handle, "ROLLBACK");
	return code;
}

/* Whose it is, and of which version; then its tables are as this version has them. */
static int
identify(struct store *store)
{
	struct database *database = DATABASE_OF(store);
	int64_t application = 0, version = 0, tables = 0;
	/* Another taker may make the tables meanwhile, in one step: whose they are is asked last. */
	int code = ask_number(database->handle, "SELECT count(*) FROM sqlite_schema", &tables);

	if (code == SQLITE_OK)
		code = ask_number(database->handle, "PRAGMA user_version", &version);
	if (code == SQLITE_OK)
		code = ask_number(database->handle, "PRAGMA application_id", &application);
	if (code == SQLITE_OK && application != APPLICATION && (tables != 0 || version != 0))
		return error_set(store->error, ORD_EINVAL,
			"%s is the database of another program: give another path", database->path);
	if (code == SQLITE_OK && version > VERSION)
		return error_set(store->error, ORD_ENOTSUP,
			"the list %s was made by a newer version of orderly: use that, or give another path",
			database->path);
	if (code == SQLITE_OK && store->read_only && version == 0)
		return error_set(store->error, ORD_EINVAL, "%s is no list yet", database->path);
	if (code == SQLITE_OK && !store->read_only)
		code = execute(
			database->handle, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
	if (code == SQLITE_OK && version < VERSION && !store->read_only)
		code = migrate(database->handle);
	if (is_damage(code))
		return set_aside(store);
	return code != SQLITE_OK ? sqlite_trouble(store, code, "opened") : 0;
}

/* Absolute: the host may change its directory, and nothing in such a path means something to SQLite. */
static int
set_path(struct store *store, const char *place)
{
	struct database *database = DATABASE_OF(store);
	char folder[PATH_BYTES] = "";
	size_t size = strlen(place), front;

	if (size == 0)
		return error_set(store->error, ORD_EINVAL, "the address sqlite: needs a path");
	if (size > PATH_BYTES || place[size - 1] == '/')
		return error_set(store->error, ORD_EINVAL, "%.200s is no path of a file", place);
	if (place[0] != '/' && getcwd(folder, sizeof folder) == NULL)
		return error_system(store->error, errno,
			"%s is a path in the working directory, which has none", place);
	front = strlen(folder);
	if (front + size > PATH_BYTES - 1)
		return error_set(store->error, ORD_EINVAL, "the path of %.200s is too long", place);
	database->path = memory_new(front + size + 2, 1);
	if (database->path == NULL)
		return error_memory(store->error);
	memcpy(database->path, folder, front);
	if (front != 0)
		database->path[front++] = '/';
	memcpy(database->path + front, place, size + 1);
	return 0;
}

/* The log is written at each commit; where it is not there yet, or the two cannot be watched, the list is looked at from time to time. */
static void
watch_log(struct database *database)
{
	char log[PATH_BYTES + 8];

	snprintf(log, sizeof log, "%s-wal", database->path);
	database->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (database->inotify >= 0 &&
		(fd_lift(&database->inotify) != 0 ||
			inotify_add_watch(database->inotify, log, IN_MODIFY | IN_GONE) < 0 ||
			inotify_add_watch(database->inotify, database->path, IN_GONE) < 0))
		fd_close(&database->inotify);
}

static int
open_handle(struct store *store)
{
	struct database *database = DATABASE_OF(store);
	struct stat now;
	int code;

	if (stat(database->path, &now) != 0 && (store->must_exist || store->read_only))
		return error_set(store->error, ORD_EINVAL, "there is no list %s", database->path);
	code = sqlite3_open_v2(database->path, &database->handle,
		SQLITE_OPEN_NOMUTEX |
			(store->read_only ? SQLITE_OPEN_READONLY
					  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE),
		NULL);
	if (code != SQLITE_OK)
		return sqlite_trouble(store, code, "opened");
	sqlite3_extended_result_codes(database->handle, 1);
	sqlite3_busy_handler(database->handle, on_busy, database);
	if (!store->read_only && sqlite3_db_readonly(database->handle, "main") == 1)
		return sqlite_trouble(store, SQLITE_READONLY, "written");
	code = sqlite3_create_function(database->handle, "may_take", 1,
		SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, store, may_take, NULL,
		NULL);
	return code != SQLITE_OK ? sqlite_trouble(store, code, "opened") : 0;
}

int
sqlite_open(struct store *store, const char *place)
{
	struct database *database = memory_new(1, sizeof *database);
	struct stat now;
	int status;

	if (database == NULL)
		return error_memory(store->error);
	database->store = store;
	database->inotify = -1;
	database->random = clock_now_ns() ^ ((uint64_t)getpid() << 32) ^ (uintptr_t)database;
	database->random |= 1;
	store->inside = database;
	status = set_path(store, place);
	if (status == 0)
		status = check_file_system(store);
	if (status == 0)
		status = open_handle(store);
	if (status == 0)
		status = identify(store);
	if (status == 0 && stat(database->path, &now) != 0)
		status = error_system(
			store->error, errno, "the list %s cannot be looked at", database->path);
	if (status != 0)
		return status;
	database->device = now.st_dev;
	database->inode = now.st_ino;
	watch_log(database);
	return 0;
}

void
sqlite_close_all(struct store *store, int forked)
{
	struct database *database = DATABASE_OF(store);

	if (database == NULL)
		return;
	/* In a forked process closing would write to what is the parent's. */
	for (int i = 0; !forked && i < N_SQL; i++)
		sqlite3_finalize(database->statements[i]);
	if (!forked)
		sqlite3_close(database->handle);
	fd_close(&database->inotify);
	memory_free(database->path);
	memory_free(database);
	store->inside = NULL;
}
