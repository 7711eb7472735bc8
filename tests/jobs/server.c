/*
 * The server of PostgreSQL for a test program: server.sh, started by the program itself before its first test,
 * and ended with it, however it ends. And what is said to databases behind the library's back.
 */
#define _GNU_SOURCE /* pipe2 */
#include "lists.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef ORD_JOBS_SQLITE
#include <sqlite3.h>
#endif
#ifdef ORD_JOBS_POSTGRESQL
#include <libpq-fe.h>
#endif

/* In the program itself: what holds the server. */
static int input = -1;
static pid_t script;

static void
start_server(void)
{
	char path[500], folder[200] = "";
	int in[2], out[2], status;
	ssize_t n, size = 0;

	snprintf(path, sizeof path, "%s/tests/jobs/server.sh", getenv("ORDERLY_SOURCE") != NULL ? getenv("ORDERLY_SOURCE") : ".");
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0)
		return;
	script = fork();
	if (script == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(path, path, (char *)NULL);
		_exit(77);
	}
	close(in[0]);
	close(out[1]);
	while (size < (ssize_t)sizeof folder - 1 && (n = read(out[0], folder + size, sizeof folder - 1 - (size_t)size)) > 0)
		if (memchr(folder, '\n', (size_t)(size += n)) != NULL)
			break;
	close(out[0]);
	folder[strcspn(folder, "\n")] = '\0';
	if (*folder != '\0') {
		setenv(SERVER, folder, 1);
		input = in[1];
		return;
	}
	close(in[1]);
	waitpid(script, &status, 0);
	script = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 77)
		fprintf(stderr, "PostgreSQL did not start\n");
}

/* Not in the processes of its tests, which have it from here. */
__attribute__((constructor)) static void
server_begin(int argc, char **argv)
{
	(void)argv;
	if (&lists_server == NULL || argc > 2 || getenv(SERVER) != NULL || getenv("BXFI_MAP") != NULL)
		return;
#ifdef ORD_JOBS_POSTGRESQL
	start_server();
#endif
	if (lists_server == 2 && getenv(SERVER) == NULL) {
		fprintf(stderr, "skipped: no server of PostgreSQL, or libpq is not built in\n");
		_exit(77);
	}
}

__attribute__((destructor)) static void
server_end(void)
{
	if (script == 0 || input < 0)
		return;
	close(input);
	waitpid(script, NULL, 0);
}

void
lists_tell_server(const char *command)
{
	char path[300];
	FILE *file;
	int status = -1;

	snprintf(path, sizeof path, "%s/control", getenv(SERVER));
	file = fopen(path, "w");
	CHECK(file != NULL);
	fprintf(file, "%s\n", command);
	fclose(file);
	snprintf(path, sizeof path, "%s/reply", getenv(SERVER));
	file = fopen(path, "r");
	CHECK(file != NULL);
	CHECK_EQ(fscanf(file, "%d", &status), 1);
	fclose(file);
	CHECK_EQ(status, 0);
}

#ifdef ORD_JOBS_POSTGRESQL
static long long
ask_server(const char *address, const char *list, const char *text)
{
	PGconn *handle = PQconnectdb(address);
	long long number = 0;
	PGresult *result;
	char before[100];

	if (PQstatus(handle) != CONNECTION_OK) {
		fprintf(stderr, "%s", PQerrorMessage(handle));
		CHECK(!"connected");
	}
	snprintf(before, sizeof before, "SET client_min_messages TO error; SET search_path TO orderly_%s", list);
	PQclear(PQexec(handle, before));
	result = PQexec(handle, text);
	if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0)
		number = atoll(PQgetvalue(result, 0, 0));
	else if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s: %s", text, PQerrorMessage(handle));
		CHECK(!"done");
	}
	PQclear(result);
	PQfinish(handle);
	return number;
}

static const char *
list_of(const struct list_at *at)
{
	return strstr(at->address, "list=") + strlen("list=");
}
#endif

void
lists_on_server(struct list_at *at)
{
	static unsigned number;

	snprintf(at->address, sizeof at->address, "postgresql:///postgres?host=%s&user=orderly&list=t%d_%u", getenv(SERVER),
		(int)getpid(), number++);
}

void
lists_off_server(struct list_at *at)
{
#ifdef ORD_JOBS_POSTGRESQL
	char text[200];

	snprintf(text, sizeof text, "DROP SCHEMA IF EXISTS orderly_%s CASCADE", list_of(at));
	lists_sql(at, text);
#else
	(void)at;
#endif
}

long long
lists_number(const struct list_at *at, const char *text)
{
	long long number = 0;

#ifdef ORD_JOBS_POSTGRESQL
	if (strcmp(at->scheme, "postgresql") == 0) {
		char address[300];

		snprintf(address, sizeof address, "%s", at->address);
		*strstr(address, "&list=") = '\0';
		return ask_server(address, list_of(at), text);
	}
#endif
#ifdef ORD_JOBS_SQLITE
	if (strcmp(at->scheme, "sqlite") == 0) {
		sqlite3_stmt *statement = NULL;
		sqlite3 *handle;
		int code;

		CHECK_EQ(sqlite3_open(at->address + strlen("sqlite:"), &handle), SQLITE_OK);
		sqlite3_busy_timeout(handle, SCENE_LONG_MS);
		CHECK_EQ(sqlite3_prepare_v2(handle, text, -1, &statement, NULL), SQLITE_OK);
		code = sqlite3_step(statement);
		CHECK(code == SQLITE_ROW || code == SQLITE_DONE);
		if (code == SQLITE_ROW)
			number = sqlite3_column_int64(statement, 0);
		sqlite3_finalize(statement);
		CHECK_EQ(sqlite3_close(handle), SQLITE_OK);
	}
#endif
	return number;
}

void
lists_sql(const struct list_at *at, const char *text)
{
	lists_number(at, text);
}
