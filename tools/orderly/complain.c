/*
 * Messages to people: one line each, on stderr, with the name of the command
 * in front.  Each line is one write, so that lines of several programs on one
 * terminal do not mix.
 */
#include "complain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orderly/export.h>

#define LINE_MAX_BYTES 4096

static const char *title = "orderly map";
static int trouble = STATUS_TROUBLE;

void
complain_as(const char *name, int status)
{
	title = name;
	trouble = status;
}

const char *
complain_title(void)
{
	return title;
}

ORD_PRINTF(1, 0)
static void
say(const char *format, va_list arguments, const char *reason)
{
	char line[LINE_MAX_BYTES];
	size_t used = (size_t)snprintf(line, sizeof line, "%s: ", title);
	int n = vsnprintf(line + used, sizeof line - used, format, arguments);

	if (n > 0)
		used += (size_t)n;
	if (reason != NULL && used < sizeof line)
		used += (size_t)snprintf(line + used, sizeof line - used, ": %s", reason);
	if (used > sizeof line - 1)
		used = sizeof line - 1;
	line[used++] = '\n';
	if (write(STDERR_FILENO, line, used) < 0)
		return; /* nobody is left to be told */
}

void
complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(format, arguments, NULL);
	va_end(arguments);
}

void
complain_errno(int error, const char *format, ...)
{
	char reason[256];
	va_list arguments;

	if (strerror_r(error, reason, sizeof reason) != 0)
		snprintf(reason, sizeof reason, "error %d", error);
	va_start(arguments, format);
	say(format, arguments, reason);
	va_end(arguments);
}

void
complain_lines(const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		ssize_t written = write(STDERR_FILENO, text, left);

		if (written < 0)
			return;
		text += written;
		left -= (size_t)written;
	}
}

void
complain_memory(void)
{
	complain("out of memory");
	_exit(trouble);
}
