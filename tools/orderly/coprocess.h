/* A program that answers each line with a line, as a worker sees it. */
#ifndef TOOL_COPROCESS_H
#define TOOL_COPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "text.h"

struct coprocess {
	char **argv;
	uint32_t silence_ms; /* it may be silent for so long while it owes answers; 0: for ever */
	pid_t pid;           /* 0: none runs */
	int in, out;         /* its standard input and output */
	bool hoards;         /* it answers only at the end of its input */
};

/* What came of feeding lines. */
struct trial {
	uint64_t answers; /* whole lines, and one more if bytes are behind the last */
	bool ended;       /* it runs no more */
	bool silent;      /* it was killed because it was silent for too long */
	int status;       /* as of waitpid, if it ended */
};

/* Start it; 0 or an errno. */
int coprocess_start(struct coprocess *coprocess);

/*
 * Feed bytes[size], which are lines lines, and append what is answered to
 * answers.  Unless all is as it should be the co-process has ended.
 *
 * to_end  then its input is closed, and it is read to its end
 */
struct trial coprocess_feed(struct coprocess *coprocess, const char *bytes, size_t size,
	uint64_t lines, bool to_end, struct text *answers);

/* Whether it has said something that nobody asked for. */
bool coprocess_talks(const struct coprocess *coprocess);

/* Close its input, read what is left into answers, and wait for its end. */
struct trial coprocess_close(struct coprocess *coprocess, struct text *answers);

void coprocess_kill(struct coprocess *coprocess);

#endif
