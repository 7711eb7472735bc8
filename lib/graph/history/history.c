/*
 * Records by name, and the order in which memory and database change: the
 * database first, so that a failure of it leaves both as they were, and no
 * allocation between its commit and the change in memory.
 */
#include "graph/history/history.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "graph/history/aside.h"
#include "graph/history/claim.h"
#include "graph/history/encoding.h"
#include "graph/history/known.h"

struct history {
	struct known_all all;
	char *path;
	struct database database;
	struct error error, warning;
	uint64_t version; /* the highest that there was */
	uint32_t damaged; /* records that were not what they had been */
	int lock;         /* descriptor of PATH.lock, -1: not ours */
	int open;
	int read_only;
	pid_t owner;
};

int
history_new(struct history **out)
{
	*out = memory_new(1, sizeof **out);
	if (*out == NULL)
		return ORD_ENOMEM;
	(*out)->lock = -1;
	return 0;
}

const char *
history_error(const struct history *history)
{
	return history->error.text;
}

const char *
history_warning(const struct history *history)
{
	return history->warning.text;
}

static int
read_record(
	void *user, const char *name, const char *content, size_t size, const struct digest *sum)
{
	struct history *history = user;
	struct digest found = digest_of(content, size);
	struct known *known;
	char *bytes;

	if (!digest_equal(&found, sum)) {
		history->damaged++;
		return 0;
	}
	known = known_place(&history->all, name);
	bytes = memory_copy(content, size);
	if (known == NULL || bytes == NULL) {
		memory_free(bytes);
		return ORD_ENOMEM;
	}
	known_set(&history->all, known, bytes, size);
	return 0;
}

static int
read_attempt(void *user, const char *name, uint32_t state)
{
	struct known *known = known_place(&((struct history *)user)->all, name);

	if (known == NULL)
		return ORD_ENOMEM;
	known->forgotten = 0;
	known->attempt = state == ATTEMPT_FAILED ? ATTEMPT_FAILED : ATTEMPT_UNFINISHED;
	return 0;
}

static int
read_version(void *user, uint64_t version)
{
	struct history *history = user;

	if (version > history->version)
		history->version = version;
	return 0;
}

/* Forget all that was read. */
static void
empty(struct history *history)
{
	known_finish(&history->all);
	history->damaged = 0;
	history->version = 0;
}

/* Say what the user should know; the first thing stays. */
static void
warn(struct history *history, const char *text)
{
	if (history->warning.text[0] == '\0')
		error_set(&history->warning, ORD_OK, "%s", text);
}

static int
open_database(struct history *history, int read_only)
{
	const struct database_rows rows = { read_record, read_attempt, read_version, history };

	return database_open(&history->database, history->path, read_only, &rows);
}

static int
database_failed(struct history *history)
{
	history->error = history->database.error;
	return history->error.status;
}

/* A database that cannot be used: out of the way with it, and a new one. */
static int
replace(struct history *history, int answer)
{
	char name[4300], text[900];
	int status = set_aside(history->path, name, sizeof name, &history->error);

	if (status != 0)
		return status;
	empty(history);
	snprintf(text, sizeof text,
		"the database %.350s %s: it is kept as %.350s, and everything runs once",
		history->path, answer == DATABASE_NEWER ? "is of a later version" : "is damaged",
		name);
	warn(history, text);
	return open_database(history, 0) == DATABASE_OPEN ? 0 : database_failed(history);
}

static void
warn_of_read_only(struct history *history)
{
	char text[900];

	history->read_only = 1;
	snprintf(text, sizeof text,
		"the database %.700s cannot be written: what runs now will not be remembered",
		history->path);
	warn(history, text);
}

static int
open_to_write(struct history *history, int wait_ms)
{
	int status = make_directories(history->path, &history->error), answer;

	if (status == 0)
		status = claim(history->path, wait_ms, &history->lock, &history->error);
	if (status < 0)
		return status;
	answer = open_database(history, status > 0);
	/* Where no lock can be made there may be no database to read either. */
	if (status > 0 && answer != DATABASE_OPEN)
		empty(history);
	if (status > 0 || (answer == DATABASE_OPEN && history->database.read_only)) {
		warn_of_read_only(history);
		return 0;
	}
	if (answer == DATABASE_DAMAGED || answer == DATABASE_NEWER)
		return replace(history, answer);
	return answer == DATABASE_OPEN ? 0 : database_failed(history);
}

