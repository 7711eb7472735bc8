/*
 * Statements and transactions.  Statements are prepared when they are first
 * needed, and sent in pipelines: what is sent up to one synchronisation is one
 * transaction and one round trip, unless it begins a longer one.
 *
 * A transaction whose connection is lost is made anew on a new one.  Whether the
 * old one was committed is told by the taker's row, which it marked with a number.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/postgresql/postgres.h"

#define CLAIM_TEXT_MAX 2048
#define LEAST_TRIES 20 /* of a transaction that the server gives up */

/* --- results --- */

int64_t
postgres_int(const PGresult *result, int row, int column)
{
	const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, column);
	int size = PQgetlength(result, row, column);
	uint64_t number = 0;

	/* In the byte order of networks; a bool has one byte. */
	for (int i = 0; i < size && i < 8; i++)
		number = number << 8 | bytes[i];
	if (size == 4)
		return (int32_t)(uint32_t)number;
	return (int64_t)number;
}

const char *
postgres_string(const PGresult *result, int row, int column)
{
	return PQgetvalue(result, row, column);
}

static int
is_null(const struct sql_row *row, int column)
{
	const struct postgres_row *own = (const struct postgres_row *)row;

	return PQgetisnull(own->result, own->at, column);
}

static int64_t
number(const struct sql_row *row, int column)
{
	const struct postgres_row *own = (const struct postgres_row *)row;

	return postgres_int(own->result, own->at, column);
}

static const char *
text(const struct sql_row *row, int column)
{
	const struct postgres_row *own = (const struct postgres_row *)row;

	return postgres_string(own->result, own->at, column);
}

static const void *
bytes(const struct sql_row *row, int column, size_t *size)
{
	const struct postgres_row *own = (const struct postgres_row *)row;

	*size = (size_t)PQgetlength(own->result, own->at, column);
	return PQgetvalue(own->result, own->at, column);
}

struct postgres_row
postgres_row(const PGresult *result, int at)
{
	return (struct postgres_row){ { is_null, number, text, bytes }, result, at };
}

char *
postgres_array(const int64_t *numbers, size_t n)
{
	size_t size = n * 22 + 3, used = 1;
	char *text = memory_new(size, 1);

	if (text == NULL)
		return NULL;
	text[0] = '{';
	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(
			text + used, size - used, i == 0 ? "%lld" : ",%lld", (long long)numbers[i]);
	text[used] = '}';
	return text;
}

/* --- what goes wrong --- */

struct remedy {
	const char *code; /* as the server says it; the first two letters are its class */
	const char *text;
};

static const char *
remedy_of(const char *code)
{
	static const struct remedy remedies[] = {
		{ "42501", " (have the owner of the list grant it: see ord_jobs(3))" },
		{ "25006",
			" (it is a standby, or read-only: give the server that may be written)" },
		{ "53100", " (make room on the server's disk)" },
		{ "53200", " (the server has no memory)" },
		{ "57014", " (raise statement_timeout for this user)" },
		{ "55P03", " (raise lock_timeout for this user)" },
		{ "42P01", " (was it deleted? open it anew)" },
		{ "3F000", " (was it deleted? open it anew)" },
		{ "22021", " (names have to be UTF-8)" },
		{ "22P05", " (the database needs the encoding UTF8)" },
	};

	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (strcmp(remedies[i].code, code) == 0)
			return remedies[i].text;
	return "";
}

/* It would go well another time: the server ends, or two waited for each other. */
static int
is_passing(const char *code)
{
	static const char *const codes[] = { "40001", "40P01", "57P01", "57P02", "57P03", "25P03" };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(codes[i], code) == 0)
			return 1;
	return strncmp(code, "08", 2) == 0;
}

int
postgres_trouble(struct store *store, const PGresult *result, const char *what)
{
	struct server *server = SERVER_OF(store);
	const char *code = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (result == NULL && PQstatus(server->handle) != CONNECTION_BAD)
		return error_memory(store->error);
	if (PQstatus(server->handle) == CONNECTION_BAD || code == NULL || is_passing(code))
		return POSTGRES_AGAIN;
	return error_set(store->error, strncmp(code, "22", 2) == 0 ? ORD_EINVAL : ORD_ESYSTEM,
		"%s cannot be %s: %.300s%s", server->shown, what, text != NULL ? text : code,
		remedy_of(code));
}

