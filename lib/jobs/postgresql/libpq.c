/* libpq is opened once, for as long as the process lives: libpq.h. */
#include "jobs/postgresql/libpq.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

struct libpq libpq;

/* What came of it. */
static char fault[300];
static pthread_once_t opened = PTHREAD_ONCE_INIT;

/* A function as an object, which POSIX allows and C does not. */
static int
find(void *library, const char *name, void *function)
{
	void *found = dlsym(library, name);

	memcpy(function, &found, sizeof found);
	return found != NULL ? 0 : -1;
}

static void
open_it(void)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	int missing = 0;

	if (library == NULL) {
		const char *why = dlerror();

		snprintf(fault, sizeof fault,
			"lists in PostgreSQL need libpq, which cannot be opened: %.150s (Debian's package is libpq5)",
			why != NULL ? why : LIBRARY);
		return;
	}
#define LIBPQ_FIND(name) missing |= find(library, #name, &name);
	LIBPQ_FUNCTIONS(LIBPQ_FIND)
	if (missing)
		snprintf(fault, sizeof fault,
			"lists in PostgreSQL need libpq of version 14 or later, and " LIBRARY
			" here is older");
}

int
libpq_open(struct error *error)
{
	if (pthread_once(&opened, open_it) != 0)
		return error_memory(error);
	return fault[0] == '\0' ? 0 : error_set(error, ORD_ENOTSUP, "%s", fault);
}
