/* Each parser reads its whole text or refuses it: a typing error must not become a number. */
#include "values.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 1000000000000u

/* Digits only, at least one, up to NUMBER_MAX. */
static bool
take_digits(const char **at, uint64_t *number)
{
	const char *p = *at;

	for (*number = 0; *p >= '0' && *p <= '9' && *number < NUMBER_MAX; p++)
		*number = *number * 10 + (uint64_t)(*p - '0');
	if (p == *at || (*p >= '0' && *p <= '9'))
		return false;
	*at = p;
	return true;
}

const char *
values_jobs(const char *text, uint32_t processors, uint32_t most, uint32_t *jobs)
{
	static const char wrong[] =
		"give a number of tasks at once: 4, or 50% or +1 or -1 of the processors, or 0 "
		"for as many as possible";
	char sign = *text == '+' || *text == '-' ? *text++ : 0;
	uint64_t number;

	if (!take_digits(&text, &number))
		return wrong;
	if (sign == 0 && strcmp(text, "%") == 0)
		number = processors * number / 100;
	else if (*text != '\0')
		return wrong;
	else if (sign == '+')
		number += processors;
	else if (sign == '-')
		number = number < processors ? processors - number : 1;
	else if (number == 0)
		number = most;
	if (number > JOBS_MAX)
		return "at most 4096 tasks can run at once; 0 is as many as possible";
	*jobs = number == 0 ? 1 : (uint32_t)number;
	return NULL;
}

/* Milliseconds in the unit that a suffix names; 0 for none. */
static double
unit_of(const char *suffix)
{
	static const struct {
		const char *suffix;
		double milliseconds;
	} units[] = { { "", 1e3 }, { "s", 1e3 }, { "ms", 1 }, { "m", 60e3 }, { "h", 3600e3 },
		{ "d", 86400e3 } };
	size_t i;

	for (i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(suffix, units[i].suffix) == 0)
			return units[i].milliseconds;
	return 0;
}

const char *
values_time(const char *text, uint32_t *milliseconds)
{
	static const char wrong[] = "give seconds, or a number with s, m, h or d: 10, 0.5, 5m, 1h";
	char *end;
	double number;

	number = strtod(text, &end);
	/* strtod knows more ways to write a number than people expect here. */
	if (end == text || (size_t)(end - text) != strspn(text, "0123456789.") || unit_of(end) == 0)
		return wrong;
	number *= unit_of(end);
	if (number < 1)
		return "the shortest time is 1 ms; leave the option out for no limit";
	if (number > 4e9)
		return "the longest time is 46 days; leave the option out for no limit";
	*milliseconds = (uint32_t)number;
	return NULL;
}

/* A digit of bases up to 16; 99 if it is none. */
static int
digit_of(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : 99;
}

/* A character behind a backslash; -1 if there is none such. */
static int
take_escape(const char **at)
{
	static const char names[] = "abfnrtv\\'\"", bytes[] = "\a\b\f\n\r\t\v\\'\"";
	const char *found, *p = *at;
	int base = *p == 'x' ? 16 : 8, most = *p == 'x' ? 2 : 3, number = 0, digits = 0, digit;

	if (*p == '\0')
		return -1;
	found = strchr(names, *p);
	if (found != NULL) {
		*at = p + 1;
		return bytes[found - names];
	}
	if (base == 16)
		p++;
	for (; digits < most; digits++, p++) {
		digit = digit_of(*p);
		if (digit >= base)
			break;
		number = number * base + digit;
	}
	*at = p;
	return digits == 0 || number > 255 ? -1 : number;
}

const char *
values_delimiter(const char *text, char *delimiter, size_t *size)
{
	int byte;

	*size = 0;
	if (*text == '\0')
		return "give at least one character, such as ',' or '\\t'";
	while (*text != '\0') {
		byte = (unsigned char)*text++;
		if (byte == '\\')
			byte = take_escape(&text);
		if (byte < 0)
			return "there is no such escape: use those of C, such as '\\n', '\\t', '\\0' or '\\x2c'";
		delimiter[(*size)++] = (char)byte;
	}
	return NULL;
}

