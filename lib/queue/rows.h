/*
 * Two rows: tasks that were put, and results that can be got.  They grow up to
 * a bound that others keep, and when there is no memory they are as they were.
 */
#ifndef QUEUE_ROWS_H
#define QUEUE_ROWS_H

#include <stdint.h>

#include <orderly/pool.h>
#include <orderly/result.h>

#include "base/blob.h"

/* A task that was put in: its options, with copies of what they point to. */
struct entry {
	struct ord_task_options task; /* its input and function_name are found below */
	struct blob input;
	char *name; /* NULL: none */
};

/* Copy a task; 0, or -1 without memory. */
int entry_init(struct entry *entry, const struct ord_task_options *task);
void entry_finish(struct entry *entry);

/* The options with pointers to the copies; valid while the entry stays where it is. */
struct ord_task_options entry_task(const struct entry *entry);

/* Tasks; taken from the front one by one, added at the back, and begun anew when all are taken. */
struct entries {
	struct entry *at; /* at[first … end - 1] */
	uint32_t first, end, capacity;
};

/* Append, and take the entry over; -1 without memory. */
int entries_add(struct entries *entries, const struct entry *entry);

/* The first; NULL: none. */
struct entry *entries_first(const struct entries *entries);

/* Free the first. */
void entries_drop(struct entries *entries);
void entries_finish(struct entries *entries);

/* Results: a ring. */
struct row {
	struct ord_result **at; /* capacity of them; a power of two */
	uint32_t first, count, capacity;
	uint64_t bytes; /* of their outputs */
};

/* Append, and take the result over; -1 without memory. */
int row_add(struct row *row, struct ord_result *result);

/* The first, which is the caller's then; NULL: none. */
struct ord_result *row_take(struct row *row);
void row_finish(struct row *row);

#endif
