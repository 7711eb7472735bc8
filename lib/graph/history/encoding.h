/*
 * A record as bytes and back.  The bytes are of this kind of machine and of
 * this version: a database is a memory, not a format of exchange.
 */
#ifndef GRAPH_ENCODING_H
#define GRAPH_ENCODING_H

#include "base/buffer.h"
#include "graph/history/stale.h"

/* Append a record; -1 without memory.  What its attempt is stays outside. */
int record_encode(const struct record *record, struct buffer *to);

/*
 * Read a record whose texts stay in bytes[size]; its lists are one block that
 * record_finish frees.  Returns 0, -1 without memory, 1 if the bytes are none.
 */
int record_decode(struct record *record, const char *bytes, size_t size);

/* Only the expected duration of an encoded record; 0 if the bytes are none. */
uint64_t record_mean_ns(const char *bytes, size_t size);

void record_finish(struct record *record);

#endif
