/* Bytes of a client into a question: nothing of them is believed. */
#include "graph/request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/context.h"
#include "graph/waiting.h"

#define MANY UINT32_MAX

/* To add one: a row here, its kind in context.h, its case in ask.c. */
static const struct {
	const char *word;
	uint32_t kind;
	uint32_t least, most; /* names behind it */
} words[] = {
	{ "create", ASK_CREATE, 1, MANY },
	{ "start", ASK_START, 1, MANY },
	{ "run", ASK_RUN, 1, MANY },
	{ "wait", ASK_WAIT, 1, MANY },
	{ "wait-locks", ASK_WAIT_LOCKS, 1, MANY },
	{ "result", ASK_RESULT, 1, 1 },
	{ "arg", ASK_ARG, 1, 1 },
	{ "param", ASK_PARAM, 1, 1 },
	{ "skip", ASK_SKIP, 0, 0 },
	{ "no-change", ASK_NO_CHANGE, 0, 0 },
	{ "input", ASK_INPUT, 1, 1 },
	{ "password", ASK_PASSWORD, 1, 1 },
	{ "changed-deps", ASK_CHANGED_DEPS, 0, 0 },
	{ "fingerprint", ASK_FINGERPRINT, 0, 0 },
};

void
request_token(char text[REQUEST_TOKEN_MAX], uint32_t node, uint64_t secret)
{
	snprintf(text, REQUEST_TOKEN_MAX, "%08" PRIx32 ".%016" PRIx64, node, secret);
}

static int
is_hex(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (strchr("0123456789abcdef", text[i]) == NULL || text[i] == '\0')
			return 0;
	return 1;
}

static int
parse_token(const char *text, struct request *request)
{
	if (text == NULL || strlen(text) != 25 || !is_hex(text, 8) || text[8] != '.' ||
		!is_hex(text + 9, 16))
		return -1;
	request->node = (uint32_t)strtoul(text, NULL, 16);
	request->secret = strtoull(text + 9, NULL, 16);
	return 0;
}

static int
parse_kind(const char *word, uint32_t count, struct request *request)
{
	for (size_t i = 0; word != NULL && i < sizeof words / sizeof *words; i++)
		if (strcmp(word, words[i].word) == 0) {
			request->kind = words[i].kind;
			return count >= words[i].least && count <= words[i].most ? 0 : -1;
		}
	return -1;
}

int
request_parse(const char *bytes, size_t size, struct request *request)
{
	const char *end = bytes + size, *at = bytes, *version, *token, *word, *rest;
	uint32_t count = 0;

	if (size == 0 || bytes[size - 1] != '\0')
		return -1;
	version = waiting_next_name(&at, end);
	token = waiting_next_name(&at, end);
	word = waiting_next_name(&at, end);
	if (version == NULL || strcmp(version, REQUEST_VERSION) != 0 ||
		parse_token(token, request) != 0)
		return -1;
	request->at = rest = at;
	request->end = end;
	while (waiting_next_name(&rest, end) != NULL)
		count++;
	return parse_kind(word, count, request);
}
