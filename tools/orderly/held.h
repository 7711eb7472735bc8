/* The output of a task that may not be printed yet: in memory, then in a file. */
#ifndef TOOL_HELD_H
#define TOOL_HELD_H

#include <stdbool.h>

#include "printer.h"
#include "text.h"

/* So much of each task is kept in memory. */
#define HELD_BYTES 65536

struct held {
	struct text pieces; /* for each piece a struct held_piece and its bytes */
	int fd;             /* an unlinked file with the pieces before; 0: none */
};

/* Add a piece of what a task wrote to fd 1 or 2; false, with errno, if the file cannot take it. */
bool held_add(struct held *held, int fd, const char *bytes, size_t size);

/* Print all of it and be empty; false, with errno, if the file cannot be read. */
bool held_print(struct held *held, struct printer *printer, const struct text *tag);

/* Drop it, keeping the memory. */
void held_drop(struct held *held);

void held_finish(struct held *held);

#endif
