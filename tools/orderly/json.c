/* Written by hand: what we say is flat and small. */
#include "json.h"

#include <stdio.h>
#include <string.h>

/* The bytes of a character of UTF-8, 0 if there is none. */
static size_t
character_size(const unsigned char *bytes, size_t size)
{
	size_t i,
		n = bytes[0] < 0x80 ? 1
		: bytes[0] < 0xc2   ? 0
		: bytes[0] < 0xe0   ? 2
		: bytes[0] < 0xf0   ? 3
		: bytes[0] < 0xf5   ? 4
				    : 0;

	if (n == 0 || n > size)
		return 0;
	for (i = 1; i < n; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] >= 0xa0) ||
		(bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] >= 0x90))
		return 0; /* longer than needed, half of a pair, too large */
	return n;
}

static void
add_escaped(struct text *out, unsigned char byte)
{
	char code[8];

	switch (byte) {
	case '"': text_add_string(out, "\\\""); break;
	case '\\': text_add_string(out, "\\\\"); break;
	case '\n': text_add_string(out, "\\n"); break;
	case '\t': text_add_string(out, "\\t"); break;
	case '\r': text_add_string(out, "\\r"); break;
	default: snprintf(code, sizeof code, "\\u%04x", byte); text_add_string(out, code);
	}
}

void
json_bytes(struct text *out, const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + size;
	size_t n;

	text_add_byte(out, '"');
	while (at < end) {
		n = character_size(at, (size_t)(end - at));
		if (n == 0)
			text_add_string(out, "\xEF\xBF\xBD");
		else if (*at < 0x20 || *at == '"' || *at == '\\' || *at == 0x7f)
			add_escaped(out, *at);
		else
			text_add(out, at, n);
		at += n != 0 ? n : 1;
	}
	text_add_byte(out, '"');
}

bool
json_is_text(const char *bytes, size_t size)
{
	const unsigned char *at = (const unsigned char *)bytes, *end = at + size;

	while (at < end) {
		size_t n = *at != '\0' ? character_size(at, (size_t)(end - at)) : 0;

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

void
json_string(struct text *out, const char *string)
{
	json_bytes(out, string, strlen(string));
}

void
json_name(struct text *out, const char *name)
{
	if (out->size != 0 && out->bytes[out->size - 1] != '{')
		text_add_byte(out, ',');
	json_string(out, name);
	text_add_byte(out, ':');
}

void
json_text(struct text *out, const char *name, const char *string)
{
	json_name(out, name);
	json_string(out, string);
}

void
json_number(struct text *out, const char *name, long long number)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%lld", number);
	json_name(out, name);
	text_add_string(out, digits);
}

void
json_decimal(struct text *out, const char *name, double number, int decimals)
{
	char digits[64];

	snprintf(digits, sizeof digits, "%.*f", decimals, number);
	json_name(out, name);
	text_add_string(out, digits);
}
