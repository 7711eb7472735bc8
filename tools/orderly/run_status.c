/* The letters are ninja's where it has one for the same thing. */
#include "run_status.h"

#include <stdio.h>
#include <string.h>

#include "display.h"
#include "estimate.h"

static const char letters[] = "%ftsruFpoewEW";

const char *
run_status_check(const char *format)
{
	for (; *format != '\0'; format++) {
		if (*format != '%')
			continue;
		if (*++format == '\0' || strchr(letters, *format) == NULL)
			return "there is no such placeholder: %f finished, %t all, %s started, "
			       "%r running, %u not finished, %F failed, %p per cent, %o per "
			       "second, %e %w seconds, %E %W left, %% a per cent sign";
	}
	return NULL;
}

static void
add_rest(struct text *out, const struct run_numbers *numbers, bool plain)
{
	char time[32];

	if (numbers->rest_ns == ESTIMATE_UNKNOWN)
		snprintf(time, sizeof time, "?");
	else if (plain)
		snprintf(time, sizeof time, "%.1f", (double)numbers->rest_ns / 1e9);
	else
		display_time(time, sizeof time, numbers->rest_ns);
	text_add_string(out, time);
}

static void
add_decimal(struct text *out, double number)
{
	char text[48];

	snprintf(text, sizeof text, "%.1f", number);
	text_add_string(out, text);
}

static void
fill(struct text *out, char letter, const struct run_numbers *numbers)
{
	char time[32];
	uint64_t total = numbers->total;

	switch (letter) {
	case 'f': text_add_number(out, numbers->finished); break;
	case 't': text_add_number(out, total); break;
	case 's': text_add_number(out, numbers->started); break;
	case 'r': text_add_number(out, numbers->running); break;
	case 'u': text_add_number(out, total - numbers->finished); break;
	case 'F': text_add_number(out, numbers->failed); break;
	case 'p':
		text_add_number(out, total != 0 ? numbers->finished * 100 / total : 100);
		text_add_byte(out, '%');
		break;
	case 'o': add_decimal(out, numbers->rate); break;
	case 'e': add_decimal(out, (double)numbers->elapsed_ns / 1e9); break;
	case 'w':
		display_time(time, sizeof time, numbers->elapsed_ns);
		text_add_string(out, time);
		break;
	case 'E': add_rest(out, numbers, true); break;
	case 'W': add_rest(out, numbers, false); break;
	default: text_add_byte(out, letter);
	}
}

void
run_status_fill(struct text *out, const char *format, const struct run_numbers *numbers)
{
	for (; *format != '\0'; format++) {
		if (*format == '%')
			fill(out, *++format, numbers);
		else
			text_add_byte(out, *format);
	}
}
