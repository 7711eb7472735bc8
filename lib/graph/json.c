/*
 * The grammar of JSON and nothing else: no value is made of it.  What is open
 * is a stack of bits, so that depth costs no stack of ours.
 */
#include "graph/json.h"

#include <stdint.h>
#include <string.h>

/* Bytes that are being read. */
struct bytes {
	const char *at, *end;
};

static int
next_is(const struct bytes *text, char c)
{
	return text->at < text->end && *text->at == c;
}

static int
take(struct bytes *text, char c)
{
	if (!next_is(text, c))
		return 0;
	text->at++;
	return 1;
}

static void
skip_blanks(struct bytes *text)
{
	while (text->at < text->end && memchr(" \t\r\n", *text->at, 4) != NULL)
		text->at++;
}

static int
is_digit(const struct bytes *text)
{
	return text->at < text->end && *text->at >= '0' && *text->at <= '9';
}

static int
digits(struct bytes *text)
{
	const char *begin = text->at;

	while (is_digit(text))
		text->at++;
	return text->at != begin;
}

static int
number(struct bytes *text)
{
	(void)take(text, '-');
	if (!take(text, '0') && !digits(text))
		return 0;
	if (take(text, '.') && !digits(text))
		return 0;
	if (!take(text, 'e') && !take(text, 'E'))
		return 1;
	if (!take(text, '+'))
		(void)take(text, '-');
	return digits(text);
}

static int
escape(struct bytes *text)
{
	if (text->at == text->end)
		return 0;
	if (!take(text, 'u')) {
		int known = memchr("\"\\/bfnrt", *text->at, 8) != NULL;

		text->at++;
		return known;
	}
	for (int i = 0; i < 4; i++, text->at++)
		if (text->at == text->end ||
			memchr("0123456789abcdefABCDEF", *text->at, 22) == NULL)
			return 0;
	return 1;
}

static int
string(struct bytes *text)
{
	if (!take(text, '"'))
		return 0;
	while (text->at < text->end) {
		char c = *text->at++;

		if (c == '"')
			return 1;
		if ((unsigned char)c < 0x20 || (c == '\\' && !escape(text)))
			return 0;
	}
	return 0;
}

static int
word(struct bytes *text, const char *expected)
{
	size_t size = strlen(expected);

	if ((size_t)(text->end - text->at) < size || memcmp(text->at, expected, size) != 0)
		return 0;
	text->at += size;
	return 1;
}

static int
scalar(struct bytes *text)
{
	return string(text) || word(text, "true") || word(text, "false") || word(text, "null") ||
		number(text);
}

/* The name of a member, and what is behind it. */
static int
member(struct bytes *text)
{
	skip_blanks(text);
	if (!string(text))
		return 0;
	skip_blanks(text);
	return take(text, ':');
}

/* Which of what is open are objects. */
struct nest {
	uint8_t objects[JSON_DEPTH_MAX / 8 + 1];
	unsigned depth;
};

static int
is_object(const struct nest *nest)
{
	return nest->objects[(nest->depth - 1) / 8] >> ((nest->depth - 1) % 8) & 1;
}

/* Behind a value: the ends of what is open, then a comma; 1: another value follows, 0: that was all, -1: neither. */
static int
go_on(struct bytes *text, struct nest *nest)
{
	for (;;) {
		skip_blanks(text);
		if (nest->depth == 0)
			return text->at == text->end ? 0 : -1;
		if (take(text, ','))
			return !is_object(nest) || member(text) ? 1 : -1;
		if (!take(text, is_object(nest) ? '}' : ']'))
			return -1;
		nest->depth--;
	}
}

/* An array or an object begins: 1: a value follows, 0: it is empty, -1: neither. */
static int
begin(struct bytes *text, struct nest *nest, int object)
{
	unsigned bit = 1U << (nest->depth % 8);
	uint8_t *byte = &nest->objects[nest->depth / 8];

	if (nest->depth == JSON_DEPTH_MAX)
		return -1;
	*byte = (uint8_t)(object ? *byte | bit : *byte & ~bit);
	nest->depth++;
	skip_blanks(text);
	if (next_is(text, object ? '}' : ']'))
		return 0;
	return !object || member(text) ? 1 : -1;
}

int
json_is(const char *bytes, size_t size)
{
	struct bytes text = { bytes, bytes + size };
	struct nest nest = { .depth = 0 };
	int more = 1;

	while (more == 1) {
		skip_blanks(&text);
		if (take(&text, '['))
			more = begin(&text, &nest, 0);
		else if (take(&text, '{'))
			more = begin(&text, &nest, 1);
		else
			more = scalar(&text) ? 0 : -1;
		if (more == 0)
			more = go_on(&text, &nest);
	}
	return more == 0;
}