/* --- pipelines --- */

void
pipe_set(struct pipe *pipe, int n, int i, int64_t number)
{
	snprintf(pipe->queries[n].numbers[i], sizeof pipe->queries[n].numbers[i], "%lld",
		(long long)number);
	pipe->queries[n].values[i] = pipe->queries[n].numbers[i];
}

void
pipe_set_bytes(struct pipe *pipe, int n, int i, const void *bytes, size_t size)
{
	pipe->queries[n].values[i] = size != 0 ? bytes : "";
	pipe->queries[n].sizes[i] = (int)size;
	pipe->queries[n].binary[i] = 1;
}

static void
put(struct pipe *pipe, enum pg which, const char *types, va_list values)
{
	int n = pipe->n++;

	pipe->queries[n].which = which;
	pipe->queries[n].limit = 0;
	pipe->queries[n].result = NULL;
	pipe->queries[n].n_values = (int)strlen(types);
	for (int i = 0; types[i] != '\0'; i++) {
		const void *bytes;

		pipe->queries[n].values[i] = NULL;
		pipe->queries[n].sizes[i] = pipe->queries[n].binary[i] = 0;
		if (types[i] == 'i') {
			pipe_set(pipe, n, i, va_arg(values, int64_t));
		} else if (types[i] == 't') {
			pipe->queries[n].values[i] = va_arg(values, const char *);
		} else if (types[i] == 'b') {
			bytes = va_arg(values, const void *);
			pipe_set_bytes(pipe, n, i, bytes, va_arg(values, size_t));
		}
	}
}

void
pipe_put(struct pipe *pipe, enum pg which, const char *types, ...)
{
	va_list values;

	va_start(values, types);
	put(pipe, which, types, values);
	va_end(values);
}

void
pipe_clear(struct pipe *pipe)
{
	for (int i = 0; i < pipe->n; i++)
		PQclear(pipe->queries[i].result);
	pipe->n = 0;
}

static void
name_of(const struct pipe *pipe, int i, char name[24])
{
	if (pipe->queries[i].limit != 0)
		snprintf(name, 24, "claim_%u", (unsigned)pipe->queries[i].limit);
	else
		snprintf(name, 24, "s_%d", (int)pipe->queries[i].which);
}

/* Prepare what is not; 0 or a status. */
static int
prepare(struct store *store, const struct pipe *pipe)
{
	struct server *server = SERVER_OF(store);
	char text[CLAIM_TEXT_MAX], name[24];

	for (int i = 0; i < pipe->n; i++) {
		uint32_t limit = pipe->queries[i].limit;
		uint8_t *prepared = limit != 0 ? &server->prepared_claims[limit]
					       : &server->prepared[pipe->queries[i].which];
		PGresult *result;
		int status = 0;

		if (*prepared)
			continue;
		if (limit != 0)
			postgres_claim_text(text, sizeof text, limit);
		name_of(pipe, i, name);
		result = postgres_prepare(
			store, name, limit != 0 ? text : postgres_text_of(pipe->queries[i].which));
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			status = postgres_trouble(store, result, "used");
		PQclear(result);
		if (status != 0)
			return status;
		*prepared = 1;
	}
	return 0;
}

