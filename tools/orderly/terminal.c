/* The size is asked for each time: it costs less than a handler of SIGWINCH, and cannot be missed. */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define COLUMNS_MAX 400
#define ROWS_DEFAULT 24

const char *
terminal_setting(const char *name)
{
	const char *value = getenv(name); /* NOLINT(concurrency-mt-unsafe): one thread */

	return value != NULL && *value != '\0' ? value : NULL;
}

unsigned
terminal_columns(int fd)
{
	const char *columns = terminal_setting("COLUMNS");
	struct winsize size;
	long number = 0;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		number = size.ws_col;
	else if (columns != NULL)
		number = strtol(columns, NULL, 10);
	if (number <= 0)
		number = COLUMNS_DEFAULT;
	return number > COLUMNS_MAX ? COLUMNS_MAX : (unsigned)number;
}

unsigned
terminal_rows(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0)
		return size.ws_row;
	return ROWS_DEFAULT;
}

bool
terminal_can_wipe(int fd)
{
	const char *kind = terminal_setting("TERM");

	return isatty(fd) == 1 && kind != NULL && strcmp(kind, "dumb") != 0;
}

uint64_t
terminal_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
