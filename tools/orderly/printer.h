/* What tasks say, on its way to stdout and stderr. */
#ifndef TOOL_PRINTER_H
#define TOOL_PRINTER_H

#include <stdbool.h>
#include <stddef.h>

#include "text.h"

#define PRINTER_BYTES 65536

struct printer {
	bool tag;            /* put the task's inputs and a tab before each line */
	bool whole_lines;    /* hold back what has no newline yet */
	bool broken_pipe;    /* nobody reads stdout any more */
	bool given_up;       /* interrupted while stdout took nothing: the rest is dropped */
	int error;           /* errno of the first write that failed otherwise, or 0 */
	bool words_lost;     /* what was to go to stderr could not be written */
	bool terminal[3];    /* whether fd 1 and 2 are one */
	bool in_line[3];     /* fd 1 and 2: the task's last byte was no newline */
	struct text rest[3]; /* fd 1 and 2: what whole_lines holds back */
	bool cursor_in_line; /* the last byte that went to a terminal was no newline */
	bool status_shown;   /* a status stands on the terminal */
	struct text status;  /* what was shown last */
	int fd;              /* where buffer goes */
	size_t used;         /* of buffer */
	char *buffer;        /* buffer[PRINTER_BYTES] */
};

void printer_init(struct printer *printer, bool tag, bool whole_lines);

/* A piece of what a task wrote to fd 1 or 2.  tag is its inputs. */
void printer_piece(
	struct printer *printer, int fd, const struct text *tag, const char *bytes, size_t size);

/* The task is over: its last lines need no newline. */
void printer_end(struct printer *printer, const struct text *tag);

/* Write what is held in the buffer. */
void printer_flush(struct printer *printer);

/*
 * Show lines on the terminal that stderr is, instead of the last ones; no
 * newline behind the last of them; NULL takes them away.
 */
void printer_status(struct printer *printer, const char *lines);

/* Bytes for fd 1 or 2 as they are, behind all that was printed before. */
void printer_put(struct printer *printer, int fd, const char *bytes, size_t size);

/* A line for people on stderr, behind the output so far. */
void printer_note(struct printer *printer, const char *line);

void printer_finish(struct printer *printer);

#endif
