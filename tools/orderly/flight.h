/* What is remembered of tasks between submission and the end of their output. */
#ifndef TOOL_FLIGHT_H
#define TOOL_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "held.h"
#include "text.h"

#define FLIGHT_BUCKETS 1024

struct flight {
	struct flight *next; /* in its bucket, or among the unused */
	uint64_t sequence;
	struct text tag;  /* its inputs with blanks between */
	struct text line; /* its command, for people */
	struct held held; /* output that may not be printed yet */
	uint64_t written; /* bytes on its stdout */
	bool done;        /* its result is there */
};

struct flights {
	struct flight *buckets[FLIGHT_BUCKETS];
	struct flight *unused;
};

/* A new entry, empty. */
struct flight *flights_add(struct flights *flights, uint64_t sequence);

/* The entry of a task, or NULL. */
struct flight *flights_find(const struct flights *flights, uint64_t sequence);

/* Forget a task. */
void flights_remove(struct flights *flights, struct flight *flight);

void flights_finish(struct flights *flights);

#endif
