/*
 * Typed values.  They stay text, as they were written in a name, so that a
 * name says everything; a type is a check when a proc is made, and a
 * conversion when its function asks.
 */
#define _GNU_SOURCE /* newlocale, strtod_l: 1.5 is a number in every locale of the host */
#include "graph/names/value.h"

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = { "text", "int", "float", "bool" };

int
value_kind_of(const char *name, size_t size)
{
	for (int kind = 0; kind < (int)(sizeof names / sizeof *names); kind++)
		if (strlen(names[kind]) == size && memcmp(names[kind], name, size) == 0)
			return kind;
	return -1;
}

const char *
value_kind_name(int kind)
{
	static const char *const with_article[] = { "text", "an int", "a float", "a bool" };

	return with_article[kind];
}

int
value_int(const char *text, int64_t *value)
{
	const char *digits = text + (*text == '-' || *text == '+');
	int hexadecimal = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	char *end;
	long long number;

	if (!isdigit((unsigned char)*digits))
		return -1;
	errno = 0;
	number = strtoll(text, &end, hexadecimal ? 16 : 10);
	if (errno != 0 || *end != '\0' || (hexadecimal && end == digits + 1))
		return -1;
	*value = number;
	return 0;
}

int
value_float(const char *text, double *value)
{
	locale_t locale;
	char *end;
	double number;

	if (*text == '\0' || isspace((unsigned char)*text))
		return -1;
	locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (locale == (locale_t)0)
		return -1;
	number = strtod_l(text, &end, locale);
	freelocale(locale);
	if (*end != '\0' || end == text || !isfinite(number))
		return -1;
	*value = number;
	return 0;
}

int
value_bool(const char *text, int *value)
{
	static const char *const words[] = { "false", "true", "no", "yes", "off", "on", "0", "1" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(text, words[i]) == 0) {
			*value = (int)(i % 2);
			return 0;
		}
	}
	return -1;
}

int
value_is(int kind, const char *text)
{
	int64_t integer;
	double number;
	int truth;

	switch (kind) {
	case VALUE_INT: return value_int(text, &integer) == 0;
	case VALUE_FLOAT: return value_float(text, &number) == 0;
	case VALUE_BOOL: return value_bool(text, &truth) == 0;
	default: return 1;
	}
}
