/* Addresses: those of libpq, with three parameters of our own behind the question mark. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "jobs/postgresql/postgres.h"

#define LIST_MAX 50
#define ADDRESS_MAX 8000

static int
bad_address(struct store *store)
{
	return error_set(store->error, ORD_EINVAL,
		"the address of the list is not one that libpq understands: say postgresql://USER@HOST:PORT/DATABASE?list=NAME, with %%XX for special characters, and no '@' or '/' in the password as such");
}

static int
set_list(struct store *store, const char *name, size_t size)
{
	struct server *server = SERVER_OF(store);

	if (size == 0 || size > LIST_MAX)
		return error_set(store->error, ORD_EINVAL,
			"the name of a list (…?list=) has 1 to %d bytes", LIST_MAX);
	for (size_t i = 0; i < size; i++)
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name[i]) == NULL)
			return error_set(store->error, ORD_EINVAL,
				"the name of a list (…?list=) may have a to z, 0 to 9 and '_', not '%.*s'",
				(int)size, name);
	snprintf(server->schema, sizeof server->schema, "orderly_%.*s", (int)size, name);
	return 0;
}

static int
set_seconds(struct store *store, const char *name, const char *text, size_t size, uint64_t *ms)
{
	uint64_t seconds = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] < '0' || text[i] > '9' || size > 8)
			return error_set(
				store->error, ORD_EINVAL, "…?%s= is a number of seconds", name);
		seconds = seconds * 10 + (uint64_t)(text[i] - '0');
	}
	*ms = seconds * 1000;
	return 0;
}

static int
set_answer(struct store *store, const char *text, size_t size)
{
	struct server *server = SERVER_OF(store);
	int status = set_seconds(store, "answer", text, size, &server->answer_ms);

	if (status == 0 && server->answer_ms == 0)
		return error_set(
			store->error, ORD_EINVAL, "…?answer= is a number of seconds, 1 or more");
	return status;
}

/* What is ours in the query of the address is taken out of it: libpq takes nothing that it does not know. */
static int
take_parameters(struct store *store, char *query)
{
	char *from = query, *to = query;
	int status = 0;

	while (*from != '\0' && status == 0) {
		size_t size = strcspn(from, "&");

		if (strncmp(from, "list=", 5) == 0) {
			status = set_list(store, from + 5, size - 5);
		} else if (strncmp(from, "patience=", 9) == 0) {
			status = set_seconds(store, "patience", from + 9, size - 9,
				&SERVER_OF(store)->patience_ms);
		} else if (strncmp(from, "answer=", 7) == 0) {
			status = set_answer(store, from + 7, size - 7);
		} else {
			if (to != query)
				*to++ = '&';
			memmove(to, from, size);
			to += size;
		}
		from += size;
		if (*from == '&')
			from++;
	}
	*to = '\0';
	if (to == query)
		query[-1] = '\0';
	return status;
}

static const char *
option_of(const PQconninfoOption *options, const char *keyword, const char *otherwise)
{
	for (; options->keyword != NULL; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val != NULL ? options->val : otherwise;
	return otherwise;
}

/* What the sentences call it: never with the password, which libpq takes for a port where the host is missing. */
static int
set_shown(struct store *store)
{
	struct server *server = SERVER_OF(store);
	PQconninfoOption *options = PQconninfoParse(server->address, NULL);
	const char *host, *port;
	int status = 0;
	long most;

	if (options == NULL)
		return bad_address(store);
	port = option_of(options, "port", "");
	if (port[strspn(port, "0123456789,")] != '\0')
		status = error_set(store->error, ORD_EINVAL,
			"the address of the list has a port that is no number: say postgresql://USER:PASSWORD@HOST:PORT/DATABASE");
	/* libpq leaves it to who awaits the connection. */
	most = strtol(option_of(options, "connect_timeout", "0"), NULL, 10);
	if (most > 0)
		server->connect_ms = (uint64_t)most * 1000;
	host = option_of(options, "host", option_of(options, "hostaddr", ""));
	snprintf(server->shown, sizeof server->shown, "the list '%s' in the database '%s'%s%s",
		server->schema + strlen("orderly_"), option_of(options, "dbname", ""),
		*host != '\0' ? " at " : "", host);
	PQconninfoFree(options);
	return status;
}

/*
 * Behind user and password, where libpq sees their end: an '@' before any '/'.  NULL if there is one more
 * before the query: then what libpq would take for a host, a port or a database is the rest of a password.
 */
static char *
behind_password(char *address)
{
	char *at = address + strcspn(address, "@/"), *rest = *at == '@' ? at + 1 : address;

	return rest[strcspn(rest, "@?")] == '@' ? NULL : rest;
}

int
postgres_set_address(struct store *store, const char *place)
{
	struct server *server = SERVER_OF(store);
	size_t size = strlen(place);
	char *rest, *query;
	int status;

	if (strncmp(place, "//", 2) != 0 || size > ADDRESS_MAX)
		return bad_address(store);
	server->address = memory_new(size + sizeof "postgresql:", 1);
	if (server->address == NULL)
		return error_memory(store->error);
	memcpy(server->address, "postgresql:", strlen("postgresql:"));
	memcpy(server->address + strlen("postgresql:"), place, size + 1);
	rest = behind_password(server->address + strlen("postgresql://"));
	if (rest == NULL)
		return bad_address(store);
	status = set_list(store, "jobs", strlen("jobs"));
	query = strchr(rest, '?');
	if (status == 0 && query != NULL)
		status = take_parameters(store, query + 1);
	return status == 0 ? set_shown(store) : status;
}