const char *
values_halt(const char *text, struct halt_rule *rule)
{
	static const char wrong[] =
		"give never, or now or soon with fail=N, success=N or done=N: now,fail=1";
	static const char *const names[] = { "fail=", "success=", "done=" };
	size_t i;

	*rule = (struct halt_rule){ .when = HALT_NEVER };
	if (strcmp(text, "never") == 0)
		return NULL;
	if (strncmp(text, "now,", 4) == 0)
		rule->when = HALT_NOW;
	else if (strncmp(text, "soon,", 5) == 0)
		rule->when = HALT_SOON;
	else
		return wrong;
	text = strchr(text, ',') + 1;
	for (i = 0; i < 3 && strncmp(text, names[i], strlen(names[i])) != 0; i++)
		;
	if (i == 3)
		return wrong;
	text += strlen(names[i]);
	rule->what = (enum halt_what)i;
	if (!take_digits(&text, &rule->count) || rule->count == 0)
		return wrong;
	if (*text == '%')
		return "a percentage needs the number of all tasks, which may not be known: give a number";
	return *text == '\0' ? NULL : wrong;
}

const char *
values_size(const char *text, uint64_t *bytes)
{
	static const char wrong[] =
		"give a number of bytes, or one with k, M or G behind it: 65536, 100k, 1M";
	static const char suffixes[] = "kmgtKMGT";
	const char *suffix;
	char *end;
	double number = strtod(text, &end);

	if (end == text || (size_t)(end - text) != strspn(text, "0123456789."))
		return wrong;
	suffix = *end != '\0' ? strchr(suffixes, *end) : NULL;
	if (*end != '\0' && (suffix == NULL || end[1] != '\0'))
		return wrong;
	if (suffix != NULL)
		for (ptrdiff_t i = 0; i <= (suffix - suffixes) % 4; i++)
			number *= suffix - suffixes < 4 ? 1000 : 1024;
	if (number < 1)
		return "a block has at least one byte";
	if (number > 1e15)
		return "that is more than fits into memory; give less, such as 1G";
	*bytes = (uint64_t)number;
	return NULL;
}

const char *
values_mebibytes(const char *text, uint32_t *mebibytes)
{
	uint64_t bytes;
	const char *wrong = values_size(text, &bytes);

	if (wrong != NULL)
		return "give a number of bytes, or one with M or G behind it: 500M, 2G";
	*mebibytes = (uint32_t)((bytes + (1 << 20) - 1) >> 20);
	return NULL;
}

const char *
values_limit(const char *text, uint32_t *mebibytes)
{
	uint64_t bytes;

	if (values_size(text, &bytes) == NULL && bytes < 1 << 20)
		return "it is less than 1 MiB, the least limit there is: put M or G behind the number";
	return values_mebibytes(text, mebibytes);
}

const char *
values_files(const char *text, uint32_t *files)
{
	uint64_t number;

	if (!take_digits(&text, &number) || *text != '\0' || number < 32 || number > 1000000000)
		return "give a number of open files, 32 or more";
	*files = (uint32_t)number;
	return NULL;
}

const char *
values_load(const char *text, uint32_t processors, uint32_t *hundredths)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || (size_t)(end - text) != strspn(text, "0123456789.") ||
		(*end != '\0' && strcmp(end, "%") != 0) || number > 1e6)
		return "give a load average, such as 4 or 1.5, or 100% for one per processor";
	if (*end == '%')
		number *= processors / 100.0;
	*hundredths = number * 100 < 1 ? 1 : (uint32_t)(number * 100 + 0.5);
	return NULL;
}

const char *
values_progress(const char *text, enum progress_style *style)
{
	static const char *const names[] = { "auto", "bar", "plain", "json", "none" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(text, names[i]) == 0) {
			*style = (enum progress_style)i;
			return NULL;
		}
	return "give auto, bar, plain, json or none";
}
