/* Sentences on objects: formatted once, cut rather than lost. */
#define _GNU_SOURCE /* strerrordesc_np: no locale, no static buffer */
#include "base/error.h"

#include <errno.h>
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

/* What can be done about it; NULL: the sentence says so itself. */
static const char *
remedy_of(int errno_value)
{
	switch (errno_value) {
	case EMFILE: return "raise the limit of open files, ulimit -n";
	case ENFILE: return "raise the system's limit of open files, fs.file-max";
	case EAGAIN:
		return "raise the limit of processes, ulimit -u or pids.max of the control group";
	case ENOMEM: return "free memory or raise its limit, ulimit -v";
	case ENOSPC: return "make room there";
	case EDQUOT: return "make room there or raise the quota";
	case EFBIG: return "raise the limit of file sizes, ulimit -f";
	default: return NULL;
	}
}

int
error_system(struct error *error, int errno_value, const char *format, ...)
{
	const char *reason = strerrordesc_np(errno_value), *remedy = remedy_of(errno_value);
	va_list arguments;
	size_t used;

	error->status = ORD_ESYSTEM;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof error->text, format, arguments);
	va_end(arguments);
	used = strlen(error->text);
	if (reason != NULL)
		snprintf(error->text + used, sizeof error->text - used,
			remedy != NULL ? ": %s (%s)" : ": %s", reason, remedy);
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
