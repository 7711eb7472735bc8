/* Sentences on objects: formatted once, cut rather than lost. */
#define _GNU_SOURCE /* strerrordesc_np: no locale, no static buffer */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int
error_set(struct error *error, int status, const char *format, ...)
{
	va_list arguments;

	error->status = status;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	return status;
}

int
error_system(struct error *error, int errno_value, const char *format, ...)
{
	const char *reason = strerrordesc_np(errno_value);
	va_list arguments;
	size_t used;

	error->status = ORD_ESYSTEM;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	if (reason != NULL)
		snprintf(error->text + used, sizeof error->text - used, ": %s", reason);
	else
		snprintf(error->text + used, sizeof error->text - used, ": error %d", errno_value);
	return ORD_ESYSTEM;
}

int
error_memory(struct error *error)
{
	return error_set(error, ORD_ENOMEM, "out of memory: free some and call again");
}

void
error_clear(struct error *error)
{
	error->status = 0;
	error->text[0] = '\0';
}
