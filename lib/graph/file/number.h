/* Numbers of a file: what a key's kind says that its text must be. */
#ifndef GRAPH_NUMBER_H
#define GRAPH_NUMBER_H

#include <stdint.h>

#include "graph/file/keys.h"

/* The text as a number of the key's kind; -1 if it is none or out of its range. */
int number_read(const struct key *key, const char *text, int64_t *value);

/* "4s", "1h 30m", "300ms", "4 minutes" in milliseconds; -1 if it is none. */
int number_duration(const char *text, int64_t *ms);

/* The number of a signal: "TERM", "SIGTERM"; -1 if there is none. */
int number_signal(const char *name);

/* How such a value is written; "": that says itself. */
const char *number_hint(const struct key *key);

#endif