static int
open_to_read(struct history *history)
{
	char text[900];
	int answer;

	history->read_only = 1;
	if (access(history->path, F_OK) != 0 && errno == ENOENT)
		return 0;
	answer = open_database(history, 1);
	if (answer < 0)
		return database_failed(history);
	if (answer != DATABASE_OPEN) {
		empty(history);
		snprintf(text, sizeof text, "the database %.700s %s: nothing is known from it",
			history->path,
			answer == DATABASE_NEWER ? "is of a later version" : "is damaged");
		warn(history, text);
	}
	return 0;
}

static void
warn_of_damage(struct history *history)
{
	char text[900];

	if (history->damaged == 0)
		return;
	snprintf(text, sizeof text,
		"%u records of the database %.600s are damaged: their procs run once",
		(unsigned)history->damaged, history->path);
	warn(history, text);
}

int
history_open(struct history *history, const char *path, int mode, int wait_ms)
{
	int status;

	error_clear(&history->error);
	if (history->open || *path == '\0' || strlen(path) > 4000)
		return error_set(&history->error, ORD_EINVAL,
			history->open ? "it is open already"
				      : "the path of a database is empty or too long");
	memory_free(history->path);
	history->path = memory_copy(path, strlen(path));
	if (history->path == NULL)
		return error_memory(&history->error);
	history->owner = getpid();
	history->read_only = 0;
	error_clear(&history->warning);
	status = mode == HISTORY_READ ? open_to_read(history) : open_to_write(history, wait_ms);
	if (status != 0) {
		empty(history);
		fd_close(&history->lock);
		return status;
	}
	warn_of_damage(history);
	history->open = 1;
	return 0;
}

/* Rows that nobody wants. */
static int
skip_record(
	void *user, const char *name, const char *content, size_t size, const struct digest *sum)
{
	(void)user, (void)name, (void)content, (void)size, (void)sum;
	return 0;
}

static int
skip_attempt(void *user, const char *name, uint32_t state)
{
	(void)user, (void)name, (void)state;
	return 0;
}

/* May the database be written?  0, 1 if this is not meant to be, or a status.  One that was deleted is made anew. */
static int
ready(struct history *history)
{
	const struct database_rows rows = { skip_record, skip_attempt, read_version, history };
	int answer;

	error_clear(&history->error);
	if (!history->open)
		return error_set(&history->error, ORD_EINVAL, "it is not open");
	if (history->owner != getpid())
		return error_set(&history->error, ORD_EFORKED,
			"the history belongs to the process that opened it: open it in this one");
	if (history->read_only)
		return 1;
	if (history->database.handle != NULL && database_is_in_place(&history->database))
		return 0;
	/* Somebody wanted it to be forgotten: what succeeds from now on is written, no more. */
	warn(history,
		"the database was deleted while it was in use: what ran before runs once more");
	database_close(&history->database);
	fd_close(&history->lock);
	drop_log(history->path);
	if (make_directories(history->path, &history->error) != 0)
		return history->error.status;
	answer = claim(history->path, 0, &history->lock, &history->error);
	if (answer != 0)
		return answer < 0
			? answer
			: error_set(&history->error, ORD_ESYSTEM,
				  "the database %s cannot be made anew: make its directory writable",
				  history->path);
	answer = database_open(&history->database, history->path, 0, &rows);
	if (answer > 0)
		return error_set(&history->error, ORD_ESYSTEM,
			"the database %s was replaced by one that cannot be used: delete it",
			history->path);
	return answer == 0 ? 0 : database_failed(history);
}

int
history_find(struct history *history, const char *name, struct record **record)
{
	struct known *known = known_find(&history->all, name);

	*record = NULL;
	if (known == NULL || known->forgotten)
		return 0;
	if (known_look(&history->all, known) != 0)
		return error_memory(&history->error);
	known->looked->record.attempt = known->attempt;
	if (known->bytes != NULL || known->attempt != ATTEMPT_ENDED)
		*record = &known->looked->record;
	return 0;
}

void
history_let_go(struct history *history, struct record *record)
{
	if (record != NULL)
		known_let_go(&history->all, known_of(record));
}