/* All results up to the synchronisation; the first trouble is the status. */
static int
collect(struct store *store, struct pipe *pipe)
{
	PGconn *handle = SERVER_OF(store)->handle;
	int status = 0;

	for (int i = 0; i < pipe->n; i++) {
		PGresult *result = postgres_result(store), *end;
		ExecStatusType is = PQresultStatus(result);

		pipe->queries[i].result = result;
		if (result == NULL || PQstatus(handle) == CONNECTION_BAD)
			return POSTGRES_AGAIN;
		if (is != PGRES_TUPLES_OK && is != PGRES_COMMAND_OK && status == 0 &&
			is != PGRES_PIPELINE_ABORTED)
			status = postgres_trouble(store, result, "used");
		end = postgres_result(store);
		if (end != NULL) {
			PQclear(end);
			return POSTGRES_AGAIN;
		}
	}
	/* Behind a server that went away libpq may say for ever that there is nothing more, and no end either. */
	for (int nothing = 0; nothing < 2;) {
		PGresult *result = postgres_result(store);
		ExecStatusType is = PQresultStatus(result);

		nothing = result == NULL ? nothing + 1 : 0;
		/* What a commit fails of comes behind the results. */
		if (result != NULL && is == PGRES_FATAL_ERROR && status == 0)
			status = postgres_trouble(store, result, "written");
		PQclear(result);
		if (PQstatus(handle) == CONNECTION_BAD)
			return POSTGRES_AGAIN;
		if (is == PGRES_PIPELINE_SYNC)
			return status;
	}
	return POSTGRES_AGAIN;
}

/* What does not lie in the statement's own numbers; texts are short. */
static size_t
bytes_of(const struct pipe *pipe, int i)
{
	size_t size = 0;

	for (int j = 0; j < pipe->queries[i].n_values; j++)
		size += pipe->queries[i].binary[j] ? (size_t)pipe->queries[i].sizes[j] : 0;
	return size;
}

void
postgres_hear(struct store *store)
{
	struct server *server = SERVER_OF(store);
	PGnotify *notice;

	while ((notice = PQnotifies(server->handle)) != NULL) {
		PQfreemem(notice);
		server->notified = store->heard = 1;
	}
}

int
pipe_go(struct store *store, struct pipe *pipe)
{
	PGconn *handle = SERVER_OF(store)->handle;
	int status = PQstatus(handle) == CONNECTION_BAD ? POSTGRES_AGAIN : prepare(store, pipe);
	char name[24];
	int sent = 1;

	if (status != 0)
		return status;
	if (!PQenterPipelineMode(handle))
		return POSTGRES_AGAIN;
	for (int i = 0; sent && i < pipe->n; i++) {
		name_of(pipe, i, name);
		sent = PQsendQueryPrepared(handle, name, pipe->queries[i].n_values,
			       pipe->queries[i].values, pipe->queries[i].sizes,
			       pipe->queries[i].binary, 1) &&
			postgres_flush(store, bytes_of(pipe, i)) == 0;
	}
	/* What could not be sent is no use without the rest. */
	if (!sent || !PQpipelineSync(handle)) {
		PQfinish(handle);
		SERVER_OF(store)->handle = NULL;
		return POSTGRES_AGAIN;
	}
	status = collect(store, pipe);
	postgres_hear(store);
	/* One that is not in step any more is as good as lost. */
	if (!PQexitPipelineMode(handle)) {
		PQfinish(handle);
		SERVER_OF(store)->handle = NULL;
	}
	return status;
}

/* --- one statement --- */

/* The server is there, and yet this does not get through: too large for memory, or the server's process dies of it. */
static int
say_lost(struct store *store, int tries)
{
	return error_set(store->error, ORD_ESYSTEM,
		"%s: the connection was lost %d times at the same step (the server's log may say why)",
		SERVER_OF(store)->shown, tries);
}

static int
ask(struct store *store, PGresult **result, enum pg which, const char *types, va_list values)
{
	struct pipe pipe;
	int status;

	pipe.n = 0;
	put(&pipe, which, types, values);
	for (int tries = 1;; tries++) {
		status = pipe_go(store, &pipe);
		if (status == 0) {
			*result = pipe.queries[0].result;
			return 0;
		}
		*result = NULL;
		PQclear(pipe.queries[0].result);
		pipe.queries[0].result = NULL;
		if (status != POSTGRES_AGAIN || SERVER_OF(store)->inside)
			return status;
		status = postgres_reconnect(store);
		if (status == 0 && tries >= LEAST_TRIES)
			status = say_lost(store, tries);
		if (status != 0)
			return status;
	}
}

int
postgres_ask(struct store *store, PGresult **result, enum pg which, const char *types, ...)
{
	va_list values;
	int status;

	va_start(values, types);
	status = ask(store, result, which, types, values);
	va_end(values);
	return status;
}

