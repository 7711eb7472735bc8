/* A table of what ran, in the columns of GNU parallel. */
#ifndef TOOL_JOBLOG_H
#define TOOL_JOBLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct joblog_row {
	uint64_t number;     /* 1, 2, 3 … */
	uint64_t started_ns; /* since 1970 */
	uint64_t ran_ns;
	uint64_t sent;         /* bytes of its standard input */
	uint64_t received;     /* bytes of its standard output */
	int exit_code, signal; /* -1 with a signal: the time was up, or it was killed from here */
	const struct text *command;
};

struct joblog {
	int fd; /* 0: there is none */
	const char *path;
	struct text rows; /* not written yet */
	bool failed;      /* it has been complained about */
};

/*
 * Open the table and write its head.
 *
 * path  +FILE adds to what is there; must live on
 *
 * Returns true, or false after a complaint.
 */
bool joblog_open(struct joblog *joblog, const char *path);

void joblog_add(struct joblog *joblog, const struct joblog_row *row);

/* Write the rows; the first failure is complained about. */
void joblog_flush(struct joblog *joblog);

/* Returns false if a row could not be written. */
bool joblog_close(struct joblog *joblog);

/* Append a row as a line. */
void joblog_format(struct text *out, const struct joblog_row *row);

#endif
