/*
 * The last words of a place: the end of what its task has said, kept while the
 * task runs and looked at only if it does not end well.  Messages that are
 * taken are copied here and nothing else is done, so tasks that say nothing
 * pay nothing and those that talk a copy of a line.
 */
#ifndef CAPTURE_TAIL_H
#define CAPTURE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAIL_MAX 4096u

/* A zeroed struct is empty. */
struct tail {
	uint64_t sequence; /* whose words these are, if size is not 0 */
	char *bytes; /* room for twice as many as are kept; NULL: nobody has said anything here */
	size_t size;
};

/* A task has said this.  Words of another task are forgotten, and what there is no memory for. */
void tail_add(struct tail *tail, uint64_t sequence, const char *text, size_t size, bool line_ends);

/*
 * The end of what this task has said, at most TAIL_MAX bytes: whole lines if
 * one fits, without the last newline, a NUL behind them.  The tail is empty
 * then.  NULL: it has said nothing, or there is no memory; else free it with
 * memory_free.
 */
char *tail_take(struct tail *tail, uint64_t sequence, size_t *size);

void tail_finish(struct tail *tail);

#endif