int
postgres_run(struct store *store, enum pg which, const char *types, ...)
{
	PGresult *result;
	va_list values;
	int status;

	va_start(values, types);
	status = ask(store, &result, which, types, values);
	va_end(values);
	PQclear(result);
	return status;
}

int
postgres_number(struct store *store, enum pg which, int64_t otherwise, int64_t *number,
	const char *types, ...)
{
	PGresult *result;
	va_list values;
	int status;

	*number = otherwise;
	va_start(values, types);
	status = ask(store, &result, which, types, values);
	va_end(values);
	if (status == 0 && PQntuples(result) != 0 && !PQgetisnull(result, 0, 0))
		*number = postgres_int(result, 0, 0);
	PQclear(result);
	return status;
}

/* --- transactions --- */

static int
begin(struct store *store, enum postgres_lock lock)
{
	struct server *server = SERVER_OF(store);
	struct pipe pipe;
	int status, gone;

	pipe.n = 0;
	server->step++;
	pipe_put(&pipe, PG_BEGIN, "");
	pipe_put(&pipe, lock == POSTGRES_EXCLUSIVE ? PG_EXCLUDE : PG_SHARE, "i",
		(int64_t)(int32_t)server->oid);
	if (lock == POSTGRES_ADDING)
		pipe_put(&pipe, PG_ADDERS, "i", (int64_t)(int32_t)server->oid);
	if (store->self.id != 0)
		pipe_put(&pipe, PG_MARK, "ii", store->self.id, server->step);
	server->inside = 1;
	status = pipe_go(store, &pipe);
	gone = status == 0 && store->self.id != 0 &&
		PQntuples(pipe.queries[pipe.n - 1].result) == 0;
	pipe_clear(&pipe);
	/* Dead to the others for so long that its row is forgotten: a taker anew. */
	return gone && lock == POSTGRES_EXCLUSIVE ? postgres_enter(store) : status;
}

/* Its end: well if status is 0, else as if it had not been. */
static int
end(struct store *store, int status)
{
	struct server *server = SERVER_OF(store);
	char text[sizeof store->error->text];
	int kept = store->error->status;

	snprintf(text, sizeof text, "%s", store->error->text);
	if (status == 0)
		status = postgres_run(store, PG_COMMIT, "");
	else if (status != POSTGRES_AGAIN && PQstatus(server->handle) != CONNECTION_BAD)
		postgres_run(store, PG_ROLLBACK, "");
	/* Also what the server gives up has to be ended there. */
	if (PQstatus(server->handle) != CONNECTION_BAD &&
		PQtransactionStatus(server->handle) != PQTRANS_IDLE)
		postgres_run(store, PG_ROLLBACK, "");
	server->inside = 0;
	if (status != 0 && status != POSTGRES_AGAIN && kept != 0)
		error_set(store->error, kept, "%s", text);
	return status;
}

/* On a new connection: was the transaction with this number committed after all? */
static int
was_committed(struct store *store, int64_t step, int *committed)
{
	int64_t is = 0;
	int status = 0;

	if (store->self.id != 0)
		status = postgres_number(store, PG_STEP, 0, &is, "i", store->self.id);
	*committed = is == step;
	return status;
}

int
postgres_transact(struct store *store, enum postgres_lock lock, postgres_body_fn body, void *user)
{
	struct server *server = SERVER_OF(store);

	for (int tries = 1;; tries++) {
		int status = begin(store, lock), committed = 0, said = 0;

		if (status == 0)
			said = status = body(store, user);
		status = end(store, status);
		if (status != POSTGRES_AGAIN)
			return status;
		if (PQstatus(server->handle) != CONNECTION_BAD) {
			if (tries < LEAST_TRIES)
				continue;
			return error_set(store->error, ORD_ESYSTEM,
				"%s cannot be written: the server gave it up %d times",
				server->shown, tries);
		}
		status = postgres_reconnect(store);
		if (status == 0 && said == 0)
			status = was_committed(store, server->step, &committed);
		if (status == 0 && !committed && tries >= LEAST_TRIES)
			status = say_lost(store, tries);
		if (status != 0 || committed)
			return status;
	}
}