uint64_t
history_mean_ns(const struct history *history, const char *name)
{
	const struct known *known = known_find(&history->all, name);

	return known != NULL && known->bytes != NULL ? record_mean_ns(known->bytes, known->size)
						     : 0;
}

uint64_t
history_next_version(const struct history *history)
{
	return history->version + 1;
}

int
history_begin(struct history *history, const char *name)
{
	int status = ready(history);
	struct known *known;

	if (status < 0)
		return status;
	known = known_place(&history->all, name);
	if (known == NULL)
		return error_memory(&history->error);
	if (status == 0 && database_begin(&history->database, name, (int64_t)clock_wall_ns()) != 0)
		return database_failed(history);
	known->attempt = ATTEMPT_UNFINISHED;
	known->forgotten = 0;
	return 0;
}

/* Write bytes as the record of a proc, and take them over. */
static int
keep(struct history *history, struct known *known, const struct run *run, struct buffer *bytes,
	uint64_t version, int write)
{
	int status = 0;

	if (write)
		status = database_succeed(
			&history->database, known->name, run, bytes->bytes, bytes->size, version);
	if (status != 0)
		return database_failed(history);
	known_set(&history->all, known, bytes->bytes, bytes->size);
	*bytes = (struct buffer){ 0 };
	known->attempt = ATTEMPT_ENDED;
	if (version > history->version)
		history->version = version;
	return 0;
}

int
history_succeed(struct history *history, const char *name, const struct run *run,
	const struct record *record)
{
	struct buffer bytes = { 0 };
	int ready_status = ready(history), status;
	struct known *known;

	if (ready_status < 0)
		return ready_status;
	known = known_place(&history->all, name);
	if (known == NULL || record_encode(record, &bytes) != 0)
		status = error_memory(&history->error);
	else
		status = keep(history, known, run, &bytes, record->version, ready_status == 0);
	buffer_finish(&bytes);
	return status;
}

int
history_fail(struct history *history, const char *name, const struct run *run)
{
	int status = ready(history);
	struct known *known;

	if (status < 0)
		return status;
	known = known_place(&history->all, name);
	if (known == NULL)
		return error_memory(&history->error);
	if (status == 0 && database_fail(&history->database, name, run, ATTEMPT_FAILED) != 0)
		return database_failed(history);
	known->attempt = ATTEMPT_FAILED;
	known->forgotten = 0;
	return 0;
}

int
history_refresh(struct history *history, const char *name)
{
	struct known *known = known_find(&history->all, name);
	struct buffer bytes = { 0 };
	int status = ready(history);

	if (status != 0 || known == NULL || known->looked == NULL)
		return status < 0 ? status : 0;
	if (record_encode(&known->looked->record, &bytes) != 0)
		status = error_memory(&history->error);
	else if (database_store(&history->database, name, bytes.bytes, bytes.size) != 0)
		status = database_failed(history);
	buffer_finish(&bytes);
	return status;
}

int
history_forget(struct history *history, const char *name)
{
	struct known *known = known_find(&history->all, name);
	int status = ready(history);

	if (status < 0)
		return status;
	if (status == 0 && database_forget(&history->database, name) != 0)
		return database_failed(history);
	if (known != NULL) {
		known_set(&history->all, known, NULL, 0);
		known->attempt = ATTEMPT_ENDED;
		known->forgotten = 1;
	}
	return 0;
}

int
history_each(struct history *history, int (*each)(void *user, const char *name), void *user)
{
	for (struct known *known = history->all.first; known != NULL; known = known->next) {
		int status = known->forgotten ? 0 : each(user, known->name);

		if (status != 0)
			return status;
	}
	return 0;
}

int
history_runs(struct history *history, const char *name,
	int (*each)(void *user, const struct run *run), void *user)
{
	int status = history->database.statements != NULL && history->owner == getpid()
		? database_runs(&history->database, name, each, user)
		: 0;

	if (status != 0 && history->database.error.status == status)
		return database_failed(history);
	return status;
}

void
history_destroy(struct history **pointer)
{
	struct history *history = *pointer;

	if (history == NULL)
		return;
	/* In a child the connection, and its locks, are still the parent's: it stays as it is. */
	if (history->owner == getpid())
		database_close(&history->database);
	fd_close(&history->lock);
	empty(history);
	memory_free(history->path);
	memory_free(history);
	*pointer = NULL;
}
