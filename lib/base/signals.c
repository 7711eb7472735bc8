/* The names that the C library has for signals; real-time signals have none. */
#define _GNU_SOURCE /* sigabbrev_np */
#include "base/signals.h"

#include <stdio.h>
#include <string.h>

const char *
signal_text(int number, char text[SIGNAL_TEXT_MAX])
{
	const char *name = sigabbrev_np(number);

	if (name != NULL)
		snprintf(text, SIGNAL_TEXT_MAX, "SIG%s", name);
	else
		snprintf(text, SIGNAL_TEXT_MAX, "signal %d", number);
	return text;
}
