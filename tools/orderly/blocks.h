/* Input in blocks of whole records; each block is a file in memory, which a command reads as its stdin. */
#ifndef TOOL_BLOCKS_H
#define TOOL_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "source.h"

struct block {
	struct block *next, *previous; /* among those that are given out */
	uint64_t size;                 /* bytes */
	int fd;
};

struct blocks {
	const char *name;     /* for messages */
	struct delimiter end; /* what ends a record; no bytes: blocks are cut anywhere */
	uint64_t size;        /* a block has at most so many bytes, unless one record has more */
	int fd;
	bool waits;         /* reading may block: poll first */
	bool ended;         /* nothing is left to read */
	struct block *next; /* the one that is being filled, or NULL */
	uint64_t target;    /* look for a cut when it has so many bytes */
	uint64_t searched;  /* no record ends in the bytes before this */
	struct block *given;
	char *buffer;
};

/*
 * Open a file; "-" is standard input.  path and the bytes of end must live on.
 * Returns true, or false after a complaint.
 */
bool blocks_open(struct blocks *blocks, const char *path, uint64_t size, struct delimiter end);

/*
 * The next block; give it back with blocks_drop.  Reads what is there, but not
 * for long: SOURCE_WAIT also means that there is more to read at once.
 */
enum source_state blocks_next(struct blocks *blocks, struct block **block);

void blocks_drop(struct blocks *blocks, struct block *block);

/* Drops the blocks that are given out, too. */
void blocks_close(struct blocks *blocks);

#endif
