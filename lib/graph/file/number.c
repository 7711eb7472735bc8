/*
 * Durations with their units, signals by name, decimals in hundredths.  A
 * number of which the unit must be guessed is an error.
 */
#include "graph/file/number.h"

#include <ctype.h>
#include <signal.h>
#include <string.h>

#include "graph/names/value.h"

#define MS_MOST (INT64_C(1) << 52) /* less than what a sum of two could overflow */

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = { { "ms", 1 }, { "millisecond", 1 }, { "milliseconds", 1 }, { "s", 1000 },
	{ "sec", 1000 }, { "second", 1000 }, { "seconds", 1000 }, { "m", 60000 }, { "min", 60000 },
	{ "minute", 60000 }, { "minutes", 60000 }, { "h", 3600000 }, { "hour", 3600000 },
	{ "hours", 3600000 }, { "d", 86400000 }, { "day", 86400000 }, { "days", 86400000 },
	{ "w", 604800000 }, { "week", 604800000 }, { "weeks", 604800000 } };

static const struct {
	const char *name;
	int number;
} signals[] = { { "TERM", SIGTERM }, { "INT", SIGINT }, { "HUP", SIGHUP }, { "QUIT", SIGQUIT },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 } };

/* Whole milliseconds of a number and its unit, which text is moved behind; -1. */
static int
part(const char **text, int64_t *ms)
{
	const char *at = *text;
	int64_t whole = 0, fraction = 0, scale = 1;
	size_t size;

	if (!isdigit((unsigned char)*at))
		return -1;
	for (; isdigit((unsigned char)*at); at++) {
		whole = whole * 10 + (*at - '0');
		if (whole > MS_MOST)
			return -1;
	}
	if (*at == '.') {
		if (!isdigit((unsigned char)*++at))
			return -1;
		for (; isdigit((unsigned char)*at); at++) {
			if (scale < 1000000) {
				fraction = fraction * 10 + (*at - '0');
				scale *= 10;
			}
		}
	}
	at += strspn(at, " ");
	for (size = 0; isalpha((unsigned char)at[size]);)
		size++;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strlen(units[i].name) != size || strncmp(at, units[i].name, size) != 0)
			continue;
		if (whole > MS_MOST / units[i].ms)
			return -1;
		*ms = whole * units[i].ms + fraction * units[i].ms / scale;
		*text = at + size;
		return 0;
	}
	return -1;
}

int
number_duration(const char *text, int64_t *ms)
{
	int64_t sum = 0, one;

	*ms = 0;
	if (strcmp(text, "0") == 0)
		return 0;
	do {
		text += strspn(text, " ");
		if (part(&text, &one) != 0)
			return -1;
		sum += one;
		if (sum > MS_MOST)
			return -1;
	} while (*text != '\0');
	*ms = sum;
	return 0;
}

int
number_signal(const char *name)
{
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return -1;
}

const char *
number_hint(const struct key *key)
{
	switch (key->kind) {
	case KEY_DURATION:
		return key->least > 0
			? "as in 300ms, 4s, 1h30m, 2 days; not 0, and no more than 49 days"
			: "as in 300ms, 4s, 1h30m, 2 days";
	case KEY_SIGNAL: return "TERM, INT, HUP, QUIT, KILL, USR1 or USR2";
	default: return "";
	}
}

static int
whole_number(const struct key *key, const char *text, int64_t *value)
{
	int truth, status;
	double number;

	switch (key->kind) {
	case KEY_BOOL:
		status = value_bool(text, &truth);
		*value = status == 0 && truth;
		return status;
	case KEY_DECIMAL:
		if (value_float(text, &number) != 0 || number < (double)key->least ||
			number > (double)key->most)
			return -1;
		*value = (int64_t)(number * 100 + 0.5);
		return 0;
	case KEY_INT:
		return value_int(text, value) == 0 && *value >= key->least && *value <= key->most
			? 0
			: -1;
	default:
		return number_duration(text, value) == 0 && *value >= key->least &&
				*value <= key->most
			? 0
			: -1;
	}
}

int
number_read(const struct key *key, const char *text, int64_t *value)
{
	int64_t behind;

	switch (key->kind) {
	case KEY_WORD:
		*value = keys_word(key->words, text, &behind);
		if (*value < 0)
			return -1;
		*value |= behind << 8;
		return 0;
	case KEY_SIGNAL: *value = number_signal(text); return *value < 0 ? -1 : 0;
	case KEY_INT:
		if (key->words != NULL && strcmp(text, key->words) == 0) {
			*value = 0;
			return 0;
		}
		return whole_number(key, text, value);
	default: return whole_number(key, text, value);
	}
}
